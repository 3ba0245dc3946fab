#include "api/http_message.h"

#include <nlohmann/json.hpp>

namespace sluice {

HttpResponse http_json(std::string json) {
  HttpResponse response;
  response.body = std::move(json);
  return response;
}

HttpResponse http_error(int status, std::string_view message) {
  nlohmann::ordered_json json;
  json["error"]["status"] = status;
  json["error"]["message"] = message;
  HttpResponse response;
  response.status = status;
  // Text that came from outside may not be UTF-8.
  response.body = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return response;
}

}  // namespace sluice
