#include "config/map_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/counted.h"
#include "base/secret.h"
#include "config/quantity.h"

namespace sluice {

namespace {

using std::chrono::milliseconds;

const YamlNode& nothing() {
  static const YamlNode kNothing;
  return kNothing;
}

std::string what_is(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "is empty";
    case YamlNode::Kind::kList:
      return "is a list";
    case YamlNode::Kind::kMap:
      return "is a map";
    case YamlNode::Kind::kText:
      break;
  }
  return "is " + in_quotes(node.text);
}

template <class T>
std::optional<T> parse_number(const std::string& text) {
  T value{};
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return value;
}

}  // namespace

MapReader::MapReader(const YamlNode& root, LoadContext& context) : MapReader(root, context, "", "") {}

MapReader::MapReader(const YamlNode& node, LoadContext& context, std::string path, std::string pattern)
    : node_(node),
      context_(context),
      path_(std::move(path)),
      pattern_(std::move(pattern)),
      name_(node.key),
      problems_before_(context.problems.size()) {}

MapReader::~MapReader() {
  const std::vector<std::string> known(taken_.begin(), taken_.end());
  const bool look = !ignore_the_rest_ && node_.kind == YamlNode::Kind::kMap;
  Problems unknown;
  for (const YamlNode& child : node_.children) {
    if (!look || taken_.count(child.key) > 0) continue;
    const auto called = called_.find(child.key);
    const std::string meant = called != called_.end() ? called->second : nearest(child.key, known);
    unknown.add(child.key_at, full(child.key), "is not a key here", "expected " + listed(known), meant);
    std::erase_if(absences_, [&meant](const Absence& absence) {
      const auto& keys = absence.keys;
      return meant.empty() || std::find(keys.begin(), keys.end(), meant) != keys.end();
    });
  }
  for (Absence& absence : absences_) context_.problems.add(std::move(absence.problem));
  for (const Problem& problem : unknown.all()) context_.problems.add(problem);
}

void MapReader::absent(const std::vector<std::string>& keys, const std::string& key, const std::string& what,
                       const std::string& expected) {
  absences_.push_back({keys, {at(key), full(key), what + "; " + expected}});
}

void MapReader::also_called(const std::string& word, const std::string& key) {
  called_[word] = key;
}

std::string MapReader::full(const std::string& key) const {
  if (path_.empty()) return key;
  return key.empty() ? path_ : path_ + "." + key;
}

const YamlNode* MapReader::member(const std::string& key) const {
  for (const YamlNode& child : node_.children) {
    if (child.key == key) return &child;
  }
  return nullptr;
}

bool MapReader::given(const std::string& key) const {
  const YamlNode* found = member(key);
  return found != nullptr && found->kind != YamlNode::Kind::kNull;
}

Position MapReader::at(const std::string& key) const {
  const YamlNode* found = member(key);
  return found == nullptr ? node_.at : found->at;
}

const YamlNode* MapReader::take(const std::string& key) {
  taken_.insert(key);
  context_.keys.insert(pattern_.empty() ? key : pattern_ + "." + key);
  const YamlNode* found = member(key);
  if (found == nullptr || found->kind == YamlNode::Kind::kNull) return nullptr;
  context_.given.emplace(full(key), found->at);
  return found;
}

const YamlNode* MapReader::take(const std::string& key, YamlNode::Kind kind, const char* expected) {
  const YamlNode* found = take(key);
  if (found == nullptr || found->kind == kind) return found;
  wrong(key, what_is(*found), std::string("expected ") + expected);
  return nullptr;
}

void MapReader::wrong(const std::string& key, const std::string& what, const std::string& expected,
                      const std::string& suggestion) {
  wrong_at(at(key), key, what, expected, suggestion);
}

void MapReader::wrong_at(Position at, const std::string& key, const std::string& what,
                         const std::string& expected, const std::string& suggestion) {
  context_.problems.add(at, full(key), what, expected, suggestion);
}

void MapReader::required(const std::string& key, const std::string& expected) {
  if (!given(key)) absent({key}, key, "is missing", "expected " + expected);
}

bool MapReader::text(const std::string& key, std::string& out) {
  const YamlNode* found = take(key, YamlNode::Kind::kText, "text");
  if (found == nullptr) return false;
  out = found->text;
  return true;
}

std::optional<std::size_t> MapReader::one_of(const std::string& key, const std::vector<std::string>& words) {
  std::string expected = listed(words);
  const YamlNode* found = take(key, YamlNode::Kind::kText, expected.c_str());
  if (found == nullptr) return std::nullopt;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (found->text == words[i]) return i;
  }
  wrong(key, what_is(*found), "expected " + expected, nearest(found->text, words));
  return std::nullopt;
}

