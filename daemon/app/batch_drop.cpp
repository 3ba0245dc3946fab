#include "app/batch_drop.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "base/check.h"

namespace sluice {

namespace {

constexpr std::size_t kCarriedSamplesMax = 100;

template <class T>
void prepend(std::vector<T>&& earlier, std::vector<T>& later) {
  later.insert(later.begin(), std::make_move_iterator(earlier.begin()),
               std::make_move_iterator(earlier.end()));
}

// Of equal keys the later one counts.
template <class T, class KeyOf>
void prepend_unless_newer(std::vector<T>&& earlier, std::vector<T>& later, KeyOf key_of) {
  std::map<decltype(key_of(later.front())), bool> newer;
  for (const T& one : later) newer[key_of(one)] = true;
  std::erase_if(earlier, [&](const T& one) { return newer.count(key_of(one)) > 0; });
  prepend(std::move(earlier), later);
}

}  // namespace

void drop_readings(Batch& batch) {
  for (auto& [day, counts] : batch.counts) {
    const std::uint64_t here = counts[Counter::kReadingsStored] + counts[Counter::kReadingsDuplicate];
    counts[Counter::kReadingsDropDisk] += here;
    counts[Counter::kReadingsStored] = counts[Counter::kReadingsDuplicate] = 0;
  }
  batch.readings.clear();
  batch.tallies.reset();
}

void put_before(Batch&& earlier, Batch& later) {
  SLUICE_CHECK(earlier.readings.empty(), "readings are dropped before their batch is carried");
  prepend(std::move(earlier.new_sensors), later.new_sensors);
  prepend_unless_newer(std::move(earlier.rule_states), later.rule_states,
                       [](const RuleState& state) { return std::make_pair(state.rule, state.sensor); });
  if (earlier.events.size() > kCarriedEventsMax) {
    earlier.events.erase(earlier.events.begin(), earlier.events.end() - kCarriedEventsMax);
  }
  prepend(std::move(earlier.events), later.events);
  prepend_unless_newer(std::move(earlier.retained), later.retained,
                       [](const auto& topic_and_hash) { return topic_and_hash.first; });
  prepend_unless_newer(std::move(earlier.backlog), later.backlog,
                       [](const DeliveredRun& run) { return run.first; });
  if (later.backlog.size() > kBacklogRunsMax) {
    later.backlog.erase(later.backlog.begin(), later.backlog.end() - kBacklogRunsMax);
  }
  prepend(std::move(earlier.quarantine), later.quarantine);
  if (later.quarantine.size() > kCarriedSamplesMax) later.quarantine.resize(kCarriedSamplesMax);
  for (const auto& [day, counts] : earlier.counts) later.counts[day].add(counts);
  prepend_unless_newer(std::move(earlier.derived), later.derived,
                       [](const SensorLast& last) { return last.id; });
  prepend(std::move(earlier.silences), later.silences);
  prepend(std::move(earlier.gateway_days), later.gateway_days);
  // A snapshot says how things stand after all rows so far; before later rows it would hide these.
  if (later.snapshot.empty() && later.readings.empty()) later.snapshot = std::move(earlier.snapshot);
}

CarriedCounts carried_counts(const Batch& batch) {
  CarriedCounts sum;
  for (const auto& [day, counts] : batch.counts) {
    sum.messages += counts[Counter::kMessagesReceived];
    sum.readings_dropped += counts[Counter::kReadingsDropDisk];
  }
  return sum;
}

}  // namespace sluice
