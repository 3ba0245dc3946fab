// What the HTTP server hands to a route, and gets back from it. Plain values; no library behind them.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace sluice {

struct HttpRequest {
  std::string method;                        // GET, POST, …; HEAD arrives as GET
  std::string path;                          // decoded, without the query
  std::map<std::string, std::string> query;  // decoded; of equal names the first
  std::string body;
  std::string rest;  // what follows a route that ends in '/'
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::map<std::string, std::string> headers;
};

HttpResponse http_json(std::string json);
HttpResponse http_error(int status, std::string_view message);  // {"error":{"status":…,"message":"…"}}

}  // namespace sluice
