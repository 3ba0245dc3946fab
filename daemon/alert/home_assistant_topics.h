// Where a gateway's entities are in the broker: announcements below <prefix>/sensor/sluice_<gateway> and
// <prefix>/binary_sensor/sluice_<gateway>, states below sluice/<gateway>/homeassistant. There, too, a topic
// for each prefix that was used, so that what is retained can be found when the prefix has changed or
// the channel has gone. Plain functions; the thread of the publisher.
#pragma once

#include <string>
#include <vector>

#include "alert/channel.h"

namespace sluice {

// Retained for as long as anything may be below `prefix`.
std::string home_assistant_prefix_topic(const std::string& gateway, const std::string& prefix);

// All that is retained of the gateway's entities, in the order in which it may be cleared.
Result<std::vector<std::string>> home_assistant_retained(Publisher& publisher, const std::string& gateway);

}  // namespace sluice
