#include "app/reload.h"

namespace sluice {

namespace {

// What names the gateway and where it keeps its things: readings on their way belong to these.
Status same_gateway(const Settings& now, const Settings& next) {
  const struct {
    const char* key;
    const std::string& now;
    const std::string& next;
  } fixed[] = {{"gateway.id", now.gateway.id, next.gateway.id},
               {"gateway.state_dir", now.gateway.state_dir, next.gateway.state_dir},
               {"gateway.runtime_dir", now.gateway.runtime_dir, next.gateway.runtime_dir}};
  for (const auto& entry : fixed) {
    if (entry.now == entry.next) continue;
    return make_error(ErrorCode::kInvalid, std::string(entry.key) + " cannot change from \"" + entry.now +
                                               "\" to \"" + entry.next +
                                               "\" by a reload; restart the service for that");
  }
  return {};
}

}  // namespace

Reload::Reload(std::string config, const Settings& in_force, std::uint64_t generation, Log& log,
               std::function<void()> wake)
    : config_(std::move(config)),
      in_force_(in_force),
      generation_(generation),
      log_(log),
      wake_(std::move(wake)) {}

Result<std::unique_ptr<Settings>> Reload::read() const {
  Result<Settings> read = load_settings(config_);
  if (!read.ok()) return read.error();
  if (Status same = same_gateway(in_force_, *read); !same.ok()) return same.error();
  return std::make_unique<Settings>(std::move(*read));
}

Result<std::uint64_t> Reload::ask() {
  Result<std::unique_ptr<Settings>> next = read();
  if (!next.ok()) {
    log_.error("not reloaded, the old configuration stays in force: {}", next.error().context);
    return make_error(ErrorCode::kInvalid, next.error().context);
  }
  {
    std::lock_guard lock(mutex_);
    next_ = std::move(*next);
  }
  wake_();
  return generation_ + 1;
}

std::unique_ptr<Settings> Reload::take() {
  std::lock_guard lock(mutex_);
  return std::move(next_);
}

}  // namespace sluice
