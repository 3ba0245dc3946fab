#include "alert/mqtt_channel.h"

#include <gtest/gtest.h>

#include <map>

#include "support/fake_publisher.h"

namespace sluice {
namespace {

class MqttChannelOf : public ::testing::Test {
 protected:
  using Published = test::FakePublisher::Published;
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
  test::FakePublisher publisher_;
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
  EXPECT_EQ(0u, publisher_.retained.count("sluice/gw/alerts/hot/a"));
}

TEST_F(MqttChannelOf, WritesWhatNoTopicMayHoldAsHexadecimal) {
  channel_.tick();
  publisher_.log.clear();
  (void)deliver(event("hot", "a+b/#/c\nd", AlertState::kFiring));
  EXPECT_EQ("sluice/gw/alerts/hot/a%2Bb/%23/c%0Ad", publisher_.log.front().topic);
}

TEST_F(MqttChannelOf, ReconcilesAtEachConnect) {
  publisher_.retained = {{"sluice/gw/alerts/old/x", "{}"},
                         {"sluice/gw/alerts/hot/a", "{stale}"},
                         {"sluice/gw/status", "{}"},
                         {"sluice/other/alerts/old/x", "{}"}};
  standing_ = {event("hot", "a", AlertState::kFiring), event("cold", "b/c", AlertState::kFiring)};
  channel_.tick();
  EXPECT_EQ((std::map<std::string, std::string>{{"sluice/gw/alerts/hot/a", "{hota firing}"},
                                                {"sluice/gw/alerts/cold/b/c", "{coldb/c firing}"},
                                                {"sluice/gw/status", R"({"state":"online","intake":"down"})"},
                                                {"sluice/other/alerts/old/x", "{}"}}),
            publisher_.retained);
  standing_.clear();
  publisher_.up = false;
  channel_.tick();
  clock_.pass_ms(2000);
  channel_.tick();
  EXPECT_EQ(2u, publisher_.retained.size());
}

TEST_F(MqttChannelOf, RepublishesWhatStandsEvenWhenItCannotReadBack) {
  publisher_.readable = false;
  publisher_.retained = {{"sluice/gw/alerts/old/x", "{}"}};
  standing_ = {event("hot", "a", AlertState::kFiring)};
  channel_.tick();
  EXPECT_EQ(3u, publisher_.retained.size());
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

// As with another gateway that has our client id: the broker ends each connection as soon as it is made.
TEST_F(MqttChannelOf, WaitsLongerAfterEachConnectionThatIsTakenFromIt) {
  std::string said;
  for (int step = 0; step < 6000; ++step) {
    channel_.tick();
    if (Status ready = channel_.ready(); !ready) said = ready.error().context;
    publisher_.up = false;
    clock_.pass_ms(100);
  }
  EXPECT_GE(publisher_.connects, 20);
  EXPECT_LE(publisher_.connects, 50);
  EXPECT_NE(std::string::npos, said.find("mqtt.client_id")) << said;
  // One that lasted is made anew soon.
  for (int i = 0; i < 2; ++i) {
    clock_.pass_ms(40000);
    channel_.tick();
  }
  clock_.pass_ms(20000);
  publisher_.up = false;
  const int before = publisher_.connects;
  channel_.tick();
  clock_.pass_ms(1200);
  channel_.tick();
  EXPECT_EQ(before + 1, publisher_.connects);
  EXPECT_TRUE(channel_.ready().ok());
}

TEST_F(MqttChannelOf, ClearsWhatAChannelForHomeAssistantLeft) {
  const std::map<std::string, std::string> left{{"house/sensor/sluice_gw/a_1/config", "{}"},
                                                {"house/binary_sensor/sluice_gw/b_1/config", "{}"},
                                                {"sluice/gw/homeassistant/readings/a", "{}"},
                                                {"sluice/gw/homeassistant/prefix/house", "1"}};
  const std::map<std::string, std::string> theirs{{"house/sensor/sluice_other/a_1/config", "{}"},
                                                  {"sluice/other/homeassistant/prefix/house", "1"}};
  publisher_.retained = theirs;
  publisher_.retained.insert(left.begin(), left.end());
  channel_.tick();
  EXPECT_EQ(theirs.size() + left.size() + 1, publisher_.retained.size()) << "there is such a channel";
  MqttChannel without(
      publisher_, clock_, log_, "gw", json, [] { return std::vector<AlertEvent>{}; }, 1, false);
  publisher_.up = false;
  without.tick();
  publisher_.retained.erase("sluice/gw/status");
  EXPECT_EQ(theirs, publisher_.retained);
}

TEST_F(MqttChannelOf, KeepsTheStatusForTheNextConnect) {
  EXPECT_FALSE(channel_.publish_status("{1}").ok());
  channel_.tick();
  EXPECT_EQ("{1}", publisher_.retained["sluice/gw/status"]);
  EXPECT_TRUE(channel_.publish_status("{2}").ok());
  EXPECT_EQ("{2}", publisher_.retained["sluice/gw/status"]);
  publisher_.up = false;
  publisher_.retained.clear();
  channel_.tick();
  clock_.pass_ms(2000);
  channel_.tick();
  EXPECT_EQ("{2}", publisher_.retained["sluice/gw/status"]);
  channel_.close("{bye}");
  EXPECT_EQ("{bye}", publisher_.retained["sluice/gw/status"]);
  EXPECT_FALSE(publisher_.connected());
}

}  // namespace
}  // namespace sluice
