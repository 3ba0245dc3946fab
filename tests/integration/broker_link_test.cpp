#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>

#include "integration/link_recorder.h"
#include "io/paho_broker_link.h"
#include "support/mosquitto.h"
#include "support/test_client.h"

namespace sluice {
namespace {

using test::LinkRecorder;
using test::Mosquitto;
using test::TestClient;

// Both versions of the protocol must give the stages above the same picture.
class BrokerLinkOf : public ::testing::TestWithParam<int> {
 protected:
  BrokerSettings settings(const Mosquitto& broker) const {
    BrokerSettings s;
    s.uri = broker.uri();
    s.client_id = "gw";
    s.protocol = GetParam();
    return s;
  }
  // connect() starts; waits for what it comes to.
  static LinkRecorder::Event connect(PahoBrokerLink& link, LinkRecorder& events) {
    EXPECT_TRUE(link.connect().ok());
    return events.wait_for("connected");
  }
  static std::vector<int> subscribe(PahoBrokerLink& link, LinkRecorder& events,
                                    const std::vector<Subscription>& filters) {
    EXPECT_TRUE(link.subscribe(filters).ok());
    return events.wait_for("subscribed").codes;
  }
  static void disconnect(PahoBrokerLink& link, LinkRecorder& events) {
    EXPECT_TRUE(link.disconnect().ok());
    EXPECT_EQ("disconnected", events.wait_for("disconnected").what);
  }
};

INSTANTIATE_TEST_SUITE_P(Mqtt, BrokerLinkOf, ::testing::Values(3, 5));

TEST_P(BrokerLinkOf, DeliversEachQosWithItsPacketId) {
  Mosquitto broker;
  LinkRecorder events;
  PahoBrokerLink link(settings(broker), events);
  EXPECT_FALSE(connect(link, events).flag);
  EXPECT_EQ((std::vector<int>{1, 2}), subscribe(link, events, {{"one/#", 1}, {"two/#", 2}}));
  TestClient sensor(broker.port());
  for (int i = 0; i < 50; ++i) {
    int qos = i % 3;
    std::string topic = qos == 2 ? "two/x" : "one/x";
    ASSERT_TRUE(sensor.publish(topic, std::to_string(i), qos));
    LinkRecorder::Event message = events.wait_for("message");
    EXPECT_EQ(topic, message.text);
    EXPECT_EQ(std::to_string(i), message.payload);
    EXPECT_EQ(qos, message.qos);
    EXPECT_EQ(qos == 0, message.packet_id == 0);
    EXPECT_FALSE(message.dup);
    EXPECT_FALSE(message.flag);
  }
  std::vector<LinkRecorder::Event> all = events.all();
  for (const LinkRecorder::Event& event : all) EXPECT_EQ(all.front().thread, event.thread) << event.what;
}

TEST_P(BrokerLinkOf, DeliversEmptyAndBinaryAndLongPayloads) {
  Mosquitto broker;
  LinkRecorder events;
  PahoBrokerLink link(settings(broker), events);
  connect(link, events);
  subscribe(link, events, {{"a", 1}});
  TestClient sensor(broker.port());
  for (const std::string& payload : {std::string(), std::string("a\0b\xff", 4), std::string(1 << 20, 'x')}) {
    ASSERT_TRUE(sensor.publish("a", payload, 1));
    EXPECT_EQ(payload, events.wait_for("message").payload);
  }
}

// What comes again (its PUBACK was lost with the connection) has DUP set and the packet id that it had
// before.
TEST_P(BrokerLinkOf, FindsItsSessionAgainAndSaysSoBeforeTheFirstMessage) {
  Mosquitto broker;
  TestClient sensor(broker.port());
  int sent = 0;
  int received = 0;
  std::map<std::string, int> packet_ids;
  for (int round = 0; round < 3; ++round) {
    LinkRecorder events;
    PahoBrokerLink link(settings(broker), events);
    EXPECT_EQ(round > 0, connect(link, events).flag);
    if (round == 0) subscribe(link, events, {{"a/#", 1}});
    for (int again = 0; again < 2; ++again) {
      disconnect(link, events);
      for (int i = 0; i < 20; ++i) ASSERT_TRUE(sensor.publish("a/x", std::to_string(sent++), 1));
      EXPECT_TRUE(connect(link, events).flag);
      while (received < sent) {
        LinkRecorder::Event message = events.wait_for("message");
        ASSERT_EQ("message", message.what);
        auto [known, is_new] = packet_ids.emplace(message.payload, message.packet_id);
        if (is_new) {
          EXPECT_EQ(std::to_string(received++), message.payload);
        } else {
          EXPECT_TRUE(message.dup);
          EXPECT_EQ(known->second, message.packet_id);
        }
      }
    }
    disconnect(link, events);
    std::string last = "none";
    for (const LinkRecorder::Event& event : events.all()) {
      if (event.what == "message") {
        EXPECT_NE("disconnected", last);
      }
      last = event.what;
    }
  }
}

TEST_P(BrokerLinkOf, KeepsItsSessionOverABrokersRestart) {
  Mosquitto broker;
  LinkRecorder events;
  PahoBrokerLink link(settings(broker), events);
  connect(link, events);
  subscribe(link, events, {{"a/#", 1}});
  broker.stop();
  EXPECT_EQ("lost", events.wait_for("lost").what);
  broker.start();
  TestClient sensor(broker.port());
  ASSERT_TRUE(sensor.publish("a/x", "1", 1));
  EXPECT_TRUE(connect(link, events).flag);
  EXPECT_EQ("1", events.wait_for("message").payload);
}

TEST_P(BrokerLinkOf, DeliversRetainedMessagesWhenASubscriptionIsNew) {
  Mosquitto broker;
  TestClient sensor(broker.port());
  ASSERT_TRUE(sensor.publish("a/x", "kept", 1, true));
  LinkRecorder events;
  PahoBrokerLink link(settings(broker), events);
  connect(link, events);
  subscribe(link, events, {{"a/#", 1}});
  LinkRecorder::Event message = events.wait_for("message");
  EXPECT_EQ("kept", message.payload);
  EXPECT_TRUE(message.flag);
  disconnect(link, events);
  connect(link, events);
  subscribe(link, events, {{"a/#", 1}});
  ASSERT_TRUE(sensor.publish("a/x", "live", 1));
  message = events.wait_for("message");
  if (GetParam() == 3) {  // has no such option: it comes with each subscription
    EXPECT_EQ("kept", message.payload);
    message = events.wait_for("message");
  }
  EXPECT_EQ("live", message.payload);
  EXPECT_FALSE(message.flag);
}

TEST_P(BrokerLinkOf, NamesHostAndCauseWhenItCannotConnect) {
  Mosquitto broker;
  LinkRecorder events;
  PahoBrokerLink link(settings(broker), events);
  broker.stop();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(link.connect().ok());
    std::string why = events.wait_for("failed").text;
    EXPECT_NE(std::string::npos, why.find("127.0.0.1:" + std::to_string(broker.port()))) << why;
    EXPECT_NE(std::string::npos, why.find("connection refused")) << why;
  }
  broker.start();
  EXPECT_EQ("connected", connect(link, events).what);
}

TEST_P(BrokerLinkOf, ReadsThePasswordAtEachConnect) {
  test::TempFolder folder;
  std::string passwords = folder.file("passwords");
  folder.write("passwords", "");
  ASSERT_EQ(0, std::system(("mosquitto_passwd -b " + passwords + " gw right 2>/dev/null").c_str()));
  Mosquitto broker({.extra = "password_file " + passwords, .anonymous = false});
  BrokerSettings s = settings(broker);
  s.username = "gw";
  s.password_file = folder.write("secret", "wrong\n");
  std::filesystem::permissions(s.password_file, std::filesystem::perms(0600));
  LinkRecorder events;
  PahoBrokerLink link(s, events);
  ASSERT_TRUE(link.connect().ok());
  std::string why = events.wait_for("failed").text;
  EXPECT_NE(std::string::npos, why.find("mqtt.password_file")) << why;
  folder.write("secret", "right\n");
  EXPECT_EQ("connected", connect(link, events).what);
  disconnect(link, events);
  std::filesystem::remove(folder.file("secret"));
  Status unreadable = link.connect();
  ASSERT_FALSE(unreadable.ok());
  EXPECT_NE(std::string::npos, unreadable.error().context.find("mqtt.password_file"));
}

TEST_P(BrokerLinkOf, HearsNothingFromAFilterThatTheAccessListStarves) {
  test::TempFolder folder;
  std::string list = folder.write("acl", "topic read open/#\npattern readwrite sluice/#\n");
  Mosquitto broker({.extra = "acl_file " + list});
  LinkRecorder events;
  PahoBrokerLink link(settings(broker), events);
  connect(link, events);
  EXPECT_EQ((std::vector<int>{1, 1}), subscribe(link, events, {{"closed/#", 1}, {"open/#", 1}}));
}

TEST_P(BrokerLinkOf, RefusesToConnectTwice) {
  Mosquitto broker;
  LinkRecorder events;
  PahoBrokerLink link(settings(broker), events);
  connect(link, events);
  EXPECT_FALSE(link.connect().ok());
  disconnect(link, events);
  EXPECT_FALSE(link.disconnect().ok());
  EXPECT_FALSE(link.subscribe({{"a", 1}}).ok());
  EXPECT_FALSE(link.publish_qos1("a", "x").ok());
}

TEST_P(BrokerLinkOf, IsLostWhenAnotherClientTakesItsId) {
  Mosquitto broker;
  LinkRecorder events;
  PahoBrokerLink link(settings(broker), events);
  connect(link, events);
  TestClient::Options options;
  options.client_id = "gw";
  TestClient thief(broker.port(), options);
  EXPECT_EQ("lost", events.wait_for("lost").what);
  EXPECT_EQ("connected", connect(link, events).what);
}

TEST_P(BrokerLinkOf, ReturnsFromTheCallbackBeforeTheBrokerHearsOfIt) {
  Mosquitto broker({.extra = "max_inflight_messages 1"});
  LinkRecorder events;
  PahoBrokerLink link(settings(broker), events);
  connect(link, events);
  subscribe(link, events, {{"a", 1}});
  TestClient sensor(broker.port());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(sensor.publish("a", std::to_string(i), 1));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(std::to_string(i), events.wait_for("message").payload);
}

// A broker of one connection, played by the test byte for byte.
class ScriptedBroker : public ::testing::Test {
 protected:
  void SetUp() override {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(0, ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size));
    ASSERT_EQ(0, ::listen(listener_, 1));
    ASSERT_EQ(0, ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size));
    settings_.uri = "mqtt://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    settings_.client_id = "gw";
  }
  void TearDown() override {
    if (client_ >= 0) ::close(client_);
    ::close(listener_);
  }
  void accept() {
    client_ = ::accept(listener_, nullptr, nullptr);
    char connect[512];
    ASSERT_LT(0, ::recv(client_, connect, sizeof connect, 0));
  }
  void hear(std::size_t size) {
    std::string bytes(size, ' ');
    ASSERT_EQ(static_cast<ssize_t>(size), ::recv(client_, bytes.data(), size, MSG_WAITALL));
  }
  void say(const std::string& bytes) {
    ASSERT_EQ(static_cast<ssize_t>(bytes.size()), ::send(client_, bytes.data(), bytes.size(), 0));
  }
  BrokerSettings settings_;
  int listener_ = -1;
  int client_ = -1;
};

