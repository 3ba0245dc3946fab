#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>

#include "intake/session.h"
#include "io/mqtt_publisher.h"
#include "io/paho_broker_link.h"
#include "io/system_clock.h"
#include "support/mosquitto.h"
#include "support/ram_journal.h"
#include "support/test_client.h"

namespace sluice {
namespace {

using test::KeptRecord;
using test::Mosquitto;
using test::TestClient;

// The whole receiving side against a real broker, driven as the runtime drives it.
class Receiving : public ::testing::TestWithParam<int> {
 protected:
  void start(const Mosquitto& broker, const std::string& filter = "a/#", FormerSession former = {}) {
    settings_.uri = broker.uri();
    settings_.client_id = "sluice-gw";
    settings_.protocol = GetParam();
    settings_.heartbeat = std::chrono::milliseconds(50);
    journal_ = test::ram_journal(clock_, 8 << 20);
    intake_ = std::make_unique<Intake>(*journal_, clock_, "sluice/gw/heartbeat", 65536, [this] { wake(); });
    link_ = std::make_unique<PahoBrokerLink>(settings_, *intake_);
    session_ =
        std::make_unique<Session>(settings_, std::vector<Subscription>{{filter, 1}}, "sluice/gw/heartbeat",
                                  *link_, *intake_, clock_, log_, 1, std::move(former));
  }
  void TearDown() override { link_.reset(); }
  void wake() {
    {
      std::lock_guard lock(mutex_);
      woken_ = true;
    }
    woken_changed_.notify_all();
  }
  bool run_until(const std::function<bool()>& condition) {
    auto deadline = std::chrono::steady_clock::now() + 2 * test::kLongEnough;
    while (!condition()) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      auto wait = std::min(session_->tick(clock_.now(), fill_), std::chrono::milliseconds(20));
      std::unique_lock lock(mutex_);
      woken_changed_.wait_for(lock, wait, [this] { return woken_; });
      woken_ = false;
    }
    return true;
  }
  bool run_until_up() {
    return run_until([&] { return session_->status().state == IntakeState::kUp; });
  }
  std::vector<KeptRecord> kept() { return test::read_all(*journal_); }
  bool has(const std::string& payload) {
    std::vector<KeptRecord> all = kept();
    return std::any_of(all.begin(), all.end(), [&](const KeptRecord& r) { return r.payload == payload; });
  }
  std::size_t count(RecordKind kind) {
    std::vector<KeptRecord> all = kept();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [kind](const KeptRecord& r) { return r.kind == kind; }));
  }

  SystemClock clock_;
  Log log_{LogLevel::kError, Log::Style::kPlain};
  BrokerSettings settings_;
  double fill_ = 0;
  std::mutex mutex_;
  std::condition_variable woken_changed_;
  bool woken_ = false;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<PahoBrokerLink> link_;
  std::unique_ptr<Session> session_;
};

INSTANTIATE_TEST_SUITE_P(Mqtt, Receiving, ::testing::Values(3, 5));

TEST_P(Receiving, EndsTheBacklogAfterTheLastQueuedMessage) {
  Mosquitto broker;
  start(broker);
  ASSERT_TRUE(run_until_up());
  ASSERT_TRUE(run_until([&] { return count(RecordKind::kBacklogEnd) == 1; }));
  fill_ = 0.9;
  ASSERT_TRUE(run_until([&] { return session_->status().state == IntakeState::kHeld; }));
  TestClient sensor(broker.port());
  for (int i = 0; i < 3000; ++i) ASSERT_TRUE(sensor.publish("a/x", std::to_string(i), 1));
  fill_ = 0;
  ASSERT_TRUE(run_until([&] { return count(RecordKind::kBacklogEnd) == 2; }));
  ASSERT_TRUE(sensor.publish("a/x", "live", 1));
  ASSERT_TRUE(run_until([&] { return has("live"); }));
  std::vector<RecordKind> kinds;
  int next = 0;
  for (const KeptRecord& record : kept()) {
    if (record.kind == RecordKind::kMessage && record.payload != "live") {
      EXPECT_EQ(std::to_string(next++), record.payload);
    }
    if (kinds.empty() || kinds.back() != record.kind) kinds.push_back(record.kind);
  }
  EXPECT_EQ(3000, next);
  EXPECT_EQ((std::vector<RecordKind>{RecordKind::kConnected, RecordKind::kBacklogEnd,
                                     RecordKind::kDisconnected, RecordKind::kConnected, RecordKind::kMessage,
                                     RecordKind::kBacklogEnd, RecordKind::kMessage}),
            kinds);
  EXPECT_TRUE(session_->status().session_present);
  EXPECT_TRUE(session_->status().round_trip.has_value());
}

