#include "engine/redelivery.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace sluice {
namespace {

class RedeliveryOf : public ::testing::Test {
 protected:
  void SetUp() override { redelivery_.on_connected(false); }
  bool seen(std::uint16_t id, const std::string& payload, int flags) {
    JournalRecord message;
    message.packet_id = id;
    message.boot_ms = boot_ms_;
    message.topic = "t";
    message.payload = payload;
    message.flags = static_cast<std::uint8_t>(flags);
    return redelivery_.seen_before(message);
  }
  // As the store does: a run takes the place of the one kBacklogRunsMax before it.
  void keep() {
    for (DeliveredRun& run : redelivery_.take_backlog())
      kept_[run.first / kBacklogRun % kBacklogRunsMax] = std::move(run);
    newest_ = redelivery_.newest();
  }
  void restart(bool in_backlog) {
    std::map<std::uint64_t, DeliveredRun> in_order;
    for (const auto& [slot, run] : kept_) in_order[run.first] = run;
    std::vector<DeliveredRun> runs;
    for (auto& [first, run] : in_order) runs.push_back(std::move(run));
    runs.push_back(newest_);
    redelivery_ = Redelivery(4, runs, in_backlog, false);
  }
  Redelivery redelivery_{4, {}, false, false};
  std::map<std::uint64_t, DeliveredRun> kept_;
  std::int64_t boot_ms_ = 1000;
  DeliveredRun newest_;
};

TEST_F(RedeliveryOf, KnowsARepeatedMessageAfterAReconnectWithTheSession) {
  EXPECT_FALSE(seen(1, "a", kQos1));
  redelivery_.on_connected(true);
  EXPECT_TRUE(seen(1, "a", kQos1 | kDupFlag));
}

TEST_F(RedeliveryOf, BelievesNeitherDupNorContentAlone) {
  EXPECT_FALSE(seen(1, "a", kQos1));
  EXPECT_FALSE(seen(1, "a", kQos1 | kDupFlag)) << "same connection";
  redelivery_.on_connected(true);
  EXPECT_FALSE(seen(1, "b", kQos1 | kDupFlag)) << "other content";
  redelivery_.on_connected(true);
  EXPECT_FALSE(seen(1, "b", kQos1)) << "no DUP";
  redelivery_.on_connected(false);
  EXPECT_FALSE(seen(1, "b", kQos1 | kDupFlag)) << "no session";
  EXPECT_FALSE(seen(2, "c", kQos1));
  redelivery_.on_connected(false);
  redelivery_.on_connected(true);
  EXPECT_FALSE(seen(2, "c", kQos1 | kDupFlag)) << "it belonged to a session that is gone";
}

TEST_F(RedeliveryOf, TakesQos2WithoutDupBecauseTheLibraryClearsIt) {
  EXPECT_FALSE(seen(1, "a", kQos2));
  EXPECT_FALSE(seen(1, "a", kQos2)) << "an id used again within a connection is a new message";
  redelivery_.on_connected(true);
  EXPECT_TRUE(seen(1, "a", kQos2));
  EXPECT_FALSE(seen(1, "a", kQos2)) << "repeated only once";
}

TEST_F(RedeliveryOf, KnowsALongBacklogOfWhichNoAcknowledgementArrived) {
  constexpr int kBacklog = 30000;
  redelivery_.on_connected(true);
  for (int id = 1; id <= kBacklog; ++id) {
    EXPECT_FALSE(seen(static_cast<std::uint16_t>(id), "21.5", kQos1));
    if (id % 777 == 0) keep();
    if (id % 7770 == 0) restart(true);
  }
  keep();
  restart(true);
  redelivery_.on_connected(true);
  int again = 0;
  for (int id = 1; id <= kBacklog; ++id)
    again += seen(static_cast<std::uint16_t>(id), "21.5", kQos1 | kDupFlag);
  EXPECT_EQ(kBacklog, again);
}

TEST_F(RedeliveryOf, RemembersTheNewestOfWhatCameLiveOverARestart) {
  redelivery_.on_connected(true);
  seen(100, "a", kQos1);
  redelivery_.on_backlog_end();
  seen(101, "a", kQos1);
  boot_ms_ += 60000;
  seen(102, "a", kQos1);
  ++boot_ms_;
  for (std::uint16_t id = 1; id <= 500; ++id) EXPECT_FALSE(seen(id, "b", kQos1));
  keep();
  ASSERT_EQ(1u, kept_.size()) << "only what came until a minute after the backlog has runs of its own";
  EXPECT_EQ(102u, kept_.begin()->second.messages.back().packet_id);
  restart(false);
  redelivery_.on_connected(true);
  EXPECT_FALSE(seen(496, "b", kQos1 | kDupFlag));
  for (std::uint16_t id = 497; id <= 500; ++id) EXPECT_TRUE(seen(id, "b", kQos1 | kDupFlag)) << id;
}

TEST_F(RedeliveryOf, ForgetsAnIdLongBeforeTheBrokerComesBackToIt) {
  for (int n = 0; n < 65535; ++n) seen(static_cast<std::uint16_t>(n + 1), "21.5", kQos1);
  redelivery_.on_connected(true);
  EXPECT_FALSE(seen(1, "21.5", kQos1 | kDupFlag)) << "the same reading again, lost with the connection";
  EXPECT_TRUE(seen(65535, "21.5", kQos1 | kDupFlag));
}

TEST_F(RedeliveryOf, AgreesWithAPlainTableOverRestarts) {
  struct Known {
    std::string payload;
    int connection = 0;
    int number = 0;
  };
  std::mt19937 random(5);
  std::map<std::uint16_t, Known> table;
  redelivery_.on_connected(true);  // from here on all is backlog, so that a restart forgets nothing
  int connection = 0, number = 2;
  int repeated = 0;
  for (int n = 0; n < 200000; ++n, ++number) {
    if (random() % 20000 == 0) {
      if (random() % 4 == 0) {
        table.clear();
        redelivery_.on_connected(false);
        ++number;
      }
      redelivery_.on_connected(true);
      ++connection, ++number;
    }
    if (random() % 10000 == 0) {
      keep();
      restart(true);
    }
    const auto id = static_cast<std::uint16_t>(random() % 65535 + 1);
    const std::string payload(1, random() % 2 == 0 ? 'a' : 'b');
    auto known = table.find(id);
    const bool expected = known != table.end() && known->second.payload == payload &&
                          known->second.connection != connection &&
                          number - known->second.number <= static_cast<int>(kDeliveriesMax);
    ASSERT_EQ(expected, seen(id, payload, kQos1 | kDupFlag)) << "delivery " << n;
    repeated += expected;
    table[id] = {payload, connection, number};
  }
  EXPECT_LT(1000, repeated);
}

TEST(MessageHash, IsFnv1aOfTopicAndPayload) {
  // FNV-1a 64 of the single byte 0 is the offset basis times the prime.
  EXPECT_EQ(0xaf63bd4c8601b7dfu, message_hash("", ""));
  EXPECT_NE(message_hash("ab", "c"), message_hash("a", "bc"));
}

}  // namespace
}  // namespace sluice
