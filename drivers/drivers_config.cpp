#include "drivers/drivers_config.h"

#include <algorithm>
#include <fstream>

#include "drivers/config_section.h"
#include "drivers/driver_list.h"

namespace sluice::drivers {

namespace {

std::string read_password(ConfigSection& mqtt) {
  std::string path = mqtt.text("password_file", "");
  if (path.empty()) return "";
  std::ifstream stream(path);
  std::string password;
  if (!std::getline(stream, password))
    mqtt.reject("password_file", "the password file '" + path +
                                     "' cannot be read or is empty; check the path and its permissions");
  return password;
}

MqttSettings read_mqtt(ConfigSection section, ConfigSection buffer) {
  MqttSettings mqtt;
  mqtt.broker = section.text("broker", mqtt.broker);
  if (!mqtt.broker.starts_with("mqtt://") && !mqtt.broker.starts_with("mqtts://"))
    section.reject("broker",
                   "'broker' is '" + mqtt.broker + "'; expected mqtt://host:port, or mqtts:// for TLS");
  mqtt.client_id = section.text("client_id", mqtt.client_id);
  mqtt.username = section.text("username", "");
  mqtt.password = read_password(section);
  mqtt.qos = static_cast<int>(section.integer("qos", mqtt.qos, 0, 2));
  const std::int64_t keepalive_s = section.duration_ms("keepalive", mqtt.keepalive_s * 1000) / 1000;
  if (keepalive_s < 1 || keepalive_s > 65535) section.reject("keepalive", "'keepalive' needs 1s to 18h");
  mqtt.keepalive_s = static_cast<int>(keepalive_s);
  auto in_flight = static_cast<std::int64_t>(mqtt.buffer.in_flight);
  mqtt.buffer.in_flight = static_cast<std::size_t>(section.integer("in_flight", in_flight, 1, 10'000));
  ConfigSection tls = section.section("tls");
  mqtt.ca_file = tls.text("ca", "");
  mqtt.cert_file = tls.text("cert", "");
  mqtt.key_file = tls.text("key", "");

  auto messages = static_cast<std::int64_t>(mqtt.buffer.messages);
  mqtt.buffer.messages = static_cast<std::size_t>(buffer.integer("messages", messages, 10, 10'000'000));
  mqtt.buffer.bytes =
      static_cast<std::size_t>(buffer.bytes("size", static_cast<std::int64_t>(mqtt.buffer.bytes)));
  if (mqtt.buffer.messages <= mqtt.buffer.in_flight)
    buffer.reject("messages",
                  "'messages' must be above mqtt.in_flight, " + std::to_string(mqtt.buffer.in_flight));
  return mqtt;
}

std::vector<NamedDriver> read_drivers(ConfigSection& root, Log& log) {
  std::vector<NamedDriver> drivers;
  for (ConfigSection& section : root.list("drivers")) {
    std::string kind = section.required_text("driver");
    std::string name = section.text("name", kind);
    std::unique_ptr<Driver> driver = make_driver(kind, section, log);
    if (!driver && !kind.empty())
      section.reject("driver", "there is no driver '" + kind + "'; expected one of " + driver_names());
    auto same_name = [&name](const NamedDriver& other) { return other.name == name; };
    if (std::any_of(drivers.begin(), drivers.end(), same_name))
      section.reject("name", "two drivers are called '" + name + "'; give each its own 'name'");
    if (driver) drivers.push_back({name, std::move(driver)});
  }
  return drivers;
}

Result<DriversConfig> read_config(ConfigFile& file, Log& log) {
  ConfigSection root = file.root();
  DriversConfig config;
  ConfigSection mqtt = root.section("mqtt");
  config.mqtt = read_mqtt(mqtt, root.section("buffer"));
  ConfigSection log_section = root.section("log");
  std::string level = log_section.one_of("level", {"info", "debug", "warning", "error"}, "info");
  if (Result<LogLevel> parsed = parse_log_level(level)) config.log_level = *parsed;
  config.drivers = read_drivers(root, log);
  if (!root.has("drivers")) root.reject("drivers", "'drivers' is required: a list of what to run");
  if (Status finished = file.finish(); !finished) return finished.error();
  return config;
}

}  // namespace

Result<DriversConfig> load_config(const std::string& path, Log& log) {
  Result<std::unique_ptr<ConfigFile>> file = ConfigFile::load(path);
  if (!file) return file.error();
  return read_config(**file, log);
}

Result<DriversConfig> parse_config(const std::string& text, const std::string& name, Log& log) {
  Result<std::unique_ptr<ConfigFile>> file = ConfigFile::parse(text, name);
  if (!file) return file.error();
  return read_config(**file, log);
}

}  // namespace sluice::drivers
