// Schema: brings a database to the version that this program speaks. A new file gets the current schema at
// once; an older one is taken there step by step in one transaction; a newer one is refused untouched.
#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "store/sqlite.h"

namespace sluice {

inline constexpr int kSchemaVersion = 8;

// What leads from version n to n + 1. Steps stay as they are once released.
struct Migration {
  int from_version = 0;
  std::function<Status(Connection&)> apply;
};

struct Schema {
  int version = kSchemaVersion;
  const char* sql = nullptr;  // the current schema, whole
  std::vector<Migration> migrations;
};

Schema current_schema();

// kInvalid: newer than `schema`, or a database of another program.
Status check_schema(Connection& connection, const Schema& schema);
// kInvalid: older; only who writes brings it up.
Status require_current(Connection& connection, const Schema& schema);
Status bring_up_to(Connection& connection, const Schema& schema);

// Minutes for a gigabyte. kCorrupt: says where.
Status read_every_page(Connection& connection);

}  // namespace sluice
