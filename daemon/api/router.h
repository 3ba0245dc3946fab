// Router: which function answers which request. A path that ends in '/' answers for everything below it; of
// several that fit the longest wins. Filled before the server runs; afterwards any thread may ask.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/http_message.h"

namespace sluice {

class Router {
 public:
  using Answer = std::function<HttpResponse(const HttpRequest&)>;
  void add(std::string method, std::string path, Answer answer);
  // 404 where no path fits, 405 (with Allow) where the method does not, 500 where the route threw.
  HttpResponse handle(HttpRequest request) const;

 private:
  struct Route {
    std::string method;
    std::string path;
    Answer answer;
  };
  std::vector<Route> routes_;
};

}  // namespace sluice
