#include "drivers/sysfs/sysfs_driver.h"

#include <algorithm>
#include <charconv>

#include "base/json_text.h"
#include "base/time_text.h"
#include "drivers/sysfs/sysfs_tree.h"

namespace sluice::drivers {

namespace {

constexpr std::int64_t kReadMaxMs =
    15'000;  // five tries of a 12-bit conversion, and the bus in use meanwhile
constexpr std::int64_t kLookAgainMaxMs = 50;  // after 1, 2, 4 … ms: most files answer at once
constexpr int kSignificantDigits = 12;        // more is the rounding of a scale

std::string payload_of(double value, const std::string& unit, bool with_time, std::int64_t wall_ms) {
  char digits[32];
  auto [end, error] =
      std::to_chars(digits, digits + sizeof digits, value, std::chars_format::general, kSignificantDigits);
  std::string payload = "{";
  if (with_time) payload += "\"time\":" + std::to_string(wall_ms) + ",";
  payload.append("\"value\":").append(digits, end);
  if (!unit.empty()) {
    payload += ",\"unit\":";
    append_json_string(payload, unit);
  }
  return payload + "}";
}

}  // namespace

SysfsSettings read_sysfs_settings(ConfigSection& section, const char* default_name, const char* default_topic,
                                  const char* devices_key) {
  SysfsSettings settings;
  settings.name = section.text("name", default_name);
  settings.sysfs = section.text("sysfs", settings.sysfs);
  settings.topic = section.text("topic", default_topic);
  if (settings.topic.find_first_of("+#") != std::string::npos)
    section.reject("topic", "'+' and '#' are wildcards; nothing can be published under them");
  settings.interval_ms = section.duration_ms("interval", settings.interval_ms);
  if (settings.interval_ms < 1000) section.reject("interval", "'interval' needs 1s or more");
  settings.with_time = section.one_of("time", {"ms", "none"}, "ms") == "ms";
  if (*devices_key) settings.chosen = section.pairs(devices_key);
  for (auto& [device, name] : settings.chosen)
    if (!name.empty()) name = topic_level(name);
  return settings;
}

SysfsDriver::SysfsDriver(SysfsSettings settings, std::unique_ptr<AttributeSource> source, Log& log)
    : settings_(std::move(settings)), source_(std::move(source)), log_(log) {}

Status SysfsDriver::open(Instant now) {
  if (reader_.busy())
    return make_error(ErrorCode::kUnavailable,
                      "the read that hung has still not come back; check the wiring of the sensor");
  if (Result<std::vector<Attribute>> found = source_->scan(); !found) return found.error();
  due_boot_ms_ = now.boot_ms;
  return {};
}

void SysfsDriver::close() {
  round_.clear();
  reading_ = false;
}

Result<Next> SysfsDriver::poll(Instant now, Output& output) {
  if (round_.empty()) {
    if (now.boot_ms < due_boot_ms_) return Next::at(due_boot_ms_);
    if (Status begun = begin_round(now); !begun) return begun.error();
  }
  while (attribute_ < round_.size()) {
    const Attribute& attribute = round_[attribute_];
    if (reading_) {
      if (reader_.busy()) return look_again(now);
      reading_ = false;
      Result<std::string> text = reader_.take();
      if (!text) {
        finish_attribute(text.error(), now, output);
        continue;
      }
      texts_.push_back(std::move(*text));
    }
    if (texts_.size() == attribute.files.size()) {
      finish_attribute(attribute.meaning(texts_, now), now, output);
    } else if (Status begun = reader_.begin(attribute.files[texts_.size()]); !begun) {
      finish_attribute(begun.error(), now, output);
    } else {
      reading_ = true;
      read_began_boot_ms_ = now.boot_ms;
      look_again_ms_ = 1;
    }
  }
  return finish_round(now);
}

Status SysfsDriver::begin_round(Instant now) {
  Result<std::vector<Attribute>> found = source_->scan();
  if (!found) return found.error();
  round_ = std::move(*found);
  attribute_ = 0;
  published_ = 0;
  texts_.clear();
  topics_.clear();
  // In step with the rounds before; what is missed is not made up for.
  due_boot_ms_ = std::max(due_boot_ms_ + settings_.interval_ms, now.boot_ms);
  return {};
}

Result<Next> SysfsDriver::look_again(Instant now) {
  if (now.boot_ms - read_began_boot_ms_ > kReadMaxMs)
    return make_error(ErrorCode::kUnavailable, round_[attribute_].files[texts_.size()] +
                                                   " has not answered for " + format_duration(kReadMaxMs) +
                                                   "; check the wiring of the sensor");
  Next next = Next::at(now.boot_ms + look_again_ms_);
  look_again_ms_ = std::min(look_again_ms_ * 2, kLookAgainMaxMs);
  return next;
}

void SysfsDriver::finish_attribute(const Result<double>& value, Instant now, Output& output) {
  const Attribute& attribute = round_[attribute_];
  std::string fault;
  if (!value) fault = value.error().context;
  std::string key = attribute.topic;
  if (!topics_.insert(key).second) {
    fault =
        "two values would have this topic; tell them apart with {device} and {channel}, or give them names";
    topics_.insert(key += " (second)");
  }
  std::string& reported = faults_[key];
  if (fault.empty()) {
    output.push({attribute.topic, payload_of(*value, attribute.unit, settings_.with_time, now.wall_ms)});
    ++published_;
    if (!reported.empty()) log_.info("{}: {} works again", settings_.name, attribute.topic);
  } else if (fault != reported) {
    log_.warning("{}: {}: {}", settings_.name, attribute.topic, fault);
  }
  reported = fault;
  ++attribute_;
  texts_.clear();
}

Result<Next> SysfsDriver::finish_round(Instant now) {
  std::erase_if(faults_, [this](const auto& fault) { return !topics_.contains(fault.first); });
  std::size_t wanted = round_.size();
  std::string first_topic = round_.empty() ? "" : round_.front().topic;
  round_.clear();
  if (published_ == 0)
    return make_error(ErrorCode::kUnavailable, "none of " + std::to_string(wanted) +
                                                   " values could be read; " + first_topic + ": " +
                                                   faults_[first_topic]);
  return Next::at(std::max(due_boot_ms_, now.boot_ms));
}

}  // namespace sluice::drivers
