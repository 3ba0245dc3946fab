// A clock that is set, or steps.
#include "base/time_text.h"
#include "unit/alert_docs/alert_docs_fixture.h"

namespace sluice {
namespace {

using SteppedClock = AlertDocs;

TEST_F(SteppedClock, WhatBeganUnderAnUnsetClockSaysThatItsStartIsAnEstimateToTheEnd) {
  load("alerts:\n  - { name: hot, sensor: \"room/+\", above: 28, repeat: 1h }\n");
  const std::int64_t day = 86400000;
  at_clocks(kMonday + 1000, 1000, RecordKind::kStart, "another boot");
  at_clocks(kMonday + 2000, 2000, RecordKind::kConnected);
  at_clocks(kMonday + 2000, 2000, RecordKind::kBacklogEnd);
  at_clocks(kMonday + 3000, 3000, RecordKind::kMessage, "room/a", "29");
  at_clocks(kMonday + day + 60000, 60000, RecordKind::kClockTrusted);
  at_clocks(kMonday + day + 4000000, 4000000, RecordKind::kTick);
  at_clocks(kMonday + day + 4100000, 4100000, RecordKind::kMessage, "room/a", "20");
  for (const AlertEvent& event : engine_->take_events())
    EXPECT_NE(0u, event.flags & kClockWasUnset) << "since " << format_rfc3339(event.since_ms) << " at "
                                                << format_rfc3339(event.at_ms) << " flags " << event.flags;
}

TEST_F(SteppedClock, AStepForwardDoesNotEndAForBeforeItsTime) {
  load("alerts:\n  - { name: hot, sensor: \"room/+\", above: 28, for: 30m }\n");
  at_clocks(kMonday + 1000, kMonday + 1000, RecordKind::kMessage, "room/a", "29");
  EXPECT_EQ("", said());
  // One minute later by the boot clock; NTP has moved the wall clock by an hour meanwhile.
  at_clocks(kMonday + 3600000 + 61000, kMonday + 61000, RecordKind::kMessage, "room/a", "29");
  EXPECT_EQ("", said()) << "it has held for one minute";
}

TEST_F(SteppedClock, AStepForwardDoesNotResolveBeforeKeepFiringFor) {
  load("alerts:\n  - { name: hot, sensor: \"room/+\", above: 28, keep_firing_for: 30m }\n");
  at_clocks(kMonday + 1000, kMonday + 1000, RecordKind::kMessage, "room/a", "29");
  at_clocks(kMonday + 2000, kMonday + 2000, RecordKind::kMessage, "room/a", "20");
  EXPECT_EQ("hot firing warning", said());
  at_clocks(kMonday + 3600000 + 61000, kMonday + 61000, RecordKind::kMessage, "room/a", "20");
  EXPECT_EQ("", said()) << "it has not held for one minute";
}

TEST_F(SteppedClock, SettingAnUnsetClockDoesNotEndAForBeforeItsTime) {
  load("alerts:\n  - { name: hot, sensor: \"room/+\", above: 28, for: 30m }\n");
  // A Pi without a clock that was off for a day: it boots with the time at which it was switched off.
  const std::int64_t day = 86400000;
  at_clocks(kMonday + 1000, 1000, RecordKind::kStart, "another boot");
  at_clocks(kMonday + 2000, 2000, RecordKind::kConnected);
  at_clocks(kMonday + 2000, 2000, RecordKind::kBacklogEnd);
  at_clocks(kMonday + 3000, 3000, RecordKind::kMessage, "room/a", "29");
  at_clocks(kMonday + day + 60000, 60000, RecordKind::kClockTrusted);
  EXPECT_EQ("", said());
  at_clocks(kMonday + day + 61000, 61000, RecordKind::kMessage, "room/a", "29");
  for (const AlertEvent& event : engine_->take_events())
    ADD_FAILURE() << event.alert << " fires after one minute of 30, since " << format_rfc3339(event.since_ms)
                  << " at " << format_rfc3339(event.at_ms) << " flags " << event.flags;
}

TEST_F(SteppedClock, AStepBackDoesNotBlindARuleThatLooksBack) {
  load(
      "alerting: { window_samples: 20 }\nalerts:\n"
      "  - { name: warm, sensor: \"room/+\", above: 26, over: { function: mean, window: 1h } }\n");
  const std::int64_t day = 86400000;
  std::int64_t boot = kMonday;
  for (int i = 0; i < 30; ++i, boot += 1000)
    at_clocks(boot + day, boot, RecordKind::kMessage, "room/a", "20");
  EXPECT_EQ("", said());
  // The clock was a day ahead and is put right.
  for (int i = 0; i < 100; ++i, boot += 1000) at_clocks(boot, boot, RecordKind::kMessage, "room/a", "40");
  EXPECT_EQ("warm firing warning", said()) << "for 100 seconds all readings were 40";
}

TEST_F(SteppedClock, ATimeThatIsFarAheadUnderAnUnsetClockDoesNotStopARuleForEver) {
  load(
      "readings: [{ topic: \"timed/+\", value: /v, time: /t }]\n"
      "alerts:\n  - { name: hot, sensor: \"timed/+\", above: 28 }\n");
  at_clocks(kMonday + 1000, 1000, RecordKind::kStart, "another boot");
  at_clocks(kMonday + 2000, 2000, RecordKind::kConnected);
  at_clocks(kMonday + 2000, 2000, RecordKind::kBacklogEnd);
  at_clocks(kMonday + 3000, 3000, RecordKind::kMessage, "timed/a", R"({"v":20,"t":4102444800})");
  at_clocks(kMonday + 60000, 60000, RecordKind::kClockTrusted);
  at_clocks(kMonday + 120000, 120000, RecordKind::kMessage, "timed/a", R"({"v":29,"t":1772409720})");
  EXPECT_EQ("hot firing warning", said());
}

TEST_F(SteppedClock, RulesGoOnForOwnDriversWhenAClockThatWasAheadIsPutRight) {
  load(
      "readings: [{ topic: \"timed/+\", value: /v, time: /t }]\n"
      "alerts:\n  - { name: hot, sensor: \"timed/+\", above: 28 }\n");
  at_clocks(kMonday + 86400000, kMonday + 1000, RecordKind::kMessage, "timed/a",
            R"({"v":20,"t":1772496000})");
  at_clocks(kMonday + 2000, kMonday + 2000, RecordKind::kMessage, "timed/a", R"({"v":29,"t":1772409602})");
  EXPECT_EQ("hot firing warning", said());
}

TEST_F(SteppedClock, WhatBeganBeforeTheClockWasSetBeganAtItsTrueTime) {
  load("alerts:\n  - { name: hot, sensor: \"room/+\", above: 28, for: 30m }\n");
  const std::int64_t day = 86400000;
  at_clocks(kMonday + 1000, 1000, RecordKind::kStart, "another boot");
  at_clocks(kMonday + 2000, 2000, RecordKind::kConnected);
  at_clocks(kMonday + 2000, 2000, RecordKind::kBacklogEnd);
  at_clocks(kMonday + 3000, 3000, RecordKind::kMessage, "room/a", "29");
  at_clocks(kMonday + day + 60000, 60000, RecordKind::kClockTrusted);
  at_clocks(kMonday + day + 1803000, 1803000, RecordKind::kTick);
  const std::vector<AlertEvent> events = engine_->take_events();
  ASSERT_EQ(1u, events.size());
  EXPECT_EQ(kMonday + day + 1803000, events[0].at_ms);
  EXPECT_EQ(kMonday + day + 1803000, events[0].since_ms);
  EXPECT_EQ(0u, events[0].flags);
}

TEST_F(SteppedClock, WhatProvesToBeOfTheFutureOnceTheClockIsSetIsToldByTheNextReading) {
  load(
      "readings: [{ topic: \"timed/+\", value: /v, time: /t }]\n"
      "alerts:\n  - { name: hot, sensor: \"#\", above: 28 }\n"
      "  - { name: held, sensor: \"#\", above: 28, for: 30s }\n");
  const std::int64_t day = 86400000;
  const auto timed = [](std::int64_t time_ms) { return R"({"v":29,"t":)" + std::to_string(time_ms) + "}"; };
  at_clocks(kMonday + 1000, 1000, RecordKind::kStart, "another boot");
  at_clocks(kMonday + 2000, 2000, RecordKind::kConnected);
  at_clocks(kMonday + 2000, 2000, RecordKind::kBacklogEnd);
  at_clocks(kMonday + 3000, 3000, RecordKind::kMessage, "timed/a", timed(kMonday + 2 * day));
  at_clocks(kMonday + 3000, 3000, RecordKind::kMessage, "timed/b", timed(kMonday + day));
  EXPECT_EQ("hot firing warning clock_unset quiet, hot firing warning clock_unset quiet", said());
  at_clocks(kMonday + day + 10000, 10000, RecordKind::kClockTrusted);
  EXPECT_EQ("hot firing warning standing clock_unset", said()) << "of timed/b";
  at_clocks(kMonday + day + 90000, 90000, RecordKind::kMessage, "timed/a", timed(kMonday + day + 90000));
  EXPECT_NE(std::string::npos, said().find("hot firing warning standing clock_unset"));
}

}  // namespace
}  // namespace sluice
