// Random rules over random streams: the fold, restarted at any point, and the oracle agree on every
// transition.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <random>

#include "absence_oracle.h"
#include "alert/event_json.h"
#include "alert_oracle.h"
#include "decode/topic_filter.h"

namespace sluice {

std::string line_of(AlertState state, const std::string& severity, double threshold, std::int64_t since_ms,
                    std::int64_t at_ms, double value, std::uint32_t flags) {
  std::string words;
  for (const std::string& word : flag_names(flags)) words += " " + word;
  return fmt::format("{} {} of {} since {} at {} value {}{}\n",
                     state == AlertState::kFiring ? "firing" : "resolved", severity, threshold, since_ms,
                     at_ms, value, words);
}

namespace {

constexpr std::int64_t kStep = 500;
constexpr std::int64_t kMaxAge = 10000;
constexpr std::int64_t kHour = 3600000;

class AlertModel : public ::testing::Test {
 protected:
  using Ms = std::chrono::milliseconds;

  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  bool one_in(unsigned n) { return below(n) == 0; }
  Ms some(unsigned steps) { return Ms(kStep * below(steps)); }
  static unsigned seeds(unsigned by_default) {
    const char* more = std::getenv("SLUICE_ALERT_SEEDS");
    return more == nullptr ? by_default : static_cast<unsigned>(std::atoi(more));
  }

  // above … not_equals. Those of two ends are of an interval.
  template <class T>
  void choose_comparison(T& out) {
    out.kind = static_cast<ConditionKind>(below(6));
    out.low = out.high = below(6);
    if (out.kind == ConditionKind::kOutside || out.kind == ConditionKind::kInside) out.high += 1 + below(3);
  }
  void choose_measure(Rule& rule) {
    rule.measure = below(3) ? static_cast<Measure>(below(16)) : Measure::kValue;
    rule.window = Ms(kStep * (1 + below(20)));
    rule.per = Ms(1000);
    choose_comparison(rule.of);
    rule.tolerance = below(3);
    const bool figure = rule.measure >= Measure::kMean && rule.measure <= Measure::kRange;
    if (figure && below(2)) {
      rule.every = std::min(rule.window, Ms(kStep * (1 + below(6))));
      rule.lateness = some(4);
    }
    if (rule.measure != Measure::kSteady) return;
    rule.kind = ConditionKind::kInside;
    rule.low = static_cast<double>(rule.window.count()) / 1000;
    rule.high = 1e300;
  }
  void choose_levels(Rule& rule) {
    if (rule.kind != ConditionKind::kAbove && rule.kind != ConditionKind::kBelow) return;
    const double side = rule.kind == ConditionKind::kAbove ? -1 : 1;
    if (below(3)) {
      if (below(2)) rule.clear = rule.high + side * below(3);
      return;
    }
    for (unsigned i = 0; i < 1 + below(3); ++i) {
      Level level{"l" + std::to_string(i), rule.high - side * 2 * i, std::nullopt};
      if (below(2)) level.clear = level.limit + side * below(3);
      rule.levels.push_back(level);
    }
  }
  Rule random_rule() {
    Rule rule;
    rule.name = "r";
    rule.sensor = "#";
    choose_comparison(rule);
    choose_measure(rule);
    choose_levels(rule);
    if (below(2)) rule.hold = some(12);
    if (one_in(3)) rule.keep_firing_for = some(12);
    if (one_in(3)) rule.repeat = Ms(kStep * (1 + below(20)));
    if (one_in(4)) rule.flap_changes = static_cast<int>(2 + below(4));
    rule.flap_within = some(30);
    for (std::uint32_t flag : {std::uint32_t{kQueued}, std::uint32_t{kRetained}, std::uint32_t{kDuplicate},
                               std::uint32_t{kClockUnset}, kLate}) {
      if (one_in(6)) rule.accept |= flag;
    }
    return rule;
  }

