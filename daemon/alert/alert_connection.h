// AlertConnection: what channels over MQTT do with their connection: make it when it is time, wait longer
// after each failure and each loss, say what is wrong once, and send with QoS 1. A loss right after the
// connecting counts as a failure: two gateways with one client id would take it from each other without end.
// One thread: the notifier's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "alert/channel.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"

namespace sluice {

class AlertConnection {
 public:
  // `name` as in "the alert connection". It is up once `begin`, called after each connecting, went well.
  AlertConnection(Publisher& publisher, Clock& clock, Log& log, std::string name,
                  std::function<Status()> begin, std::uint64_t jitter_seed);

  bool up() const { return up_ && publisher_.connected(); }
  bool connect_if_due();  // whether it is up
  Status ready() const;   // not ok: it is not up, and this is why
  Status send(const std::string& topic, const std::string& payload, bool retained);
  Status wait_acknowledged();
  // Ends the connection unless `why` is ok.
  void lost(const Status& why);
  void close();

 private:
  void fall(const std::string& why);
  Publisher& publisher_;
  Clock& clock_;
  Log& log_;
  const std::string name_;
  const std::function<Status()> begin_;
  Backoff backoff_;
  bool up_ = false;
  std::int64_t up_since_boot_ms_ = 0;
  std::int64_t next_connect_boot_ms_ = 0;
  std::string complaint_;
};

}  // namespace sluice
