#include "config/problems.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice {
namespace {

TEST(Suggestion, FindsTheKeyThatWasMeant) {
  std::vector<std::string> keys{"broker", "client_id", "keepalive", "heartbeat", "at", "to", "for"};
  EXPECT_EQ("broker", nearest("brokr", keys));
  EXPECT_EQ("broker", nearest("Broker", keys));
  EXPECT_EQ("client_id", nearest("clientid", keys));
  EXPECT_EQ("keepalive", nearest("keep_alive", keys));
  EXPECT_EQ("heartbeat", nearest("haertbeat", keys));
  EXPECT_EQ("for", nearest("fro", keys));
}

TEST(Suggestion, IsNotMadeForAWordLikeNone) {
  std::vector<std::string> keys{"broker", "at", "to"};
  EXPECT_EQ("", nearest("quarantine", keys));
  EXPECT_EQ("", nearest("x", keys));
  EXPECT_EQ("", nearest("", keys));
  EXPECT_EQ("", nearest(std::string(100000, 'a'), keys));
}

TEST(ProblemList, IsInTheOrderOfTheFile) {
  Problems problems;
  problems.add({9, 2}, "b", "is wrong", "expected right");
  problems.add({3, 7}, "a", "is wrong", "expected right", "better");
  problems.add({9, 1}, "c", "is wrong", "expected right");
  EXPECT_EQ(
      "f:3:7: a: is wrong; expected right; did you mean \"better\"?\n"
      "f:9:1: c: is wrong; expected right\n"
      "f:9:2: b: is wrong; expected right",
      problems.text("f"));
}

TEST(ProblemList, SaysHowManyItLeavesOut) {
  Problems problems;
  for (int i = 1; i <= 600; ++i) problems.add({i, 1}, "k", "is wrong", "expected right");
  std::string text = problems.text("f");
  EXPECT_EQ(500, std::count(text.begin(), text.end(), '\n'));
  EXPECT_NE(std::string::npos, text.find("f: 100 more errors"));
}

TEST(ProblemList, KeepsEachProblemOnOneBoundedLine) {
  Problems problems;
  problems.add({1, 1}, "a\nb" + std::string(100000, 'x'), "is " + in_quotes(std::string(100000, '\n')),
               "expected less");
  std::string text = problems.text("f");
  EXPECT_EQ(std::string::npos, text.find('\n'));
  EXPECT_GT(1000u, text.size());
}

}  // namespace
}  // namespace sluice
