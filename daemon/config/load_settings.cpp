// From a file to Settings: bytes → tree → sections → limits that tie sections together.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>

#include "base/sha256.h"
#include "config/quantity.h"
#include "config/sections.h"

namespace sluice {

namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr const char* kSample =
    "the samples sluice.yaml and minimal.yaml are installed with the documentation";

Error too_large(const std::string& file) {
  return make_error(ErrorCode::kInvalid, file + ":1:1: file: is larger than " + size_text(kFileBytesMax) +
                                             "; expected a configuration file; " + kSample);
}

Error unreadable(const std::string& path, int number) {
  std::string advice = "check the path";
  if (number == ENOENT) advice = std::string("name the configuration with --config; ") + kSample;
  if (number == EISDIR) advice = "name the file in it, such as " + path + "/sluice.yaml";
  if (number == EACCES) advice = "chown or chmod it so that the user who runs this can read it";
  return make_error(number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                    path + ": the configuration cannot be read: " + std::strerror(number) + "; " + advice);
}

Result<std::string> read_file(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return unreadable(path, errno);
  std::string text;
  std::string block(64 << 10, '\0');
  ssize_t got = 0;
  while ((got = ::read(fd, block.data(), block.size())) != 0) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    text.append(block, 0, static_cast<std::size_t>(got));
    if (text.size() > kFileBytesMax) break;
  }
  int failed = got < 0 ? errno : 0;
  ::close(fd);
  if (failed != 0) return unreadable(path, failed);
  return text;
}

// The lines from `gateway:` at the margin to the next key there; YAML of its own, whatever is around it.
std::string gateway_section(const std::string& text) {
  std::istringstream lines(text);
  std::string section;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    const bool key = !line.empty() && line[0] != ' ' && line[0] != '\t' && line[0] != '#';
    if (key) inside = line.starts_with("gateway:");
    if (inside) section += line + "\n";
  }
  return section;
}

void load_sections(const YamlNode& document, Settings& settings, LoadContext& context) {
  if (document.kind == YamlNode::Kind::kNull) {
    if (!context.needs_readings) return;
    context.problems.add(document.at, "readings", "the file is empty",
                         std::string("expected at least readings: with one entry; ") + kSample);
    return;
  }
  if (document.kind != YamlNode::Kind::kMap) {
    context.problems.add(document.at, "file", "is not a map of sections",
                         std::string("expected keys such as readings: at the margin; ") + kSample);
    return;
  }
  {
    MapReader root(document, context);
    load_gateway(root, settings);
    load_mqtt(root, settings);
    load_readings(root, settings, context.needs_readings);
    load_derived(root, settings);
    load_notify(root, settings);
    load_alerts(root, settings);
    load_gateway_alerts(root, settings);
    load_store(root, settings);
    load_outputs(root, settings);
  }
  check_together(settings, context);
}

}  // namespace

Result<Settings> parse_settings(const std::string& text, const std::string& name_for_errors, NamedFiles files,
                                ReadingsSection readings, std::vector<Problem>* problems) {
  if (text.size() > kFileBytesMax) return too_large(name_for_errors);
  Settings settings;
  LoadContext context;
  context.check_files = files == NamedFiles::kMustBeReadable;
  context.needs_readings = readings == ReadingsSection::kRequired;
  auto document = parse_yaml(text, context.problems);
  if (document) load_sections(*document, settings, context);
  if (!context.problems.empty()) {
    if (problems != nullptr) *problems = context.problems.in_order();
    return make_error(ErrorCode::kInvalid, context.problems.text(name_for_errors));
  }
  warn_of_no_sensor(settings, context);
  warn_of_pace(settings, context);
  if (context.check_files) warn_of_no_program(settings, context);
  settings.warnings = context.warnings.in_order();
  settings.digest = sha256_hex(text);
  return settings;
}

Result<Settings> load_settings(const std::string& path, NamedFiles files, ReadingsSection readings,
                               std::vector<Problem>* problems) {
  auto text = read_file(path);
  if (!text) return text.error();
  return parse_settings(*text, path, files, readings, problems);
}

Settings::Gateway read_gateway_section(const std::string& path) {
  Settings settings;
  LoadContext context;
  const Result<std::string> text = read_file(path);
  auto document = parse_yaml(text ? gateway_section(*text) : "", context.problems);
  if (!document || document->kind != YamlNode::Kind::kMap) {
    document = YamlNode();
    document->kind = YamlNode::Kind::kMap;
  }
  MapReader root(*document, context);
  load_gateway(root, settings);
  return settings.gateway;
}

std::set<std::string> known_keys() {
  LoadContext context;
  Settings settings;
  auto document = parse_yaml(
      "{readings: [{}], sensors: [{}], derived: [{inputs: {a: {}}}], alerts: [{}], notify: {mqtt: {type: "
      "mqtt}, hook: {type: webhook}, "
      "am: {type: alertmanager}, ha: {type: homeassistant}, run: {type: exec}}, "
      "upload: {to: [{}]}}",
      context.problems);
  load_sections(*document, settings, context);
  return context.keys;
}

}  // namespace sluice
