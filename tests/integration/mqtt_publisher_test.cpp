#include "io/mqtt_publisher.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alert/mqtt_channel.h"
#include "support/mosquitto.h"
#include "support/test_client.h"

namespace sluice {
namespace {

using std::chrono::seconds;
using test::Mosquitto;
using test::TestClient;

class PublisherOf : public ::testing::Test {
 protected:
  static BrokerSettings settings(const Mosquitto& broker) {
    BrokerSettings s;
    s.uri = broker.uri();
    s.client_id = "sluice-gw";
    return s;
  }
  static Status publish(MqttPublisher& publisher, const std::string& topic, const std::string& payload) {
    Status sent = publisher.publish(topic, payload, 1, false);
    if (sent.ok() || sent.error().code != ErrorCode::kFull) return sent;
    if (Status room = publisher.wait_acknowledged(seconds(5)); !room) return room;
    return publisher.publish(topic, payload, 1, false);
  }
};

TEST_F(PublisherOf, IsAcknowledgedByTheBroker) {
  Mosquitto broker;
  TestClient reader(broker.port());
  ASSERT_EQ(1, reader.subscribe("sluice/#", 1));
  MqttPublisher publisher(settings(broker), "gw");
  ASSERT_TRUE(publisher.connect(seconds(3)).ok());
  EXPECT_TRUE(publisher.connected());
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(publish(publisher, "sluice/gw/events", std::to_string(i)).ok());
  }
  EXPECT_TRUE(publisher.wait_acknowledged(seconds(5)).ok());
  ASSERT_TRUE(reader.collect(200));
  for (int i = 0; i < 200; ++i)
    EXPECT_EQ(std::to_string(i), reader.messages()[static_cast<std::size_t>(i)].payload);
}

TEST_F(PublisherOf, RefusesWhatIsNoTopicAndStaysConnected) {
  Mosquitto broker;
  MqttPublisher publisher(settings(broker), "gw");
  EXPECT_EQ(ErrorCode::kUnavailable, publisher.publish("a", "", 1, false).error().code);
  ASSERT_TRUE(publisher.connect(seconds(3)).ok());
  EXPECT_EQ(ErrorCode::kRefused, publisher.publish("a\xff", "", 1, false).error().code);
  EXPECT_TRUE(publisher.connected());
}

TEST_F(PublisherOf, ReadsBackWhatTheBrokerRetains) {
  Mosquitto broker;
  TestClient other(broker.port());
  ASSERT_TRUE(other.publish("sluice/gw/alerts/hot/a/b", "x", 1, true));
  ASSERT_TRUE(other.publish("sluice/gw/alerts/cold/c", "x", 0, true));
  ASSERT_TRUE(other.publish("sluice/gw/status", "x", 1, true));
  ASSERT_TRUE(other.publish("sluice/gw2/alerts/hot/a", "x", 1, true));
  MqttPublisher publisher(settings(broker), "gw");
  ASSERT_TRUE(publisher.connect(seconds(3)).ok());
  for (int i = 0; i < 3; ++i) {
    std::vector<std::string> topics = publisher.retained_below("sluice/gw/alerts").value();
    std::sort(topics.begin(), topics.end());
    EXPECT_EQ((std::vector<std::string>{"sluice/gw/alerts/cold/c", "sluice/gw/alerts/hot/a/b"}), topics);
  }
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(other.publish("sluice/gw/alerts/many/" + std::to_string(i), "x", 1, true));
  }
  EXPECT_EQ(502u, publisher.retained_below("sluice/gw/alerts").value().size());
  EXPECT_EQ(0u, publisher.retained_below("sluice/gw/none").value().size());
}

TEST_F(PublisherOf, SaysWhenTheAccessListIsInTheWay) {
  test::TempFolder folder;
  std::string list = folder.write("acl", "topic read sluice/#\n");
  Mosquitto broker({.extra = "acl_file " + list});
  MqttPublisher publisher(settings(broker), "gw");
  ASSERT_TRUE(publisher.connect(seconds(3)).ok());
  Result<std::vector<std::string>> topics = publisher.retained_below("sluice/gw/alerts");
  ASSERT_FALSE(topics.ok());
  EXPECT_NE(std::string::npos, topics.error().context.find("access list")) << topics.error().context;
}

