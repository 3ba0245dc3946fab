// Random rules over random streams: the fold, restarted at any point, and the oracle agree on every
// transition.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <random>
#include <sstream>

#include "alert/event_json.h"
#include "alert_oracle.h"
#include "decode/topic_filter.h"

namespace sluice {

std::string line_of(const std::string& state, std::int64_t since_ms, std::int64_t at_ms, double value,
                    const std::string& why) {
  std::istringstream words(why);
  std::vector<std::string> sorted;
  for (std::string word; words >> word;) sorted.push_back(word);
  std::sort(sorted.begin(), sorted.end());
  std::string flags;
  for (const std::string& word : sorted) flags += " " + word;
  return fmt::format("{} since {} at {} value {}{}\n", state, since_ms, at_ms, value, flags);
}

namespace {

constexpr std::int64_t kStep = 500;
constexpr std::int64_t kMaxAge = 10000;

class AlertModel : public ::testing::Test {
 protected:
  using Ms = std::chrono::milliseconds;

  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  Ms some(unsigned steps) { return Ms(kStep * below(steps)); }

  Rule random_rule() {
    Rule rule;
    rule.name = "r";
    rule.sensor = "#";
    rule.kind = below(2) ? ConditionKind::kAbove : ConditionKind::kBelow;
    rule.high = rule.low = below(6);
    const double side = rule.kind == ConditionKind::kAbove ? -1 : 1;
    if (below(2)) rule.clear = rule.high + side * below(3);
    rule.measure = below(3) ? static_cast<Measure>(below(16)) : Measure::kValue;
    rule.window = Ms(kStep * (1 + below(20)));
    rule.per = Ms(1000);
    rule.of.high = below(5);
    rule.tolerance = below(3);
    const bool figure = rule.measure >= Measure::kMean && rule.measure <= Measure::kRange;
    if (figure && below(2)) {
      rule.every = std::min(rule.window, Ms(kStep * (1 + below(6))));
      rule.lateness = some(4);
    }
    if (rule.measure == Measure::kSteady) {
      rule.kind = ConditionKind::kInside;
      rule.clear.reset();
      rule.low = static_cast<double>(rule.window.count()) / 1000;
      rule.high = 1e300;
    } else if (below(3) == 0) {
      for (unsigned i = 0; i < 1 + below(3); ++i) {
        Level level{"l" + std::to_string(i), rule.high - side * 2 * i, std::nullopt};
        if (below(2)) level.clear = level.limit + side * below(3);
        rule.levels.push_back(level);
      }
      rule.clear.reset();
    }
    if (below(2)) rule.hold = some(12);
    if (below(3) == 0) rule.keep_firing_for = some(12);
    if (below(3) == 0) rule.repeat = Ms(kStep * (1 + below(20)));
    if (below(4) == 0) rule.flap_changes = static_cast<int>(2 + below(4));
    rule.flap_within = some(30);
    for (std::uint32_t flag : {std::uint32_t{kQueued}, std::uint32_t{kRetained}, std::uint32_t{kDuplicate},
                               std::uint32_t{kClockUnset}, kLate}) {
      if (below(6) == 0) rule.accept |= flag;
    }
    return rule;
  }

  void start(const Rule& rule) {
    settings_ = {};
    settings_.gateway = "gw";
    settings_.max_age = Ms(kMaxAge);
    settings_.rules = {rule};
    time_ = {};
    time_.stream_ms = 1700000000000;
    time_.connected = true;
    last_ = {};
    recent_.clear();
    fold_.reset();
    restart();
  }
  // What a store would give back.
  void restart() {
    const std::vector<RuleState> states = fold_ ? fold_->states() : std::vector<RuleState>{};
    fold_ = std::make_unique<AlertFold>(settings_, topic_matches);
    fold_->add_sensor({1, &name_, &unit_, &labels_}, last_.id ? &last_ : nullptr);
    for (const RecentReading& reading : recent_) fold_->recall(reading);
    fold_->restore(states, {}, time_);
  }
  Reading random_reading() {
    Reading reading;
    reading.sensor = 1;
    reading.value = below(8);
    reading.arrival_ms = time_.stream_ms;
    reading.time_ms = time_.stream_ms - (below(3) ? 0 : kStep * below(below(8) ? 6 : 40));
    reading.flags = kPayloadTime;
    if (time_.backlog) reading.flags |= kQueued;
    for (auto flag : {kRetained, kDuplicate, kClockUnset}) {
      if (below(15) == 0) reading.flags |= flag;
    }
    return reading;
  }
  void keep(const Reading& reading) {
    recent_.push_back({reading, time_.stream_ms});
    if (reading.flags & (kRetained | kDuplicate)) return;
    if (last_.id == 0 || reading.time_ms >= last_.time_ms) {
      last_ = {1, reading.time_ms, reading.value, reading.flags, reading.arrival_ms - reading.time_ms, 0, 0};
    }
    last_.arrival_ms = reading.arrival_ms;
  }
  std::string said() {
    std::string text;
    for (const AlertEvent& event : fold_->take_events()) {
      std::string why;
      for (const std::string& flag : flag_names(event.flags)) {
        for (const char* shown : {"quiet", "standing", "repeated", "new_level", "flapping"}) {
          if (flag == shown) why += " " + flag;
        }
      }
      text += line_of(event.state == AlertState::kFiring ? "firing" : "resolved", event.since_ms, event.at_ms,
                      event.value, why);
    }
    return text;
  }

  std::mt19937 random_;
  AlertSettings settings_;
  FoldTime time_;
  std::unique_ptr<AlertFold> fold_;
  std::string name_ = "s/1";
  std::string unit_;
  std::map<std::string, std::string> labels_;
  SensorLast last_;
  std::vector<RecentReading> recent_;
};

TEST_F(AlertModel, AgreesWithTheOracleOnEveryTransitionOfRandomRulesAndStreams) {
  const char* more = std::getenv("SLUICE_ALERT_SEEDS");
  const unsigned seeds = more == nullptr ? 3000 : static_cast<unsigned>(std::atoi(more));
  std::size_t transitions = 0;
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    random_.seed(seed);
    const Rule rule = random_rule();
    start(rule);
    AlertOracle oracle(rule, kMaxAge);
    for (int step = 0; step < 80; ++step) {
      time_.stream_ms += kStep * (below(40) ? below(4) : below(60));
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
      } else if (what > 4) {
        const Reading reading = random_reading();
        fold_->on_reading(reading, time_);
        oracle.hear(reading, time_);
        keep(reading);
      }
      const std::string want = oracle.take();
      got += said();
      ASSERT_EQ(want, got) << "seed " << seed << " step " << step << " measure "
                           << static_cast<int>(rule.measure) << " hold " << rule.hold.count() << " keep "
                           << rule.keep_firing_for.count() << " every " << rule.every.count() << " levels "
                           << rule.levels.size();
      transitions += static_cast<std::size_t>(std::count(want.begin(), want.end(), '\n'));
    }
  }
  EXPECT_LT(seeds, transitions) << "the streams have to move the rules";
}

}  // namespace
}  // namespace sluice
