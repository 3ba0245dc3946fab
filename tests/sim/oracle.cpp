#include "sim/oracle.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "app/audit.h"
#include "base/sha256.h"
#include "base/time_text.h"

namespace sluice::sim {

namespace {

using Json = nlohmann::json;

struct Row {
  std::string sensor;
  Reading reading;
};

class Oracle {
 public:
  explicit Oracle(const Evidence& evidence) : e_(evidence), view_(evidence.gateway.view()) {}

  std::vector<std::string> check() {
    read_rows();
    check_readings();
    check_clock();
    check_books();
    check_alerts();
    check_told();
    check_days();
    check_uploads();
    return std::move(broken_);
  }

 private:
  template <class T>
  T must(Result<T> result) {
    if (result.ok()) return std::move(*result);
    fail("P10", "a query fails: " + result.error().context);
    return T{};
  }
  void fail(const std::string& promise, const std::string& what) {
    if (broken_.size() < 20) broken_.push_back(promise + ": " + what);
  }
  bool expect(bool holds, const std::string& promise, const std::string& what) {
    if (!holds) fail(promise, what);
    return holds;
  }

  bool lost_some() const { return e_.may_lose || dropped_ > 0; }

  void read_rows() {
    for (const SummarySensor& sensor : must(view_.sensors())) names_[sensor.id] = sensor.name;
    for (const StoreView::Row& row : must(view_.rows_after(0, 1000000)))
      rows_.push_back({names_[row.reading.sensor], row.reading});
  }

  // P1, P2: what was acknowledged is there once; nothing is there that nobody sent.
  void check_readings() {
    struct Seen {
      std::vector<const Sent*> sent;
      int rows = 0;
      int counted = 0;
    };
    std::map<std::uint32_t, Seen> seen;
    for (const Sent& sent : e_.sent) seen[sent.serial].sent.push_back(&sent);
    for (const Row& row : rows_) {
      auto found = seen.find(serial_of(row.reading.value));
      const bool known = found != seen.end() && found->second.sent[0]->sensor == row.sensor &&
                         found->second.sent[0]->value == row.reading.value;
      if (!expect(known, "P2", "a row that nobody sent, of " + row.sensor)) continue;
      const Sent& sent = *found->second.sent[0];
      if (sent.time_ms != 0) {
        expect(sent.time_ms == row.reading.time_ms, "P2", "the time has changed of " + sent.message.payload);
      }
      ++found->second.rows;
      if ((row.reading.flags & kDuplicate) == 0) ++found->second.counted;
    }
    std::vector<std::string> missing;
    for (const auto& [serial, one] : seen) {
      bool owed = false;
      bool several = one.sent.size() > 1;
      for (const Sent* sent : one.sent) {
        owed |= sent->acknowledged && !sent->may_be_lost && !sent->may_be_refused;
        several |= sent->message.retain;
      }
      const Sent& first = *one.sent[0];
      const std::string name = first.message.topic + " " + first.message.payload;
      if (owed && one.counted == 0) missing.push_back(name);
      expect(one.counted <= 1 || several, "P2", "counted " + std::to_string(one.counted) + " times: " + name);
      expect(one.rows <= 1 || several, "P2", "stored " + std::to_string(one.rows) + " times: " + name);
    }
    // A disk that takes nothing for long costs readings, and the ledger says how many.
    for (const auto& [day, counts] : must(view_.ledger())) dropped_ += counts.readings_dropped();
    if (missing.size() <= dropped_) return;
    for (const std::string& name : missing) fail("P1", "acknowledged and not stored: " + name);
  }

  // P9: what arrived in a boot that got the right clock has its true time; what did not, an estimate.
  void check_clock() {
    expect(!must(view_.waits_for_clock()), "P9", "readings still wait for the clock");
    std::map<std::uint32_t, const Sent*> sent;
    for (const Sent& one : e_.sent) sent[one.serial] = &one;
    for (const Row& row : rows_) {
      const Reading& r = row.reading;
      auto found = sent.find(serial_of(r.value));
      if ((r.flags & kPayloadTime) != 0 || found == sent.end()) continue;
      expect(explains(*found->second, r), "P9",
             found->second->message.topic + " " + found->second->message.payload + " is of " +
                 format_rfc3339(r.time_ms) + ", and arrived at " + format_rfc3339(found->second->handed_ms));
    }
  }

