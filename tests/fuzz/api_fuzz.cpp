// Any request gives an answer: as bytes on the API's socket, and as a method, a path, a query and a body to
// the routes over a small database. No route throws, lists keep to their limits, and JSON is JSON.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "alert/silence_json.h"
#include "api/bearer_token.h"
#include "api/http_server.h"
#include "api/routes.h"
#include "app/view_json.h"
#include "base/check.h"
#include "store/store.h"
#include "store/view.h"
#include "support/temp_folder.h"

namespace sluice {
namespace {

constexpr std::int64_t kNowMs = 1772366400000;
constexpr int kRows = 300;

// Lists come from the database as in the daemon; what belongs to other threads answers with what it was
// asked.
class Source final : public ApiSource {
 public:
  Source() {
    StoreSettings settings;
    settings.path = folder_.file("sluice.db");
    settings.reserve_bytes = 0;
    store_ = std::move(*Store::open(settings, calendar_, log_));
    Batch batch;
    batch.cursor = {"journal", 1};
    batch.new_sensors = {{1, "a/b", "°C"}, {2, "c", ""}};
    for (int i = 0; i < kRows; ++i) {
      const std::int64_t at_ms = kNowMs - (kRows - i) * 60'000;
      Reading& reading = batch.readings.emplace_back();
      reading.sensor = static_cast<SensorId>(1 + i % 2);
      reading.time_ms = reading.arrival_ms = at_ms;
      reading.value = i;
    }
    SLUICE_CHECK(store_->commit(batch).ok(), "the rows are stored");
    view_ = std::move(
        *StoreView::open(settings.path, "", calendar_,
                         [this](const std::function<Status(Store&)>& job) { return job(*store_); }));
  }

  StatusSnapshot status() override { return {}; }
  MetricsSnapshot metrics() override { return {}; }
  std::vector<HealthCheck> health() override { return {{"store", true, Vital::kReadiness, ""}}; }
  std::int64_t now_wall_ms() override { return kNowMs; }
  Result<std::string> alerts(std::size_t) override { return alerts_json(*view_, "fuzz"); }
  Result<std::string> events(std::size_t limit) override { return events_json(*view_, "fuzz", limit); }
  Result<std::string> sensors(std::int64_t, std::size_t) override { return std::string("[]"); }
  Result<std::string> readings(const ReadingsQuery& query) override {
    auto json = readings_json(*view_, query);
    if (json.ok()) {
      const auto page = nlohmann::json::parse(*json);
      SLUICE_CHECK(page["readings"].size() <= query.limit, "a page keeps to its limit");
    }
    return json;
  }
  Result<std::string> summaries(std::size_t limit) override { return summaries_json(*view_, limit); }
  Result<std::string> summary(Day day, std::optional<int> revision) override {
    return summary_body(*view_, day, revision);
  }
  Result<std::string> quarantine(const std::string& reason, std::size_t limit) override {
    return quarantine_json(*view_, reason, limit);
  }
  Result<std::string> why(const std::string& sensor, const std::string& rule) override {
    return refused(sensor + rule);
  }
  Result<std::string> outbox(const OutboxSelection& which, std::size_t limit) override {
    return outbox_json(*view_, which, limit);
  }
  Result<std::string> alerts_test(const std::string& name) override { return refused(name); }
  Result<std::string> alerts_test_result(const std::string& test) override { return refused(test); }
  Result<std::string> silences() override { return silences_json(*view_); }
  Result<std::string> silence(const std::string& body) override {
    auto silence = silence_from_request(body);
    if (!silence.ok()) return silence.error();
    const std::string text = silence_to_json(*silence);
    auto again = silence_from_json(text);
    SLUICE_CHECK(again.ok() && silence_to_json(*again) == text, text.c_str());
    return text;
  }
  Result<std::string> unsilence(std::uint64_t id) override { return refused(std::to_string(id)); }
  Result<std::string> upload_now() override { return std::string("{}"); }
  Result<std::string> upload_retry(const OutboxSelection& which) override {
    return count(view_->retry(which));
  }
  Result<std::string> upload_discard(const OutboxSelection& which) override {
    return count(view_->discard(which, kNowMs));
  }
  Result<std::string> store_now() override { return std::string("{\"seq\":1}"); }
  Result<std::string> reload() override { return refused("fuzz:1:1"); }

 private:
  static Result<std::string> refused(const std::string& what) {
    return make_error(ErrorCode::kNotFound, "there is no \"" + what + "\"");
  }
  static Result<std::string> count(const Result<int>& changed) {
    if (!changed.ok()) return changed.error();
    return std::to_string(*changed);
  }
  test::TempFolder folder_;
  Calendar calendar_ = *Calendar::load("Europe/Berlin");
  Log log_{LogLevel::kError, Log::Style::kPlain};
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreView> view_;
};

struct World {
  World() {
    add_routes(router, source);
    SLUICE_CHECK(server.open_unix(folder.file("api.sock")).ok(), "the server listens");
  }
  test::TempFolder folder;
  Source source;
  Router router;
  HttpServer server{router, {4, 1024, 4096, std::chrono::seconds(1)}};
};

// "METHOD PATH", lines "key=value", an empty line, the body.
HttpRequest request_of(std::string_view text) {
  HttpRequest request;
  auto line = [&text] {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view taken = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return taken;
  };
  const std::string_view first = line();
  const std::size_t space = std::min(first.find(' '), first.size());
  request.method = first.substr(0, space);
  request.path = first.substr(std::min(space + 1, first.size()));
  for (std::string_view argument = line(); !argument.empty(); argument = line()) {
    const std::size_t equals = std::min(argument.find('='), argument.size());
    request.query.emplace(argument.substr(0, equals), argument.substr(std::min(equals + 1, argument.size())));
  }
  request.body = text;
  return request;
}

void ask_routes(World& world, std::string_view text) {
  const HttpResponse response = world.router.handle(request_of(text));
  SLUICE_CHECK(response.status >= 200 && response.status < 600 && response.status != 500,
               response.body.c_str());
  if (response.content_type != "application/json") return;
  SLUICE_CHECK(nlohmann::json::accept(response.body), response.body.c_str());
}

void ask_server(World& world, std::string_view bytes) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, world.folder.file("api.sock").c_str());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  SLUICE_CHECK(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "it accepts");
  (void)!::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  ::shutdown(fd, SHUT_WR);
  for (int turn = 0; turn < 3; ++turn) world.server.run_once(std::chrono::milliseconds(0));
  char answer[4096];
  const ssize_t size = ::recv(fd, answer, sizeof answer, MSG_DONTWAIT);
  if (size > 0) {
    SLUICE_CHECK(std::string_view(answer, static_cast<std::size_t>(size)).starts_with("HTTP/1."),
                 "it speaks HTTP");
  }
  ::close(fd);
  world.server.run_once(std::chrono::milliseconds(0));
}

void ask_for_token(std::string_view header) {
  constexpr std::string_view kToken = "correct-horse";
  const bool bearer =
      header.size() > 7 && (header[0] == 'b' || header[0] == 'B') && header.substr(7) == kToken;
  SLUICE_CHECK(bearer || !token_accepted(header, kToken), "nothing but the token is accepted");
  SLUICE_CHECK(!token_accepted(header, ""), "no token is no way in");
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static sluice::World world;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  sluice::ask_for_token(text);
  if (text.starts_with('>')) {
    sluice::ask_server(world, text.substr(1));
  } else {
    sluice::ask_routes(world, text);
  }
  return 0;
}
