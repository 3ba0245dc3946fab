#include "decode/topic_filter.h"

#include <optional>

#include "decode/utf8.h"

namespace sluice {

namespace {

constexpr std::size_t kTopicBytesMax = 65535;  // MQTT 5.0 section 1.5.4: a string's length is 16 bits

// Takes the next level off `rest`. An empty filter or topic has one level, the empty one.
class Levels {
 public:
  explicit Levels(std::string_view text) : rest_(text) {}

  std::optional<std::string_view> next() {
    if (!more_) return std::nullopt;
    std::size_t slash = rest_.find('/');
    std::string_view level = rest_.substr(0, slash);
    more_ = slash != std::string_view::npos;
    if (more_) rest_.remove_prefix(slash + 1);
    return level;
  }
  bool more() const { return more_; }

 private:
  std::string_view rest_;
  bool more_ = true;
};

bool begins_with_wildcard(std::string_view filter) {
  return !filter.empty() && (filter.front() == '+' || filter.front() == '#');
}

Error not_a_filter(std::string_view filter, const char* why) {
  return make_error(ErrorCode::kInvalid, "\"" + std::string(filter) + "\" is not a topic filter: " + why);
}

}  // namespace

Status check_topic_filter(std::string_view filter) {
  if (filter.empty())
    return make_error(ErrorCode::kInvalid, "a topic filter is not empty; \"#\" is every topic");
  if (filter.size() > kTopicBytesMax) {
    return make_error(ErrorCode::kInvalid, "a topic filter is at most 65535 bytes long");
  }
  if (!is_utf8(filter)) return make_error(ErrorCode::kInvalid, "a topic filter is written in UTF-8");
  if (filter.find('\0') != std::string_view::npos) {
    return make_error(ErrorCode::kInvalid, "a topic filter has no NUL character");
  }
  Levels levels(filter);
  while (auto level = levels.next()) {
    if (level->find('#') != std::string_view::npos) {
      if (*level != "#") return not_a_filter(filter, "'#' stands alone between slashes, as in \"a/#\"");
      if (levels.more()) return not_a_filter(filter, "'#' is the last level, as in \"a/#\"");
    }
    if (level->find('+') != std::string_view::npos && *level != "+") {
      return not_a_filter(filter, "'+' stands alone between slashes, as in \"a/+/b\"");
    }
  }
  return {};
}

bool topic_matches(std::string_view filter, std::string_view topic) {
  if (filter.empty() || topic.empty()) return false;
  if (topic.front() == '$' && begins_with_wildcard(filter)) return false;
  Levels wanted(filter), given(topic);
  for (;;) {
    auto want = wanted.next();
    if (want == "#") return true;  // also of the parent level: "a/#" matches "a"
    auto have = given.next();
    if (!want || !have) return !want && !have;
    if (*want != "+" && *want != *have) return false;
  }
}

bool filter_covers(std::string_view wide, std::string_view narrow) {
  if (narrow.starts_with('$') && begins_with_wildcard(wide)) return false;
  // A topic has at least one level, so a leading "#" is "one level, and any number after it".
  if (wide == "#") wide = "+/#";
  if (narrow == "#") narrow = "+/#";
  if (narrow == "/#") narrow = "/+/#";  // the empty topic, its parent level, is no topic
  Levels wides(wide), narrows(narrow);
  for (;;) {
    auto w = wides.next();
    if (w == "#") return true;
    auto n = narrows.next();
    if (!w || !n) return !w && !n;
    if (n == "#") return false;
    if (*w != "+" && *w != *n) return false;
  }
}

bool filters_overlap(std::string_view one, std::string_view other) {
  if (one.starts_with('$') && begins_with_wildcard(other)) return false;
  if (other.starts_with('$') && begins_with_wildcard(one)) return false;
  // As in filter_covers: a topic has at least one level, and is not empty.
  for (std::string_view* filter : {&one, &other}) {
    if (*filter == "#") *filter = "+/#";
    if (*filter == "/#") *filter = "/+/#";
  }
  Levels ones(one), others(other);
  for (;;) {
    auto a = ones.next();
    auto b = others.next();
    if (a == "#" || b == "#") return true;
    if (!a || !b) return !a && !b;
    if (*a != "+" && *b != "+" && *a != *b) return false;
  }
}

}  // namespace sluice
