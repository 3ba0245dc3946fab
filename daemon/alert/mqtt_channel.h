// MqttChannel: tells of alerts over MQTT. A firing alert is a retained message on
// sluice/<gateway>/alerts/<alert>/<sensor>; when it is resolved the event is published there unretained, then
// an empty retained message takes the old one away. Every transition goes to sluice/<gateway>/events as well.
// At each connect the retained topics are reconciled with the alerts that stand. One thread: the notifier's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "alert/alert_connection.h"
#include "alert/channel.h"
#include "base/clock.h"
#include "base/log.h"

namespace sluice {

class MqttChannel final : public Channel {
 public:
  // What channel homeassistant left behind is cleared if it is not `home_assistant`: there is none now.
  // `to_json` writes an event as it is published. `standing` gives the alerts that fire and were told of; it
  // is called at each connect.
  MqttChannel(Publisher& publisher, Clock& clock, Log& log, std::string gateway,
              std::function<std::string(const AlertEvent&)> to_json,
              std::function<std::vector<AlertEvent>()> standing, std::uint64_t jitter_seed,
              bool home_assistant = true);

  std::vector<ChannelAnswer> deliver_all(const std::vector<AlertEvent>& events) override;
  std::size_t at_once() const override { return 100; }
  void tick() override;  // connects when it is time
  Status ready() override;
  // The gateway's own state, retained on sluice/<gateway>/status: now, and again at each connect.
  Status publish_status(const std::string& json);
  void close(const std::string& last_status);  // publishes it and disconnects

 private:
  Status reconcile();
  void clear_home_assistant();
  Status send_event(const AlertEvent& event);
  std::string alert_topic(const AlertEvent& event) const;
  Publisher& publisher_;
  Log& log_;
  const std::string gateway_;
  const std::string root_;  // sluice/<gateway>
  const bool home_assistant_;
  std::function<std::string(const AlertEvent&)> to_json_;
  std::function<std::vector<AlertEvent>()> standing_;
  AlertConnection connection_;
  std::string status_ = R"({"state":"online","intake":"down"})";
};

}  // namespace sluice
