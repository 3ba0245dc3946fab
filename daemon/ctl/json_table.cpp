#include "ctl/json_table.h"

#include <nlohmann/json.hpp>

namespace sluice {

namespace {

std::string cell_of(const nlohmann::json& element, const char* member) {
  auto found = element.find(member);
  if (found == element.end() || found->is_null()) return "-";
  if (found->is_string()) return found->get<std::string>();
  if (found->is_boolean()) return found->get<bool>() ? "yes" : "no";
  if (found->is_number_float()) return number_text(found->get<double>());
  return found->dump();
}

}  // namespace

Result<Table> table_of(const std::string& json, const std::vector<TableColumn>& columns) {
  const nlohmann::json parsed = nlohmann::json::parse(json, nullptr, false);
  if (!parsed.is_array()) {
    return make_error(ErrorCode::kInvalid,
                      "the answer is not a list; are sluiced and sluicectl of the same version?");
  }
  Table table;
  for (const TableColumn& column : columns) table.column(column.title, column.align);
  for (const nlohmann::json& element : parsed) {
    std::vector<std::string> cells;
    cells.reserve(columns.size());
    for (const TableColumn& column : columns) {
      cells.push_back(element.is_object() ? cell_of(element, column.member) : "-");
    }
    table.row(std::move(cells));
  }
  return table;
}

}  // namespace sluice