TEST(BrokerLink, SaysThatABrokerDoesNotTakeQos1) {
  Mosquitto broker({.listener = "max_qos 0\n"});
  BrokerSettings s;
  s.uri = broker.uri();
  s.client_id = "gw";
  LinkRecorder events;
  PahoBrokerLink link(s, events);
  ASSERT_TRUE(link.connect().ok());
  ASSERT_EQ("connected", events.wait_for("connected").what);
  ASSERT_TRUE(link.publish_qos1("sluice/gw/heartbeat", "1").ok());
  EXPECT_NE(std::string::npos, events.wait_for("lost").text.find("max_qos"));
}

TEST_F(ScriptedBroker, TellsThatTheSessionWasTakenOver) {
  LinkRecorder events;
  PahoBrokerLink link(settings_, events);
  ASSERT_TRUE(link.connect().ok());
  accept();
  say(std::string("\x20\x03\x00\x00\x00", 5));  // CONNACK
  EXPECT_EQ("connected", events.wait_for("connected").what);
  say(std::string("\xe0\x02\x8e\x00", 4));  // DISCONNECT, session taken over
  ::shutdown(client_, SHUT_RDWR);
  EXPECT_EQ("taken over by another client with the same id", events.wait_for("lost").text);
}

TEST_F(ScriptedBroker, RefusesSomeSubscriptionsWithReasons) {
  LinkRecorder events;
  PahoBrokerLink link(settings_, events);
  ASSERT_TRUE(link.connect().ok());
  accept();
  say(std::string("\x20\x03\x00\x00\x00", 5));
  events.wait_for("connected");
  ASSERT_TRUE(link.subscribe({{"a", 1}, {"b", 1}, {"c", 2}}).ok());
  hear(27);
  say(std::string("\x90\x04\x00\x01\x00\x01", 6));  // packet 1: granted QoS 1
  say(std::string("\x90\x04\x00\x02\x00\x87", 6));  // packet 2: not authorised
  say(std::string("\x90\x04\x00\x03\x00\x02", 6));  // packet 3: granted QoS 2
  EXPECT_EQ((std::vector<int>{1, 0x87, 2}), events.wait_for("subscribed").codes);
}

