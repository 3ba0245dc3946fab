// The rule for an office of daemon/alert/README.md on eleven months of a real one: SLUICE_AMBIENT_TEMPERATURE
// names a file of lines "2013-07-04 00:00:00,69.88083514", in °F. Without it nothing is looked at.
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "base/time_text.h"
#include "unit/alert_docs/office.h"

namespace sluice {
namespace {

Failure between(const char* from, const char* to) {
  return {parse_rfc3339(from).value(), parse_rfc3339(to).value()};
}

std::vector<Hourly> readings_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::vector<Hourly> readings;
  while (std::getline(file, line)) {
    std::string time = line.substr(0, 19) + "Z";
    time[10] = 'T';
    readings.push_back({parse_rfc3339(time).value(), line.substr(20)});
  }
  return readings;
}

TEST(RecordedOffice, FindsBothFailuresAndABacktestTellsWhatATighterBandAdds) {
  const char* path = std::getenv("SLUICE_AMBIENT_TEMPERATURE");
  if (path == nullptr) {
    std::cout << "not looked at: SLUICE_AMBIENT_TEMPERATURE names no file of timestamp,value lines\n";
    return;
  }
  const std::vector<Hourly> readings = readings_of(path);
  ASSERT_LT(7000u, readings.size()) << path;
  // When the machine that heats or cools it is known to have failed.
  expect_the_rule_to_find(readings,
                          {between("2013-12-15T07:00:00Z", "2013-12-30T09:00:00Z"),
                           between("2014-03-29T15:00:00Z", "2014-04-20T22:00:00Z")},
                          1);
}

}  // namespace
}  // namespace sluice
