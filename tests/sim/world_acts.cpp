// What the world does to the gateway's machine, network, receivers and clock, as far as the plan allows it.
#include "base/time_text.h"
#include "sim/world.h"

namespace sluice::sim {

namespace {
constexpr std::int64_t kStopPatienceMs = 5 * kSecond;
}

void World::act_on_machine() {
  if (plan_.disk_faults && chance(3)) change_disk();
  if (plan_.clean_stops && gateway_ && leave_until_ms_ == 0 && chance(2)) {
    say("the gateway is asked to stop");
    leave_until_ms_ = clock_.true_ms() + kStopPatienceMs;
    return;
  }
  if (!plan_.kills && !plan_.power_cuts) return;
  arm_death();
  if (gateway_ || !power_goes_ || !chance(2)) return;
  disk_.die();
  bury();
}

void World::arm_death() {
  power_goes_ = plan_.power_cuts && (!plan_.kills || chance(3));
  disk_.die_after(static_cast<int>(pick(chance(2) ? 10 : 150)));
}

void World::change_disk() {
  const bool broken = disk_.fault() != SimDisk::Fault::kNone;
  constexpr SimDisk::Fault kFaults[] = {SimDisk::Fault::kIo, SimDisk::Fault::kNoSpace, SimDisk::Fault::kSync};
  disk_.set_fault(broken ? SimDisk::Fault::kNone : kFaults[pick(std::size(kFaults))]);
  say(broken                                      ? "the disk works"
      : disk_.fault() == SimDisk::Fault::kIo      ? "the disk fails"
      : disk_.fault() == SimDisk::Fault::kNoSpace ? "the disk is full"
                                                  : "the disk fails to sync");
  if (broken) working_ms_ = clock_.true_ms();
  if (broken || unstored_ms_ != INT64_MAX) return;
  unstored_ms_ = clock_.true_ms();
  // What was not stored yet; without a process since the last one died.
  history_.disk_troubles.push_back({(gateway_ ? unstored_ms_ : ended_ms_) - kLossWindowMs});
}

void World::act_on_network() {
  if (plan_.connection_cuts && chance(2)) guard([this] { broker_.cut("the network is gone"); });
  if (plan_.lost_sessions && chance(4)) guard([this] { broker_.forget_session(); });
  if (plan_.connection_cuts && chance(4)) broker_.accepts = !broker_.accepts;
  if (plan_.hangs && chance(4)) broker_.hangs = !broker_.hangs;
  history_.heartbeats_wait |= broker_.hangs;
  if (!plan_.refusals || !chance(4)) return;
  if (broker_.refused.empty()) {
    broker_.refused.insert(chance(2) ? "timed/+" : "plain/+");
  } else {
    broker_.refused.clear();
  }
}

void World::act_on_receivers() {
  if (plan_.receiver_down && chance(2)) receiver_.up = !receiver_.up;
  receiver_.lose_one_in = plan_.receiver_down ? 10 : 0;
  if (plan_.receiver_down && history_.deaf.empty()) history_.deaf.push_back({clock_.true_ms()});
  if (plan_.upstream_down && chance(2)) upstream_.up = !upstream_.up;
  upstream_.lose_answer_one_in = plan_.upstream_down ? 2 : 0;
  upstream_.hang_one_in = plan_.upstream_hangs ? 3 : 0;
  upstream_.refuse_one_in = plan_.upstream_refuses ? 3 : 0;
  if (plan_.upstream_refuses && gateway_ && chance(2)) guard([this] { gateway_->retry_uploads(); });
}

void World::act_on_clock() {
  if (!plan_.clock_steps) return;
  if (chance(3)) {
    clock_.drift(static_cast<double>(pick(200)) - 100);
    boots_[clock_.boot_id()].stepped = true;
  }
  if (!chance(2)) return;
  const auto size = static_cast<std::int64_t>(pick(chance(2) ? 10 * kSecond : 20 * kHour));
  clock_.step(chance(2) ? size : -size);
  BootClock& boot = boots_[clock_.boot_id()];
  boot.stepped = true;
  // The first that is stored under a trusted clock may come after this.
  if (boot.trusted) boot.offsets_ms.push_back(clock_.now().wall_ms - clock_.now().boot_ms);
  say("the clock steps to " + format_rfc3339(clock_.now().wall_ms));
  if (chance(2)) synchronise_ms_ = clock_.true_ms() + static_cast<std::int64_t>(pick(kHour));
}

// The uploader's thread waits; time and all others go on.
void World::hang_for_upstream() {
  constexpr std::int64_t kTimeLimitMs = 30 * kSecond;
  say("the upstream stands still");
  const std::int64_t end_ms = clock_.true_ms() + kTimeLimitMs;
  while (clock_.true_ms() < end_ms && !disk_.dead()) {
    const std::int64_t now = clock_.true_ms();
    std::int64_t next = std::min(end_ms, now + kTurnMs);
    if (auto due = broker_.next_due()) next = std::min(next, std::max(now, *due));
    clock_.pass_to(next);
    for (auto due = broker_.next_due(); due && *due <= next && !disk_.dead(); due = broker_.next_due())
      broker_.run_next();
    if (!disk_.dead()) gateway_->step_beside_upload();
  }
}

}  // namespace sluice::sim
