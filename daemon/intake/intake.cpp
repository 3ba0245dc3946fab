#include "intake/intake.h"

#include <charconv>
#include <utility>

#include "base/check.h"

namespace sluice {

namespace {

constexpr std::size_t kEventsMax = 1024;
constexpr std::size_t kReasonBytesMax = 200;

bool is_ours(std::string_view topic) {
  return topic.starts_with("sluice/") || topic.starts_with('$');
}

std::uint8_t flags_of(const ArrivedMessage& message) {
  std::uint8_t flags = 0;
  if (message.qos == 1) flags |= kQos1;
  if (message.qos == 2) flags |= kQos2;
  if (message.retained) flags |= kRetainFlag;
  if (message.dup) flags |= kDupFlag;
  return flags;
}

}  // namespace

std::string heartbeat_payload(const std::string& connection, std::int64_t sent_boot_us) {
  return connection + " " + std::to_string(sent_boot_us);
}

Intake::Intake(Journal& journal, Clock& clock, std::string heartbeat_topic, std::uint32_t max_payload_bytes,
               std::function<void()> wake)
    : journal_(journal),
      clock_(clock),
      heartbeat_topic_(std::move(heartbeat_topic)),
      max_payload_bytes_(max_payload_bytes),
      wake_(std::move(wake)),
      events_(kEventsMax) {}

void Intake::append_or_abort(const NewRecord& record) {
  Result<std::uint64_t> appended = journal_.append(record);
  if (!appended) {
    // Returning would acknowledge what is not kept. What the ring holds is replayed at the next start.
    std::string why = "a message cannot be kept, so it must not be acknowledged: " + appended.error().context;
    SLUICE_CHECK(false, why.c_str());
  }
  if (journal_.used_bytes() > journal_.capacity_bytes() / 2 && !high_water_.exchange(true)) wake_();
}

void Intake::report(LinkEvent event) {
  event.at = clock_.now();
  bool optional = event.kind == LinkEvent::Kind::kHeartbeat;
  bool taken = events_.push(std::move(event));
  SLUICE_CHECK(taken || optional, "the main thread does not look at what the broker connection reports");
  wake_();
}

void Intake::on_connected(bool session_present) {
  // Unique over restarts and boots, so that a heartbeat that waited in the session is told from our own.
  connection_ =
      clock_.boot_id() + ":" + std::to_string(clock_.now().boot_ms) + ":" + std::to_string(++connections_);
  NewRecord record;
  record.kind = RecordKind::kConnected;
  record.flags = session_present ? kSessionPresent : 0;
  append_or_abort(record);
  connected_.store(true);
  backlog_.store(true);
  LinkEvent event;
  event.kind = LinkEvent::Kind::kConnected;
  event.session_present = session_present;
  event.connection = connection_;
  report(std::move(event));
}

void Intake::append_disconnected(const std::string& why) {
  backlog_.store(false);
  if (!connected_.exchange(false)) return;
  NewRecord record;
  record.kind = RecordKind::kDisconnected;
  record.topic = std::string_view(why).substr(0, kReasonBytesMax);
  append_or_abort(record);
}

void Intake::on_connect_failed(const std::string& why) {
  LinkEvent event;
  event.kind = LinkEvent::Kind::kConnectFailed;
  event.why = why;
  report(std::move(event));
}

void Intake::on_subscribed(const std::vector<int>& codes) {
  LinkEvent event;
  event.kind = LinkEvent::Kind::kSubscribed;
  event.codes = codes;
  report(std::move(event));
}

void Intake::on_unsubscribed() {
  LinkEvent event;
  event.kind = LinkEvent::Kind::kUnsubscribed;
  report(std::move(event));
}

void Intake::on_lost(const std::string& why) {
  append_disconnected(why);
  LinkEvent event;
  event.kind = LinkEvent::Kind::kLost;
  event.why = why;
  report(std::move(event));
}

void Intake::on_disconnected() {
  append_disconnected("disconnected by us");
  LinkEvent event;
  event.kind = LinkEvent::Kind::kDisconnected;
  report(std::move(event));
}

void Intake::end_backlog() {
  if (!backlog_.exchange(false)) return;
  NewRecord record;
  record.kind = RecordKind::kBacklogEnd;
  append_or_abort(record);
}

void Intake::heartbeat(std::string_view payload) {
  std::size_t space = payload.rfind(' ');
  if (space == std::string_view::npos || payload.substr(0, space) != connection_)
    return;  // of an earlier connection
  end_backlog();
  std::int64_t sent_us = 0;
  std::from_chars(payload.data() + space + 1, payload.data() + payload.size(), sent_us);
  LinkEvent event;
  event.kind = LinkEvent::Kind::kHeartbeat;
  event.round_trip = std::chrono::microseconds(clock_.boot_us() - sent_us);
  report(std::move(event));
}

void Intake::on_message(const ArrivedMessage& message) {
  if (is_ours(message.topic)) {
    if (message.topic == heartbeat_topic_) heartbeat(message.payload);
    return;
  }
  if (message.qos == 0 && high_water()) {
    overload_drops_.fetch_add(1);
    return;
  }
  NewRecord record;
  record.flags = flags_of(message);
  record.packet_id = message.packet_id;
  record.topic = message.topic;
  record.payload = message.payload;
  if (message.payload.size() > max_payload_bytes_ ||
      message.topic.size() + message.payload.size() > journal_.largest_record_bytes()) {
    record.flags |= kOversize;
    record.payload = {};
  }
  if (pace_.count() > 0 && !leaving_.load(std::memory_order_acquire))
    journal_.wait_for_room(journal_.capacity_bytes() / 16 * 7, pace_);
  append_or_abort(record);
  messages_.fetch_add(1, std::memory_order_relaxed);
  last_message_boot_ms_.store(clock_.now().boot_ms, std::memory_order_relaxed);
}

}  // namespace sluice
