#include <cstdio>
#include <fstream>

#include "store/schema.h"
#include "unit/store/store_fixture.h"

namespace sluice {
namespace {

class Files : public StoreFixture {
 protected:
  void close() {
    must(store_->close_cleanly());
    view_.reset();
    store_.reset();
  }
  std::string shell(const std::string& sql) {
    std::string command = "sqlite3 " + settings_.path + " \"" + sql + "\"";
    FILE* pipe = ::popen(command.c_str(), "r");
    std::string out;
    for (int c; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
    ::pclose(pipe);
    return out;
  }
  Error open_error() {
    auto opened = Store::open(settings_, calendar(), log_);
    EXPECT_FALSE(opened.ok());
    return opened.ok() ? Error{} : opened.error();
  }
};

TEST_F(Files, AreReadableThroughViewsForPeople) {
  Batch b = batch({reading(1, kStart + 7, 21.25), reading(2, kStart + 1999, 3)});
  AlertEvent event;
  event.id = "0123456789abcdef";
  event.alert = "hot";
  event.sensor = "sensor/1";
  event.since_ms = event.at_ms = kStart + 7;
  b.events = {event};
  must(store_->commit(b));
  sum(kFirstDay, kStart + kDayMs, {"cloud"});
  EXPECT_EQ("sensor/1|" + std::to_string(kStart + 7) + "|21.25|2026-03-01T00:00:00.007Z|°C|1\nsensor/2|" +
                std::to_string(kStart + 1999) + "|3.0|2026-03-01T00:00:01.999Z|°C|1\n",
            shell("select sensor, time_ms, value, time, unit, flags from readings"));
  EXPECT_EQ("0123456789abcdef|firing|2026-03-01T00:00:00.007Z\n",
            shell("select id, state, at from alert_events"));
  EXPECT_EQ("2026-03-01|1|2026-03-02T00:00:00.000Z|{}\n",
            shell("select date, revision, made_at, document from daily_summaries"));
  EXPECT_EQ("2\n", shell("select value from ledger where date='2026-03-01' and counter='readings_stored'"));
  EXPECT_EQ("cloud|pending\n", shell("select sink, state from uploads"));
}

TEST_F(Files, OfACleanStopAreOneFileThatAViewCanOpen) {
  commit({reading(1, kStart, 1)});
  close();
  EXPECT_FALSE(std::filesystem::exists(settings_.path + "-wal"));
  auto view = must(StoreView::open(settings_.path, "", calendar(), {}));
  EXPECT_EQ(1u, must(view->rows_after(0, 10)).size());
  EXPECT_EQ(cursor_, must(view->cursor()));
}

TEST_F(Files, OfADatabaseThatIsMissingAreNotCreatedByAView) {
  auto view = StoreView::open(folder_ + "/none.db", "", calendar(), {});
  EXPECT_EQ(ErrorCode::kIo, view.error().code);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/none.db"));
}

TEST_F(Files, OfANewerVersionAreRefusedUntouched) {
  close();
  shell("pragma user_version=9");
  std::uint64_t size = std::filesystem::file_size(settings_.path);
  Error error = open_error();
  EXPECT_EQ(ErrorCode::kInvalid, error.code);
  EXPECT_NE(std::string::npos, error.context.find("schema version 9"));
  EXPECT_EQ("9\n", shell("pragma user_version"));
  EXPECT_EQ(size, std::filesystem::file_size(settings_.path));
  EXPECT_EQ(ErrorCode::kInvalid, StoreView::open(settings_.path, "", calendar(), {}).error().code);
}

TEST_F(Files, OfAnotherProgramAreRefusedUntouched) {
  close();
  std::filesystem::remove(settings_.path);
  shell("create table t(x)");
  EXPECT_EQ(ErrorCode::kInvalid, open_error().code);
  EXPECT_EQ("delete\n", shell("pragma journal_mode"));
}

TEST_F(Files, ThatAreNoDatabaseAreCorrupt) {
  close();
  std::ofstream(settings_.path) << std::string(5000, 'x');
  EXPECT_EQ(ErrorCode::kCorrupt, open_error().code);
}

TEST_F(Files, WithADamagedPageFailTheFullCheck) {
  for (int i = 0; i < 20; ++i) commit(std::vector<Reading>(500, reading(1, kStart + i, 0.1)));
  must(view_->check_integrity());
  close();
  {
    std::fstream file(settings_.path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(settings_.path) / 2 / 4096 * 4096));
    file << std::string(4096, '\x7f');
  }
  store_ = must(Store::open(settings_, calendar(), log_));
  EXPECT_EQ(ErrorCode::kCorrupt, open_view(settings_.path)->check_integrity().error().code);
}

TEST_F(Files, CountTheirWritesAndSizes) {
  std::uint64_t before = store_->status().write_bytes;
  commit(std::vector<Reading>(1000, reading(1, kStart, 0.1)));
  StoreStatus status = store_->status();
  std::uint64_t on_disk =
      std::filesystem::file_size(settings_.path) + std::filesystem::file_size(settings_.path + "-wal");
  EXPECT_EQ(on_disk, status.size_bytes);
  EXPECT_LT(1000u * 20, status.write_bytes - before);
  EXPECT_GT(1000u * 60, status.write_bytes - before);
  EXPECT_EQ(1u, status.transactions);
}

class Migrations : public StoreFixture {
 protected:
  std::unique_ptr<Connection> connect(const std::string& name) {
    Connection::Options options;
    options.path = folder_ + "/" + name;
    return must(Connection::open(options));
  }
  static Migration step(int from, const char* sql) {
    return {from, [sql](Connection& c) { return c.execute(sql); }};
  }
};

TEST_F(Migrations, GoStepByStepToTheSameSchemaAsANewFile) {
  auto old = connect("old.db");
  must(bring_up_to(*old, Schema{1, "CREATE TABLE a(x); INSERT INTO a VALUES(5);", {}}));
  Schema third{3,
               "CREATE TABLE a(x, y DEFAULT 7);",
               {step(2, "UPDATE a SET y = x + 1;"), step(1, "ALTER TABLE a ADD COLUMN y;")}};
  must(bring_up_to(*old, third));
  EXPECT_EQ(6, must(old->integer("SELECT y FROM a")));
  EXPECT_EQ(3, must(old->integer("PRAGMA user_version")));
  auto fresh = connect("fresh.db");
  must(bring_up_to(*fresh, third));
  EXPECT_EQ(0, must(fresh->integer("SELECT count(*) FROM a")));
  EXPECT_EQ(3, must(fresh->integer("PRAGMA user_version")));
}

TEST_F(Migrations, ChangeNothingWhenAStepFails) {
  auto old = connect("old.db");
  must(bring_up_to(*old, Schema{1, "CREATE TABLE a(x);", {}}));
  Schema third{3, "", {step(1, "ALTER TABLE a ADD COLUMN y;"), step(2, "UPDATE nothing SET y = 1;")}};
  EXPECT_FALSE(bring_up_to(*old, third).ok());
  EXPECT_EQ(1, must(old->integer("PRAGMA user_version")));
  EXPECT_EQ(1, must(old->integer("SELECT count(*) FROM pragma_table_info('a')")));
}

// Version 5 had no place for what arrives while the clock is not trusted: that was in days and ledger at
// once.
TEST_F(Migrations, BringAFileOfVersion5WithItsReadingsToOneThatKnowsAnUnsetClock) {
  commit({reading(1, kStart + 7, 21.5)});
  sum(kFirstDay, kStart + kDayMs, {"cloud"});
  must(store_->close_cleanly());
  view_.reset();
  store_.reset();
  must(
      connect("sluice.db")
          ->execute(
              "ALTER TABLE rule_state DROP COLUMN since_estimated; ALTER TABLE rule_state DROP COLUMN open;"
              "ALTER TABLE rule_state DROP COLUMN further; ALTER TABLE rule_state DROP COLUMN copy_ms;"
              "ALTER TABLE rule_state DROP COLUMN copy_value; ALTER TABLE rule_state DROP COLUMN copy_doubts;"
              "DROP VIEW ledger; DROP TABLE unset_batch; DROP TABLE unset_counter;"
              "CREATE TABLE known(id INTEGER PRIMARY KEY, boot_id TEXT NOT NULL UNIQUE);"
              "INSERT INTO known SELECT id, boot_id FROM boot;"
              "DROP TABLE boot; ALTER TABLE known RENAME TO boot;"
              "CREATE VIEW ledger(date, counter, value) AS "
              "SELECT date(day * 86400, 'unixepoch'), name, value FROM counter;"
              "PRAGMA user_version=5;"));
  open();
  EXPECT_EQ(current_schema().version, must(connect("sluice.db")->integer("PRAGMA user_version")));
  EXPECT_EQ(std::vector<Reading>{reading(1, kStart + 7, 21.5)}, stored_rows());
  EXPECT_EQ(1, day_state(kFirstDay).revision);
  EXPECT_EQ(1u, must(view_->waiting("cloud", 10)).size());
  EXPECT_FALSE(must(view_->waits_for_clock()));
  Batch unset = batch({reading(1, kStart + kHour, 22)});
  unset.unset = true;
  must(store_->commit(unset));
  Batch trusted = batch({});
  trusted.clock.clock_trusted = true;
  must(store_->commit(trusted));
  EXPECT_TRUE(must(view_->waits_for_clock()));
  while (must(store_->retime_step())) {
  }
  EXPECT_EQ(2u, must(view_->arrived_on(kFirstDay))[Counter::kReadingsStored]);
}

TEST_F(Migrations, BringAFileOfVersion1ToTheSchemaOfANewOne) {
  std::filesystem::copy_file(SLUICE_GOLDEN_DIR "/sluice-v1.db", folder_ + "/old.db");
  EXPECT_EQ(ErrorCode::kInvalid, StoreView::open(folder_ + "/old.db", "", calendar(), OnStore()).error().code)
      << "reading does not migrate";
  auto old = connect("old.db");
  must(bring_up_to(*old, current_schema()));
  auto fresh = connect("fresh.db");
  must(bring_up_to(*fresh, current_schema()));
  auto columns = [](Connection& connection) {
    std::string text;
    Query query = connection.query(
        "SELECT m.name, p.name, p.type, p.\"notnull\", coalesce(p.dflt_value, ''), p.pk FROM sqlite_schema "
        "m, "
        "pragma_table_info(m.name) p ORDER BY m.name, p.cid");
    while (query.next()) {
      for (int column = 0; column < 6; ++column) text += query.text(column) + " ";
      text += "\n";
    }
    return text;
  };
  EXPECT_EQ(columns(*fresh), columns(*old));
  EXPECT_EQ(must(fresh->integer("PRAGMA user_version")), must(old->integer("PRAGMA user_version")));
  EXPECT_EQ(148, must(old->integer("SELECT count(*) FROM reading")));
  EXPECT_EQ(1, must(old->integer("SELECT count(*) FROM zone WHERE name = 'Europe/Berlin'")));
}

}  // namespace
}  // namespace sluice
