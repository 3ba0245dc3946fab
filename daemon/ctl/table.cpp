#include "ctl/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/check.h"

#include "base/time_text.h"

namespace sluice {

namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

CodePoint read(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  CodePoint point;
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, lead >= 0x20 && lead != 0x7f};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return point;
  point.value = lead & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return point;
    point.value = point.value << 6 | (byte(i) & 0x3fu);
  }
  point.bytes = length;
  point.valid = point.value >= 0xa0;  // C1 control characters are none
  return point;
}

bool combines(std::uint32_t c) {
  return (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || (c >= 0xfe00 && c <= 0xfe0f);
}

bool is_wide(std::uint32_t c) {
  return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
         (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
         (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const CodePoint point = read(text);
    width += !point.valid ? 1u : combines(point.value) ? 0u : is_wide(point.value) ? 2u : 1u;
    text.remove_prefix(point.bytes);
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const CodePoint point = read(text);
    out += point.valid ? text.substr(0, point.bytes) : std::string_view("?");
    text.remove_prefix(point.bytes);
  }
  return out;
}

void Table::column(std::string title, Align align) {
  columns_.push_back(Column{std::move(title), align});
}

void Table::row(std::vector<std::string> cells) {
  SLUICE_CHECK(cells.size() == columns_.size(), "a table row has a cell a column");
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(display_width(column.title));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::size_t width = display_width(row[i]);
      if (width <= kWidthMax) widths[i] = std::max(widths[i], width);
    }
  }
  std::string out;
  auto line = [&](auto cell_of) {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string& cell = cell_of(i);
      const std::size_t width = display_width(cell);
      const std::string pad(width < widths[i] ? widths[i] - width : 0, ' ');
      text += (i == 0 ? "" : "  ") + (columns_[i].align == Align::kRight ? pad + cell : cell + pad);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  line([&](std::size_t i) -> const std::string& { return columns_[i].title; });
  for (const auto& row : rows_) line([&](std::size_t i) -> const std::string& { return row[i]; });
  return out;
}

std::string number_text(double value) {
  return fmt::format("{:.6g}", value);
}

std::string age_text(std::int64_t age_ms) {
  return age_ms < 1000 ? "<1s" : format_duration(age_ms / 1000 * 1000);
}

}  // namespace sluice