std::optional<std::int64_t> MapReader::integer(const std::string& key, std::int64_t min, std::int64_t max) {
  std::string expected = "a whole number from " + std::to_string(min) + " to " + std::to_string(max);
  const YamlNode* found = take(key, YamlNode::Kind::kText, expected.c_str());
  if (found == nullptr) return std::nullopt;
  auto value = parse_number<std::int64_t>(found->text);
  if (value && !found->quoted && *value >= min && *value <= max) return value;
  if (value && found->quoted) expected += ", without quotes";
  wrong(key, what_is(*found), "expected " + expected);
  return std::nullopt;
}

std::optional<double> MapReader::real_of(const YamlNode& node, const std::string& key) {
  auto value = node.kind == YamlNode::Kind::kText ? parse_number<double>(node.text) : std::nullopt;
  if (value && std::isfinite(*value) && !node.quoted) return value;
  wrong_at(node.at, key, what_is(node),
           node.quoted && value ? "expected a number, without quotes" : "expected a number such as 21.5");
  return std::nullopt;
}

std::optional<double> MapReader::real(const std::string& key) {
  const YamlNode* found = take(key);
  return found == nullptr ? std::nullopt : real_of(*found, key);
}

bool MapReader::duration(const std::string& key, milliseconds& out, milliseconds min, milliseconds max) {
  std::string expected = "a duration from " + duration_text(min) + " to " + duration_text(max);
  const YamlNode* found = take(key, YamlNode::Kind::kText, expected.c_str());
  if (found == nullptr) return false;
  auto value = parse_duration(found->text);
  if (value && *value >= min && *value <= max) {
    out = *value;
    return true;
  }
  wrong(key, what_is(*found),
        "expected " + expected + (value ? "" : ", a whole number and one of ms s m h d"),
        value ? "" : meant_duration(found->text));
  return false;
}

bool MapReader::seconds(const std::string& key, std::chrono::seconds& out, std::chrono::seconds min,
                        std::chrono::seconds max) {
  milliseconds value{};
  if (!duration(key, value, min, max)) return false;
  if (value.count() % 1000 != 0) {
    wrong(key, "is " + duration_text(value), "expected whole seconds");
    return false;
  }
  out = std::chrono::duration_cast<std::chrono::seconds>(value);
  return true;
}

bool MapReader::size(const std::string& key, std::uint64_t& out, std::uint64_t min, std::uint64_t max) {
  std::string expected = "a size from " + size_text(min) + " to " + size_text(max);
  const YamlNode* found = take(key, YamlNode::Kind::kText, expected.c_str());
  if (found == nullptr) return false;
  auto value = parse_size(found->text);
  if (value && *value >= min && *value <= max) {
    out = *value;
    return true;
  }
  wrong(key, what_is(*found),
        "expected " + expected + (value ? "" : ", a whole number and one of B KiB MiB GiB"),
        value ? "" : meant_size(found->text));
  return false;
}

bool MapReader::path(const std::string& key, std::string& out) {
  const YamlNode* found = take(key, YamlNode::Kind::kText, "an absolute path");
  if (found == nullptr) return false;
  if (found->text.empty() || found->text[0] != '/') {
    wrong(key, what_is(*found), "expected an absolute path, beginning with /");
    return false;
  }
  out = found->text;
  return true;
}

