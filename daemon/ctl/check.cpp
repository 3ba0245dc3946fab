#include <charconv>
#include <nlohmann/json.hpp>

#include "alert/rule_sentence.h"
#include "app/sink_trial.h"
#include "config/describe.h"
#include "config/yaml_tree.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "decode/derived_sensor.h"

namespace sluice {

namespace {

using Json = nlohmann::ordered_json;

std::string dumped(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json place(int number) {
  return number == 0 ? Json(nullptr) : Json(number);
}

std::vector<Problem> warnings_of(const Settings& settings) {
  std::vector<Problem> warnings = settings.warnings;
  for (Problem& fault : try_file_sinks(settings, SinkTrial::kByATool)) warnings.push_back(std::move(fault));
  return warnings;
}

Json list_of(const std::string& file, const std::vector<Problem>& problems) {
  Json list = Json::array();
  for (const Problem& problem : problems) {
    list.push_back({{"file", file},
                    {"line", place(problem.at.line)},
                    {"column", place(problem.at.column)},
                    {"path", problem.key},
                    {"message", problem.message}});
  }
  return list;
}

Json scalar(const YamlNode& node) {
  if (node.quoted) return node.text;
  if (node.text == "true" || node.text == "false") return node.text == "true";
  double value = 0;
  const char* end = node.text.data() + node.text.size();
  const auto [rest, error] = std::from_chars(node.text.data(), end, value);
  if (error != std::errc{} || rest != end) return node.text;
  const bool whole = node.text.find_first_of(".eE") == std::string::npos;
  return whole ? Json(static_cast<std::int64_t>(value)) : Json(value);
}

Json json_of(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return nullptr;
    case YamlNode::Kind::kText:
      return scalar(node);
    case YamlNode::Kind::kList: {
      Json list = Json::array();
      for (const YamlNode& child : node.children) list.push_back(json_of(child));
      return list;
    }
    case YamlNode::Kind::kMap:
      break;
  }
  Json map = Json::object();
  for (const YamlNode& child : node.children) map[child.key] = json_of(child);
  return map;
}

Json settings_json(const Settings& settings) {
  Problems none;
  const auto tree = parse_yaml(describe(settings), none);
  return tree ? json_of(*tree) : Json(nullptr);
}

std::string fine_json(const CommandContext& context) {
  const Settings& settings = context.settings;
  Json json{{"configuration", "fine"},
            {"digest", settings.digest},
            {"warnings", list_of(context.line.config, warnings_of(settings))}};
  if (context.line.explain) {
    json["alerts"] = Json::array();
    for (const Rule& rule : settings.alerts.rules) {
      json["alerts"].push_back({{"name", rule.name}, {"explanation", explain(rule)}});
    }
  }
  if (context.line.verbose) json["settings"] = settings_json(settings);
  return dumped(json);
}

}  // namespace

std::string wrong_json(const std::string& file, const Error& error, const std::vector<Problem>& problems) {
  Json errors = list_of(file, problems);
  if (problems.empty()) {  // there is no text to have a place in
    errors.push_back({{"file", file},
                      {"line", nullptr},
                      {"column", nullptr},
                      {"path", nullptr},
                      {"message", error.context}});
  }
  return dumped(Json{{"configuration", "wrong"}, {"errors", std::move(errors)}});
}

// A wrong configuration does not get here: run_command() has read it.
int run_check(const CommandContext& context) {
  if (context.line.json) {
    context.out << fine_json(context);
    return kExitFine;
  }
  for (const Problem& warning : warnings_of(context.settings)) {
    context.err << "warning: " << line_of(context.line.config, warning) << "\n";
  }
  context.out << "configuration is fine\n";
  if (context.line.explain) {
    for (const DerivedSensor& derived : context.settings.decode.derived)
      context.out << explain(derived) << "\n";
    for (const Rule& rule : context.settings.alerts.rules) context.out << explain(rule) << "\n";
  }
  if (context.line.verbose) context.out << describe(context.settings);
  return kExitFine;
}

}  // namespace sluice
