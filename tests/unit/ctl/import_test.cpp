#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/store_setup.h"
#include "base/time_text.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "summary/summary_view.h"
#include "support/temp_folder.h"
#include "unit/audit/example_books.h"

namespace sluice {
namespace {

constexpr std::int64_t kNow = 1775000000000;  // 2026-03-31

class ImportOf : public ::testing::Test {
 protected:
  void SetUp() override { make_gateway("one"); }

  std::string folder() const { return std::filesystem::path(folder_.file("sluice.db")).parent_path(); }
  void make_gateway(const std::string& name) {
    gateway_ = folder() + "/" + name;
    std::filesystem::create_directories(gateway_);
    std::ofstream(gateway_ + "/sluice.yaml")
        << "gateway: { id: test, timezone: Europe/Berlin, state_dir: " << gateway_
        << ", runtime_dir: " << gateway_ << " }\nreadings:\n  - { topic: \"sensors/#\" }\n";
  }
  std::string write(const std::string& text) {
    std::ofstream(folder() + "/input", std::ios::binary) << text;
    return folder() + "/input";
  }
  int run(CommandLine line) {
    line.config = gateway_ + "/sluice.yaml";
    out_.str("");
    err_.str("");
    FakeClock clock(kNow);
    return run_command(line, clock, out_, err_);
  }
  int import(const std::string& text, ImportFormat format = {}) {
    CommandLine line = line_;
    line.command = "import";
    line.file = write(text);
    line.import = std::move(format);
    return run(line);
  }
  std::string exported(const std::string& format = "csv") {
    CommandLine line;
    line.command = "export";
    line.format = format;
    EXPECT_EQ(kExitFine, run(line)) << err_.str();
    return out_.str();
  }
  std::uint64_t said(const char* what) { return nlohmann::json::parse(out_.str())[what]; }
  AuditReport audit() { return audit_file(gateway_ + "/sluice.db"); }
  SummaryView close(const char* date) {
    const Calendar calendar = Calendar::load("Europe/Berlin").value();
    Log log(LogLevel::kError, Log::Style::kPlain);
    StoreSettings settings;
    settings.path = gateway_ + "/sluice.db";
    auto store = std::move(Store::open(settings, calendar, log).value());
    auto view = std::move(StoreView::open(settings.path, "", calendar, [&](const auto& write) {
                            return write(*store);
                          }).value());
    SummarySettings summary;
    summary.gateway = "test";
    Summariser summariser(summary, calendar, *view, [](const std::string&) { return SensorNotes{}; }, {});
    const SummaryRevision made = summariser.close(*parse_date(date), kNow + 11 * 60000).value();
    view.reset();
    SLUICE_CHECK(store->close_cleanly().ok(), "close");
    return summary_from_json(made.body).value();
  }
  // Two sensors every ten minutes for `days` from 2026-03-27 on.
  static std::string history(int days) {
    std::string text = "time,sensor,value,unit\n";
    for (int i = 0; i < days * 144; ++i) {
      const std::string time = format_rfc3339(1774566000000 + i * 600000);
      text += time + ",hall/temperature," + std::to_string(i % 300) + ".25,\xC2\xB0" + "C\n";
      text += time + ",\"yard, \"\"north\"\"\",-" + std::to_string(i % 7) + ",%\n";
    }
    return text;
  }

