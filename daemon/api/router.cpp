#include "api/router.h"

#include <algorithm>
#include <exception>

namespace sluice {

namespace {

// What is wrong with the names in the query; empty: nothing.
std::string query_fault(const std::vector<std::string>& known, const HttpRequest& request) {
  for (const auto& member : request.query) {
    if (std::find(known.begin(), known.end(), member.first) != known.end()) continue;
    std::string list;
    for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
    return request.path + " has no parameter \"" + member.first + "\"; " +
           (list.empty() ? "it takes none" : "it takes " + list);
  }
  return "";
}

bool fits(const std::string& route, const std::string& path) {
  return route.ends_with('/') && route.size() > 1 ? path.starts_with(route) : path == route;
}

}  // namespace

void Router::add(std::string method, std::string path, Answer answer, std::optional<Words> words) {
  routes_.push_back(Route{std::move(method), std::move(path), std::move(answer), std::move(words)});
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
  if (best == nullptr && allowed.empty())
    return http_error(404, "there is nothing at " + request.path + "; GET / lists the routes");
  if (best == nullptr) {
    HttpResponse response = http_error(405, request.path + " wants the method " + allowed);
    response.headers["Allow"] = allowed;
    return response;
  }
  if (best->path.ends_with('/')) request.rest = request.path.substr(best->path.size());
  const std::string fault = best->words ? query_fault(best->words->parameters, request) : "";
  if (!fault.empty()) return http_error(400, fault);
  try {
    return best->answer(request);
  } catch (const std::exception& failure) {
    return http_error(500, std::string("the request could not be answered: ") + failure.what());
  }
}

}  // namespace sluice