TEST_P(Receiving, LosesNothingThatWasAcknowledgedOverBrokerRestarts) {
  Mosquitto broker;
  start(broker);
  ASSERT_TRUE(run_until_up());
  int sent = 0;
  for (int round = 0; round < 2; ++round) {
    {
      TestClient sensor(broker.port());
      for (int i = 0; i < 200; ++i) ASSERT_TRUE(sensor.publish("a/x", std::to_string(sent++), 1));
    }
    broker.restart();
    ASSERT_TRUE(
        run_until([&] { return session_->status().connects == static_cast<std::uint64_t>(round) + 2; }));
    ASSERT_TRUE(run_until_up());
  }
  auto distinct = [&] {
    std::set<std::string> payloads;
    for (const KeptRecord& record : kept()) {
      if (record.kind == RecordKind::kMessage) payloads.insert(record.payload);
    }
    return payloads.size();
  };
  EXPECT_TRUE(run_until([&] { return distinct() == static_cast<std::size_t>(sent); }));
}

TEST_P(Receiving, NoticesAFrozenBrokerAndComesBack) {
  Mosquitto broker;
  start(broker);
  ASSERT_TRUE(run_until_up());
  broker.freeze();
  ASSERT_TRUE(run_until([&] { return session_->status().state != IntakeState::kUp; }));
  broker.thaw();
  ASSERT_TRUE(run_until_up());
  TestClient sensor(broker.port());
  ASSERT_TRUE(sensor.publish("a/x", "after", 1));
  EXPECT_TRUE(run_until([&] { return has("after"); }));
}

TEST_P(Receiving, StopsKeepingTheSession) {
  Mosquitto broker;
  start(broker);
  ASSERT_TRUE(run_until_up());
  session_->stop();
  ASSERT_TRUE(run_until([&] { return session_->stopped(); }));
  TestClient sensor(broker.port());
  ASSERT_TRUE(sensor.publish("a/x", "meanwhile", 1));
  link_.reset();
  start(broker);
  ASSERT_TRUE(run_until([&] { return count(RecordKind::kMessage) == 1; }));
  EXPECT_EQ(kSessionPresent, kept().front().flags);
}

// The broker's session keeps "a/#", and on MQTT 5 would send a/x once for each of the two.
TEST_P(Receiving, HearsOnlyWhatANarrowerFilterCovers) {
  Mosquitto broker;
  start(broker);
  ASSERT_TRUE(run_until_up());
  session_->stop();
  ASSERT_TRUE(run_until([&] { return session_->stopped(); }));
  link_.reset();
  start(broker, "a/x", {true, {"a/#", "never/subscribed"}});
  ASSERT_TRUE(run_until([&] { return session_->status().former_left; }));
  EXPECT_TRUE(session_->status().session_present);
  EXPECT_EQ(0u, session_->status().sessions_lost);
  TestClient sensor(broker.port());
  for (const char* topic : {"a/y", "a/x"}) ASSERT_TRUE(sensor.publish(topic, topic, 1));
  ASSERT_TRUE(sensor.publish("a/x", "last", 1));
  ASSERT_TRUE(run_until([&] { return has("last"); }));
  EXPECT_EQ(2u, count(RecordKind::kMessage));
}

// Both of Paho's libraries in one process: an alert goes out while the receiving callback stands still.
TEST_P(Receiving, DoesNotHoldUpTheAlertConnection) {
  Mosquitto broker;
  start(broker);
  MqttPublisher publisher(settings_, "gw");
  ASSERT_TRUE(publisher.connect(std::chrono::seconds(3)).ok());
  ASSERT_TRUE(run_until_up());

  struct StuckEvents final : BrokerEvents {
    void on_connected(bool) override { ++connected; }
    void on_connect_failed(const std::string&) override {}
    void on_subscribed(const std::vector<int>&) override { ++subscribed; }
    void on_unsubscribed() override {}
    void on_lost(const std::string&) override {}
    void on_disconnected() override {}
    void on_message(const ArrivedMessage&) override {
      std::unique_lock lock(mutex);
      ++entered;
      changed.wait_for(lock, 2 * test::kLongEnough, [this] { return go; });
    }
    std::mutex mutex;
    std::condition_variable changed;
    bool go = false;
    std::atomic<int> connected{0};
    std::atomic<int> subscribed{0};
    std::atomic<int> entered{0};
  } stuck;
  BrokerSettings other = settings_;
  other.client_id = "stuck";
  PahoBrokerLink link(other, stuck);
  ASSERT_TRUE(link.connect().ok());
  ASSERT_TRUE(test::eventually([&] { return stuck.connected == 1; }));
  ASSERT_TRUE(link.subscribe({{"b", 1}}).ok());
  ASSERT_TRUE(test::eventually([&] { return stuck.subscribed == 1; }));
  TestClient sensor(broker.port());
  ASSERT_TRUE(sensor.publish("b", "x", 1));
  ASSERT_TRUE(test::eventually([&] { return stuck.entered == 1; }));

  TestClient reader(broker.port());
  ASSERT_EQ(1, reader.subscribe("sluice/gw/events", 1));
  for (std::size_t i = 1; i <= 20; ++i) {
    ASSERT_TRUE(publisher.publish("sluice/gw/events", std::to_string(i), 1, false).ok());
    EXPECT_TRUE(publisher.wait_acknowledged(std::chrono::seconds(5)).ok());
    ASSERT_TRUE(reader.collect(i));
  }
  {
    std::lock_guard lock(stuck.mutex);
    stuck.go = true;
  }
  stuck.changed.notify_all();
}

}  // namespace
}  // namespace sluice
