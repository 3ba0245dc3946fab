#include "sim/world.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/time_text.h"
#include "sim/check_throws.h"
#include "sim/oracle.h"

namespace sluice::sim {

namespace {

// What a power cut may take in mode crash: one flush, and the turn in which it is written.
constexpr std::int64_t kLossWindowMs = 13 * kSecond;
constexpr std::int64_t kTurnMs = 3 * kSecond;
constexpr std::int64_t kMaxFutureMs = 5 * kMinute;
constexpr std::uint32_t kSerialsMax = 65536;
constexpr const char* kSensors[] = {"timed/a", "timed/b", "timed/c", "plain/d", "plain/e", "sloppy/f"};
constexpr std::size_t kTimedSensors = 3;
constexpr int kActions = 160;
constexpr std::int64_t kYear = 365 * 24 * kHour;

}  // namespace

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
      receiver_(disk_, seed ^ 0xa1a1),
      upstream_(disk_, seed ^ 0xc1c1),
      log_(trace ? LogLevel::kDebug : LogLevel::kError, Log::Style::kJournald) {
  draw_plan();
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
  sent.handed.push_back({clock_.true_ms(), clock_.boot_id()});
  // Too far ahead of a clock that was believed and is wrong.
  sent.may_be_refused |= sent.time_ms > clock_.now().wall_ms + kMaxFutureMs;
}
void World::handed_over(const SimMessage& message) {
  if (message.id != 0) sent_[message.id - 1].handed_ms = clock_.true_ms();
}
void World::acknowledged(const SimMessage& message) {
  if (message.id != 0) sent_[message.id - 1].acknowledged = true;
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
  sent.message.qos = sensor == std::size(kSensors) - 1 ? 0 : 1;
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
      break;
    case 5:
      act_on_clock();
      break;
    default:
      break;
  }
}

void World::act_on_machine() {
  if (plan_.disk_faults && chance(3)) {
    const bool broken = disk_.fault() != SimDisk::Fault::kNone;
    disk_.set_fault(broken      ? SimDisk::Fault::kNone
                    : chance(2) ? SimDisk::Fault::kIo
                                : SimDisk::Fault::kNoSpace);
    if (broken) working_ms_ = clock_.true_ms();
    if (!broken) unstored_ms_ = std::min(unstored_ms_, clock_.true_ms());
    say(broken ? "the disk works" : "the disk fails");
  }
  if (!gateway_ || (!plan_.kills && !plan_.power_cuts)) return;
  power_goes_ = plan_.power_cuts && (!plan_.kills || chance(3));
  disk_.die_after(static_cast<int>(pick(chance(2) ? 10 : 150)));
}

void World::act_on_network() {
  if (plan_.connection_cuts && chance(2)) guard([this] { broker_.cut("the network is gone"); });
  if (plan_.lost_sessions && chance(4)) guard([this] { broker_.forget_session(); });
  if (plan_.connection_cuts && chance(4)) broker_.accepts = !broker_.accepts;
  if (plan_.hangs && chance(4)) broker_.hangs = !broker_.hangs;
  if (plan_.refusals && chance(4)) {
    if (broker_.refused.empty()) {
      broker_.refused.insert(chance(2) ? "timed/+" : "plain/+");
    } else {
      broker_.refused.clear();
    }
  }
  if (plan_.receiver_down && chance(2)) receiver_.up = !receiver_.up;
  receiver_.lose_one_in = plan_.receiver_down ? 10 : 0;
  if (plan_.upstream_down && chance(2)) upstream_.up = !upstream_.up;
  upstream_.lose_answer_one_in = plan_.upstream_down ? 2 : 0;
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
  boots_[clock_.boot_id()].stepped = true;
  say("the clock steps to " + format_rfc3339(clock_.now().wall_ms));
  if (chance(2)) synchronise_ms_ = clock_.true_ms() + static_cast<std::int64_t>(pick(kHour));
}

// ---- time

void World::advance(std::int64_t ms, std::int64_t quantum_ms) {
  const std::int64_t end_ms = clock_.true_ms() + ms;
  for (bool last = false; !last;) {
    const std::int64_t now = clock_.true_ms();
    const std::int64_t unstored_ms = gateway_ && gateway_->has_unstored() ? kTurnMs : quantum_ms;
    std::int64_t next = std::min(end_ms, now + unstored_ms);
    if (auto due = broker_.next_due()) next = std::min(next, std::max(now, *due));
    if (!gateway_) next = std::min(next, std::max(now, restart_ms_));
    if (synchronise_ms_ != 0) next = std::min(next, std::max(now, synchronise_ms_));
    clock_.pass_to(next);
    last = next == end_ms;
    turn();
  }
}

