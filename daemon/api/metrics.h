// Metrics: the numbers of /metrics in the Prometheus text format. Names are part of what users depend on.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "api/status.h"
#include "model/counters.h"

namespace sluice {

struct MetricsSnapshot {
  Counts totals;  // lifetime: the ledger and what is not in it yet
  StatusSnapshot status;
  std::map<std::string, bool> gateway_alerts;  // every kind by name: does it stand?
  std::uint64_t resident_bytes = 0;
  double cpu_seconds = 0;           // of the process
  double start_seconds = 0;         // Unix time
  std::uint64_t layers_differ = 0;  // sensors' days, since start
  std::uint64_t inbox_refused = 0;  // items that a bounded queue had no room for
};

std::string metrics_text(const MetricsSnapshot& metrics);
inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

// Fills resident_bytes and cpu_seconds from /proc/self; leaves them alone where that cannot be read.
void read_process_facts(MetricsSnapshot& metrics);

}  // namespace sluice
