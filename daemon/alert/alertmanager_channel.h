// AlertmanagerChannel: tells Prometheus Alertmanager of alerts over its API, version 2 (POST /api/v2/alerts).
// Alertmanager ends by itself what is not repeated within its resolve_timeout, so what stands is told again
// at each interval of `refresh`, also after a restart; what is resolved is told with its end. A firing alert
// is sent without an end: how long it lives is counted on Alertmanager's clock. It knows an alert by its
// labels, of which the severity is one: one that changes its level, or whose labels or severity another
// configuration changes, is another one there, and the one before is ended. One thread: the notifier's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "alert/channel.h"
#include "alert/http_post.h"
#include "base/clock.h"
#include "base/log.h"

namespace sluice {

class AlertmanagerChannel final : public Channel {
 public:
  // `standing` gives the alerts that fire and that this channel is to be told of. `told`: as they were told
  // before the start, also under another configuration.
  AlertmanagerChannel(Sender& sender, Clock& clock, Log& log, const AlertmanagerSettings& settings,
                      std::string gateway, std::function<std::vector<AlertEvent>()> standing,
                      const std::vector<AlertEvent>& told = {});
  std::vector<ChannelAnswer> deliver_all(const std::vector<AlertEvent>& events) override;
  std::size_t at_once() const override { return 64; }
  void tick() override;  // tells again what stands, when it is time

 private:
  std::string body_of(const std::vector<AlertEvent>& events) const;
  void note(const std::vector<AlertEvent>& events);  // it has them
  HttpPost post_;
  Clock& clock_;
  Log& log_;
  const std::chrono::milliseconds refresh_;
  const std::string gateway_;
  std::function<std::vector<AlertEvent>()> standing_;
  std::map<std::pair<std::string, std::string>, AlertEvent> told_;  // by alert and sensor: as it stands there
  std::int64_t next_refresh_boot_ms_ = 0;
  bool refresh_failing_ = false;
};

}  // namespace sluice
