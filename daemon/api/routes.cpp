#include "api/routes.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/time_argument.h"

namespace sluice {

namespace {

constexpr std::size_t kReadingsMax = 10000;
constexpr std::size_t kSensorsMax = 10000;
constexpr std::size_t kAlertsMax = 10000;
constexpr std::size_t kSummariesMax = 10000;
constexpr std::size_t kEventsMax = 10000;
constexpr std::size_t kQuarantineMax = 1000;
constexpr std::size_t kOutboxMax = 10000;
constexpr std::int64_t kDefaultSpanMs = 3600'000;
constexpr std::int64_t kYear10000Ms = 253'402'300'800'000;

int http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kUnavailable:
    case ErrorCode::kFull:
      return 503;
    default:
      return 500;
  }
}

HttpResponse answer(Result<std::string> json) {
  if (!json) return http_error(http_status(json.error().code), json.error().context);
  return http_json(std::move(*json));
}

template <class T>
std::optional<T> parse_number(const std::string& text) {
  T value{};
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<std::size_t> limit_of(const HttpRequest& request, std::size_t fallback, std::size_t max) {
  auto found = request.query.find("limit");
  if (found == request.query.end()) return fallback;
  auto limit = parse_number<std::size_t>(found->second);
  if (!limit || *limit == 0 || *limit > max) {
    return make_error(ErrorCode::kInvalid, "limit: expected a number from 1 to " + std::to_string(max) +
                                               ", got \"" + found->second + "\"");
  }
  return *limit;
}

Result<std::int64_t> after_of(const HttpRequest& request) {
  auto found = request.query.find("after");
  if (found == request.query.end()) return 0;
  auto after = parse_number<std::int64_t>(found->second);
  if (!after || *after < 0) {
    return make_error(ErrorCode::kInvalid,
                      "after: expected the \"next\" of the page before, got \"" + found->second + "\"");
  }
  return *after;
}

// As on a command line, or milliseconds since 1970.
Result<std::int64_t> time_of(const HttpRequest& request, const char* name, std::int64_t fallback) {
  auto found = request.query.find(name);
  if (found == request.query.end()) return fallback;
  if (auto ms = parse_number<std::int64_t>(found->second); ms && *ms >= 0 && *ms < kYear10000Ms) return *ms;
  if (auto ms = parse_time_argument(found->second)) return *ms;
  return make_error(ErrorCode::kInvalid, std::string(name) + ": " + kTimeArgumentExpected + ", got \"" +
                                             found->second + "\" (a '+' in a URL is written %2B)");
}

HttpResponse readings(ApiSource& source, const HttpRequest& request) {
  ReadingsQuery query;
  auto sensor = request.query.find("sensor");
  if (sensor != request.query.end()) query.sensor = sensor->second;
  auto to = time_of(request, "to", source.now_wall_ms());
  if (!to) return http_error(400, to.error().context);
  auto from = time_of(request, "from", *to - kDefaultSpanMs);
  if (!from) return http_error(400, from.error().context);
  auto limit = limit_of(request, query.limit, kReadingsMax);
  if (!limit) return http_error(400, limit.error().context);
  auto after = after_of(request);
  if (!after) return http_error(400, after.error().context);
  if (*from > *to) return http_error(400, "from is later than to");
  query.from_ms = *from;
  query.to_ms = *to;
  query.after = *after;
  query.limit = *limit;
  return answer(source.readings(query));
}

HttpResponse summary(ApiSource& source, const HttpRequest& request) {
  const std::size_t slash = request.rest.find('/');
  Result<Day> day = parse_date(request.rest.substr(0, slash));
  if (!day) return http_error(400, day.error().context);
  std::optional<int> revision;
  if (slash != std::string::npos) {
    revision = parse_number<int>(request.rest.substr(slash + 1));
    if (!revision || *revision < 1)
      return http_error(400, "expected a revision number from 1 after the date");
  }
  return answer(source.summary(*day, revision));
}

HttpResponse health(ApiSource& source, Vital asked) {
  nlohmann::ordered_json json;
  bool ok = true;
  json["ok"] = true;
  json["checks"] = nlohmann::ordered_json::array();
  for (const HealthCheck& check : source.health()) {
    if (asked == Vital::kLife && check.vital != Vital::kLife) continue;
    ok = ok && (check.ok || check.vital == Vital::kNothing);
    nlohmann::ordered_json entry{{"name", check.name}, {"ok", check.ok}};
    if (!check.ok && !check.detail.empty()) entry["detail"] = check.detail;
    json["checks"].push_back(std::move(entry));
  }
  json["ok"] = ok;
  HttpResponse response =
      http_json(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  response.status = ok ? 200 : 503;
  return response;
}

std::string text_in(const HttpRequest& request, const char* name) {
  auto found = request.query.find(name);
  return found == request.query.end() ? "" : found->second;
}

// ?sink= and ?day=, each for all when it is absent.
Result<OutboxSelection> selection_of(const HttpRequest& request) {
  OutboxSelection which;
  if (auto sink = request.query.find("sink"); sink != request.query.end()) which.sink = sink->second;
  if (auto day = request.query.find("day"); day != request.query.end()) {
    auto parsed = parse_date(day->second);
    if (!parsed) return make_error(ErrorCode::kInvalid, "day: " + parsed.error().context);
    which.day = *parsed;
  }
  return which;
}

template <class Call>
HttpResponse selected(const HttpRequest& request, Call call) {
  auto which = selection_of(request);
  if (!which) return http_error(http_status(which.error().code), which.error().context);
  return call(*which);
}

template <class Call>
HttpResponse limited(const HttpRequest& request, std::size_t fallback, std::size_t max, Call call) {
  auto limit = limit_of(request, fallback, max);
  if (!limit) return http_error(400, limit.error().context);
  return answer(call(*limit));
}

// The routes by themselves, for whoever has only found the address.
HttpResponse list_of(const Router& router) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Router::Route& route : router.routes()) {
    list.push_back({{"method", route.method}, {"path", route.path}});
    if (!route.words) continue;
    list.back()["parameters"] = route.words->parameters;
    list.back()["answers"] = route.words->answers;
  }
  return http_json(nlohmann::ordered_json{{"routes", std::move(list)}}.dump(2) + "\n");
}

