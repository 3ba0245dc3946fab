#include "app/watchdog.h"

namespace sluice {

namespace {
// The engine waits for nothing longer than a second; the rest is a machine that swaps.
constexpr std::int64_t kEngineStuckMs = 10000;
constexpr std::int64_t kStoreStuckMs = 600000;
}  // namespace

bool Watchdog::makes_progress(std::uint64_t engine, std::uint64_t store, Instant now) {
  if (engine != engine_) engine_moved_ms_ = now.boot_ms;
  if (store != store_) store_moved_ms_ = now.boot_ms;
  engine_ = engine;
  store_ = store;
  stuck_.clear();
  if (now.boot_ms - engine_moved_ms_ >= kEngineStuckMs) stuck_ = "the engine does not move";
  if (now.boot_ms - store_moved_ms_ >= kStoreStuckMs) stuck_ = "the store has waited for the disk too long";
  return stuck_.empty();
}

}  // namespace sluice
