// Decimal numbers as text, whatever the locale. One rule for all payload formats of what is a number, what is
// too large for a double and what is merely too small for one (that is zero). Any thread.
#pragma once

#include <string_view>

namespace sluice {

enum class DecimalKind { kFinite, kNan, kOutOfRange, kNotDecimal };

// The whole of `text`: an optional sign, digits with or without a point, an optional exponent; or nan, inf,
// infinity in any case. `value` is set for kFinite.
DecimalKind parse_decimal(std::string_view text, double& value);

}  // namespace sluice
