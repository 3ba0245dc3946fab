<<<<<<< HEAD
// MqttChannel: alerts over MQTT, and our own status. Below sluice/<gateway>/:
//   alerts/<alert>/<sensor>  retained while firing; on resolve the event unretained, then an empty retained
//   message events                   every transition told status                   retained
//   {"state":"online",…}; the connection's will says offline
// At each connect what the broker retains of us is read: what no longer stands is cleared, what stands is
// told again. One notifier thread.
#pragma once

=======
// MqttChannel: tells of alerts over MQTT. A firing alert is a retained message on
// sluice/<gateway>/alerts/<alert>/<sensor>; when it is resolved the event is published there unretained, then an
// empty retained message takes the old one away. Every transition goes to sluice/<gateway>/events as well. At
// each connect the retained topics are reconciled with the alerts that stand. One thread: the notifier's.
#pragma once

#include <chrono>
>>>>>>> io
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "alert/channel.h"
<<<<<<< HEAD
=======
#include "base/backoff.h"
>>>>>>> io
#include "base/clock.h"
#include "base/log.h"

namespace sluice {

class MqttChannel final : public Channel {
 public:
<<<<<<< HEAD
  struct Sources {
    std::function<std::vector<AlertEvent>()> standing;  // what fires and was told
    std::function<std::string()> status;                // JSON object for the status topic
  };
  MqttChannel(const std::string& gateway, Publisher& publisher, Sources sources, Clock& clock, Log& log);

  Status deliver(const AlertEvent& event) override;
  void tick() override;
  void say_offline();  // at a proper stop, where no will is sent

 private:
  Status reconcile();
  void publish_status();
  std::string topic_of(const AlertEvent& event) const;
  const std::string gateway_;
  const std::string prefix_;  // sluice/<gateway>
  Publisher& publisher_;
  Sources sources_;
  Clock& clock_;
  Log& log_;
  std::string status_;  // as it was published
  std::int64_t next_connect_boot_ms_ = 0;
  std::int64_t backoff_ms_ = 0;
  bool ready_ = false;  // connected and reconciled
=======
  // `to_json` writes an event as it is published. `standing` gives the alerts that fire and were told of; it is
  // called at each connect.
  MqttChannel(Publisher& publisher, Clock& clock, Log& log, std::string gateway,
              std::function<std::string(const AlertEvent&)> to_json,
              std::function<std::vector<AlertEvent>()> standing, std::uint64_t jitter_seed);

  Status deliver(const AlertEvent& event) override;
  std::vector<Status> deliver_all(const std::vector<AlertEvent>& events) override;
  void tick() override;  // connects when it is time
  // The gateway's own state, retained on sluice/<gateway>/status: now, and again at each connect.
  Status publish_status(const std::string& json);
  void close(const std::string& last_status);  // publishes it and disconnects

 private:
  bool connect_if_due();
  void reconcile();
  Status send(const std::string& topic, const std::string& payload, bool retained);
  Status send_event(const AlertEvent& event);
  std::string alert_topic(const AlertEvent& event) const;
  Publisher& publisher_;
  Clock& clock_;
  Log& log_;
  const std::string root_;  // sluice/<gateway>
  std::function<std::string(const AlertEvent&)> to_json_;
  std::function<std::vector<AlertEvent>()> standing_;
  Backoff backoff_;
  std::string status_ = R"({"state":"online"})";
  bool up_ = false;  // connected and reconciled
  std::string last_complaint_;
  std::int64_t next_connect_boot_ms_ = 0;
>>>>>>> io
};

}  // namespace sluice
