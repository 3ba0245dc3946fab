#include "drivers/config_section.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <deque>
#include <fstream>
#include <optional>
#include <sstream>

namespace sluice::drivers {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr Unit kDurations[] = {{"ms", 1},       {"s", 1000},       {"m", 60'000},
                               {"h", 3600'000}, {"d", 86'400'000}, {"", 0}};
constexpr Unit kSizes[] = {
    {"", 1}, {"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}};

// "15m" with the table's factors; a factor of 0 asks for a unit.
template <std::size_t N>
std::optional<std::int64_t> parse_with_unit(std::string_view text, const Unit (&units)[N]) {
  std::int64_t count = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc() || count < 0) return std::nullopt;
  std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  for (const Unit& candidate : units) {
    if (candidate.name != unit) continue;
    std::int64_t product = 0;
    if (candidate.factor == 0 && count != 0) return std::nullopt;
    if (__builtin_mul_overflow(count, candidate.factor, &product)) return std::nullopt;
    return product;
  }
  return std::nullopt;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string nearest(std::string_view key, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, key.size() / 3) + 1;
  for (const std::string& candidate : known) {
    std::size_t distance = edit_distance(key, candidate);
    if (distance < best_distance) best_distance = distance, best = candidate;
  }
  return best;
}

struct Part {
  YAML::Node node;  // a mapping, or undefined when the file does not have it
  YAML::Mark mark;
  std::vector<std::string> asked;
};

}  // namespace

struct ConfigFile::Impl {
  std::string name;
  std::deque<Part> parts;
  std::vector<std::string> errors;

  void fail(const YAML::Mark& mark, std::string_view message) {
    std::string line = name;
    if (!mark.is_null()) line += ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
    errors.push_back(line.append(": ").append(message));
  }

  std::size_t add_part(const YAML::Node& node, const YAML::Mark& mark) {
    Part part{node, mark, {}};
    if (node.IsDefined() && !node.IsNull() && !node.IsMap()) {
      fail(mark, "expected a mapping of keys to values");
      part.node = YAML::Node(YAML::NodeType::Undefined);
    }
    std::vector<std::string> seen;
    if (part.node.IsMap()) {
      for (const auto& entry : part.node) {
        const std::string& key = entry.first.Scalar();
        if (std::find(seen.begin(), seen.end(), key) != seen.end())
          fail(entry.first.Mark(), "the key '" + key + "' is given twice; remove one");
        seen.push_back(key);
      }
    }
    parts.push_back(std::move(part));
    return parts.size() - 1;
  }

  // The value under `key`; undefined when absent or empty.
  YAML::Node find(std::size_t part, std::string_view key) {
    Part& here = parts[part];
    if (std::find(here.asked.begin(), here.asked.end(), key) == here.asked.end())
      here.asked.emplace_back(key);
    if (here.node.IsMap())
      for (const auto& entry : here.node)
        if (entry.first.Scalar() == key && !entry.second.IsNull()) return entry.second;
    return YAML::Node(YAML::NodeType::Undefined);
  }

  std::optional<std::string> scalar(std::size_t part, std::string_view key) {
    YAML::Node node = find(part, key);
    if (!node.IsDefined()) return std::nullopt;
    if (node.IsScalar()) return node.Scalar();
    fail(node.Mark(), "'" + std::string(key) + "' needs one value here, not a list or a mapping");
    return std::nullopt;
  }

