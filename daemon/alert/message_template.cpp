#include "alert/message_template.h"

#include <fmt/format.h>

#include "base/time_text.h"

namespace sluice {

namespace {

constexpr std::string_view kLabel = "label.";

// For people: what does not come out short is rounded. The event itself carries the exact number.
std::string number_text(double value) {
  constexpr std::size_t kShort = 10;
  std::string text = fmt::format("{}", value);
  return text.size() <= kShort ? text : fmt::format("{:.6g}", value);
}

std::string placeholder(std::string_view name, const AlertEvent& event) {
  if (name == "sensor") return event.sensor;
  if (name == "value") return number_text(event.value);
  if (name == "unit") return event.unit;
  if (name == "threshold") return number_text(event.threshold);
  if (name == "alert") return event.alert;
  if (name == "severity") return event.severity;
  if (name == "since") return format_rfc3339(event.since_ms);
  auto label = event.labels.find(std::string(name.substr(kLabel.size())));
  return label == event.labels.end() ? "" : label->second;
}

}  // namespace

bool is_message_placeholder(std::string_view name) {
  for (std::string_view known : {"sensor", "value", "unit", "threshold", "alert", "severity", "since"}) {
    if (name == known) return true;
  }
  return name.size() > kLabel.size() && name.substr(0, kLabel.size()) == kLabel;
}

std::string render_message(std::string_view text, const AlertEvent& event) {
  std::string out;
  while (!text.empty()) {
    std::size_t open = text.find('{');
    std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) break;
    std::string_view name = text.substr(open + 1, close - open - 1);
    out += text.substr(0, open);
    out += is_message_placeholder(name) ? placeholder(name, event)
                                        : std::string(text.substr(open, close - open + 1));
    text.remove_prefix(close + 1);
  }
  out += text;
  return out;
}

}  // namespace sluice
