#include "alert/mqtt_channel.h"

#include <gtest/gtest.h>

#include <map>

namespace sluice {
namespace {

using std::chrono::milliseconds;

// A broker's memory of what was published, and a connection that can be cut.
class FakePublisher final : public Publisher {
 public:
  struct Published {
    std::string topic;
    std::string payload;
    bool retained;
    bool operator==(const Published&) const = default;
  };
  Status publish(const std::string& topic, const std::string& payload, int qos, bool retained) override {
    EXPECT_EQ(1, qos);
    if (!up) return make_error(ErrorCode::kUnavailable, "down");
    if (unacknowledged >= room) return make_error(ErrorCode::kFull, "full");
    ++unacknowledged;
    log.push_back({topic, payload, retained});
    if (!retained) return {};
    if (payload.empty()) {
      retained_messages.erase(topic);
    } else {
      retained_messages[topic] = payload;
    }
    return {};
  }
  bool connected() const override { return up; }
  Status connect(milliseconds) override {
    ++connects;
    if (!reachable) return make_error(ErrorCode::kUnavailable, "refused");
    up = true;
    return {};
  }
  Status wait_acknowledged(milliseconds) override {
    if (!up || !acknowledges) {
      up = false;
      return make_error(ErrorCode::kUnavailable, "no acknowledgement");
    }
    unacknowledged = 0;
    return {};
  }
  Result<std::vector<std::string>> retained_below(const std::string& prefix) override {
    if (!readable) return make_error(ErrorCode::kUnavailable, "cannot read");
    std::vector<std::string> topics;
    for (const auto& [topic, payload] : retained_messages) {
      if (topic.starts_with(prefix + "/")) topics.push_back(topic);
    }
    return topics;
  }
  void disconnect() override { up = false; }

