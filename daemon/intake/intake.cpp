#include "intake/intake.h"

#include <cstdio>
#include <cstdlib>

namespace sluice {

namespace {
constexpr std::size_t kEventsMax = 64;
constexpr double kHighWater = 0.5;
}  // namespace

Intake::Intake(Journal& journal, Clock& clock, std::string heartbeat_topic, std::uint32_t max_payload_bytes,
               std::function<void()> wake)
    : journal_(journal),
      clock_(clock),
      heartbeat_topic_(std::move(heartbeat_topic)),
      max_payload_bytes_(max_payload_bytes),
      wake_(std::move(wake)),
      events_(kEventsMax) {}

void Intake::tell(LinkEvent event) {
  event.at = clock_.now();
  event.at_us = clock_.boot_us();
  if (events_.push(std::move(event))) wake_();
}

// Not returning from the callback is the only way to withhold an acknowledgement: the process ends, and the
// journal is replayed when it starts again.
void Intake::append_or_abort(const NewRecord& record) {
  Result<std::uint64_t> appended = journal_.append(record);
  if (appended.ok()) return;
  std::fprintf(stderr,
               "<2>sluice: cannot keep a message (%s); ending, so that the broker keeps it. Give the store a "
               "faster or "
               "emptier disk, or set a larger store.journal_size.\n",
               appended.error().context.c_str());
  std::abort();
}

void Intake::on_connected(bool session_present) {
  append_or_abort(
      {RecordKind::kConnected, static_cast<std::uint8_t>(session_present ? kSessionPresent : 0), 0, {}, {}});
  backlog_ = true;
  LinkEvent event;
  event.kind = LinkEvent::Kind::kConnected;
  event.session_present = session_present;
  tell(std::move(event));
}

void Intake::on_connect_failed(const std::string& why) {
  tell({LinkEvent::Kind::kConnectFailed, false, {}, why, {}, 0});
}

void Intake::on_subscribed(const std::vector<int>& codes) {
  tell({LinkEvent::Kind::kSubscribed, false, codes, "", {}, 0});
}

void Intake::on_lost(const std::string& why) {
  append_or_abort({RecordKind::kDisconnected, 0, 0, why, {}});
  tell({LinkEvent::Kind::kLost, false, {}, why, {}, 0});
}

void Intake::on_disconnected() {
  append_or_abort({RecordKind::kDisconnected, 0, 0, {}, {}});
  tell({LinkEvent::Kind::kDisconnected, false, {}, "", {}, 0});
}

void Intake::on_message(const ArrivedMessage& message) {
  if (message.topic == heartbeat_topic_) {
    // The first one after a connect came behind everything that the session had waiting.
    if (backlog_.exchange(false)) append_or_abort({RecordKind::kBacklogEnd, 0, 0, {}, {}});
    return tell({LinkEvent::Kind::kHeartbeat, false, {}, std::string(message.payload), {}, 0});
  }
  if (message.topic.substr(0, 7) == "sluice/" || message.topic.substr(0, 1) == "$") return;
  messages_.fetch_add(1, std::memory_order_relaxed);
  if (message.qos == 0 && high_water()) {
    overload_drops_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  NewRecord record;
  record.kind = RecordKind::kMessage;
  record.flags =
      static_cast<std::uint8_t>((message.qos == 1 ? kQos1 : 0) | (message.qos == 2 ? kQos2 : 0) |
                                (message.retained ? kRetainFlag : 0) | (message.dup ? kDupFlag : 0));
  record.packet_id = message.packet_id;
  record.topic = message.topic;
  record.payload = message.payload;
  if (message.payload.size() > max_payload_bytes_) {
    record.flags |= kOversize;
    record.payload = {};
  }
  append_or_abort(record);
  last_message_boot_ms_.store(clock_.now().boot_ms, std::memory_order_relaxed);
  if (!high_water() && static_cast<double>(journal_.used_bytes()) >
                           kHighWater * static_cast<double>(journal_.capacity_bytes())) {
    set_high_water(true);
    wake_();
  }
}

}  // namespace sluice
