#include "ctl/payload_shape.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "decode/decimal_text.h"
#include "decode/payload_time.h"
#include "decode/utf8.h"

namespace sluice {

namespace {

using Json = nlohmann::ordered_json;
constexpr int kDepthMax = 4;
constexpr std::int64_t kNearMs = 24 * 3600'000;
constexpr std::size_t kWordBytesMax = 32;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string escaped(const std::string& key) {
  std::string out;
  for (char c : key) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

// In capitals, with a capital, or as it is.
std::string spelt_like(const std::string& model, std::string text) {
  const auto is_upper = [](char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; };
  const bool all = model.size() > 1 && is_upper(model[1]);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (all || (i == 0 && is_upper(model[0]))) {
      text[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[i])));
    }
  }
  return text;
}

MemberShape member_of(const Json& value, std::int64_t arrival_ms) {
  MemberShape member;
  std::optional<std::int64_t> time;
  if (value.is_number()) {
    member.number = true;
    time = value.is_number_integer() ? time_of_integer(value.get<std::int64_t>(), TimeFormat::kAuto)
                                     : time_of_real(value.get<double>(), TimeFormat::kAuto);
  } else if (value.is_boolean()) {
    member.boolean = true;
  } else if (value.is_string()) {
    member.text = true;
    const auto& text = value.get_ref<const std::string&>();
    member.words.insert(text.substr(0, kWordBytesMax));
    time = time_of_text(text, TimeFormat::kAuto);
  } else {
    member.other = true;
  }
  member.always_a_time = time.has_value();
  member.near_arrival = time && std::abs(*time - arrival_ms) <= kNearMs;
  return member;
}

void add_members(const Json& object, const std::string& prefix, int depth, std::int64_t arrival_ms,
                 std::map<std::string, MemberShape>& members) {
  for (const auto& [key, value] : object.items()) {
    const std::string pointer = prefix + "/" + escaped(key);
    if (value.is_object()) {
      if (depth < kDepthMax) add_members(value, pointer, depth + 1, arrival_ms, members);
      continue;
    }
    auto found = members.find(pointer);
    if (found != members.end()) {
      found->second.merge(member_of(value, arrival_ms));
    } else if (members.size() < PayloadShape::kMembersMax) {
      members.emplace(pointer, member_of(value, arrival_ms));
    }
  }
}

bool holds_objects(const Json& array) {
  return array.is_array() && !array.empty() &&
         std::all_of(array.begin(), array.end(), [](const Json& element) { return element.is_object(); });
}

bool has_value(const std::map<std::string, MemberShape>& members) {
  return std::any_of(members.begin(), members.end(),
                     [](const auto& member) { return is_value(member.first, member.second); });
}

PayloadShape array_shape(const Json& array, const std::string& each, std::int64_t arrival_ms) {
  PayloadShape shape;
  shape.kind = PayloadShape::Kind::kArray;
  shape.each = each;
  for (const Json& element : array) add_members(element, "", 1, arrival_ms, shape.members);
  return shape;
}

PayloadShape object_shape(const Json& object, std::int64_t arrival_ms) {
  PayloadShape shape;
  shape.kind = PayloadShape::Kind::kObject;
  add_members(object, "", 1, arrival_ms, shape.members);
  if (has_value(shape.members)) return shape;
  for (const auto& [key, value] : object.items()) {
    if (holds_objects(value)) return array_shape(value, "/" + escaped(key), arrival_ms);
  }
  return shape;
}

bool time_like_name(const std::string& pointer) {
  const std::string name = lower(last_key(pointer));
  static constexpr const char* kNames[] = {
      "t",  "ts",       "time",        "timestamp",  "date",    "datetime",   "last_seen", "lastseen", "when",
      "at", "measured", "measured_at", "sampled_at", "time_ms", "updated_at", "unix_time", "epoch"};
  return std::any_of(std::begin(kNames), std::end(kNames), [&](const char* known) { return name == known; });
}

}  // namespace

std::string last_key(const std::string& pointer) {
  return pointer.substr(pointer.rfind('/') + 1);
}

void MemberShape::merge(const MemberShape& more) {
  number = number || more.number;
  boolean = boolean || more.boolean;
  text = text || more.text;
  other = other || more.other;
  always_a_time = always_a_time && more.always_a_time;
  near_arrival = near_arrival && more.near_arrival;
  for (const std::string& word : more.words) {
    if (words.size() < PayloadShape::kWordsMax) words.insert(word);
  }
}

