#include "config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <sstream>
#include <utility>

namespace sluice {

namespace {

constexpr std::size_t kDepthMax = 20;
constexpr std::size_t kNodesMax = 200000;
constexpr const char* kSyntax = "syntax";

// Thrown through the parser, which has no other way to be stopped.
struct TooMuch {
  Position at;
  std::string wrong;
  std::string expected;
};

// yaml-cpp counts lines from 0 and columns in bytes; people count from 1 and in characters.
class Places {
 public:
  explicit Places(std::string_view text) : text_(text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\n') lines_.push_back(at + 1);
    }
  }
  Position of(const YAML::Mark& mark) const {
    if (mark.line < 0 || mark.column < 0) return {};
    std::size_t line = std::min(static_cast<std::size_t>(mark.line), lines_.size() - 1);
    std::size_t end = std::min(lines_[line] + static_cast<std::size_t>(mark.column), text_.size());
    return at(line, end);
  }
  std::string_view line_of(const YAML::Mark& mark) const {
    std::size_t begin = lines_[static_cast<std::size_t>(of(mark).line) - 1];
    return text_.substr(begin, text_.find('\n', begin) - begin);
  }
  Position of_byte(std::size_t offset) const {
    auto after = std::upper_bound(lines_.begin(), lines_.end(), offset);
    return at(static_cast<std::size_t>(after - lines_.begin()) - 1, offset);
  }

 private:
  // Goes on from the last place of the same line, so that one endless line does not cost its square.
  Position at(std::size_t line, std::size_t end) const {
    if (line != line_ || end < end_) {
      line_ = line;
      end_ = lines_[line];
      column_ = 1;
    }
    for (; end_ < end; ++end_) {
      if ((static_cast<unsigned char>(text_[end_]) & 0xC0) != 0x80) ++column_;
    }
    return {static_cast<int>(line) + 1, column_};
  }
  std::string_view text_;
  std::vector<std::size_t> lines_{0};
  mutable std::size_t line_ = 0;
  mutable std::size_t end_ = 0;
  mutable int column_ = 1;
};

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const Places& places, Problems& problems) : places_(places), problems_(problems) {}
  YamlNode& root() { return root_; }
  bool whole() const { return whole_; }  // nothing is missing that the text has

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      throw TooMuch{places_.of(mark), "a second document starts here", "expected one document in the file"};
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    place(node(YamlNode::Kind::kNull, mark, "?", anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    problems_.add(places_.of(mark), kSyntax, "an alias (*name) is not supported", "write the value out");
    whole_ = false;
    place(node(YamlNode::Kind::kNull, mark, "?", 0));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode text = node(YamlNode::Kind::kText, mark, tag, anchor);
    text.text = value;
    text.quoted = tag == "!";
    place(std::move(text));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(node(YamlNode::Kind::kList, mark, tag, anchor));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(node(YamlNode::Kind::kMap, mark, tag, anchor));
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlNode node;
    std::optional<YamlNode> key;           // of the member whose value comes next
    std::map<std::string, Position> keys;  // seen in this map
  };

  YamlNode node(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    YamlNode made;
    made.kind = kind;
    made.at = places_.of(mark);
    if (++nodes_ > kNodesMax) {
      throw TooMuch{made.at, "more than " + std::to_string(kNodesMax) + " values",
                    "expected a configuration of a reasonable size"};
    }
    if (anchor != 0) {
      problems_.add(made.at, kSyntax, "an anchor (&name) is not supported", "write each value out");
    }
    if (!tag.empty() && tag != "?" && tag != "!") {
      problems_.add(made.at, kSyntax, "the tag " + in_quotes(tag) + " is not supported",
                    "expected the value without a tag");
    }
    return made;
  }

  void open(YamlNode made) {
    if (open_.size() >= kDepthMax) {
      throw TooMuch{made.at, "nested more than " + std::to_string(kDepthMax) + " deep",
                    "expected the nesting of the sample configuration"};
    }
    open_.push_back({std::move(made), std::nullopt, {}});
  }

  void close() {
    YamlNode done = std::move(open_.back().node);
    open_.pop_back();
    place(std::move(done));
  }

  void place(YamlNode done) {
    if (open_.empty()) {
      root_ = std::move(done);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::kList) {
      parent.node.children.push_back(std::move(done));
    } else if (!parent.key) {
      parent.key = std::move(done);
    } else {
      add_member(parent, std::move(*parent.key), std::move(done));
      parent.key.reset();
    }
  }

  void add_member(Open& parent, YamlNode key, YamlNode value) {
    if (key.kind != YamlNode::Kind::kText || key.text.empty()) {
      problems_.add(key.at, kSyntax, "a key that is not a word", "expected \"key: value\"");
      whole_ = false;
      return;
    }
    auto [seen, first_time] = parent.keys.emplace(key.text, key.at);
    if (!first_time) {
      problems_.add(key.at, key.text, "given twice",
                    "expected once: it stands already at " + std::to_string(seen->second.line) + ":" +
                        std::to_string(seen->second.column));
      return;
    }
    value.key = std::move(key.text);
    value.key_at = key.at;
    if (value.kind == YamlNode::Kind::kNull) value.at = key.at;  // not that of what follows
    parent.node.children.push_back(std::move(value));
  }

  const Places& places_;
  Problems& problems_;
  std::vector<Open> open_;
  YamlNode root_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
  bool whole_ = true;
};

