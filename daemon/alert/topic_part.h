// Names as parts of MQTT topics. Any thread.
#pragma once

#include <string>

namespace sluice {

// Names of rules and sensors may come out of payloads; what no topic may hold is written as %XX. A '/' stays
// a topic level.
std::string topic_part(const std::string& name);

}  // namespace sluice
