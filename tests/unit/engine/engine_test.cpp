#include "engine/engine.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <set>
#include <sstream>

#include "alert/event_json.h"
#include "base/clock.h"

namespace sluice {
namespace {

// A journal as a list, so that any part of it can be folded again.
struct Kept {
  JournalRecord record;
  std::string topic;
  std::string payload;
};

class EngineOf : public ::testing::Test {
 protected:
  void SetUp() override {
    ReadingsEntry json;
    json.topic = "s/+";
    json.value = "/v";
    json.time = "/t";
    json.unit = "°C";
    ReadingsEntry plain;
    plain.topic = "p/#";
    plain.format = PayloadFormat::kNumber;
    settings_.decode.readings = {json, plain};
    SensorEntry probe;
    probe.sensor = "s/#";
    probe.invalid = {85};
    probe.plausible = std::make_pair(-40.0, 125.0);
    settings_.decode.sensors = {probe};
    Rule hot;
    hot.name = "hot";
    hot.sensor = "#";
    hot.high = 30;
    Rule held = hot;
    held.name = "held";
    held.hold = std::chrono::seconds(5);
    Rule silent = hot;
    silent.name = "silent";
    silent.kind = ConditionKind::kSilentFor;
    silent.silent_for = std::chrono::seconds(20);
    settings_.alerts.gateway = "gw";
    settings_.alerts.rules = {hot, held, silent};
    append(RecordKind::kStart, "boot-1");
    append(RecordKind::kClockTrusted);
    append(RecordKind::kConnected);
    append(RecordKind::kBacklogEnd);
  }

  void append(RecordKind kind, std::string topic = "", std::string payload = "", int flags = 0,
              std::uint16_t packet_id = 0) {
    Kept& kept = journal_.emplace_back();
    kept.topic = std::move(topic);
    kept.payload = std::move(payload);
    kept.record.seq = journal_.size();
    kept.record.kind = kind;
    kept.record.flags = static_cast<std::uint8_t>(flags);
    kept.record.packet_id = packet_id;
    kept.record.wall_ms = clock_.now().wall_ms;
    kept.record.boot_ms = clock_.now().boot_ms;
  }
  void say(const std::string& topic, const std::string& payload, int flags = 0, std::uint16_t packet_id = 0) {
    append(RecordKind::kMessage, topic, payload, flags, packet_id);
  }
  static void feed(Engine& engine, Kept& kept) {
    kept.record.topic = kept.topic;
    kept.record.payload = kept.payload;
    engine.handle(kept.record);
  }
  Engine fresh() { return Engine(settings_, Calendar::load("UTC").value(), Checkpoint{}); }
  Batch fold() {
    Engine engine = fresh();
    for (Kept& kept : journal_) feed(engine, kept);
    return merged(engine);
  }
  static Batch merged(Engine& engine) {
    Batch all;
    while (engine.pending()) {
      Batch next = engine.take_batch();
      for (auto& [day, counts] : next.counts) all.counts[day].add(counts);
      all.readings.insert(all.readings.end(), next.readings.begin(), next.readings.end());
      all.events.insert(all.events.end(), next.events.begin(), next.events.end());
      all.quarantine.insert(all.quarantine.end(), next.quarantine.begin(), next.quarantine.end());
      all.new_sensors.insert(all.new_sensors.end(), next.new_sensors.begin(), next.new_sensors.end());
    }
    return all;
  }
  static Counts total(const Batch& batch) {
    Counts sum;
    for (const auto& [day, counts] : batch.counts) sum.add(counts);
    return sum;
  }