  bool up = false;
  bool reachable = true;
  bool acknowledges = true;
  bool readable = true;
  std::size_t room = 1000;
  std::size_t unacknowledged = 0;
  int connects = 0;
  std::vector<Published> log;
  std::map<std::string, std::string> retained_messages;
};

class MqttChannelOf : public ::testing::Test {
 protected:
  using Published = FakePublisher::Published;
  static AlertEvent event(const std::string& alert, const std::string& sensor, AlertState state) {
    AlertEvent e;
    e.id = alert + sensor;
    e.alert = alert;
    e.sensor = sensor;
    e.state = state;
    return e;
  }
  Status deliver(const AlertEvent& e) { return channel_.deliver_all({e}).front().status; }
  static std::string json(const AlertEvent& e) {
    return "{" + e.id + (e.state == AlertState::kFiring ? " firing}" : " resolved}");
  }
  FakeClock clock_{1700000000000};
  Log log_{LogLevel::kError, Log::Style::kPlain};
  FakePublisher publisher_;
  std::vector<AlertEvent> standing_;
  MqttChannel channel_{publisher_, clock_, log_, "gw", json, [this] { return standing_; }, 1};
};

TEST_F(MqttChannelOf, RetainsAFiringAlertThenTellsTheEvent) {
  channel_.tick();
  publisher_.log.clear();
  EXPECT_TRUE(deliver(event("hot", "a/b", AlertState::kFiring)).ok());
  EXPECT_EQ((std::vector<Published>{{"sluice/gw/alerts/hot/a/b", "{hota/b firing}", true},
                                    {"sluice/gw/events", "{hota/b firing}", false}}),
            publisher_.log);
}

TEST_F(MqttChannelOf, TellsAResolvedAlertUnretainedThenClearsThenTellsTheEvent) {
  channel_.tick();
  (void)deliver(event("hot", "a", AlertState::kFiring));
  publisher_.log.clear();
  EXPECT_TRUE(deliver(event("hot", "a", AlertState::kResolved)).ok());
  EXPECT_EQ((std::vector<Published>{{"sluice/gw/alerts/hot/a", "{hota resolved}", false},
                                    {"sluice/gw/alerts/hot/a", "", true},
                                    {"sluice/gw/events", "{hota resolved}", false}}),
            publisher_.log);
  EXPECT_EQ(0u, publisher_.retained_messages.count("sluice/gw/alerts/hot/a"));
}

TEST_F(MqttChannelOf, WritesWhatNoTopicMayHoldAsHexadecimal) {
  channel_.tick();
  publisher_.log.clear();
  (void)deliver(event("hot", "a+b/#/c\nd", AlertState::kFiring));
  EXPECT_EQ("sluice/gw/alerts/hot/a%2Bb/%23/c%0Ad", publisher_.log.front().topic);
}

TEST_F(MqttChannelOf, ReconcilesAtEachConnect) {
  publisher_.retained_messages = {{"sluice/gw/alerts/old/x", "{}"},
                                  {"sluice/gw/alerts/hot/a", "{stale}"},
                                  {"sluice/gw/status", "{}"},
                                  {"sluice/other/alerts/old/x", "{}"}};
  standing_ = {event("hot", "a", AlertState::kFiring), event("cold", "b/c", AlertState::kFiring)};
  channel_.tick();
  EXPECT_EQ((std::map<std::string, std::string>{{"sluice/gw/alerts/hot/a", "{hota firing}"},
                                                {"sluice/gw/alerts/cold/b/c", "{coldb/c firing}"},
                                                {"sluice/gw/status", R"({"state":"online"})"},
                                                {"sluice/other/alerts/old/x", "{}"}}),
            publisher_.retained_messages);
  standing_.clear();
  publisher_.up = false;
  channel_.tick();
  EXPECT_EQ(2u, publisher_.retained_messages.size());
}

TEST_F(MqttChannelOf, RepublishesWhatStandsEvenWhenItCannotReadBack) {
  publisher_.readable = false;
  publisher_.retained_messages = {{"sluice/gw/alerts/old/x", "{}"}};
  standing_ = {event("hot", "a", AlertState::kFiring)};
  channel_.tick();
  EXPECT_EQ(3u, publisher_.retained_messages.size());
  EXPECT_TRUE(deliver(event("hot", "b", AlertState::kFiring)).ok());
}

TEST_F(MqttChannelOf, SaysWhatWasNotAcknowledged) {
  channel_.tick();
  publisher_.acknowledges = false;
  Status status = deliver(event("hot", "a", AlertState::kFiring));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(ErrorCode::kUnavailable, status.error().code);
}

TEST_F(MqttChannelOf, DeliversManyWithoutWaitingForEach) {
  channel_.tick();
  publisher_.log.clear();
  publisher_.room = 10;
  std::vector<AlertEvent> events;
  for (int i = 0; i < 100; ++i) events.push_back(event("hot", "s" + std::to_string(i), AlertState::kFiring));
  for (const ChannelAnswer& answer : channel_.deliver_all(events)) EXPECT_TRUE(answer.status.ok());
  EXPECT_EQ(200u, publisher_.log.size());
  EXPECT_EQ(0u, publisher_.unacknowledged);
}

TEST_F(MqttChannelOf, TriesToConnectWithABackoffOfItsOwn) {
  publisher_.reachable = false;
  for (int second = 0; second < 600; ++second) {
    channel_.tick();
    EXPECT_FALSE(deliver(event("hot", "a", AlertState::kFiring)).ok());
    clock_.pass_ms(1000);
  }
  EXPECT_GE(publisher_.connects, 20);
  EXPECT_LE(publisher_.connects, 50);
  publisher_.reachable = true;
  clock_.pass_ms(30000);
  EXPECT_TRUE(deliver(event("hot", "a", AlertState::kFiring)).ok());
}

TEST_F(MqttChannelOf, KeepsTheStatusForTheNextConnect) {
  EXPECT_FALSE(channel_.publish_status("{1}").ok());
  channel_.tick();
  EXPECT_EQ("{1}", publisher_.retained_messages["sluice/gw/status"]);
  EXPECT_TRUE(channel_.publish_status("{2}").ok());
  EXPECT_EQ("{2}", publisher_.retained_messages["sluice/gw/status"]);
  publisher_.up = false;
  publisher_.retained_messages.clear();
  channel_.tick();
  EXPECT_EQ("{2}", publisher_.retained_messages["sluice/gw/status"]);
  channel_.close("{bye}");
  EXPECT_EQ("{bye}", publisher_.retained_messages["sluice/gw/status"]);
  EXPECT_FALSE(publisher_.connected());
}

}  // namespace
}  // namespace sluice
