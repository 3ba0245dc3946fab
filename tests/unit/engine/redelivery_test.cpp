#include "engine/redelivery.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

class RedeliveryOf : public ::testing::Test {
 protected:
  void SetUp() override { redelivery_.on_connected(false); }
  bool seen(std::uint16_t id, const char* payload, int flags) {
    JournalRecord message;
    message.packet_id = id;
    message.topic = "t";
    message.payload = payload;
    message.flags = static_cast<std::uint8_t>(flags);
    return redelivery_.seen_before(message);
  }
  Redelivery redelivery_{4, {}, false};
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
}

TEST_F(RedeliveryOf, TakesQos2WithoutDupBecauseTheLibraryClearsIt) {
  EXPECT_FALSE(seen(1, "a", kQos2));
  EXPECT_FALSE(seen(1, "a", kQos2)) << "an id used again within a connection is a new message";
  redelivery_.on_connected(true);
  EXPECT_TRUE(seen(1, "a", kQos2));
  EXPECT_FALSE(seen(1, "a", kQos2)) << "repeated only once";
}

TEST_F(RedeliveryOf, RemembersTheNewestAndSurvivesARestart) {
  for (std::uint16_t id = 1; id <= 6; ++id) EXPECT_FALSE(seen(id, "a", kQos1));
  Redelivery restarted(4, redelivery_.remembered(), false);
  redelivery_ = restarted;
  redelivery_.on_connected(true);
  EXPECT_FALSE(seen(2, "a", kQos1 | kDupFlag));
  EXPECT_TRUE(seen(6, "a", kQos1 | kDupFlag));
  EXPECT_EQ(4u, redelivery_.remembered().size());
}

TEST(MessageHash, IsFnv1aOfTopicAndPayload) {
  // FNV-1a 64 of the single byte 0 is the offset basis times the prime.
  EXPECT_EQ(0xaf63bd4c8601b7dfu, message_hash("", ""));
  EXPECT_NE(message_hash("ab", "c"), message_hash("a", "bc"));
}

}  // namespace
}  // namespace sluice