  EngineSettings settings_;
  FakeClock clock_{1700000000000};
  std::deque<Kept> journal_;
};

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
  EXPECT_EQ((std::vector<std::size_t>{1, 1, 1}), sizes);
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

// What a store would keep and give back.
class MiniStore {
 public:
  void commit(const Batch& batch) {
    point_.cursor = batch.cursor;
    point_.clock = batch.clock;
    point_.triples = batch.triples;
    point_.sensors.insert(point_.sensors.end(), batch.new_sensors.begin(), batch.new_sensors.end());
    for (const RuleState& state : batch.rule_states) {
      std::erase_if(point_.rule_states, [&](const RuleState& old) {
        return old.rule == state.rule && old.sensor == state.sensor;
      });
      if (!state.forgettable()) point_.rule_states.push_back(state);
    }
    for (const auto& [silence, ended] : batch.silences) {
      if (!ended) point_.silences.push_back(silence);
      std::erase_if(point_.silences, [&, ended = ended, id = silence.id](const Silence& old) {
        return ended && old.id == id;
      });
    }
    for (const SensorRow& row : batch.new_sensors) last_[row.id] = {row.id, 0, 0, 0, 0, 0, row.subscribed_ms};
    for (const auto& [topic, hash] : batch.retained) {
      std::erase_if(point_.retained, [&topic = topic](const auto& old) { return old.first == topic; });
      point_.retained.emplace_back(topic, hash);
    }
    for (const Reading& row : batch.readings) {
      std::ostringstream line;
      line << row.sensor << ' ' << row.time_ms << ' ' << row.value << ' ' << row.flags;
      rows_.push_back(line.str());
      point_.recent.push_back({row, row.arrival_ms - batch.clock.wall_minus_stream_ms});
      if (row.flags & (kRetained | kDuplicate)) continue;
      SensorLast& last = last_[row.sensor];
      last.id = row.sensor;
      last.arrival_ms = row.arrival_ms;
      // The clocks' offsets are constant within a batch.
      last.subscribed_ms = batch.clock.subscribed_ms;
      if (batch.clock.connected) {
        last.subscribed_ms -= batch.clock.stream_ms - (row.arrival_ms - batch.clock.wall_minus_stream_ms);
      }
      if (row.time_ms >= last.time_ms) {
        last.time_ms = row.time_ms;
        last.value = row.value;
        last.flags = row.flags;
        last.lag_ms = row.arrival_ms - row.time_ms;
      }
    }
    for (const AlertEvent& event : batch.events) events_.push_back(event_to_json(event, "gw"));
    for (const auto& [day, counts] : batch.counts) counts_[day].add(counts);
  }
  Checkpoint checkpoint() const {
    Checkpoint point = point_;
    for (const auto& [id, last] : last_) point.last.push_back(last);
    return point;
  }
  const std::vector<std::string>& rows() const { return rows_; }
  const std::vector<std::string>& events() const { return events_; }
  const Ledger& counts() const { return counts_; }

 private:
  Checkpoint point_;
  std::map<SensorId, SensorLast> last_;
  std::vector<std::string> rows_;
  std::vector<std::string> events_;
  Ledger counts_;
};

std::string first_difference(const std::vector<std::string>& want, const std::vector<std::string>& got) {
  for (std::size_t i = 0; i < want.size() || i < got.size(); ++i) {
    const std::string a = i < want.size() ? want[i] : "nothing";
    const std::string b = i < got.size() ? got[i] : "nothing";
    if (a == b) continue;
    std::string text = "line " + std::to_string(i) + ":\n";
    return text + "want " + a + "\ngot  " + b + "\n";
  }
  return "";
}

TEST_F(EngineOf, GivesTheSameRowsEventsAndCountsWhereverItIsRestarted) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    std::mt19937 random(seed);
    journal_.erase(journal_.begin() + 4, journal_.end());
    for (int i = 0; i < 300; ++i) {
      clock_.pass_ms(random() % 3000);
      const std::string name(1, static_cast<char>('a' + random() % 3));
      const std::string value = std::to_string(20 + random() % 20);
      const std::int64_t time_ms = clock_.now().wall_ms - static_cast<std::int64_t>(random() % 2000);
      switch (random() % 12) {
        case 0:
          append(RecordKind::kDisconnected);
          clock_.pass_ms(random() % 60000);
          append(RecordKind::kConnected, "", "", kSessionPresent);
          break;
        case 1:
          append(RecordKind::kBacklogEnd);
          break;
        case 2:
          append(RecordKind::kTick);
          break;
        case 3:
          say("p/" + name, value, kRetainFlag);
          break;
        case 4:
          say("p/" + name, value, kQos1 | (random() % 2 ? kDupFlag : 0),
              static_cast<std::uint16_t>(random() % 5 + 1));
          break;
        default:
          say("s/" + name, "{\"v\":" + value + ",\"t\":" + std::to_string(time_ms) + "}");
      }
    }
    MiniStore straight;
    {
      Engine engine = fresh();
      for (Kept& kept : journal_) {
        feed(engine, kept);
        while (engine.pending()) straight.commit(engine.take_batch());
      }
    }
    MiniStore restarted;
    auto engine = std::make_unique<Engine>(settings_, Calendar::load("UTC").value(), Checkpoint{});
    for (std::size_t i = 0; i < journal_.size(); ++i) {
      feed(*engine, journal_[i]);
      if (random() % 4 != 0) continue;
      // Any number of the batches was committed before the crash; the rest is replayed.
      for (unsigned n = random() % 3; n > 0 && engine->pending(); --n) restarted.commit(engine->take_batch());
      Checkpoint point = restarted.checkpoint();
      i = point.cursor.seq - 1;
      engine = std::make_unique<Engine>(settings_, Calendar::load("UTC").value(), point);
    }
    while (engine->pending()) restarted.commit(engine->take_batch());
    ASSERT_EQ("", first_difference(straight.rows(), restarted.rows())) << "seed " << seed;
    ASSERT_EQ("", first_difference(straight.events(), restarted.events())) << "seed " << seed;
    ASSERT_EQ(straight.counts(), restarted.counts()) << "seed " << seed;
  }
}

