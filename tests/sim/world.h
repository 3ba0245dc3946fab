// World: one run of the simulated world, made from a seed: sensors publish, and everything that may go wrong
// does, as far as this seed's plan allows it; then all faults end, days pass, and the oracle looks at what
// has become of it. The same seed is the same run. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "sim/gateway.h"
#include "sim/vfs.h"

namespace sluice::sim {

inline constexpr std::int64_t kSecond = 1000;
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kHour = 60 * kMinute;
inline constexpr std::int64_t kTurnMs = 3 * kSecond;
// What a power cut may take in mode crash: one flush, the turn before it begins, and the one in which it is
// written.
inline constexpr std::int64_t kLossWindowMs = 10 * kSecond + 2 * kTurnMs;

struct Plan {  // what may happen in this run
  bool kills = false;
  bool power_cuts = false;
  bool connection_cuts = false;
  bool lost_sessions = false;
  bool refusals = false;
  bool hangs = false;
  bool small_queue = false;
  bool disk_faults = false;
  bool clock_steps = false;
  bool clock_unset = false;  // after a power cut, and at first
  bool receiver_down = false;
  bool upstream_down = false;
  bool late_readings = false;
  bool repeats = false;
  bool retained = false;
  bool long_pauses = false;
  bool backlog_at_once = false;
  bool clean_stops = false;
  bool bit_flips = false;
  bool upstream_hangs = false;
  bool upstream_refuses = false;
  bool renumbering = false;
};

// A message that a sensor has published, and what is known of it.
struct Sent {
  SimMessage message;
  std::string sensor;
  std::uint32_t serial = 0;  // in the value
  double value = 0;
  std::int64_t time_ms = 0;  // 0: the payload carries none
  bool acknowledged = false;
  bool dropped = false;         // the broker gave it up
  bool may_be_lost = false;     // within the loss window of a power cut, or behind a flipped bit
  bool may_be_double = false;   // came again under another packet id
  bool may_be_refused = false;  // too far ahead of the gateway's clock
  std::int64_t handed_ms = 0;   // last; true time
  struct Handed {
    std::int64_t true_ms = 0;
    Instant clock;
    std::string boot;
  };
  std::vector<Handed> handed;  // each time
};

// What is known of the clock in one boot of the machine.
struct BootClock {
  bool stepped = false;    // it was not right all the time
  bool trusted = false;    // the gateway came to trust it
  bool right = false;      // when it did
  bool forgotten = false;  // that it did may have been lost
  std::int64_t trusted_ms = 0;
  // Wall less boot clock, each time that a process came to trust it, and after each step since.
  std::vector<std::int64_t> offsets_ms;
};

struct Window {  // of true time, both ends belong to it
  std::int64_t from_ms = 0;
  std::int64_t to_ms = INT64_MAX;
  bool holds(std::int64_t ms) const { return ms >= from_ms && ms <= to_ms; }
};

// What happened outside that may excuse something.
struct History {
  std::vector<Window> lost;           // what was acknowledged then may be gone
  std::vector<Window> disk_troubles;  // it failed, until all was stored again
  std::vector<Window> deaf;           // the receiver was down, or lost what it was told
  std::vector<std::int64_t> ends;     // of the process: killed, cut off, or stopped
  std::vector<std::int64_t> connects;
  int deaths = 0;                // ends that were no clean stops
  bool heartbeats_wait = false;  // the broker has hung
  std::set<Day> days;            // of the right clock, on which a process ran for a while
  std::int64_t begin_ms = 0;
};
bool any_holds(const std::vector<Window>& windows, std::int64_t ms);

std::uint32_t serial_of(double value);

class World final : private BrokerWitness {
 public:
  World(std::uint64_t seed, bool trace);
  ~World() override;

  // What the oracle has found, one line each; empty: all promises were kept.
  std::vector<std::string> run();
  // The same for a year of it: fewer readings, and everything that a clock and a day may meet.
  std::vector<std::string> run_year();
  int steps() const { return steps_; }
  std::string plan_text() const;

 private:
  void handing_over(const SimMessage& message) override;
  void handed_over(const SimMessage& message) override;
  void acknowledged(const SimMessage& message) override;
  void renumbered(const SimMessage& message) override;
  void connected() override;
  void dropped(const SimMessage& message) override;

  std::uint64_t pick(std::uint64_t n) { return random_() % n; }
  bool chance(unsigned one_in) { return pick(one_in) == 0; }
  void draw_plan();
  void plan_year();
  void act();
  void do_something();
  std::vector<std::string> judge();
  void note_trust();
  void note_day();
  void act_on_machine();
  void change_disk();
  void arm_death();
  void act_on_network();
  void act_on_receivers();
  void act_on_clock();
  void publish_some();
  void publish(std::size_t sensor, bool fresh);
  void send(Sent sent);
  void advance(std::int64_t ms, std::int64_t quantum_ms);
  void turn();
  void take_turns(std::int64_t now);
  void guard(const std::function<void()>& reach);
  void start_gateway();
  void go_on_leaving(std::int64_t now);
  void close_gateway();
  void bury();
  void lose_power();
  void flip_a_bit();
  bool flip_in_record(const std::string& path);
  void hang_for_upstream();
  void end_faults();
  void settle();
  void say(const std::string& line) const;

  const std::uint64_t seed_;
  const bool trace_;
  std::mt19937_64 random_;
  Plan plan_;
  GatewaySettings settings_;
  SimVfs vfs_;
  SimDisk disk_;
  SimClock clock_;
  SimBroker broker_;
  SimReceiver receiver_;
  SimUpstream upstream_;
  Log log_;
  std::unique_ptr<SimGateway> gateway_;
  bool trust_noted_ = false;     // of this process
  std::int64_t started_ms_ = 0;  // the process that runs
  std::int64_t booted_ms_ = 0;   // its machine
  std::int64_t restart_ms_ = 0;
  int failed_starts_ = 0;                 // in a row
  std::int64_t leave_until_ms_ = 0;       // a clean stop has begun; 0: not
  std::int64_t synchronise_ms_ = 0;       // 0: never
  std::int64_t furthest_wall_ms_ = 0;     // of its clock, right or not
  std::int64_t working_ms_ = 0;           // when the disk began to work last, or the gateway on it
  std::int64_t unstored_ms_ = INT64_MAX;  // since when the disk would not take all; later than now: it did
  std::int64_t ended_ms_ = 0;             // the last process that had started, if there is none now
  std::int64_t kept_ms_ = -1;             // when a clean stop had stored all that there was
  bool damage_due_ = false;               // the next start has to tell of damage
  bool power_goes_ = false;               // with the next death
  History history_;
  bool faults_over_ = false;
  int steps_ = 0;
  std::map<std::string, BootClock> boots_;
  std::vector<Sent> sent_;  // by message id - 1
  std::uint32_t serials_ = 0;
  std::vector<std::string> findings_;
};

}  // namespace sluice::sim
