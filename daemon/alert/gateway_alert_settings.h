// The alerts that a gateway raises about itself, and what the configuration says of them. Filled by config/,
// used by GatewayConditions. A row here is a name that app/condition_board.h may be given.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

struct GatewayAlertKind {
  std::string_view name;
  std::string_view severity;
  // How long it has to hold before it is told of; kPassing: it happened once, and stands for kPassingFor.
  std::chrono::milliseconds hold;
  std::string_view meaning;
  std::string_view advice;
};

inline constexpr std::chrono::milliseconds kPassing{-1};
inline constexpr std::chrono::milliseconds kPassingFor{3600 * 1000};

inline constexpr std::array kGatewayAlertKinds = {
    GatewayAlertKind{"broker-down", "warning", std::chrono::minutes(2), "not subscribed at the broker",
                     "check that the broker runs and accepts us"},
    GatewayAlertKind{"taken-over", "critical", std::chrono::seconds(0),
                     "another client seems to use our client id",
                     "give each gateway its own gateway.id and mqtt.client_id"},
    GatewayAlertKind{"subscription-refused", "warning", std::chrono::minutes(1),
                     "the broker refuses a subscription", "check the broker's access list"},
    GatewayAlertKind{"session-lost", "warning", kPassing, "the broker has forgotten our session",
                     "check the broker's persistence and mqtt.session_expiry"},
    GatewayAlertKind{"journal-full", "warning", std::chrono::minutes(1),
                     "intake is held: the journal is above high water",
                     "see why the store is behind; the broker keeps the backlog meanwhile"},
    GatewayAlertKind{"journal-damaged", "critical", kPassing, "a part of the journal cannot be read",
                     "check the disk: readings acknowledged before the last stop may be missing"},
    GatewayAlertKind{"journal-elsewhere", "warning", std::chrono::seconds(0),
                     "gateway.runtime_dir has no room for the journal, which is in gateway.state_dir now",
                     "make room there and restart; on a card the journal wears it meanwhile"},
    GatewayAlertKind{"disk-full", "critical", std::chrono::seconds(0), "no space is left for the database",
                     "free space where gateway.state_dir is, or lower store.retention or store.max_size"},
    GatewayAlertKind{"store-failing", "critical", std::chrono::seconds(10), "the database cannot be written",
                     "check the disk under gateway.state_dir, and replace the card if it fails"},
    GatewayAlertKind{"readings-dropped", "critical", std::chrono::seconds(0),
                     "readings are given up because they cannot be stored",
                     "mend the disk; the ledger counts them as dropped once it can be written"},
    GatewayAlertKind{"database-damaged", "critical", kPassing,
                     "the database was damaged and has been moved aside",
                     "look at sluice.db.corrupt-* in gateway.state_dir, and check the disk"},
    GatewayAlertKind{"reload-failed", "warning", kPassing, "a new configuration could not be used",
                     "correct what the text says, and reload again"},
    GatewayAlertKind{
        "upload-dropped", "critical", kPassing, "summaries waited longer than upload.keep and were given up",
        "see why the receiver takes nothing (sluicectl upload status), then send them again from "
        "the database (sluicectl summary)"},
    GatewayAlertKind{"readings-removed", "critical", kPassing,
                     "store.max_size forced readings out that no delivered summary holds",
                     "raise store.max_size, or see why summaries are not delivered"},
    GatewayAlertKind{"layers-differ", "critical", kPassing,
                     "a day's stored readings are not those that were counted on arrival",
                     "run sluicectl audit, and look at layers_differ in the day's summary"},
    GatewayAlertKind{"clock-unset", "warning", std::chrono::minutes(20), "the clock is not trusted",
                     "set up NTP (timedatectl), or set clock.trust: always"},
    GatewayAlertKind{
        "sensor-clock", "warning", std::chrono::seconds(0), "a sensor's own clock seems to be wrong",
        "set that clock, or leave `time` out of its entry of readings; if its readings may be so "
        "late, raise alerting.max_age"},
};

constexpr const GatewayAlertKind* find_gateway_alert(std::string_view name) {
  for (const GatewayAlertKind& kind : kGatewayAlertKinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

struct GatewayAlertSettings {
  std::vector<std::string> notify{"mqtt"};                // names of `notify` entries
  std::vector<std::string> off;                           // names that nobody wants to hear of
  std::map<std::string, std::chrono::milliseconds> hold;  // by name, where it differs from the kind's

  std::chrono::milliseconds hold_of(const GatewayAlertKind& kind) const {
    auto found = hold.find(std::string(kind.name));
    return found == hold.end() ? kind.hold : found->second;
  }
};

}  // namespace sluice
