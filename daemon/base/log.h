// Log: one line a change of state, to standard error, with the journald priority prefix (sd-daemon(3)). A
// warning or an error that comes again and again is written five times a minute and then counted (LogLimit).
// There is no global logger: whoever logs was given a Log. Any thread.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace sluice {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

Result<LogLevel> parse_log_level(std::string_view name);  // debug info warning error

class Log {
 public:
  enum class Style { kPlain, kJournald };  // kPlain: time and level in the line; kJournald: "<6>" prefix
  // Without a clock nothing is left out.
  Log(LogLevel level, Style style, Clock* clock = nullptr);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void set_level(LogLevel level);

  template <class... A>
  void debug(fmt::format_string<A...> format, A&&... args) {
    if (enabled(LogLevel::kDebug))
      say(LogLevel::kDebug, format, fmt::format(format, std::forward<A>(args)...));
  }
  template <class... A>
  void info(fmt::format_string<A...> format, A&&... args) {
    if (enabled(LogLevel::kInfo)) say(LogLevel::kInfo, format, fmt::format(format, std::forward<A>(args)...));
  }
  template <class... A>
  void warning(fmt::format_string<A...> format, A&&... args) {
    if (enabled(LogLevel::kWarning))
      say(LogLevel::kWarning, format, fmt::format(format, std::forward<A>(args)...));
  }
  template <class... A>
  void error(fmt::format_string<A...> format, A&&... args) {
    if (enabled(LogLevel::kError))
      say(LogLevel::kError, format, fmt::format(format, std::forward<A>(args)...));
  }

 private:
  bool enabled(LogLevel level) const;
  void say(LogLevel level, fmt::string_view format, const std::string& line);
  void write(LogLevel level, const std::string& line);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
