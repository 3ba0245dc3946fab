#include "ctl/topic_patterns.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <set>
#include <utility>

#include "decode/topic_filter.h"

namespace sluice {

namespace {

constexpr std::size_t kTopicsMax = 5000;
constexpr std::size_t kPayloadKept = 1024;

using Levels = std::vector<std::string>;

Levels levels_of(const std::string& topic) {
  Levels levels(1);
  for (char c : topic) {
    if (c == '/') {
      levels.emplace_back();
    } else {
      levels.back() += c;
    }
  }
  return levels;
}

std::string joined(const Levels& levels) {
  std::string topic;
  for (std::size_t i = 0; i < levels.size(); ++i) topic += (i == 0 ? "" : "/") + levels[i];
  return topic;
}

// What is measured, and so what keeps topics apart: a temperature and a humidity are not the same thing in
// two places.
bool names_a_quantity(const std::string& level) {
  static constexpr std::array kWords = {
      "temp",    "humid", "press", "batt", "power", "energy", "volt",   "current", "co2",  "lux",   "light",
      "illumin", "rssi",  "wind",  "rain", "soil",  "level",  "weight", "speed",   "flow", "noise", "status"};
  std::string text;
  for (unsigned char c : level) text += static_cast<char>(std::tolower(c));
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](const char* word) { return text.find(word) != std::string::npos; });
}

struct Group {
  Levels levels;
  std::vector<std::string> topics;
  PayloadShape shape;
};

bool alike(const PayloadShape& a, const PayloadShape& b) {
  using Kind = PayloadShape::Kind;
  const auto scalar = [](Kind kind) { return kind == Kind::kNumber || kind == Kind::kWord; };
  if (scalar(a.kind) && scalar(b.kind)) return true;
  if (a.kind != b.kind || a.each != b.each) return false;
  if (a.kind != Kind::kObject && a.kind != Kind::kArray) return true;
  return std::any_of(a.members.begin(), a.members.end(), [&](const auto& member) {
    auto same = b.members.find(member.first);
    return same != b.members.end() &&
           is_value(member.first, member.second) == is_value(same->first, same->second) &&
           !is_time(member.first, member.second);
  });
}

bool may_vary(std::size_t level, const std::set<std::string>& words) {
  if (words.size() < 2) return false;
  if (level > 0 || words.size() >= 3) return true;
  return std::all_of(words.begin(), words.end(), [](const std::string& word) {
    return std::any_of(word.begin(), word.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  });
}

// Joins groups that differ in this level only and are alike; says whether it joined any.
bool join_at(std::size_t level, std::vector<Group>& groups) {
  std::vector<Group> kept;
  bool joined_any = false;
  std::map<Levels, std::vector<Group>> same_rest;
  for (Group& group : groups) {
    if (level >= group.levels.size() || group.levels[level] == "+" || names_a_quantity(group.levels[level])) {
      kept.push_back(std::move(group));
      continue;
    }
    Levels rest = group.levels;
    rest[level] = "+";
    same_rest[rest].push_back(std::move(group));
  }
  for (auto& [rest, members] : same_rest) {
    while (!members.empty()) {
      std::vector<Group> pile;
      std::vector<Group> others;
      Group whole = members.front();
      // As often as some joined, since they may bring members that make others alike.
      for (bool again = true; std::exchange(again, false);) {
        for (Group& group : members) {
          if (!pile.empty() && !alike(whole.shape, group.shape)) {
            others.push_back(std::move(group));
            continue;
          }
          if (!pile.empty()) {
            whole.shape.merge(group.shape);
            whole.topics.insert(whole.topics.end(), group.topics.begin(), group.topics.end());
          }
          pile.push_back(std::move(group));
          again = true;
        }
        members = std::exchange(others, {});
      }
      std::set<std::string> words;
      for (const Group& part : pile) words.insert(part.levels[level]);
      if (may_vary(level, words)) {
        whole.levels = rest;
        kept.push_back(std::move(whole));
        joined_any = true;
      } else {
        for (Group& part : pile) kept.push_back(std::move(part));
      }
    }
  }
  groups = std::move(kept);
  return joined_any;
}

// The level with the most different words first: rooms are more than the things that are measured in each.
std::vector<std::size_t> order_of_levels(const std::vector<Group>& groups) {
  std::vector<std::set<std::string>> words;
  for (const Group& group : groups) {
    if (words.size() < group.levels.size()) words.resize(group.levels.size());
    for (std::size_t i = 0; i < group.levels.size(); ++i) words[i].insert(group.levels[i]);
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < words.size(); ++i) order.push_back(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return words[a].size() > words[b].size(); });
  return order;
}

// Of groups with one filter the largest keeps it; the others are named topic by topic.
std::vector<Group> with_filters_of_their_own(std::vector<Group> groups) {
  std::stable_sort(groups.begin(), groups.end(),
                   [](const Group& a, const Group& b) { return a.topics.size() > b.topics.size(); });
  std::set<Levels> taken;
  std::vector<Group> kept;
  for (Group& group : groups) {
    if (taken.insert(group.levels).second) {
      kept.push_back(std::move(group));
      continue;
    }
    for (const std::string& topic : group.topics) {
      kept.push_back(Group{levels_of(topic), {topic}, group.shape});
    }
  }
  return kept;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", byte);
      out += escape;
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// A member as `fields` takes it: its plain name where that is enough.
std::string field_of(const std::string& pointer) {
  const bool plain = pointer.size() > 1 && pointer.rfind('/') == 0 && pointer.find('~') == std::string::npos;
  return plain ? pointer.substr(1) : pointer;
}

std::string time_of(const PayloadShape& shape) {
  std::string best;
  for (const auto& [pointer, member] : shape.members) {
    if (!is_time(pointer, member)) continue;
    const bool nearer = member.near_arrival && (best.empty() || !shape.members.at(best).near_arrival);
    if (best.empty() || nearer) best = pointer;
  }
  return best;
}

// The member that tells the elements of an array apart.
std::string name_of(const PayloadShape& shape) {
  std::string found;
  for (const auto& [pointer, member] : shape.members) {
    if (!member.text || member.number || member.other || is_time(pointer, member) ||
        is_value(pointer, member) || pointer.rfind('/') != 0 ||
        pointer.find_first_of("~{}") != std::string::npos) {
      continue;
    }
    std::string key = pointer.substr(1);
    // {topic}, {field} and {1} say something else.
    const bool taken =
        key == "topic" || key == "field" || key.find_first_not_of("0123456789") == std::string::npos;
    if (taken) key = pointer;
    if (key == "name" || key == "sensor" || key == "device" || key == "id") return key;
    if (found.empty()) found = key;
  }
  return found;
}

}  // namespace

