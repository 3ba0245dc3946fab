// SensorClockWatch: raises `sensor-clock` while a sensor's own clock seems to be wrong: for ten minutes each
// of its live readings has come later than alerting.max_age, so that nobody is told of its alerts, or has
// been rejected as of the future. Store thread, after each batch; bounded.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "app/condition_board.h"
#include "model/batch.h"

namespace sluice {

class SensorClockWatch {
 public:
  using NameOf = std::function<std::string(SensorId)>;
  SensorClockWatch(std::chrono::milliseconds max_age, ConditionBoard& board, NameOf name_of)
      : max_age_ms_(max_age.count()), board_(board), name_of_(std::move(name_of)) {}
  void stored(const Batch& batch);

 private:
  struct Run {  // of wrong readings, without a right one between them; times of arrival
    std::int64_t first_ms = 0;
    std::int64_t last_ms = 0;
    std::uint32_t readings = 0;
    std::int64_t lag_ms = 0;  // of the last: arrival - time
    bool steady() const;
  };
  template <typename Key>
  static void extend(std::map<Key, Run>& runs, const Key& key, std::int64_t at_ms, std::int64_t lag_ms);
  void tell(std::int64_t now_ms);

  std::int64_t max_age_ms_;
  ConditionBoard& board_;
  NameOf name_of_;
  std::int64_t begun_ms_ = 0;  // arrival of the first reading seen; 0: none yet
  std::map<SensorId, Run> late_;
  std::map<std::string, Run> ahead_;  // by topic: what is rejected need not be a sensor
};

}  // namespace sluice
