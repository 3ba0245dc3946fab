#include <nlohmann/json.hpp>

#include "api/status.h"
#include "base/time_text.h"

namespace sluice {

namespace {

using Json = nlohmann::ordered_json;

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

// Walks one object and fills what is there; a member of another type is an error of the whole text.
class Members {
 public:
  Members(const Json& parent, const char* name) {
    auto found = parent.find(name);
    if (found != parent.end() && found->is_object()) object_ = *found;
  }
  explicit Members(const Json& object) : object_(object) {}

  template <class T>
  void get(const char* name, T& value) const {
    auto found = object_.find(name);
    if (found != object_.end() && !found->is_null()) value = found->get<T>();
  }
  template <class T>
  void get(const char* name, std::optional<T>& value) const {
    auto found = object_.find(name);
    if (found != object_.end() && !found->is_null()) value = found->get<T>();
  }

 private:
  Json object_ = Json::object();
};

void read_parts(const Json& json, StatusSnapshot& s) {
  Members top(json);
  top.get("gateway", s.gateway);
  top.get("version", s.version);
  top.get("state", s.state);
  top.get("at_ms", s.at_ms);
  top.get("uptime_ms", s.uptime_ms);
  top.get("counting_ms", s.counting_ms);
  top.get("generation", s.generation);
  Members broker(json, "broker");
  broker.get("state", s.broker.state);
  broker.get("detail", s.broker.detail);
  broker.get("session_present", s.broker.session_present);
  broker.get("round_trip_s", s.broker.round_trip_s);
  broker.get("refused_filters", s.broker.refused_filters);
  broker.get("since_ms", s.broker.since_ms);
  broker.get("connects", s.broker.connects);
  Members intake(json, "intake");
  intake.get("messages", s.intake.messages);
  intake.get("last_message_age_ms", s.intake.last_message_age_ms);
  intake.get("high_water", s.intake.high_water);
  Members journal(json, "journal");
  journal.get("used_bytes", s.journal.used_bytes);
  journal.get("capacity_bytes", s.journal.capacity_bytes);
  journal.get("durability", s.journal.durability);
  journal.get("last_seq", s.journal.last_seq);
  Members engine(json, "engine");
  engine.get("records", s.engine.records);
  engine.get("sensors", s.engine.sensors);
  engine.get("firing", s.engine.firing);
  engine.get("derived_not_finite", s.engine.derived_not_finite);
  engine.get("figures_not_finite", s.engine.figures_not_finite);
  Members store(json, "store");
  store.get("cursor_seq", s.store.cursor_seq);
  store.get("rows", s.store.rows);
  store.get("size_bytes", s.store.size_bytes);
  store.get("transactions", s.store.transactions);
  store.get("write_bytes", s.store.write_bytes);
  store.get("last_commit_age_ms", s.store.last_commit_age_ms);
  store.get("last_error", s.store.last_error);
  store.get("dropped_uncounted", s.store.dropped_uncounted);
  Members days(json, "days");
  days.get("dirty", s.days.dirty);
  days.get("newest_summary", s.days.newest_summary);
  Members outbox(json, "outbox");
  outbox.get("pending", s.outbox.pending);
  outbox.get("parked", s.outbox.parked);
  outbox.get("dropped", s.outbox.dropped);
  outbox.get("oldest_age_ms", s.outbox.oldest_age_ms);
  outbox.get("last_error", s.outbox.last_error);
  Members clock(json, "clock");
  clock.get("trusted", s.clock.trusted);
  clock.get("synchronised", s.clock.synchronised);
  clock.get("since_ms", s.clock.since_ms);
  clock.get("unset_readings", s.clock.unset_rows);
  Members disk(json, "disk");
  disk.get("free_bytes", s.disk.free_bytes);
  Members process(json, "process");
  process.get("resident_bytes", s.process.resident_bytes);
}

void read_certificates(const Json& json, StatusSnapshot& s) {
  auto found = json.find("certificates");
  if (found == json.end() || !found->is_array()) return;
  for (const Json& entry : *found) {
    if (!entry.is_object()) continue;
    StatusSnapshot::Certificate certificate;
    Members members(entry);
    members.get("of", certificate.of);
    members.get("path", certificate.path);
    members.get("end_ms", certificate.end_ms);
    members.get("error", certificate.error);
    s.certificates.push_back(std::move(certificate));
  }
}

void read_channels(const Json& json, StatusSnapshot& s) {
  auto found = json.find("channels");
  if (found == json.end() || !found->is_array()) return;
  for (const Json& entry : *found) {
    if (!entry.is_object()) continue;
    StatusSnapshot::Channel channel;
    Members members(entry);
    members.get("name", channel.name);
    members.get("type", channel.type);
    members.get("failing", channel.failing);
    members.get("waiting", channel.waiting);
    members.get("delivered", channel.delivered);
    members.get("refused", channel.refused);
    members.get("failures", channel.failures);
    members.get("last_error", channel.last_error);
    s.channels.push_back(std::move(channel));
  }
}

void read_problems(const Json& json, StatusSnapshot& s) {
  auto found = json.find("problems");
  if (found == json.end() || !found->is_array()) return;
  for (const Json& entry : *found) {
    if (!entry.is_object()) continue;
    StatusProblem problem;
    Members members(entry);
    members.get("what", problem.what);
    members.get("do", problem.advice);
    s.problems.push_back(std::move(problem));
  }
}

}  // namespace

std::string status_to_json(const StatusSnapshot& s) {
  Json json;
  json["gateway"] = s.gateway;
  json["version"] = s.version;
  json["state"] = s.state;
  json["at"] = format_rfc3339(s.at_ms);
  json["at_ms"] = s.at_ms;
  json["uptime_ms"] = s.uptime_ms;
  json["counting_ms"] = s.counting_ms;
  json["generation"] = s.generation;
  json["broker"] = Json{{"state", s.broker.state},
                        {"detail", s.broker.detail},
                        {"session_present", s.broker.session_present},
                        {"round_trip_s", or_null(s.broker.round_trip_s)},
                        {"refused_filters", s.broker.refused_filters},
                        {"since_ms", s.broker.since_ms},
                        {"connects", s.broker.connects}};
  json["intake"] = Json{{"messages", s.intake.messages},
                        {"last_message_age_ms", or_null(s.intake.last_message_age_ms)},
                        {"high_water", s.intake.high_water}};
  json["journal"] = Json{{"used_bytes", s.journal.used_bytes},
                         {"capacity_bytes", s.journal.capacity_bytes},
                         {"durability", s.journal.durability},
                         {"last_seq", s.journal.last_seq}};
  json["engine"] = Json{{"records", s.engine.records},
                        {"sensors", s.engine.sensors},
                        {"firing", s.engine.firing},
                        {"derived_not_finite", s.engine.derived_not_finite},
                        {"figures_not_finite", s.engine.figures_not_finite}};
  json["store"] =
      Json{{"cursor_seq", s.store.cursor_seq},   {"rows", s.store.rows},
           {"size_bytes", s.store.size_bytes},   {"transactions", s.store.transactions},
           {"write_bytes", s.store.write_bytes}, {"last_commit_age_ms", or_null(s.store.last_commit_age_ms)},
           {"last_error", s.store.last_error},   {"dropped_uncounted", s.store.dropped_uncounted}};
  json["channels"] = Json::array();
  for (const StatusSnapshot::Channel& channel : s.channels) {
    json["channels"].push_back(Json{{"name", channel.name},
                                    {"type", channel.type},
                                    {"failing", channel.failing},
                                    {"waiting", channel.waiting},
                                    {"delivered", channel.delivered},
                                    {"refused", channel.refused},
                                    {"failures", channel.failures},
                                    {"last_error", channel.last_error}});
  }
  json["days"] = Json{{"dirty", s.days.dirty}, {"newest_summary", s.days.newest_summary}};
  json["outbox"] = Json{{"pending", s.outbox.pending},
                        {"parked", s.outbox.parked},
                        {"dropped", s.outbox.dropped},
                        {"oldest_age_ms", or_null(s.outbox.oldest_age_ms)},
                        {"last_error", s.outbox.last_error}};
  json["clock"] = Json{{"trusted", s.clock.trusted},
                       {"synchronised", s.clock.synchronised},
                       {"since_ms", s.clock.since_ms},
                       {"unset_readings", s.clock.unset_rows}};
  json["disk"] = Json{{"free_bytes", s.disk.free_bytes}};
  json["process"] = Json{{"resident_bytes", s.process.resident_bytes}};
  json["certificates"] = Json::array();
  for (const StatusSnapshot::Certificate& certificate : s.certificates) {
    json["certificates"].push_back(Json{{"of", certificate.of},
                                        {"path", certificate.path},
                                        {"end_ms", or_null(certificate.end_ms)},
                                        {"error", certificate.error}});
  }
  json["problems"] = Json::array();
  for (const StatusProblem& problem : s.problems) {
    json["problems"].push_back(Json{{"what", problem.what}, {"do", problem.advice}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<StatusSnapshot> status_from_json(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    if (!json.is_object()) return make_error(ErrorCode::kInvalid, "the status is not a JSON object");
    StatusSnapshot status;
    read_parts(json, status);
    read_channels(json, status);
    read_certificates(json, status);
    read_problems(json, status);
    return status;
  } catch (const Json::exception& failure) {
    return make_error(ErrorCode::kInvalid, std::string("the status cannot be read (") + failure.what() +
                                               "); are sluiced and sluicectl of the same version?");
  }
}

}  // namespace sluice