using Request = const HttpRequest&;

// What a machine asks time and again; some add parameters of their own.
void add_probes(Router& router, ApiSource& source) {
  router.add("GET", "/healthz", [&](Request) { return health(source, Vital::kLife); });
  router.add("GET", "/readyz", [&](Request) { return health(source, Vital::kReadiness); });
  router.add("GET", "/metrics", [&](Request) {
    HttpResponse response;
    response.content_type = kMetricsContentType;
    response.body = metrics_text(source.metrics());
    return response;
  });
}

void add_lists(Router& router, ApiSource& source) {
  router.add("GET", "/api/v1/status", [&](Request) { return http_json(status_to_json(source.status())); },
             {{{}, "what the gateway is doing, and what is wrong"}});
  router.add("GET", "/api/v1/alerts",
             [&](Request request) {
               return limited(request, kAlertsMax, kAlertsMax,
                              [&](std::size_t n) { return source.alerts(n); });
             },
             {{{"limit"}, "alerts that stand"}});
  router.add("GET", "/api/v1/events",
             [&](Request request) {
               return limited(request, 100, kEventsMax, [&](std::size_t n) { return source.events(n); });
             },
             {{{"limit"}, "alerts that fired and were resolved, newest first"}});
  router.add("GET", "/api/v1/sensors",
             [&](Request request) {
               auto after = after_of(request);
               if (!after) return http_error(400, after.error().context);
               return limited(request, 1000, kSensorsMax,
                              [&](std::size_t n) { return source.sensors(*after, n); });
             },
             {{{"after", "limit"}, "each sensor's newest value, age and rate; next for the page after"}});
  router.add("GET", "/api/v1/readings", [&](Request request) { return readings(source, request); },
             {{{"sensor", "from", "to", "after", "limit"},
               "readings of a span, the last hour; next for the page after"}});
  router.add("GET", "/api/v1/summaries",
             [&](Request request) {
               return limited(request, 400, kSummariesMax,
                              [&](std::size_t n) { return source.summaries(n); });
             },
             {{{"limit"}, "days with a summary"}});
  router.add("GET", "/api/v1/summaries/", [&](Request request) { return summary(source, request); },
             {{{}, "DATE or DATE/REVISION: the document itself"}});
}

