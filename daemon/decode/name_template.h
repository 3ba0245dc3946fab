// NameTemplate: how a readings entry names its sensors: "{topic}", "{0}" "{1}" … levels of the topic,
// "{field}", and members of the document or element ("{name}", or a JSON pointer "{/a/b}"). Knows no payload
// format: who decodes looks up members() and hands over their texts. Immutable.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice {

inline constexpr std::size_t kSensorNameBytesMax = 256;

// 1…256 bytes of UTF-8 without control characters and without '+' and '#', and not beginning with '$', which
// is kept for the gateway's own.
bool is_sensor_name(std::string_view name);

class NameTemplate {
 public:
  static Result<NameTemplate> parse(std::string_view text);

  const std::vector<std::string>& members() const { return members_; }  // in order of appearance
  bool uses_field() const;
  std::size_t levels() const;  // a topic must have at least as many

  // A filter over names that matches each name that topics of `topic_filter` can give; `field` is one of the
  // entry's, or empty. It may match more: of what a payload says nothing is known.
  std::string names_filter(std::string_view topic_filter, std::string_view field) const;

  // Appends the name to `out`. `member_texts` are those of members(), in that order. False, and `out` as it
  // was, if the topic has too few levels or the name is not one.
  bool render(std::string_view topic, std::string_view field, std::span<const std::string> member_texts,
              std::string& out) const;

 private:
  enum class Kind { kLiteral, kTopic, kLevel, kField, kMember };
  struct Part {
    Kind kind;
    std::string literal;
    std::size_t index = 0;  // of a level or a member
  };
  Status add_placeholder(std::string_view inside);

  std::vector<Part> parts_;
  std::vector<std::string> members_;
};

}  // namespace sluice
