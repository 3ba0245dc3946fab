// The oracle of P3: what the rules should have said of the rows, what is in the database, and what was heard.
#include <nlohmann/json.hpp>
#include <set>

#include "base/time_text.h"
#include "sim/facts.h"

namespace sluice::sim {

namespace {

using Json = nlohmann::json;
using Key = std::pair<std::string, std::string>;   // rule, sensor
using Said = std::pair<std::string, std::string>;  // id, state

constexpr std::int64_t kAny = INT64_MIN;
constexpr std::int64_t kMaxAgeMs = 10 * kMinute;

struct Heard {
  std::int64_t told_ms = 0;
  Json event;
};

std::string word(AlertState state) {
  return state == AlertState::kFiring ? "firing" : "resolved";
}

struct Transition {
  AlertState state;
  std::int64_t since_ms;
  std::int64_t at_ms;
  // kAny: of a reading that was moved to its time after it had been told of.
  bool operator==(const Transition& other) const {
    auto same = [](std::int64_t a, std::int64_t b) { return a == b || a == kAny || b == kAny; };
    return state == other.state && same(since_ms, other.since_ms) && same(at_ms, other.at_ms);
  }
};

std::string text_of(const std::vector<Transition>& transitions) {
  std::string text;
  for (const Transition& t : transitions)
    text += std::string(t.state == AlertState::kFiring ? " fired " : " resolved ") +
            (t.at_ms == kAny ? "before the clock was set" : format_rfc3339(t.at_ms));
  return text.size() > 200 ? text.substr(0, 200) + "…" : text;
}

// The readings of a sensor that move its rules of a value, in the order of their arrival.
std::vector<const Row*> moving_rows(const Facts& f, const std::string& sensor) {
  std::vector<const Row*> moving;
  std::int64_t newest_ms = INT64_MIN;
  for (const Row& row : f.rows) {
    const Reading& r = row.reading;
    // What was found to be a repetition only when its day was summed had moved the rule.
    const bool repeated = (r.flags & kDuplicate) != 0 && (r.flags & kFoundDuplicate) == 0;
    if (row.sensor != sensor || (r.flags & kRetained) != 0 || repeated) continue;
    // A time that our own clock has not reached by far, when it is later, was a wrong clock's.
    const bool wrong = (r.flags & kClockUnset) == 0 && newest_ms > r.arrival_ms + 300000;
    if (r.time_ms < newest_ms && (r.flags & kPayloadTime) != 0 && !wrong) continue;
    newest_ms = r.time_ms;
    moving.push_back(&row);
  }
  return moving;
}

bool holds(const Rule& rule, double value) {
  if (rule.kind == ConditionKind::kAbove) return value > rule.high;
  if (rule.kind == ConditionKind::kBelow) return value < rule.low;
  return value < rule.low || value > rule.high;
}

// Of a rule without time of its own, from the rows that came before `until_ms`.
std::vector<Transition> plain_transitions(const Rule& rule, const std::vector<const Row*>& rows,
                                          std::int64_t until_ms) {
  std::vector<Transition> transitions;
  bool firing = false;
  std::int64_t since_ms = 0;
  for (const Row* row : rows) {
    if (row->handed_ms() >= until_ms) break;
    const Reading& r = row->reading;
    const bool moved = (r.flags & kClockUnset) != 0 && (r.flags & kPayloadTime) == 0;
    const std::int64_t at_ms = moved ? kAny : r.time_ms;
    const bool there = holds(rule, r.value);
    const bool clears = rule.clear ? r.value <= *rule.clear : !there;
    if (!firing && there) {
      since_ms = at_ms;
      transitions.push_back({AlertState::kFiring, since_ms, since_ms});
      firing = true;
    } else if (firing && clears) {
      transitions.push_back({AlertState::kResolved, since_ms, at_ms});
      firing = false;
    }
  }
  return transitions;
}

class Alerts {
 public:
  explicit Alerts(Facts& facts) : f_(facts) {
    std::vector<StoredAlert> history = f_.must(f_.view.alert_history(1000000));
    std::reverse(history.begin(), history.end());
    for (StoredAlert& stored : history) events_.push_back(std::move(stored.event));
    for (const AlertEvent& event : events_) {
      known_.insert({event.id, word(event.state)});
      if ((event.flags & kQuiet) == 0) last_told_[{event.alert, event.sensor}] = event;
    }
    standing_ = f_.must(f_.view.firing_alerts());
  }

  void check() {
    check_alternation();
    for (const auto& [id, sensor] : f_.names) check_sensor(sensor);
    check_shown();
    hear();
    check_last_heard();
    check_delay();
    f_.expect(f_.e.gateway.undelivered() == 0, "P3", "alerts are still to be delivered");
  }