// A publication into full buffers would hang until the keep-alive gives up, and come back as kUnavailable.
TEST_F(PublisherOf, RefusesMoreThanABrokerThatStandsStillCanHold) {
  Mosquitto broker;
  MqttPublisher publisher(settings(broker), "gw");
  ASSERT_TRUE(publisher.connect(seconds(3)).ok());
  broker.freeze();
  Status published;
  for (int i = 0; i < 5000 && published.ok(); ++i) {
    published = publisher.publish("sluice/gw/events", std::string(500, 'x'), 1, false);
  }
  EXPECT_EQ(ErrorCode::kFull, published.error().code);
  EXPECT_EQ(ErrorCode::kUnavailable,
            publisher.wait_acknowledged(std::chrono::milliseconds(500)).error().code);
  EXPECT_FALSE(publisher.connected());
  EXPECT_FALSE(publisher.connect(seconds(1)).ok());
  broker.thaw();
  ASSERT_TRUE(test::eventually([&] { return publisher.connect(seconds(3)).ok(); }));
  ASSERT_TRUE(publisher.publish("sluice/gw/events", "again", 1, false).ok());
  EXPECT_TRUE(publisher.wait_acknowledged(seconds(5)).ok());
}

TEST_F(PublisherOf, NoticesThatTheBrokerIsGone) {
  Mosquitto broker;
  MqttPublisher publisher(settings(broker), "gw");
  ASSERT_TRUE(publisher.connect(seconds(3)).ok());
  broker.kill();
  EXPECT_TRUE(test::eventually([&] { return !publisher.connected(); }));
  Status refused = publisher.connect(seconds(3));
  EXPECT_NE(std::string::npos, refused.error().context.find("connection refused")) << refused.error().context;
  broker.start();
  EXPECT_TRUE(publisher.connect(seconds(3)).ok());
}

TEST_F(PublisherOf, LeavesItsWillWhenItIsKilledAndNotWhenItStops) {
  Mosquitto broker;
  TestClient reader(broker.port());
  ASSERT_EQ(1, reader.subscribe("sluice/gw/status", 1));
  {
    MqttPublisher publisher(settings(broker), "gw");
    ASSERT_TRUE(publisher.connect(seconds(3)).ok());
    publisher.disconnect();
  }
  ASSERT_TRUE(reader.collect_all());
  EXPECT_EQ(0u, reader.messages().size());
  pid_t child = ::fork();
  if (child == 0) {
    MqttPublisher publisher(settings(broker), "gw");
    bool up = publisher.connect(seconds(10)).ok();
    if (up) (void)publisher.publish("sluice/gw/status", "online", 1, true);
    (void)publisher.wait_acknowledged(seconds(10));
    ::pause();
    ::_exit(1);
  }
  EXPECT_TRUE(reader.collect(1));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ASSERT_TRUE(reader.collect(2));
  EXPECT_EQ(R"({"state":"offline"})", reader.messages()[1].payload);
  TestClient later(broker.port());
  later.subscribe("sluice/gw/status", 1);
  ASSERT_TRUE(later.collect(1));
  EXPECT_TRUE(later.messages()[0].retained);
  EXPECT_EQ(R"({"state":"offline"})", later.messages()[0].payload);
}

TEST_F(PublisherOf, CarriesTheChannelThroughABrokersRestart) {
  Mosquitto broker;
  MqttPublisher publisher(settings(broker), "gw");
  FakeClock clock(1700000000000);
  Log log(LogLevel::kError, Log::Style::kPlain);
  AlertEvent hot;
  hot.alert = "hot";
  hot.sensor = "a/b";
  std::vector<AlertEvent> standing;
  MqttChannel channel(
      publisher, clock, log, "gw", [](const AlertEvent& e) { return e.alert; }, [&] { return standing; }, 1);
  TestClient other(broker.port());
  ASSERT_TRUE(other.publish("sluice/gw/alerts/stale/x", "x", 1, true));
  ASSERT_TRUE(channel.deliver_all({hot}).front().status.ok());
  standing = {hot};
  auto retained = [&] {
    TestClient reader(broker.port());
    reader.subscribe("sluice/gw/alerts/#", 1);
    reader.collect_all();
    std::vector<std::string> topics;
    for (const TestClient::Message& m : reader.messages()) topics.push_back(m.topic);
    return topics;
  };
  EXPECT_EQ(std::vector<std::string>{"sluice/gw/alerts/hot/a/b"}, retained());
  broker.kill();  // and it forgets what it had not saved
  broker.start();
  ASSERT_TRUE(test::eventually([&] {
    clock.pass_ms(60000);
    channel.tick();
    return publisher.connected();
  }));
  EXPECT_EQ(std::vector<std::string>{"sluice/gw/alerts/hot/a/b"}, retained());
  hot.state = AlertState::kResolved;
  ASSERT_TRUE(channel.deliver_all({hot}).front().status.ok());
  EXPECT_EQ(std::vector<std::string>{}, retained());
}

}  // namespace
}  // namespace sluice
