#include "drivers/send_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace sluice::drivers {
namespace {

class Buffer : public ::testing::Test {
 protected:
  void push(int number) { buffer_.push({"t", std::to_string(number)}); }
  std::string send() {
    auto next = buffer_.send_next();
    if (!next) return "";
    ids_.push_back(next->id);
    return next->sample->payload;
  }

  SendBuffer buffer_{{.messages = 8, .bytes = 1000, .in_flight = 3}};
  std::vector<std::uint64_t> ids_;
};

TEST_F(Buffer, SendsInOrderWithinTheWindow) {
  for (int i = 0; i < 5; ++i) push(i);
  EXPECT_EQ("0", send());
  EXPECT_EQ("1", send());
  EXPECT_EQ("2", send());
  EXPECT_EQ("", send());
  buffer_.acknowledged(ids_[0]);
  EXPECT_EQ("3", send());
  EXPECT_EQ(1u, buffer_.delivered());
}

TEST_F(Buffer, SendsAgainInOrderWhatWasNotAcknowledged) {
  for (int i = 0; i < 4; ++i) push(i);
  send(), send(), send();
  buffer_.acknowledged(ids_[1]);
  buffer_.connection_lost();
  buffer_.acknowledged(ids_[0]);  // too late to count
  EXPECT_EQ("0", send());
  EXPECT_EQ("2", send());
  EXPECT_EQ("3", send());
  EXPECT_EQ(1u, buffer_.delivered());
}

TEST_F(Buffer, DropsTheOldestThatWaitsAndCountsIt) {
  for (int i = 0; i < 10; ++i) push(i);
  EXPECT_EQ(8u, buffer_.size());
  EXPECT_EQ(2u, buffer_.dropped());
  EXPECT_EQ("2", send());
}

TEST_F(Buffer, KeepsWhatIsInFlightWhenItIsFull) {
  push(0);
  send();
  for (int i = 1; i < 20; ++i) push(i);
  buffer_.connection_lost();
  EXPECT_EQ("0", send());
  EXPECT_EQ("13", send());
}

TEST_F(Buffer, IsBoundedInBytesToo) {
  for (int i = 0; i < 5; ++i) buffer_.push({"t", std::string(299, 'x')});
  EXPECT_EQ(3u, buffer_.size());
  buffer_.push({"t", std::string(5000, 'x')});
  EXPECT_EQ(0u, buffer_.size());
  EXPECT_EQ(6u, buffer_.dropped());
}

TEST_F(Buffer, SaysWhenItHasRoomAndKeepsSayingSo) {
  for (int i = 0; i < 3; ++i) push(i);
  EXPECT_TRUE(buffer_.has_room());
  push(3);
  EXPECT_FALSE(buffer_.has_room());
  send(), send();
  buffer_.acknowledged(ids_[0]);
  buffer_.acknowledged(ids_[1]);
  EXPECT_FALSE(buffer_.has_room());
  send();
  buffer_.acknowledged(ids_[2]);
  EXPECT_TRUE(buffer_.has_room());
}

// Against a broker that acknowledges in any order and goes away at any time: what was not dropped arrives at
// least once, and the books balance.
TEST_F(Buffer, LosesNothingThatItDoesNotCount) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    SendBuffer buffer({.messages = 20, .bytes = 100'000, .in_flight = 1 + random() % 10});
    std::vector<int> arrived(300, 0);
    std::vector<std::uint64_t> open;
    int pushed = 0;
    while (pushed < 300 || !buffer.empty()) {
      unsigned choice = random() % 10;
      if (choice < 3 && pushed < 300) {
        buffer.push({"t", std::to_string(pushed++)});
      } else if (choice < 6) {
        if (auto next = buffer.send_next()) {
          ++arrived[static_cast<std::size_t>(std::stoi(next->sample->payload))];
          open.push_back(next->id);
        }
      } else if (choice < 9 && !open.empty()) {
        std::size_t which = random() % open.size();
        buffer.acknowledged(open[which]);
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(which));
      } else if (choice == 9 && random() % 5 == 0) {
        buffer.connection_lost();
        if (random() % 2) open.clear();
      }
      ASSERT_LE(buffer.size(), 20u);
    }
    auto missing = std::count(arrived.begin(), arrived.end(), 0);
    ASSERT_LE(static_cast<std::uint64_t>(missing), buffer.dropped()) << "seed " << seed;
    ASSERT_EQ(300u, buffer.delivered() + buffer.dropped()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace sluice::drivers