  void start(const Rule& rule) {
    settings_ = {};
    settings_.gateway = "gw";
    settings_.max_age = Ms(kMaxAge);
    settings_.rules = {rule};
    if (one_in(4)) settings_.window_samples = 8 + below(25);
    facts_ = {1, &name_, &unit_, &labels_};
    time_ = {};
    time_.stream_ms = 1700000000000;
    time_.connected = true;
    time_.connected_since_ms = time_.stream_ms;
    last_ = {};
    rows_.clear();
    fold_.reset();
    restart();
  }
  // With what a store would give back.
  void restart() {
    const std::vector<RuleState> states = fold_ ? fold_->states() : std::vector<RuleState>{};
    const std::vector<Silence> silences = fold_ ? fold_->silences() : std::vector<Silence>{};
    fold_ = std::make_unique<AlertFold>(settings_, topic_matches);
    fold_->add_sensor(facts_, last_.id ? &last_ : nullptr);
    for (const RecentReading& row : stored()) fold_->recall(row);
    fold_->restore(states, silences, time_);
  }
  // Of the readings within the lookback as many as rules may need, the newest; copies apart.
  std::vector<RecentReading> stored() const {
    const std::int64_t after_ms = last_.time_ms - recall_ms(settings_, topic_matches, name_);
    std::vector<RecentReading> rows;
    for (const RecentReading& row : rows_) {
      if (row.reading.time_ms > after_ms && !drops(row)) rows.push_back(row);
    }
    return rows;
  }
  bool drops(const RecentReading& row) const {
    const auto newer = std::count_if(rows_.begin(), rows_.end(), [&](const RecentReading& other) {
      const auto copy = [](const RecentReading& r) {
        return (r.reading.flags & (kRetained | kDuplicate)) != 0;
      };
      return copy(other) == copy(row) && (other.reading.time_ms > row.reading.time_ms ||
                                          (other.reading.time_ms == row.reading.time_ms && &other > &row));
    });
    return newer >= static_cast<std::ptrdiff_t>(settings_.window_samples);
  }
  Reading random_reading() {
    Reading reading;
    reading.sensor = 1;
    reading.value = below(8);
    reading.arrival_ms = time_.stream_ms;
    reading.time_ms = time_.stream_ms;
    if (one_in(4)) {
      reading.flags = 0;  // without a time of its own
    } else {
      reading.flags = kPayloadTime;
      if (one_in(3)) reading.time_ms -= kStep * below(below(8) ? 6 : 40);
    }
    if (time_.backlog) reading.flags |= kQueued;
    if (one_in(15)) reading.flags |= kClockUnset;
    if (one_in(8)) reading.flags |= one_in(2) ? kRetained : kDuplicate;
    return reading;
  }
  void hear(const Reading& reading) {
    fold_->on_reading(reading, time_);
    rows_.push_back({reading, time_.stream_ms});
    if (reading.flags & (kRetained | kDuplicate)) return;
    if (last_.id == 0 || reading.time_ms >= last_.time_ms) {
      last_ = {1, reading.time_ms, reading.value, reading.flags, reading.arrival_ms - reading.time_ms, 0, 0};
    }
    last_.arrival_ms = reading.arrival_ms;
    last_.subscribed_ms = time_.subscribed_ms;
  }
  void toggle_silence() {
    if (!fold_->silences().empty()) return fold_->on_unsilence(7, time_);
    Silence silence;
    silence.id = 7;
    silence.until_ms = time_.stream_ms + 1000 * kHour;
    fold_->on_silence(silence);
  }
  std::string said() {
    std::string text;
    for (const AlertEvent& event : fold_->take_events()) {
      text += line_of(event.state, event.severity, event.threshold, event.since_ms, event.at_ms, event.value,
                      event.flags);
    }
    return text;
  }

