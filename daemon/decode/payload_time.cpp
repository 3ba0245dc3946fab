#include "decode/payload_time.h"

#include <charconv>
#include <cmath>

#include "base/time_text.h"
#include "decode/decimal_text.h"

namespace sluice {

namespace {

constexpr std::int64_t kTimeMsEnd = 253402300800000;  // 10000-01-01T00:00:00Z

std::optional<std::int64_t> within_range(std::int64_t ms) {
  if (ms < 0 || ms >= kTimeMsEnd) return std::nullopt;
  return ms;
}

// The limits are whole numbers, so that an integer past 2^53 is not rounded over one.
template <class Number>
TimeFormat unit_by_size(Number number) {
  constexpr std::int64_t k1e8 = 100000000, k1e10 = k1e8 * 100;
  if (number >= k1e8 && number < k1e10) return TimeFormat::kSeconds;
  if (number >= k1e8 * 1000 && number < k1e10 * 1000) return TimeFormat::kMilliseconds;
  if (number >= k1e8 * 1000000 && number < k1e10 * 1000000) return TimeFormat::kMicroseconds;
  if (number >= k1e8 * 1000000000 && static_cast<double>(number) < 1e19) return TimeFormat::kNanoseconds;
  return TimeFormat::kAuto;
}

}  // namespace

std::optional<std::int64_t> time_of_integer(std::int64_t number, TimeFormat format) {
  if (format == TimeFormat::kAuto) format = unit_by_size(number);
  if (number < 0) return std::nullopt;
  switch (format) {
    case TimeFormat::kSeconds:
      if (number >= kTimeMsEnd / 1000) return std::nullopt;
      return number * 1000;
    case TimeFormat::kMilliseconds:
      return within_range(number);
    case TimeFormat::kMicroseconds:
      return within_range(number / 1000);
    case TimeFormat::kNanoseconds:
      return within_range(number / 1000000);
    case TimeFormat::kAuto:
    case TimeFormat::kRfc3339:
      break;
  }
  return std::nullopt;
}

std::optional<std::int64_t> time_of_real(double number, TimeFormat format) {
  if (format == TimeFormat::kAuto) format = unit_by_size(number);
  double ms = 0;
  switch (format) {
    case TimeFormat::kSeconds:
      // 1700000000.123 is a little less than that in binary; a microsecond more keeps its millisecond.
      ms = number * 1e3 + 1e-3;
      break;
    case TimeFormat::kMilliseconds:
      ms = number;
      break;
    case TimeFormat::kMicroseconds:
      ms = number / 1e3;
      break;
    case TimeFormat::kNanoseconds:
      ms = number / 1e6;
      break;
    case TimeFormat::kAuto:
    case TimeFormat::kRfc3339:
      return std::nullopt;
  }
  if (!(number >= 0 && ms < static_cast<double>(kTimeMsEnd))) return std::nullopt;
  return static_cast<std::int64_t>(ms);
}

std::optional<std::int64_t> time_of_text(std::string_view text, TimeFormat format) {
  if (format == TimeFormat::kAuto || format == TimeFormat::kRfc3339) {
    if (auto ms = parse_rfc3339(text)) return within_range(*ms);
    if (format == TimeFormat::kRfc3339) return std::nullopt;
  }
  std::int64_t integer = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
  if (error == std::errc() && end == text.data() + text.size()) return time_of_integer(integer, format);
  double real = 0;
  if (parse_decimal(text, real) != DecimalKind::kFinite) return std::nullopt;
  return time_of_real(real, format);
}

}  // namespace sluice