  bool explains(const Sent& sent, const Reading& r) const {
    for (const Sent::Handed& handed : sent.handed) {
      auto found = e_.boots.find(handed.boot);
      const BootClock boot = found == e_.boots.end() ? BootClock{} : found->second;
      if (boot.stepped || (boot.trusted && !boot.right)) return true;  // wrong, as its clock was
      const bool estimated = (r.flags & kTimeEstimated) != 0;
      if (!estimated && std::abs(r.time_ms - handed.true_ms) <= 1000) return true;
      if (estimated && (!boot.trusted || e_.may_lose)) return true;  // a power cut took that it was set
    }
    return sent.handed.empty();
  }

  // P6
  void check_books() {
    const AuditReport report = must(audit(view_, e_.gateway.calendar(), {}, [](auto&&...) {}));
    for (const AuditFinding& finding : report.findings) fail("P6", "audit: " + finding.what);
    std::uint64_t stored = 0;
    std::uint64_t duplicate = 0;
    std::uint64_t found_later = 0;
    for (const auto& [day, counts] : must(view_.ledger())) {
      expect(counts.balanced(), "P6", "the books of " + format_date(day) + " do not balance");
      stored += counts[Counter::kReadingsStored];
      duplicate += counts[Counter::kReadingsDuplicate];
      found_later += counts[Counter::kReadingsRepeated];
    }
    const auto repeated = static_cast<std::uint64_t>(std::count_if(
        rows_.begin(), rows_.end(), [](const Row& row) { return (row.reading.flags & kDuplicate) != 0; }));
    expect(duplicate + found_later == repeated, "P6", "the ledger and the rows differ in duplicates");
    expect(stored + duplicate == rows_.size(), "P6", "the ledger and the rows differ");
  }

  static constexpr std::int64_t kAny = INT64_MIN;
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

  static std::string text_of(const std::vector<Transition>& transitions) {
    std::string text;
    for (const Transition& t : transitions)
      text += std::string(t.state == AlertState::kFiring ? " fired " : " resolved ") +
              (t.at_ms == kAny ? "before the clock was set" : format_rfc3339(t.at_ms));
    return text.size() > 200 ? text.substr(0, 200) + "…" : text;
  }

