// What a backtest says is what the engine said, as far as the database can tell.
#include "app/backtest.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "support/steady_rules.h"
#include "support/temp_folder.h"
#include "unit/backtest/small_gateway.h"

namespace sluice {
namespace {

using std::chrono::seconds;

class Backtest : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.gateway.id = "gw";
    ReadingsEntry timed;
    timed.topic = "s/+";
    timed.value = "/v";
    timed.time = "/t";
    ReadingsEntry plain;
    plain.topic = "p/#";
    plain.format = PayloadFormat::kNumber;
    ReadingsEntry both = timed;
    both.topic = "m/+";
    both.value.clear();
    both.fields = {"x", "y"};
    settings_.decode.readings = {timed, plain, both};
    SensorEntry all;
    all.sensor = "#";
    all.every = seconds(2);
    SensorEntry never;
    never.sensor = "s/never";
    settings_.decode.sensors = {all, never};
    settings_.decode.derived = {
        {"d/gap", "abs(a - b) * 2", "", {{"a", "s/a", seconds(20)}, {"b", "s/b", seconds(5)}}},
        {"d/more", "gap / (c - 20) + 20", "", {{"gap", "d/gap", seconds(10)}, {"c", "s/c", seconds(30)}}},
        {"d/both", "x - y + 20", "", {{"x", "m/a/x", seconds(20)}, {"y", "m/a/y", seconds(20)}}}};
  }
  std::string folder() { return folders_.emplace_back().path().string(); }
  Rule rule(const std::string& name, double above) {
    Rule rule;
    rule.name = name;
    rule.sensor = "#";
    rule.high = above;
    return rule;
  }
  static std::unique_ptr<StoreView> view_of(const std::string& folder) {
    return must(StoreView::open(folder + "/sluice.db", "", must(Calendar::load("UTC")), OnStore()));
  }
  std::vector<std::string> events_of(const std::string& folder, std::size_t rows_per_read = 7) {
    std::vector<std::string> events;
    BacktestOptions options;
    options.rows_per_read = rows_per_read;
    BacktestHooks hooks;
    hooks.event = [&](std::size_t, const AlertEvent& event) { events.push_back(event_to_json(event, "gw")); };
    must(backtest(*view_of(folder), {&settings_}, options, hooks));
    return events;
  }
  void add_rules_of_all_kinds() {
    std::vector<Rule>& rules = settings_.alerts.rules;
    rules = test::steady_rules({0x7f, 5, 8});
    rules.push_back(rule("silent", 30));
    rules.back().kind = ConditionKind::kSilentFor;
    rules.back().silent_for = seconds(10);
    rules.push_back(rule("held", 30));
    rules.back().hold = seconds(5);
    rules.push_back(rule("of-one", 30));
    rules.back().sensor = "s/a";
  }

  Settings settings_;
  std::deque<test::TempFolder> folders_;
};

// A connection lost, as the database can tell of it: right after a reading, and its backlog ends with one.
void lose_connection(SmallGateway& gateway, std::mt19937& random) {
  gateway.say(RecordKind::kMessage, "p/a", std::to_string(20 + random() % 20));
  gateway.say(RecordKind::kDisconnected);
  gateway.pass_ms(static_cast<std::int64_t>(random() % 40000));
  gateway.say(RecordKind::kConnected, "", "", kSessionPresent);
  for (unsigned queued = random() % 3; queued > 0; --queued) {
    gateway.say(RecordKind::kMessage, "p/b", std::to_string(20 + random() % 20));
  }
  gateway.say(RecordKind::kBacklogEnd);
  gateway.say(RecordKind::kMessage, "p/a", std::to_string(20 + random() % 20));
}

TEST_F(Backtest, GivesTheEventsThatTheEngineGave) {
  add_rules_of_all_kinds();
  std::size_t events = 0;
  for (unsigned seed = 1; seed <= 12; ++seed) {
    std::mt19937 random(seed);
    settings_.alerts.window_samples = seed % 3 == 0 ? 16 : 1000;
    const std::string place = folder();
    SmallGateway gateway(place, settings_);
    for (int i = 0; i < 400; ++i) {
      gateway.pass_ms(static_cast<std::int64_t>(random() % 3000));
      const std::string name(1, static_cast<char>('a' + random() % 3));
      const std::string value = std::to_string(20 + random() % 20);
      const auto age_ms =
          static_cast<std::int64_t>(random() % 10 == 0 ? random() % 1200000 : random() % 2000);
      switch (random() % 12) {
        case 0:
          gateway.flush();
          break;
        case 1:
          if (random() % 4 == 0) gateway.restart();
          break;
        case 2:
          if (random() % 3 == 0) lose_connection(gateway, random);
          break;
        case 3:
          gateway.say(RecordKind::kMessage, "p/" + name, value, kRetainFlag);
          break;
        case 4:
          gateway.say(RecordKind::kMessage, "p/" + name, value);
          break;
        case 5:
        case 6:
          gateway.say(RecordKind::kMessage, "m/a",
                      "{\"x\":" + value + ",\"y\":" + std::to_string(20 + random() % 20) +
                          ",\"t\":" + std::to_string(gateway.wall_ms() - age_ms) + "}");
          break;
        default:
          gateway.say(RecordKind::kMessage, "s/" + name,
                      "{\"v\":" + value + ",\"t\":" + std::to_string(gateway.wall_ms() - age_ms) + "}");
      }
    }
    gateway.flush();
    ASSERT_EQ("", test::first_difference(gateway.events(), events_of(place))) << "seed " << seed;
    events += gateway.events().size();
  }
  EXPECT_LT(4000u, events) << "the records are too tame to prove anything";
}

