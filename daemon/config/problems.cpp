#include "config/problems.h"

#include <algorithm>
#include <cstdio>
#include <tuple>

namespace sluice {

namespace {

constexpr std::size_t kListedMax = 500;  // lines; more help nobody
constexpr std::size_t kQuotedBytesMax = 80;
constexpr std::size_t kKeyBytesMax = 200;
constexpr std::size_t kWordBytesMax = 64;  // a longer word is not a misspelt key

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Optimal string alignment: insert, delete, replace, swap of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t replace = d[i - 1][j - 1] + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replace});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1])) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

// One line of bounded length, whatever is in the text.
std::string visible(std::string_view text, std::size_t bytes_max) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    bool starts_character = (byte & 0xC0) != 0x80;
    if (i >= bytes_max && starts_character) return out + "…";
    if (byte < 0x20 || byte == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned>(byte));
      out += escape;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

void Problems::add(Position at, const std::string& key, const std::string& wrong, const std::string& expected,
                   const std::string& suggestion) {
  std::string message = wrong + "; " + expected;
  if (!suggestion.empty()) message += "; did you mean \"" + suggestion + "\"?";
  found_.push_back({at, visible(key, kKeyBytesMax), std::move(message)});
}

std::vector<Problem> Problems::in_order() const {
  std::vector<Problem> sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.at.line, a.at.column) < std::tie(b.at.line, b.at.column);
  });
  if (sorted.size() > kListedMax) sorted.resize(kListedMax);
  return sorted;
}

std::string Problems::text(const std::string& file) const {
  std::string text;
  for (const Problem& problem : in_order()) text += (text.empty() ? "" : "\n") + line_of(file, problem);
  if (found_.size() > kListedMax) {
    text += "\n" + file + ": " + std::to_string(found_.size() - kListedMax) + " more errors are not listed";
  }
  return text;
}

std::string line_of(const std::string& file, const Problem& problem) {
  if (problem.at.line == 0) return file + ": " + problem.key + ": " + problem.message;
  return file + ":" + std::to_string(problem.at.line) + ":" + std::to_string(problem.at.column) + ": " +
         problem.key + ": " + problem.message;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > kWordBytesMax) return "";
  std::size_t best = word.size() <= 3 ? 1 : word.size() <= 7 ? 2 : 3;
  const std::string* found = nullptr;
  for (const std::string& candidate : candidates) {
    std::size_t shorter = std::min(word.size(), candidate.size());
    std::size_t longer = std::max(word.size(), candidate.size());
    if (longer - shorter > best) continue;
    std::size_t distance = edit_distance(word, candidate);
    if (distance >= longer || distance > best || (found != nullptr && distance == best)) continue;
    best = distance;
    found = &candidate;
  }
  return found == nullptr ? "" : *found;
}

std::string in_quotes(std::string_view text) {
  return "\"" + visible(text, kQuotedBytesMax) + "\"";
}

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace sluice
