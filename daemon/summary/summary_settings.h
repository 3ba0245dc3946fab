// How days are summed, and which statistics `summary.statistics` chooses for their documents.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

namespace sluice {

enum class Statistic : std::uint8_t {
  kSum,
  kTimeWeightedMean,
  kIncrease,  // of counters
  kStates,    // of state sensors
  kHours,
  kInAlert,  // by rule
};
using Statistics = std::set<Statistic>;
inline const Statistics kAllStatistics = {Statistic::kSum,      Statistic::kTimeWeightedMean,
                                          Statistic::kIncrease, Statistic::kStates,
                                          Statistic::kHours,    Statistic::kInAlert};

struct SummarySettings {
  std::string gateway;
  std::chrono::milliseconds close_after{10 * 60 * 1000};
  std::chrono::milliseconds reopen{std::chrono::hours(7 * 24)};
  Statistics statistics = kAllStatistics;
  std::size_t memory_bytes_max = 11u << 20;  // for the rows of a day that are held at once
  std::string scratch_folder;                // for those of a large day, see day_rows.h; empty: none
};

}  // namespace sluice
