#include "engine_fixture.h"

namespace sluice {
namespace {

TEST_F(EngineOf, TurnsMessagesIntoReadingsOfNumberedSensors) {
  say("s/a", R"({"v":21.5,"t":1699999999})");
  say("p/b", "7");
  say("s/a", R"({"v":22,"t":1700000000})");
  Batch batch = fold();
  ASSERT_EQ(3u, batch.readings.size());
  EXPECT_EQ(1u, batch.readings[0].sensor);
  EXPECT_EQ(2u, batch.readings[1].sensor);
  EXPECT_EQ(1699999999000, batch.readings[0].time_ms);
  EXPECT_EQ(kPayloadTime, batch.readings[0].flags);
  EXPECT_EQ(batch.readings[1].arrival_ms, batch.readings[1].time_ms);
  EXPECT_EQ("s/a", batch.new_sensors[0].name);
  EXPECT_EQ("°C", batch.new_sensors[0].unit);
}

TEST_F(EngineOf, GivesAKnownSensorTheUnitOfAChangedConfiguration) {
  settings_.decode.readings[1].unit = "W";
  settings_.decode.sensors[0].unit = "°F";
  Checkpoint known;
  known.sensors = {{1, "p/a", "", 0}, {2, "s/a", "°C", 0}, {3, "p/b", "W", 0}};
  Engine engine(settings_, Calendar::load("UTC").value(), known);
  for (const char* sensor : {"p/a", "p/b", "p/a"}) say(sensor, "40");
  for (Kept& kept : journal_) feed(engine, kept);
  const Batch batch = merged(engine);
  ASSERT_EQ(2u, batch.new_sensors.size());
  EXPECT_EQ("s/a", batch.new_sensors[0].name);
  EXPECT_EQ("°F", batch.new_sensors[0].unit);
  EXPECT_EQ(1u, batch.new_sensors[1].id);
  EXPECT_EQ("p/a", batch.new_sensors[1].name);
  EXPECT_EQ("W", batch.new_sensors[1].unit);
  ASSERT_FALSE(batch.events.empty());
  EXPECT_EQ("W", batch.events[0].unit);
}

TEST_F(EngineOf, TakesTheUnitFromThePayloadWhereItGivesOne) {
  settings_.decode.readings[0].unit_at = "/u";
  Checkpoint known;
  known.sensors = {{1, "s/a", "", 0}};
  Engine engine(settings_, Calendar::load("UTC").value(), known);
  say("s/a", R"({"v":21,"t":1699999998,"u":"K"})");
  say("s/b", R"({"v":21,"t":1699999998,"u":"°F"})");
  say("s/c", R"({"v":21,"t":1699999998})");
  for (Kept& kept : journal_) feed(engine, kept);
  std::vector<std::string> units;
  for (const SensorRow& row : merged(engine).new_sensors) units.push_back(row.name + " " + row.unit);
  EXPECT_EQ((std::vector<std::string>{"s/a K", "s/b °F", "s/c °C"}), units);
}

TEST_F(EngineOf, CountsEveryMessageAndReadingOnceByWhatBecameOfIt) {
  say("s/a", R"({"v":21.5,"t":1699999999})");
  say("s/a", R"({"v":21.5,"t":1699999999})");          // sent twice
  say("s/a", R"({"v":85,"t":1699999999})");            // sentinel
  say("s/a", R"({"v":400,"t":1699999999})");           // implausible
  say("s/a", R"({"v":1,"t":1800000000})");             // future
  say("s/a", R"({"v":"x","t":1699999999})");           // not a number
  say("s/a", R"({"v":1})");                            // no time
  say("s/a", "{");                                     // malformed
  say("other", "1");                                   // nobody asked for it
  append(RecordKind::kMessage, "s/a", "", kOversize);  // too large
  Counts counts = total(fold());
  EXPECT_EQ(10u, counts[Counter::kMessagesReceived]);
  EXPECT_EQ(7u, counts[Counter::kMessagesDecoded]);
  EXPECT_EQ(1u, counts[Counter::kMessagesIgnored]);
  EXPECT_EQ(1u, counts[Counter::kMessagesMalformed]);
  EXPECT_EQ(1u, counts[Counter::kMessagesTooLarge]);
  EXPECT_EQ(1u, counts[Counter::kReadingsStored]);
  EXPECT_EQ(1u, counts[Counter::kReadingsDuplicate]);
  EXPECT_EQ(1u, counts[Counter::kReadingsInvalid]);
  EXPECT_EQ(1u, counts[Counter::kReadingsImplausible]);
  EXPECT_EQ(1u, counts[Counter::kReadingsFuture]);
  EXPECT_EQ(1u, counts[Counter::kReadingsNotANumber]);
  EXPECT_EQ(1u, counts[Counter::kReadingsBadTime]);
  EXPECT_TRUE(counts.balanced());
}

TEST_F(EngineOf, StoresARedeliveredMessageOnce) {
  say("p/a", "1", kQos1, 7);
  append(RecordKind::kDisconnected);
  append(RecordKind::kConnected, "", "", kSessionPresent);
  say("p/a", "1", kQos1 | kDupFlag, 7);
  say("p/a", "1", kQos1, 8);
  Batch batch = fold();
  EXPECT_EQ(2u, batch.readings.size());
  EXPECT_EQ(1u, total(batch)[Counter::kMessagesDuplicate]);
}

TEST_F(EngineOf, StoresARetainedMessageOnlyWhenItIsNew) {
  say("p/a", "31", kRetainFlag);
  say("p/a", "31", kRetainFlag);
  say("p/a", "5");
  say("p/a", "5", kRetainFlag);
  Batch batch = fold();
  ASSERT_EQ(3u, batch.readings.size());
  EXPECT_EQ(kRetained, batch.readings[0].flags);
  EXPECT_EQ(kRetained | kDuplicate, batch.readings[2].flags);
  EXPECT_TRUE(batch.events.empty()) << "a retained message raises no alert";
}

TEST_F(EngineOf, FlagsWhatWaitedInTheBacklog) {
  append(RecordKind::kConnected, "", "", kSessionPresent);
  say("p/a", "31");
  append(RecordKind::kBacklogEnd);
  say("p/a", "32");
  Batch batch = fold();
  EXPECT_EQ(kQueued, batch.readings[0].flags);
  EXPECT_EQ(0u, batch.readings[1].flags);
  ASSERT_EQ(2u, batch.events.size());
  EXPECT_EQ(kQuiet | kFromQueued, batch.events[0].flags);
  EXPECT_EQ(kStanding, batch.events[1].flags);
}

TEST_F(EngineOf, FlagsWhatWaitedInTheBacklogByItsTimeToo) {
  append(RecordKind::kDisconnected);
  clock_.pass_ms(60000);
  const std::int64_t connected_ms = clock_.now().wall_ms;
  append(RecordKind::kConnected, "", "", kSessionPresent);
  clock_.pass_ms(100);
  const auto timed = [](std::int64_t time_ms) { return R"({"v":31,"t":)" + std::to_string(time_ms) + "}"; };
  say("s/before", timed(connected_ms - 1));
  say("s/since", timed(connected_ms));
  append(RecordKind::kBacklogEnd);
  say("s/late", timed(connected_ms - 1));
  Batch batch = fold();
  ASSERT_EQ(3u, batch.readings.size());
  EXPECT_EQ(kPayloadTime | kQueued, batch.readings[0].flags);
  EXPECT_EQ(std::uint32_t{kPayloadTime}, batch.readings[1].flags);
  EXPECT_EQ(std::uint32_t{kPayloadTime}, batch.readings[2].flags);
  std::vector<std::pair<std::string, std::uint32_t>> hot;
  for (const AlertEvent& event : batch.events) {
    if (event.alert == "hot") hot.emplace_back(event.sensor, event.flags);
  }
  EXPECT_EQ((std::vector<std::pair<std::string, std::uint32_t>>{
                {"s/before", kQuiet | kFromQueued}, {"s/since", 0}, {"s/before", kStanding}, {"s/late", 0}}),
            hot);
}

TEST_F(EngineOf, CutsBatchesWhereTheClocksOrTheConnectionChange) {
  say("p/a", "1");
  clock_.step_wall_ms(3600000);
  say("p/a", "2");
  append(RecordKind::kDisconnected);
  append(RecordKind::kConnected);
  say("p/a", "3");
  Engine engine = fresh();
  for (Kept& kept : journal_) feed(engine, kept);
  std::vector<std::size_t> sizes;
  while (engine.pending()) sizes.push_back(engine.take_batch().readings.size());
  EXPECT_EQ((std::vector<std::size_t>{0, 1, 1, 1}), sizes) << "the first is of before the clock was trusted";
}

TEST_F(EngineOf, GivesReadingsOfAnUnsetClockTheLastKnownTimePlusElapsed) {
  say("p/a", "1");
  const std::int64_t known_ms = clock_.now().wall_ms;
  clock_.reboot("boot-2", 0);
  append(RecordKind::kStart, "boot-2");
  clock_.pass_ms(5000);
  clock_.step_wall_ms(86400000);  // nobody has said that it is right now
  say("p/a", "2");
  say("s/a", R"({"v":3,"t":1700000000000})");
  clock_.step_wall_ms(known_ms + 60000 - clock_.now().wall_ms);
  append(RecordKind::kClockTrusted);
  say("p/a", "4");
  Engine engine = fresh();
  for (Kept& kept : journal_) feed(engine, kept);
  std::vector<Batch> batches;
  while (engine.pending()) batches.push_back(engine.take_batch());
  ASSERT_EQ(4u, batches.size());
  const bool unset[] = {true, false, true, false};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(unset[i], batches[i].unset) << i;
  ASSERT_EQ(2u, batches[2].readings.size());
  const Reading& plain = batches[2].readings[0];
  EXPECT_EQ(kClockUnset | kTimeEstimated, plain.flags);
  EXPECT_EQ(known_ms + 5000, plain.time_ms);
  EXPECT_EQ(kPayloadTime | kClockUnset, batches[2].readings[1].flags);
  ASSERT_EQ(1u, batches[3].readings.size());
  EXPECT_EQ(0u, batches[3].readings[0].flags);
  EXPECT_EQ(known_ms + 60000, batches[3].readings[0].time_ms);
}

TEST_F(EngineOf, CountsByDayAndSensorWhatCannotMoveAnyMore) {
  say("p/a", "1");
  say("p/b", "7");
  say("p/a", "3");
  auto tallies = [&] {
    Engine engine = fresh();
    for (Kept& kept : journal_) feed(engine, kept);
    std::optional<std::vector<DayTally>> found;
    while (engine.pending()) {
      Batch batch = engine.take_batch();
      if (!batch.readings.empty()) found = std::move(batch.tallies);
    }
    return found;
  };
  const auto counted = tallies();
  ASSERT_TRUE(counted.has_value());
  ASSERT_EQ(2u, counted->size());
  EXPECT_EQ((Tally{2, 1, 3, 4}), counted->at(0).tally);
  EXPECT_EQ((Tally{1, 7, 7, 7}), counted->at(1).tally);
  journal_.clear();
  append(RecordKind::kStart, "boot-2");
  append(RecordKind::kConnected);
  say("p/a", "1");
  EXPECT_FALSE(tallies().has_value()) << "the clock is not set, and the reading's time may change";
}

TEST_F(EngineOf, QuarantinesARecordThatItWasToldToGiveUp) {
  say("p/a", "1");
  Engine engine = fresh();
  for (std::size_t i = 0; i + 1 < journal_.size(); ++i) feed(engine, journal_[i]);
  Kept& poison = journal_.back();
  poison.record.topic = poison.topic;
  poison.record.payload = poison.payload;
  engine.give_up(poison.record);
  Batch batch = merged(engine);
  EXPECT_EQ(0u, batch.readings.size());
  ASSERT_EQ(1u, batch.quarantine.size());
  EXPECT_EQ(Counter::kMessagesCrashed, batch.quarantine[0].reason);
  EXPECT_TRUE(total(batch).balanced());
}

TEST_F(EngineOf, WantsATickAtTheNextDeadlineAndAtMidnight) {
  Engine engine = fresh();
  for (Kept& kept : journal_) feed(engine, kept);
  // 2023-11-14T22:13:20Z: midnight is 6,400 s away.
  EXPECT_EQ(clock_.now().boot_ms + 6400000, engine.next_deadline_boot_ms());
  say("p/a", "31");
  feed(engine, journal_.back());
  EXPECT_EQ(clock_.now().boot_ms + 5000, engine.next_deadline_boot_ms());
}

}  // namespace
}  // namespace sluice
