#include "sim/world.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/time_text.h"
#include "sim/oracle.h"

namespace sluice::sim {

namespace {

constexpr std::int64_t kMaxFutureMs = 5 * kMinute;
constexpr std::uint32_t kSerialsMax = 65536;
constexpr const char* kSensors[] = {"timed/a", "timed/b", "timed/c", "plain/d",
                                    "plain/e", "exact/g", "sloppy/f"};
constexpr int kQos[] = {1, 1, 1, 1, 1, 2, 0};
constexpr std::size_t kTimedSensors = 3;
constexpr int kActions = 160;
constexpr std::int64_t kYear = 365 * 24 * kHour;

}  // namespace

bool any_holds(const std::vector<Window>& windows, std::int64_t ms) {
  for (const Window& window : windows)
    if (window.holds(ms)) return true;
  return false;
}

std::uint32_t serial_of(double value) {
  return static_cast<std::uint32_t>(std::lround((value - std::floor(value)) * kSerialsMax));
}

World::World(std::uint64_t seed, bool trace)
    : seed_(seed),
      trace_(trace),
      random_(seed),
      disk_(seed ^ 0x5eed),
      clock_(0),
      broker_(clock_, disk_, seed ^ 0xb0b0, *this),
      receiver_(disk_, clock_, seed ^ 0xa1a1),
      upstream_(disk_, seed ^ 0xc1c1),
      log_(trace ? LogLevel::kDebug : LogLevel::kError, Log::Style::kJournald) {
  upstream_.hang = [this] { hang_for_upstream(); };
  draw_plan();
  history_.begin_ms = clock_.true_ms();
}

World::~World() {
  gateway_.reset();
}

void World::say(const std::string& line) const {
  if (trace_)
    std::fprintf(stderr, "%6d %s %s\n", steps_, format_rfc3339(clock_.true_ms()).c_str(), line.c_str());
}

// ---- what the broker tells

void World::handing_over(const SimMessage& message) {
  if (message.id == 0) return;
  Sent& sent = sent_[message.id - 1];
  sent.handed.push_back({clock_.true_ms(), clock_.now(), clock_.boot_id()});
  // Too far ahead of a clock that was believed and is wrong.
  sent.may_be_refused |= sent.time_ms > clock_.now().wall_ms + kMaxFutureMs;
}
void World::handed_over(const SimMessage& message) {
  if (message.id != 0) sent_[message.id - 1].handed_ms = clock_.true_ms();
}
void World::acknowledged(const SimMessage& message) {
  if (message.id != 0) sent_[message.id - 1].acknowledged = true;
}
void World::renumbered(const SimMessage& message) {
  if (message.id != 0) sent_[message.id - 1].may_be_double = true;
}
void World::connected() {
  history_.connects.push_back(clock_.true_ms());
}
void World::dropped(const SimMessage& message) {
  if (message.id != 0) sent_[message.id - 1].dropped = true;
}

// ---- the sensors

void World::send(Sent sent) {
  sent.message.id = sent_.size() + 1;
  sent_.push_back(sent);
  say("publish " + sent.message.topic + " " + sent.message.payload);
  broker_.publish(sent.message);
}

void World::publish(std::size_t sensor, bool fresh) {
  if (serials_ + 1 >= kSerialsMax) return;
  Sent sent;
  sent.serial = ++serials_;
  sent.sensor = kSensors[sensor];
  sent.value = static_cast<double>(pick(40)) + static_cast<double>(sent.serial) / kSerialsMax;
  sent.message.topic = sent.sensor;
  // As many decimals as the serial needs.
  char value[32];
  std::snprintf(value, sizeof value, "%.6f", sent.value);
  sent.value = std::strtod(value, nullptr);
  char text[80];
  if (sensor < kTimedSensors) {
    sent.time_ms = clock_.true_ms();
    if (!fresh && plan_.late_readings && chance(4))
      sent.time_ms -= static_cast<std::int64_t>(pick(chance(3) ? 40 * kHour : 20 * kMinute));
    std::snprintf(text, sizeof text, R"({"v":%s,"t":%lld})", value, static_cast<long long>(sent.time_ms));
  } else {
    std::snprintf(text, sizeof text, "%s", value);
  }
  sent.message.payload = text;
  sent.message.qos = kQos[sensor];
  sent.message.retain = plan_.retained && sent.time_ms != 0 && chance(3);
  send(sent);
  if (plan_.repeats && sent.time_ms != 0 && chance(6)) send(sent);
}

void World::publish_some() {
  const std::uint64_t count = 1 + pick(chance(6) ? 60 : 6);
  for (std::uint64_t i = 0; i < count; ++i) {
    publish(pick(std::size(kSensors)), false);
    if (chance(2)) advance(static_cast<std::int64_t>(pick(50)), kTurnMs);
  }
}

// ---- what happens

void World::act() {
  do_something();
  std::int64_t ms = static_cast<std::int64_t>(pick(chance(3) ? 40 * kSecond : 3 * kSecond));
  if (plan_.long_pauses && chance(8)) ms = static_cast<std::int64_t>(pick(chance(4) ? 10 * kHour : kHour));
  advance(ms, 10 * kMinute);
}

void World::do_something() {
  ++steps_;
  switch (pick(8)) {
    case 0:
    case 1:
    case 2:
      publish_some();
      break;
    case 3:
      act_on_machine();
      break;
    case 4:
      act_on_network();
      act_on_receivers();
      break;
    case 5:
      act_on_clock();
      break;
    default:
      break;
  }
}

// ---- time

void World::advance(std::int64_t ms, std::int64_t quantum_ms) {
  const std::int64_t end_ms = clock_.true_ms() + ms;
  for (bool last = false; !last;) {
    const std::int64_t now = clock_.true_ms();
    const bool busy = gateway_ && (gateway_->has_unstored() || leave_until_ms_ != 0);
    std::int64_t next = std::min(std::max(now, end_ms), now + (busy ? kTurnMs : quantum_ms));
    if (auto due = broker_.next_due()) next = std::min(next, std::max(now, *due));
    if (!gateway_) next = std::min(next, std::max(now, restart_ms_));
    if (synchronise_ms_ != 0) next = std::min(next, std::max(now, synchronise_ms_));
    clock_.pass_to(next);
    last = next >= end_ms;
    turn();
  }
}

void World::turn() {
  const std::int64_t now = clock_.true_ms();
  furthest_wall_ms_ = std::max(furthest_wall_ms_, clock_.now().wall_ms);
  if (synchronise_ms_ != 0 && now >= synchronise_ms_) {
    clock_.synchronise();
    synchronise_ms_ = 0;
    say("the clock is synchronised");
  }
  guard([this, now] { take_turns(now); });
}

void World::take_turns(std::int64_t now) {
  if (!gateway_ && now >= restart_ms_) start_gateway();
  if (disk_.dead()) return;
  while (auto due = broker_.next_due()) {
    if (*due > now) break;
    broker_.run_next();
    if (disk_.dead()) break;
    if (gateway_ && chance(8)) gateway_->step();
    if (disk_.dead()) break;
  }
  if (gateway_ && !disk_.dead()) gateway_->step();
  note_trust();
  note_day();
  if (leave_until_ms_ != 0 && gateway_ && !disk_.dead()) go_on_leaving(now);
  if (unstored_ms_ != INT64_MAX && gateway_ && disk_.fault() == SimDisk::Fault::kNone &&
      now > working_ms_ + kLossWindowMs) {
    unstored_ms_ = INT64_MAX;
    history_.disk_troubles.back().to_ms = now;
  }
  if (gateway_ && gateway_->vitals().database_damaged) findings_.push_back("the database is called damaged");
}

void World::note_day() {
  constexpr std::int64_t kWhile = 15 * kMinute;
  if (!gateway_ || disk_.dead()) return;
  const std::int64_t now = clock_.true_ms();
  const BootClock& boot = boots_[clock_.boot_id()];
  const std::int64_t since_ms = std::max({started_ms_, boot.trusted_ms, now - kWhile});
  if (!boot.trusted || !boot.right || boot.stepped || now - since_ms < kWhile) return;
  // What cannot be stored may be lost, and with it that it ran.
  if (!history_.disk_troubles.empty() && history_.disk_troubles.back().to_ms > since_ms) return;
  const Calendar& calendar = gateway_->calendar();
  if (calendar.day_of(now) == calendar.day_of(since_ms)) history_.days.insert(calendar.day_of(now));
}

void World::note_trust() {
  if (!gateway_ || trust_noted_ || !gateway_->trusts_clock()) return;
  BootClock& boot = boots_[clock_.boot_id()];
  trust_noted_ = true;
  boot.offsets_ms.push_back(clock_.now().wall_ms - clock_.now().boot_ms);
  if (boot.trusted) return;
  if (disk_.dead()) {
    boot.stepped = true;  // who knows whether it could still write that down
    return;
  }
  boot.trusted = true;
  boot.trusted_ms = clock_.true_ms();
  boot.right = std::abs(clock_.now().wall_ms - clock_.true_ms()) <= kSecond;
}

// ---- the end

void World::end_faults() {
  faults_over_ = true;
  disk_.die_after(-1);
  if (disk_.fault() != SimDisk::Fault::kNone) working_ms_ = clock_.true_ms();
  disk_.set_fault(SimDisk::Fault::kNone);
  broker_.accepts = true;
  broker_.hangs = false;
  broker_.refused.clear();
  receiver_.up = upstream_.up = true;
  receiver_.lose_one_in = upstream_.lose_answer_one_in = 0;
  upstream_.hang_one_in = upstream_.refuse_one_in = 0;
  // Then a connection is tried within a minute, and so is what waits.
  if (!history_.deaf.empty()) history_.deaf.back().to_ms = clock_.true_ms() + 2 * kMinute;
  synchronise_ms_ = 0;
  clock_.synchronise();
  if (!gateway_) restart_ms_ = clock_.true_ms();
}

void World::settle() {
  say("all faults end");
  end_faults();
  for (int i = 0; i < 60 && (i < 10 || !broker_.idle() || !gateway_ || gateway_->has_unstored()); ++i)
    advance(2 * kMinute, kTurnMs);
  for (int round = 0; round < 2; ++round) {
    for (std::size_t sensor = 0; sensor < std::size(kSensors); ++sensor) publish(sensor, true);
    advance(kMinute, kTurnMs);
  }
  if (!gateway_) return;
  gateway_->retry_uploads();
  // To noon, when the last day that is over has been uploaded.
  const Calendar& calendar = gateway_->calendar();
  // A clock that was ahead has had the runs of the days up to then.
  const Day last = std::max(calendar.day_of(clock_.true_ms()) + 4, calendar.day_of(furthest_wall_ms_) + 2);
  const std::int64_t noon_ms = calendar.at_ms(last, 12 * 60);
  advance(noon_ms - clock_.true_ms(), kHour);
}

std::vector<std::string> World::run() {
  for (int i = 0; i < kActions && findings_.empty(); ++i) act();
  return judge();
}

std::vector<std::string> World::run_year() {
  plan_year();
  const std::int64_t end_ms = clock_.true_ms() + kYear;
  while (clock_.true_ms() < end_ms && findings_.empty()) {
    do_something();
    if (synchronise_ms_ == 0) synchronise_ms_ = clock_.true_ms() + static_cast<std::int64_t>(pick(kHour));
    advance(static_cast<std::int64_t>(pick(4 * kHour)), kHour);
  }
  return judge();
}

// When all faults are over.
std::vector<std::string> World::judge() {
  if (findings_.empty()) settle();
  if (!findings_.empty()) return findings_;
  if (!gateway_) return {"the gateway does not come up again"};
  if (!broker_.idle())
    return {"the broker still has messages for us, intake: " + gateway_->session().status().detail};
  return check_promises({*gateway_, settings_, sent_, receiver_, upstream_, boots_, history_,
                         clock_.true_ms(), disk_.written_bytes()});
}

}  // namespace sluice::sim