// Readings at 0, 1, 2, … minutes.
std::string with_values(const std::string& place, const Settings& settings,
                        const std::vector<double>& values) {
  SmallGateway gateway(place, settings);
  for (double value : values) {
    gateway.say(RecordKind::kMessage, "p/a", std::to_string(value));
    gateway.pass_ms(kMinute);
  }
  gateway.say(RecordKind::kTick);
  gateway.flush();
  return place;
}

TEST_F(Backtest, TellsWhatARuleWouldHaveToldThatWasNotThere) {
  const std::string place = with_values(folder(), settings_, {20, 31, 32, 20, 33, 20});
  settings_.alerts.rules = {rule("hot", 30)};
  auto view = view_of(place);
  const BacktestReport report = must(backtest(*view, {&settings_}, {}, {}));
  EXPECT_EQ(6u, report.rows);
  const RuleHistory& history = report.episodes.at(0).histories().at({"hot", "p/a"});
  EXPECT_EQ(2u, history.count);
  EXPECT_EQ(0u, history.untold) << "old as they are, they were fresh when they came";
  EXPECT_EQ(3 * kMinute, history.total_ms);
  EXPECT_EQ(2 * kMinute, history.longest_ms);
}

TEST_F(Backtest, ComparesTwoConfigurationsInOnePass) {
  const std::string place = with_values(folder(), settings_, {20, 31, 36, 20, 31, 20, 36, 20});
  Settings tighter = settings_;
  settings_.alerts.rules = {rule("hot", 35)};
  tighter.alerts.rules = {rule("hot", 30)};
  auto view = view_of(place);
  const BacktestReport report = must(backtest(*view, {&settings_, &tighter}, {}, {}));
  const EpisodeComparison comparison = compare(report.episodes[0], report.episodes[1]);
  EXPECT_EQ(1u, comparison.same);
  EXPECT_EQ(1u, comparison.moved);
  EXPECT_EQ(1u, comparison.only_after);
  EXPECT_EQ(0u, comparison.only_before);
}

TEST_F(Backtest, ReportsOnlyTheTimeAskedForYetKnowsWhatBeganBefore) {
  const std::string place = with_values(folder(), settings_, {31, 31, 31, 31, 20, 31, 20});
  settings_.alerts.rules = {rule("hot", 30)};
  auto view = view_of(place);
  BacktestOptions options;
  options.from_ms = kStart + 1000 + 2 * kMinute;
  options.to_ms = kStart + 1000 + 5 * kMinute + 1;
  const BacktestReport report = must(backtest(*view, {&settings_}, options, {}));
  const RuleHistory& history = report.episodes.at(0).histories().at({"hot", "p/a"});
  ASSERT_EQ(2u, history.count);
  EXPECT_EQ(kStart + 1000, history.episodes[0].fired_ms);
  EXPECT_EQ(2 * kMinute + 1, history.total_ms);
  EXPECT_FALSE(history.episodes[1].ended_ms.has_value());
}

TEST_F(Backtest, KnowsSensorsThatFellSilentBeforeTheTimeAskedFor) {
  settings_.alerts.rules = {rule("quiet", 0)};
  settings_.alerts.rules[0].kind = ConditionKind::kSilentFor;
  settings_.alerts.rules[0].silent_for = seconds(600);
  const std::string place = folder();
  SmallGateway gateway(place, settings_);
  gateway.say(RecordKind::kMessage, "p/gone", "1");
  for (int hour = 0; hour < 72; ++hour) {
    gateway.say(RecordKind::kMessage, "p/alive", "1");
    gateway.pass_ms(kHour);
    gateway.flush();
  }
  auto view = view_of(place);
  BacktestOptions options;
  options.from_ms = kStart + 60 * kHour;
  options.sensor = "p/gone";
  const BacktestReport report = must(backtest(*view, {&settings_}, options, {}));
  EXPECT_EQ(1u, report.episodes.at(0).histories().at({"quiet", "p/gone"}).count);
  EXPECT_EQ(1u, report.episodes.at(0).histories().size()) << "of the sensor asked for";
}

TEST_F(Backtest, OfAnEmptyDatabaseIsEmpty) {
  const std::string place = folder();
  {
    SmallGateway gateway(place, settings_);
    gateway.flush();
  }
  settings_.alerts.rules = {rule("hot", 30)};
  const BacktestReport report = must(backtest(*view_of(place), {&settings_}, {}, {}));
  EXPECT_EQ(0u, report.rows);
  EXPECT_TRUE(report.episodes.at(0).histories().empty());
}

TEST_F(Backtest, TakesHoursInTheZoneOfTheConfiguration) {
  Rule office = rule("office", 28);
  office.active = {{0x7f, 9 * 60, 17 * 60}};
  settings_.alerts.rules = {office};
  settings_.gateway.timezone = "UTC";
  const std::string place = folder();
  SmallGateway gateway(place, settings_, kStart / kDayMs * kDayMs);
  gateway.pass_ms(1 * 3600000);  // 01:00 in UTC is 10:00 in Tokyo
  gateway.say(RecordKind::kMessage, "p/a", "29");
  gateway.pass_ms(60000);
  gateway.say(RecordKind::kMessage, "p/a", "20");
  gateway.flush();
  Settings tokyo = settings_;
  tokyo.gateway.timezone = "Asia/Tokyo";
  std::vector<std::uint32_t> flags[2];
  BacktestHooks hooks;
  hooks.event = [&](std::size_t i, const AlertEvent& event) { flags[i].push_back(event.flags); };
  must(backtest(*view_of(place), {&settings_, &tokyo}, {}, hooks));
  EXPECT_EQ((std::vector<std::uint32_t>{kQuiet | kMuted, kQuiet}), flags[0]);
  EXPECT_EQ((std::vector<std::uint32_t>{0, 0}), flags[1]);
}

}  // namespace
}  // namespace sluice
