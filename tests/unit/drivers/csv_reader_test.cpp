#include "drivers/replay/csv_reader.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

#include "support/temp_folder.h"
#include "unit/drivers/fake_output.h"

namespace sluice::drivers {
namespace {

using Rows = std::vector<std::vector<std::string>>;

class CsvFile : public ::testing::Test {
 protected:
  Rows read(const std::string& path, char delimiter = ',') {
    Rows rows;
    auto reader = CsvReader::open(path, delimiter);
    if (!reader) {
      error_ = reader.error().context;
      return rows;
    }
    std::vector<std::string> cells;
    while (true) {
      Result<bool> more = (*reader)->next(cells);
      if (!more) error_ = more.error().context;
      if (!more || !*more) return rows;
      rows.push_back(cells);
      lines_.push_back((*reader)->line());
    }
  }
  Rows read_text(const std::string& text) { return read(folder_.write("a.csv", text)); }

  test::TempFolder folder_;
  std::string error_;
  std::vector<std::uint64_t> lines_;
};

TEST_F(CsvFile, GivesTheCellsOfEachRow) {
  EXPECT_EQ((Rows{{"a", "b"}, {"1", "2"}}), read_text("a,b\n1,2\n"));
}

TEST_F(CsvFile, NeedsNoLineBreakAtTheEnd) {
  EXPECT_EQ((Rows{{"a", "b"}, {"1", "2"}}), read_text("a,b\n1,2"));
}

TEST_F(CsvFile, TakesCarriageReturnsForPartOfTheLineBreak) {
  EXPECT_EQ((Rows{{"a", "b"}, {"1", ""}, {"", "2"}}), read_text("a,b\r\n1,\r\n,2\r\n"));
}

TEST_F(CsvFile, KeepsACarriageReturnInsideQuotes) {
  EXPECT_EQ((Rows{{"a\r"}, {"b", "c\r"}}), read_text("\"a\r\"\nb,\"c\r\"\r\n"));
}

TEST_F(CsvFile, LeavesEmptyLinesOut) {
  EXPECT_EQ((Rows{{"a"}, {"1"}, {"2"}}), read_text("a\n\n1\n\r\n\n2\n\n"));
}

TEST_F(CsvFile, KeepsDelimitersQuotesAndLineBreaksInsideQuotes) {
  EXPECT_EQ((Rows{{"a,b", "say \"x\"", "two\nlines", ""}}),
            read_text("\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\"\"\n"));
}

TEST_F(CsvFile, KeepsARowOfOneQuotedEmptyCell) {
  EXPECT_EQ((Rows{{""}, {"1"}}), read_text("\"\"\n1\n"));
}

TEST_F(CsvFile, LeavesAByteOrderMarkOut) {
  EXPECT_EQ((Rows{{"time", "x"}}), read_text("\xEF\xBB\xBFtime,x\n"));
}

TEST_F(CsvFile, KnowsTheLineOnWhichARowBegan) {
  read_text("a\n\"x\ny\"\n\nb\n");
  EXPECT_EQ((std::vector<std::uint64_t>{1, 2, 5}), lines_);
}

TEST_F(CsvFile, TakesAnotherDelimiter) {
  EXPECT_EQ((Rows{{"a,b", "c"}}), read(folder_.write("a.csv", "a,b;c\n"), ';'));
}

TEST_F(CsvFile, RefusesAQuoteWithoutEnd) {
  EXPECT_EQ((Rows{{"a"}}), read_text("a\n\"never closed\n1\n"));
  EXPECT_NE(std::string::npos, error_.find("line 2"));
}

TEST_F(CsvFile, RefusesARowThatIsTooLong) {
  read_text("a\n" + std::string(CsvReader::kRowBytesMax + 2, 'x'));
  EXPECT_NE(std::string::npos, error_.find("longer than 1 MiB"));
}

TEST_F(CsvFile, SaysThatAFileIsMissing) {
  read(folder_.file("absent.csv"));
  EXPECT_NE(std::string::npos, error_.find("cannot be opened"));
}

TEST_F(CsvFile, ReadsGzipAndNoticesThatItIsCutShort) {
  std::string text;
  Rows expected;
  std::mt19937 random(7);
  for (int row = 0; row < 20'000; ++row) {
    expected.push_back({std::to_string(row), std::to_string(random())});
    text += expected.back()[0] + "," + expected.back()[1] + "\n";
  }
  std::string path = folder_.file("a.csv.gz");
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  EXPECT_EQ(expected, read(path));
  EXPECT_EQ("", error_);

  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  Rows rows = read(path);
  EXPECT_NE(std::string::npos, error_.find("cut short"));
  ASSERT_LT(rows.size(), expected.size());
  EXPECT_EQ(Rows(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(rows.size())), rows);
}

// Whatever cells there are: written with quotes where needed, they come back.
TEST_F(CsvFile, GivesBackWhatWasWritten) {
  std::mt19937 random(1);
  const std::string letters = "ab,\"\n\r ;x1";
  for (int round = 0; round < 200; ++round) {
    Rows rows;
    std::string text;
    for (unsigned row = 0; row < 1 + random() % 5; ++row) {
      rows.emplace_back();
      for (unsigned cell = 0; cell < 2 + random() % 4; ++cell) {
        std::string value;
        for (unsigned i = random() % 6; i > 0; --i) value += letters[random() % letters.size()];
        std::string quoted;
        for (char c : value) quoted += c == '"' ? "\"\"" : std::string(1, c);
        if (cell > 0) text += ',';
        text += value.find_first_of("\",\n\r") == std::string::npos ? value : "\"" + quoted + "\"";
        rows.back().push_back(value);
      }
      text += random() % 2 ? "\n" : "\r\n";
    }
    // A quoted cell that ends in CR before a bare LF cannot be told from a CRLF by a reader that is lenient.
    bool ends_in_cr = false;
    for (const auto& row : rows)
      ends_in_cr = ends_in_cr || (!row.back().empty() && row.back().back() == '\r');
    if (ends_in_cr) continue;
    ASSERT_EQ(rows, read_text(text)) << "round " << round << "\n" << text;
  }
}

}  // namespace
}  // namespace sluice::drivers
