// Router: which function answers which request. A path that ends in '/' answers for everything below it; of
// several that fit the longest wins. Filled before the server runs; afterwards any thread may ask.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/http_message.h"

namespace sluice {

class Router {
 public:
  using Answer = std::function<HttpResponse(const HttpRequest&)>;
  // What people are told of a route. A parameter of the query that is not among these is refused.
  struct Words {
    std::vector<std::string> parameters;
    std::string answers;
  };
  struct Route {
    std::string method;
    std::string path;
    Answer answer;
    std::optional<Words> words;  // absent: any parameter does
  };

  void add(std::string method, std::string path, Answer answer, std::optional<Words> words = {});
  // 404 where no path fits, 405 (with Allow) where the method does not, 400 for a parameter that the route
  // does not know, 500 where the route threw.
  HttpResponse handle(HttpRequest request) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace sluice
