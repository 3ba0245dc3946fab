#include "config/describe.h"

#include "base/url.h"
#include "config/names.h"
#include "config/quantity.h"
#include "config/yaml_writer.h"

namespace sluice {

namespace {

// A value without {token} may be a secret that somebody wrote into the file.
std::map<std::string, std::string> without_secrets(std::map<std::string, std::string> headers) {
  for (auto& [name, value] : headers) {
    if (value.find("{token}") == std::string::npos) value = "***";
  }
  return headers;
}

void write_tls(YamlWriter& out, const std::string& ca, const std::string& cert, const std::string& key) {
  out.map("tls", [&] {
    out.text("ca", ca);
    out.text("cert", cert);
    out.text("key", key);
  });
}

void write_gateway(YamlWriter& out, const Settings& settings) {
  out.map("gateway", [&] {
    out.text("id", settings.gateway.id);
    out.text("timezone", settings.gateway.timezone);
    out.text("state_dir", settings.gateway.state_dir);
    out.text("runtime_dir", settings.gateway.runtime_dir);
  });
}

void write_mqtt(YamlWriter& out, const BrokerSettings& mqtt) {
  out.map("mqtt", [&] {
    out.text("broker", url_shown(mqtt.uri));
    out.text("client_id", mqtt.client_id);
    out.word("protocol", word_of(protocol_words(), mqtt.protocol));
    out.duration("keepalive", mqtt.keepalive);
    out.duration("session_expiry", mqtt.session_expiry);
    out.duration("heartbeat", mqtt.heartbeat);
    out.number("receive_maximum", mqtt.receive_maximum);
    out.size("max_payload", mqtt.max_payload_bytes);
    out.text("username", mqtt.username);
    out.text("password_file", mqtt.password_file);
    write_tls(out, mqtt.tls_ca_file, mqtt.tls_cert_file, mqtt.tls_key_file);
  });
}

void write_readings(YamlWriter& out, const DecodeSettings& decode) {
  out.list("readings", decode.readings, [&](const ReadingsEntry& entry) {
    out.text("topic", entry.topic);
    out.number("qos", entry.qos);
    out.word("format", word_of(payload_format_words(), entry.format));
    out.text("value", entry.value);
    out.text("time", entry.time);
    out.word("time_format", word_of(time_format_words(), entry.time_format));
    out.texts("fields", entry.fields);
    out.text("each", entry.each);
    out.text("sensor", entry.sensor);
    out.members("states", entry.states);
    out.text("unit", entry.unit);
    out.text("unit_at", entry.unit_at);
    out.word("retained", word_of(retained_words(), entry.retained));
  });
  out.list("sensors", decode.sensors, [&](const SensorEntry& entry) {
    out.text("sensor", entry.sensor);
    if (entry.scale) out.real("scale", *entry.scale);
    if (entry.offset) out.real("offset", *entry.offset);
    if (entry.plausible) out.reals("plausible", {entry.plausible->first, entry.plausible->second});
    out.reals("invalid", entry.invalid);
    if (entry.every) out.duration("every", *entry.every);
    if (entry.kind) out.word("kind", word_of(sensor_kind_words(), *entry.kind));
    if (entry.unit) out.text("unit", *entry.unit);
    out.members("labels", entry.labels);
  });
  out.list("derived", decode.derived, [&](const DerivedSensor& entry) {
    out.text("name", entry.name);
    out.text("value", entry.value);
    out.text("unit", entry.unit);
    out.map("inputs", [&] {
      for (const DerivedInput& input : entry.inputs) {
        out.map(input.name, [&] {
          out.text("sensor", input.sensor);
          out.duration("within", input.within);
        });
      }
    });
  });
}

void write_comparison(YamlWriter& out, ConditionKind kind, double low, double high) {
  switch (kind) {
    case ConditionKind::kAbove:
      return out.real("above", high);
    case ConditionKind::kBelow:
      return out.real("below", low);
    case ConditionKind::kOutside:
      return out.reals("outside", {low, high});
    case ConditionKind::kInside:
      return out.reals("inside", {low, high});
    case ConditionKind::kEquals:
      return out.real("equals", low);
    case ConditionKind::kNotEquals:
      return out.real("not_equals", low);
    case ConditionKind::kSilentFor:
    case ConditionKind::kMissingRatio:
      return;
  }
}

// Conditions with keys of their own; false: it is a comparison.
bool write_own_condition(YamlWriter& out, const Rule& rule) {
  if (rule.kind == ConditionKind::kSilentFor) {
    out.duration("silent_for", rule.silent_for);
  } else if (rule.kind == ConditionKind::kMissingRatio) {
    out.map("missing_ratio", [&] {
      out.real("above", rule.high);
      out.duration("within", rule.window);
    });
  } else if (rule.measure == Measure::kSteady) {
    out.duration("stuck_for", rule.window);
    out.real("tolerance", rule.tolerance);
  } else if (rule.measure == Measure::kChange) {
    out.map("changes_by", [&] {
      out.real("more_than", rule.high);
      out.duration("within", rule.window);
    });
  } else if (rule.measure == Measure::kRate) {
    out.map("rate", [&] {
      write_comparison(out, rule.kind, rule.low, rule.high);
      out.duration("per", rule.per);
      out.duration("within", rule.window);
    });
  } else if (rule.measure == Measure::kCount) {
    out.map("count", [&] {
      out.map("of", [&] { write_comparison(out, rule.of.kind, rule.of.low, rule.of.high); });
      out.number("more_than", static_cast<std::int64_t>(rule.high));
      out.duration("within", rule.window);
    });
  } else {
    return false;
  }
  return true;
}

void write_condition(YamlWriter& out, const Rule& rule) {
  if (write_own_condition(out, rule)) return;
  if (rule.measure != Measure::kValue) {
    out.map("over", [&] {
      out.word("function", word_of(window_function_words(), rule.measure));
      out.duration("window", rule.window);
      if (rule.every.count() > 0) out.duration("every", rule.every);
      if (rule.every.count() > 0) out.duration("lateness", rule.lateness);
    });
  }
  if (rule.levels.empty()) return write_comparison(out, rule.kind, rule.low, rule.high);
  out.list("levels", rule.levels, [&](const Level& level) {
    out.text("severity", level.severity);
    out.real(rule.kind == ConditionKind::kAbove ? "above" : "below", level.limit);
    if (level.clear) out.real("clear", *level.clear);
  });
}

void write_hours(YamlWriter& out, const std::string& key, const std::vector<WeekHours>& hours) {
  static const char* const kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  if (hours.empty()) return;
  out.list(key, hours, [&](const WeekHours& entry) {
    std::vector<std::string> days;
    for (int day = 0; day < 7; ++day) {
      if (entry.days >> day & 1) days.emplace_back(kDays[day]);
    }
    out.texts("days", days);
    out.text("hours",
             time_of_day_text(entry.from_minutes) + "-" + time_of_day_text(entry.to_minutes % (24 * 60)));
  });
}

void write_steadiness(YamlWriter& out, const Rule& rule) {
  out.duration("for", rule.hold);
  out.duration("keep_firing_for", rule.keep_firing_for);
  out.duration("repeat", rule.repeat);
  if (rule.flap_changes > 0) {
    out.map("flap", [&] {
      out.number("changes", rule.flap_changes);
      out.duration("within", rule.flap_within);
    });
  }
  write_hours(out, "active", rule.active);
  write_hours(out, "mute", rule.mute);
  std::vector<std::string> accepted;
  for (const auto& [word, flag] : accept_words()) {
    if (rule.accept & flag) accepted.push_back(word);
  }
  out.texts("accept", accepted);
}

void write_channel(YamlWriter&, const MqttChannelSettings&) {}

void write_http(YamlWriter& out, const HttpPostSettings& http) {
  out.text("url", url_shown(http.url));
  out.members("headers", without_secrets(http.headers));
  out.text("token_file", http.token_file);
  write_tls(out, http.tls.ca, http.tls.cert, http.tls.key);
  out.duration("timeout", http.timeout);
}

void write_channel(YamlWriter& out, const WebhookSettings& webhook) {
  write_http(out, webhook.http);
}

void write_channel(YamlWriter& out, const AlertmanagerSettings& alertmanager) {
  write_http(out, alertmanager.http);
  out.duration("refresh", alertmanager.refresh);
}

void write_channel(YamlWriter& out, const HomeAssistantSettings& settings) {
  out.text("prefix", settings.prefix);
  out.duration("every", settings.every);
  out.duration("forget", settings.forget);
  out.number("entities", static_cast<std::int64_t>(settings.entities));
}

void write_channel(YamlWriter& out, const ExecSettings& exec) {
  out.texts("command", exec.command);
  out.duration("timeout", exec.timeout);
  out.number("parallel", static_cast<std::int64_t>(exec.parallel));
}

void write_alerts(YamlWriter& out, const Settings& settings) {
  out.map("notify", [&] {
    for (const NotifyEntry& channel : settings.notify) {
      out.map(YamlWriter::quoted(channel.name), [&] {
        out.word("type", channel.type());
        std::visit([&](const auto& settings) { write_channel(out, settings); }, channel.channel);
      });
    }
  });
  out.map("alerting", [&] {
    out.duration("max_age", settings.alerts.max_age);
    out.number("window_samples", static_cast<std::int64_t>(settings.alerts.window_samples));
  });
  out.list("alerts", settings.alerts.rules, [&](const Rule& rule) {
    out.text("name", rule.name);
    out.text("sensor", rule.sensor);
    write_condition(out, rule);
    if (rule.clear) out.real("clear", *rule.clear);
    write_steadiness(out, rule);
    if (rule.levels.empty()) out.text("severity", rule.severity);
    out.members("labels", rule.labels);
    out.texts("notify", rule.notify);
    out.text("message", rule.message);
  });
  out.map("gateway_alerts", [&] {
    out.texts("notify", settings.gateway_alerts.notify);
    out.texts("off", settings.gateway_alerts.off);
    out.map("for", [&] {
      for (const auto& [name, hold] : settings.gateway_alerts.hold) out.duration(name, hold);
    });
  });
}

void write_store(YamlWriter& out, const Settings& settings) {
  out.map("store", [&] {
    out.word("durability", word_of(durability_words(), settings.store.durability));
    out.size("journal_size", settings.store.journal_size_bytes);
    out.duration("flush", settings.store.flush);
    out.number("flush_rows", settings.store.flush_rows);
    out.duration("retention", settings.store.retention);
    out.size("max_size", settings.store.max_size_bytes);
    out.number("quarantine", settings.store.quarantine);
    out.size("reserve", settings.store.reserve_bytes);
  });
  out.map("clock", [&] {
    out.word("trust", word_of(trust_words(), settings.clock.trust));
    out.duration("wait", settings.clock.wait);
    out.duration("max_future", settings.decode.max_future);
  });
  out.map("summary", [&] {
    out.duration("close_after", settings.summary.close_after);
    out.duration("reopen", settings.summary.reopen);
    out.duration("keep", settings.summary.keep);
    std::vector<std::string> statistics;
    for (Statistic statistic : settings.summary.statistics)
      statistics.push_back(word_of(statistic_words(), statistic));
    out.texts("statistics", statistics);
  });
}

void write_outputs(YamlWriter& out, const Settings& settings) {
  out.map("upload", [&] {
    out.text("at", time_of_day_text(settings.upload.at_minutes));
    out.duration("spread", settings.upload.spread);
    out.duration("keep", settings.upload.keep);
    out.number("rate", settings.upload.rate_per_minute);
    out.list("to", settings.upload.to, [&](const SinkSettings& sink) {
      out.text("name", sink.name);
      out.word("type", sink.type);
      if (!sink.path.empty()) out.text("path", sink.path);
      if (sink.type != "http") return;
      out.text("url", url_shown(sink.url));
      out.word("method", sink.method);
      out.members("headers", without_secrets(sink.headers));
      out.text("token_file", sink.token_file);
      write_tls(out, sink.tls.ca, sink.tls.cert, sink.tls.key);
      out.word("gzip", sink.gzip ? "true" : "false");
      out.duration("timeout", sink.timeout);
    });
  });
  out.map("api", [&] {
    out.text("listen", settings.api.listen);
    out.text("token_file", settings.api.token_file);
  });
  out.map("log", [&] { out.word("level", word_of(log_level_words(), settings.log_level)); });
}

}  // namespace

std::string describe(const Settings& settings) {
  YamlWriter out;
  write_gateway(out, settings);
  write_mqtt(out, settings.mqtt);
  write_readings(out, settings.decode);
  write_alerts(out, settings);
  write_store(out, settings);
  write_outputs(out, settings);
  return out.take();
}

}  // namespace sluice