void add_reasons(Router& router, ApiSource& source) {
  router.add("GET", "/api/v1/quarantine",
             [&](Request request) {
               return limited(request, 20, kQuarantineMax, [&](std::size_t n) {
                 return source.quarantine(text_in(request, "reason"), n);
               });
             },
             {{{"reason", "limit"}, "how much was rejected, and samples of it"}});
  router.add("GET", "/api/v1/why",
             [&](Request request) {
               const std::string sensor = text_in(request, "sensor");
               const std::string rule = text_in(request, "rule");
               if (sensor.empty() || rule.empty()) return http_error(400, "expected ?sensor=NAME&rule=NAME");
               return answer(source.why(sensor, rule));
             },
             {{{"sensor", "rule"}, "where a rule stands on a sensor, and what it waits for"}});
}

void add_alert_orders(Router& router, ApiSource& source) {
  router.add("POST", "/api/v1/alerts/test",
             [&](Request request) {
               auto name = request.query.find("name");
               if (name == request.query.end()) return http_error(400, "name: expected a channel or a rule");
               return answer(source.alerts_test(name->second));
             },
             {{{"name"}, "sends a test to a channel, or to those of a rule"}});
  router.add("GET", "/api/v1/alerts/test",
             [&](Request request) {
               auto test = request.query.find("test");
               if (test == request.query.end())
                 return http_error(400, "test: expected what the POST answered");
               return answer(source.alerts_test_result(test->second));
             },
             {{{"test"}, "what the test has brought so far"}});
  router.add("GET", "/api/v1/silences", [&](Request) { return answer(source.silences()); },
             {{{}, "silences that have not ended"}});
  router.add("POST", "/api/v1/silences",
             [&](Request request) { return answer(source.silence(request.body)); },
             {{{}, "begins the silence in the body: sensor, alert, labels, until, comment; its id"}});
  router.add("POST", "/api/v1/silences/end",
             [&](Request request) {
               auto found = request.query.find("id");
               auto id =
                   found == request.query.end() ? std::nullopt : parse_number<std::uint64_t>(found->second);
               if (!id) return http_error(400, "id: expected the number of a silence");
               return answer(source.unsilence(*id));
             },
             {{{"id"}, "ends a silence"}});
}

void add_upload(Router& router, ApiSource& source) {
  router.add("GET", "/api/v1/upload",
             [&](Request request) {
               return selected(request, [&](const OutboxSelection& which) {
                 return limited(request, 100, kOutboxMax,
                                [&](std::size_t n) { return source.outbox(which, n); });
               });
             },
             {{{"sink", "day", "limit"}, "deliveries of summaries, newest first"}});
  router.add("POST", "/api/v1/upload/now", [&](Request) { return answer(source.upload_now()); },
             {{{}, "sums every finished day, and delivers what waits; does not wait for it"}});
  router.add("POST", "/api/v1/upload/retry",
             [&](Request request) {
               return selected(
                   request, [&](const OutboxSelection& which) { return answer(source.upload_retry(which)); });
             },
             {{{"sink", "day"}, "tries again what waits or was refused; how many"}});
  router.add("POST", "/api/v1/upload/discard",
             [&](Request request) {
               return selected(request, [&](const OutboxSelection& which) {
                 return answer(source.upload_discard(which));
               });
             },
             {{{"sink", "day"}, "gives up what waits or was refused; how many"}});
}

}  // namespace

void add_routes(Router& router, ApiSource& source) {
  router.add("GET", "/", [&router](Request) { return list_of(router); }, {{{}, "this list"}});
  add_probes(router, source);
  add_lists(router, source);
  add_reasons(router, source);
  add_alert_orders(router, source);
  add_upload(router, source);
  router.add("POST", "/api/v1/store", [&](Request) { return answer(source.store_now()); },
             {{{}, "stores what was read so far, soon; the number of its newest record"}});
  router.add("POST", "/api/v1/reload", [&](Request) { return answer(source.reload()); },
             {{{}, "puts the configuration file in force, if it is right"}});
}

}  // namespace sluice
