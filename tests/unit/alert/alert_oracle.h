// AlertOracle: what one rule says of one sensor, written from daemon/alert/README.md alone and as plainly as
// can be: it keeps every reading and every call of the condition, and looks at all of them each time.
// Silence, hours and absence have tests of their own.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "alert/alert_fold.h"

namespace sluice {

class AlertOracle {
 public:
  AlertOracle(const Rule& rule, std::int64_t max_age_ms) : rule_(rule), max_age_ms_(max_age_ms) {}

  void pass(const FoldTime& time) {  // every delay that ends by now, in order
    now_ = time;
    for (;;) {
      const std::optional<Move> move = moving();
      const std::int64_t move_ms = move ? move->from_stream_ms + delay_ms(*move) : now_.stream_ms + 1;
      const bool repeats = level_ > 0 && told_ > 0 && rule_.repeat.count() > 0;
      std::int64_t repeat_ms = repeats ? told_ms_ + rule_.repeat.count() : now_.stream_ms + 1;
      if (std::min(move_ms, repeat_ms) > now_.stream_ms) return;
      if (move_ms <= repeat_ms) {
        finish(*move, newest_value(), doubts_of_newest() | (time.backlog ? kQueued : 0u), move_ms);
        continue;
      }
      // Once for all that were missed.
      const std::int64_t end_ms = std::min(move_ms, now_.stream_ms + 1);
      while (repeat_ms + rule_.repeat.count() < end_ms) repeat_ms += rule_.repeat.count();
      tell(repeat_ms, newest_value(), "repeated");
      told_ms_ = repeat_ms;
    }
  }

  void hear(const Reading& reading, const FoldTime& time) {
    now_ = time;
    const bool copy = reading.flags & (kRetained | kDuplicate);
    if (reading.flags & (kRetained | kDuplicate) & ~rule_.accept) return;
    const std::optional<Reading> before = newest();
    heard_.push_back(reading);
    if (!copy && (!before || reading.time_ms >= before->time_ms)) open_ = 0;
    const bool is_newest = !before || reading.time_ms >= before->time_ms;
    const std::uint32_t doubts = doubts_of(reading);
    if (rule_.measure == Measure::kValue) {
      if (is_newest) call(reading.time_ms, reading.value, before ? before->value : 0, doubts);
    } else if (rule_.every.count() == 0) {
      const std::int64_t at_ms = before ? std::max(before->time_ms, reading.time_ms) : reading.time_ms;
      const auto value = figure(at_ms);
      const auto last = before ? figure(before->time_ms) : std::nullopt;
      if (value) call(at_ms, *value, last.value_or(*value), doubts);
    } else if (is_newest && !copy && before) {
      const std::int64_t step_ms = rule_.every.count();
      const std::int64_t late_ms = rule_.lateness.count();
      for (std::int64_t grid = (before->time_ms - late_ms) / step_ms * step_ms + step_ms;
           grid <= reading.time_ms - late_ms; grid += step_ms) {
        const auto value = figure(grid);
        if (value) call(grid, *value, figure(grid - step_ms).value_or(*value), doubts);
      }
    }
  }

  // What waited or was late counts no longer, of what stands or is on its way.
  void end_backlog() {
    if (level_ > 0 || moving()) open_ = kQueued | kLate;
    if (level_ != told_ && level_ > 0 && !(doubts_of_newest() & kClockUnset & ~rule_.accept)) {
      tell(now_.stream_ms, newest_value(), "standing");
    }
  }

  std::string take() { return std::exchange(said_, ""); }

 private:
  struct Call {
    std::int64_t at_ms;
    std::int64_t stream_ms;
    int level;
  };
  struct Move {
    std::int64_t from_ms;
    std::int64_t from_stream_ms;
    int level;
  };

  std::optional<Reading> newest() const {
    std::optional<Reading> found;
    for (const Reading& r : heard_) {
      if (!(r.flags & (kRetained | kDuplicate)) && (!found || r.time_ms >= found->time_ms)) found = r;
    }
    return found;
  }
  std::uint32_t doubts_of(const Reading& r) const {
    const bool late = r.arrival_ms - r.time_ms > max_age_ms_;
    return (r.flags & (kRetained | kDuplicate | kQueued | kClockUnset)) | (late ? kLate : 0u);
  }
  std::uint32_t doubts_of_newest() const { return newest() ? doubts_of(*newest()) & ~open_ : 0u; }

