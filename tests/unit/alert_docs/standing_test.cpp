// What began while nobody could be told: it is told when that is over.
#include "unit/alert_docs/alert_docs_fixture.h"

namespace sluice {
namespace {

using Standing = AlertDocs;

TEST_F(Standing, WhatBeganWithAQueuedReadingInMutedHoursIsToldWhenTheyAreOver) {
  load("alerts:\n  - { name: open, sensor: \"door/+\", above: 0, mute: [{ hours: \"00:00-06:00\" }] }\n");
  run("1m   offline");
  run("20m  online");
  run("20m  door/a 1   open firing warning muted queued quiet");
  run("21m  backlog ends");
  run("6h               open firing warning standing");
}

TEST_F(Standing, WhatBeganWithAQueuedReadingUnderASilenceIsToldWhenItIsOver) {
  load("alerts:\n  - { name: open, sensor: \"door/+\", above: 0 }\n");
  run(R"(0m   silence {"sensor":"#","until":"2026-03-02T00:30:00Z"})");
  run("1m   offline");
  run("20m  online");
  run("20m  door/a 1   open firing warning silenced queued quiet");
  run("21m  backlog ends");
  run("30m              open firing warning standing");
}

TEST_F(Standing, WhatBeganUnderAnUnsetClockIsToldWhenTheBacklogEndsAfterTheClockIsSet) {
  load("alerts:\n  - { name: open, sensor: \"door/+\", above: 0 }\n");
  run("1m   reboot");
  run("2m   online");
  run("2m   door/a 1   open firing warning queued clock_unset quiet");
  run("3m   clock set");
  run("4m   backlog ends   open firing warning standing clock_unset");
}

TEST_F(Standing, WhatWaitsSinceAQueuedReadingIsToldIfItsTimeIsUpAfterTheBacklog) {
  load("alerts:\n  - { name: open, sensor: \"door/+\", above: 0, for: 5m }\n");
  run("1m   offline");
  run("20m  online");
  run("20m  door/a 1");
  run("21m  backlog ends");
  run("25m              open firing warning");
}

TEST_F(Standing, AnAlertIsRepeatedWhileItIsKeptFiring) {
  load("alerts:\n  - { name: hot, sensor: \"room/+\", above: 28, repeat: 1h, keep_firing_for: 1d }\n");
  run("0h   room/a 29   hot firing warning");
  run("10m  room/a 20");
  run("1h               hot firing warning repeated");
  run("2h               hot firing warning repeated");
  run("2h   room/a 20");
}

}  // namespace
}  // namespace sluice
