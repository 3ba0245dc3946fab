#include "app/episodes.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

AlertEvent event(AlertState state, std::int64_t at_ms, std::uint32_t flags = 0) {
  AlertEvent event;
  event.alert = "hot";
  event.sensor = "a";
  event.state = state;
  event.since_ms = event.at_ms = at_ms;
  event.flags = flags;
  return event;
}

Episodes of(const std::vector<std::pair<std::int64_t, std::int64_t>>& spans, std::int64_t from_ms = 0,
            std::int64_t to_ms = 1000000) {
  Episodes episodes(from_ms, to_ms);
  for (const auto& [from, to] : spans) {
    episodes.add(event(AlertState::kFiring, from));
    if (to > 0) episodes.add(event(AlertState::kResolved, to));
  }
  episodes.finish(to_ms);
  return episodes;
}

const RuleHistory& only(const Episodes& episodes) {
  return episodes.histories().at({"hot", "a"});
}

TEST(Episodes, CountOnlyTheTimeInWhichTheyWereLookedAt) {
  const Episodes episodes = of({{5, 20}, {30, 40}, {90, 0}}, 10, 100);
  EXPECT_EQ(3u, only(episodes).count);
  EXPECT_EQ(10 + 10 + 10, only(episodes).total_ms);
  EXPECT_EQ(5, only(episodes).first_ms);
  EXPECT_TRUE(of({{5, 9}, {100, 120}}, 10, 100).histories().empty());
}

TEST(Episodes, AreToldOnceAnyOfTheirEventsIs) {
  Episodes episodes(0, 1000);
  episodes.add(event(AlertState::kFiring, 10, kQuiet));
  episodes.add(event(AlertState::kFiring, 20, kStanding));
  episodes.add(event(AlertState::kResolved, 30));
  episodes.add(event(AlertState::kFiring, 40, kMuted));
  episodes.add(event(AlertState::kResolved, 50, kMuted));
  EXPECT_EQ(2u, only(episodes).count);
  EXPECT_EQ(1u, only(episodes).untold);
  EXPECT_TRUE(only(episodes).episodes[0].told);
}

TEST(Episodes, AreComparedWithThoseThatTheyOverlap) {
  const EpisodeComparison comparison =
      compare(of({{10, 20}, {30, 40}, {50, 60}, {70, 80}}), of({{10, 20}, {35, 55}, {90, 95}}));
  EXPECT_EQ(1u, comparison.same);
  EXPECT_EQ(1u, comparison.moved) << "two became one";
  EXPECT_EQ(1u, comparison.only_before);
  EXPECT_EQ(1u, comparison.only_after);
  ASSERT_EQ(3u, comparison.differences.size());
  EXPECT_EQ(2u, comparison.differences[0].before.size());
  ASSERT_EQ(1u, comparison.differences[0].after.size());
  EXPECT_EQ(35, comparison.differences[0].after[0].fired_ms);
}

TEST(Episodes, OfTheSameHistoryDoNotDiffer) {
  EXPECT_FALSE(compare(of({{10, 20}, {30, 0}}), of({{10, 20}, {30, 0}})).differs());
  EXPECT_TRUE(compare(of({{10, 20}, {30, 0}}), of({{10, 20}, {30, 31}})).differs());
}

TEST(Episodes, AreCountedBeyondTheListAndNeverCalledEqualThen) {
  Episodes many(0, 1ll << 40);
  for (std::size_t i = 0; i < Episodes::kListedMax + 10; ++i) {
    many.add(event(AlertState::kFiring, static_cast<std::int64_t>(2 * i)));
    many.add(event(AlertState::kResolved, static_cast<std::int64_t>(2 * i + 1)));
  }
  EXPECT_EQ(Episodes::kListedMax + 10, only(many).count);
  EXPECT_EQ(Episodes::kListedMax, only(many).episodes.size());
  EXPECT_EQ(10u, many.not_listed());
  EXPECT_TRUE(compare(many, many).differs());
}

}  // namespace
}  // namespace sluice