 private:
  void check_alternation() {
    for (const AlertEvent& event : events_)
      if ((event.flags & kStanding) == 0)
        found_[{event.alert, event.sensor}].push_back({event.state, event.since_ms, event.at_ms});
    for (const auto& [key, transitions] : found_) {
      for (std::size_t i = 0; i < transitions.size(); ++i) {
        const AlertState expected = i % 2 == 0 ? AlertState::kFiring : AlertState::kResolved;
        if (f_.expect(transitions[i].state == expected, "P3",
                      key.first + " of " + key.second + " does not alternate:" + text_of(transitions)))
          continue;
        break;
      }
    }
  }

  // Until when all that the rules saw of a sensor is in the rows: a disk that took nothing cost the first.
  std::int64_t complete_until(const std::string& sensor) const {
    if (f_.dropped == 0) return INT64_MAX;
    std::set<std::uint32_t> there;
    for (const Row& row : f_.rows) there.insert(serial_of(row.reading.value));
    for (const Sent& sent : f_.e.sent)
      if (sent.sensor == sensor && !sent.handed.empty() && !there.contains(sent.serial))
        return sent.handed.front().true_ms;
    return INT64_MAX;
  }

  void check_sensor(const std::string& sensor) {
    const std::vector<const Row*> rows = moving_rows(f_, sensor);
    const std::int64_t until_ms = complete_until(sensor);
    for (const Rule& rule : f_.e.settings.rules) {
      if (rule.kind == ConditionKind::kSilentFor) {
        f_.expect(stands(rule, sensor), "P3", sensor + " has been silent for days, and nobody says so");
      } else if (rule.hold.count() > 0) {
        const bool should = !rows.empty() && holds(rule, rows.back()->reading.value);
        f_.expect(stands(rule, sensor) == should, "P3",
                  rule.name + " of " + sensor + (should ? " does not stand" : " stands"));
      } else {
        check_transitions(rule, sensor, plain_transitions(rule, rows, until_ms), until_ms == INT64_MAX);
        check_quiet(rule, sensor, rows);
      }
    }
  }

  bool stands(const Rule& rule, const std::string& sensor) const {
    return std::any_of(standing_.begin(), standing_.end(), [&](const AlertEvent& event) {
      return event.alert == rule.name && event.sensor == sensor;
    });
  }

  void check_transitions(const Rule& rule, const std::string& sensor, const std::vector<Transition>& expected,
                         bool all) {
    std::vector<Transition>& there = found_[{rule.name, sensor}];
    const auto [first, other] = std::mismatch(expected.begin(), expected.end(), there.begin(), there.end());
    f_.expect(first == expected.end() && (!all || other == there.end()), "P3",
              rule.name + " of " + sensor + " should have" + text_of({first, expected.end()}) + " and has" +
                  text_of({other, there.end()}));
  }

  // Nobody is told of what is old, repeated, kept by the broker, or of an unset clock; of all else everybody.
  void check_quiet(const Rule& rule, const std::string& sensor, const std::vector<const Row*>& rows) {
    for (const AlertEvent& event : events_) {
      if (event.alert != rule.name || event.sensor != sensor || event.state != AlertState::kFiring) continue;
      if ((event.flags & kQuiet) == 0 || (event.flags & kStanding) != 0) continue;
      bool known = false;  // else it has been moved since
      bool doubtful = false;
      for (const Row* row : rows) {
        const Reading& r = row->reading;
        if (r.time_ms != event.at_ms) continue;
        known = true;
        doubtful |= (r.flags & (kRetained | kDuplicate | kQueued | kClockUnset)) != 0;
        doubtful |= r.arrival_ms - r.time_ms > kMaxAgeMs;
      }
      f_.expect(doubtful || !known, "P3",
                "nobody was to be told of " + rule.name + " of " + sensor + " at " +
                    format_rfc3339(event.at_ms) + ", and it is as good as any");
    }
  }

  void check_shown() {
    std::set<std::string> standing;
    for (const AlertEvent& event : standing_)
      standing.insert(std::string("sluice/") + kGateway + "/alerts/" + event.alert + "/" + event.sensor);
    std::set<std::string> shown;
    for (const auto& [topic, payload] : f_.e.receiver.retained)
      if (topic.find("/alerts/") != std::string::npos) shown.insert(topic);
    for (const std::string& topic : standing)
      f_.expect(shown.contains(topic), "P3", topic + " stands, not shown");
    for (const std::string& topic : shown)
      f_.expect(standing.contains(topic), "P3", topic + " is shown, not standing");
  }

  // What was told and is not known any more was lost with the readings that it was of.
  void hear() {
    for (const auto& [told_ms, payload] : f_.e.receiver.events) {
      Json event = Json::parse(payload);
      const Said said{event["id"], event["state"]};
      if (!known_.contains(said)) {
        const History& history = f_.e.history;
        f_.expect(any_holds(history.lost, told_ms) || any_holds(history.disk_troubles, told_ms), "P3",
                  "told of an alert that is not known: " + payload);
        continue;
      }
      heard_[said].push_back(told_ms);
      Heard& last = last_heard_[{event["alert"], event["sensor"]}];
      last = {told_ms, std::move(event)};
    }
  }

