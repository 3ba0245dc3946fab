// StateTable: the `states` of a readings entry, looked up without building a string. Immutable.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

class StateTable {
 public:
  explicit StateTable(const std::map<std::string, double>& states) : states_(states.begin(), states.end()) {}

  std::optional<double> find(std::string_view text) const {
    auto found = states_.find(text);
    if (found == states_.end()) return std::nullopt;
    return found->second;
  }

 private:
  std::map<std::string, double, std::less<>> states_;
};

}  // namespace sluice
