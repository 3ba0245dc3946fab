// A number and the thing that it counts, for people: "1 day", "2 days", "3 entries". English nouns whose
// plural is regular; the last word of `one` takes it. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

inline std::string counted(std::uint64_t number, std::string_view one) {
  std::string text = std::to_string(number) + " ";
  if (number == 1) return text.append(one);
  constexpr std::string_view kVowels = "aeiou";
  const bool consonant_y =
      one.size() > 1 && one.ends_with('y') && kVowels.find(one[one.size() - 2]) == std::string_view::npos;
  if (consonant_y) return text.append(one.substr(0, one.size() - 1)) + "ies";
  const bool hiss = one.ends_with("ch") || one.ends_with('x') || one.ends_with('s');
  return text.append(one) + (hiss ? "es" : "s");
}

}  // namespace sluice
