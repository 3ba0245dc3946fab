#include "drivers/simulate/waveform.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sluice::drivers {

namespace {

// Which random number of a sensor is meant.
enum Stream : std::uint64_t { kBase = 1, kPhase, kDriftA, kDriftB, kNoise, kSpikes, kStuck };

constexpr double kTurn = 2 * std::numbers::pi;
constexpr double kDayMs = 86'400'000;

double unit(std::uint64_t bits) {  // (0, 1)
  return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
}

double gauss(std::uint64_t bits) {
  return std::sqrt(-2 * std::log(unit(bits))) * std::cos(kTurn * unit(mix(bits, 1)));
}

double sine(double turns) {
  return std::sin(kTurn * (turns - std::floor(turns)));
}

}  // namespace

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  // splitmix64's finishing steps over a combination that keeps (a, b) and (b, a) apart.
  std::uint64_t x = a * 0x9E3779B97F4A7C15u + b + 0x632BE59BD9B4E019u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

bool fault_is_on(const FaultTimes& fault, std::uint64_t seed, std::int64_t time_ms, std::int64_t& begin_ms) {
  if (fault.every_ms <= 0 || fault.lasts_ms <= 0) return false;
  std::int64_t lasts_ms = std::min(fault.lasts_ms, fault.every_ms);
  std::int64_t stretch = time_ms / fault.every_ms - (time_ms % fault.every_ms < 0 ? 1 : 0);
  auto choices = static_cast<std::uint64_t>(fault.every_ms - lasts_ms + 1);
  std::uint64_t chosen = mix(seed, static_cast<std::uint64_t>(stretch)) % choices;
  begin_ms = stretch * fault.every_ms + static_cast<std::int64_t>(chosen);
  return time_ms >= begin_ms && time_ms < begin_ms + lasts_ms;
}

Waveform::Waveform(const WaveSettings& settings, std::uint64_t seed)
    : settings_(settings),
      seed_(seed),
      base_(settings.base + settings.spread * (2 * unit(mix(seed, kBase)) - 1)),
      phase_(0.1 * unit(mix(seed, kPhase))) {}

double Waveform::undisturbed(std::int64_t time_ms) const {
  auto t = static_cast<double>(time_ms);
  double value = base_ + settings_.amplitude * sine(t / static_cast<double>(settings_.period_ms) + phase_);
  if (settings_.drift != 0) {
    // Two slow waves whose periods share no small multiple.
    value += settings_.drift * (0.6 * sine(t / (3.7 * kDayMs) + unit(mix(seed_, kDriftA))) +
                                0.4 * sine(t / (11.3 * kDayMs) + unit(mix(seed_, kDriftB))));
  }
  if (settings_.noise != 0)
    value += settings_.noise * gauss(mix(mix(seed_, kNoise), static_cast<std::uint64_t>(time_ms)));
  return value;
}

double Waveform::value(std::int64_t time_ms) const {
  std::int64_t begin_ms = 0;
  if (fault_is_on(settings_.stuck, mix(seed_, kStuck), time_ms, begin_ms)) time_ms = begin_ms;
  double value = undisturbed(time_ms);
  if (fault_is_on(settings_.spikes, mix(seed_, kSpikes), time_ms, begin_ms)) value += settings_.spike_size;
  return std::clamp(value, settings_.min, settings_.max);
}

std::string Waveform::text(std::int64_t time_ms) const {
  return fmt::format("{:.{}f}", value(time_ms), settings_.decimals);
}

}  // namespace sluice::drivers
