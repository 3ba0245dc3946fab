// check_readings_entry: what YAML types cannot say about a readings entry.
#include <algorithm>
#include <cmath>

#include "decode/decoder.h"
#include "decode/json_payload.h"
#include "decode/json_pointer.h"
#include "decode/name_template.h"
#include "decode/topic_filter.h"

namespace sluice {

namespace {

Error wrong(std::string context) {
  return make_error(ErrorCode::kInvalid, std::move(context));
}

Status check_topic(const ReadingsEntry& entry) {
  if (auto filter = check_topic_filter(entry.topic); !filter.ok())
    return wrong("topic: " + filter.error().context);
  if (entry.topic.starts_with("$share/")) {
    return wrong(
        "topic: shared subscriptions are not supported, because a gateway has to see every message; write "
        "the filter without \"$share/…/\"");
  }
  if (entry.topic.starts_with('$')) {
    return wrong(
        "topic: topics that begin with '$' are the broker's and are not read; choose another filter");
  }
  if (entry.topic.starts_with("sluice/")) {
    return wrong(
        "topic: topics below \"sluice/\" are the gateway's own and are not read; choose another filter");
  }
  if (entry.qos < 0 || entry.qos > 2) return wrong("qos: write 0, 1 or 2");
  return {};
}

Status check_states(const ReadingsEntry& entry) {
  for (const auto& [text, number] : entry.states) {
    if (text.empty()) return wrong("states: the text of a state is not empty");
    if (!std::isfinite(number)) return wrong("states: \"" + text + "\" needs a finite number");
  }
  return {};
}

Status check_number_entry(const ReadingsEntry& entry) {
  struct Option {
    const char* name;
    bool set;
  };
  for (const Option& option : {Option{"value", !entry.value.empty()}, Option{"time", !entry.time.empty()},
                               Option{"fields", !entry.fields.empty()}, Option{"each", !entry.each.empty()},
                               Option{"unit_at", !entry.unit_at.empty()}}) {
    if (option.set) {
      return wrong(std::string(option.name) +
                   ": is for format json; with format number the payload is one number. "
                   "Remove it, or set format: json");
    }
  }
  return {};
}

Status check_pointers(const ReadingsEntry& entry) {
  struct Option {
    const char* name;
    const std::string& pointer;
  };
  for (const Option& option : {Option{"value", entry.value}, Option{"time", entry.time},
                               Option{"each", entry.each}, Option{"unit_at", entry.unit_at}}) {
    if (option.pointer == kWholeDocument && &option.pointer == &entry.each) continue;
    if (auto parsed = JsonPointer::parse(option.pointer); !parsed.ok()) {
      return wrong(std::string(option.name) + ": " + parsed.error().context);
    }
  }
  for (std::size_t i = 0; i < entry.fields.size(); ++i) {
    if (auto parsed = JsonPointer::parse_member(entry.fields[i]); !parsed.ok()) {
      return wrong("fields: " + parsed.error().context);
    }
    auto so_far = entry.fields.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(entry.fields.begin(), so_far, entry.fields[i]) != so_far) {
      return wrong("fields: \"" + entry.fields[i] + "\" is there twice; remove one");
    }
  }
  if (!entry.fields.empty() && !entry.value.empty()) {
    return wrong("value: give either value (one reading) or fields (one reading each), not both");
  }
  return {};
}

Status check_name(const ReadingsEntry& entry) {
  if (entry.sensor.empty()) return {};
  auto name = NameTemplate::parse(entry.sensor);
  if (!name.ok()) return wrong("sensor: " + name.error().context);
  if (entry.format == PayloadFormat::kNumber && !name->members().empty()) {
    return wrong(
        "sensor: \"{" + name->members().front() +
        "}\" names a member of a document, but with format number there is none; use {topic} or levels");
  }
  if (entry.fields.empty() && name->uses_field()) {
    return wrong("sensor: \"{field}\" needs fields: list the members to read, or take it out");
  }
  if (entry.fields.size() > 1 && !name->uses_field()) {
    return wrong("sensor: with several fields the name needs \"{field}\", else all of them are one sensor");
  }
  const auto levels = static_cast<std::size_t>(std::count(entry.topic.begin(), entry.topic.end(), '/')) + 1;
  if (!entry.topic.ends_with('#') && name->levels() > levels) {
    return wrong("sensor: \"{" + std::to_string(name->levels() - 1) + "}\" is past the last level of \"" +
                 entry.topic + "\"; the first level is {0}");
  }
  return {};
}

}  // namespace

Status check_readings_entry(const ReadingsEntry& entry) {
  if (auto ok = check_topic(entry); !ok.ok()) return ok;
  if (auto ok = check_states(entry); !ok.ok()) return ok;
  if (entry.format == PayloadFormat::kNumber) {
    if (auto ok = check_number_entry(entry); !ok.ok()) return ok;
  }
  if (auto ok = check_pointers(entry); !ok.ok()) return ok;
  if (entry.time.empty() && entry.time_format != TimeFormat::kAuto) {
    return wrong(
        "time_format: has no effect without time; add the pointer to the time, or remove time_format");
  }
  return check_name(entry);
}

}  // namespace sluice
