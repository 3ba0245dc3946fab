// MapReader: one map of the configuration, read by asking for its keys. Each question names a key, where the
// value goes and what is right; an absent or empty value leaves the default. What is wrong is added to the
// problems with its place, and reading goes on. When the reader goes out of scope, every key of the map that
// nobody asked for is a problem: the questions are the schema.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/problems.h"
#include "config/yaml_tree.h"

namespace sluice {

// What one load gathers. `keys` has every key that was asked for ("readings[].topic"), given or not;
// `given` the places of those that are in the file ("readings[0].topic").
struct LoadContext {
  Problems problems;
  Problems warnings;
  bool check_files = true;  // a file that is named must be readable by this process
  bool needs_readings = true;
  std::set<std::string> keys;
  std::map<std::string, Position> given;
};

class MapReader {
 public:
  using Visit = std::function<void(MapReader&)>;
  using VisitText = std::function<void(const std::string& text, Position at)>;
  template <class E>
  using Names = std::vector<std::pair<std::string, E>>;

  MapReader(const YamlNode& root, LoadContext& context);
  ~MapReader();
  MapReader(const MapReader&) = delete;
  MapReader& operator=(const MapReader&) = delete;

  // Scalars. True, or a value, only if one was given and is of the right type and range.
  bool text(const std::string& key, std::string& out);
  std::optional<double> real(const std::string& key);
  bool duration(const std::string& key, std::chrono::milliseconds& out, std::chrono::milliseconds min,
                std::chrono::milliseconds max);
  bool seconds(const std::string& key, std::chrono::seconds& out, std::chrono::seconds min,
               std::chrono::seconds max);
  bool size(const std::string& key, std::uint64_t& out, std::uint64_t min, std::uint64_t max);
  // An absolute path; of a file that can be read now, unless the context says not to look.
  bool path(const std::string& key, std::string& out);
  bool file(const std::string& key, std::string& out);
  bool private_file(const std::string& key, std::string& out);  // that not everybody may open
  // Where a secret is: such a file, a credential's name, or env:NAME.
  bool secret(const std::string& key, std::string& out);

  template <class T>
  bool number(const std::string& key, T& out, std::int64_t min, std::int64_t max) {
    auto value = integer(key, min, max);
    if (value) out = static_cast<T>(*value);
    return value.has_value();
  }
  template <class E>
  bool choice(const std::string& key, E& out, const Names<E>& names) {
    std::vector<std::string> words;
    for (const auto& entry : names) words.push_back(entry.first);
    auto index = one_of(key, words);
    if (index) out = names[*index].second;
    return index.has_value();
  }

  // Containers. `visit` is called with the value of `key`, or with each map in it; an absent one is visited
  // as an empty map by map(), so that its keys are known.
  void map(const std::string& key, const Visit& visit);
  std::optional<std::size_t> each(const std::string& key, const Visit& visit);  // a list of maps; how many
  void each_member(const std::string& key, const Visit& visit);  // a map of maps; name() is the key
  bool each_text(const std::string& key, const VisitText& visit);
  void texts(const std::string& key, std::map<std::string, std::string>& out);
  void reals(const std::string& key, std::map<std::string, double>& out);
  void reals(const std::string& key, std::vector<double>& out);
  std::optional<std::pair<double, double>> interval(const std::string& key);  // [low, high], low < high

  // Of this map: its own name within the map around it, and whether the file gives a value for a key.
  const std::string& name() const { return name_; }
  bool given(const std::string& key) const;
  Position at(const std::string& key) const;  // the value's place, or the map's if there is none

  // Problems that only a loader can see.
  void wrong(const std::string& key, const std::string& what, const std::string& expected,
             const std::string& suggestion = "");
  void wrong_at(Position at, const std::string& key, const std::string& what, const std::string& expected,
                const std::string& suggestion = "");
  void required(const std::string& key, const std::string& expected);  // a problem if it is not given
  // A problem that one of `keys` would have prevented. It is dropped where an unknown key may be one of them.
  void absent(const std::vector<std::string>& keys, const std::string& key, const std::string& what,
              const std::string& expected);
  void also_called(const std::string& word, const std::string& key);  // the key that people mean by it
  void ignore_the_rest() { ignore_the_rest_ = true; }           // what the rest means hangs on what was wrong
  bool looks_at_files() const { return context_.check_files; }  // those that the configuration names
  bool clean() const { return context_.problems.size() == problems_before_ && absences_.empty(); }

 private:
  struct Absence {
    std::vector<std::string> keys;
    Problem problem;
  };
  MapReader(const YamlNode& node, LoadContext& context, std::string path, std::string pattern);
  const YamlNode* member(const std::string& key) const;
  const YamlNode* take(const std::string& key);  // notes the key; null if absent or empty
  const YamlNode* take(const std::string& key, YamlNode::Kind kind, const char* expected);
  bool is_map(const YamlNode& node, const std::string& key);
  std::string full(const std::string& key) const;
  std::optional<std::int64_t> integer(const std::string& key, std::int64_t min, std::int64_t max);
  std::optional<std::size_t> one_of(const std::string& key, const std::vector<std::string>& words);
  std::optional<double> real_of(const YamlNode& node, const std::string& key);

  const YamlNode& node_;
  LoadContext& context_;
  std::string path_;     // readings[0]; empty for the document
  std::string pattern_;  // readings[]
  std::string name_;
  std::set<std::string> taken_;
  std::vector<Absence> absences_;
  std::map<std::string, std::string> called_;  // other words for keys
  std::size_t problems_before_;
  bool ignore_the_rest_ = false;
};

}  // namespace sluice
