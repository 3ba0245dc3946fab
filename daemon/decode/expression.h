// Expression: arithmetic over named inputs, for derived sensors.
//
//   sum     = product { ("+" | "-") product }
//   product = sign { ("*" | "/") sign }
//   sign    = { "-" } atom
//   atom    = number | input | function "(" sum { "," sum } ")" | "(" sum ")"
//
// Functions: min, max (of two or more), abs, dew_point(°C, %) in °C, abs_humidity(°C, %) in g/m³; the last
// two with saturation over water after Magnus, in the form of WMO-No. 8 (6.112 hPa, 17.62, 243.12 °C).
// Immutable; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice {

class Expression {
 public:
  static constexpr std::size_t kTextMax = 1000;
  static constexpr std::size_t kStackMax = 32;  // values at hand while it is evaluated

  // `inputs`: their names, in the order of evaluate(). kInvalid: "what is wrong; what is right".
  static Result<Expression> parse(std::string_view text, const std::vector<std::string>& inputs);

  double evaluate(const std::vector<double>& inputs) const;  // not finite where it has no value
  bool uses(std::size_t input) const;

 private:
  friend class ExpressionParser;
  struct Step {
    enum class Kind : std::uint8_t { kNumber, kInput, kAdd, kSubtract, kMultiply, kDivide, kNegate, kCall };
    Kind kind = Kind::kNumber;
    std::uint8_t function = 0;  // kCall
    std::uint16_t count = 0;    // kCall: how many arguments; kInput: which
    double number = 0;
  };
  std::vector<Step> steps_;  // in reverse Polish notation
};

bool is_function_name(std::string_view name);

}  // namespace sluice
