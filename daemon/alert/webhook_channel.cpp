#include "alert/webhook_channel.h"

#include "alert/event_json.h"

namespace sluice {

std::vector<ChannelAnswer> WebhookChannel::deliver_all(const std::vector<AlertEvent>& events) {
  std::vector<std::string> bodies;
  bodies.reserve(events.size());
  for (const AlertEvent& event : events) bodies.push_back(event_to_json(event, gateway_));
  return post_.post_all(std::move(bodies));
}

}  // namespace sluice
