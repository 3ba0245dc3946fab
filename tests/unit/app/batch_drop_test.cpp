#include "app/batch_drop.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr Day kToday = 20513;

AlertEvent event(const std::string& id) {
  AlertEvent made;
  made.id = id;
  return made;
}

class BatchDrop : public ::testing::Test {
 protected:
  // One of everything, named after `name`.
  static Batch batch(const std::string& name, std::uint64_t seq) {
    Batch b;
    b.cursor = {"journal", seq};
    b.clock.stream_ms = static_cast<std::int64_t>(seq);
    b.new_sensors = {{static_cast<SensorId>(seq), name, "°C", 0}};
    b.readings.resize(2);
    b.tallies.emplace(seq);
    b.rule_states.resize(2);
    b.rule_states[0].rule = "both";
    b.rule_states[0].value = static_cast<double>(seq);
    b.rule_states[1].rule = name;
    b.events = {event(name + "-1"), event(name + "-2")};
    b.delivered.first = seq;
    b.backlog.resize(2);
    b.backlog[0].first = seq;
    b.backlog[1].first = 99;  // grew
    b.retained = {{"both", seq}, {name, seq}};
    b.quarantine.resize(60);
    b.quarantine[0].topic = name;
    Counts& counts = b.counts[kToday];
    counts[Counter::kMessagesReceived] = counts[Counter::kMessagesDecoded] = 2;
    counts[Counter::kReadingsDecoded] = 4;
    counts[Counter::kReadingsStored] = counts[Counter::kReadingsDuplicate] = 1;
    counts[Counter::kReadingsInvalid] = 2;
    b.snapshot.resize(1);
    b.snapshot[0].id = static_cast<SensorId>(seq);
    b.derived.resize(seq == 1 ? 2 : 1);
    b.derived[0].id = 50;
    b.derived[0].value = static_cast<double>(seq);
    b.derived.back().id = seq == 1 ? 1 : 50;
    b.silences.resize(1);
    b.silences[0].silence.id = seq;
    b.gateway_days = {static_cast<Day>(kToday + seq)};
    return b;
  }
};

TEST_F(BatchDrop, CountsWhatWasStoredAsDroppedAndKeepsTheRest) {
  Batch b = batch("a", 1);
  drop_readings(b);
  EXPECT_TRUE(b.readings.empty());
  EXPECT_FALSE(b.tallies.has_value());
  EXPECT_EQ(0u, b.counts[kToday][Counter::kReadingsStored]);
  EXPECT_EQ(0u, b.counts[kToday][Counter::kReadingsDuplicate]);
  EXPECT_EQ(2u, b.counts[kToday][Counter::kReadingsDropDisk]);
  EXPECT_EQ(2u, b.counts[kToday][Counter::kReadingsInvalid]);
  EXPECT_TRUE(b.counts[kToday].balanced());
  EXPECT_EQ(2u, b.events.size());
  const CarriedCounts sum = carried_counts(b);
  EXPECT_EQ(2u, sum.messages);
  EXPECT_EQ(2u, sum.readings_dropped);
}

TEST_F(BatchDrop, PutsOneBatchBeforeAnotherLosingNothingButReadings) {
  Batch earlier = batch("a", 1);
  Batch later = batch("b", 2);
  drop_readings(earlier);
  put_before(std::move(earlier), later);
  EXPECT_EQ(2u, later.cursor.seq);
  EXPECT_EQ(2, later.clock.stream_ms);
  ASSERT_EQ(2u, later.new_sensors.size());
  EXPECT_EQ("a", later.new_sensors[0].name);
  EXPECT_EQ(2u, later.readings.size());
  ASSERT_TRUE(later.tallies.has_value());
  EXPECT_EQ(2u, later.tallies->size()) << "of the readings that are still there";
  ASSERT_EQ(3u, later.rule_states.size());
  EXPECT_EQ("a", later.rule_states[0].rule);
  EXPECT_EQ(2, later.rule_states[1].value) << "of the same rule and sensor the newer counts";
  ASSERT_EQ(4u, later.events.size());
  EXPECT_EQ("a-1", later.events[0].id);
  EXPECT_EQ("b-2", later.events[3].id);
  EXPECT_EQ(2u, later.delivered.first);
  ASSERT_EQ(3u, later.backlog.size());
  EXPECT_EQ(1u, later.backlog[0].first);
  using Retained = std::vector<std::pair<std::string, std::uint64_t>>;
  EXPECT_EQ((Retained{{"a", 1}, {"both", 2}, {"b", 2}}), later.retained);
  EXPECT_EQ(100u, later.quarantine.size());
  EXPECT_EQ("a", later.quarantine[0].topic);
  EXPECT_EQ(4u, later.counts.at(kToday)[Counter::kMessagesReceived]);
  EXPECT_EQ(2u, later.counts.at(kToday)[Counter::kReadingsDropDisk]);
  EXPECT_EQ(1u, later.counts.at(kToday)[Counter::kReadingsStored]);
  ASSERT_EQ(1u, later.snapshot.size());
  EXPECT_EQ(2u, later.snapshot[0].id);
  ASSERT_EQ(2u, later.derived.size()) << "of the same sensor the newer counts";
  EXPECT_EQ(1u, later.derived[0].id);
  EXPECT_EQ(2, later.derived[1].value);
  ASSERT_EQ(2u, later.silences.size());
  EXPECT_EQ(1u, later.silences[0].silence.id);
  EXPECT_EQ((std::vector<Day>{kToday + 1, kToday + 2}), later.gateway_days);
}

TEST_F(BatchDrop, KeepsASnapshotOnlyWhereNoRowsFollow) {
  Batch earlier = batch("a", 1);
  drop_readings(earlier);
  Batch rows = batch("b", 2);
  rows.snapshot.clear();
  put_before(Batch(earlier), rows);
  EXPECT_TRUE(rows.snapshot.empty());
  Batch none = batch("c", 3);
  drop_readings(none);
  none.snapshot.clear();
  put_before(std::move(earlier), none);
  ASSERT_EQ(1u, none.snapshot.size());
  EXPECT_EQ(1u, none.snapshot[0].id);
}

TEST_F(BatchDrop, DoesNotGrowHoweverLongItGoesOn) {
  Batch carried;
  for (std::uint64_t i = 1; i <= 50; ++i) {
    Batch next = batch("same", i);
    next.events.assign(1000, event("event " + std::to_string(i)));
    drop_readings(next);
    put_before(std::move(carried), next);
    carried = std::move(next);
  }
  EXPECT_EQ(kCarriedEventsMax + 1000, carried.events.size());
  EXPECT_EQ("event 50", carried.events.back().id);
  EXPECT_EQ(2u, carried.rule_states.size());
  EXPECT_EQ(2u, carried.retained.size());
  EXPECT_EQ(100u, carried.quarantine.size());
  EXPECT_EQ(100u, carried_counts(carried).readings_dropped);
}

}  // namespace
}  // namespace sluice
