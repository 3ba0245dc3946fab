// WebhookChannel: tells of alerts by a POST of the event's JSON, one for each, several on their way at a
// time. One thread: the notifier's.
#pragma once

#include <string>
#include <vector>

#include "alert/channel.h"
#include "alert/event_json.h"
#include "alert/http_post.h"

namespace sluice {

class WebhookChannel final : public Channel {
 public:
  WebhookChannel(Sender& sender, Clock& clock, const WebhookSettings& settings, std::string gateway)
      : post_(sender, clock, settings.http), gateway_(std::move(gateway)) {}
  void deliver(Deliveries& deliveries) override {
    post_.post_each(deliveries, at_once(),
                    [this](const AlertEvent& event) { return event_to_json(event, gateway_); });
  }
  std::vector<ChannelAnswer> deliver_all(const std::vector<AlertEvent>& events) override;

 private:
  HttpPost post_;
  const std::string gateway_;
};

}  // namespace sluice
