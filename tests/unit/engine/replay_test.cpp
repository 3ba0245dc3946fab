// Wherever the engine is restarted from what the store has, the rest of the journal gives the same.
#include <random>
#include <sstream>

#include "alert/event_json.h"
#include "base/time_text.h"
#include "engine_fixture.h"
#include "model/newest.h"
#include "support/steady_rules.h"

namespace sluice {
namespace {

// What a store would keep and give back.
class MiniStore {
 public:
  void commit(const Batch& batch) {
    point_.cursor = batch.cursor;
    point_.clock = batch.clock;
    backlog_.insert(backlog_.end(), batch.backlog.begin(), batch.backlog.end());
    point_.delivered = backlog_;
    point_.delivered.push_back(batch.delivered);
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
      if (is_newest(row, last.time_ms)) {
        last.time_ms = row.time_ms;
        last.value = row.value;
        last.flags = row.flags;
        last.lag_ms = row.arrival_ms - row.time_ms;
      }
    }
    for (const SensorLast& last : batch.derived) last_[last.id] = last;
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
  std::vector<DeliveredRun> backlog_;
  std::map<SensorId, SensorLast> last_;
  std::vector<std::string> rows_;
  std::vector<std::string> events_;
  Ledger counts_;
};

TEST_F(EngineOf, GivesTheSameRowsEventsAndCountsWhereverItIsRestarted) {
  using std::chrono::seconds;
  settings_.alerts.max_age = seconds(1);
  settings_.decode.sensors[0].every = seconds(2);
  SensorEntry awaited;
  awaited.sensor = "s/never";
  settings_.decode.sensors.push_back(awaited);
  ReadingsEntry both;
  both.topic = "m/+";
  both.fields = {"x", "y"};
  settings_.decode.readings.push_back(both);
  settings_.decode.derived = {
      {"d/both", "x - y + 20", "", {{"x", "m/a/x", seconds(20)}, {"y", "m/a/y", seconds(20)}}},
      {"d/gap", "abs(a - b) * 2", "", {{"a", "s/a", seconds(20)}, {"b", "s/b", seconds(5)}}},
      {"d/ratio", "gap / (c - 20) + 20", "", {{"gap", "d/gap", seconds(10)}, {"c", "p/c", seconds(30)}}}};
  for (Rule& rule : test::steady_rules({0x7f, 22 * 60 + 14, 22 * 60 + 16}))
    settings_.alerts.rules.push_back(std::move(rule));
  std::ptrdiff_t derived_events = 0;
  std::uint64_t not_finite = 0;
  for (unsigned seed = 1; seed <= 100; ++seed) {
    std::mt19937 random(seed);
    settings_.alerts.window_samples = seed % 3 == 0 ? 16 : 1000;
    journal_.erase(journal_.begin() + 4, journal_.end());
    for (int i = 0; i < 300; ++i) {
      clock_.pass_ms(random() % 3000);
      clock_.step_wall_ms(static_cast<int>(random() % 7) - 3);  // rounding, and a clock that is slewed
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
          if (random() % 4 == 0) clock_.step_wall_ms((random() % 2 == 0 ? 1 : -1) * 3600000);
          append(RecordKind::kBacklogEnd);
          break;
        case 2:
          if (random() % 4 == 0) {
            append(RecordKind::kUnsilence, std::to_string(random() % journal_.size()));
          } else if (random() % 4 == 0) {
            const std::string until = format_rfc3339(clock_.now().wall_ms + 20000);
            append(RecordKind::kSilence, "", R"({"sensor":"s/a","until":")" + until + "\"}");
          } else {
            append(RecordKind::kTick);
          }
          break;
        case 3:
          say("p/" + name, value, kRetainFlag);
          break;
        case 4:
          say("p/" + name, value, kQos1 | (random() % 2 ? kDupFlag : 0),
              static_cast<std::uint16_t>(random() % 5 + 1));
          break;
        case 5:
          say("m/a", "{\"x\":" + value + ",\"y\":" + std::to_string(20 + random() % 20) + "}");
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
      not_finite += engine.status().derived_not_finite;
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
    ASSERT_EQ("", test::first_difference(straight.rows(), restarted.rows())) << "seed " << seed;
    ASSERT_EQ("", test::first_difference(straight.events(), restarted.events())) << "seed " << seed;
    ASSERT_EQ(straight.counts(), restarted.counts()) << "seed " << seed;
    derived_events +=
        std::count_if(straight.events().begin(), straight.events().end(),
                      [](const auto& event) { return event.find("\"d/ratio\"") != std::string::npos; });
  }
  EXPECT_LT(100, derived_events);
  EXPECT_LT(10u, not_finite);
}

TEST_F(EngineOf, DerivesReadingsForRulesAndStoresNone) {
  settings_.decode.derived = {
      {"room/sum",
       "a + b",
       "°C",
       {{"a", "s/a", std::chrono::seconds(20)}, {"b", "s/b", std::chrono::seconds(20)}}}};
  say("s/a", R"({"v":20,"t":1700000000})");
  say("s/b", R"({"v":11,"t":1700000001})");
  say("p/x", "1");
  Batch batch = fold();
  ASSERT_EQ(1u, batch.events.size());
  EXPECT_EQ("room/sum", batch.events[0].sensor);
  EXPECT_EQ("°C", batch.events[0].unit);
  EXPECT_EQ(31, batch.events[0].value);
  EXPECT_EQ(1700000001000, batch.events[0].since_ms);
  EXPECT_EQ(3u, batch.readings.size());
  EXPECT_TRUE(total(batch).balanced());
  Engine engine = fresh();
  for (Kept& kept : journal_) feed(engine, kept);
  (void)engine.take_batch();  // of before the clock was trusted
  const Batch whole = engine.take_batch();
  ASSERT_EQ(1u, whole.derived.size());
  EXPECT_EQ(31, whole.derived[0].value);
  EXPECT_EQ(1700000001000, whole.derived[0].time_ms);
}

TEST_F(EngineOf, DerivesFromAMessageOnceAllOfItIsTaken) {
  ReadingsEntry both;
  both.topic = "m/+";
  both.fields = {"x", "y"};
  settings_.decode.readings.push_back(both);
  settings_.decode.derived = {
      {"d/sum",
       "x + y",
       "",
       {{"x", "m/a/x", std::chrono::seconds(20)}, {"y", "m/a/y", std::chrono::seconds(20)}}}};
  say("m/a", R"({"x":10,"y":-10})");
  say("m/a", R"({"x":-25,"y":25})");
  say("m/a", R"({"x":29,"y":-29})");
  const Batch batch = fold();
  EXPECT_EQ(6u, batch.readings.size());
  EXPECT_EQ(0u, batch.events.size()) << "29 + 25 was never so";
}

TEST_F(EngineOf, RejectsAReadingUnderTheNameOfADerivedSensor) {
  settings_.decode.derived = {{"p/sum", "a", "", {{"a", "s/a", std::chrono::seconds(20)}}}};
  say("p/sum", "50");
  const Batch batch = fold();
  EXPECT_EQ(1u, total(batch)[Counter::kReadingsNameTaken]);
  EXPECT_TRUE(batch.readings.empty());
  EXPECT_TRUE(batch.events.empty());
  EXPECT_TRUE(total(batch).balanced());
}

TEST_F(EngineOf, FindsADerivedSensorSilentThatNeverHadAReading) {
  settings_.decode.derived = {{"d", "a", "", {{"a", "s/a", std::chrono::seconds(20)}}}};
  clock_.pass_ms(20000);
  append(RecordKind::kTick);
  const Batch batch = fold();
  ASSERT_EQ(1u, batch.events.size());
  EXPECT_EQ("silent", batch.events[0].alert);
  EXPECT_EQ("d", batch.events[0].sensor);
}

TEST_F(EngineOf, DoesNotAwaitSensorsThatTheConfigurationBringsNoMore) {
  settings_.decode.derived = {{"d", "a", "", {{"a", "s/a", std::chrono::seconds(20)}}}};
  say("p/a", "20");
  say("s/a", R"({"v":20,"t":1700000000})");
  clock_.pass_ms(25000);
  append(RecordKind::kTick);
  MiniStore store;
  {
    Engine engine = fresh();
    for (Kept& kept : journal_) feed(engine, kept);
    while (engine.pending()) store.commit(engine.take_batch());
  }
  ASSERT_EQ(3u, store.events().size()) << "p/a, s/a and d are silent";
  settings_.decode.derived.clear();
  settings_.decode.readings.pop_back();
  Engine engine(settings_, Calendar::load("UTC").value(), store.checkpoint());
  clock_.pass_ms(100000);
  append(RecordKind::kTick);
  feed(engine, journal_.back());
  const Batch batch = merged(engine);
  ASSERT_EQ(2u, batch.events.size()) << "what nothing can end";
  for (const AlertEvent& event : batch.events) {
    EXPECT_EQ(AlertState::kResolved, event.state);
    EXPECT_NE(0u, event.flags & kRuleRemoved);
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

TEST_F(EngineOf, SaysOfARuleThatItSeesLessThanItsWindow) {
  settings_.alerts.window_samples = 16;
  Rule& stuck = settings_.alerts.rules.emplace_back();
  stuck.name = "stuck";
  stuck.sensor = "p/a";
  stuck.measure = Measure::kSteady;
  stuck.kind = ConditionKind::kInside;
  stuck.low = 60;
  stuck.high = 1e300;
  stuck.window = std::chrono::minutes(1);
  for (int i = 0; i < 100; ++i, clock_.pass_ms(1000)) say("p/a", "20");
  Engine engine = fresh();
  for (Kept& kept : journal_) feed(engine, kept);
  EXPECT_EQ(
      "the condition does not hold; fires once its values have stayed within 0 of each other for 1m; sees "
      "less than its window: the readings that are remembered reach back 16s of 1m; set "
      "alerting.window_samples: 64, or shorten the window",
      engine.explain("p/a", "stuck", clock_.now().boot_ms)->text);
  ASSERT_EQ(1u, engine.cut_windows().size());
  EXPECT_EQ("stuck", engine.cut_windows()[0].alert);
}

TEST_F(EngineOf, AwaitsTheReadingsOfASensorThatIsNamedAndWasNeverHeard) {
  SensorEntry named;
  named.sensor = "s/never";
  named.every = std::chrono::seconds(1);
  settings_.decode.sensors.push_back(named);
  Rule& gaps = settings_.alerts.rules.emplace_back();
  gaps.name = "gaps";
  gaps.sensor = "#";
  gaps.kind = ConditionKind::kMissingRatio;
  gaps.high = 0.5;
  gaps.window = std::chrono::seconds(10);
  clock_.pass_ms(10000);
  append(RecordKind::kTick);
  const Batch batch = fold();
  ASSERT_EQ(1u, batch.events.size());
  EXPECT_EQ("gaps", batch.events[0].alert);
  EXPECT_EQ("s/never", batch.events[0].sensor);
  EXPECT_EQ(1, batch.events[0].value);
  Engine engine = fresh();
  for (std::size_t i = 0; i + 1 < journal_.size(); ++i) feed(engine, journal_[i]);
  EXPECT_EQ(
      "the sensor was never heard; the condition does not hold; fires once of the readings expected within "
      "10s more than 50 % are missing",
      engine.explain("s/never", "gaps", clock_.now().boot_ms)->text);
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