  // The figure of the readings in (at - window, at]; stuck_for looks at twice its time.
  std::optional<double> figure(std::int64_t at_ms) const {
    std::vector<Reading> in;
    const std::int64_t back_ms = rule_.window.count() * (rule_.measure == Measure::kSteady ? 2 : 1);
    for (const Reading& r : heard_) {
      if (r.time_ms > at_ms - back_ms && r.time_ms <= at_ms) in.push_back(r);
    }
    if (in.empty()) return std::nullopt;
    std::stable_sort(in.begin(), in.end(), [](auto& a, auto& b) { return a.time_ms < b.time_ms; });
    std::vector<double> sorted;
    double sum = 0;
    double counted = 0;
    double change = 0;
    for (const Reading& r : in) {
      sorted.push_back(r.value);
      sum += r.value;
      counted += r.value > rule_.of.high ? 1 : 0;
      change = std::max(change, std::fabs(r.value - in.back().value));
    }
    std::sort(sorted.begin(), sorted.end());
    const double n = static_cast<double>(in.size());
    switch (rule_.measure) {
      case Measure::kMean:
        return sum / n;
      case Measure::kMin:
        return sorted.front();
      case Measure::kMax:
        return sorted.back();
      case Measure::kMedian:
        return sorted[static_cast<std::size_t>(std::ceil(n * 0.5)) - 1];
      case Measure::kP95:
        return sorted[static_cast<std::size_t>(std::ceil(n * 95 / 100)) - 1];
      case Measure::kSum:
        return sum;
      case Measure::kSamples:
        return n;
      case Measure::kFirst:
        return in.front().value;
      case Measure::kLast:
        return in.back().value;
      case Measure::kRange:
        return sorted.back() - sorted.front();
      case Measure::kChange:
        return change;
      case Measure::kCount:
        return counted;
      case Measure::kStddev: {
        double squares = 0;
        for (const Reading& r : in) squares += (r.value - sum / n) * (r.value - sum / n);
        return std::sqrt(squares / n);
      }
      case Measure::kRate: {
        const auto passed = static_cast<double>(in.back().time_ms - in.front().time_ms);
        if (passed == 0) return std::nullopt;
        return (in.back().value - in.front().value) / passed * static_cast<double>(rule_.per.count());
      }
      case Measure::kSteady: {
        std::size_t first = in.size();
        for (std::size_t i = in.size(); i-- > 0;) {
          const auto [low, high] = std::minmax_element(in.begin() + static_cast<std::ptrdiff_t>(i), in.end(),
                                                       [](auto& a, auto& b) { return a.value < b.value; });
          if (high->value - low->value > rule_.tolerance) break;
          first = i;
        }
        return static_cast<double>(in.back().time_ms - in[first].time_ms) / 1000;
      }
      default:
        return std::nullopt;
    }
  }
  double newest_value() const {
    const auto reading = newest();
    if (!reading) return 0;
    if (rule_.measure == Measure::kValue) return reading->value;
    if (rule_.every.count() == 0) return figure(reading->time_ms).value_or(reading->value);
    const std::int64_t step_ms = rule_.every.count();
    return figure((reading->time_ms - rule_.lateness.count()) / step_ms * step_ms).value_or(reading->value);
  }

  int called_for(double value) const {
    const bool above = rule_.kind != ConditionKind::kBelow;
    if (rule_.measure == Measure::kSteady) return value >= rule_.low ? 1 : 0;
    std::vector<Level> levels = rule_.levels;
    if (levels.empty()) levels = {{rule_.severity, above ? rule_.high : rule_.low, rule_.clear}};
    for (int i = static_cast<int>(levels.size()); i > 0; --i) {
      const Level& l = levels[static_cast<std::size_t>(i - 1)];
      if (above ? value > l.limit : value < l.limit) return i;
      if (level_ >= i && l.clear && (above ? value > *l.clear : value < *l.clear)) return i;
    }
    return 0;
  }

