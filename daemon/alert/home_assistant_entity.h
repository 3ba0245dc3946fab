// What Home Assistant is told of us by MQTT discovery: an entity a sensor, and one a rule and sensor. Keys as
// documented at https://www.home-assistant.io/integrations/mqtt/, sensor.mqtt and binary_sensor.mqtt. Plain
// functions; any thread.
#pragma once

#include <string>

namespace sluice {

struct HomeAssistantGateway {
  std::string id;
  std::string version;
};

// Of one entity: where it is announced, where its state is published, and the announcement.
struct HomeAssistantEntity {
  std::string config_topic;
  std::string state_topic;
  std::string config;
};

HomeAssistantEntity reading_entity(const HomeAssistantGateway& gateway, const std::string& prefix,
                                   const std::string& sensor, const std::string& unit);
HomeAssistantEntity alert_entity(const HomeAssistantGateway& gateway, const std::string& prefix,
                                 const std::string& alert, const std::string& sensor);

// The device class that a unit stands for; where a unit has several (%, ppm) a word in the sensor's name
// decides. Empty: none.
std::string device_class_of(const std::string& unit, const std::string& sensor);

}  // namespace sluice
