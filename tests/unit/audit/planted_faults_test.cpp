// Every fault that is planted into good books is found, and the day is named.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "base/sha256.h"
#include "store/sqlite.h"
#include "summary/summary_view.h"
#include "support/temp_folder.h"
#include "unit/audit/example_books.h"

namespace sluice {
namespace {

constexpr int kVictim = 2;  // the day that faults are planted in

class PlantedFaults : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    good_folder_ = std::make_unique<test::TempFolder>();
    ExampleBooks books(good_folder_->file("sluice.db"), std::chrono::hours(24 * 365));
    books.write();
    books.finish();
  }
  static void TearDownTestSuite() { good_folder_.reset(); }
  void SetUp() override { reset(); }

  void reset() {
    std::filesystem::copy_file(good_folder_->file("sluice.db"), folder_.file("sluice.db"),
                               std::filesystem::copy_options::overwrite_existing);
  }
  void plant(const std::string& sql) {
    std::unique_ptr<Connection> connection =
        std::move(Connection::open({.path = folder_.file("sluice.db"), .vfs = ""}).value());
    Status done = connection->execute(sql.c_str());
    ASSERT_TRUE(done.ok()) << done.error().context << "\n" << sql;
  }
  // Days that findings name; faults that no day can be told of do not count.
  std::set<std::string> named_days() {
    std::set<std::string> days;
    report_ = audit_file(folder_.file("sluice.db"));
    for (const AuditFinding& finding : report_.findings) {
      if (finding.day) days.insert(format_date(*finding.day));
    }
    return days;
  }
  void expect_found(const std::string& sql) {
    reset();
    plant(sql);
    EXPECT_EQ(std::set<std::string>{date()}, named_days()) << sql << "\n" << all_findings(report_);
  }
  static Day day() { return ExampleBooks::day(kVictim); }
  static std::string date() { return format_date(day()); }
  static std::string number(std::int64_t value) { return std::to_string(value); }
  // SQL for the id of a row (not the first and not a duplicate) of the day.
  static std::string a_row() {
    const Calendar calendar = Calendar::load("Europe/Berlin").value();
    return "(SELECT id FROM reading WHERE flags = 1 AND time_ms BETWEEN " +
           number(calendar.begin_ms(day()) + 7200'000) + " AND " + number(calendar.end_ms(day()) - 7200'000) +
           " LIMIT 1 OFFSET 10)";
  }
  static std::string a_batch() {
    return "(SELECT id FROM batch WHERE first_row <= " + a_row() + " ORDER BY id DESC LIMIT 1)";
  }
  static std::string of_the_day() { return " WHERE day = " + number(day()); }

  static std::unique_ptr<test::TempFolder> good_folder_;
  test::TempFolder folder_;
  AuditReport report_;
};
std::unique_ptr<test::TempFolder> PlantedFaults::good_folder_;

TEST_F(PlantedFaults, InRowsAreFound) {
  expect_found("DELETE FROM reading WHERE id = " + a_row());
  expect_found("UPDATE reading SET value = value + 0.0001 WHERE id = " + a_row());
  expect_found("UPDATE reading SET time_ms = time_ms + 1, lag_ms = lag_ms - 1 WHERE id = " + a_row());
  expect_found("UPDATE reading SET lag_ms = lag_ms + 1 WHERE id = " + a_row());
  expect_found("UPDATE reading SET sensor = 4 - sensor WHERE sensor != 2 AND id BETWEEN " + a_row() +
               " AND " + a_row() + " + 2");
  expect_found("UPDATE reading SET sensor = 99 WHERE id = " + a_row());
  expect_found("UPDATE reading SET flags = flags | 2 WHERE id = " + a_row());
  expect_found(
      "UPDATE reading SET flags = flags & ~2 WHERE id = (SELECT id FROM reading WHERE flags = 3 AND id > " +
      a_row() + " LIMIT 1)");
}

