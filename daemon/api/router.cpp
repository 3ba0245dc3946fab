#include "api/router.h"

#include <exception>

namespace sluice {

namespace {

bool fits(const std::string& route, const std::string& path) {
  return route.ends_with('/') && route.size() > 1 ? path.starts_with(route) : path == route;
}

}  // namespace

void Router::add(std::string method, std::string path, Answer answer) {
  routes_.push_back(Route{std::move(method), std::move(path), std::move(answer)});
}

HttpResponse Router::handle(HttpRequest request) const {
  const Route* best = nullptr;
  std::string allowed;
  for (const Route& route : routes_) {
    if (!fits(route.path, request.path)) continue;
    if (route.method != request.method) {
      allowed += (allowed.empty() ? "" : ", ") + route.method;
    } else if (best == nullptr || route.path.size() > best->path.size()) {
      best = &route;
    }
  }
  if (best == nullptr && allowed.empty()) return http_error(404, "there is nothing at " + request.path);
  if (best == nullptr) {
    HttpResponse response = http_error(405, request.path + " wants the method " + allowed);
    response.headers["Allow"] = allowed;
    return response;
  }
  if (best->path.ends_with('/')) request.rest = request.path.substr(best->path.size());
  try {
    return best->answer(request);
  } catch (const std::exception& failure) {
    return http_error(500, std::string("the request could not be answered: ") + failure.what());
  }
}

}  // namespace sluice