  std::mt19937 random_;
  AlertSettings settings_;
  SensorFacts facts_;
  FoldTime time_;
  std::unique_ptr<AlertFold> fold_;
  std::string name_ = "s/1";
  std::string unit_;
  std::map<std::string, std::string> labels_;
  SensorLast last_;
  std::vector<RecentReading> rows_;
};

TEST_F(AlertModel, AgreesWithTheOracleOnEveryTransitionOfRandomRulesAndStreams) {
  const unsigned last_seed = seeds(3000);
  std::size_t transitions = 0;
  for (unsigned seed = 1; seed <= last_seed; ++seed) {
    random_.seed(seed);
    const Rule rule = random_rule();
    start(rule);
    AlertOracle oracle(rule, settings_);
    for (int step = 0; step < 80; ++step) {
      time_.stream_ms +=
          one_in(400) ? 2 * kHour + kStep * below(20) : kStep * (below(40) ? below(4) : below(60));
      fold_->advance(time_);
      oracle.pass(time_);
      std::string got = said();
      const unsigned what = below(20);
      if (what == 0) {
        restart();
      } else if (what == 1) {
        time_.backlog = true;
      } else if (what == 2 && time_.backlog) {
        fold_->on_backlog_end(time_);
        oracle.end_backlog();
        time_.backlog = false;
      } else if (what == 3 && one_in(2)) {
        toggle_silence();
        oracle.silence(!fold_->silences().empty());
      } else if (what > 4) {
        const Reading reading = random_reading();
        hear(reading);
        oracle.hear(reading, time_);
      }
      const std::string want = oracle.take();
      got += said();
      ASSERT_EQ(want, got) << "seed " << seed << " step " << step << " measure "
                           << static_cast<int>(rule.measure) << " kind " << static_cast<int>(rule.kind)
                           << " hold " << rule.hold.count() << " keep " << rule.keep_firing_for.count()
                           << " every " << rule.every.count() << " levels " << rule.levels.size()
                           << " remembered " << settings_.window_samples;
      transitions += static_cast<std::size_t>(std::count(want.begin(), want.end(), '\n'));
    }
  }
  EXPECT_LT(last_seed, transitions) << "the streams have to move the rules";
}

TEST_F(AlertModel, AgreesWithTheOracleOnEveryAbsence) {
  const unsigned last_seed = seeds(2000);
  std::size_t transitions = 0;
  for (unsigned seed = 1; seed <= last_seed; ++seed) {
    random_.seed(seed);
    Rule rule;
    rule.name = "r";
    rule.sensor = "#";
    rule.kind = one_in(2) ? ConditionKind::kSilentFor : ConditionKind::kMissingRatio;
    rule.silent_for = Ms(kStep * (1 + below(10)));
    rule.window = Ms(kStep * (2 + below(12)));
    rule.high = 0.1 * below(9);
    if (one_in(2)) rule.keep_firing_for = some(8);
    start(rule);
    settings_.window_samples = 1000;
    facts_.every_ms = kStep * (1 + below(3));
    if (rule.window.count() < facts_.every_ms) facts_.every_ms = kStep;
    facts_.registered = one_in(3);
    restart();
    AbsenceOracle oracle(rule, facts_.every_ms, facts_.registered, time_.stream_ms);
    const unsigned pace = 1 + below(6);
    for (int step = 0; step < 200; ++step) {
      time_.stream_ms += kStep;
      if (time_.connected) time_.subscribed_ms += kStep;
      fold_->advance(time_);
      oracle.tick(time_.stream_ms, time_.connected);
      std::string got = said();
      if (one_in(30)) {
        time_.connected = !time_.connected;
        if (time_.connected) time_.connected_since_ms = time_.stream_ms;
        if (time_.connected) oracle.connect();
      } else if (one_in(20)) {
        restart();
      } else if (time_.connected && one_in(pace)) {
        Reading reading;
        reading.sensor = 1;
        reading.value = below(8);
        reading.time_ms = reading.arrival_ms = time_.stream_ms;
        hear(reading);
        oracle.hear(reading.value);
      }
      const std::string want = oracle.take();
      got += said();
      ASSERT_EQ(want, got) << "seed " << seed << " step " << step << " kind " << static_cast<int>(rule.kind)
                           << " silent_for " << rule.silent_for.count() << " within " << rule.window.count()
                           << " every " << facts_.every_ms << " above " << rule.high << " keep "
                           << rule.keep_firing_for.count() << " registered " << facts_.registered;
      transitions += static_cast<std::size_t>(std::count(want.begin(), want.end(), '\n'));
    }
  }
  EXPECT_LT(last_seed, transitions) << "the streams have to move the rules";
}

}  // namespace
}  // namespace sluice
