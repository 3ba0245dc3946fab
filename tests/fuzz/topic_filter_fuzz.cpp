// Two filters and a topic, a line each: matching and covering agree, and nothing reads past the end.
#include <cstdint>

#include "base/check.h"
#include "decode/topic_filter.h"

namespace {

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view wide = take_line(rest), narrow = take_line(rest), topic = take_line(rest);
  const bool covers = sluice::filter_covers(wide, narrow);
  const bool wide_matches = sluice::topic_matches(wide, topic),
             narrow_matches = sluice::topic_matches(narrow, topic);
  if (!sluice::check_topic_filter(wide).ok() || !sluice::check_topic_filter(narrow).ok()) return 0;
  SLUICE_CHECK(!covers || !narrow_matches || wide_matches, "a filter matches all that it covers");
  SLUICE_CHECK(sluice::filter_covers(wide, wide), "a filter covers itself");
  return 0;
}
