#include "store/schema.h"

#include <string>
#include <vector>

#include "store/checkpoint.h"
#include "store/schema_sql.h"

namespace sluice {

namespace {

// "SluI": so that file(1) and we ourselves know the file.
constexpr std::int64_t kApplicationId = 0x536c7549;

struct Identity {
  std::int64_t version = 0;
  std::int64_t application = 0;
  bool empty = true;
};

Result<Identity> identify(Connection& connection) {
  auto version = connection.integer("PRAGMA user_version");
  if (!version.ok()) return version.error();
  auto application = connection.integer("PRAGMA application_id");
  if (!application.ok()) return application.error();
  auto objects = connection.integer("SELECT count(*) FROM sqlite_schema");
  if (!objects.ok()) return objects.error();
  return Identity{*version, *application, *objects == 0};
}

Status set_version(Connection& connection, int version) {
  std::string sql = "PRAGMA user_version=" + std::to_string(version) +
                    "; PRAGMA application_id=" + std::to_string(kApplicationId) + ";";
  return connection.execute(sql.c_str());
}

// Days knew their zones one by one.
constexpr char kVersion2[] =
    "CREATE TABLE zone(first_day INTEGER PRIMARY KEY, name TEXT NOT NULL);"
    "INSERT INTO zone SELECT CASE WHEN before IS NULL THEN -2147483648 ELSE day END, zone FROM "
    "(SELECT day, zone, lag(zone) OVER (ORDER BY day) AS before FROM day) WHERE zone IS NOT before;";

// Steadiness of alerts, silences.
constexpr char kVersion3[] =
    "ALTER TABLE cursor ADD COLUMN connected_since_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE rule_state ADD COLUMN level INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE rule_state ADD COLUMN toward INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE rule_state ADD COLUMN move_since_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE rule_state ADD COLUMN told_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE rule_state ADD COLUMN flapping INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE rule_state ADD COLUMN changes TEXT NOT NULL DEFAULT '';"
    "UPDATE rule_state SET level = phase = 2, toward = 1, move_since_ms = since_ms;"
    "CREATE TABLE silence(id INTEGER PRIMARY KEY, sensor TEXT NOT NULL, alert TEXT NOT NULL, "
    "labels TEXT NOT NULL, from_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, comment TEXT NOT NULL);";

// Deliveries are numbered, and those of a backlog kept apart. The old form: 2 bytes packet id, 8 bytes hash,
// 1 byte whether it came over the last connection, each.
Status to_version_4(Connection& connection) {
  Status done = connection.execute(
      "CREATE TABLE backlog(slot INTEGER PRIMARY KEY, first INTEGER NOT NULL, delivered BLOB NOT NULL);"
      "ALTER TABLE cursor ADD COLUMN delivered_first INTEGER NOT NULL DEFAULT 0;"
      "ALTER TABLE cursor ADD COLUMN delivered BLOB NOT NULL DEFAULT x'';");
  if (!done.ok()) return done;
  constexpr std::size_t kOldBytes = 11;
  std::vector<DeliveredMessage> messages{
      {0, 0}};  // a connection: they are repeated after the next one at most
  {
    Query query = connection.query("SELECT triples FROM cursor");
    const std::string_view old = query.next() ? query.view(0) : std::string_view();
    auto byte = [&](std::size_t at) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(old[at]));
    };
    for (std::size_t at = 0; at + kOldBytes <= old.size(); at += kOldBytes) {
      DeliveredMessage message{static_cast<std::uint16_t>(byte(at) | byte(at + 1) << 8), 0};
      for (std::size_t i = 0; i < 8; ++i) message.hash ^= byte(at + 2 + i) << (8 * (i % 4));
      messages.push_back(message);
    }
    if (Status status = query.status(); !status.ok()) return status;
  }
  done = connection.query("UPDATE cursor SET delivered = ?1", Blob{encode_delivered(messages)}).run();
  return done.ok() ? connection.execute("ALTER TABLE cursor DROP COLUMN triples;") : done;
}

// What the speed layer counted, to compare it with the rows when the day closes.
constexpr char kVersion5[] = "ALTER TABLE batch ADD COLUMN tallies BLOB;";

