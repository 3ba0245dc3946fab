// Problems: everything that is wrong with one configuration, with its place. Loaders add what they find and
// go on, so that a person sees all of it at once. Used on one thread while a configuration is loaded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

struct Position {
  int line = 1;    // from 1
  int column = 1;  // from 1, in characters
};

struct Problem {
  Position at;
  std::string key;
  std::string message;  // what is wrong; what was expected[; did you mean "nearest"?]
};

class Problems {
 public:
  // `wrong` says what is there, `expected` what should be; `suggestion` is the nearest right word, or empty.
  void add(Position at, const std::string& key, const std::string& wrong, const std::string& expected,
           const std::string& suggestion = "");
  void add(Problem problem) { found_.push_back(std::move(problem)); }
  bool empty() const { return found_.empty(); }
  std::size_t size() const { return found_.size(); }
  // One line each, in the order of the file:
  //   FILE:LINE:COLUMN: KEY: wrong; expected[; did you mean "suggestion"?]
  std::string text(const std::string& file) const;
  std::vector<Problem> all() const { return found_; }  // in the order in which they were found
  // In the order of the file; no more than help anybody.
  std::vector<Problem> in_order() const;

 private:
  std::vector<Problem> found_;
};

// FILE:LINE:COLUMN: KEY: MESSAGE; line 0 is no place in the file
std::string line_of(const std::string& file, const Problem& problem);

// The candidate nearest to `word` by edit distance (a swap of neighbours counts once, case does not count),
// or empty if none is near enough to be meant.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// "text" for a message: in quotes, control characters made visible, cut when long.
std::string in_quotes(std::string_view text);

// "a, b or c".
std::string listed(const std::vector<std::string>& words);

}  // namespace sluice
