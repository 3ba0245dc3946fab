#include "app/condition_watch.h"

namespace sluice {

namespace {
constexpr std::int64_t kRivalGoneMs = 120000;  // two gateways take turns at least this often
}

void ConditionWatch::look(const SessionStatus& session, Instant now) {
  ConditionBoard& board = vitals_.conditions;
  const bool up = session.state == IntakeState::kUp;
  const bool held = session.state == IntakeState::kHolding || session.state == IntakeState::kHeld;
  board.set("broker-down", !up && !held, session.detail);
  board.set("journal-full", held);
  std::string refused;
  for (const std::string& filter : session.refused) refused += (refused.empty() ? "" : ", ") + filter;
  board.set("subscription-refused", up && !refused.empty(), refused);
  if (session.sessions_lost != sessions_lost_) {
    sessions_lost_ = session.sessions_lost;
    board.happened("session-lost", "what was published meanwhile is lost");
  }
  look_for_rival(session, now);
  if (vitals_.records > 0) board.set("clock-unset", !vitals_.clock_trusted);
}

void ConditionWatch::look_for_rival(const SessionStatus& session, Instant now) {
  const bool taken = session.state == IntakeState::kDown && session.rival;
  if (taken) rival_boot_ms_ = now.boot_ms;
  const bool recent = rival_boot_ms_ != 0 && now.boot_ms - rival_boot_ms_ < kRivalGoneMs;
  vitals_.conditions.set("taken-over", recent, taken ? session.detail : "");
}

}  // namespace sluice