// Offset of the first byte that is neither UTF-8 (RFC 3629) nor a character that YAML allows, or npos.
std::size_t first_bad_byte(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    auto byte = [&](std::size_t i) {
      return static_cast<unsigned char>(at + i < text.size() ? text[at + i] : 0);
    };
    unsigned lead = byte(0);
    if (lead < 0x80) {
      bool control = lead < 0x20 && lead != '\t' && lead != '\n' && lead != '\r';
      if (control || lead == 0x7F) return at;
      ++at;
      continue;
    }
    std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    unsigned second_min = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;  // no overlong forms
    unsigned second_max = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;  // no surrogates, no more planes
    if (lead < 0xC2 || lead > 0xF4 || byte(1) < second_min || byte(1) > second_max) return at;
    for (std::size_t i = 2; i < length; ++i) {
      if ((byte(i) & 0xC0) != 0x80) return at;
    }
    at += length;
  }
  return std::string_view::npos;
}

// What to do about the mistakes that people make most. A tab is taken for something else by the parser.
std::string hint_for(const std::string& message, std::string_view line) {
  if (line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos) {
    return "indent with spaces, not with tabs";
  }
  static constexpr std::array<std::pair<const char*, const char*>, 9> kHints{{
      {"unknown token", "quote a text that begins with a sign, such as \"%\""},
      {"illegal map value", "quote a text that contains \": \", and give each key a line of its own"},
      {"flow end", "close each { with a }, and each [ with a ]"},
      {"end of map flow", "close the { with a }, and put a comma between members"},
      {"end of sequence flow", "close the [ with a ], and put a comma between items"},
      {"end of map", "indent the keys of one map alike, each with a colon"},
      {"end of sequence", "indent the items of one list alike, each with a dash"},
      {"escape", "use single quotes, or two backslashes"},
      {"EOF in scalar", "close the quotes"},
  }};
  for (const auto& [part, hint] : kHints) {
    if (message.find(part) != std::string::npos) return hint;
  }
  return "expected YAML as in the sample configuration";
}

}  // namespace

std::optional<YamlNode> parse_yaml(std::string_view text, Problems& problems) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  Places places(text);
  if (std::size_t bad = first_bad_byte(text); bad != std::string_view::npos) {
    char byte[8];
    std::snprintf(byte, sizeof byte, "0x%02x", static_cast<unsigned>(static_cast<unsigned char>(text[bad])));
    problems.add(places.of_byte(bad), kSyntax, std::string("the byte ") + byte + " is not text",
                 "expected a file in UTF-8 without control characters");
    return std::nullopt;
  }
  TreeBuilder builder(places, problems);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    if (builder.whole()) return std::move(builder.root());
  } catch (const TooMuch& stop) {
    problems.add(stop.at, kSyntax, stop.wrong, stop.expected);
  } catch (const YAML::Exception& error) {
    problems.add(places.of(error.mark), kSyntax, error.msg, hint_for(error.msg, places.line_of(error.mark)));
  } catch (const std::exception& error) {
    problems.add({}, kSyntax, error.what(), hint_for("", ""));
  }
  return std::nullopt;
}

}  // namespace sluice
