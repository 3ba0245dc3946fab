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

}  // namespace
}  // namespace sluice
