// The text of schema.sql, put into the program at build time.
#pragma once

namespace sluice {
extern const char* const kSchemaSql;
}  // namespace sluice
