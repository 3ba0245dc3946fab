// What a seed's run may meet: drawn from the seed, or the plan of a year.
#include "base/time_text.h"
#include "sim/world.h"

namespace sluice::sim {

namespace {

Rule rule(const char* name, ConditionKind kind, double low, double high) {
  Rule made;
  made.name = name;
  made.sensor = "#";
  made.kind = kind;
  made.low = low;
  made.high = high;
  return made;
}

std::vector<Rule> rules() {
  Rule hot = rule("hot", ConditionKind::kAbove, 0, 28);
  hot.clear = 25;
  Rule odd = rule("odd", ConditionKind::kOutside, 5, 35);
  Rule lasting = rule("lasting", ConditionKind::kBelow, 15, 0);
  lasting.hold = std::chrono::seconds(30);
  Rule silent = rule("silent", ConditionKind::kSilentFor, 0, 0);
  silent.silent_for = std::chrono::minutes(20);
  return {hot, odd, lasting, silent};
}

constexpr std::pair<const char*, const char*> kPlaces[] = {{"Europe/Berlin", "2026-03-28T20:00:00Z"},
                                                           {"Europe/Berlin", "2026-10-24T19:00:00Z"},
                                                           {"UTC", "2026-12-31T22:00:00Z"},
                                                           {"Asia/Kolkata", "2026-06-01T15:00:00Z"},
                                                           {"America/St_Johns", "2026-10-31T23:30:00Z"},
                                                           {"Pacific/Auckland", "2026-09-26T09:00:00Z"},
                                                           {"America/Los_Angeles", "2026-03-07T21:00:00Z"}};

}  // namespace

void World::draw_plan() {
  for (bool* may : {&plan_.kills, &plan_.power_cuts, &plan_.connection_cuts, &plan_.repeats,
                    &plan_.late_readings, &plan_.long_pauses}) {
    *may = chance(2);
  }
  for (bool* may : {&plan_.lost_sessions, &plan_.refusals, &plan_.hangs, &plan_.small_queue,
                    &plan_.disk_faults, &plan_.clock_steps, &plan_.clock_unset, &plan_.receiver_down,
                    &plan_.upstream_down, &plan_.retained, &plan_.clean_stops, &plan_.bit_flips,
                    &plan_.upstream_hangs, &plan_.upstream_refuses, &plan_.renumbering}) {
    *may = chance(4);
  }
  const auto& [zone, begin] = kPlaces[pick(std::size(kPlaces))];
  settings_.zone = zone;
  settings_.seed = seed_;
  settings_.rules = rules();
  settings_.durability = chance(2) ? Durability::kPower : Durability::kCrash;
  settings_.journal_bytes = chance(4) ? 48 * 1024 : 128 * 1024;
  settings_.clock.trust = seed_ % 2 == 0 ? ClockSettings::Trust::kNtp : ClockSettings::Trust::kAuto;
  clock_ = SimClock(*parse_rfc3339(begin) + static_cast<std::int64_t>(pick(6 * kHour)));
  plan_.backlog_at_once = chance(5);
  broker_.renumbers = plan_.renumbering;
  broker_.backlog_at_once = plan_.backlog_at_once;
  if (plan_.backlog_at_once) broker_.queue_max = 150;
  if (plan_.small_queue) broker_.queue_max = 30;
  if (plan_.clock_unset) clock_.boot(-static_cast<std::int64_t>(pick(100)) * kHour, false);
  if (plan_.clock_unset) synchronise_ms_ = clock_.true_ms() + static_cast<std::int64_t>(pick(kHour));
}

void World::plan_year() {
  plan_ = Plan{};
  for (bool* may :
       {&plan_.kills, &plan_.power_cuts, &plan_.connection_cuts, &plan_.repeats, &plan_.late_readings,
        &plan_.clock_steps, &plan_.clock_unset, &plan_.receiver_down, &plan_.upstream_down,
        &plan_.clean_stops, &plan_.upstream_hangs, &plan_.upstream_refuses}) {
    *may = true;
  }
  settings_.zone = "Europe/Berlin";
  settings_.durability = Durability::kPower;
  settings_.journal_bytes = 128 * 1024;
  settings_.clock.trust = ClockSettings::Trust::kNtp;
  settings_.heartbeat = std::chrono::minutes(30);
  clock_ = SimClock(*parse_rfc3339("2026-01-01T06:00:00Z"));
  clock_.boot(-100 * kHour, false);
  synchronise_ms_ = clock_.true_ms() + static_cast<std::int64_t>(pick(kHour));
  broker_.queue_max = 1000;
}

std::string World::plan_text() const {
  std::string text = settings_.zone;
  text += settings_.durability == Durability::kPower ? " power" : " crash";
  const std::pair<bool, const char*> words[] = {{plan_.kills, "kills"},
                                                {plan_.power_cuts, "power-cuts"},
                                                {plan_.connection_cuts, "connection-cuts"},
                                                {plan_.lost_sessions, "lost-sessions"},
                                                {plan_.refusals, "refusals"},
                                                {plan_.hangs, "hangs"},
                                                {plan_.small_queue, "small-queue"},
                                                {plan_.disk_faults, "disk-faults"},
                                                {plan_.clock_steps, "clock-steps"},
                                                {plan_.clock_unset, "clock-unset"},
                                                {plan_.receiver_down, "receiver-down"},
                                                {plan_.upstream_down, "upstream-down"},
                                                {plan_.late_readings, "late-readings"},
                                                {plan_.repeats, "repeats"},
                                                {plan_.retained, "retained"},
                                                {plan_.long_pauses, "long-pauses"},
                                                {plan_.backlog_at_once, "backlog-at-once"},
                                                {plan_.clean_stops, "clean-stops"},
                                                {plan_.bit_flips, "bit-flips"},
                                                {plan_.upstream_hangs, "upstream-hangs"},
                                                {plan_.upstream_refuses, "upstream-refuses"},
                                                {plan_.renumbering, "renumbering"}};
  for (const auto& [may, word] : words)
    if (may) text += std::string(" ") + word;
  return text;
}

}  // namespace sluice::sim
