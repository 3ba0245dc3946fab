// Rules on one sensor, its readings, and what is told of them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "alert/alert_fold.h"
#include "decode/topic_filter.h"

namespace sluice {

inline constexpr std::int64_t kWall = 1700000000000;

class AlertFoldOf : public ::testing::Test {
 protected:
  void SetUp() override {
    time_.stream_ms = kWall;
    time_.connected = true;
  }

  static Rule above(double limit) {
    Rule rule;
    rule.name = "too-hot";
    rule.sensor = "s/#";
    rule.kind = ConditionKind::kAbove;
    rule.high = limit;
    rule.message = "{sensor}";
    return rule;
  }
  static Rule silent(std::int64_t ms) {
    Rule rule;
    rule.name = "silent";
    rule.sensor = "s/#";
    rule.kind = ConditionKind::kSilentFor;
    rule.silent_for = std::chrono::milliseconds(ms);
    return rule;
  }

  void start(std::vector<Rule> rules) {
    settings_.gateway = "gw";
    settings_.rules = std::move(rules);
    restart();
  }
  // A new process that finds what the old one stored.
  void restart() {
    std::vector<RuleState> states = fold_ ? fold_->states() : std::vector<RuleState>{};
    fold_ = std::make_unique<AlertFold>(settings_, topic_matches);
    fold_->add_sensor({1, &name_, &unit_, &labels_}, last_.id ? &last_ : nullptr);
    fold_->restore(states, {}, time_, standing_);
  }
  // What was told since the last time; what stands is kept as a store would.
  std::vector<AlertEvent> events() {
    std::vector<AlertEvent> events = fold_->take_events();
    for (const AlertEvent& event : events) {
      std::erase_if(standing_, [&](const AlertEvent& old) { return old.alert == event.alert; });
      if (event.state != AlertState::kFiring) continue;
      standing_.push_back(event);
      std::vector<std::string>& channels = standing_.back().channels;
      channels.insert(channels.end(), event.formerly.begin(), event.formerly.end());
    }
    return events;
  }
  static std::string names(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += name + ' ';
    return text;
  }
  void pass(std::int64_t ms) {
    time_.stream_ms += ms;
    if (time_.connected) time_.subscribed_ms += ms;
    fold_->advance(time_);
  }
  void hear(double value, std::int64_t age_ms = 0, std::uint32_t flags = kPayloadTime) {
    Reading reading{1, flags, time_.stream_ms - age_ms, time_.stream_ms, value};
    fold_->on_reading(reading, time_);
    last_ = {1,
             std::max(last_.time_ms, reading.time_ms),
             value,
             flags,
             age_ms,
             reading.arrival_ms,
             time_.subscribed_ms};
  }
  // "+500" a firing told of at 500 ms since the start, "-" resolved, "q" quiet, "s" standing.
  std::string said() {
    std::string text;
    for (const AlertEvent& event : fold_->take_events()) {
      if (!text.empty()) text += ' ';
      text += event.state == AlertState::kFiring ? '+' : '-';
      if (event.flags & kQuiet) text += 'q';
      if (event.flags & kStanding) text += 's';
      if (event.flags & kRuleRemoved) text += 'r';
      text += std::to_string(event.at_ms - kWall);
    }
    return text;
  }

  AlertSettings settings_;
  FoldTime time_;
  std::unique_ptr<AlertFold> fold_;
  std::string name_ = "s/1";
  std::string unit_ = "°C";
  std::map<std::string, std::string> labels_;
  SensorLast last_;
  std::vector<AlertEvent> standing_;
};

}  // namespace sluice
