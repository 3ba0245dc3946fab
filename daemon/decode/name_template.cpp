#include "decode/name_template.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "decode/json_pointer.h"
#include "decode/utf8.h"

namespace sluice {

namespace {

constexpr std::size_t kLevelMax = 65535;  // a topic has no more bytes than this

bool has_forbidden_character(std::string_view text) {
  unsigned char before = 0;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || byte == '+' || byte == '#') return true;
    if (before == 0xc2 && byte < 0xa0) return true;  // U+0080…U+009F
    before = byte;
  }
  return false;
}

std::optional<std::string_view> level_of(std::string_view topic, std::size_t index) {
  for (; index > 0; --index) {
    std::size_t slash = topic.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    topic.remove_prefix(slash + 1);
  }
  return topic.substr(0, topic.find('/'));
}

Error wrong(std::string_view text, const std::string& why) {
  return make_error(ErrorCode::kInvalid, "\"" + std::string(text) + "\" does not name sensors: " + why);
}

}  // namespace

bool is_sensor_name(std::string_view name) {
  return !name.empty() && name.size() <= kSensorNameBytesMax && name.front() != '$' &&
         !has_forbidden_character(name) && is_utf8(name);
}

Result<NameTemplate> NameTemplate::parse(std::string_view text) {
  if (text.empty()) return make_error(ErrorCode::kInvalid, "the name of a sensor is not empty");
  NameTemplate result;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::size_t brace = rest.find_first_of("{}");
    std::string_view literal = rest.substr(0, brace);
    if (!literal.empty()) {
      if (literal.size() > kSensorNameBytesMax || has_forbidden_character(literal) || !is_utf8(literal) ||
          (result.parts_.empty() && literal.front() == '$')) {
        return wrong(text,
                     "a name is at most 256 bytes of UTF-8 without control characters, '+' and '#', and does "
                     "not begin with '$'");
      }
      result.parts_.push_back({Kind::kLiteral, std::string(literal)});
    }
    if (brace == std::string_view::npos) break;
    std::size_t close = rest.find_first_of("{}", brace + 1);
    if (rest[brace] == '}' || close == std::string_view::npos || rest[close] == '{') {
      return wrong(text, "each '{' needs a '}' after it, as in \"{topic}\" or \"{1}/{name}\"");
    }
    if (auto added = result.add_placeholder(rest.substr(brace + 1, close - brace - 1)); !added.ok()) {
      return wrong(text, added.error().context);
    }
    rest.remove_prefix(close + 1);
  }
  return result;
}

Status NameTemplate::add_placeholder(std::string_view inside) {
  if (inside.empty()) {
    return make_error(
        ErrorCode::kInvalid,
        "between '{' and '}' stands topic, field, the number of a level or the name of a member");
  }
  if (inside == "topic") {
    parts_.push_back({Kind::kTopic, {}});
  } else if (inside == "field") {
    parts_.push_back({Kind::kField, {}});
  } else if (inside.find_first_not_of("0123456789") == std::string_view::npos) {
    std::size_t level = 0;
    auto parsed = std::from_chars(inside.data(), inside.data() + inside.size(), level);
    if (parsed.ec != std::errc() || level >= kLevelMax) {
      return make_error(ErrorCode::kInvalid, "no topic has so many levels; {0} is the first");
    }
    parts_.push_back({Kind::kLevel, {}, level});
  } else {
    if (auto pointer = JsonPointer::parse_member(inside); !pointer.ok()) return pointer.error();
    parts_.push_back({Kind::kMember, {}, members_.size()});
    members_.emplace_back(inside);
  }
  return {};
}

bool NameTemplate::uses_field() const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [](const Part& part) { return part.kind == Kind::kField; });
}

std::size_t NameTemplate::levels() const {
  std::size_t levels = 1;
  for (const Part& part : parts_) {
    if (part.kind == Kind::kLevel) levels = std::max(levels, part.index + 1);
  }
  return levels;
}

std::string NameTemplate::names_filter(std::string_view topic_filter, std::string_view field) const {
  if (topic_filter.starts_with('$')) return "#";  // a shared subscription has other topics than it says
  std::string name;  // in which '+' is something without a slash, and '#' anything
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Kind::kLiteral:
        name += part.literal;
        break;
      case Kind::kTopic:
        name += topic_filter;
        break;
      case Kind::kLevel: {
        const auto level = level_of(topic_filter, part.index);
        name += level && *level != "#" ? *level : "+";
        break;
      }
      case Kind::kField:
        name += field;
        break;
      case Kind::kMember:
        name += '#';
        break;
    }
  }
  std::string filter;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find('/', at), name.size());
    const std::string_view level = std::string_view(name).substr(at, end - at);
    if (at > 0) filter += '/';
    if (level.find('#') != std::string_view::npos) return filter + '#';
    filter += level.find('+') != std::string_view::npos ? "+" : level;
    at = end + 1;
  }
  return filter;
}

bool NameTemplate::render(std::string_view topic, std::string_view field,
                          std::span<const std::string> member_texts, std::string& out) const {
  const std::size_t before = out.size();
  bool complete = true;
  for (const Part& part : parts_) {
    std::optional<std::string_view> text;
    switch (part.kind) {
      case Kind::kLiteral:
        text = part.literal;
        break;
      case Kind::kTopic:
        text = topic;
        break;
      case Kind::kLevel:
        text = level_of(topic, part.index);
        break;
      case Kind::kField:
        text = field;
        break;
      case Kind::kMember:
        text = member_texts[part.index];
        break;
    }
    // Stopping at the limit keeps `out` bounded whatever a payload puts into its members.
    complete = text && out.size() - before + text->size() <= kSensorNameBytesMax;
    if (!complete) break;
    out += *text;
  }
  if (complete && is_sensor_name(std::string_view(out).substr(before))) return true;
  out.resize(before);
  return false;
}

}  // namespace sluice
