// What the oracle goes by: the evidence of a run, the rows that the gateway has stored, and what was found to
// be wrong. Made for one judgement.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/oracle.h"

namespace sluice::sim {

struct Row {
  std::string sensor;
  Reading reading;
  std::vector<const Sent*> sent;  // that carry its value; empty: nobody sent it
  const Sent& first() const { return *sent.front(); }
  std::int64_t handed_ms() const { return first().handed.empty() ? 0 : first().handed.front().true_ms; }
};

class Facts {
 public:
  explicit Facts(const Evidence& evidence) : e(evidence), view(evidence.gateway.view()) {
    for (const Sent& sent : e.sent) sent_by_serial[sent.serial].push_back(&sent);
    for (const SummarySensor& sensor : must(view.sensors())) names[sensor.id] = sensor.name;
    for (const StoreView::Row& row : must(view.rows_after(0, 1000000))) {
      rows.push_back({names[row.reading.sensor], row.reading, {}});
      auto known = sent_by_serial.find(serial_of(row.reading.value));
      if (known != sent_by_serial.end()) rows.back().sent = known->second;
    }
    for (const auto& [day, counts] : must(view.ledger())) dropped += counts.readings_dropped();
  }

  template <class T>
  T must(Result<T> result) {
    if (result.ok()) return std::move(*result);
    fail("P10", "a query fails: " + result.error().context);
    return T{};
  }
  void fail(const std::string& promise, const std::string& what) {
    if (broken.size() < 20) broken.push_back(promise + ": " + what);
  }
  bool expect(bool holds, const std::string& promise, const std::string& what) {
    if (!holds) fail(promise, what);
    return holds;
  }

  const Evidence& e;
  StoreView& view;
  std::map<SensorId, std::string> names;
  std::map<std::uint32_t, std::vector<const Sent*>> sent_by_serial;
  std::vector<Row> rows;      // in the order of their arrival
  std::uint64_t dropped = 0;  // readings, because the disk took nothing
  std::vector<std::string> broken;
};

void check_alerts(Facts& facts);   // P3
void check_days(Facts& facts);     // P4
void check_uploads(Facts& facts);  // P5

}  // namespace sluice::sim
