#include "engine/redelivery.h"

#include "base/check.h"

namespace sluice {

std::uint64_t message_hash(std::string_view topic, std::string_view payload) {
  // FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/). The separator cannot be in a topic.
  std::uint64_t hash = 0xcbf29ce484222325u;
  auto mix = [&hash](unsigned char byte) { hash = (hash ^ byte) * 0x100000001b3u; };
  for (char c : topic) mix(static_cast<unsigned char>(c));
  mix(0);
  for (char c : payload) mix(static_cast<unsigned char>(c));
  return hash;
}

Redelivery::Redelivery(std::size_t limit, const std::vector<DeliveredTriple>& remembered,
                       bool session_present)
    : limit_(limit), session_present_(session_present) {
  SLUICE_CHECK(limit > 0, "receive_maximum is at least 1");
  const std::size_t skip = remembered.size() > limit ? remembered.size() - limit : 0;
  deliveries_.assign(remembered.begin() + static_cast<std::ptrdiff_t>(skip), remembered.end());
}

void Redelivery::on_connected(bool session_present) {
  session_present_ = session_present;
  for (DeliveredTriple& delivery : deliveries_) delivery.this_connection = false;
}

bool Redelivery::seen_before(const JournalRecord& message) {
  const DeliveredTriple triple{message.packet_id, message_hash(message.topic, message.payload), true};
  // Paho clears DUP for QoS 2, so there the packet id and content must do.
  const bool may_be_repeated = session_present_ && ((message.flags & kDupFlag) || (message.flags & kQos2));
  for (DeliveredTriple& delivery : deliveries_) {
    if (delivery.packet_id != triple.packet_id) continue;
    const bool again = may_be_repeated && !delivery.this_connection && delivery.hash == triple.hash;
    delivery = triple;
    return again;
  }
  if (deliveries_.size() < limit_) {
    deliveries_.push_back(triple);
  } else {
    deliveries_[next_] = triple;
    next_ = (next_ + 1) % limit_;
  }
  return false;
}

std::vector<DeliveredTriple> Redelivery::remembered() const {
  std::vector<DeliveredTriple> triples;
  for (std::size_t i = 0; i < deliveries_.size(); ++i) {
    triples.push_back(deliveries_[(next_ + i) % deliveries_.size()]);
  }
  return triples;
}

}  // namespace sluice
