#include "drivers/send_buffer.h"

#include "base/check.h"

namespace sluice::drivers {

namespace {

std::size_t bytes_of(const Sample& sample) {
  return sample.topic.size() + sample.payload.size();
}

}  // namespace

SendBuffer::SendBuffer(BufferLimits limits) : limits_(limits) {
  SLUICE_CHECK(limits.in_flight > 0 && limits.messages > limits.in_flight,
               "the buffer must exceed the window");
}

void SendBuffer::account_room() {
  std::size_t divisor = has_room_ ? 2 : 4;
  has_room_ = size() < limits_.messages / divisor && bytes_ < limits_.bytes / divisor;
  if (empty()) has_room_ = true;
}

void SendBuffer::push(Sample sample) {
  ++pushed_;
  bytes_ += bytes_of(sample);
  waiting_.push_back(std::move(sample));
  while (!waiting_.empty() && (size() > limits_.messages || bytes_ > limits_.bytes)) {
    bytes_ -= bytes_of(waiting_.front());
    waiting_.pop_front();
    ++dropped_;
  }
  account_room();
}

std::optional<SendBuffer::Sending> SendBuffer::send_next() {
  if (waiting_.empty() || in_flight_.size() >= limits_.in_flight) return std::nullopt;
  in_flight_.push_back({std::move(waiting_.front())});
  waiting_.pop_front();
  return Sending{first_id_ + in_flight_.size() - 1, &in_flight_.back().sample};
}

void SendBuffer::acknowledged(std::uint64_t id) {
  if (id < first_id_ || id - first_id_ >= in_flight_.size()) return;
  in_flight_[id - first_id_].acknowledged = true;
  while (!in_flight_.empty() && in_flight_.front().acknowledged) {
    bytes_ -= bytes_of(in_flight_.front().sample);
    in_flight_.pop_front();
    ++first_id_;
    ++delivered_;
  }
  account_room();
}

void SendBuffer::connection_lost() {
  first_id_ += in_flight_.size();
  while (!in_flight_.empty()) {
    InFlight& last = in_flight_.back();
    if (last.acknowledged) {
      bytes_ -= bytes_of(last.sample);
      ++delivered_;
    } else {
      waiting_.push_front(std::move(last.sample));
    }
    in_flight_.pop_back();
  }
  account_room();
}

}  // namespace sluice::drivers
