// AlertOracle: what one rule says of one sensor, written from daemon/alert/README.md alone and as plainly as
// can be: it keeps every reading and every call of the condition, and looks at all of them each time. Absence
// has an oracle of its own.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "alert/alert_fold.h"
#include "figure_oracle.h"

namespace sluice {

// Of an event, all that is compared.
std::string line_of(AlertState state, const std::string& severity, double threshold, std::int64_t since_ms,
                    std::int64_t at_ms, double value, std::uint32_t flags);

class AlertOracle {
 public:
  AlertOracle(const Rule& rule, const AlertSettings& settings)
      : rule_(rule), max_age_ms_(settings.max_age.count()), samples_max_(settings.window_samples) {}

  void pass(const FoldTime& time) {  // every delay that ends by now, in order
    now_ = time;
    for (;;) {
      const std::optional<Move> move = moving();
      const std::int64_t move_ms = move ? move->from_stream_ms + delay_ms(*move) : now_.stream_ms + 1;
      const bool repeats = level_ > 0 && told_ > 0 && rule_.repeat.count() > 0;
      std::int64_t repeat_ms = repeats ? told_ms_ + rule_.repeat.count() : now_.stream_ms + 1;
      if (std::min(move_ms, repeat_ms) > now_.stream_ms) return;
      if (move_ms <= repeat_ms) {
        finish(*move, newest_value(), doubts_now());
        continue;
      }
      // Once for all that were missed.
      const std::int64_t end_ms = std::min(move_ms, now_.stream_ms + 1);
      while (repeat_ms + rule_.repeat.count() < end_ms) repeat_ms += rule_.repeat.count();
      // A level that came with what nobody is told of is not told of here, either.
      if (!silenced_) tell(repeat_ms, newest_value(), kRepeated, open(doubts_now()) ? level_ : told_);
      told_ms_ = repeat_ms;
    }
  }