// What arrives while the clock is not trusted waits to be moved to its time.
constexpr char kVersion6[] =
    "ALTER TABLE boot ADD COLUMN offset_ms INTEGER;"
    "ALTER TABLE boot ADD COLUMN estimated INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE unset_batch(id INTEGER PRIMARY KEY, boot INTEGER NOT NULL, end_ms INTEGER NOT NULL, "
    "offset_ms INTEGER NOT NULL, row_count INTEGER NOT NULL);"
    "CREATE TABLE unset_counter(batch INTEGER NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, "
    "PRIMARY KEY(batch, name)) WITHOUT ROWID;"
    "DROP VIEW ledger;"
    "CREATE VIEW ledger(date, counter, value) AS "
    "SELECT date(day * 86400, 'unixepoch'), name, value FROM counter "
    "UNION ALL SELECT NULL, name, sum(value) FROM unset_counter GROUP BY name;";

// What a rule's state keeps of the doubts that it began with.
constexpr char kVersion7[] =
    "ALTER TABLE rule_state ADD COLUMN since_estimated INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE rule_state ADD COLUMN open INTEGER NOT NULL DEFAULT 0;";

// Each level of a rule has a `for` of its own; the newest copy that a rule takes.
constexpr char kVersion8[] =
    "ALTER TABLE rule_state ADD COLUMN further TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE rule_state ADD COLUMN copy_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE rule_state ADD COLUMN copy_value REAL NOT NULL DEFAULT 0;"
    "ALTER TABLE rule_state ADD COLUMN copy_doubts INTEGER NOT NULL DEFAULT 0;";

}  // namespace

Schema current_schema() {
  return Schema{kSchemaVersion,
                kSchemaSql,
                {{1, [](Connection& connection) { return connection.execute(kVersion2); }},
                 {2, [](Connection& connection) { return connection.execute(kVersion3); }},
                 {3, to_version_4},
                 {4, [](Connection& connection) { return connection.execute(kVersion5); }},
                 {5, [](Connection& connection) { return connection.execute(kVersion6); }},
                 {6, [](Connection& connection) { return connection.execute(kVersion7); }},
                 {7, [](Connection& connection) { return connection.execute(kVersion8); }}}};
}

Status check_schema(Connection& connection, const Schema& schema) {
  auto identity = identify(connection);
  if (!identity.ok()) return identity.error();
  if (identity->empty) return {};
  if (identity->application != kApplicationId)
    return make_error(ErrorCode::kInvalid, connection.path() +
                                               " is a database of another program; "
                                               "set gateway.state_dir to a folder of Sluice's own");
  if (identity->version > schema.version)
    return make_error(ErrorCode::kInvalid,
                      connection.path() + " has schema version " + std::to_string(identity->version) +
                          ", this program knows " + std::to_string(schema.version) +
                          "; install the newer Sluice again, or restore a backup from before it");
  return {};
}

Status require_current(Connection& connection, const Schema& schema) {
  if (Status status = check_schema(connection, schema); !status.ok()) return status;
  auto identity = identify(connection);
  if (!identity.ok()) return identity.error();
  if (identity->version == schema.version) return {};
  return make_error(ErrorCode::kInvalid,
                    connection.path() + " has schema version " + std::to_string(identity->version) +
                        ", this program reads " + std::to_string(schema.version) +
                        "; start this version of sluiced once, which brings it up to date");
}

Status bring_up_to(Connection& connection, const Schema& schema) {
  if (Status status = check_schema(connection, schema); !status.ok()) return status;
  auto identity = identify(connection);
  if (!identity.ok()) return identity.error();
  if (!identity->empty && identity->version == schema.version) return {};

  Transaction transaction(connection);
  if (Status status = transaction.begin(); !status.ok()) return status;
  if (identity->empty) {
    if (Status status = connection.execute(schema.sql); !status.ok()) return status;
  }
  for (std::int64_t version = identity->empty ? schema.version : identity->version; version < schema.version;
       ++version) {
    const Migration* step = nullptr;
    for (const Migration& candidate : schema.migrations)
      if (candidate.from_version == version) step = &candidate;
    if (step == nullptr)
      return make_error(ErrorCode::kInvalid, connection.path() + " has schema version " +
                                                 std::to_string(version) +
                                                 ", from which this program cannot migrate; "
                                                 "go through an older Sluice first");
    if (Status status = step->apply(connection); !status.ok()) return status;
  }
  if (Status status = set_version(connection, schema.version); !status.ok()) return status;
  return transaction.commit();
}

Status read_every_page(Connection& connection) {
  Query query = connection.query("PRAGMA integrity_check(1)");
  std::string finding = query.next() ? query.text(0) : "no answer";
  if (Status status = query.status(); !status.ok()) return status;
  if (finding == "ok") return {};
  return make_error(ErrorCode::kCorrupt, connection.path() + " is damaged (" + finding + "); move it aside");
}

}  // namespace sluice