void TopicSurvey::add(const std::string& topic, std::string_view payload, bool retained,
                      std::int64_t arrival_ms) {
  ++messages_;
  auto found = topics_.find(topic);
  if (found == topics_.end()) {
    if (topics_.size() >= kTopicsMax) {
      ++left_out_;
      return;
    }
    found = topics_.emplace(topic, SurveyedTopic()).first;
  }
  SurveyedTopic& known = found->second;
  ++known.messages;
  known.retained += retained ? 1 : 0;
  known.payload = payload.substr(0, kPayloadKept);
  known.shape.merge(shape_of(payload, arrival_ms));
}

std::vector<TopicPattern> TopicSurvey::patterns() const {
  std::vector<Group> groups;
  for (const auto& [topic, known] : topics_) groups.push_back({levels_of(topic), {topic}, known.shape});
  const std::vector<std::size_t> order = order_of_levels(groups);
  for (bool again = true; again;) {
    again = false;
    for (std::size_t level : order) again = join_at(level, groups) || again;
  }
  std::vector<TopicPattern> patterns;
  for (Group& group : with_filters_of_their_own(std::move(groups))) {
    TopicPattern pattern;
    pattern.filter = joined(group.levels);
    pattern.topics = std::move(group.topics);
    std::sort(pattern.topics.begin(), pattern.topics.end());
    pattern.shape = std::move(group.shape);
    pattern.payload = topics_.at(pattern.topics.front()).payload;
    for (const std::string& topic : pattern.topics) {
      pattern.messages += topics_.at(topic).messages;
      pattern.retained += topics_.at(topic).retained;
    }
    patterns.push_back(std::move(pattern));
  }
  std::sort(patterns.begin(), patterns.end(),
            [](const TopicPattern& a, const TopicPattern& b) { return a.filter < b.filter; });
  // The first matching entry decodes. With one more '+' a filter can cover those with fewer, never the
  // other way round.
  std::stable_sort(patterns.begin(), patterns.end(), [](const TopicPattern& a, const TopicPattern& b) {
    return std::count(a.filter.begin(), a.filter.end(), '+') <
           std::count(b.filter.begin(), b.filter.end(), '+');
  });
  return patterns;
}

std::optional<ReadingsEntry> entry_of(const TopicPattern& pattern) {
  using Kind = PayloadShape::Kind;
  ReadingsEntry entry;
  entry.topic = pattern.filter;
  const PayloadShape& shape = pattern.shape;
  if (shape.kind == Kind::kNumber || shape.kind == Kind::kWord) {
    entry.format = PayloadFormat::kNumber;
    for (const std::string& word : shape.whole.words) {
      if (!states_of_word(word, entry.states)) return std::nullopt;
    }
    return entry;
  }
  if (shape.kind != Kind::kObject && shape.kind != Kind::kArray) return std::nullopt;
  std::vector<std::string> pointers;
  std::set<std::string> names;  // {field} of a pointer is its last key: two of one name would be one sensor
  for (const auto& [pointer, member] : shape.members) {
    if (!is_value(pointer, member) || !names.insert(last_key(pointer)).second) continue;
    pointers.push_back(pointer);
    for (const std::string& word : member.words) (void)states_of_word(word, entry.states);
  }
  if (pointers.empty()) return std::nullopt;
  if (pointers.size() == 1) {
    entry.value = pointers.front();
  } else {
    for (const std::string& pointer : pointers) entry.fields.push_back(field_of(pointer));
  }
  entry.time = time_of(shape);
  if (shape.kind == Kind::kArray) {
    entry.each = shape.each;
    const std::string name = name_of(shape);
    if (!name.empty()) {
      entry.sensor = "{topic}/{" + name + (entry.fields.empty() ? "}" : "}/{field}");
    }
  }
  return entry;
}

std::string entry_yaml(const ReadingsEntry& entry) {
  std::string text = "{ topic: " + quoted(entry.topic);
  text += entry.format == PayloadFormat::kNumber ? ", format: number" : ", format: json";
  if (!entry.each.empty()) text += ", each: " + quoted(entry.each);
  if (!entry.value.empty()) text += ", value: " + quoted(entry.value);
  const char* between = ", fields: [";
  for (const std::string& field : entry.fields) {
    text += between + quoted(field);
    between = ", ";
  }
  if (!entry.fields.empty()) text += "]";
  if (!entry.time.empty()) text += ", time: " + quoted(entry.time);
  if (!entry.sensor.empty()) text += ", sensor: " + quoted(entry.sensor);
  between = ", states: { ";
  for (const auto& [word, value] : entry.states) {
    text += between + quoted(word) + (value == 0 ? ": 0" : ": 1");
    between = ", ";
  }
  if (!entry.states.empty()) text += " }";
  return text + " }";
}

}  // namespace sluice
