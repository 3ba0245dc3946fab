// gateway: who and where this machine is. log: how much it says.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "base/calendar.h"
#include "config/host_id.h"
#include "config/names.h"
#include "config/sections.h"

namespace sluice {

namespace {

constexpr std::size_t kIdBytesMax = 63;
constexpr std::size_t kSocketPathBytesMax = 107;  // sun_path of unix(7) and its NUL

bool is_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

bool is_id(const std::string& text) {
  for (char c : text) {
    if (!is_id_character(c)) return false;
  }
  return !text.empty() && text.size() <= kIdBytesMax;
}

std::string id_of_this_host() {
  std::array<char, 256> name{};
  (void)::gethostname(name.data(), name.size() - 1);  // without one, as with an empty one
  return id_of_host(name.data());
}

// The zone that was meant, from the system's table of zones: a city alone is enough.
std::string nearest_zone(const std::string& meant) {
  std::ifstream table("/usr/share/zoneinfo/zone1970.tab");
  std::vector<std::string> zones;
  std::vector<std::string> cities;
  for (std::string line; std::getline(table, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream columns(line);
    std::string country, coordinates, zone;
    if (!(columns >> country >> coordinates >> zone)) continue;
    zones.push_back(zone);
    cities.push_back(zone.substr(zone.rfind('/') + 1));
  }
  if (std::string zone = nearest(meant, zones); !zone.empty()) return zone;
  std::string city = nearest(meant, cities);
  for (std::size_t i = 0; i < cities.size() && !city.empty(); ++i) {
    if (cities[i] == city) return zones[i];
  }
  return "";
}

void load_timezone(MapReader& gateway, std::string& timezone) {
  timezone = Calendar::system_zone_name();
  if (!Calendar::load(timezone).ok()) timezone = "UTC";
  std::string named;
  if (!gateway.text("timezone", named)) return;
  if (Calendar::load(named).ok()) {
    timezone = named;
  } else {
    gateway.wrong("timezone", "there is no time zone " + in_quotes(named),
                  "expected an IANA name such as Europe/Berlin (timedatectl list-timezones lists them)",
                  nearest_zone(named));
  }
}

}  // namespace

void load_gateway(MapReader& root, Settings& settings) {
  root.map("gateway", [&](MapReader& gateway) {
    settings.gateway.id = id_of_this_host();
    if (gateway.text("id", settings.gateway.id) && !is_id(settings.gateway.id)) {
      gateway.wrong("id", "is " + in_quotes(settings.gateway.id),
                    "expected 1 to 63 lower-case letters, digits and dashes", id_from(settings.gateway.id));
    }
    load_timezone(gateway, settings.gateway.timezone);
    gateway.path("state_dir", settings.gateway.state_dir);
    if (gateway.path("runtime_dir", settings.gateway.runtime_dir) &&
        settings.gateway.runtime_dir.size() + std::string("/api.sock").size() > kSocketPathBytesMax) {
      gateway.wrong("runtime_dir", "is too long for the path of a socket",
                    "expected at most 98 bytes, because the socket is runtime_dir/api.sock");
    }
  });
  settings.alerts.gateway = settings.gateway.id;
  settings.upload.gateway = settings.gateway.id;
  root.map("log", [&](MapReader& log) { log.choice("level", settings.log_level, log_level_words()); });
}

}  // namespace sluice
