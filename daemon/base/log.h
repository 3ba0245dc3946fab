// Log: one line a change of state, to standard error, with the journald priority prefix (sd-daemon(3)). There
// is no global logger: whoever logs was given a Log. Any thread.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

Result<LogLevel> parse_log_level(std::string_view name);  // debug info warning error

class Log {
 public:
  enum class Style { kPlain, kJournald };  // kPlain: time and level in the line; kJournald: "<6>" prefix
  Log(LogLevel level, Style style);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void set_level(LogLevel level);

  template <class... A>
  void debug(fmt::format_string<A...> format, A&&... args) {
    if (enabled(LogLevel::kDebug)) write(LogLevel::kDebug, fmt::format(format, std::forward<A>(args)...));
  }
  template <class... A>
  void info(fmt::format_string<A...> format, A&&... args) {
    if (enabled(LogLevel::kInfo)) write(LogLevel::kInfo, fmt::format(format, std::forward<A>(args)...));
  }
  template <class... A>
  void warning(fmt::format_string<A...> format, A&&... args) {
    if (enabled(LogLevel::kWarning)) write(LogLevel::kWarning, fmt::format(format, std::forward<A>(args)...));
  }
  template <class... A>
  void error(fmt::format_string<A...> format, A&&... args) {
    if (enabled(LogLevel::kError)) write(LogLevel::kError, fmt::format(format, std::forward<A>(args)...));
  }

 private:
  bool enabled(LogLevel level) const;
  void write(LogLevel level, const std::string& line);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
