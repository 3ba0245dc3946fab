#include "app/summary_setup.h"

#include "decode/sensor_profile.h"

namespace sluice {

SummarySettings summary_settings(const Settings& settings) {
  SummarySettings summary;
  summary.gateway = settings.gateway.id;
  summary.close_after = settings.summary.close_after;
  summary.reopen = settings.summary.reopen;
  summary.statistics = settings.summary.statistics;
  summary.scratch_folder = settings.gateway.state_dir;
  return summary;
}

NotesOf sensor_notes(const Settings& settings) {
  return [entries = settings.decode.sensors](const std::string& sensor) {
    const SensorProfile profile = profile_of(entries, sensor, "");
    return SensorNotes{profile.every.value_or(std::chrono::milliseconds(0)), profile.kind, profile.unit,
                       profile.labels};
  };
}

}  // namespace sluice
