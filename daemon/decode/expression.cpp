#include "decode/expression.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace sluice {

namespace {

// Saturation vapour pressure over water is 6.112 hPa * exp(magnus(°C)).
double magnus(double celsius) {
  return 17.62 * celsius / (243.12 + celsius);
}

double dew_point(const double* x, std::size_t) {
  const double gamma = std::log(x[1] / 100) + magnus(x[0]);
  return 243.12 * gamma / (17.62 - gamma);
}

double abs_humidity(const double* x, std::size_t) {
  const double vapour_hpa = x[1] / 100 * 6.112 * std::exp(magnus(x[0]));
  return 216.7 * vapour_hpa / (273.15 + x[0]);
}

// What is not a number stays so.
double least(const double* x, std::size_t count) {
  double found = x[0];
  for (std::size_t i = 1; i < count; ++i) {
    if (std::isnan(x[i]) || x[i] < found) found = x[i];
  }
  return found;
}

double greatest(const double* x, std::size_t count) {
  double found = x[0];
  for (std::size_t i = 1; i < count; ++i) {
    if (std::isnan(x[i]) || x[i] > found) found = x[i];
  }
  return found;
}

struct Function {
  const char* name;
  std::size_t fewest;
  std::size_t most;
  double (*call)(const double* arguments, std::size_t count);
};

constexpr std::size_t kArgumentsMax = 16;
constexpr std::array<Function, 5> kFunctions = {{
    {"min", 2, kArgumentsMax, least},
    {"max", 2, kArgumentsMax, greatest},
    {"abs", 1, 1, [](const double* x, std::size_t) { return std::fabs(x[0]); }},
    {"dew_point", 2, 2, dew_point},
    {"abs_humidity", 2, 2, abs_humidity},
}};

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

// By recursive descent; `stack` is how many values the steps so far leave behind.
class ExpressionParser {
 public:
  using Kind = Expression::Step::Kind;
  ExpressionParser(std::string_view text, const std::vector<std::string>& inputs)
      : text_(text), inputs_(inputs) {}

  Result<Expression> parse() {
    if (text_.size() > Expression::kTextMax)
      return make_error(ErrorCode::kInvalid, "is too long; expected at most 1000 characters");
    const bool whole = sum() && (at_end() || fail("does not go on here", "expected + - * / or the end"));
    if (!whole) return make_error(ErrorCode::kInvalid, problem_);
    return std::move(made_);
  }

 private:
  char peek() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool at_end() {
    peek();
    return at_ == text_.size();
  }
  bool take(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }
  bool fail(const std::string& what, const std::string& expected) {
    if (problem_.empty()) problem_ = "character " + std::to_string(at_ + 1) + ": " + what + "; " + expected;
    return false;
  }
  bool push(Expression::Step step, std::size_t pops) {
    stack_ = stack_ - pops + 1;
    made_.steps_.push_back(step);
    return stack_ <= Expression::kStackMax || fail("is nested too deeply", "expected fewer values at a time");
  }
  bool push(Kind kind, std::size_t pops) {
    Expression::Step step;
    step.kind = kind;
    return push(step, pops);
  }

