#include "ctl/sensor_list.h"

#include <nlohmann/json.hpp>

#include "app/live_json.h"

namespace sluice {

namespace {

using Json = nlohmann::ordered_json;
constexpr char kPage[] = "/api/v1/sensors?limit=10000&after=";

}  // namespace

Result<std::string> list_of_sensors(GatewayAccess& gateway, Clock& clock) {
  Json list = Json::array();
  std::int64_t after = 0;
  for (;;) {
    Result<std::string> text =
        gateway.read(kPage + std::to_string(after), [&](StoreView& view) -> Result<std::string> {
          auto page = all_sensors(view);
          if (!page) return page.error();
          list.clear();  // the daemon may have gone between two pages
          return sensors_json(*page, clock.now().wall_ms);
        });
    if (!text) return text.error();
    Json page = Json::parse(*text, nullptr, false);
    if (!page.is_object() || !page.contains("sensors") || !page["sensors"].is_array()) {
      return make_error(ErrorCode::kInvalid,
                        "the answer is not a list; are sluiced and sluicectl of the same version?");
    }
    for (Json& sensor : page["sensors"]) {
      if (sensor.is_object()) list.push_back(std::move(sensor));
    }
    if (!page.contains("next") || !page["next"].is_number_integer())
      return list.dump(-1, ' ', false, Json::error_handler_t::replace);
    const auto next = page["next"].get<std::int64_t>();
    if (next <= after) return make_error(ErrorCode::kInvalid, "the pages of the list do not end");
    after = next;
  }
}

}  // namespace sluice
