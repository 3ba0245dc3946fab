#include "drivers/system/hwmon_channel.h"

#include <algorithm>

namespace sluice::drivers {

namespace {

struct Kind {
  std::string_view name;
  std::string_view unit;
  double divisor;
};

constexpr Kind kKinds[] = {
    {"temp", "°C", 1000}, {"fan", "rpm", 1},    {"in", "V", 1000},       {"curr", "A", 1000},
    {"power", "W", 1e6},  {"energy", "J", 1e6}, {"humidity", "%", 1000},
};

}  // namespace

std::optional<HwmonChannel> parse_hwmon_channel(std::string_view file) {
  std::size_t split = file.rfind('_');
  if (split == std::string_view::npos) return std::nullopt;
  std::string_view name = file.substr(0, split);
  std::string_view what = file.substr(split + 1);
  std::size_t digits = name.find_first_of("0123456789");
  if (digits == std::string_view::npos ||
      name.find_first_not_of("0123456789", digits) != std::string_view::npos)
    return std::nullopt;
  std::string_view kind = name.substr(0, digits);
  const Kind* known = std::find_if(std::begin(kKinds), std::end(kKinds),
                                   [kind](const Kind& candidate) { return candidate.name == kind; });
  bool average = what == "average" && kind == "power";
  if (known == std::end(kKinds) || (what != "input" && !average)) return std::nullopt;
  return HwmonChannel{std::string(name), std::string(known->unit), known->divisor, average};
}

}  // namespace sluice::drivers
