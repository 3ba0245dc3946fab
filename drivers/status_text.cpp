#include "drivers/status_text.h"

#include "base/json_text.h"
#include "base/time_text.h"

namespace sluice::drivers {

namespace {

std::string_view name_of(DriverStatus::State state) {
  switch (state) {
    case DriverStatus::State::kRunning:
      return "running";
    case DriverStatus::State::kFailing:
      return "failing";
    case DriverStatus::State::kGivenUp:
      return "given_up";
    case DriverStatus::State::kDone:
      break;
  }
  return "done";
}

}  // namespace

std::string status_text(const std::vector<DriverStatus>& drivers) {
  std::string text = R"({"state":"online","drivers":[)";
  for (const DriverStatus& driver : drivers) {
    if (text.back() == '}') text += ',';
    text += R"({"name":)";
    append_json_string(text, driver.name);
    text.append(R"(,"state":")").append(name_of(driver.state));
    text.append(R"(","since":")").append(format_rfc3339(driver.since_wall_ms)).append("\"");
    if (!driver.error.empty()) {
      text += R"(,"error":)";
      append_json_string(text, driver.error);
    }
    text += '}';
  }
  return text + "]}";
}

}  // namespace sluice::drivers
