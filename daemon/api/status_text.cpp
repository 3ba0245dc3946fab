#include <fmt/format.h>

#include <string_view>

#include "api/status.h"
#include "base/counted.h"
#include "base/time_text.h"

namespace sluice {

namespace {

constexpr std::int64_t kDayMs = 86'400'000;

void line(std::string& text, std::string_view name, std::string_view value) {
  text += fmt::format("{:<9} {}\n", name, value);
}

std::string age(const std::optional<std::int64_t>& age_ms) {
  return age_ms ? format_duration(*age_ms) + " ago" : "never";
}

// With a reload everything is wired anew, and counted anew.
std::string since(const StatusSnapshot& s) {
  return s.generation > 1 ? "since the reload" : "since start";
}

std::string state_line(const StatusSnapshot& s) {
  std::string text = s.state + " for " + format_duration(s.uptime_ms);
  if (s.generation > 1) text += ", reloaded " + format_duration(s.counting_ms) + " ago";
  return text;
}

std::string broker_line(const StatusSnapshot& s) {
  std::string text = s.broker.state.empty() ? "unknown" : s.broker.state;
  if (s.broker.since_ms > 0 && s.at_ms >= s.broker.since_ms) {
    text += " for " + format_duration(s.at_ms - s.broker.since_ms);
  }
  if (s.broker.round_trip_s) text += fmt::format(", round trip {:.1f} ms", *s.broker.round_trip_s * 1000);
  if (s.broker.state == "up") text += s.broker.session_present ? ", session kept" : ", new session";
  if (!s.broker.detail.empty()) text += " (" + s.broker.detail + ")";
  for (const std::string& filter : s.broker.refused_filters) text += "; refused " + filter;
  return text;
}

std::string store_line(const StatusSnapshot& s) {
  std::string text = fmt::format("{}, {}, last commit {}", counted(s.store.rows, "row"),
                                 format_bytes(s.store.size_bytes), age(s.store.last_commit_age_ms));
  if (s.store.transactions > 0) {
    text += fmt::format(", {} written in {} {}", format_bytes(s.store.write_bytes),
                        counted(s.store.transactions, "transaction"), since(s));
  }
  if (!s.store.last_error.empty()) text += "; last error: " + s.store.last_error;
  return text;
}

std::string channel_line(const StatusSnapshot::Channel& channel) {
  std::string text = fmt::format("{} ({}): {}, {} told, {} waiting", channel.name, channel.type,
                                 channel.failing ? "failing" : "fine", channel.delivered, channel.waiting);
  if (channel.refused > 0) text += fmt::format(", {} refused", channel.refused);
  if (!channel.last_error.empty()) text += "; last error: " + channel.last_error;
  return text;
}

std::string clock_line(const StatusSnapshot& s) {
  std::string text = s.clock.trusted ? "trusted" : "not trusted yet";
  if (s.clock.since_ms > 0 && s.at_ms >= s.clock.since_ms)
    text += " for " + format_duration(s.at_ms - s.clock.since_ms);
  text += s.clock.synchronised ? ", synchronised" : ", not synchronised";
  if (s.clock.unset_rows > 0) {
    text += fmt::format(", {} waiting to be moved to the time of arrival",
                        counted(s.clock.unset_rows, "reading"));
  }
  return text;
}

std::string outbox_line(const StatusSnapshot& s) {
  std::string text = fmt::format("{} waiting", s.outbox.pending);
  if (s.outbox.oldest_age_ms) text += ", the oldest for " + format_duration(*s.outbox.oldest_age_ms);
  if (s.outbox.parked > 0) text += fmt::format(", {} refused by the receiver", s.outbox.parked);
  if (s.outbox.dropped > 0) text += fmt::format(", {} dropped after upload.keep", s.outbox.dropped);
  if (!s.outbox.last_error.empty()) text += "; last error: " + s.outbox.last_error;
  return text;
}

std::string certificates_line(const StatusSnapshot& s) {
  std::string text;
  for (const StatusSnapshot::Certificate& certificate : s.certificates) {
    text += (text.empty() ? "" : "; ") + certificate.of;
    const std::int64_t days = certificate.end_ms ? (*certificate.end_ms - s.at_ms) / kDayMs : 0;
    if (!certificate.end_ms)
      text += " cannot be read";
    else if (*certificate.end_ms <= s.at_ms)
      text += " has expired";
    else
      text += fmt::format(" good for {}", counted(static_cast<std::uint64_t>(days), "day"));
  }
  return text;
}

}  // namespace

std::string format_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes);
  const char* unit = "B";
  for (const char* next : {"KiB", "MiB", "GiB", "TiB"}) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return fmt::format("{:.1f} {}", value, unit);
}

std::string status_to_text(const StatusSnapshot& s) {
  const bool stopped = s.state == "stopped" || s.state == "unknown";
  std::string text;
  line(text, "gateway", fmt::format("{}, sluice {}", s.gateway, s.version));
  line(text, "state", stopped ? s.state : state_line(s));
  if (!stopped) {
    line(text, "broker", broker_line(s));
    line(text, "intake",
         fmt::format("{} {}, the last {}{}", counted(s.intake.messages, "message"), since(s),
                     age(s.intake.last_message_age_ms),
                     s.intake.high_water ? ", holding: the journal is above half" : ""));
    line(text, "journal",
         fmt::format("{} of {} used, durability {}, last record {}", format_bytes(s.journal.used_bytes),
                     format_bytes(s.journal.capacity_bytes), s.journal.durability, s.journal.last_seq));
  }
  line(text, "engine",
       fmt::format("{}, {} firing", counted(s.engine.sensors, "sensor"), counted(s.engine.firing, "alert")));
  for (const StatusSnapshot::Channel& channel : s.channels) line(text, "channel", channel_line(channel));
  line(text, "store", store_line(s));
  line(text, "days",
       fmt::format("newest summary {}, {} to be summed",
                   s.days.newest_summary.empty() ? "none yet" : s.days.newest_summary,
                   counted(s.days.dirty, "day")));
  line(text, "outbox", outbox_line(s));
  if (!stopped) {
    line(text, "clock", clock_line(s));
    line(text, "disk", fmt::format("{} free", format_bytes(s.disk.free_bytes)));
    line(text, "memory", fmt::format("{} resident", format_bytes(s.process.resident_bytes)));
    if (!s.certificates.empty()) line(text, "tls", certificates_line(s));
  }
  if (s.problems.empty()) return text + (stopped ? "" : "\nno problems\n");
  text += fmt::format("\n{}:\n", counted(s.problems.size(), "problem"));
  for (const StatusProblem& problem : s.problems) {
    text += fmt::format("  - {}\n    → {}\n", problem.what, problem.advice);
  }
  return text;
}

}  // namespace sluice
