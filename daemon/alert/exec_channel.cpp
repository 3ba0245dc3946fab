#include "alert/exec_channel.h"

#include <fmt/format.h>

#include <initializer_list>
#include <utility>

#include "alert/event_json.h"
#include "base/excerpt.h"
#include "base/time_text.h"

namespace sluice {

namespace {

constexpr int kTempFail = 75;

// An environment ends a value at the first NUL.
std::string variable(const std::string& name, std::string value) {
  std::erase(value, '\0');
  return "SLUICE_ALERT_" + name + "=" + value;
}

}  // namespace

ExecChannel::ExecChannel(ProgramRunner& runner, Log& log, ExecSettings settings, std::string gateway,
                         std::vector<std::string> environment)
    : runner_(runner),
      log_(log),
      settings_(std::move(settings)),
      gateway_(std::move(gateway)),
      environment_(std::move(environment)) {}

void ExecChannel::deliver(Deliveries& deliveries) {
  runner_.run({settings_.parallel,
               [&]() -> std::optional<ProgramRun> {
                 std::optional<AlertEvent> event = deliveries.next();
                 if (!event) return std::nullopt;
                 return run_for(*event);
               },
               [&](std::size_t i, const Result<ProgramEnd>& end) { deliveries.answer(i, judge(end)); }});
}

std::vector<ChannelAnswer> ExecChannel::deliver_all(const std::vector<AlertEvent>& events) {
  std::vector<ProgramRun> runs;
  runs.reserve(events.size());
  for (const AlertEvent& event : events) runs.push_back(run_for(event));
  std::vector<ChannelAnswer> answers;
  for (const Result<ProgramEnd>& end : runner_.run_all(std::move(runs))) answers.push_back(judge(end));
  return answers;
}

// A program that is not there may be installed later: the alert waits for it.
ChannelAnswer ExecChannel::judge(const Result<ProgramEnd>& end) const {
  if (!end) return {make_error(ErrorCode::kUnavailable, end.error().context), {}};
  return {judge(*end), {}};
}

ProgramRun ExecChannel::run_for(const AlertEvent& event) const {
  ProgramRun run;
  run.argv = settings_.command;
  run.timeout = settings_.timeout;
  run.input = event_to_json(event, gateway_) + "\n";
  run.environment = environment_;
  std::string flags;
  for (const std::string& flag : flag_names(event.flags)) flags += (flags.empty() ? "" : " ") + flag;
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"ID", event.id},
           {"GATEWAY", gateway_},
           {"NAME", event.alert},
           {"SENSOR", event.sensor},
           {"STATE", event.state == AlertState::kFiring ? "firing" : "resolved"},
           {"SEVERITY", event.severity},
           {"VALUE", fmt::format("{}", event.value)},
           {"THRESHOLD", fmt::format("{}", event.threshold)},
           {"UNIT", event.unit},
           {"SINCE", format_rfc3339(event.since_ms)},
           {"AT", format_rfc3339(event.at_ms)},
           {"MESSAGE", event.message},
           {"FLAGS", flags}}) {
    run.environment.push_back(variable(name, value));
  }
  return run;
}

Status ExecChannel::judge(const ProgramEnd& end) const {
  const std::string& program = settings_.command.front();
  std::string wrote = excerpt(end.output);
  if (!wrote.empty()) wrote = " and wrote \"" + wrote + "\"";
  if (end.cut_off) {
    return make_error(ErrorCode::kUnavailable, program + " was ended with the gateway or its configuration" +
                                                   wrote + "; it is run again after the start or reload");
  }
  if (end.timed_out) {
    return make_error(ErrorCode::kUnavailable, program + " was ended after its time limit of " +
                                                   format_duration(settings_.timeout.count()) + wrote +
                                                   "; make it quicker, or raise timeout");
  }
  if (end.exit_code < 0) {
    return make_error(ErrorCode::kUnavailable,
                      program + " was ended by signal " + std::to_string(end.signal) + wrote);
  }
  if (end.exit_code == 0) {
    if (!wrote.empty()) log_.debug("{} ended well{}", program, wrote);
    return {};
  }
  const bool again = end.exit_code == kTempFail;
  return make_error(again ? ErrorCode::kUnavailable : ErrorCode::kRefused,
                    program + " ended with status " + std::to_string(end.exit_code) + wrote +
                        (again ? "" : "; only status 75 has the alert told again"));
}

}  // namespace sluice
