#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/counted.h"
#include "base/time_text.h"
#include "ctl/broker_listener.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "ctl/stop_signals.h"
#include "ctl/table.h"
#include "decode/decoder.h"
#include "decode/sensor_profile.h"
#include "decode/topic_filter.h"

namespace sluice {

namespace {

// What the gateway would make of one value, or of a message that it would reject.
struct Outcome {
  std::int64_t time_ms = 0;
  std::string sensor;  // of a rejected message: its topic
  double value = 0;
  std::string unit;
  std::string reason;  // empty: a reading
};

std::string reason_of(Counter counter) {
  const std::string_view name = counter_name(counter);
  return std::string(name.substr(name.find('/') + 1));
}

// The engine's decoding without its memory: duplicates and retained messages seen before are shown too.
class Decoding {
 public:
  explicit Decoding(const DecodeSettings& settings) : settings_(settings), decoder_(settings) {}

  std::vector<Outcome> outcomes(const HeardMessage& message, std::int64_t now_ms) {
    std::vector<Outcome> out;
    const auto rejected = [&](Counter reason) {
      out.push_back({now_ms, message.topic, 0, "", reason_of(reason)});
    };
    const int entry = decoder_.entry_for(message.topic);
    if (entry < 0) return out;
    if (message.retained && decoder_.entry(entry).retained == RetainedPolicy::kIgnore) return out;
    if (message.oversize) {
      rejected(Counter::kMessagesTooLarge);
      return out;
    }
    values_.clear();
    const Counter whole = decoder_.decode(entry, message.topic, message.payload, values_);
    if (whole != Counter::kCount_) rejected(whole);
    for (const DecodedValue& found : values_) {
      const std::string_view unit = found.unit.empty() ? decoder_.entry(entry).unit : found.unit;
      out.push_back(outcome(found, std::string(unit), now_ms));
    }
    return out;
  }

 private:
  Outcome outcome(const DecodedValue& found, const std::string& unit, std::int64_t now_ms) {
    Outcome about{found.has_time ? found.time_ms : now_ms, std::string(found.sensor), found.value, "", ""};
    if (found.reject != Counter::kCount_) {
      about.reason = reason_of(found.reject);
      return about;
    }
    if (profiles_.size() >= settings_.max_sensors) profiles_.clear();
    auto profile = profiles_.find(about.sensor);
    if (profile == profiles_.end()) {
      profile = profiles_.emplace(about.sensor, profile_of(settings_.sensors, about.sensor, unit)).first;
    }
    about.unit = profile->second.unit;
    const Counter reason = profile->second.apply(about.value);
    if (reason != Counter::kCount_) {
      about.reason = reason_of(reason);
    } else if (found.has_time && found.time_ms > now_ms + settings_.max_future.count()) {
      about.reason = reason_of(Counter::kReadingsFuture);
    }
    return about;
  }

  const DecodeSettings& settings_;
  Decoder decoder_;
  std::vector<DecodedValue> values_;
  std::unordered_map<std::string, SensorProfile> profiles_;
};

std::string line_of(const Outcome& about, std::size_t width) {
  const std::string sensor = printable(about.sensor);
  const std::string pad(width - std::min(width, display_width(sensor)), ' ');
  return format_rfc3339(about.time_ms) + "  " + sensor + pad + "  " +
         (about.reason.empty()
              ? number_text(about.value) + (about.unit.empty() ? "" : " " + printable(about.unit))
              : "rejected: " + about.reason) +
         "\n";
}

std::string json_line_of(const Outcome& about) {
  nlohmann::ordered_json json{{"time", format_rfc3339(about.time_ms)}, {"sensor", about.sensor}};
  if (about.reason.empty()) {
    json["value"] = about.value;
    json["unit"] = about.unit;
  } else {
    json["rejected"] = about.reason;
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

int run_tail(const CommandContext& context) {
  StopSignals signals;
  BrokerListener listener(context.settings.mqtt);
  std::vector<Subscription> filters;
  for (const auto& [filter, qos] : subscriptions_of(context.settings.decode.readings))
    filters.push_back({filter, 0});
  if (Status opened = listener.open(filters); !opened.ok()) return fail(context, opened.error());

  Decoding decoding(context.settings.decode);
  const std::int64_t began_ms = context.clock.now().boot_ms;
  std::uint64_t shown = 0;
  std::uint64_t said_missed = 0;
  std::size_t width = 0;
  while (!signals.came()) {
    const Instant now = context.clock.now();
    if (context.line.duration && now.boot_ms - began_ms >= context.line.duration->count()) break;
    std::optional<HeardMessage> heard = listener.next(std::chrono::milliseconds(200));
    if (!heard) {
      context.out << std::flush;
      if (auto why = listener.lost()) return fail(context, make_error(ErrorCode::kUnavailable, *why));
      continue;
    }
    for (const Outcome& about : decoding.outcomes(*heard, context.clock.now().wall_ms)) {
      if (!context.line.filter.empty() && !topic_matches(context.line.filter, about.sensor)) continue;
      if (context.line.rejected && about.reason.empty()) continue;
      const std::size_t wide = display_width(printable(about.sensor));
      if (wide <= Table::kWidthMax) width = std::max(width, wide);
      context.out << (context.line.json ? json_line_of(about) : line_of(about, width)) << std::flush;
      if (++shown == context.line.count) return kExitFine;
    }
    if (listener.missed() > said_missed) {
      said_missed = listener.missed();
      context.err << fmt::format("{} came too fast, not shown\n", counted(said_missed, "message"));
    }
  }
  return kExitFine;
}

}  // namespace sluice
