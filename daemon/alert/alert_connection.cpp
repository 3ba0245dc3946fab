#include "alert/alert_connection.h"

#include <chrono>
#include <utility>

namespace sluice {

namespace {

constexpr std::chrono::milliseconds kConnectTimeout{3000};
constexpr std::chrono::milliseconds kAcknowledgeTimeout{3000};
constexpr std::int64_t kSettledMs = 10000;  // up for so long, it counts as made

}  // namespace

AlertConnection::AlertConnection(Publisher& publisher, Clock& clock, Log& log, std::string name,
                                 std::function<Status()> begin, std::uint64_t jitter_seed)
    : publisher_(publisher),
      clock_(clock),
      log_(log),
      name_(std::move(name)),
      begin_(std::move(begin)),
      backoff_(std::chrono::seconds(1), std::chrono::seconds(30), jitter_seed) {}

bool AlertConnection::connect_if_due() {
  if (up()) return true;
  if (up_) fall(name_ + " was lost");
  if (clock_.now().boot_ms < next_connect_boot_ms_) return false;
  Status done = publisher_.connect(kConnectTimeout);
  if (done) done = begin_();
  if (done && !publisher_.connected())
    done = make_error(ErrorCode::kUnavailable, name_ + " was lost as soon as it was made");
  if (!done) {
    fall(done.error().context);
    return false;
  }
  up_ = true;
  up_since_boot_ms_ = clock_.now().boot_ms;
  complaint_.clear();
  log_.info("{} is up", name_);
  return true;
}

void AlertConnection::fall(const std::string& why) {
  const std::int64_t now = clock_.now().boot_ms;
  const bool settled = up_ && now - up_since_boot_ms_ >= kSettledMs;
  std::string complaint = why;
  if (up_ && !settled)
    complaint += "; if that goes on, another gateway connects with the same mqtt.client_id";
  if (settled) backoff_.reset();
  if (up_ || complaint != complaint_) log_.warning("{}", complaint);
  complaint_ = std::move(complaint);
  up_ = false;
  publisher_.disconnect();
  next_connect_boot_ms_ = now + backoff_.next().count();
}

void AlertConnection::lost(const Status& why) {
  if (!why && up_) fall(name_ + " was lost: " + why.error().context);
}

Status AlertConnection::ready() const {
  if (up()) return {};
  return make_error(ErrorCode::kUnavailable,
                    complaint_.empty() ? name_ + " is down; it is tried again" : complaint_);
}

Status AlertConnection::send(const std::string& topic, const std::string& payload, bool retained) {
  Status sent = publisher_.publish(topic, payload, 1, retained);
  if (sent || sent.error().code != ErrorCode::kFull) return sent;
  if (Status room = wait_acknowledged(); !room) return room;
  return publisher_.publish(topic, payload, 1, retained);
}

Status AlertConnection::wait_acknowledged() {
  return publisher_.wait_acknowledged(kAcknowledgeTimeout);
}

void AlertConnection::close() {
  publisher_.disconnect();
  up_ = false;
}

}  // namespace sluice
