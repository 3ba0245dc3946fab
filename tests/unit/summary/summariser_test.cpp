#include "summary/summariser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>

#include "base/clock.h"
#include "summary/document.h"
#include "summary/summary_view.h"
#include "unit/summary/fake_day_table.h"

namespace sluice {
namespace {

constexpr std::int64_t kMinute = 60000;
constexpr std::int64_t kHour = 60 * kMinute;

class SummariserOf : public ::testing::Test {
 protected:
  SummariserOf()
      : calendar_(Calendar::load("Europe/Berlin").value()), clock_(calendar_.begin_ms(day_) + 12 * kHour) {}
  void SetUp() override {
    table_.registry = {{1, "sensors/b", "°C"}, {2, "sensors/a", ""}};
    settings_.gateway = "berlin-1";
    settings_.close_after = std::chrono::minutes(10);
  }
  Summariser summariser() {
    auto notes = [](const std::string& sensor) {
      SensorNotes notes;
      if (sensor == "sensors/a") {
        notes.every = std::chrono::hours(1);
        notes.kind = SensorKind::kCounter;
        notes.unit = "hPa";
        notes.labels = {{"site", "berlin"}};
      }
      return notes;
    };
    return Summariser(settings_, calendar_, table_, notes, {"archive", "cloud"});
  }
  std::int64_t now() { return clock_.now().wall_ms; }
  void go_to(std::int64_t wall_ms) { clock_.step_wall_ms(wall_ms - now()); }
  void arrive(SensorId sensor, std::int64_t time_ms, double value, std::uint32_t flags = kPayloadTime) {
    table_.arrive(calendar_, {sensor, flags, time_ms, now(), value});
  }
  std::vector<Day> due(bool scheduled = false, bool force = false) {
    return summariser().due(now(), scheduled, force).value();
  }
  SummaryView view(const SummaryRevision& revision) { return summary_from_json(revision.body).value(); }

