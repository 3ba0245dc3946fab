// Table: columns of text for a terminal, as wide as what is in them; but what is very long does not widen its
// column, and moves the rest of its own row only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

class Table {
 public:
  static constexpr std::size_t kWidthMax = 60;  // of a column
  enum class Align { kLeft, kRight };
  void column(std::string title, Align align = Align::kLeft);
  void row(std::vector<std::string> cells);  // one a column
  bool empty() const { return rows_.empty(); }
  std::string text() const;  // a line of titles and one a row; no blanks at the end of a line

 private:
  struct Column {
    std::string title;
    Align align;
  };
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Terminal cells that a UTF-8 text takes: none for what combines with the character before it, two for wide
// characters. Control characters and broken UTF-8 take one, as `printable` shows them.
std::size_t display_width(std::string_view text);
std::string printable(std::string_view text);  // control characters and broken UTF-8 become "?"

std::string age_text(std::int64_t age_ms);  // whole seconds: <1s 12s 4m10s
std::string number_text(double value);      // at most six digits

}  // namespace sluice