void PayloadShape::merge(const PayloadShape& more) {
  if (more.kind == Kind::kNone) return;
  if (kind == Kind::kNone) {
    *this = more;
    return;
  }
  const bool scalars = (kind == Kind::kNumber || kind == Kind::kWord) &&
                       (more.kind == Kind::kNumber || more.kind == Kind::kWord);
  if (kind != more.kind && !scalars) {
    kind = Kind::kText;
    return;
  }
  if (more.kind == Kind::kWord) kind = Kind::kWord;
  whole.merge(more.whole);
  for (const auto& [pointer, member] : more.members) {
    auto found = members.find(pointer);
    if (found != members.end()) {
      found->second.merge(member);
    } else if (members.size() < kMembersMax) {
      members.emplace(pointer, member);
    }
  }
}

PayloadShape shape_of(std::string_view payload, std::int64_t arrival_ms) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = payload.find_first_not_of(kBlanks);
  PayloadShape shape;
  if (first == std::string_view::npos) return shape;
  const std::string_view text = payload.substr(first, payload.find_last_not_of(kBlanks) - first + 1);
  if (!is_utf8(text)) {
    shape.kind = PayloadShape::Kind::kBinary;
    return shape;
  }
  double number = 0;
  if (text == "true" || text == "false" || parse_decimal(text, number) == DecimalKind::kFinite) {
    shape.kind = PayloadShape::Kind::kNumber;
    shape.whole.number = true;
    return shape;
  }
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_object()) return object_shape(json, arrival_ms);
  if (holds_objects(json)) return array_shape(json, "#", arrival_ms);
  shape.kind = json.is_discarded() && text.size() <= kWordBytesMax ? PayloadShape::Kind::kWord
                                                                   : PayloadShape::Kind::kText;
  shape.whole.text = true;
  shape.whole.words.insert(std::string(text.substr(0, kWordBytesMax)));
  return shape;
}

bool states_of_word(const std::string& word, std::map<std::string, double>& states) {
  static constexpr std::pair<const char*, const char*> kPairs[] = {
      {"off", "on"},         {"false", "true"},      {"no", "yes"},         {"closed", "open"},
      {"offline", "online"}, {"inactive", "active"}, {"clear", "detected"}, {"locked", "unlocked"},
      {"disarmed", "armed"}, {"dry", "wet"},         {"away", "home"},      {"stopped", "running"}};
  const std::string known = lower(word);
  for (const auto& [zero, one] : kPairs) {
    if (known != zero && known != one) continue;
    // The other word, which was maybe not seen yet, is spelt in the same way.
    states[spelt_like(word, zero)] = 0;
    states[spelt_like(word, one)] = 1;
    return true;
  }
  return false;
}

bool is_value(const std::string& pointer, const MemberShape& member) {
  if (is_time(pointer, member)) return false;
  const std::string name = lower(last_key(pointer));
  if (name == "id" || name == "seq" || name == "sequence") return false;
  if (member.number || member.boolean) return !member.text;
  std::map<std::string, double> ignored;
  return member.text && !member.other &&
         std::all_of(member.words.begin(), member.words.end(),
                     [&](const std::string& word) { return states_of_word(word, ignored); });
}

bool is_time(const std::string& pointer, const MemberShape& member) {
  if (!member.always_a_time || member.boolean || member.other) return false;
  return time_like_name(pointer) || member.near_arrival;
}

std::string describe_shape(const PayloadShape& shape) {
  using Kind = PayloadShape::Kind;
  switch (shape.kind) {
    case Kind::kNone:
      return "empty";
    case Kind::kNumber:
      return "a number";
    case Kind::kText:
      return "text, or of changing shape";
    case Kind::kBinary:
      return "binary";
    case Kind::kWord: {
      std::string text = "a word:";
      for (const std::string& word : shape.whole.words) text += " " + word;
      return text;
    }
    case Kind::kObject:
    case Kind::kArray:
      break;
  }
  std::string text = shape.kind == Kind::kObject ? "JSON object"
                     : shape.each == "#"         ? "JSON array of objects"
                                                 : "JSON object with an array of objects at " + shape.each;
  const char* between = ": ";
  for (const auto& [pointer, member] : shape.members) {
    text += between + (pointer.rfind('/') == 0 ? pointer.substr(1) : pointer);
    text += is_time(pointer, member) ? " time"
            : member.number          ? " number"
            : member.boolean         ? " boolean"
            : member.text            ? " string"
                                     : " null or array";
    between = ", ";
  }
  return text;
}

}  // namespace sluice
