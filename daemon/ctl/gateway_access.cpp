#include "ctl/gateway_access.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "api/status.h"

namespace sluice {

namespace {

constexpr std::chrono::milliseconds kReadTimeout{10'000};
constexpr std::chrono::milliseconds kPostTimeout{120'000};
constexpr std::chrono::milliseconds kLook{20};  // at whether the daemon has stored
constexpr int kLooksMax = 100;

// What an error answer of the API says; its text as it is when it says nothing.
std::string message_of(const std::string& body) {
  const nlohmann::json json = nlohmann::json::parse(body, nullptr, false);
  const nlohmann::json::json_pointer message("/error/message");
  if (json.is_object() && json.contains(message) && json[message].is_string()) {
    return json[message].get<std::string>();
  }
  return body.substr(0, 200);
}

// For a user who may not open `path`: members of its group may. Where it cannot be seen, the folder around it
// tells.
std::string how_to_open(std::string path) {
  struct stat found {};
  while (::stat(path.c_str(), &found) != 0 && path.find('/') != std::string::npos) {
    path.resize(path.rfind('/'));
  }
  const ::group* owner = found.st_gid == 0 ? nullptr : ::getgrgid(found.st_gid);
  if (owner == nullptr) return "use sudo";
  const std::string name = owner->gr_name;
  return "join the group " + name + " (sudo adduser $USER " + name + ", then log in again), or use sudo";
}

}  // namespace

bool GatewayAccess::allowed() const {
  return ::access(socket_path().c_str(), W_OK) == 0 || errno != EACCES;
}

std::string GatewayAccess::how_to_be_allowed() const {
  return how_to_open(socket_path());
}

Result<std::string> GatewayAccess::ask(const std::string& method, const std::string& path, std::string body) {
  if (!allowed()) {
    return make_error(ErrorCode::kUnavailable,
                      "you may not use " + socket_path() + ": " + how_to_be_allowed());
  }
  if (::access(socket_path().c_str(), F_OK) != 0 && errno == ENOENT) {
    return make_error(ErrorCode::kUnavailable,
                      "there is no " + socket_path() +
                          ": sluiced is not running, or it has a configuration with another runtime_dir");
  }
  HttpClient::Request request;
  request.method = method;
  request.url = "http://sluice" + path;
  request.body = std::move(body);
  request.unix_socket = socket_path();
  request.timeout = method == "GET" ? kReadTimeout : kPostTimeout;
  Result<HttpClient::Response> response = client_.request(request);
  if (!response) return response.error();
  if (response->status == 200) return std::move(response->body);
  const ErrorCode code = response->status == 404 ? ErrorCode::kNotFound : ErrorCode::kRefused;
  return make_error(code, message_of(response->body));
}

Result<std::string> GatewayAccess::read(const std::string& path, const FromView& from_view) {
  Result<std::string> answer = ask("GET", path);
  if (answer || answer.error().code != ErrorCode::kUnavailable) return answer;
  const bool may_ask = allowed();
  Result<std::unique_ptr<StoreView>> view = open_database();
  if (!view && !may_ask) return answer;  // whoever is let in there need not read here
  if (!view) {
    return make_error(ErrorCode::kUnavailable, answer.error().context + "; and " + view.error().context);
  }
  notes_ << "sluicectl: "
         << (may_ask ? "sluiced does not answer (" + answer.error().context + ")" : answer.error().context)
         << "; reading " << database_path() << " instead\n";
  return from_view(**view);
}

Status GatewayAccess::look_for_database() const {
  const std::string path = database_path();
  if (::access(path.c_str(), R_OK) == 0) return {};
  if (errno == ENOENT || errno == ENOTDIR) {
    return make_error(ErrorCode::kNotFound, "there is no database at " + path +
                                                ": sluiced has not run with this configuration yet");
  }
  if (errno == EACCES) {
    return make_error(ErrorCode::kRefused, "you may not read " + path + ": " + how_to_open(path));
  }
  return make_error(ErrorCode::kIo, "cannot read " + path + ": " + std::strerror(errno));
}

Result<std::unique_ptr<StoreView>> GatewayAccess::open_database() {
  if (Status found = look_for_database(); !found.ok()) return found.error();
  Result<Calendar> calendar = Calendar::load(settings_.gateway.timezone);
  if (!calendar) return calendar.error();
  return StoreView::open(database_path(), "", *calendar, OnStore());
}

void GatewayAccess::wait_stored() {
  Result<std::string> asked = ask("POST", "/api/v1/store");
  if (!asked) return;  // it does not run; or is of a version that cannot
  const nlohmann::json json = nlohmann::json::parse(*asked, nullptr, false);
  if (!json.is_object() || !json.contains("seq") || !json["seq"].is_number_unsigned()) return;
  for (int i = 0; i < kLooksMax; ++i) {
    Result<std::string> answer = ask("GET", "/api/v1/status");
    if (!answer) break;
    Result<StatusSnapshot> status = status_from_json(*answer);
    if (!status || status->store.cursor_seq >= json["seq"].get<std::uint64_t>()) return;
    std::this_thread::sleep_for(kLook);
  }
  notes_ << "sluicectl: what came in the last moments is not stored yet, and is missing here\n";
}

}  // namespace sluice