TEST_F(PlantedFaults, OfAddedRowsAreFound) {
  expect_found(
      "INSERT INTO reading(sensor, time_ms, value, lag_ms, flags) SELECT sensor, time_ms + 1, value, lag_ms, "
      "flags FROM reading WHERE id = " +
      a_row());
  expect_found(
      "INSERT INTO reading(id, sensor, time_ms, value, lag_ms, flags) SELECT -5, sensor, time_ms + 1, value, "
      "lag_ms, flags FROM reading WHERE id = " +
      a_row());
}

TEST_F(PlantedFaults, InBatchesAreFound) {
  expect_found("UPDATE batch SET digest = x'0123456789abcdef' WHERE id = " + a_batch());
  expect_found("UPDATE batch SET last_row = last_row - 1 WHERE id = " + a_batch());
  expect_found("UPDATE batch SET first_row = first_row + 1 WHERE id = " + a_batch());
  expect_found("DELETE FROM batch WHERE id = " + a_batch());
  expect_found("DELETE FROM reading WHERE id BETWEEN (SELECT first_row FROM batch WHERE id = " + a_batch() +
               ") AND (SELECT last_row FROM batch WHERE id = " + a_batch() + ")");
  expect_found(
      "CREATE TEMP TABLE gone AS SELECT * FROM batch WHERE id = " + a_batch() +
      "; DELETE FROM batch WHERE id = (SELECT id FROM gone);"
      "DELETE FROM reading WHERE id BETWEEN (SELECT first_row FROM gone) AND (SELECT last_row FROM gone)");
}

TEST_F(PlantedFaults, InTalliesOfTheSpeedLayerAreFound) {
  expect_found("UPDATE batch SET tallies = x'' WHERE id = " + a_batch());
  expect_found(
      "UPDATE batch SET tallies = (SELECT tallies FROM batch b WHERE b.id = batch.id - 1) WHERE id = " +
      a_batch());
}

// A fault that was there before the day was summed: its summary is made of what is left, and says so.
TEST_F(PlantedFaults, BeforeADayIsSummedAreToldOfInItsSummary) {
  auto differences = [&] {
    const Calendar calendar = Calendar::load("Europe/Berlin").value();
    auto view = std::move(StoreView::open(folder_.file("sluice.db"), "", calendar, OnStore()).value());
    SummarySettings settings;
    settings.gateway = "test";
    Summariser summariser(settings, calendar, *view, [](const std::string&) { return SensorNotes{}; }, {});
    const SummaryRevision made = summariser.compute(day(), calendar.end_ms(day() + 10)).value();
    return summary_from_json(made.body).value().layers_differ;
  };
  EXPECT_TRUE(differences().empty());
  plant("UPDATE reading SET value = value + 0.0001 WHERE id = " + a_row());
  ASSERT_EQ(1u, differences().size());
  EXPECT_EQ(differences()[0].on_arrival.count, differences()[0].in_table.count);
  EXPECT_NEAR(0.0001, differences()[0].in_table.sum - differences()[0].on_arrival.sum, 1e-9);
  reset();
  plant("DELETE FROM reading WHERE id = " + a_row());
  ASSERT_EQ(1u, differences().size());
  EXPECT_EQ(differences()[0].on_arrival.count - 1, differences()[0].in_table.count);
  reset();
  plant("UPDATE reading SET sensor = 4 - sensor WHERE sensor != 2 AND id BETWEEN " + a_row() + " AND " +
        a_row() + " + 2");
  EXPECT_EQ(2u, differences().size());
  plant("UPDATE batch SET tallies = NULL WHERE id = " + a_batch());
  EXPECT_TRUE(differences().empty()) << "what was counted is not known of all batches";
}

TEST_F(PlantedFaults, InAnyCounterAreFound) {
  for (std::size_t i = 0; i < kCounterCount; ++i) {
    const std::string name(counter_name(static_cast<Counter>(i)));
    expect_found("INSERT INTO counter(day, name, value) VALUES(" + number(day()) + ", '" + name +
                 "', 1) ON CONFLICT DO UPDATE SET value = value + 1");
  }
  expect_found("DELETE FROM counter" + of_the_day());
  // Both sides of an equation.
  expect_found("UPDATE counter SET value = value + 1" + of_the_day() +
               " AND name IN ('readings_decoded', 'readings_stored')");
  expect_found("UPDATE counter SET value = value + 1" + of_the_day() +
               " AND name IN ('readings_decoded', 'readings_rejected/implausible')");
}

