#include "drivers/simulate/simulate_driver.h"

#include <cstdlib>

#include "base/counted.h"
#include "base/json_text.h"
#include "base/time_text.h"

namespace sluice::drivers {

namespace {

constexpr int kSamplesInPoll = 512;            // then the other drivers and the signals have their turn
constexpr std::int64_t kClockStepMinMs = 500;  // smaller differences are the two clocks' rounding and slewing
constexpr std::int64_t kBehindMaxMs = 10'000;  // after a suspend, missed samples are not made up for
constexpr std::uint64_t kDropoutStream = 1000;

FaultTimes read_fault(ConfigSection& section, std::int64_t default_lasts_ms) {
  FaultTimes fault;
  fault.every_ms = section.duration_ms("every", 0);
  fault.lasts_ms = section.duration_ms("lasts", default_lasts_ms);
  if (fault.every_ms <= 0) section.reject("every", "'every' needs a duration above zero: one fault in each");
  if (fault.lasts_ms > fault.every_ms) section.reject("lasts", "'lasts' must not be longer than 'every'");
  return fault;
}

WaveSettings read_wave(ConfigSection& section) {
  WaveSettings wave;
  wave.base = section.number("base", wave.base);
  wave.spread = section.number("spread", wave.spread);
  wave.amplitude = section.number("amplitude", wave.amplitude);
  wave.period_ms = section.duration_ms("period", wave.period_ms);
  if (wave.period_ms <= 0) section.reject("period", "'period' needs a duration above zero");
  wave.noise = section.number("noise", wave.noise);
  wave.drift = section.number("drift", wave.drift);
  wave.min = section.number("min", wave.min);
  wave.max = section.number("max", wave.max);
  if (wave.min > wave.max) section.reject("min", "'min' must not be above 'max'");
  wave.decimals = static_cast<int>(section.integer("decimals", wave.decimals, 0, 12));
  if (section.has("spikes")) {
    ConfigSection spikes = section.section("spikes");
    wave.spikes = read_fault(spikes, 5000);
    wave.spike_size = spikes.number("size", 10);
  }
  if (section.has("stuck")) {
    ConfigSection stuck = section.section("stuck");
    wave.stuck = read_fault(stuck, 600'000);
  }
  return wave;
}

SensorGroup read_group(ConfigSection& section) {
  SensorGroup group;
  group.topic = section.required_text("topic");
  group.count = static_cast<int>(section.integer("count", 1, 1, 100'000));
  if (group.count > 1 && group.topic.find("{n}") == std::string::npos)
    section.reject("topic", "the topic needs '{n}', the sensor's number, where 'count' is above 1");
  if (group.topic.find_first_of("+#") != std::string::npos)
    section.reject("topic", "'+' and '#' are wildcards; nothing can be published under them");
  for (auto& [name, field] : section.sections("fields")) group.fields.emplace_back(name, read_wave(field));
  if (group.fields.empty())
    section.reject("fields", "at least one field is needed, as in 'fields: { value: { base: 20 } }'");
  if (section.has("dropouts")) {
    ConfigSection dropouts = section.section("dropouts");
    group.dropouts = read_fault(dropouts, 300'000);
  }
  return group;
}

std::string number_topic(const std::string& pattern, int number) {
  std::string topic = pattern;
  for (std::size_t at = topic.find("{n}"); at != std::string::npos; at = topic.find("{n}"))
    topic.replace(at, 3, std::to_string(number));
  return topic;
}

std::int64_t floor_to(std::int64_t time_ms, std::int64_t step_ms) {
  return time_ms - (time_ms % step_ms + step_ms) % step_ms;
}

}  // namespace

SimulateSettings read_simulate_settings(ConfigSection& section) {
  SimulateSettings settings;
  settings.name = section.text("name", "simulate");
  settings.seed = static_cast<std::uint64_t>(section.integer("seed", 1, 0, INT64_MAX));
  settings.interval_ms = section.duration_ms("interval", settings.interval_ms);
  if (settings.interval_ms <= 0) section.reject("interval", "'interval' needs a duration above zero");
  settings.history_ms = section.duration_ms("history", 0);
  settings.history_interval_ms = section.duration_ms("history_interval", settings.history_interval_ms);
  if (settings.history_interval_ms <= 0)
    section.reject("history_interval", "'history_interval' needs a duration above zero");
  if (section.has("run_for")) settings.run_for_ms = section.duration_ms("run_for", 0);
  std::string time = section.one_of("time", {"ms", "rfc3339", "none"}, "ms");
  if (time == "rfc3339") settings.time_written = SimulateSettings::TimeWritten::kRfc3339;
  if (time == "none") settings.time_written = SimulateSettings::TimeWritten::kNone;
  if (time == "none" && settings.history_ms > 0)
    section.reject("time", "a history needs times in its messages: 'ms' or 'rfc3339'");
  for (ConfigSection& group : section.list("sensors")) settings.groups.push_back(read_group(group));
  if (settings.groups.empty()) section.reject("sensors", "at least one group of sensors is needed");
  return settings;
}

SimulateDriver::SimulateDriver(SimulateSettings settings, Log& log)
    : settings_(std::move(settings)), log_(log) {
  for (std::size_t group_index = 0; group_index < settings_.groups.size(); ++group_index) {
    const SensorGroup& group = settings_.groups[group_index];
    for (int number = 1; number <= group.count; ++number) {
      std::uint64_t seed = mix(mix(settings_.seed, group_index), static_cast<std::uint64_t>(number));
      Sensor sensor{number_topic(group.topic, number), {}, group.dropouts, mix(seed, kDropoutStream)};
      for (std::size_t field = 0; field < group.fields.size(); ++field)
        sensor.fields.emplace_back(group.fields[field].first,
                                   Waveform(group.fields[field].second, mix(seed, field)));
      sensors_.push_back(std::move(sensor));
    }
  }
}

Status SimulateDriver::open(Instant now) {
  if (opened_) return {};  // after an error elsewhere, go on where it stopped
  opened_ = true;
  wall_minus_boot_ms_ = now.wall_ms - now.boot_ms;
  std::int64_t live_ms = floor_to(now.wall_ms, settings_.interval_ms);
  live_ = {live_ms, settings_.interval_ms, settings_.run_for_ms ? live_ms + *settings_.run_for_ms : INT64_MAX,
           0};
  in_history_ = settings_.history_ms > 0;
  std::int64_t begin_ms = floor_to(now.wall_ms - settings_.history_ms, settings_.history_interval_ms);
  history_ = {begin_ms, settings_.history_interval_ms, live_ms, 0};
  if (in_history_)
    log_.info("{}: {} of history from {} first", settings_.name, format_duration(settings_.history_ms),
              counted(sensors_.size(), "sensor"));
  return {};
}

std::int64_t SimulateDriver::time_of_next(const Phase& phase) const {
  auto count = static_cast<std::int64_t>(sensors_.size());
  auto sample = static_cast<std::int64_t>(phase.next_sample);
  return phase.origin_ms + sample / count * phase.step_ms + sample % count * phase.step_ms / count;
}

std::optional<Sample> SimulateDriver::sample_at(const Sensor& sensor, std::int64_t time_ms) const {
  std::int64_t begin_ms = 0;
  if (fault_is_on(sensor.dropouts, sensor.dropout_seed, time_ms, begin_ms)) return std::nullopt;
  Sample sample{sensor.topic, "{"};
  if (settings_.time_written == SimulateSettings::TimeWritten::kMilliseconds)
    sample.payload += "\"time\":" + std::to_string(time_ms);
  if (settings_.time_written == SimulateSettings::TimeWritten::kRfc3339)
    sample.payload += "\"time\":\"" + format_rfc3339(time_ms) + "\"";
  for (const auto& [name, wave] : sensor.fields) {
    if (sample.payload.size() > 1) sample.payload += ',';
    append_json_string(sample.payload, name);
    sample.payload += ':' + wave.text(time_ms);
  }
  sample.payload += '}';
  return sample;
}

// Live samples are due by the clock that does not step, and carry the time of the one that people read.
void SimulateDriver::follow_clock(Instant now) {
  std::int64_t step_ms = now.wall_ms - now.boot_ms - wall_minus_boot_ms_;
  if (std::abs(step_ms) >= kClockStepMinMs) {
    wall_minus_boot_ms_ += step_ms;
    live_.origin_ms += step_ms;
    if (settings_.run_for_ms) live_.end_ms += step_ms;
  }
  std::int64_t behind_ms = now.boot_ms + wall_minus_boot_ms_ - time_of_next(live_);
  if (!in_history_ && behind_ms > kBehindMaxMs + settings_.interval_ms)
    live_.next_sample += static_cast<std::uint64_t>(behind_ms / settings_.interval_ms) * sensors_.size();
}

Result<Next> SimulateDriver::poll(Instant now, Output& output) {
  follow_clock(now);
  for (int i = 0; i < kSamplesInPoll; ++i) {
    Phase& phase = in_history_ ? history_ : live_;
    std::int64_t time_ms = time_of_next(phase);
    if (time_ms >= phase.end_ms) {
      if (!in_history_) return Next::done();
      in_history_ = false;
      log_.info("{}: history sent, now live", settings_.name);
      continue;
    }
    if (in_history_) {
      if (!output.has_room()) return Next::when_room();
    } else if (std::int64_t due_boot_ms = time_ms - wall_minus_boot_ms_; due_boot_ms > now.boot_ms) {
      return Next::at(due_boot_ms);
    }
    const Sensor& sensor = sensors_[phase.next_sample % sensors_.size()];
    ++phase.next_sample;
    if (std::optional<Sample> sample = sample_at(sensor, time_ms)) output.push(std::move(*sample));
  }
  return Next::at(now.boot_ms);
}

}  // namespace sluice::drivers