void World::turn() {
  const std::int64_t now = clock_.true_ms();
  if (synchronise_ms_ != 0 && now >= synchronise_ms_) {
    clock_.synchronise();
    synchronise_ms_ = 0;
    say("the clock is synchronised");
  }
  guard([this, now] { take_turns(now); });
}

void World::take_turns(std::int64_t now) {
  if (!gateway_ && now >= restart_ms_) start_gateway();
  while (auto due = broker_.next_due()) {
    if (*due > now) break;
    broker_.run_next();
    if (disk_.dead()) break;
    if (gateway_ && chance(8)) gateway_->step();
    if (disk_.dead()) break;
  }
  if (gateway_ && !disk_.dead()) gateway_->step();
  note_trust();
  if (gateway_ && disk_.fault() == SimDisk::Fault::kNone && now > working_ms_ + kLossWindowMs)
    unstored_ms_ = INT64_MAX;
  if (gateway_ && gateway_->vitals().database_damaged) findings_.push_back("the database is called damaged");
}

void World::note_trust() {
  if (!gateway_ || !gateway_->trusts_clock()) return;
  BootClock& boot = boots_[clock_.boot_id()];
  if (boot.trusted) return;
  if (disk_.dead()) {
    boot.stepped = true;  // who knows whether it could still write that down
    return;
  }
  boot.trusted = true;
  boot.right = std::abs(clock_.now().wall_ms - clock_.true_ms()) <= kSecond;
}

// The process may die, or give itself up, in anything that reaches it.
void World::guard(const std::function<void()>& reach) {
  try {
    reach();
  } catch (const ProcessAborted& aborted) {
    say("aborted: " + aborted.why);
    // The process may give itself up when it must not acknowledge; nothing else is allowed.
    if (aborted.why.find("must not be acknowledged") == std::string::npos)
      findings_.push_back("aborted: " + aborted.why);
    power_goes_ = false;
    disk_.die();
  }
  if (disk_.dead()) bury();
}

void World::start_gateway() {
  auto started =
      SimGateway::start(settings_, {disk_, clock_, broker_, receiver_, upstream_, vfs_.name()}, log_);
  if (started.ok()) {
    gateway_ = std::move(*started);
    failed_starts_ = 0;
    working_ms_ = clock_.true_ms();
    return say("the gateway starts");
  }
  say("the gateway cannot start: " + started.error().context);
  if (started.error().code == ErrorCode::kCorrupt) findings_.push_back(started.error().context);
  // The service manager tries again after seconds; the world is in more of a hurry.
  restart_ms_ = clock_.true_ms() + std::min(10 * kMinute, 5 * kSecond << std::min(7, failed_starts_++));
}

void World::bury() {
  say(power_goes_ ? "power cut" : "killed");
  broker_.gateway_died();
  receiver_.gateway_died();
  gateway_.reset();
  disk_.revive(power_goes_);
  if (power_goes_) lose_power();
  power_goes_ = false;
  restart_ms_ = clock_.true_ms() + static_cast<std::int64_t>(pick(10 * kSecond));
}

void World::lose_power() {
  lost_power_ = true;
  const std::int64_t now = clock_.true_ms();
  // What the disk would not take is still in the tmpfs.
  const std::int64_t from_ms = std::min(unstored_ms_, now) - kLossWindowMs;
  if (settings_.durability == Durability::kCrash) {
    for (Sent& sent : sent_) sent.may_be_lost |= sent.handed_ms >= from_ms;
  }
  if (plan_.clock_unset) {
    clock_.boot(-static_cast<std::int64_t>(pick(chance(4) ? 20000 : 3)) * kHour, false);
    synchronise_ms_ = now + static_cast<std::int64_t>(pick(2 * kHour));
  } else {
    clock_.boot(0, true);
  }
}

// ---- the end

void World::end_faults() {
  disk_.die_after(-1);
  disk_.set_fault(SimDisk::Fault::kNone);
  broker_.accepts = true;
  broker_.hangs = false;
  broker_.refused.clear();
  receiver_.up = upstream_.up = true;
  receiver_.lose_one_in = upstream_.lose_answer_one_in = 0;
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
  // To noon, when the last day that is over has been uploaded.
  const Calendar& calendar = gateway_->calendar();
  const std::int64_t noon_ms = calendar.at_ms(calendar.day_of(clock_.true_ms()) + 4, 12 * 60);
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
  const bool may_lose = lost_power_ && settings_.durability == Durability::kCrash;
  return check_promises(
      {*gateway_, settings_, sent_, receiver_, upstream_, boots_, clock_.true_ms(), may_lose});
}

}  // namespace sluice::sim
