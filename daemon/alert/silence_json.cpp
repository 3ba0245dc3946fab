#include "alert/silence_json.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/time_text.h"

namespace sluice {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Silence& silence) {
  Json json;
  if (silence.id != 0) json["id"] = silence.id;
  json["sensor"] = silence.sensor;
  json["alert"] = silence.alert;
  json["labels"] = Json::object();
  for (const auto& [name, value] : silence.labels) json["labels"][name] = value;
  if (silence.id != 0) json["since"] = format_rfc3339(silence.from_ms);
  json["until"] = format_rfc3339(silence.until_ms);
  json["comment"] = silence.comment;
  return json;
}

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

constexpr const char* kMembers[] = {"sensor", "alert", "labels", "until", "comment"};

Error not_right(const std::string& what) {
  return make_error(
      ErrorCode::kInvalid,
      what + R"(; expected such as {"alert":"too-hot","sensor":"hall/+","labels":{"site":"berlin"},)" +
          R"("until":"2026-03-01T12:00:00Z","comment":"painters"}; only until is needed)");
}

}  // namespace

std::string silence_to_json(const Silence& silence) {
  return text_of(json_of(silence));
}

std::string silences_to_json(const std::vector<Silence>& silences) {
  Json list = Json::array();
  for (const Silence& silence : silences) list.push_back(json_of(silence));
  return text_of(list);
}

Result<Silence> silence_from_json(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    Silence silence;
    silence.sensor = json.value("sensor", "#");
    silence.alert = json.value("alert", "");
    silence.labels = json.value("labels", std::map<std::string, std::string>());
    silence.comment = json.value("comment", "");
    auto until = parse_rfc3339(json.at("until").get<std::string>());
    if (!until) return make_error(ErrorCode::kInvalid, "until: expected a time such as 2026-03-01T12:00:00Z");
    silence.until_ms = *until;
    return silence;
  } catch (const nlohmann::json::exception& wrong) {
    return make_error(ErrorCode::kInvalid, std::string("not a silence: ") + wrong.what());
  }
}

Result<Silence> silence_from_request(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return not_right("the body is no JSON object");
  for (const auto& [name, value] : json.items()) {
    if (std::find(std::begin(kMembers), std::end(kMembers), name) == std::end(kMembers)) {
      return not_right("a silence has no member \"" + name + "\"");
    }
    if (name == "labels" ? !value.is_object() : !value.is_string()) {
      return not_right(name + (name == "labels" ? " is no object" : " is no text"));
    }
  }
  const Json labels = json.value("labels", Json::object());
  for (const auto& [name, value] : labels.items()) {
    if (!value.is_string()) return not_right("the label " + name + " is no text");
  }
  if (!json.contains("until")) return not_right("until is missing");
  return silence_from_json(text);
}

}  // namespace sluice
