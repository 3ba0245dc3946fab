#include "decode/decimal_text.h"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace sluice {

namespace {

// Power of ten of the first digit that is not zero. For numbers that from_chars cannot represent: it does not
// say in which direction.
bool is_below_one(std::string_view text) {
  std::size_t e = text.find_first_of("eE");
  std::string_view mantissa = text.substr(0, e);
  std::size_t first = mantissa.find_first_of("123456789");
  if (first == std::string_view::npos) return true;
  std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  std::int64_t magnitude = first < point ? static_cast<std::int64_t>(point - first - 1)
                                         : -static_cast<std::int64_t>(first - point);
  if (e == std::string_view::npos) return magnitude < 0;
  std::string_view digits = text.substr(e + 1);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  std::int64_t exponent = 0;
  auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (parsed.ec == std::errc::result_out_of_range) return digits.starts_with('-');
  // No payload is long enough to make up for an exponent of this size.
  constexpr std::int64_t kExponentMax = std::int64_t{1} << 40;
  if (exponent > kExponentMax || exponent < -kExponentMax) return exponent < 0;
  return magnitude + exponent < 0;
}

}  // namespace

DecimalKind parse_decimal(std::string_view text, double& value) {
  std::string_view digits = text;
  if (digits.starts_with('+')) {
    digits.remove_prefix(1);
    if (digits.starts_with('-')) return DecimalKind::kNotDecimal;
  }
  double number = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error == std::errc::invalid_argument || end != digits.data() + digits.size()) {
    return DecimalKind::kNotDecimal;
  }
  if (error == std::errc::result_out_of_range) {
    if (!is_below_one(digits)) return DecimalKind::kOutOfRange;
    number = 0;
  }
  if (std::isnan(number)) return DecimalKind::kNan;
  if (std::isinf(number)) return DecimalKind::kOutOfRange;
  value = number;
  return DecimalKind::kFinite;
}

}  // namespace sluice
