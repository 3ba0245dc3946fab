// Any bytes as the expression of a derived sensor. What is taken has a value of its own in parentheses, too,
// and no other input than those that it says it uses moves it.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/check.h"
#include "decode/expression.h"

namespace {

const std::vector<std::string> kInputs = {"a", "b", "rh_2"};
const std::vector<double> kValues = {3, -4.5, 50};

bool same(double one, double other) {
  return (std::isnan(one) && std::isnan(other)) || one == other;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sluice::Expression;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto parsed = Expression::parse(text, kInputs);
  if (!parsed.ok()) {
    const std::string& problem = parsed.error().context;
    SLUICE_CHECK(problem.starts_with("character ") || problem.starts_with("is too long"), problem.c_str());
    SLUICE_CHECK(problem.find("; expected") != std::string::npos, problem.c_str());
    return 0;
  }
  SLUICE_CHECK(size <= Expression::kTextMax, "a long text is refused");
  const double value = parsed->evaluate(kValues);
  for (std::size_t i = 0; i < kInputs.size(); ++i) {
    if (parsed->uses(i)) continue;
    std::vector<double> others = kValues;
    others[i] = 1e300;
    SLUICE_CHECK(same(parsed->evaluate(others), value), text.c_str());
  }
  const auto inner = Expression::parse("(" + text + ")", kInputs);
  if (inner.ok()) SLUICE_CHECK(same(inner->evaluate(kValues), value), text.c_str());
  const auto negative = Expression::parse("-(" + text + ")", kInputs);
  if (negative.ok()) SLUICE_CHECK(same(negative->evaluate(kValues), -value), text.c_str());
  const bool too_much = inner.ok() || size + 2 > Expression::kTextMax ||
                        inner.error().context.find("nested too deeply") != std::string::npos;
  SLUICE_CHECK(too_much, inner.error().context.c_str());
  return 0;
}
