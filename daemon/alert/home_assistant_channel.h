// HomeAssistantChannel: shows rules and sensors as entities in Home Assistant, by MQTT discovery over a
// connection of its own, so that it never holds back an alert of channel mqtt. An alert's entity has its
// newest event as retained state; a sensor's entity its newest value, no more often than `every`. Everything
// is announced at each connect and whenever Home Assistant says that it has started; entities that went away
// are removed. Bounded by `entities`. One thread: the notifier's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "alert/alert_connection.h"
#include "alert/channel.h"
#include "alert/channel_settings.h"
#include "alert/home_assistant_entity.h"
#include "base/clock.h"
#include "base/keyed_inbox.h"
#include "base/log.h"

namespace sluice {

struct SensorValue {
  std::string unit;
  double value = 0;
  std::int64_t time_ms = 0;
  std::int64_t arrival_ms = 0;  // of the sensor's newest arrival: an older value may have come since
};

class HomeAssistantChannel final : public Channel {
 public:
  // What it asks of the gateway.
  struct Sources {
    KeyedInbox<SensorValue>& readings;                  // newest value of each sensor, by name
    std::function<std::vector<AlertEvent>()> standing;  // alerts that fire and are told to this channel
    // Names of the rules that tell this channel and look at a sensor.
    std::function<std::vector<std::string>(const std::string& sensor)> rules_of;
  };
  HomeAssistantChannel(Publisher& publisher, Clock& clock, Log& log, HomeAssistantSettings settings,
                       HomeAssistantGateway gateway, Sources sources, std::uint64_t jitter_seed);

  std::vector<ChannelAnswer> deliver_all(const std::vector<AlertEvent>& events) override;
  void tick() override;
  Status ready() override;
  void close() { connection_.close(); }

 private:
  struct Sensor {
    SensorValue newest;
    bool waits = false;  // newest has not been published
    std::int64_t due_boot_ms = 0;
  };
  Status start_anew();  // after a connect: announce all
  Status announce_all();
  Status remove_stale();
  using Firing = std::set<std::pair<std::string, std::string>>;  // alert and sensor
  static Firing firing_of(const std::vector<AlertEvent>& standing);
  Status announce_sensor(const std::string& name, const Sensor& sensor, const Firing& firing);
  Status announce_alert(const std::string& alert, const std::string& sensor, const Firing& firing);
  Status publish_event(const AlertEvent& event);
  Status publish_value(const std::string& name, Sensor& sensor);
  void take_readings();
  void publish_due();
  void forget_old();
  void count_refused();
  bool room_for_entity(const HomeAssistantEntity& entity);
  Status announce(const HomeAssistantEntity& entity);
  Status withdraw(const HomeAssistantEntity& entity);
  Status send(const std::string& topic, const std::string& payload) {
    return connection_.send(topic, payload, true);
  }

  Publisher& publisher_;
  Clock& clock_;
  Log& log_;
  const HomeAssistantSettings settings_;
  const HomeAssistantGateway gateway_;
  Sources sources_;
  AlertConnection connection_;
  std::map<std::string, Sensor> sensors_;
  std::set<std::string> announced_;  // configuration topics
  std::set<std::string> states_;     // their state topics, and that of the prefix
  std::uint64_t refused_ = 0;        // entities beyond the limit
  bool stale_ = false;               // what the broker retains has not been looked at since the connecting
  std::int64_t next_sweep_boot_ms_ = 0;
};

}  // namespace sluice