  const Day day_ = parse_date("2016-03-27").value();  // of 23 hours
  Calendar calendar_;
  FakeClock clock_;
  FakeDayTable table_;
  SummarySettings settings_;
};

TEST_F(SummariserOf, ClosesADayWhenItIsOverAndQuiet) {
  arrive(1, now(), 20.5);
  EXPECT_EQ(std::vector<Day>(), due()) << "today";
  go_to(calendar_.end_ms(day_) - 1);
  EXPECT_EQ(std::vector<Day>(), due()) << "its last millisecond";
  arrive(1, now(), 20.5);
  go_to(calendar_.end_ms(day_) + 10 * kMinute - 2);
  EXPECT_EQ(std::vector<Day>(), due()) << "not quiet yet";
  EXPECT_EQ(std::vector<Day>{day_}, due(false, true)) << "forced";
  clock_.pass_ms(1);
  EXPECT_EQ(std::vector<Day>{day_}, due());
}

TEST_F(SummariserOf, ClosesNoDayWhileReadingsWaitForTheClock) {
  arrive(1, now(), 20.5);
  go_to(calendar_.end_ms(day_) + kHour);
  table_.waiting_for_clock = true;  // they may be of this day
  EXPECT_EQ(std::vector<Day>(), due(true, true));
  const auto refused = summariser().close(day_, now());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(ErrorCode::kUnavailable, refused.error().code);
  EXPECT_TRUE(table_.revisions.empty());
  table_.waiting_for_clock = false;
  EXPECT_EQ(std::vector<Day>{day_}, due());
  EXPECT_EQ(1, summariser().close(day_, now()).value().revision);
}

TEST_F(SummariserOf, SaysThatADayIsIncompleteWhoseReadingsWereForcedOutBefore) {
  arrive(1, now(), 20.5);
  table_.ledger[day_][Counter::kReadingsStored] = 6;
  table_.ledger[day_][Counter::kReadingsExpired] = 5;
  go_to(calendar_.end_ms(day_) + kHour);
  EXPECT_FALSE(view(summariser().close(day_, now()).value()).complete);
}

TEST_F(SummariserOf, ReopensADayForALateRowWhenScheduled) {
  arrive(1, now(), 20.5);
  go_to(calendar_.end_ms(day_) + kHour);
  EXPECT_EQ(1, summariser().close(day_, now()).value().revision);
  EXPECT_EQ(std::vector<Day>(), due(true));
  clock_.pass_ms(kHour);
  arrive(1, calendar_.begin_ms(day_) + 1, 19.5);
  clock_.pass_ms(kHour);
  EXPECT_EQ(std::vector<Day>(), due(false));
  EXPECT_EQ(std::vector<Day>{day_}, due(true));
  const SummaryView second = view(summariser().close(day_, now()).value());
  EXPECT_EQ(2, second.revision);
  EXPECT_EQ(2u, second.counts.stored);
  EXPECT_EQ(1u, second.counts.late);
  EXPECT_EQ(4u, table_.outbox.size()) << "a row a sink and revision";
}

TEST_F(SummariserOf, MakesNoRevisionOfWhatDidNotChange) {
  arrive(1, now(), 20.5);
  go_to(calendar_.end_ms(day_) + kHour);
  const SummaryRevision first = summariser().close(day_, now()).value();
  clock_.pass_ms(kHour);
  table_.touch(calendar_, day_, now() - kHour);
  EXPECT_EQ(std::vector<Day>{day_}, due(true));
  const SummaryRevision again = summariser().close(day_, now()).value();
  EXPECT_EQ(1, again.revision);
  EXPECT_EQ(first.body, again.body);
  EXPECT_EQ(first.key, again.key);
  EXPECT_EQ(first.made_ms, again.made_ms);
  EXPECT_EQ(2u, table_.outbox.size());
  EXPECT_EQ(std::vector<Day>(), due(true));
}

TEST_F(SummariserOf, SaysWhatARevisionChanges) {
  arrive(1, now(), 20.5);
  arrive(2, now(), 1000.0);
  go_to(calendar_.end_ms(day_) + kHour);
  EXPECT_FALSE(view(summariser().close(day_, now()).value()).changes.has_value());
  arrive(1, calendar_.begin_ms(day_) + 1, 19.5);
  arrive(1, calendar_.begin_ms(day_) + 2, 19.5, kPayloadTime | kDuplicate);
  clock_.pass_ms(kHour);
  const SummaryRevision second = summariser().close(day_, now()).value();
  const SummaryView::Changes changes = view(second).changes.value();
  EXPECT_EQ(1, changes.stored);
  EXPECT_EQ(1, changes.duplicate);
  EXPECT_EQ(1, changes.late);
  EXPECT_EQ(0, changes.rejected);
  EXPECT_EQ(1u, changes.sensors);
  EXPECT_EQ(second.body, summariser().compute(day_, now()).value().body) << "nothing new: the same revision";
}

TEST_F(SummariserOf, FlagsEachRowThatRepeatsAnotherButTheOneThatCounts) {
  const std::int64_t time_ms = now();
  arrive(1, time_ms, 20.5);
  arrive(1, time_ms, 21.5);
  arrive(1, time_ms, 20.5);
  arrive(1, time_ms, 20.5, 0);
  arrive(1, time_ms, 20.5, 0);
  go_to(calendar_.end_ms(day_) + kHour);
  arrive(1, time_ms, 20.5);
  clock_.pass_ms(kHour);
  const SummaryView first = view(summariser().close(day_, now()).value());
  EXPECT_EQ(4u, first.counts.stored);
  EXPECT_EQ(2u, first.counts.duplicate);
  EXPECT_EQ(0u, first.counts.late);
  std::string flagged;
  for (const Reading& row : table_.rows) flagged += row.flags & kDuplicate ? '1' : '0';
  EXPECT_EQ("001001", flagged);
  EXPECT_EQ(summary_to_json(first), summariser().compute(day_, now()).value().body);
}

TEST_F(SummariserOf, LeavesADayDirtyThatWasTouchedWhileItWasSummed) {
  arrive(1, now(), 20.5);
  go_to(calendar_.end_ms(day_) + kHour);
  table_.before_save = [this] { arrive(1, calendar_.begin_ms(day_), 1.0); };
  ASSERT_TRUE(summariser().close(day_, now()).ok());
  table_.before_save = nullptr;
  clock_.pass_ms(kHour);
  EXPECT_EQ(std::vector<Day>{day_}, due(true));
  EXPECT_EQ(2u, summariser().close(day_, now()).value().row_count);
  EXPECT_EQ(std::vector<Day>(), due(true));
}

TEST_F(SummariserOf, CallsADayThatWasForcedEarlyIncompleteAndClosesItAgain) {
  go_to(calendar_.end_ms(day_) - 1);
  arrive(1, now(), 20.5);
  clock_.pass_ms(kMinute);
  EXPECT_FALSE(view(summariser().close(day_, now()).value()).complete);
  clock_.pass_ms(kHour);
  EXPECT_EQ(std::vector<Day>{day_}, due(true));
  const SummaryView closed = view(summariser().close(day_, now()).value());
  EXPECT_TRUE(closed.complete);
  EXPECT_EQ(2, closed.revision);
  EXPECT_EQ(std::vector<Day>(), due(true));
}

TEST_F(SummariserOf, CallsADayIncompleteOnWhichReadingsWereDropped) {
  table_.ledger[day_][Counter::kReadingsDropDisk] = 7;
  table_.ledger[day_][Counter::kReadingsImplausible] = 3;
  table_.touch(calendar_, day_, now());
  go_to(calendar_.end_ms(day_) + kHour);
  const SummaryView empty = view(summariser().close(day_, now()).value());
  EXPECT_FALSE(empty.complete);
  EXPECT_EQ(7u, empty.counts.dropped);
  EXPECT_EQ(3u, empty.counts.rejected);
  EXPECT_TRUE(empty.sensors.empty());
}

TEST_F(SummariserOf, ShowsTodayWithoutClosingIt) {
  arrive(1, now(), 20.5);
  const SummaryView today = view(summariser().compute(day_, now()).value());
  EXPECT_FALSE(today.complete);
  EXPECT_EQ(1u, today.counts.stored);
  EXPECT_EQ(ErrorCode::kInvalid, summariser().close(day_, now()).error().code);
  EXPECT_TRUE(table_.revisions[day_].empty());
}

TEST_F(SummariserOf, RefusesADayOfWhichNothingIsKnown) {
  EXPECT_EQ(ErrorCode::kNotFound, summariser().close(day_ - 1, now()).error().code);
  EXPECT_EQ(0u, summariser().compute(day_ - 1, now()).value().row_count);
}

TEST_F(SummariserOf, CutsTheDayOfAChangeOfZoneByBothZones) {
  calendar_ = calendar_.then(day_ + 1, "America/New_York").value();
  arrive(1, now(), 20.5);
  go_to(Calendar::load("Europe/Berlin").value().end_ms(day_) + kHour);
  EXPECT_EQ(std::vector<Day>(), due()) << "not over in New York";
  go_to(calendar_.end_ms(day_) + kHour);
  const SummaryView made = view(summariser().close(day_, now()).value());
  EXPECT_EQ("Europe/Berlin", made.timezone);
  EXPECT_EQ((23 + 6) * kHour, made.to_ms - made.from_ms);
}

TEST_F(SummariserOf, CountsAnAlertOfADayThatGoesOnUntilNow) {
  arrive(1, now(), 20.5);
  AlertSpan& span = table_.spans.emplace_back();
  span.event.sensor = "sensors/b";
  span.event.since_ms = span.from_ms = now() - kMinute;
  span.to_ms = now();
  span.open = true;
  EXPECT_EQ(60, view(summariser().compute(day_, now()).value()).sensors.at(0).in_alert_s);
}

TEST_F(SummariserOf, TellsOfAnAlertOnlyWhatTheDaySaw) {
  const std::int64_t from = calendar_.begin_ms(day_), to = calendar_.end_ms(day_);
  auto span = [&](const char* id, std::int64_t since, std::int64_t until, bool open) {
    AlertSpan span;
    span.event.id = id;
    span.event.alert = "too-hot";
    span.event.sensor = "sensors/b";
    span.event.since_ms = span.from_ms = since;
    span.to_ms = until;
    span.open = open;
    table_.spans.push_back(span);
  };
  arrive(1, now(), 20.5);
  span("c", from + kHour, from + 3 * kHour, false);
  span("b", from + 2 * kHour, from + 4 * kHour, false);
  table_.spans.back().event.alert = "too-damp";
  span("a", from - kHour, from + kHour / 2, false);
  span("d", to - kHour, to, true);
  go_to(to + kHour);
  const SummaryRevision first = summariser().close(day_, now()).value();
  const SummaryView made = view(first);
  std::string order;
  for (const auto& alert : made.alerts) order += alert.id;
  EXPECT_EQ("acbd", order);
  EXPECT_EQ(from + kHour / 2, made.alerts.at(0).until_ms);
  EXPECT_FALSE(made.alerts.at(3).until_ms.has_value());
  EXPECT_EQ(0.5 * 3600 + 3 * 3600 + 3600, made.sensors.at(0).in_alert_s);
  const std::map<std::string, double> by_rule = {{"too-damp", 2.0 * 3600}, {"too-hot", 3.5 * 3600}};
  EXPECT_EQ(by_rule, made.sensors.at(0).in_alert_by_rule_s);
  table_.spans.back().open = false;  // resolved on the next day
  table_.spans.back().to_ms = to + kHour;
  EXPECT_EQ(first.body, summariser().compute(day_, now()).value().body);
}

TEST_F(SummariserOf, WritesTheStatisticsThatWereChosen) {
  settings_.statistics = {Statistic::kHours};
  arrive(1, now(), 20.5);
  const SummaryView::Sensor sensor = view(summariser().compute(day_, now()).value()).sensors.at(0);
  EXPECT_TRUE(sensor.hours.has_value());
  EXPECT_FALSE(sensor.sum || sensor.time_weighted_mean || sensor.increase || sensor.states ||
               sensor.in_alert_by_rule_s);
}

TEST_F(SummariserOf, WritesTheGoldenDocument) {
  const std::int64_t from = calendar_.begin_ms(day_);
  for (int i = 0; i < 40; ++i) arrive(1, from + i * 2000000, 20.0 + 0.1 * ((i * 7) % 11));
  for (int i = 0; i < 20; ++i) arrive(2, from + kHour + i * kHour, 1013.25 - i * 0.5);
  arrive(2, from + kHour, 1013.25);
  arrive(2, from + kHour, 1013.25, kPayloadTime | kDuplicate);
  AlertSpan span;
  span.event.id = "0123456789abcdef";
  span.event.alert = "too-hot";
  span.event.sensor = "sensors/b";
  span.event.severity = "critical";
  span.event.since_ms = span.from_ms = from + 2000000;
  span.event.value = 20.7;
  span.event.threshold = 20.6;
  span.to_ms = from + 4000000;
  table_.spans = {span};
  table_.ledger[day_][Counter::kReadingsInvalid] = 2;
  go_to(calendar_.end_ms(day_) + kHour);
  std::shuffle(table_.rows.begin(), table_.rows.end(), std::mt19937_64(3));
  const SummaryRevision made = summariser().close(day_, now()).value();

  std::ifstream file(SLUICE_GOLDEN_DIR "/summary_document.json", std::ios::binary);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(golden.str(), made.body);
  EXPECT_EQ("berlin-1/2016-03-27/1/", made.key.substr(0, made.key.size() - 16));
}

// Rows come for any recent day while time passes; days are closed as they are due. In the end every day's
// newest document says what its rows say, and each revision differs from the one before.
TEST_F(SummariserOf, EndsUpRightWhateverComesWhen) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    table_ = FakeDayTable();
    SetUp();
    go_to(calendar_.begin_ms(day_));
    auto close_due = [&](bool scheduled) {
      std::vector<Day> days = due(scheduled);
      EXPECT_TRUE(std::is_sorted(days.begin(), days.end()));
      for (Day day : days) {
        EXPECT_LE(calendar_.end_ms(day), now());
        EXPECT_LE(table_.states[day].last_arrival_ms + 10 * kMinute, now());
        ASSERT_TRUE(summariser().close(day, now()).ok());
        EXPECT_FALSE(table_.states[day].dirty);
      }
    };
    for (int step = 0; step < 300; ++step) {
      clock_.pass_ms(static_cast<std::int64_t>(random() % (40 * kMinute)));
      const auto back = static_cast<std::int64_t>(random() % 4 ? 0 : random() % (48 * kHour));
      arrive(1 + random() % 2, now() - back, static_cast<double>(random() % 5),
             random() % 3 ? kPayloadTime : 0u);
      close_due(random() % 30 == 0);
    }
    clock_.pass_ms(30 * kHour);
    close_due(true);
    EXPECT_EQ(std::vector<Day>(), due(true));
    EXPECT_EQ(0, table_.open_snapshots);
    for (const auto& [day, state] : table_.states) {
      const auto& made = table_.revisions[day];
      if (calendar_.end_ms(day) > now()) continue;
      ASSERT_FALSE(made.empty());
      EXPECT_EQ(made.back().body, summariser().compute(day, now()).value().body);
      for (std::size_t i = 1; i < made.size(); ++i) EXPECT_NE(made[i - 1].key, made[i].key);
    }
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace sluice