TEST_F(ScriptedBroker, GivesItsReasonForRefusingAConnection) {
  LinkRecorder events;
  PahoBrokerLink link(settings_, events);
  ASSERT_TRUE(link.connect().ok());
  accept();
  say(std::string("\x20\x03\x00\x87\x00", 5));
  EXPECT_NE(std::string::npos, events.wait_for("failed").text.find("not authorised"));
}

TEST_F(ScriptedBroker, IsToldTheSessionsLifeAndHowMuchMayBeInFlight) {
  LinkRecorder events;
  PahoBrokerLink link(settings_, events);
  ASSERT_TRUE(link.connect().ok());
  client_ = ::accept(listener_, nullptr, nullptr);
  char connect[512];
  ssize_t size = ::recv(client_, connect, sizeof connect, 0);
  ASSERT_LT(0, size);
  std::string packet(connect, static_cast<std::size_t>(size));
  EXPECT_EQ(0, packet[9] & 0x02);                                                     // no clean start
  EXPECT_NE(std::string::npos, packet.find(std::string("\x11\x00\x09\x3a\x80", 5)));  // session expiry 7 d
  EXPECT_NE(std::string::npos, packet.find(std::string("\x21\x00\x64", 3)));          // receive maximum 100
}

}  // namespace
}  // namespace sluice
