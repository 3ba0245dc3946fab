// SimBroker: a broker with one persistent session (MQTT 5, section 4): messages in flight under packet ids
// that are given out lowest first, sent again with DUP after a reconnect in their old order; a bounded queue
// behind them; retained messages at each subscription; QoS 2 with its second round. Its network delays, and
// loses what is under way when a connection ends. It can hang, forget the session, give out other packet ids
// after a reconnect, refuse filters, and go away. One thread; times are the world's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "intake/broker_link.h"
#include "sim/clock.h"
#include "sim/disk.h"

namespace sluice::sim {

struct SimMessage {
  std::uint64_t id = 0;  // the world's; 0: a heartbeat
  std::string topic;
  std::string payload;
  int qos = 1;
  bool retain = false;
};

// What becomes of messages, for the oracle.
class BrokerWitness {
 public:
  virtual ~BrokerWitness() = default;
  virtual void handing_over(const SimMessage& message) = 0;  // it may be kept from here on
  virtual void handed_over(const SimMessage& message) = 0;   // the gateway's callback has returned
  virtual void acknowledged(const SimMessage& message) = 0;  // the PUBACK or PUBREC has reached the broker
  virtual void renumbered(const SimMessage& message) = 0;    // comes again under another packet id
  virtual void connected() = 0;                              // with its session
  virtual void dropped(const SimMessage& message) = 0;       // the broker will not deliver it (again)
};

class SimBroker final : public BrokerLink {
 public:
  SimBroker(SimClock& clock, SimDisk& disk, std::uint64_t seed, BrokerWitness& witness)
      : clock_(clock), disk_(disk), random_(seed), witness_(witness) {}

  // ---- the sensors' side
  void publish(const SimMessage& message);

  // ---- how it behaves
  std::size_t queue_max = 1000;
  std::size_t receive_maximum = 20;
  bool backlog_at_once = false;  // as mosquitto 2.0.11: whatever the receive maximum; ids count up
  bool renumbers = false;        // what is in flight, at each reconnect
  bool accepts = true;
  bool hangs = false;
  std::set<std::string> refused;     // filters
  void cut(const std::string& why);  // the connection
  void forget_session();             // with the connection, if there is one
  void gateway_died();

  // ---- the world's side
  std::optional<std::int64_t> next_due() const;
  void run_next();
  bool idle() const { return queue_.empty() && inflight_.empty(); }
  bool connected() const { return connected_; }

  // ---- the gateway's side
  void report_to(BrokerEvents* events) { events_ = events; }
  Status connect() override;
  Status subscribe(const std::vector<Subscription>& filters) override;
  Status unsubscribe(const std::vector<std::string>& filters) override;
  Status publish_qos1(const std::string& topic, const std::string& payload) override;
  Status disconnect() override;

 private:
  struct Inflight {
    SimMessage message;
    std::uint64_t order = 0;
    bool received = false;  // QoS 2: after the PUBREC
  };
  void later(std::function<void()> action);  // on this connection, in order
  void enqueue(SimMessage message);
  void pump(bool all = false);
  void send(std::uint16_t packet_id, const SimMessage& message, bool dup);
  void deliver(std::uint16_t packet_id, const SimMessage& message, bool dup);
  void end(std::uint16_t packet_id);
  void renumber();
  void on_connect();

  SimClock& clock_;
  SimDisk& disk_;
  std::mt19937_64 random_;
  BrokerWitness& witness_;
  BrokerEvents* events_ = nullptr;
  std::multimap<std::int64_t, std::function<void()>> due_;
  std::int64_t newest_due_ms_ = 0;
  int connection_ = 0;
  bool connecting_ = false;
  bool connected_ = false;
  bool session_ = false;
  std::map<std::string, int> subscriptions_;
  std::map<std::string, SimMessage> retained_;
  std::map<std::uint16_t, Inflight> inflight_;
  std::uint64_t sent_ = 0;
  std::uint16_t newest_id_ = 0;
  std::deque<SimMessage> queue_;
};

}  // namespace sluice::sim