TEST_F(PlantedFaults, InSummariesAreFound) {
  expect_found(
      "UPDATE summary SET body = CAST(replace(CAST(body AS TEXT), '\"max\":', '\"max\":1') AS BLOB)" +
      of_the_day());
  expect_found("UPDATE summary SET body = CAST(CAST(body AS TEXT) || ' ' AS BLOB)" + of_the_day());
  expect_found("UPDATE summary SET body = x'7b7d'" + of_the_day());
  expect_found("UPDATE summary SET row_count = row_count + 1" + of_the_day());
  expect_found("UPDATE summary SET digest = replace(digest, substr(digest, 1, 1), 'x')" + of_the_day());
  expect_found("UPDATE summary SET key = replace(key, '/1/', '/2/')" + of_the_day());
  expect_found("DELETE FROM summary" + of_the_day());
  expect_found("DELETE FROM summary" + of_the_day() + "; DELETE FROM outbox" + of_the_day());
  expect_found("UPDATE day SET revision = 0" + of_the_day());
  expect_found("DELETE FROM day" + of_the_day());
}

// Whoever edits a document can make its key fit again; what the rows give is harder to change.
TEST_F(PlantedFaults, InASummaryWhoseKeyWasMadeToFitAreFound) {
  for (const char* member :
       {"count", "min", "max", "mean", "stddev", "p50", "p95", "last", "stored", "duplicate"}) {
    reset();
    std::unique_ptr<Connection> connection =
        std::move(Connection::open({.path = folder_.file("sluice.db"), .vfs = ""}).value());
    std::string body;
    {
      Query query = connection->query("SELECT body FROM summary WHERE day = ?1", day());
      ASSERT_TRUE(query.next());
      body = query.text(0);
    }
    const std::string name = std::string("\"") + member + "\":";
    body.insert(body.find(name) + name.size(), "1");
    const std::string key = "test/" + date() + "/1/" + sha256_hex(body).substr(0, 16);
    ASSERT_TRUE(
        connection->query("UPDATE summary SET body = ?2, key = ?3 WHERE day = ?1", day(), Blob{body}, key)
            .run()
            .ok());
    ASSERT_TRUE(connection->query("UPDATE outbox SET key = ?2 WHERE day = ?1", day(), key).run().ok());
    connection.reset();
    EXPECT_EQ(std::set<std::string>{date()}, named_days()) << member << "\n" << all_findings(report_);
  }
}

TEST_F(PlantedFaults, InTheOutboxAreFound) {
  expect_found("UPDATE outbox SET key = key || '0'" + of_the_day());
  expect_found("UPDATE outbox SET revision = 7" + of_the_day());
  expect_found("UPDATE outbox SET state = 1" + of_the_day());
  expect_found("UPDATE outbox SET done_ms = 1" + of_the_day());
}

TEST_F(PlantedFaults, AnywhereAmongTheRowsAreFound) {
  std::mt19937_64 random(20260327);
  const Calendar calendar = Calendar::load("Europe/Berlin").value();
  const std::int64_t rows = static_cast<std::int64_t>(audit_file(folder_.file("sluice.db")).rows);
  for (int round = 0; round < 40; ++round) {
    const std::string id = number(1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(rows)));
    const std::string change[] = {"DELETE FROM reading WHERE id = " + id,
                                  "UPDATE reading SET value = -value WHERE id = " + id,
                                  "UPDATE reading SET time_ms = time_ms - 86400000 WHERE id = " + id};
    reset();
    Day arrived = 0;
    {
      std::unique_ptr<StoreView> view =
          std::move(StoreView::open(folder_.file("sluice.db"), "", calendar, OnStore()).value());
      arrived = calendar.day_of(view->rows_after(std::stoll(id) - 1, 1)->front().reading.arrival_ms);
    }
    const std::string& sql = change[random() % 3];
    plant(sql);
    EXPECT_TRUE(named_days().contains(format_date(arrived)) || report_.days[arrived - 1].faulty)
        << sql << "\n"
        << all_findings(report_);
  }
}

}  // namespace
}  // namespace sluice
