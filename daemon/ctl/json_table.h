// Tables from the API's lists.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "ctl/table.h"

namespace sluice {

struct TableColumn {
  const char* title;
  const char* member;  // of each element of the list
  Table::Align align = Table::Align::kLeft;
};

// A row for each element of the list. An empty list gives an empty table.
Result<Table> table_of(const std::string& json, const std::vector<TableColumn>& columns);

}  // namespace sluice
