// Reload: somebody (a signal, the API) wants the changed configuration file. It is read and checked here; a
// wrong one changes nothing. Main takes what is good, and wires the gateway anew. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "config/settings.h"

namespace sluice {

class Reload {
 public:
  // `generation`: the how-manieth configuration of the process is in force. `wake` tells main that there is
  // something to take.
  Reload(std::string config, const Settings& in_force, std::uint64_t generation, Log& log,
         std::function<void()> wake);

  std::uint64_t generation() const { return generation_; }
  // The generation that it will have; where it turns out not to be usable, one more is the old one again.
  // kInvalid: FILE:LINE:COLUMN of each mistake, or a key that only a restart can change; all stays as it is.
  Result<std::uint64_t> ask();
  std::unique_ptr<Settings> take();  // null: nothing was asked for

 private:
  Result<std::unique_ptr<Settings>> read() const;
  const std::string config_;
  const Settings& in_force_;
  const std::uint64_t generation_;
  Log& log_;
  std::function<void()> wake_;
  std::mutex mutex_;
  std::unique_ptr<Settings> next_;
};

}  // namespace sluice
