// An alert as the engine would hand it to a channel.
#pragma once

#include <string>

#include "model/alert_event.h"

namespace sluice {

inline AlertEvent example_event(const std::string& sensor = "sensors/attic/temperature",
                                AlertState state = AlertState::kFiring) {
  AlertEvent event;
  event.alert = "too-hot";
  event.sensor = sensor;
  event.state = state;
  event.severity = "critical";
  event.value = 31.5;
  event.threshold = 28;
  event.unit = "°C";
  event.labels = {{"site", "berlin"}};
  event.since_ms = 1772366400000;
  event.at_ms = state == AlertState::kFiring ? event.since_ms : event.since_ms + 60000;
  event.message = "the attic is \"hot\"\n$(id)";
  event.id = alert_id("balcony", event.alert, event.sensor, event.since_ms);
  return event;
}

}  // namespace sluice