TEST_F(EngineOf, ExplainsWhereARuleStandsAndWhatItWaitsFor) {
  say("p/a", "20");
  say("p/b", "31");
  Engine engine = fresh();
  for (Kept& kept : journal_) feed(engine, kept);
  clock_.pass_ms(2000);
  auto explain = [&](const char* sensor, const char* rule) {
    return engine.explain(sensor, rule, clock_.now().boot_ms);
  };
  EXPECT_EQ(RuleState::Phase::kIdle, explain("p/a", "held")->phase);
  EXPECT_EQ(20, explain("p/a", "held")->value);
  RuleExplanation held = *explain("p/b", "held");
  EXPECT_EQ(RuleState::Phase::kPending, held.phase);
  EXPECT_EQ(1700000000000, held.since_ms);
  EXPECT_EQ(1700000005000, held.deadline_ms);
  EXPECT_EQ("above 30 for 5s", held.condition);
  EXPECT_EQ("fires in 3s if it stays above 30", held.text);
  EXPECT_EQ("firing for 2s; resolved by a value that is not above 30", explain("p/b", "hot")->text);
  EXPECT_EQ("fires in 18s unless a reading arrives", explain("p/b", "silent")->text);
  EXPECT_EQ(ErrorCode::kNotFound, explain("p/c", "hot").error().code);
  EXPECT_EQ(ErrorCode::kNotFound, explain("p/a", "cold").error().code);
}

TEST_F(EngineOf, TellsOfItselfInTheSameWayWhereverItWasInterrupted) {
  append(RecordKind::kGatewayCondition, "disk-full", "text", kConditionOn);
  append(RecordKind::kGatewayCondition, "broker-down", "", kConditionOn);
  say("s/a", R"({"v":31,"t":1})");
  clock_.pass_ms(600000);
  append(RecordKind::kTick);
  append(RecordKind::kGatewayCondition, "disk-full");
  const Batch whole = fold();
  ASSERT_LE(3, std::count_if(whole.events.begin(), whole.events.end(),
                             [](const AlertEvent& event) { return event.sensor == "$gateway"; }));
  for (std::size_t cut = 5; cut < journal_.size(); ++cut) {
    Engine first = fresh();
    for (std::size_t i = 0; i < cut; ++i) feed(first, journal_[i]);
    Checkpoint checkpoint;
    std::vector<AlertEvent> events;
    while (first.pending()) {
      Batch batch = first.take_batch();
      events.insert(events.end(), batch.events.begin(), batch.events.end());
      checkpoint.cursor = batch.cursor;
      checkpoint.clock = batch.clock;
      for (const SensorRow& row : batch.new_sensors) checkpoint.sensors.push_back(row);
    }
    checkpoint.rule_states = first.rule_states();
    checkpoint.last = first.last_values();
    Engine second(settings_, Calendar::load("UTC").value(), checkpoint);
    for (std::size_t i = cut; i < journal_.size(); ++i) feed(second, journal_[i]);
    for (const AlertEvent& event : merged(second).events) events.push_back(event);
    std::multiset<std::string> expected;
    std::multiset<std::string> found;
    for (const AlertEvent& event : whole.events) expected.insert(event.id + std::to_string(int(event.state)));
    for (const AlertEvent& event : events) found.insert(event.id + std::to_string(int(event.state)));
    EXPECT_EQ(expected, found) << "cut before record " << cut + 1;
  }
}

}  // namespace
}  // namespace sluice
