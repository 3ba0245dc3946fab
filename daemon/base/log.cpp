#include "base/log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <mutex>

#include "base/log_limit.h"
#include "base/standard_error.h"

namespace sluice {

namespace {

spdlog::level::level_enum spd_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// sd-daemon(3): SD_ERR, SD_WARNING, SD_INFO, SD_DEBUG.
const char* journald_prefix(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "<7>";
    case LogLevel::kInfo:
      return "<6>";
    case LogLevel::kWarning:
      return "<4>";
    case LogLevel::kError:
      return "<3>";
  }
  return "<6>";
}

// Says later how many lines nobody took.
class NeverWaitingSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit NeverWaitingSink(Log::Style style)
      : prefix_(style == Log::Style::kJournald ? journald_prefix(LogLevel::kWarning) : "") {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (lost_ > 0) {
      const std::string note =
          fmt::format("{}{} lines of the log are missing here: nobody read them\n", prefix_, lost_);
      if (write_standard_error(note)) lost_ = 0;
    }
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (lost_ > 0 || !write_standard_error({line.data(), line.size()})) ++lost_;
  }
  void flush_() override {}
  const char* prefix_;
  std::uint64_t lost_ = 0;
};

}  // namespace

struct Log::Impl {
  spdlog::logger logger;
  Style style;
  Clock* clock;
  std::mutex mutex;
  LogLimit limit;
};

Log::Log(LogLevel level, Style style, Clock* clock)
    : impl_(new Impl{
          spdlog::logger("sluice", std::make_shared<NeverWaitingSink>(style)), style, clock, {}, {}}) {
  impl_->logger.set_pattern(style == Style::kJournald ? "%v" : "%Y-%m-%dT%H:%M:%S.%e %l %v");
  impl_->logger.set_level(spd_level(level));
  impl_->logger.flush_on(spdlog::level::info);
}

Log::~Log() = default;

void Log::set_level(LogLevel level) {
  impl_->logger.set_level(spd_level(level));
}

bool Log::enabled(LogLevel level) const {
  return impl_->logger.should_log(spd_level(level));
}

void Log::say(LogLevel level, fmt::string_view format, const std::string& line) {
  if (impl_->clock == nullptr || level < LogLevel::kWarning) return write(level, line);
  const std::int64_t now_ms = impl_->clock->now().boot_ms;
  bool admitted = false;
  std::vector<LogLimit::LeftOut> over;
  {
    std::lock_guard lock(impl_->mutex);
    over = impl_->limit.take_left_out(now_ms);
    admitted = impl_->limit.admit({format.data(), format.size()}, static_cast<int>(level), line, now_ms);
  }
  for (const LogLimit::LeftOut& one : over) {
    write(static_cast<LogLevel>(one.level),
          fmt::format("{} (repeated {} times in a minute)", one.line, one.times));
  }
  if (admitted) write(level, line);
}

void Log::write(LogLevel level, const std::string& line) {
  if (impl_->style == Style::kJournald) {
    impl_->logger.log(spd_level(level), "{}{}", journald_prefix(level), line);
  } else {
    impl_->logger.log(spd_level(level), "{}", line);
  }
}

Result<LogLevel> parse_log_level(std::string_view name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "info") return LogLevel::kInfo;
  if (name == "warning") return LogLevel::kWarning;
  if (name == "error") return LogLevel::kError;
  return make_error(ErrorCode::kInvalid, "expected debug, info, warning or error");
}

}  // namespace sluice