  bool sum() {
    if (++depth_ > Expression::kStackMax) return fail("is nested too deeply", "expected fewer parentheses");
    if (!product()) return false;
    for (char c = peek(); c == '+' || c == '-'; c = peek()) {
      ++at_;
      if (!product() || !push(c == '+' ? Kind::kAdd : Kind::kSubtract, 2)) return false;
    }
    --depth_;
    return true;
  }
  bool product() {
    if (!sign()) return false;
    for (char c = peek(); c == '*' || c == '/'; c = peek()) {
      ++at_;
      if (!sign() || !push(c == '*' ? Kind::kMultiply : Kind::kDivide, 2)) return false;
    }
    return true;
  }
  bool sign() {
    bool negative = false;
    while (take('-')) negative = !negative;
    return atom() && (!negative || push(Kind::kNegate, 1));
  }
  bool atom() {
    const char c = peek();
    if (take('(')) return sum() && close();
    if (is_digit(c) || c == '.') return number();
    if (is_name_start(c)) return name();
    return fail(c == '\0' ? "ends too early" : "is not a value", "expected a number, an input or a function");
  }
  bool close() { return take(')') || fail("lacks a )", "expected it here"); }
  bool number() {
    Expression::Step step;
    const char* end = text_.data() + text_.size();
    const auto [rest, wrong] = std::from_chars(text_.data() + at_, end, step.number);
    if (wrong != std::errc()) return fail("is not a number", "expected one such as 17.5 or 1e-3");
    at_ = static_cast<std::size_t>(rest - text_.data());
    return push(step, 0);
  }
  bool name() {
    const std::size_t from = at_;
    while (at_ < text_.size() && (is_name_start(text_[at_]) || is_digit(text_[at_]))) ++at_;
    const std::string_view word = text_.substr(from, at_ - from);
    if (peek() == '(') return call(word, from);
    const auto input = std::find(inputs_.begin(), inputs_.end(), word);
    if (input == inputs_.end()) {
      at_ = from;
      std::string known;
      for (const std::string& other : inputs_) known += (known.empty() ? "" : ", ") + other;
      return fail("there is no input \"" + std::string(word) + "\"",
                  "expected a name under inputs: " + known);
    }
    Expression::Step step;
    step.kind = Kind::kInput;
    step.count = static_cast<std::uint16_t>(input - inputs_.begin());
    return push(step, 0);
  }
  bool call(std::string_view word, std::size_t from) {
    const auto function = std::find_if(kFunctions.begin(), kFunctions.end(),
                                       [&](const Function& known) { return word == known.name; });
    if (function == kFunctions.end()) {
      at_ = from;
      return fail("there is no function \"" + std::string(word) + "\"",
                  "expected min, max, abs, dew_point or abs_humidity");
    }
    take('(');
    std::size_t count = 0;
    do {
      if (!sum()) return false;
      ++count;
    } while (take(','));
    if (!close()) return false;
    if (count < function->fewest || count > function->most) {
      at_ = from;
      return fail(std::string(word) + " has " + std::to_string(count) + " arguments",
                  "expected " + std::to_string(function->fewest) +
                      (function->most > function->fewest ? " or more" : ""));
    }
    Expression::Step step;
    step.kind = Kind::kCall;
    step.function = static_cast<std::uint8_t>(function - kFunctions.begin());
    step.count = static_cast<std::uint16_t>(count);
    return push(step, count);
  }

  std::string_view text_;
  const std::vector<std::string>& inputs_;
  Expression made_;
  std::string problem_;
  std::size_t at_ = 0;
  std::size_t stack_ = 0;
  std::size_t depth_ = 0;
};

Result<Expression> Expression::parse(std::string_view text, const std::vector<std::string>& inputs) {
  return ExpressionParser(text, inputs).parse();
}

double Expression::evaluate(const std::vector<double>& inputs) const {
  using Kind = Step::Kind;
  std::array<double, kStackMax> stack;
  double* top = stack.data();  // behind the newest value
  for (const Step& step : steps_) {
    switch (step.kind) {
      case Kind::kNumber:
        *top++ = step.number;
        break;
      case Kind::kInput:
        *top++ = inputs[step.count];
        break;
      case Kind::kNegate:
        top[-1] = -top[-1];
        break;
      case Kind::kCall:
        top -= step.count;
        *top = kFunctions[step.function].call(top, step.count);
        ++top;
        break;
      case Kind::kAdd:
        --top;
        top[-1] += *top;
        break;
      case Kind::kSubtract:
        --top;
        top[-1] -= *top;
        break;
      case Kind::kMultiply:
        --top;
        top[-1] *= *top;
        break;
      case Kind::kDivide:
        --top;
        top[-1] /= *top;
        break;
    }
  }
  return top[-1];
}

bool Expression::uses(std::size_t input) const {
  return std::any_of(steps_.begin(), steps_.end(), [&](const Step& step) {
    return step.kind == Step::Kind::kInput && step.count == input;
  });
}

bool is_function_name(std::string_view name) {
  return std::any_of(kFunctions.begin(), kFunctions.end(),
                     [&](const Function& known) { return name == known.name; });
}

}  // namespace sluice