  // The newest calls that all were for more than the level that it has, or all for less.
  std::optional<Move> moving() const {
    if (calls_.empty() || calls_.back().level == level_) return std::nullopt;
    const bool up = calls_.back().level > level_;
    Move move{0, 0, calls_.back().level};
    for (auto c = calls_.rbegin(); c != calls_.rend() && (up ? c->level > level_ : c->level < level_); ++c) {
      move = {c->at_ms, c->stream_ms, up ? std::min(move.level, c->level) : std::max(move.level, c->level)};
    }
    return move;
  }
  std::int64_t delay_ms(const Move& move) const {
    if (move.level > level_) return rule_.hold.count();
    return std::max(rule_.keep_firing_for.count(), flapping_ ? rule_.flap_within.count() : 0);
  }

  void call(std::int64_t at_ms, double value, double last, std::uint32_t doubts) {
    for (auto m = moving(); m && m->from_ms + delay_ms(*m) <= at_ms; m = moving()) {
      finish(*m, last, doubts, now_.stream_ms);
    }
    calls_.push_back({at_ms, now_.stream_ms, called_for(value)});
    const auto move = moving();
    if (move && delay_ms(*move) == 0) {
      finish({at_ms, now_.stream_ms, move->level}, value, doubts, now_.stream_ms);
    } else if (level_ != told_ && !(move && move->level < level_) && !(doubts & ~rule_.accept)) {
      tell(at_ms, value, "standing");
    }
    if (level_ == 0 && !moving()) open_ = 0;
  }

  void finish(const Move& move, double value, std::uint32_t doubts, std::int64_t stream_ms) {
    const std::int64_t at_ms = move.from_ms + delay_ms(move);
    const int old = std::exchange(level_, move.level);
    calls_.clear();
    if (old == 0) since_ms_ = at_ms;
    if (old == 0 || level_ == 0) changes_.push_back(at_ms);
    if (level_ == 0) {
      say("resolved", at_ms, value, told_ == 0 ? "quiet" : "");
      told_ = 0;
      open_ = 0;
      flapping_ = false;
      return;
    }
    const auto n = static_cast<std::size_t>(rule_.flap_changes);
    if (old == 0 && n > 0 && changes_.size() >= n &&
        at_ms - changes_[changes_.size() - n] <= rule_.flap_within.count()) {
      flapping_ = true;
    }
    const bool open = !(doubts & ~rule_.accept);
    if (open) told_ = level_;
    if (open) told_ms_ = now_.stream_ms;
    say("firing", at_ms, value, std::string(open ? "" : "quiet") + (old > 0 ? " new_level" : ""));
    // What the newest figure calls for beyond that begins to wait here.
    if (rule_.levels.size() > 1) calls_.push_back({at_ms, stream_ms, called_for(value)});
  }

  void tell(std::int64_t at_ms, double value, const std::string& why) {
    told_ = level_;
    told_ms_ = now_.stream_ms;
    say("firing", at_ms, value, why);
  }
  void say(const std::string& state, std::int64_t at_ms, double value, const std::string& why);

  Rule rule_;
  std::int64_t max_age_ms_;
  FoldTime now_;
  std::vector<Reading> heard_;
  std::vector<Call> calls_;  // of the condition, since the level changed
  std::vector<std::int64_t> changes_;
  int level_ = 0;
  int told_ = 0;
  std::int64_t told_ms_ = 0;
  std::int64_t since_ms_ = 0;
  bool flapping_ = false;
  std::uint32_t open_ = 0;  // doubts of the newest reading that no longer count
  std::string said_;
};

std::string line_of(const std::string& state, std::int64_t since_ms, std::int64_t at_ms, double value,
                    const std::string& why);

inline void AlertOracle::say(const std::string& state, std::int64_t at_ms, double value,
                             const std::string& why) {
  const bool flaps = flapping_ && state == "firing";
  said_ += line_of(state, since_ms_, at_ms, value, why + (flaps ? " flapping" : ""));
}

}  // namespace sluice
