#include "app/audit.h"

#include <gtest/gtest.h>

#include "support/temp_folder.h"
#include "unit/audit/example_books.h"

namespace sluice {
namespace {

using std::chrono::hours;

class AuditOf : public ::testing::Test {
 protected:
  test::TempFolder folder_;
};

TEST_F(AuditOf, BooksThatBalanceHasNothingToSay) {
  ExampleBooks books(folder_.file("sluice.db"), hours(24 * 365));
  books.write();
  books.finish();
  AuditReport report = audit_file(folder_.file("sluice.db"));
  EXPECT_EQ("", all_findings(report));
  EXPECT_FALSE(report.beyond_checking());
  EXPECT_EQ(static_cast<std::uint64_t>(ExampleBooks::kDays + 1), report.revisions);
  EXPECT_EQ(report.revisions, report.outbox_items);
  EXPECT_EQ(2, report.days[ExampleBooks::day(ExampleBooks::kLateDay)].revisions);
  for (int i = 0; i < ExampleBooks::kDays; ++i) {
    EXPECT_TRUE(report.days[ExampleBooks::day(i)].recomputed) << i;
    EXPECT_FALSE(report.days[ExampleBooks::day(i)].open) << i;
  }
  EXPECT_TRUE(report.days[ExampleBooks::day(ExampleBooks::kDays)].open);
  EXPECT_EQ(24u * 37u, report.days[ExampleBooks::day(0)].rows);
  EXPECT_EQ(23u * 37u, report.days[ExampleBooks::day(2)].rows);  // clocks go forward
}

TEST_F(AuditOf, ReadingsThatRepeatOthersAreEnteredWhenTheirDayIsSummed) {
  ExampleBooks books(folder_.file("sluice.db"), hours(24 * 365));
  books.write();
  const Counts counts = books.view().arrived_on(ExampleBooks::day(ExampleBooks::kDays)).value();
  EXPECT_EQ(1u, counts[Counter::kReadingsRepeated]);
  EXPECT_TRUE(counts.balanced());
  books.finish();
  EXPECT_EQ("", all_findings(audit_file(folder_.file("sluice.db"))));
}

TEST_F(AuditOf, ADayThatWasJustClosedNeedsNoRows) {
  ExampleBooks books(folder_.file("sluice.db"), hours(24 * 365));
  books.write();
  EXPECT_EQ("", all_findings(audit_closed_day(books.view(), ExampleBooks::day(0)).value()));
  EXPECT_EQ(1u,
            audit_closed_day(books.view(), ExampleBooks::day(ExampleBooks::kDays)).value().findings.size())
      << "it has no summary";
  books.finish();
}

TEST_F(AuditOf, AnEmptyDatabaseIsFine) {
  ExampleBooks books(folder_.file("sluice.db"), hours(24));
  books.finish();
  AuditReport report = audit_file(folder_.file("sluice.db"));
  EXPECT_EQ("", all_findings(report));
  EXPECT_TRUE(report.days.empty());
}

TEST_F(AuditOf, ARunningGatewayReadsBesideItsWriter) {
  ExampleBooks books(folder_.file("sluice.db"), hours(24 * 365));
  books.write();
  EXPECT_EQ("", all_findings(audit_file(folder_.file("sluice.db"))));
  books.finish();
}

TEST_F(AuditOf, ReadsInPiecesOfAnySizeGivesTheSame) {
  ExampleBooks books(folder_.file("sluice.db"), hours(24 * 365));
  books.write();
  books.finish();
  AuditOptions options;
  for (std::size_t rows : {1u, 7u, 37u, 1000u}) {
    options.rows_per_read = rows;
    AuditReport report = audit_file(folder_.file("sluice.db"), options);
    EXPECT_EQ("", all_findings(report)) << rows;
    EXPECT_EQ((24u + 24u + 23u + 24u + 8u) * 37u + 39u, report.rows) << rows;
  }
}

TEST_F(AuditOf, ExpiredDaysSaysThatTheyCannotBeCheckedAndProvesTheRest) {
  ExampleBooks books(folder_.file("sluice.db"), hours(48));
  books.write();
  books.deliver_everything();
  books.expire(books.calendar().end_ms(ExampleBooks::day(0)) + (48 + 24) * 3600'000);
  books.finish();
  AuditReport report = audit_file(folder_.file("sluice.db"));
  EXPECT_EQ("", all_findings(report));
  EXPECT_TRUE(report.beyond_checking());
  EXPECT_TRUE(report.days[ExampleBooks::day(0)].beyond_checking);
  EXPECT_LT(0u, report.days[ExampleBooks::day(0)].expired);
  EXPECT_TRUE(report.days[ExampleBooks::day(3)].recomputed);
  EXPECT_FALSE(report.days[ExampleBooks::day(3)].beyond_checking);
}

TEST_F(AuditOf, DaysWhoseSummariesAreNoLongerKeptFindsNothingMissing) {
  ExampleBooks books(folder_.file("sluice.db"), hours(48));
  books.write();
  books.deliver_everything();
  const std::int64_t later_ms = books.calendar().end_ms(ExampleBooks::day(0)) + (48 + 24) * 3600'000;
  books.expire(later_ms);
  books.expire(later_ms + 48 * 3600'000);
  EXPECT_EQ(ExampleBooks::day(1), books.view().summary_days().value().front());
  books.finish();
  AuditReport report = audit_file(folder_.file("sluice.db"));
  EXPECT_EQ("", all_findings(report));
  EXPECT_TRUE(report.days[ExampleBooks::day(0)].beyond_checking);
}

TEST_F(AuditOf, OneDayReportsOnThatDayOnly) {
  ExampleBooks books(folder_.file("sluice.db"), hours(24 * 365));
  books.write();
  books.finish();
  AuditOptions options;
  options.day = ExampleBooks::day(2);
  AuditReport report = audit_file(folder_.file("sluice.db"), options);
  EXPECT_EQ("", all_findings(report));
  ASSERT_EQ(1u, report.days.size());
  EXPECT_TRUE(report.days[*options.day].recomputed);
}

TEST(AuditReports, KeepALimitedNumberOfFindings) {
  AuditReport report;
  for (int i = 0; i < 600; ++i) report.add_finding(i, "wrong");
  EXPECT_EQ(AuditReport::kFindingsMax, report.findings.size());
  EXPECT_EQ(100u, report.findings_left_out);
  EXPECT_TRUE(report.days[599].faulty);
}

}  // namespace
}  // namespace sluice
