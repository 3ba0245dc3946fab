// gateway_alerts: what is told of the gateway itself, to whom, and after how long.
#include <algorithm>

#include "config/sections.h"

namespace sluice {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  names.reserve(std::size(kGatewayAlertKinds));
  for (const GatewayAlertKind& kind : kGatewayAlertKinds) names.emplace_back(kind.name);
  return names;
}

// A list of names out of `known`.
void load_names(MapReader& reader, const std::string& key, const std::vector<std::string>& known,
                const std::string& what, std::vector<std::string>& out) {
  std::vector<std::string> named;
  bool given = reader.each_text(key, [&](const std::string& name, Position at) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      reader.wrong_at(at, key, "there is no " + what + " " + in_quotes(name), "expected " + listed(known),
                      nearest(name, known));
    } else {
      named.push_back(name);
    }
  });
  if (given) out = named;
}

}  // namespace

void load_gateway_alerts(MapReader& root, Settings& settings) {
  GatewayAlertSettings& alerts = settings.gateway_alerts;
  std::vector<std::string> channels;
  for (const NotifyEntry& channel : settings.notify) channels.push_back(channel.name);
  root.map("gateway_alerts", [&](MapReader& reader) {
    load_names(reader, "notify", channels, "channel", alerts.notify);
    load_names(reader, "off", kind_names(), "alert about the gateway", alerts.off);
    reader.map("for", [&](MapReader& holds) {
      for (const GatewayAlertKind& kind : kGatewayAlertKinds) {
        if (kind.hold == kPassing) continue;
        const std::string name(kind.name);
        alerts.hold[name] = kind.hold;
        holds.duration(name, alerts.hold[name], milliseconds(0), hours(24));
      }
    });
  });
}

}  // namespace sluice
