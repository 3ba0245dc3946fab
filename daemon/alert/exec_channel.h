// ExecChannel: tells of alerts by running a program, once for each: the event as JSON on its standard input
// and in variables SLUICE_ALERT_*. Exit status 0: told; 75 (EX_TEMPFAIL of sysexits.h), a signal or the time
// limit: again later; any other: refused. Its output goes to the log. One thread: the notifier's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "alert/channel.h"
#include "alert/channel_settings.h"
#include "alert/program_runner.h"
#include "base/log.h"

namespace sluice {

class ExecChannel final : public Channel {
 public:
  // `environment`: what the programs get besides the variables of the event.
  ExecChannel(ProgramRunner& runner, Log& log, ExecSettings settings, std::string gateway,
              std::vector<std::string> environment);
  void deliver(Deliveries& deliveries) override;
  std::vector<ChannelAnswer> deliver_all(const std::vector<AlertEvent>& events) override;
  std::size_t at_once() const override { return settings_.parallel; }

 private:
  ProgramRun run_for(const AlertEvent& event) const;
  ChannelAnswer judge(const Result<ProgramEnd>& end) const;
  Status judge(const ProgramEnd& end) const;
  ProgramRunner& runner_;
  Log& log_;
  const ExecSettings settings_;
  const std::string gateway_;
  const std::vector<std::string> environment_;
};

}  // namespace sluice
