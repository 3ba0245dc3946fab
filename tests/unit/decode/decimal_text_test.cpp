#include "decode/decimal_text.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "decode/big_numbers.h"

namespace sluice {
namespace {

double finite(std::string_view text) {
  double value = -77;
  EXPECT_EQ(DecimalKind::kFinite, parse_decimal(text, value)) << text;
  return value;
}

DecimalKind kind(std::string_view text) {
  double value = -77;
  DecimalKind result = parse_decimal(text, value);
  EXPECT_TRUE(result == DecimalKind::kFinite || value == -77) << text;
  return result;
}

TEST(DecimalText, ReadsFiniteNumbers) {
  EXPECT_EQ(21.5, finite("21.5"));
  EXPECT_EQ(21.5, finite("+21.5"));
  EXPECT_EQ(-0.5, finite("-.5"));
  EXPECT_EQ(5000, finite("5.e3"));
  EXPECT_EQ(1e22, finite("10000000000000000000000"));
  EXPECT_EQ(std::numeric_limits<double>::max(), finite("1.7976931348623157e308"));
}

TEST(DecimalText, TellsTooLargeFromTooSmall) {
  const std::string zeros(400, '0');
  for (const std::string& large :
       {std::string("1e999"), std::string("-1e999"), "1" + zeros, "1" + zeros + ".5",
        std::string("0.0001e999"), "1" + zeros + "e-1", std::string("1e99999999999999999999"),
        std::string("inf"), std::string("-Infinity"), "0." + zeros + "1e1999"}) {
    EXPECT_EQ(DecimalKind::kOutOfRange, kind(large)) << large;
  }
  for (const std::string& small :
       {std::string("1e-999"), std::string("-1e-999"), "0." + zeros + "1", std::string("1000e-999"),
        "1" + zeros + "e-999", std::string("1e-99999999999999999999")}) {
    EXPECT_EQ(0, finite(small)) << small;
  }
  EXPECT_EQ(1, finite("1" + zeros + "e-400"));
}

TEST(DecimalText, RefusesWhatIsNotANumber) {
  for (const char* wrong : {"", "+", "-", "--1", "+-1", "-+1", "1e", "1e+", ".", "1,5", "1 ", " 1", "0x10",
                            "1.2.3", "e5", "1f"}) {
    EXPECT_EQ(DecimalKind::kNotDecimal, kind(wrong)) << wrong;
  }
  EXPECT_EQ(DecimalKind::kNan, kind("NaN"));
  EXPECT_EQ(DecimalKind::kNan, kind("-nan"));
}

TEST(BigNumbers, AreRespeltOutsideOfStringsOnly) {
  struct Example {
    const char* json;
    const char* respelt;  // nullptr: nothing to change
  };
  for (const Example& example :
       {Example{R"({"a":123456789012345678901})", R"({"a":123456789012345678901e0})"},
        Example{R"([1e999,-1e999,1])", R"([1.7976931348623157e308,-1.7976931348623157e308,1])"},
        Example{R"({"1e999\"":"1e999\\",  "b":-1e400 })",
                R"({"1e999\"":"1e999\\",  "b":-1.7976931348623157e308 })"},
        Example{R"([01e999])", nullptr}, Example{R"([1.e999])", nullptr}, Example{R"([1e999.5])", nullptr},
        Example{R"([--1e999])", nullptr}, Example{R"([1e-999,0.5,123])", nullptr},
        Example{R"("1e999)", nullptr}, Example{R"("\)", nullptr}, Example{"", nullptr},
        Example{"-", nullptr}}) {
    std::string out;
    EXPECT_EQ(example.respelt != nullptr, respell_big_numbers(example.json, out)) << example.json;
    EXPECT_EQ(example.respelt != nullptr ? example.respelt : example.json, out);
  }
}

}  // namespace
}  // namespace sluice
