#include "app/sink_trial.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "upload/file_sink.h"

namespace sluice {

std::vector<Problem> try_file_sinks(const Settings& settings, SinkTrial trial) {
  std::vector<Problem> faults;
  const bool tool = trial == SinkTrial::kByATool;
  for (std::size_t i = 0; i < settings.upload.to.size(); ++i) {
    const SinkSettings& sink = settings.upload.to[i];
    if (sink.type != "file") continue;
    const int failed = try_folder(sink.path, !tool);
    if (failed == 0) continue;
    if (tool && ::geteuid() != 0 && (failed == EACCES || failed == EPERM)) continue;
    faults.push_back(
        {{0, 0},
         "upload.to[" + std::to_string(i) + "].path",
         "the folder " + sink.path + " cannot be written: " + std::strerror(failed) +
             "; its summaries wait. Make it for the daemon's user, and under systemd name it in a "
             "drop-in (systemctl edit sluiced): [Service] ReadWritePaths=" +
             sink.path});
  }
  return faults;
}

}  // namespace sluice
