// Whether the programs of `exec` channels are there. Only a warning: a program may be on a disk that is
// mounted later, and a folder may be closed to who asks.
#include <sys/stat.h>

#include <cerrno>

#include "config/sections.h"

namespace sluice {

namespace {

constexpr mode_t kMayRun = S_IXUSR | S_IXGRP | S_IXOTH;

// What is wrong with the program; empty: nothing that can be seen.
std::string fault_of(const std::string& program) {
  struct stat found {};
  if (::stat(program.c_str(), &found) != 0) {
    return errno == ENOENT || errno == ENOTDIR ? "there is no " + in_quotes(program) : "";
  }
  if (!S_ISREG(found.st_mode)) return in_quotes(program) + " is no file";
  return (found.st_mode & kMayRun) == 0 ? in_quotes(program) + " may not be executed by anybody" : "";
}

}  // namespace

void warn_of_no_program(const Settings& settings, LoadContext& context) {
  for (const NotifyEntry& entry : settings.notify) {
    const auto* exec = std::get_if<ExecSettings>(&entry.channel);
    if (exec == nullptr || exec->command.empty()) continue;
    const std::string fault = fault_of(exec->command.front());
    const std::string key = "notify." + entry.name + ".command";
    const auto place = context.given.find(key);
    if (fault.empty() || place == context.given.end()) continue;
    context.warnings.add(place->second, key, fault,
                         "expected a program that is there; if it is a script: chmod +x");
  }
}

}  // namespace sluice
