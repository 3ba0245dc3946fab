// AbsenceOracle: what a rule of silent_for or missing_ratio says of one sensor, written from
// daemon/alert/README.md alone: it goes from tick to tick and looks at everything at each.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alert_oracle.h"

namespace sluice {

class AbsenceOracle {
 public:
  AbsenceOracle(const Rule& rule, std::int64_t every_ms, bool registered, std::int64_t now_ms)
      : rule_(rule), every_ms_(every_ms), awaited_(registered), known_ms_(now_ms), now_ms_(now_ms) {}

  void tick(std::int64_t now_ms, bool connected) {
    now_ms_ = now_ms;
    silence_ms_ += connected ? now_ms - std::exchange(before_ms_, now_ms) : 0;
    before_ms_ = now_ms;
    connected_ = connected;
    if (over_ms_ && now_ms - *over_ms_ >= rule_.keep_firing_for.count()) end();
    if (!absent()) return;
    over_ms_.reset();
    if (!std::exchange(firing_, true)) say(AlertState::kFiring, since_ms_ = now_ms);
  }
  void connect() { connected_since_ms_ = now_ms_; }
  void hear(double value) {
    awaited_ = true;
    value_ = value;
    silence_ms_ = 0;
    // After twice its window a sensor is as one that was never heard.
    std::erase_if(arrivals_, [&](std::int64_t at_ms) { return at_ms <= now_ms_ - 2 * rule_.window.count(); });
    arrivals_.push_back(now_ms_);
    known_ms_ = arrivals_.front();
    const bool enough = rule_.kind == ConditionKind::kSilentFor || missing() <= rule_.high;
    if (firing_ && !over_ms_ && enough) over_ms_ = now_ms_;
    if (over_ms_ && rule_.keep_firing_for.count() == 0) end();
  }
  std::string take() { return std::exchange(said_, ""); }

 private:
  double missing() const {
    const auto came = std::count_if(arrivals_.begin(), arrivals_.end(), [&](std::int64_t at_ms) {
      return at_ms > now_ms_ - rule_.window.count();
    });
    return std::max(0.0,
                    1 - static_cast<double>(came) / static_cast<double>(rule_.window.count() / every_ms_));
  }
  bool absent() const {
    if (!awaited_ || !connected_) return false;
    if (rule_.kind == ConditionKind::kSilentFor) return silence_ms_ >= rule_.silent_for.count();
    const std::int64_t whole_ms = std::max(connected_since_ms_, known_ms_) + rule_.window.count();
    return now_ms_ >= whole_ms && missing() > rule_.high;
  }
  void end() {
    over_ms_.reset();
    firing_ = false;
    say(AlertState::kResolved, now_ms_);
  }
  void say(AlertState state, std::int64_t at_ms) {
    const bool silent = rule_.kind == ConditionKind::kSilentFor;
    const double limit = silent ? static_cast<double>(rule_.silent_for.count()) / 1000 : rule_.high;
    said_ += line_of(state, rule_.severity, limit, since_ms_, at_ms, silent ? value_ : missing(), 0);
  }

  Rule rule_;
  std::int64_t every_ms_;
  bool awaited_;
  std::int64_t known_ms_;
  std::int64_t now_ms_;
  std::int64_t before_ms_ = now_ms_;
  std::int64_t connected_since_ms_ = now_ms_;
  std::int64_t silence_ms_ = 0;
  std::int64_t since_ms_ = 0;
  double value_ = 0;
  bool connected_ = true;
  bool firing_ = false;
  std::optional<std::int64_t> over_ms_;  // since when the absence is over, of one that still stands
  std::vector<std::int64_t> arrivals_;
  std::string said_;
};

}  // namespace sluice