  // P3: the transitions of rules without time of their own, from the rows in the order of their arrival.
  std::vector<Transition> plain_transitions(const Rule& rule, const std::string& sensor) const {
    std::vector<Transition> transitions;
    bool firing = false;
    std::int64_t since_ms = 0;
    std::int64_t newest_ms = INT64_MIN;
    for (const Row& row : rows_) {
      const Reading& r = row.reading;
      // What was found to be a repetition only when its day was summed had moved the rule.
      const bool repeated = (r.flags & kDuplicate) != 0 && (r.flags & kFoundDuplicate) == 0;
      if (row.sensor != sensor || (r.flags & kRetained) != 0 || repeated) continue;
      // A time that our own clock has not reached by far, when it is later, was a wrong clock's.
      const bool wrong = (r.flags & kClockUnset) == 0 && newest_ms > r.arrival_ms + 300000;
      if (r.time_ms < newest_ms && (r.flags & kPayloadTime) != 0 && !wrong) continue;
      newest_ms = r.time_ms;
      const bool moved = (r.flags & kClockUnset) != 0 && (r.flags & kPayloadTime) == 0;
      const std::int64_t at_ms = moved ? kAny : r.time_ms;
      const bool holds = rule.kind == ConditionKind::kAbove ? r.value > rule.high
                                                            : r.value < rule.low || r.value > rule.high;
      const bool clears = rule.clear ? r.value <= *rule.clear : !holds;
      if (!firing && holds) {
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

  void check_alerts() {
    std::map<std::pair<std::string, std::string>, std::vector<Transition>> found;
    std::vector<StoredAlert> history = must(view_.alert_history(1000000));
    std::reverse(history.begin(), history.end());
    for (const StoredAlert& stored : history) {
      const AlertEvent& event = stored.event;
      known_ids_.insert(event.id);
      const auto key = std::make_pair(event.alert, event.sensor);
      if ((event.flags & kQuiet) == 0) told_[key] = event;
      if ((event.flags & kStanding) == 0) found[key].push_back({event.state, event.since_ms, event.at_ms});
    }
    for (const auto& [key, transitions] : found) {
      for (std::size_t i = 0; i < transitions.size(); ++i) {
        const AlertState expected = i % 2 == 0 ? AlertState::kFiring : AlertState::kResolved;
        if (expect(transitions[i].state == expected, "P3",
                   key.first + " of " + key.second + " does not alternate:" + text_of(transitions)))
          continue;
        break;
      }
    }
    if (dropped_ > 0) return;  // the rules saw readings that are no rows
    for (const Rule& rule : e_.settings.rules) {
      if (rule.hold.count() > 0 || rule.kind == ConditionKind::kSilentFor) continue;
      for (const auto& [id, sensor] : names_) {
        const std::vector<Transition> expected = plain_transitions(rule, sensor);
        const std::vector<Transition>& there = found[{rule.name, sensor}];
        const auto [first, other] =
            std::mismatch(expected.begin(), expected.end(), there.begin(), there.end());
        expect(expected == there, "P3",
               rule.name + " of " + sensor + " should have" + text_of({first, expected.end()}) + " and has" +
                   text_of({other, there.end()}));
      }
    }
  }

  // P3: who listens knows what stands, and heard the last of each alert under its own id.
  void check_told() {
    std::set<std::string> standing;
    for (const AlertEvent& event : must(view_.firing_alerts()))
      standing.insert(std::string("sluice/") + kGateway + "/alerts/" + event.alert + "/" + event.sensor);
    std::set<std::string> shown;
    for (const auto& [topic, payload] : e_.receiver.retained)
      if (topic.find("/alerts/") != std::string::npos) shown.insert(topic);
    for (const std::string& topic : standing)
      expect(shown.contains(topic), "P3", topic + " stands, not shown");
    for (const std::string& topic : shown)
      expect(standing.contains(topic), "P3", topic + " is shown, not standing");
    std::map<std::pair<std::string, std::string>, Json> last;
    for (const std::string& payload : e_.receiver.events) {
      Json event = Json::parse(payload);
      const std::string id = event["id"];
      if (!lost_some())
        expect(known_ids_.contains(id), "P3", "told of an alert that is not known: " + payload);
      Json& newest = last[{event["alert"], event["sensor"]}];
      newest = std::move(event);
    }
    // What a power cut took had been told, and is not known any more; so after a crash while readings were
    // given up.
    if (lost_some()) told_.clear();
    for (const auto& [key, event] : told_) {
      const std::string name = event.alert + " of " + event.sensor;
      auto heard = last.find(key);
      if (!expect(heard != last.end(), "P3", "nobody was told of " + name)) continue;
      const std::string state = event.state == AlertState::kFiring ? "firing" : "resolved";
      expect(heard->second["state"] == state && heard->second["id"] == event.id, "P3",
             name + " is " + state + " " + event.id + " since " + format_rfc3339(event.since_ms) + " at " +
                 format_rfc3339(event.at_ms) + " flags " + std::to_string(event.flags) + ", told last was " +
                 heard->second.dump());
    }
    expect(e_.gateway.undelivered() == 0, "P3", "alerts are still to be delivered");
  }

  // P4, P9: each day that is over is summed, and its newest summary is what its rows give.
  void check_days() {
    const Calendar& calendar = e_.gateway.calendar();
    const Day today = calendar.day_of(e_.now_ms);
    std::map<Day, std::vector<const Row*>> days;
    for (const Row& row : rows_) {
      if ((row.reading.flags & (kDuplicate | kTooLate)) == 0)
        days[calendar.day_of(row.reading.time_ms)].push_back(&row);
    }
    for (Day day = today - 4; day < today; ++day) days[day];  // it ran, and had nothing to do but this
    for (const Day day : must(view_.summary_days()))
      if (!days.contains(day)) days[day];
    for (const DayState& state : must(view_.dirty_days()))
      expect(state.day >= today, "P4", format_date(state.day) + " is not closed");
    for (const auto& [day, rows] : days) {
      if (day >= today) continue;
      auto newest = must(view_.newest(day));
      if (!expect(newest.has_value(), "P4", format_date(day) + " has no summary")) continue;
      check_day(day, rows, *newest);
      expect(day == calendar.day_of(calendar.begin_ms(day)), "P4", "a day begins on another");
    }
  }

  struct Order {
    bool operator()(const Row* a, const Row* b) const {
      return std::tie(a->sensor, a->reading.time_ms, a->reading.value) <
             std::tie(b->sensor, b->reading.time_ms, b->reading.value);
    }
  };

  void check_day(Day day, const std::vector<const Row*>& rows, const SummaryRevision& revision) {
    std::set<const Row*, Order> canonical(rows.begin(), rows.end());  // an equal one counts once
    Sha256 digest;
    std::map<std::string, std::vector<double>> values;
    for (const Row* row : canonical) {
      char text[80];
      std::snprintf(text, sizeof text, "%lld", static_cast<long long>(row->reading.time_ms));
      digest.update(row->sensor + '\0' + text + '\0');
      std::snprintf(text, sizeof text, "%.17g\n", row->reading.value);
      digest.update(text);
      values[row->sensor].push_back(row->reading.value);
    }
    const std::string name = "the summary of " + format_date(day) + " ";
    expect(revision.row_count == canonical.size(), "P4",
           name + "has " + std::to_string(revision.row_count) + " rows, not " +
               std::to_string(canonical.size()));
    expect(revision.digest == digest.finish_hex(), "P4", name + "has another digest");
    const Json body = Json::parse(revision.body);
    expect(body["date"] == format_date(day) && body["digest"] == revision.digest, "P4",
           name + "is of another");
    expect(body["complete"] == true || dropped_ > 0, "P4", name + "is not complete");
    expect(!body.contains("layers_differ"), "P4", name + "is not of what was counted on arrival");
    expect(body["sensors"].size() == values.size(), "P4", name + "has other sensors");
    for (const Json& sensor : body["sensors"]) {
      std::vector<double> sorted = values[sensor["sensor"]];
      if (!expect(!sorted.empty(), "P4", name + "has a sensor too many")) continue;
      std::sort(sorted.begin(), sorted.end());
      double sum = 0;
      for (double value : sorted) sum += value;
      const auto n = static_cast<double>(sorted.size());
      const auto rank = static_cast<std::size_t>(std::ceil(n * 0.95));
      expect(sensor["count"] == sorted.size() && sensor["min"] == sorted.front() &&
                 sensor["max"] == sorted.back() && sensor["p95"] == sorted[rank - 1] &&
                 std::abs(sensor["mean"].get<double>() - sum / n) < 1e-9,
             "P4", name + "is wrong about " + sensor["sensor"].get<std::string>() + ": " + sensor.dump());
    }
  }

  // P5
  void check_uploads() {
    std::map<std::string, std::string> bodies;
    std::map<Day, int> newest;
    for (const Delivery& delivery : e_.upstream.taken) {
      auto [at, first] = bodies.emplace(delivery.key, delivery.body);
      expect(at->second == delivery.body, "P5", delivery.key + " came with two bodies");
      if (!first) continue;
      expect(delivery.revision == newest[delivery.day] + 1, "P5", delivery.key + " is out of order");
      newest[delivery.day] = delivery.revision;
      const std::string hash = sha256_hex(delivery.body).substr(0, 16);
      expect(delivery.key.ends_with("/" + hash), "P5", delivery.key + " does not name its content");
    }
    for (const Day day : must(view_.summary_days())) {
      auto revision = must(view_.newest(day));
      if (!revision) continue;
      auto body = bodies.find(revision->key);
      expect(body != bodies.end() && body->second == revision->body, "P5",
             revision->key + " did not arrive as it is");
    }
    const auto waiting = must(view_.waiting(e_.upstream.name(), 10));
    for (const OutboxItem& item : waiting) fail("P5", item.key + " still waits: " + item.note);
  }

  const Evidence& e_;
  StoreView& view_;
  std::map<SensorId, std::string> names_;
  std::vector<Row> rows_;      // in the order of their arrival
  std::uint64_t dropped_ = 0;  // readings, because the disk took nothing
  std::set<std::string> known_ids_;
  std::map<std::pair<std::string, std::string>, AlertEvent> told_;
  std::vector<std::string> broken_;
};

}  // namespace

std::vector<std::string> check_promises(const Evidence& evidence) {
  return Oracle(evidence).check();
}

}  // namespace sluice::sim