bool MapReader::file(const std::string& key, std::string& out) {
  std::string named;
  if (const YamlNode* found = take(key);
      found != nullptr && found->kind == YamlNode::Kind::kText && found->text.empty()) {
    return false;  // "" means no file
  }
  if (!path(key, named)) return false;
  out = named;
  if (!context_.check_files) return true;
  int fd = ::open(named.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  int failed = fd < 0 ? errno : 0;
  struct stat about {};
  if (fd >= 0) {
    if (::fstat(fd, &about) != 0) failed = errno;
    if (failed == 0 && S_ISDIR(about.st_mode)) failed = EISDIR;
    ::close(fd);
  }
  if (failed == 0) return true;
  std::string expected = "expected a file that can be read: create it, or correct the path";
  if (failed == EACCES || failed == EPERM) {
    expected =
        "expected a file that the user who runs this can read: chown or chmod it so that user sluice can, "
        "e.g. chown root:sluice and chmod 640";
  }
  wrong(key, in_quotes(named) + " cannot be read: " + std::strerror(failed), expected);
  return false;
}

bool MapReader::private_file(const std::string& key, std::string& out) {
  if (!file(key, out)) return false;
  if (!context_.check_files || !open_to_everybody(out)) return true;
  wrong(key, in_quotes(out) + " is open to every user of this machine",
        "expected a file for the daemon alone: chmod o= " + out);
  return false;
}

bool MapReader::secret(const std::string& key, std::string& out) {
  const YamlNode* found = take(key);
  if (found == nullptr || found->kind != YamlNode::Kind::kText || found->text.empty() ||
      found->text[0] == '/') {
    return private_file(key, out);
  }
  const std::string& text = found->text;
  const bool variable = text.starts_with("env:");
  const std::string name = variable ? text.substr(4) : text;
  const char* letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  if (name.empty() || name[0] == '.' || name.find_first_not_of(letters) != std::string::npos) {
    wrong(key, variable ? "names no variable" : "names no file",
          "expected an absolute path, the name of a systemd credential, or env:NAME");
    return false;
  }
  out = text;
  return true;
}

bool MapReader::is_map(const YamlNode& node, const std::string& key) {
  if (node.kind == YamlNode::Kind::kMap || node.kind == YamlNode::Kind::kNull) return true;
  wrong_at(node.at, key, what_is(node), "expected a map of keys and values");
  return false;
}

void MapReader::map(const std::string& key, const Visit& visit) {
  const YamlNode* found = take(key);
  if (found != nullptr && !is_map(*found, key)) return;
  MapReader reader(found == nullptr ? nothing() : *found, context_, full(key),
                   pattern_.empty() ? key : pattern_ + "." + key);
  visit(reader);
}

std::optional<std::size_t> MapReader::each(const std::string& key, const Visit& visit) {
  const YamlNode* list = take(key, YamlNode::Kind::kList, "a list, each item beginning with a dash");
  if (list == nullptr) return std::nullopt;
  for (std::size_t i = 0; i < list->children.size(); ++i) {
    const YamlNode& item = list->children[i];
    std::string numbered = key + "[" + std::to_string(i) + "]";
    if (!is_map(item, numbered)) continue;
    MapReader reader(item, context_, full(numbered), (pattern_.empty() ? key : pattern_ + "." + key) + "[]");
    visit(reader);
  }
  return list->children.size();
}

void MapReader::each_member(const std::string& key, const Visit& visit) {
  const YamlNode* map = take(key, YamlNode::Kind::kMap, "a map of names");
  if (map == nullptr) return;
  for (const YamlNode& child : map->children) {
    std::string named = key + "." + child.key;
    if (!is_map(child, named)) continue;
    MapReader reader(child, context_, full(named), (pattern_.empty() ? key : pattern_ + "." + key) + ".*");
    visit(reader);
  }
}

bool MapReader::each_text(const std::string& key, const VisitText& visit) {
  const YamlNode* list = take(key, YamlNode::Kind::kList, "a list in brackets, such as [one, two]");
  if (list == nullptr) return false;
  for (const YamlNode& item : list->children) {
    if (item.kind == YamlNode::Kind::kText) {
      visit(item.text, item.at);
    } else {
      wrong_at(item.at, key, what_is(item), "expected text");
    }
  }
  return true;
}

void MapReader::texts(const std::string& key, std::map<std::string, std::string>& out) {
  const YamlNode* map = take(key, YamlNode::Kind::kMap, "a map of names and texts");
  if (map == nullptr) return;
  for (const YamlNode& child : map->children) {
    if (child.kind == YamlNode::Kind::kText) {
      out[child.key] = child.text;
    } else {
      wrong_at(child.at, key + "." + child.key, what_is(child), "expected text");
    }
  }
}

void MapReader::reals(const std::string& key, std::map<std::string, double>& out) {
  const YamlNode* map =
      take(key, YamlNode::Kind::kMap, "a map of texts and numbers, such as { OFF: 0, ON: 1 }");
  if (map == nullptr) return;
  for (const YamlNode& child : map->children) {
    if (auto value = real_of(child, key + "." + child.key)) out[child.key] = *value;
  }
}

void MapReader::reals(const std::string& key, std::vector<double>& out) {
  const YamlNode* list = take(key, YamlNode::Kind::kList, "a list of numbers, such as [85, -127]");
  if (list == nullptr) return;
  for (const YamlNode& item : list->children) {
    if (auto value = real_of(item, key)) out.push_back(*value);
  }
}

std::optional<std::pair<double, double>> MapReader::interval(const std::string& key) {
  constexpr const char* kExpected = "[low, high], two numbers with low < high";
  const YamlNode* list = take(key, YamlNode::Kind::kList, kExpected);
  if (list == nullptr) return std::nullopt;
  if (list->children.size() != 2) {
    wrong(key, "has " + counted(list->children.size(), "item"), std::string("expected ") + kExpected);
    return std::nullopt;
  }
  auto low = real_of(list->children[0], key);
  auto high = real_of(list->children[1], key);
  if (!low || !high) return std::nullopt;
  if (*low < *high) return std::pair(*low, *high);
  wrong(key, "is [" + list->children[0].text + ", " + list->children[1].text + "]",
        std::string("expected ") + kExpected);
  return std::nullopt;
}

}  // namespace sluice
