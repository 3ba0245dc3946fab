// Intake: what happens in the broker library's callback. It drops our own topics, appends the message to the
// journal and returns; returning is the acknowledgement, so when the journal cannot take it, it does not
// return.
//
// Threads: the BrokerEvents side on the library's receive thread; everything else from main.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/inbox.h"
#include "intake/broker_link.h"
#include "intake/journal.h"

namespace sluice {

// What the session (main thread) has to know of, in order.
struct LinkEvent {
  enum class Kind {
    kConnected,
    kConnectFailed,
    kSubscribed,
    kUnsubscribed,
    kLost,
    kDisconnected,
    kHeartbeat
  };
  Kind kind = Kind::kLost;
  bool session_present = false;
  std::vector<int> codes;
  std::string why;
  Instant at;
  std::string connection;                  // kConnected: its name; a heartbeat carries the name of its own
  std::chrono::microseconds round_trip{};  // kHeartbeat
};

// What a heartbeat carries: the broker may return those of earlier connections first.
std::string heartbeat_payload(const std::string& connection, std::int64_t sent_boot_us);

class Intake final : public BrokerEvents {
 public:
  // `heartbeat_topic`: our own, below sluice/<gateway>/. `wake` tells main that an event or high water is
  // waiting.
  Intake(Journal& journal, Clock& clock, std::string heartbeat_topic, std::uint32_t max_payload_bytes,
         std::function<void()> wake);

  void on_connected(bool session_present) override;
  void on_connect_failed(const std::string& why) override;
  void on_subscribed(const std::vector<int>& codes) override;
  void on_unsubscribed() override;
  void on_lost(const std::string& why) override;
  void on_disconnected() override;
  void on_message(const ArrivedMessage& message) override;

  Inbox<LinkEvent>& events() { return events_; }
  bool high_water() const {
    return high_water_.load(std::memory_order_acquire);
  }  // set at 50 %, never cleared here
  void set_high_water(bool on) { high_water_.store(on, std::memory_order_release); }
  std::uint64_t take_overload_drops() {
    return overload_drops_.exchange(0);
  }  // QoS 0 dropped since the last call
  // From 7/16 of the ring on each message of QoS 1 or 2 waits at most so long for room before it is appended,
  // so that the broker slows down to what the store can take before high water. 0, as at first: none does.
  void set_pace(std::chrono::milliseconds pace) { pace_ = pace; }
  // The connection is being left: what still comes is taken at once.
  void set_leaving(bool leaving) { leaving_.store(leaving, std::memory_order_release); }
  std::int64_t last_message_boot_ms() const { return last_message_boot_ms_.load(std::memory_order_relaxed); }
  std::uint64_t messages() const { return messages_.load(std::memory_order_relaxed); }  // not our own
  // The backlog counts as ended although no heartbeat came back (the broker may not return them). Main
  // thread.
  void end_backlog();

 private:
  void append_or_abort(const NewRecord& record);
  void append_disconnected(const std::string& why);
  void heartbeat(std::string_view payload);
  void report(LinkEvent event);
  Journal& journal_;
  Clock& clock_;
  const std::string heartbeat_topic_;
  const std::uint32_t max_payload_bytes_;
  std::function<void()> wake_;
  Inbox<LinkEvent> events_;
  std::chrono::milliseconds pace_{0};  // set before the connection is made
  std::atomic<bool> leaving_{false};
  std::atomic<bool> high_water_{false};
  std::atomic<bool> backlog_{false};    // connected, first heartbeat not back yet
  std::atomic<bool> connected_{false};  // a kConnected record stands without its kDisconnected
  std::string connection_;              // receive thread only
  std::uint64_t connections_ = 0;
  std::atomic<std::uint64_t> overload_drops_{0};
  std::atomic<std::int64_t> last_message_boot_ms_{0};
  std::atomic<std::uint64_t> messages_{0};
};

}  // namespace sluice