  void report_unknown_keys() {
    for (const Part& part : parts) {
      if (!part.node.IsMap()) continue;
      for (const auto& entry : part.node) {
        const std::string& key = entry.first.Scalar();
        if (std::find(part.asked.begin(), part.asked.end(), key) != part.asked.end()) continue;
        std::string hint = nearest(key, part.asked);
        if (hint.empty()) {
          for (const std::string& known : part.asked) hint += (hint.empty() ? "" : ", ") + known;
          fail(entry.first.Mark(), "unknown key '" + key + "'; the keys here are " + hint);
        } else {
          fail(entry.first.Mark(), "unknown key '" + key + "'; did you mean '" + hint + "'?");
        }
      }
    }
  }
};

ConfigFile::ConfigFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ConfigFile::~ConfigFile() = default;

Result<std::unique_ptr<ConfigFile>> ConfigFile::load(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  if (stream) text << stream.rdbuf();
  if (!stream)
    return make_error(ErrorCode::kNotFound, path + ": cannot be read; name a readable file with --config");
  return parse(text.str(), path);
}

Result<std::unique_ptr<ConfigFile>> ConfigFile::parse(const std::string& text, std::string name) {
  auto impl = std::make_unique<Impl>();
  impl->name = std::move(name);
  try {
    YAML::Node root = YAML::Load(text);
    impl->add_part(root, root.Mark());
  } catch (const YAML::Exception& exception) {
    impl->fail(exception.mark, "this is not valid YAML: " + exception.msg);
    return make_error(ErrorCode::kInvalid, impl->errors.front());
  }
  return std::unique_ptr<ConfigFile>(new ConfigFile(std::move(impl)));
}

ConfigSection ConfigFile::root() {
  return ConfigSection(*this, 0);
}

Status ConfigFile::finish() {
  impl_->report_unknown_keys();
  if (impl_->errors.empty()) return {};
  std::string all;
  for (const std::string& line : impl_->errors) all += (all.empty() ? "" : "\n") + line;
  return make_error(ErrorCode::kInvalid, all);
}

bool ConfigSection::has(std::string_view key) {
  return file_->impl_->find(part_, key).IsDefined();
}

std::string ConfigSection::text(std::string_view key, std::string fallback) {
  return file_->impl_->scalar(part_, key).value_or(std::move(fallback));
}

std::string ConfigSection::required_text(std::string_view key) {
  std::optional<std::string> value = file_->impl_->scalar(part_, key);
  if (!has(key)) reject(key, "'" + std::string(key) + "' is required here");
  return value.value_or("");
}

std::string ConfigSection::one_of(std::string_view key, std::initializer_list<std::string_view> choices,
                                  std::string fallback) {
  std::string value = text(key, std::move(fallback));
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return value;
  std::string message = "'" + std::string(key) + "' is '" + value + "'; expected one of";
  for (std::string_view choice : choices) message.append(" ").append(choice);
  reject(key, message);
  return std::string(*choices.begin());
}

std::int64_t ConfigSection::integer(std::string_view key, std::int64_t fallback, std::int64_t min,
                                    std::int64_t max) {
  std::optional<std::string> value = file_->impl_->scalar(part_, key);
  if (!value) return fallback;
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error == std::errc() && end == value->data() + value->size() && number >= min && number <= max)
    return number;
  reject(key, "'" + std::string(key) + "' is '" + *value + "'; expected a whole number from " +
                  std::to_string(min) + " to " + std::to_string(max));
  return fallback;
}

double ConfigSection::number(std::string_view key, double fallback) {
  std::optional<std::string> value = file_->impl_->scalar(part_, key);
  if (!value) return fallback;
  double number = 0;
  auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error == std::errc() && end == value->data() + value->size() && std::isfinite(number)) return number;
  reject(key, "'" + std::string(key) + "' is '" + *value + "'; expected a number");
  return fallback;
}

bool ConfigSection::flag(std::string_view key, bool fallback) {
  return one_of(key, {"true", "false"}, fallback ? "true" : "false") == "true";
}

std::int64_t ConfigSection::duration_ms(std::string_view key, std::int64_t fallback) {
  std::optional<std::string> value = file_->impl_->scalar(part_, key);
  if (!value) return fallback;
  if (std::optional<std::int64_t> ms = parse_with_unit(*value, kDurations)) return *ms;
  reject(key,
         "'" + std::string(key) + "' is '" + *value + "'; expected a duration such as 500ms 10s 5m 2h 7d");
  return fallback;
}

std::int64_t ConfigSection::bytes(std::string_view key, std::int64_t fallback) {
  std::optional<std::string> value = file_->impl_->scalar(part_, key);
  if (!value) return fallback;
  if (std::optional<std::int64_t> size = parse_with_unit(*value, kSizes)) return *size;
  reject(key, "'" + std::string(key) + "' is '" + *value + "'; expected a size such as 4096 64KiB 16MiB");
  return fallback;
}

ConfigSection ConfigSection::section(std::string_view key) {
  YAML::Node node = file_->impl_->find(part_, key);
  YAML::Mark mark = node.IsDefined() ? node.Mark() : file_->impl_->parts[part_].mark;
  return ConfigSection(*file_, file_->impl_->add_part(node, mark));
}

std::vector<ConfigSection> ConfigSection::list(std::string_view key) {
  std::vector<ConfigSection> result;
  YAML::Node node = file_->impl_->find(part_, key);
  if (!node.IsDefined()) return result;
  if (!node.IsSequence()) {
    reject(key, "'" + std::string(key) + "' needs a list here, one '- …' an entry");
    return result;
  }
  for (const auto& entry : node)
    result.push_back(ConfigSection(*file_, file_->impl_->add_part(entry, entry.Mark())));
  return result;
}

std::vector<std::pair<std::string, std::string>> ConfigSection::pairs(std::string_view key) {
  ConfigSection inner = section(key);
  std::vector<std::pair<std::string, std::string>> result;
  for (const auto& entry : file_->impl_->parts[inner.part_].node)
    result.emplace_back(entry.first.Scalar(), inner.text(entry.first.Scalar(), ""));
  return result;
}

std::vector<std::pair<std::string, ConfigSection>> ConfigSection::sections(std::string_view key) {
  ConfigSection inner = section(key);
  std::vector<std::string> names;
  for (const auto& entry : file_->impl_->parts[inner.part_].node) names.push_back(entry.first.Scalar());
  std::vector<std::pair<std::string, ConfigSection>> result;
  result.reserve(names.size());
  for (const std::string& name : names) result.emplace_back(name, inner.section(name));
  return result;
}

void ConfigSection::reject(std::string_view key, std::string_view message) {
  YAML::Node node = file_->impl_->find(part_, key);
  file_->impl_->fail(node.IsDefined() ? node.Mark() : file_->impl_->parts[part_].mark, message);
}

}  // namespace sluice::drivers
