#include "app/status_problems.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "alert/gateway_alert_settings.h"
#include "alert/rule_explanation.h"
#include "base/counted.h"
#include "base/time_text.h"
#include "decode/topic_filter.h"
#include "model/batch.h"

namespace sluice {

namespace {

constexpr std::int64_t kUnheardMs = 60'000;
constexpr int kIntervalsUnheard = 3;
constexpr std::int64_t kRenewMs = 14LL * 86'400'000;

// Of the names that an entry's sensors may have; a template may make any.
std::string names_of(const ReadingsEntry& entry) {
  if (!entry.sensor.empty()) return "#";
  return entry.fields.empty() || entry.topic.ends_with('#') ? entry.topic : entry.topic + "/+";
}

void problem(StatusSnapshot& s, std::string what, std::string advice) {
  s.problems.push_back({std::move(what), std::move(advice)});
}

void add_broker(StatusSnapshot& s, const ProblemFacts& facts) {
  if (s.broker.state != "up") {
    problem(s, "not subscribed: " + (s.broker.detail.empty() ? s.broker.state : s.broker.detail),
            s.broker.state == "held"
                ? "the journal drains first; see the store below"
                : "check that the broker at " + facts.settings.mqtt.uri + " runs and accepts us");
  }
  if (s.broker.state == "up" && facts.starved) {
    problem(s, "heartbeats do not come back from the broker",
            "let its access control list allow the gateway to read and write sluice/" +
                facts.settings.gateway.id + "/heartbeat");
  }
  for (const std::string& filter : s.broker.refused_filters) {
    problem(s, "the broker refused the subscription " + filter, "check the broker's access control list");
  }
}

// Within this connection: what was heard before says nothing about what the broker lets us read now.
void add_unheard(StatusSnapshot& s, const ProblemFacts& facts) {
  if (s.broker.state != "up") return;
  const std::int64_t up_for_ms = s.at_ms - s.broker.since_ms;
  const std::vector<ReadingsEntry>& entries = facts.settings.decode.readings;
  for (std::size_t i = 0; i < std::min(entries.size(), facts.heard_boot_ms.size()); ++i) {
    const std::int64_t heard_ms = facts.heard_boot_ms[i];
    if (up_for_ms < unheard_after_ms(facts.settings.decode, entries[i])) continue;
    if (heard_ms > 0 && facts.now.boot_ms - heard_ms < up_for_ms) continue;
    problem(
        s,
        "no message on " + entries[i].topic + " since we subscribed " + format_duration(up_for_ms) + " ago",
        "check that its sensors publish, the filter (sluicectl discover), and the broker's access "
        "control list");
  }
}

void add_cut_windows(StatusSnapshot& s, const ProblemFacts& facts) {
  for (const CutWindow& cut : facts.cut_windows) {
    const std::string others = cut.sensors > 1 ? " and " + counted(cut.sensors - 1, "other") : "";
    problem(
        s,
        "alert " + cut.alert + " sees less than its window, of " + cut.sensor + others + ": " + cut_text(cut),
        cut_advice(cut) + "; until then it may never fire, or be wrong");
  }
}

void add_certificates(StatusSnapshot& s) {
  for (const StatusSnapshot::Certificate& certificate : s.certificates) {
    const std::string name = certificate.of + " " + certificate.path;
    if (!certificate.end_ms) {
      problem(s, certificate.of + ": " + certificate.error, "put a certificate there, then sluicectl reload");
    } else if (*certificate.end_ms <= s.at_ms) {
      problem(s, name + " has expired", "renew it, then sluicectl reload");
    } else if (*certificate.end_ms - s.at_ms < kRenewMs) {
      problem(s, name + " expires in " + format_duration(*certificate.end_ms - s.at_ms),
              "renew it, then sluicectl reload");
    }
  }
}

// What has no line of its own in a status.
void add_standing(StatusSnapshot& s, const ProblemFacts& facts) {
  static constexpr std::array<std::string_view, 6> kOwn = {"broker-down",   "subscription-refused",
                                                           "journal-full",  "journal-damaged",
                                                           "store-failing", "clock-unset"};
  for (const AlertEvent& event : facts.standing) {
    const GatewayAlertKind* kind = find_gateway_alert(event.alert);
    if (event.sensor != kGatewaySensorName || kind == nullptr) continue;
    if (std::find(kOwn.begin(), kOwn.end(), event.alert) != kOwn.end()) continue;
    problem(s, event.message, std::string(kind->advice));
  }
}

void add_outputs(StatusSnapshot& s, const ProblemFacts& facts) {
  for (const auto& [sink, items] : s.outbox.waiting) {
    const auto& sinks = facts.settings.upload.to;
    if (std::any_of(sinks.begin(), sinks.end(),
                    [&sink = sink](const SinkSettings& to) { return to.name == sink; }))
      continue;
    problem(s, counted(items, "upload") + " for sink " + sink + ", which upload.to does not have",
            "name a sink " + sink + " there, or sluicectl upload discard --sink " + sink +
                " --yes; their days keep their readings until upload.keep");
  }
  if (s.outbox.parked > 0) {
    problem(s, counted(s.outbox.parked, "upload") + " refused for good",
            "sluicectl upload status tells why; correct it there, then sluicectl upload retry");
  }
  if (!s.outbox.last_error.empty())
    problem(s, "uploads wait: " + s.outbox.last_error, "they are retried; sluicectl upload status");
  for (const StatusSnapshot::Channel& channel : s.channels) {
    if (!channel.failing && channel.waiting == 0) continue;
    std::string what = "channel " + channel.name;
    if (channel.failing) what += " cannot be told: " + channel.last_error;
    if (channel.waiting > 0) {
      what += (channel.failing ? "; " : ": ") + counted(channel.waiting, "alert") + " waiting";
    }
    problem(s, std::move(what), "check the channel under notify, then sluicectl alerts test " + channel.name);
  }
}

}  // namespace

std::int64_t unheard_after_ms(const DecodeSettings& decode, const ReadingsEntry& entry) {
  const std::string names = names_of(entry);
  std::int64_t after_ms = kUnheardMs;
  for (const SensorEntry& sensor : decode.sensors) {
    if (sensor.every && filters_overlap(sensor.sensor, names))
      after_ms = std::max<std::int64_t>(after_ms, kIntervalsUnheard * sensor.every->count());
  }
  return after_ms;
}

void add_problems(StatusSnapshot& s, const ProblemFacts& facts) {
  add_broker(s, facts);
  add_unheard(s, facts);
  if (!s.store.last_error.empty()) {
    problem(s, "cannot store: " + s.store.last_error,
            "free space in " + facts.settings.gateway.state_dir + " or replace the card");
  }
  add_standing(s, facts);
  if (!facts.journal_damage.empty()) {
    problem(s, facts.journal_damage,
            "readings acknowledged before the last stop may be missing; check the disk");
  }
  if (!s.clock.trusted)
    problem(s,
            "the clock is not trusted yet: " + counted(s.clock.unset_rows, "reading") +
                " waiting to be moved to their time, and no day is summed",
            "set up NTP (timedatectl), or set clock.trust: always");
  add_cut_windows(s, facts);
  add_outputs(s, facts);
  add_certificates(s);
}

}  // namespace sluice
