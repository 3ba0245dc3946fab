// The oracle of P4 and P5: each day that is over is summed, right, and has arrived.
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/sha256.h"
#include "base/time_text.h"
#include "sim/facts.h"

namespace sluice::sim {

namespace {

using Json = nlohmann::json;

struct Order {
  bool operator()(const Row* a, const Row* b) const {
    return std::tie(a->sensor, a->reading.time_ms, a->reading.value) <
           std::tie(b->sensor, b->reading.time_ms, b->reading.value);
  }
};

void check_sums(Facts& f, Day day, const std::vector<const Row*>& rows, const SummaryRevision& revision) {
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
  f.expect(
      revision.row_count == canonical.size(), "P4",
      name + "has " + std::to_string(revision.row_count) + " rows, not " + std::to_string(canonical.size()));
  f.expect(revision.digest == digest.finish_hex(), "P4", name + "has another digest");
  const Json body = Json::parse(revision.body);
  f.expect(body["date"] == format_date(day) && body["digest"] == revision.digest, "P4",
           name + "is of another");
  f.expect(body["complete"] == true || f.dropped > 0, "P4", name + "is not complete");
  f.expect(!body.contains("layers_differ"), "P4", name + "is not of what was counted on arrival");
  f.expect(body["sensors"].size() == values.size(), "P4", name + "has other sensors");
  for (const Json& sensor : body["sensors"]) {
    std::vector<double> sorted = values[sensor["sensor"]];
    if (!f.expect(!sorted.empty(), "P4", name + "has a sensor too many")) continue;
    std::sort(sorted.begin(), sorted.end());
    double sum = 0;
    for (double value : sorted) sum += value;
    const auto n = static_cast<double>(sorted.size());
    const auto rank = static_cast<std::size_t>(std::ceil(n * 0.95));
    f.expect(sensor["count"] == sorted.size() && sensor["min"] == sorted.front() &&
                 sensor["max"] == sorted.back() && sensor["p95"] == sorted[rank - 1] &&
                 std::abs(sensor["mean"].get<double>() - sum / n) < 1e-9,
             "P4", name + "is wrong about " + sensor["sensor"].get<std::string>() + ": " + sensor.dump());
  }
}

// What a day's rows give. Its alerts, and for how long they stood, may have been stored after it was closed:
// in this world an hour passes between two looks at the clock.
Json sums_of(const SummaryRevision& revision) {
  Json body = Json::parse(revision.body);
  for (const char* key : {"revision", "changes", "alerts"}) body.erase(key);
  for (Json& sensor : body["sensors"])
    for (const char* key : {"in_alert_s", "in_alert_by_rule_s"}) sensor.erase(key);
  return body;
}

// Those that are over: with readings, with a summary, or on which it ran.
std::map<Day, std::vector<const Row*>> days_of(Facts& f, Day today) {
  const Calendar& calendar = f.e.gateway.calendar();
  std::map<Day, std::vector<const Row*>> days;
  for (const Row& row : f.rows) {
    if ((row.reading.flags & (kDuplicate | kTooLate)) == 0)
      days[calendar.day_of(row.reading.time_ms)].push_back(&row);
  }
  for (const Day day : f.e.history.days) days[day];
  for (Day day = today - 4; day < today; ++day) days[day];  // it ran, and had nothing to do but this
  for (const Day day : f.must(f.view.summary_days())) {
    f.expect(day < today, "P4", format_date(day) + " is summed and not over");
    days[day];
  }
  std::erase_if(days, [&](const auto& day) { return day.first >= today; });
  return days;
}

}  // namespace

// P4, P9: its newest summary is what its rows give, and summing it once more gives the same sums.
void check_days(Facts& f) {
  const Calendar& calendar = f.e.gateway.calendar();
  const Day today = calendar.day_of(f.e.now_ms);
  for (const DayState& state : f.must(f.view.dirty_days()))
    f.expect(state.day >= today, "P4", format_date(state.day) + " is not closed");
  for (const auto& [day, rows] : days_of(f, today)) {
    auto newest = f.must(f.view.newest(day));
    if (!f.expect(newest.has_value(), "P4", format_date(day) + " has no summary")) continue;
    check_sums(f, day, rows, *newest);
    f.expect(day == calendar.day_of(calendar.begin_ms(day)), "P4", "a day begins on another");
    const SummaryRevision again = f.must(f.e.gateway.sum_again(day));
    f.expect(sums_of(again) == sums_of(*newest), "P4", format_date(day) + " summed again gives other sums");
  }
}

// P5
void check_uploads(Facts& f) {
  std::map<std::string, std::string> bodies;
  std::map<Day, int> newest;
  for (const Delivery& delivery : f.e.upstream.taken) {
    auto [at, first] = bodies.emplace(delivery.key, delivery.body);
    f.expect(at->second == delivery.body, "P5", delivery.key + " came with two bodies");
    if (!first) continue;
    const bool in_order = delivery.revision == newest[delivery.day] + 1;
    f.expect(in_order || !f.e.upstream.refused.empty(), "P5", delivery.key + " is out of order");
    newest[delivery.day] = delivery.revision;
    const std::string hash = sha256_hex(delivery.body).substr(0, 16);
    f.expect(delivery.key.ends_with("/" + hash), "P5", delivery.key + " does not name its content");
  }
  for (const Day day : f.must(f.view.summary_days())) {
    auto revision = f.must(f.view.newest(day));
    if (!revision) continue;
    auto body = bodies.find(revision->key);
    f.expect(body != bodies.end() && body->second == revision->body, "P5",
             revision->key + " did not arrive as it is");
  }
  const auto waiting = f.must(f.view.waiting(f.e.upstream.name(), 10));
  for (const OutboxItem& item : waiting) f.fail("P5", item.key + " still waits: " + item.note);
}

}  // namespace sluice::sim
