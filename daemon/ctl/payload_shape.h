// PayloadShape: what the payloads of a topic look like, learnt from examples: a number, a word, a JSON object
// with members, an array of objects. Bounded: so many members, so many words of each.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace sluice {

// A member at one JSON pointer.
struct MemberShape {
  bool number = false;
  bool boolean = false;
  bool text = false;
  bool other = false;           // null, or an array
  bool always_a_time = true;    // every value so far was a time near its arrival, or could be one
  bool near_arrival = true;     // … and not further than a day from it
  std::set<std::string> words;  // strings seen, at most kWordsMax
  void merge(const MemberShape& other);
};

struct PayloadShape {
  static constexpr std::size_t kMembersMax = 64;
  static constexpr std::size_t kWordsMax = 8;
  enum class Kind { kNone, kNumber, kWord, kObject, kArray, kText, kBinary };
  Kind kind = Kind::kNone;
  std::string each;                            // kArray: pointer of the array; "#": the document is the array
  std::map<std::string, MemberShape> members;  // kObject: of the document; kArray: of the elements
  MemberShape whole;                           // kNumber, kWord: the payload itself

  void merge(const PayloadShape& other);  // another kind makes kText of both, empty payloads aside
};

PayloadShape shape_of(std::string_view payload, std::int64_t arrival_ms);

std::string last_key(const std::string& pointer);                      // of a JSON pointer: after its last /
bool is_value(const std::string& pointer, const MemberShape& member);  // a reading can be made of it
bool is_time(const std::string& pointer, const MemberShape& member);
// OFF: 0 and ON: 1 for one of them, and so for other pairs that are known; false for other words.
bool states_of_word(const std::string& word, std::map<std::string, double>& states);
std::string describe_shape(
    const PayloadShape& shape);  // "JSON object: temperature number, battery number, …"

}  // namespace sluice