  test::TempFolder folder_;
  std::string gateway_;
  CommandLine line_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(ImportOf, WhatAnExportGaveIsTheSameAgain) {
  ASSERT_EQ(kExitFine, import(history(4))) << err_.str();
  const std::string csv = exported();
  const std::string ndjson = exported("ndjson");
  EXPECT_NE(std::string::npos, csv.find("\"yard, \"\"north\"\"\"")) << csv.substr(0, 300);
  make_gateway("two");
  ASSERT_EQ(kExitFine, import(csv)) << err_.str();
  EXPECT_EQ(csv, exported());
  make_gateway("three");
  ImportFormat format;
  format.kind = ImportFormat::Kind::kNdjson;
  ASSERT_EQ(kExitFine, import(ndjson, format)) << err_.str();
  EXPECT_EQ(csv, exported());
}

TEST_F(ImportOf, AFileTwiceOrInPartsIsThereOnce) {
  const std::string text = history(3);
  line_.json = true;
  ASSERT_EQ(kExitFine, import(text.substr(0, text.find('\n', text.size() / 3) + 1))) << err_.str();
  const std::uint64_t part = said("imported");
  ASSERT_EQ(kExitFine, import(text));
  EXPECT_EQ(part, said("known"));
  EXPECT_EQ(3u * 144 * 2 - part, said("imported"));
  ASSERT_EQ(kExitFine, import(text));
  EXPECT_EQ(0u, said("imported"));
  EXPECT_EQ(3u * 144 * 2, said("known"));
  line_.json = false;
  std::istringstream in(text);
  std::size_t lines = 0;
  for (std::string line; std::getline(in, line); ++lines) {
  }
  std::istringstream out(exported());
  for (std::string line; std::getline(out, line); --lines) {
  }
  EXPECT_EQ(0u, lines) << "as many lines as it was given";
}

TEST_F(ImportOf, BadLinesNamesThemAndTakesTheOthers) {
  line_.json = true;
  EXPECT_EQ(kExitFindings, import("time,sensor,value\n"
                                  "2026-03-28T10:00:00Z,a,1\n"
                                  "yesterday,a,1\n"
                                  "2026-03-28 11:00:00,a,warm\n"
                                  "\n"
                                  "1774692000,a,1e400\n"
                                  "1774692000000,a,2\n"
                                  "2026-03-28T13:00:00Z,,1\n"
                                  "2027-03-28T13:00:00Z,a,1\n"
                                  "2026-03-28T14:00:00Z,a,3,4\n"
                                  "2026-03-28T15:00:00Z,a,nan\n"
                                  "2026-03-28T16:00:00Z,$gateway,5\n"
                                  "2026-03-28T16:30:00Z,a/+,5\n"
                                  "2026-03-28T17:00:00Z,a,\n"
                                  "2026-03-28T18:00:00Z,a,+4\r\n"));
  EXPECT_EQ(3u, said("imported")) << out_.str();
  std::vector<std::uint64_t> bad;
  const nlohmann::json said_json = nlohmann::json::parse(out_.str());
  for (const auto& line : said_json["bad_lines"]) bad.push_back(line["line"]);
  EXPECT_EQ((std::vector<std::uint64_t>{3, 4, 6, 8, 9, 10, 11, 12, 13, 14}), bad) << out_.str();
}

TEST(ImportLines, TakeAnObjectWithListsHoweverDeep) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  std::istringstream in(R"({"time":1774692000,"sensor":"a","value":1,"more":)" + deep + "}\n" +
                        R"({"time":1774692060,"sensor":"a","value":)" + deep + "}\n");
  ImportFormat format;
  format.kind = ImportFormat::Kind::kNdjson;
  ReadingLines lines(in, format);
  ASSERT_TRUE(lines.begin().ok());
  std::vector<ImportedValue> values;
  std::string fault;
  ASSERT_TRUE(lines.next(values, fault));
  EXPECT_EQ("", fault);
  EXPECT_EQ(1u, values.size());
  ASSERT_TRUE(lines.next(values, fault));
  EXPECT_EQ("\"[…]\" is no number", fault);
  EXPECT_FALSE(lines.next(values, fault));
}

TEST_F(ImportOf, AWideTableMakesASensorOfEachColumn) {
  ImportFormat format;
  format.time = "ts";
  format.separator = ';';
  format.values = {"temperature", "door"};
  format.sensor = "room/{node}/{column}";
  ASSERT_EQ(
      kExitFine,
      import("\xEF\xBB\xBFts;node;temperature;door\n1774692000;7;20.5;true\n1774692060;7;;false\n", format))
      << err_.str();
  EXPECT_EQ(
      "time,sensor,value,unit,flags\n"
      "2026-03-28T10:00:00.000Z,room/7/temperature,20.5,,257\n"
      "2026-03-28T10:00:00.000Z,room/7/door,1,,257\n"
      "2026-03-28T10:01:00.000Z,room/7/door,0,,257\n",
      exported());
  format.sensor = "room/{node}";
  EXPECT_EQ(kExitFindings, import("ts;node;temperature;door\n", format)) << "which column is it?";
  format.sensor = "room/{node}/{column}";
  EXPECT_EQ(kExitFindings, import("time;node\n", format));
  EXPECT_NE(std::string::npos, err_.str().find("no column \"temperature\" but time, node")) << err_.str();
}

TEST_F(ImportOf, OneNumberALineTakesItsTimeFromItsPlace) {
  ImportFormat format;
  format.kind = ImportFormat::Kind::kValues;
  format.sensor = "tank";
  format.unit = "l";
  EXPECT_EQ(kExitFindings, import("1\n", format)) << "no time";
  format.every = std::chrono::minutes(1);
  line_.from_ms = 1774692000000;
  EXPECT_EQ(kExitFindings, import("1\n\n3\nfull\n5\n", format));
  EXPECT_EQ(
      "time,sensor,value,unit,flags\n2026-03-28T10:00:00.000Z,tank,1,l,257\n"
      "2026-03-28T10:02:00.000Z,tank,3,l,257\n2026-03-28T10:04:00.000Z,tank,5,l,257\n",
      exported());
}

TEST_F(ImportOf, DaysAreSummedLikeAnyOtherAndTheBooksBalance) {
  ASSERT_EQ(kExitFine, import(history(3)));
  const SummaryView day = close("2026-03-28");
  EXPECT_EQ(288u, day.counts.stored);
  EXPECT_EQ(2u, day.sensors.size());
  EXPECT_TRUE(day.layers_differ.empty());
  EXPECT_EQ("", all_findings(audit()));
  ASSERT_EQ(kExitFine, import(history(3))) << "again";
  EXPECT_EQ("", all_findings(audit()));
}

TEST_F(ImportOf, LeavesAGatewaysOwnReadingsAndStateAlone) {
  ExampleBooks books(gateway_ + "/sluice.db", std::chrono::hours(24 * 365));
  books.write();
  books.finish();
  auto checkpoint = [&] {
    Settings settings;
    settings.gateway.state_dir = gateway_;
    Log log(LogLevel::kError, Log::Style::kPlain);
    auto store = std::move(
        Store::open(store_settings(settings), Calendar::load("Europe/Berlin").value(), log).value());
    Checkpoint found = store->load_checkpoint({}).value();
    SLUICE_CHECK(store->close_cleanly().ok(), "close");
    return found;
  };
  const Checkpoint before = checkpoint();
  ASSERT_EQ(kExitFine, import("time,sensor,value\n2026-03-20T10:00:00Z,a,1000\n2026-03-28T10:00:00Z,new,7\n"))
      << err_.str();
  const Checkpoint after = checkpoint();
  EXPECT_EQ(before.cursor, after.cursor);
  EXPECT_EQ(before.clock.stream_ms, after.clock.stream_ms);
  EXPECT_EQ(before.sensors.size() + 1, after.sensors.size());
  EXPECT_EQ(before.last.at(0).value, after.last.at(0).value) << "what came from a file is not the newest";
  EXPECT_EQ("", all_findings(audit()));
}

TEST_F(ImportOf, ADryRunWritesNothing) {
  line_.dry_run = true;
  ASSERT_EQ(kExitFine, import(history(1)));
  EXPECT_NE(std::string::npos, out_.str().find("288 readings would be imported")) << out_.str();
  line_.dry_run = false;
  line_.json = true;
  ASSERT_EQ(kExitFine, import(history(1)));
  EXPECT_EQ(288u, said("imported"));
}

TEST_F(ImportOf, ARunningGatewayIsRefused) {
  Result<int> lock = lock_state(gateway_);
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(kExitFindings, import(history(1)));
  EXPECT_NE(std::string::npos, err_.str().find("stop it first")) << err_.str();
  ::close(*lock);
  EXPECT_EQ(kExitFine, import(history(1)));
}

}  // namespace
}  // namespace sluice
