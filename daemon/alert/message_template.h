// The text of an alert: {sensor} {value} {unit} {threshold} {alert} {severity} {since} {label.NAME}.
#pragma once

#include <string>
#include <string_view>

#include "model/alert_event.h"

namespace sluice {

// What is between braces and not a known name stays as it is; a missing label is empty.
std::string render_message(std::string_view text, const AlertEvent& event);
bool is_message_placeholder(std::string_view name);  // "sensor", "label.site", …

}  // namespace sluice
