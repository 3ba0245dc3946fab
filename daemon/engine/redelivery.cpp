#include "engine/redelivery.h"

#include <algorithm>

namespace sluice {

static constexpr std::int64_t kAfterBacklogMs = 60000;
static constexpr std::uint32_t kNewSession = 0;
static constexpr std::uint32_t kSameSession = 1;

std::uint64_t message_hash(std::string_view topic, std::string_view payload) {
  // FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/). The separator cannot be in a topic.
  std::uint64_t hash = 0xcbf29ce484222325u;
  auto mix = [&hash](unsigned char byte) { hash = (hash ^ byte) * 0x100000001b3u; };
  for (char c : topic) mix(static_cast<unsigned char>(c));
  mix(0);
  for (char c : payload) mix(static_cast<unsigned char>(c));
  return hash;
}

Redelivery::Redelivery(std::size_t receive_maximum, const std::vector<DeliveredRun>& remembered,
                       bool in_backlog, bool ended)
    : receive_maximum_(receive_maximum), ring_(kDeliveriesMax), newest_(65536) {
  for (const DeliveredRun& run : remembered) {
    for (std::size_t i = 0; i < run.messages.size(); ++i) {
      if (run.first + i < next_) continue;
      next_ = run.first + i;  // there may be a gap
      append(run.messages[i]);
    }
  }
  in_backlog_ = in_backlog;
  ended_ = ended;
  backlog_first_ = backlog_end_ = next_;
}

void Redelivery::append(const DeliveredMessage& message) {
  const auto place = static_cast<std::uint16_t>(next_ % kDeliveriesMax);
  ring_[place] = message;
  newest_[message.packet_id] = place;
  ++next_;
  if (in_backlog_) backlog_end_ = next_;
  if (message.packet_id != 0 || message.hash > kSameSession) return;
  connection_first_ = next_;
  if (message.hash == kNewSession) session_first_ = next_;
}

void Redelivery::on_connected(bool session_present) {
  if (backlog_first_ == backlog_end_) backlog_first_ = backlog_end_ = next_;
  in_backlog_ = session_present;
  ended_ = false;
  append({0, session_present ? kSameSession : kNewSession});
}

void Redelivery::on_backlog_end() {
  ended_ = true;
  over_boot_ms_ = 0;
}

bool Redelivery::seen_before(const JournalRecord& record) {
  if (in_backlog_ && ended_) {
    if (over_boot_ms_ == 0) over_boot_ms_ = record.boot_ms + kAfterBacklogMs;
    in_backlog_ = record.boot_ms <= over_boot_ms_;
  }
  const std::uint64_t hash = message_hash(record.topic, record.payload);
  const DeliveredMessage message{record.packet_id, static_cast<std::uint32_t>(hash ^ hash >> 32)};
  const std::uint16_t place = newest_[message.packet_id];
  const std::uint64_t age = (next_ - 1 - place) % kDeliveriesMax + 1;  // 1: the newest there is
  // The broker repeats nothing within one connection. Paho clears DUP for QoS 2, so there the packet id and
  // content must do.
  const bool may_be_repeated = (record.flags & (kDupFlag | kQos2)) && age <= next_ &&
                               next_ - age < connection_first_ && next_ - age >= session_first_;
  const bool again = may_be_repeated && ring_[place] == message;
  append(message);
  return again;
}

DeliveredRun Redelivery::run(std::uint64_t first, std::uint64_t end) const {
  DeliveredRun run{first, {}};
  for (std::uint64_t n = first; n < end; ++n) run.messages.push_back(ring_[n % kDeliveriesMax]);
  return run;
}

DeliveredRun Redelivery::newest() const {
  const std::uint64_t count = std::min<std::uint64_t>({next_, receive_maximum_, kDeliveriesMax});
  return run(next_ - count, next_);
}

std::vector<DeliveredRun> Redelivery::take_backlog() {
  std::vector<DeliveredRun> runs;
  // Of a run that was begun earlier or is half forgotten, only what is there.
  const std::uint64_t oldest = next_ > kDeliveriesMax ? next_ - kDeliveriesMax : 0;
  const std::uint64_t first = std::max(backlog_first_ - backlog_first_ % kBacklogRun,
                                       (oldest + kBacklogRun - 1) / kBacklogRun * kBacklogRun);
  if (backlog_first_ < backlog_end_) {
    for (std::uint64_t n = first; n < backlog_end_; n += kBacklogRun)
      runs.push_back(run(n, std::min(n + kBacklogRun, backlog_end_)));
  }
  backlog_first_ = backlog_end_;
  return runs;
}

}  // namespace sluice
