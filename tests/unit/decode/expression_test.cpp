#include "decode/expression.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

namespace sluice {
namespace {

class ExpressionOf : public ::testing::Test {
 protected:
  static double value(const std::string& text) {
    auto parsed = Expression::parse(text, {"a", "b", "rh_2"});
    EXPECT_TRUE(parsed.ok()) << text << ": " << parsed.error().context;
    return parsed.ok() ? parsed->evaluate({3, 4, 50}) : std::nan("");
  }
  static std::string problem(const std::string& text) {
    auto parsed = Expression::parse(text, {"a", "b", "rh_2"});
    return parsed.ok() ? "" : parsed.error().context;
  }
};

TEST_F(ExpressionOf, BindsAsInSchool) {
  EXPECT_EQ(11, value("a + 2 * b"));
  EXPECT_EQ(20, value("(a + 2) * b"));
  EXPECT_EQ(-5, value("a - b - b"));
  EXPECT_EQ(0.375, value("a / b / 2"));
  EXPECT_EQ(-7, value("-a - b"));
  EXPECT_EQ(-12, value("a * -b"));
  EXPECT_EQ(3, value("--a"));
  EXPECT_EQ(0.0175, value("1.75e-2"));
  EXPECT_EQ(0.5, value(".5"));
  EXPECT_EQ(53, value("a+rh_2"));
}

TEST_F(ExpressionOf, KnowsItsFunctions) {
  EXPECT_EQ(3, value("min(a, b, rh_2)"));
  EXPECT_EQ(50, value("max(a, max(b, rh_2))"));
  EXPECT_EQ(1, value("abs(a - b)"));
  EXPECT_NEAR(9.26, value("dew_point(20, 50)"), 0.01);
  EXPECT_NEAR(20, value("dew_point(20, 100)"), 1e-9);
  EXPECT_NEAR(-5.2, value("dew_point(0, 68)"), 0.1);
  EXPECT_NEAR(17.24, value("abs_humidity(20, 100)"), 0.01);
  EXPECT_NEAR(2.42, value("abs_humidity(0, 50)"), 0.02);
}

TEST_F(ExpressionOf, HasNoFiniteValueWhereThereIsNone) {
  for (const char* text :
       {"a / 0", "-a / 0", "0 / 0", "1e308 * 10", "dew_point(20, 0)", "dew_point(20, -5)",
        "dew_point(-243.12, 50)", "abs_humidity(-273.15, 50)", "min(1, 0 / 0)", "max(0 / 0, 1)"}) {
    EXPECT_FALSE(std::isfinite(value(text))) << text;
  }
}

TEST_F(ExpressionOf, SaysWhereItIsWrongAndWhatIsRight) {
  const std::pair<const char*, const char*> kWrong[] = {
      {"", "character 1: ends too early; expected a number, an input or a function"},
      {"a +", "character 4: ends too early; expected a number, an input or a function"},
      {"a b", "character 3: does not go on here; expected + - * / or the end"},
      {"a + c", "character 5: there is no input \"c\"; expected a name under inputs: a, b, rh_2"},
      {"sin(a)",
       "character 1: there is no function \"sin\"; expected min, max, abs, dew_point or abs_humidity"},
      {"a + dew_point(a)", "character 5: dew_point has 1 arguments; expected 2"},
      {"min(a)", "character 1: min has 1 arguments; expected 2 or more"},
      {"(a + b", "character 7: lacks a ); expected it here"},
      {"a * % b", "character 5: is not a value; expected a number, an input or a function"},
      {"1..2", "character 3: does not go on here; expected + - * / or the end"},
      {"1e999", "character 1: is not a number; expected one such as 17.5 or 1e-3"},
      {"a ^ 2", "character 3: does not go on here; expected + - * / or the end"},
  };
  for (const auto& [text, expected] : kWrong) EXPECT_EQ(expected, problem(text)) << text;
  EXPECT_EQ("character 2: does not go on here; expected + - * / or the end", problem(std::string("a\0b", 3)));
}

TEST_F(ExpressionOf, IsBounded) {
  EXPECT_NE("", problem(std::string(1000, ' ') + "a"));
  EXPECT_NE("", problem(std::string(100, '(') + "a" + std::string(100, ')')));
  std::string right;
  for (int i = 0; i < 100; ++i) right += "1-(";
  EXPECT_NE("", problem(right + "a" + std::string(100, ')')));
  std::string many = "max(a";
  for (int i = 0; i < 20; ++i) many += ",a";
  EXPECT_NE("", problem(many + ")"));
  EXPECT_EQ(-3, value(std::string(901, '-') + "a"));
}

// Random trees, written out and computed by hand.
TEST_F(ExpressionOf, AgreesWithTheTreeThatItWasWrittenFrom) {
  std::mt19937 random(7);
  std::function<std::pair<std::string, double>(int)> tree = [&](int depth) -> std::pair<std::string, double> {
    const unsigned kind = depth == 0 ? random() % 3 : random() % 8;
    if (kind == 0) return {"a", 3};
    if (kind == 1) return {"rh_2", 50};
    if (kind == 2) return {"7", 7};
    const auto [left, x] = tree(depth - 1);
    const auto [right, y] = tree(depth - 1);
    if (kind == 3) return {"(" + left + " + " + right + ")", x + y};
    if (kind == 4) return {"(" + left + "-" + right + ")", x - y};
    if (kind == 5) return {left + "*" + right, x * y};
    if (kind == 6) return {"-abs(" + left + ")/(" + right + ")", -std::fabs(x) / y};
    return {"min(" + left + ", " + right + ")",
            std::isnan(x) || std::isnan(y) ? std::nan("") : std::min(x, y)};
  };
  for (int i = 0; i < 2000; ++i) {
    const auto [text, expected] = tree(3);
    if (text.find('/') != std::string::npos && text.find('*') != std::string::npos)
      continue;  // no parentheses
    if (text.size() > Expression::kTextMax) continue;
    const double found = value(text);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(found)) << text;
    } else {
      EXPECT_EQ(expected, found) << text;
    }
  }
}

}  // namespace
}  // namespace sluice