  void hear(const Reading& reading, const FoldTime& time) {
    now_ = time;
    const bool copy = reading.flags & (kRetained | kDuplicate);
    if (reading.flags & (kRetained | kDuplicate) & ~rule_.accept) return;
    const std::optional<Reading> before = newest();
    heard_.insert(std::upper_bound(heard_.begin(), heard_.end(), reading,
                                   [](auto& a, auto& b) { return a.time_ms < b.time_ms; }),
                  reading);
    const bool is_newest = !before || reading.time_ms >= before->time_ms;
    if (is_newest && newest_is(reading)) open_ = 0;
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
    now_.backlog = false;
    if (level_ > 0 || moving()) open_ = kQueued | kLate;
    tell_untold();
  }
  void silence(bool on) {
    silenced_ = on;
    if (!on) tell_untold();
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

  // Of those that the rule takes; a grid goes by what is live.
  bool newest_is(const Reading& r) const {
    return rule_.every.count() == 0 || !(r.flags & (kRetained | kDuplicate));
  }
  std::optional<Reading> newest() const {
    for (auto r = heard_.rbegin(); r != heard_.rend(); ++r) {
      if (newest_is(*r)) return *r;
    }
    return std::nullopt;
  }
  std::uint32_t doubts_of(const Reading& r) const {
    const bool late = r.arrival_ms - r.time_ms > max_age_ms_;
    return (r.flags & (kRetained | kDuplicate | kQueued | kClockUnset)) | (late ? kLate : 0u);
  }
  std::uint32_t doubts_now() const {
    return (newest() ? doubts_of(*newest()) & ~open_ : 0u) | (now_.backlog ? kQueued : 0u);
  }
  bool open(std::uint32_t doubts) const { return !(doubts & ~rule_.accept) && !silenced_; }

  // Of the readings in (at - window, at], as far as they are remembered; stuck_for looks at twice its time.
  std::optional<double> figure(std::int64_t at_ms) const {
    std::vector<Reading> in;
    const std::int64_t back_ms = rule_.window.count() * (rule_.measure == Measure::kSteady ? 2 : 1);
    for (std::size_t i = heard_.size() - std::min(samples_max_, heard_.size()); i < heard_.size(); ++i) {
      if (heard_[i].time_ms > at_ms - back_ms && heard_[i].time_ms <= at_ms) in.push_back(heard_[i]);
    }
    if (in.empty()) return std::nullopt;
    return figure_of(rule_, in);
  }
  double newest_value() const {
    const auto reading = newest();
    if (!reading) return 0;
    if (rule_.measure == Measure::kValue) return reading->value;
    const std::int64_t step_ms = std::max<std::int64_t>(1, rule_.every.count());
    return figure((reading->time_ms - rule_.lateness.count()) / step_ms * step_ms).value_or(reading->value);
  }

  int called_for(double value) const {
    if (std::isnan(value)) return 0;
    const bool above = rule_.kind != ConditionKind::kBelow;
    const bool one_sided = rule_.kind == ConditionKind::kAbove || rule_.kind == ConditionKind::kBelow;
    if (!one_sided) return meets(rule_.kind, rule_.low, rule_.high, value) ? 1 : 0;
    std::vector<Level> levels = rule_.levels;
    if (levels.empty()) levels = {{rule_.severity, above ? rule_.high : rule_.low, rule_.clear}};
    for (int i = static_cast<int>(levels.size()); i > 0; --i) {
      const Level& l = levels[static_cast<std::size_t>(i - 1)];
      if (above ? value > l.limit : value < l.limit) return i;
      if (level_ >= i && l.clear && (above ? value > *l.clear : value < *l.clear)) return i;
    }
    return 0;
  }

  // Since when all calls were for `level` or more, or all for less.
  std::optional<Call> run(int level, bool more) const {
    std::optional<Call> first;
    for (auto c = calls_.rbegin(); c != calls_.rend() && (c->level >= level) == more; ++c) first = *c;
    return first;
  }
  // Each level is a rule of its own: the nearest to move, and whatever moves at the same time.
  std::optional<Move> moving() const {
    if (const auto next = run(level_ + 1, true)) {
      Move move{next->at_ms, next->stream_ms, level_ + 1};
      while (run(move.level + 1, true) && run(move.level + 1, true)->stream_ms == next->stream_ms &&
             run(move.level + 1, true)->at_ms == next->at_ms)
        ++move.level;
      return move;
    }
    const auto left = level_ > 0 ? run(level_, false) : std::nullopt;
    if (!left) return std::nullopt;
    Move move{left->at_ms, left->stream_ms, level_ - 1};
    while (move.level > 0 && run(move.level, false) && run(move.level, false)->stream_ms == left->stream_ms &&
           run(move.level, false)->at_ms == left->at_ms)
      --move.level;
    return move;
  }
  std::int64_t delay_ms(const Move& move) const {
    if (move.level > level_) return rule_.hold.count();
    return std::max(rule_.keep_firing_for.count(), flapping_ ? rule_.flap_within.count() : 0);
  }

  void call(std::int64_t at_ms, double value, double last, std::uint32_t doubts) {
    for (auto m = moving(); m && m->from_ms + delay_ms(*m) <= at_ms; m = moving()) {
      finish(*m, last, doubts);
    }
    calls_.push_back({at_ms, now_.stream_ms, called_for(value)});
    const auto move = moving();
    if (move && delay_ms(*move) == 0) {
      finish({at_ms, now_.stream_ms, move->level}, value, doubts);
    } else if (level_ != told_ && !(move && move->level < level_) && open(doubts)) {
      tell(at_ms, value, kStanding, level_);
    }
    if (level_ == 0 && !moving()) open_ = 0;
  }

  void finish(const Move& move, double value, std::uint32_t doubts) {
    const std::int64_t at_ms = move.from_ms + delay_ms(move);
    const int old = std::exchange(level_, move.level);
    if (old == 0) since_ms_ = at_ms;
    if (old == 0) estimated_ = doubts & kClockUnset;
    if (old == 0 || level_ == 0) changes_.push_back(at_ms);
    const auto n = static_cast<std::size_t>(rule_.flap_changes);
    if (old == 0 && n > 0 && changes_.size() >= n) {
      const auto [first, last] =
          std::minmax_element(changes_.end() - static_cast<std::ptrdiff_t>(n), changes_.end());
      if (*last - *first <= rule_.flap_within.count()) flapping_ = true;
    }
    std::uint32_t flags = flags_of(doubts);
    if (level_ == 0) {
      say(AlertState::kResolved, told_ == 0 ? old : told_, at_ms, value, flags | (told_ == 0 ? kQuiet : 0u));
      told_ = 0;
      open_ = 0;
      flapping_ = false;
      return;
    }
    if (old > 0) flags |= kNewLevel;
    if (silenced_) flags |= kSilenced;
    if (open(doubts)) told_ = level_;
    if (open(doubts)) told_ms_ = now_.stream_ms;
    say(AlertState::kFiring, level_, at_ms, value, flags | (open(doubts) ? 0u : kQuiet));
  }

  // What stands, and is kept from nobody any more.
  void tell_untold() {
    if (level_ != told_ && level_ > 0 && open(doubts_now()))
      tell(now_.stream_ms, newest_value(), kStanding, level_);
  }
  void tell(std::int64_t at_ms, double value, std::uint32_t why, int level) {
    told_ = level;
    told_ms_ = now_.stream_ms;
    say(AlertState::kFiring, level, at_ms, value, why);
  }
  static std::uint32_t flags_of(std::uint32_t doubts) {
    return (doubts & kQueued ? kFromQueued : 0u) | (doubts & kLate ? kFromLate : 0u) |
           (doubts & kRetained ? kFromRetained : 0u) | (doubts & kDuplicate ? kFromDuplicate : 0u) |
           (doubts & kClockUnset ? kClockWasUnset : 0u);
  }
  void say(AlertState state, int level, std::int64_t at_ms, double value, std::uint32_t flags) {
    if (std::isnan(value)) value = 0;  // a rate
    if (flapping_ && state == AlertState::kFiring) flags |= kFlapping;
    if (estimated_) flags |= kClockWasUnset;
    const bool two_ends = rule_.kind == ConditionKind::kOutside || rule_.kind == ConditionKind::kInside;
    double limit = rule_.kind == ConditionKind::kAbove ? rule_.high : rule_.low;
    if (two_ends && value - rule_.low >= rule_.high - value) limit = rule_.high;  // the nearer
    if (!rule_.levels.empty()) limit = rule_.levels[static_cast<std::size_t>(level - 1)].limit;
    said_ += line_of(state, rule_.severity_of(level), limit, since_ms_, at_ms, value, flags);
  }

  Rule rule_;
  std::int64_t max_age_ms_;
  std::size_t samples_max_;
  FoldTime now_;
  std::vector<Reading> heard_;  // in order of time
  std::vector<Call> calls_;     // of the condition
  std::vector<std::int64_t> changes_;
  int level_ = 0;
  int told_ = 0;
  std::int64_t told_ms_ = 0;
  std::int64_t since_ms_ = 0;
  bool flapping_ = false;
  bool estimated_ = false;  // since
  bool silenced_ = false;
  std::uint32_t open_ = 0;  // doubts of the newest reading that no longer count
  std::string said_;
};

}  // namespace sluice
