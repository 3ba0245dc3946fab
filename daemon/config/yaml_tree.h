// YamlNode: a YAML document as a tree of plain values that know where they stand. yaml_tree.cpp has the only
// yaml-cpp include. Scalars stay text: what a text means is decided by whoever asks for a number, a duration
// or a choice, so that `no`, `1e3` or `00:15` never turn into something else on the way.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problems.h"

namespace sluice {

struct YamlNode {
  enum class Kind { kNull, kText, kList, kMap };
  Kind kind = Kind::kNull;
  Position at;
  std::string text;     // of kText
  bool quoted = false;  // of kText
  std::string key;      // of a member of a map
  Position key_at;
  std::vector<YamlNode> children;  // items of a list, members of a map
};

// Reads one document. Aliases, anchors, tags, keys given twice, deep nesting and more nodes than a
// configuration has are problems. Nothing is returned if the text is not YAML, or if the tree lacks some of
// it.
std::optional<YamlNode> parse_yaml(std::string_view text, Problems& problems);

}  // namespace sluice
