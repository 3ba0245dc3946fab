#include "unit/store/store_fixture.h"

namespace sluice {
namespace {

class Commit : public StoreFixture {};

TEST_F(Commit, KeepsEveryReadingAsItWas) {
  std::mt19937_64 random(7);
  std::vector<Reading> all;
  for (int i = 0; i < 20; ++i) {
    std::vector<Reading> readings;
    for (int k = 0; k < 50; ++k) {
      double value = k % 3 == 0   ? static_cast<double>(random() % 100)
                     : k % 3 == 1 ? std::ldexp(static_cast<double>(random()) - 9e18, -40)
                                  : -0.1 * static_cast<double>(k);
      Reading r = reading(1 + random() % 5, kStart + i * kMinute + k, value);
      r.arrival_ms += static_cast<std::int64_t>(random() % 100000) - 3000;
      r.flags = static_cast<std::uint32_t>(random() % 64);
      readings.push_back(r);
    }
    all.insert(all.end(), readings.begin(), readings.end());
    commit(readings);
  }
  EXPECT_EQ(all, stored_rows());
  EXPECT_EQ(1000u, store_->status().rows);
  open();
  EXPECT_EQ(all, stored_rows());
  EXPECT_EQ(1000u, store_->status().rows);
}

TEST_F(Commit, KeepsWhatTheBrokerMayHoldOfUs) {
  EXPECT_EQ(BrokerSession(), must(store_->broker_session()));
  for (const BrokerSession& held : {BrokerSession{"gw", {}}, BrokerSession{"gw", {"a/#", "b"}}}) {
    ASSERT_TRUE(store_->keep_broker_session(held).ok());
    open();
    EXPECT_EQ(held, must(store_->broker_session()));
  }
}

TEST_F(Commit, KeepsExtremeValues) {
  std::vector<Reading> all;
  for (double value : {0.0, 1e308, -1e308, 5e-324, 140737488355327.0, 140737488355328.0, -140737488355329.0,
                       9007199254740993.0, 0.1, -1.0, 1e18, -9.3e18})
    all.push_back(reading(1, kStart, value));
  commit(all);
  EXPECT_EQ(all, stored_rows());
}

TEST_F(Commit, GivesTheDigestOfEachBatchAsItsRowsHaveIt) {
  for (int i = 0; i < 5; ++i) {
    std::vector<Reading> readings;
    for (int k = 0; k < 200 * i + 1; ++k)
      readings.push_back(reading(1, kStart + i * 1000 + k, -0.0 + k * 0.5));
    readings[0].value = -0.0;
    commit(readings);
  }
  std::int64_t next_row = 1;
  auto batches = must(view_->batches_after(0, 100));
  EXPECT_EQ(5u, batches.size());
  for (const auto& b : batches) {
    EXPECT_EQ(next_row, b.first_row);
    RowsDigest digest;
    for (auto& row :
         must(view_->rows_after(b.first_row - 1, static_cast<std::size_t>(b.last_row - b.first_row + 1))))
      digest.add(row.reading);
    EXPECT_EQ(b.digest, digest.finish());
    next_row = b.last_row + 1;
  }
}

TEST_F(Commit, HasADigestThatIsTheSameOnEveryMachine) {
  RowsDigest digest;
  Reading r;
  r.sensor = 0x01020304;
  r.time_ms = 0x1112131415161718;
  r.value = 1.5;
  r.arrival_ms = -2;
  digest.add(r);
  // sha256 of 04030201 1817161514131211 000000000000f83f feffffffffffffff
  EXPECT_EQ("d0fed246660ddeda", digest.finish());
}

TEST_F(Commit, AddsCountersByArrivalDay) {
  Ledger expected;
  for (int i = 0; i < 30; ++i) {
    Batch b = batch({reading(1, kStart + i * 7 * kHour, i)});
    b.counts[kFirstDay + i % 3][Counter::kMessagesMalformed] += static_cast<std::uint64_t>(i);
    for (auto& [day, counts] : b.counts) expected[day].add(counts);
    must(store_->commit(b));
  }
  EXPECT_EQ(expected, must(view_->ledger()));
  EXPECT_EQ(expected[kFirstDay + 1], must(view_->arrived_on(kFirstDay + 1)));
  EXPECT_EQ(Counts{}, must(view_->arrived_on(1)));
}

TEST_F(Commit, RefusesABatchOlderThanTheStore) {
  Batch first = batch({reading(1, kStart, 1)});
  must(store_->commit(batch({reading(1, kStart, 2)})));
  EXPECT_EQ(ErrorCode::kInvalid, store_->commit(first).error().code);
}

TEST_F(Commit, GivesBackACheckpoint) {
  EXPECT_EQ("", must(store_->load_checkpoint({kHour})).cursor.journal_id);
  Batch b = batch({reading(2, kStart, 1), reading(1, kStart + 5, 2.5)});
  b.clock.stream_minus_boot_ms = 17;
  b.clock.wall_minus_stream_ms = -3;
  b.clock.backlog = true;
  b.backlog = {{128, {{5, 6}}}, {256, {{7, 0xfedcba98u}, {65535, 1}}}};
  b.retained = {{"a/b", 0xffffffffffffffffu}};
  RuleState firing{"hot",
                   1,
                   RuleState::Phase::kFiring,
                   5,
                   6,
                   2,
                   2.5,
                   "d",
                   3,
                   1,
                   7,
                   8,
                   true,
                   true,
                   kQueued,
                   {1, 2, 3},
                   {{4, 9, 10}, {5, 11, 12}},
                   {13, 2.25, 0x80000004u}};
  RuleState pending{"hot", 2, RuleState::Phase::kPending, 5, 6, 0, 1, "d", 0, 1, 5, 0, false, false, 0, {},
                    {},    {}};
  b.rule_states = {firing, pending};
  Silence silence{77, "s/+", "hot", {{"site", "a\"b"}}, 5, 6, "why"};
  b.silences = {{silence, false}, {Silence{78, "#", "", {}, 1, 2, ""}, false}};
  b.clock.connected_since_ms = 99;
  must(store_->commit(b));
  Batch idle = batch({});
  idle.clock = b.clock;
  idle.delivered = {257, {{65535, 1}, {8, 2}}};
  idle.retained = {{"a/b", 3}, {"c", 4}};
  pending.phase = RuleState::Phase::kIdle;
  idle.rule_states = {pending};
  idle.silences = {{Silence{78, "", "", {}, 0, 0, ""}, true}};
  must(store_->commit(idle));
  open();
  Checkpoint c = must(store_->load_checkpoint({kHour}));
  EXPECT_EQ(cursor_, c.cursor);
  EXPECT_EQ("boot-1", c.clock.boot_id);
  EXPECT_EQ(17, c.clock.stream_minus_boot_ms);
  EXPECT_EQ(-3, c.clock.wall_minus_stream_ms);
  EXPECT_EQ(kStart + 5, c.clock.stream_ms);
  EXPECT_TRUE(c.clock.connected && c.clock.backlog && !c.clock.clock_trusted);
  EXPECT_EQ(2u, c.sensors.size());
  EXPECT_EQ("sensor/2", c.sensors[1].name);
  EXPECT_EQ((std::vector<DeliveredRun>{b.backlog[0], b.backlog[1], idle.delivered}), c.delivered);
  EXPECT_EQ((std::vector<std::pair<std::string, std::uint64_t>>{{"a/b", 3}, {"c", 4}}), c.retained);
  EXPECT_EQ(1u, c.rule_states.size());
  EXPECT_EQ(RuleState::Phase::kFiring, c.rule_states[0].phase);
  EXPECT_EQ(2, c.rule_states[0].told_level);
  EXPECT_EQ(3, c.rule_states[0].level);
  EXPECT_EQ(1, c.rule_states[0].toward);
  EXPECT_EQ(7, c.rule_states[0].move_since_ms);
  EXPECT_EQ(8, c.rule_states[0].told_ms);
  EXPECT_TRUE(c.rule_states[0].flapping);
  EXPECT_EQ((std::vector<std::int64_t>{1, 2, 3}), c.rule_states[0].changes);
  EXPECT_TRUE(c.rule_states[0].since_estimated);
  EXPECT_EQ(firing.further, c.rule_states[0].further);
  EXPECT_EQ(firing.copy, c.rule_states[0].copy);
  EXPECT_EQ(std::uint32_t{kQueued}, c.rule_states[0].open);
  EXPECT_EQ(std::vector<Silence>{silence}, c.silences);
  EXPECT_EQ(99, c.clock.connected_since_ms);
  EXPECT_EQ(kStart + 5, c.newest_row_ms);
  Batch more = batch({});
  more.backlog = {{256 + kBacklogRun * kBacklogRunsMax, {{9, 3}}}};
  must(store_->commit(more));
  auto delivered = must(store_->load_checkpoint({kHour})).delivered;
  EXPECT_EQ(3u, delivered.size());
  EXPECT_EQ(more.backlog[0], delivered.back()) << "in the place of 256";
}

// The engine's rule: the newest time wins, the later row on a tie; the last row is the last arrival.
TEST_F(Commit, RebuildsLastValuesFromSnapshotAndLaterRows) {
  std::mt19937_64 random(11);
  std::vector<SensorLast> last(20);
  std::int64_t now = kStart;
  for (int i = 0; i < 300; ++i) {
    std::vector<Reading> readings;
    for (int k = 0; k < 10; ++k) {
      now += 137;
      SensorId sensor = 1 + static_cast<SensorId>(random() % (i < 200 ? 20 : 5));
      readings.push_back(
          reading(sensor, now - static_cast<std::int64_t>(random() % 3000) / 1000 * 1000, k, now));
      SensorLast& l = last[sensor - 1];
      l.id = sensor;
      l.arrival_ms = now;
      l.subscribed_ms = now - kStart;
      if (readings.back().time_ms >= l.time_ms) {
        l.time_ms = readings.back().time_ms;
        l.value = k;
      }
    }
    Batch b = batch(readings);
    if (i % 70 == 69 || i == 0) {
      for (const SensorLast& l : last)
        if (l.id != 0) b.snapshot.push_back(l);
    }
    must(store_->commit(b));
    if (i % 50 != 49) continue;
    open();
    auto read = must(store_->load_checkpoint({1}));
    ASSERT_EQ(20u, read.last.size());
    for (std::size_t s = 0; s < 20; ++s) {
      EXPECT_EQ(last[s].id, read.last[s].id);
      EXPECT_EQ(last[s].time_ms, read.last[s].time_ms);
      EXPECT_EQ(last[s].value, read.last[s].value);
      EXPECT_EQ(last[s].arrival_ms, read.last[s].arrival_ms);
      EXPECT_EQ(last[s].subscribed_ms, read.last[s].subscribed_ms);
    }
  }
}

TEST_F(Commit, LooksNoFurtherBackThanToldWhereThereIsNoSnapshot) {
  commit({reading(1, kStart, 1)});
  commit({reading(2, kStart + 2 * kHour, 2)});
  EXPECT_EQ(1u, must(store_->load_checkpoint({kHour})).last.size());
  EXPECT_EQ(2u, must(store_->load_checkpoint({3 * kHour})).last.size());
}

TEST_F(Commit, LooksBackByTheClockThatNoStepMoves) {
  commit({reading(1, kStart, 1)});
  Batch stepped = batch({reading(2, kStart + 5 * kHour, 2)});
  stepped.clock.stream_ms = kStart + 1000;
  must(store_->commit(stepped));
  EXPECT_EQ(2u, must(store_->load_checkpoint({kHour})).last.size());
}

TEST_F(Commit, KeepsTheNewestQuarantineSamplesOnly) {
  settings_.quarantine_max = 5;
  open();
  for (int i = 0; i < 4; ++i) {
    Batch b = batch({});
    for (int k = 0; k < 3; ++k)
      b.quarantine.push_back(
          {i, "t" + std::to_string(3 * i + k), std::string(5000, 'x'), Counter::kMessagesBadUtf8});
    must(store_->commit(b));
  }
  std::string command = "sqlite3 " + settings_.path +
                        " \"select count(*), min(topic), max(length(payload)), min(reason) from quarantine\"";
  FILE* pipe = ::popen(command.c_str(), "r");
  char line[200] = "";
  EXPECT_NE(nullptr, std::fgets(line, sizeof line, pipe));
  ::pclose(pipe);
  EXPECT_STREQ("5|t10|1024|messages_rejected/bad_utf8\n", line);
}

// What a batch writes is the budget of the SD card: 100 bytes a reading at 100 a second, 200 MB a day below.
TEST_F(Commit, WritesFewBytes) {
  std::mt19937_64 random(3);
  for (auto [rows, bytes_max] : {std::pair{1000, 100000.0}, {230, 23000.0}, {10, 23000.0}, {1, 23000.0}}) {
    must(store_->close_cleanly());
    std::uint64_t before = store_->status().write_bytes;
    constexpr int kBatches = 200;
    for (int i = 0; i < kBatches; ++i) {
      std::vector<Reading> readings;
      for (int k = 0; k < rows; ++k)
        readings.push_back(reading(1 + random() % 100, kStart + i * 10000 + k,
                                   20 + 0.01 * static_cast<double>(random() % 997),
                                   kStart + i * 10000 + k + static_cast<std::int64_t>(random() % 50)));
      Batch b = batch(std::move(readings));
      for (std::uint16_t t = 0; t < 100; ++t)
        b.delivered.messages.push_back({t, static_cast<std::uint32_t>(random())});
      must(store_->commit(b));
    }
    must(store_->close_cleanly());  // so that what is still to be folded in counts, too
    double bytes = static_cast<double>(store_->status().write_bytes - before) / kBatches;
    EXPECT_GT(bytes_max, bytes) << rows << " rows a batch";
    EXPECT_LT(rows * 50, bytes);
  }
}

TEST_F(Commit, GivesBackTheReadingsThatRulesLookBackOn) {
  Batch b = batch({reading(1, kStart, 1), reading(2, kStart + 1, 2), reading(1, kStart + 2, 3)});
  b.clock.stream_ms = kStart + 1000;
  b.clock.wall_minus_stream_ms = 5;
  b.new_sensors = {{1, "a", ""}, {2, "b", ""}};
  must(store_->commit(b));
  Lookback lookback{kHour};
  lookback.recall_ms = [](const std::string& sensor) { return sensor == "a" ? kHour : 0; };
  auto recent = must(store_->load_checkpoint(lookback)).recent;
  ASSERT_EQ(2u, recent.size());
  EXPECT_EQ(1, recent[0].reading.value);
  EXPECT_EQ(3, recent[1].reading.value);
  EXPECT_EQ(recent[1].reading.arrival_ms - 5, recent[1].arrival_stream_ms);
  lookback.recent_max = 1;
  EXPECT_EQ(3, must(store_->load_checkpoint(lookback)).recent.at(0).reading.value);
  lookback.recent_max = 2;
  lookback.recall_ms = [](const std::string&) { return kHour; };
  recent = must(store_->load_checkpoint(lookback)).recent;
  ASSERT_EQ(3u, recent.size());
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(i + 1, recent[i].reading.value) << "in order of arrival";
}

TEST_F(Commit, GivesBackWhatLiesBeforeTheNewestOfEachSensorHoweverLongAgoThatWas) {
  const auto keep = [&](std::int64_t at_ms, std::vector<Reading> rows) {
    for (Reading& row : rows) row.arrival_ms = at_ms;
    Batch b = batch(std::move(rows));
    b.clock.stream_ms = at_ms;
    must(store_->commit(b));
  };
  keep(kStart, {reading(1, kStart - kHour, 1), reading(1, kStart - 1, 2), reading(1, kStart, 3)});
  for (int i = 1; i < 50; ++i) keep(kStart + i * kHour, {reading(2, kStart + i * kHour, 9)});
  const std::int64_t now_ms = kStart + 50 * kHour;
  Reading copy = reading(2, now_ms - 1, 7);
  copy.flags |= kRetained;
  keep(now_ms, {reading(2, now_ms, 5), reading(2, now_ms - 2, 4), reading(2, now_ms - 5, 6), copy});
  Lookback lookback{1000 * kHour};
  lookback.recall_ms = [](const std::string&) { return 10; };
  lookback.recent_max = 2;
  std::string values;
  for (const RecentReading& row : must(store_->load_checkpoint(lookback)).recent)
    values += std::to_string(static_cast<int>(row.reading.value));
  EXPECT_EQ("235467", values) << "the newest by time, those that came last, and copies beside them";
}

TEST_F(Commit, KeepsTheNewestOfADerivedSensorWhichHasNoRows) {
  Batch b = batch({reading(1, kStart, 1)});
  b.new_sensors = {{1, "a", ""}, {2, "derived", ""}};
  b.derived = {{2, kStart, 7.5, kQueued, 40, kStart + 40, 300}};
  must(store_->commit(b));
  b = batch({reading(1, kStart + 1, 2)});
  must(store_->commit(b));
  const Checkpoint checkpoint = must(store_->load_checkpoint({kHour}));
  ASSERT_EQ(2u, checkpoint.last.size());
  const SensorLast& last = checkpoint.last[1];
  EXPECT_EQ(7.5, last.value);
  EXPECT_EQ(kStart, last.time_ms);
  EXPECT_EQ(std::uint32_t{kQueued}, last.flags);
  EXPECT_EQ(40, last.lag_ms);
  EXPECT_EQ(kStart + 40, last.arrival_ms);
  EXPECT_EQ(300, last.subscribed_ms);
}

}  // namespace
}  // namespace sluice