  void check_last_heard() {
    for (const auto& [key, event] : last_told_) {
      const std::string name = event.alert + " of " + event.sensor;
      auto heard = last_heard_.find(key);
      if (!f_.expect(heard != last_heard_.end(), "P3", "nobody was told of " + name)) continue;
      const auto& [told_ms, said] = heard->second;
      // A loss took it back: its reading was too old to be told of when it came again, was given up, or was
      // on its way to a disk that failed.
      const History& history = f_.e.history;
      const bool lost = any_holds(history.lost, told_ms) || any_holds(history.disk_troubles, told_ms);
      if (lost && moment_of(event) <= told_ms) continue;
      f_.expect(said["state"] == word(event.state) && said["id"] == event.id, "P3",
                name + " is " + word(event.state) + " " + event.id + " since " +
                    format_rfc3339(event.since_ms) + " at " + format_rfc3339(event.at_ms) + " flags " +
                    std::to_string(event.flags) + ", told last, at " + format_rfc3339(told_ms) + ", was " +
                    said.dump());
    }
  }

  // In true time: of the reading that made it, if it was not moved to its time since.
  std::int64_t moment_of(const AlertEvent& event) const {
    for (const Row& row : f_.rows)
      if (row.sensor == event.sensor && row.reading.time_ms == event.at_ms && !row.sent.empty())
        return row.handed_ms();
    return INT64_MIN;
  }

  // Alerts wait for nothing: told within one turn, also while the disk fails, and once if no process died.
  void check_delay() {
    const History& history = f_.e.history;
    std::map<Said, std::size_t> tellings;  // that there were to be; a newer one may take the place of one
    for (const AlertEvent& event : events_)
      if ((event.flags & kQuiet) == 0) ++tellings[{event.id, word(event.state)}];
    // A stop while the disk fails cannot store what was told.
    const bool stored = history.ends.empty() || history.disk_troubles.empty();
    if (history.deaths == 0 && history.deaf.empty() && stored) {
      for (const auto& [said, heard] : heard_)
        f_.expect(heard.size() <= tellings[said], "P3",
                  said.first + " " + said.second + " was told " + std::to_string(heard.size()) +
                      " times, not " + std::to_string(tellings[said]));
    }
    for (const AlertEvent& event : events_) {
      if ((event.flags & (kQuiet | kStanding)) != 0) continue;
      if (event.alert != "hot" && event.alert != "odd") continue;
      if (tellings[{event.id, word(event.state)}] != 1) continue;  // within one millisecond: the same id
      for (const Row& row : f_.rows)
        if (row.sensor == event.sensor && row.reading.time_ms == event.at_ms && !row.sent.empty())
          check_delay_of(event, row);
    }
  }

  void check_delay_of(const AlertEvent& event, const Row& row) {
    const Reading& r = row.reading;
    if ((r.flags & (kRetained | kDuplicate | kClockUnset)) != 0 || r.value != event.value) return;
    auto heard = heard_.find({event.id, word(event.state)});
    if (heard == heard_.end()) return;  // another has taken its place
    for (const Sent* sent : row.sent)
      for (const Sent::Handed& handed : sent->handed)
        if (any_holds(f_.e.history.deaf, handed.true_ms) || in_time(handed.true_ms, heard->second)) return;
    f_.fail("P3", event.alert + " of " + event.sensor + " at " + format_rfc3339(event.at_ms) +
                      " was handed over at " + format_rfc3339(row.handed_ms()) + ", and first told at " +
                      format_rfc3339(heard->second.front()));
  }

  bool in_time(std::int64_t handed_ms, const std::vector<std::int64_t>& told) const {
    auto first = std::lower_bound(told.begin(), told.end(), handed_ms);
    if (first == told.end()) return true;  // another has taken its place
    const std::vector<std::int64_t>& ends = f_.e.history.ends;
    return *first - handed_ms <= kTurnMs || std::any_of(ends.begin(), ends.end(), [&](std::int64_t end) {
      return end >= handed_ms && end <= *first;
    });
  }

  Facts& f_;
  std::vector<AlertEvent> events_;  // in their order
  std::vector<AlertEvent> standing_;
  std::set<Said> known_;
  std::map<Key, AlertEvent> last_told_;  // as the database has it
  std::map<Key, std::vector<Transition>> found_;
  std::map<Said, std::vector<std::int64_t>> heard_;  // when
  std::map<Key, Heard> last_heard_;
};

}  // namespace

void check_alerts(Facts& facts) {
  Alerts(facts).check();
}

}  // namespace sluice::sim
