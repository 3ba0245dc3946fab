#include "api/metrics.h"

#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

namespace sluice {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class Families {
 public:
  void counter(std::string name, std::string help, double value) {
    add(std::move(name), std::move(help), MetricType::Counter).metric.push_back(counted(value));
  }
  void gauge(std::string name, std::string help, double value) {
    ClientMetric metric;
    metric.gauge.value = value;
    add(std::move(name), std::move(help), MetricType::Gauge).metric.push_back(std::move(metric));
  }
  // One series for each counter from `first` to `last`, with the part of its name after '/' as the reason.
  void by_reason(std::string name, std::string help, const Counts& counts, Counter first, Counter last) {
    MetricFamily& family = add(std::move(name), std::move(help), MetricType::Counter);
    for (auto i = static_cast<std::size_t>(first); i <= static_cast<std::size_t>(last); ++i) {
      const auto counter = static_cast<Counter>(i);
      const std::string_view full = counter_name(counter);
      ClientMetric metric = counted(static_cast<double>(counts[counter]));
      metric.label.push_back({"reason", std::string(full.substr(full.find('/') + 1))});
      family.metric.push_back(std::move(metric));
    }
  }
  // One series for each channel of alerts.
  template <class Value>
  void by_channel(std::string name, std::string help, MetricType type,
                  const std::vector<StatusSnapshot::Channel>& channels, Value value) {
    MetricFamily& family = add(std::move(name), std::move(help), type);
    for (const StatusSnapshot::Channel& channel : channels) {
      ClientMetric metric;
      (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) =
          static_cast<double>(value(channel));
      metric.label.push_back({"channel", channel.name});
      family.metric.push_back(std::move(metric));
    }
  }
  void by_name(std::string name, std::string help, const std::map<std::string, bool>& series) {
    MetricFamily& family = add(std::move(name), std::move(help), MetricType::Gauge);
    for (const auto& [label, on] : series) {
      ClientMetric metric;
      metric.gauge.value = on ? 1 : 0;
      metric.label.push_back({"name", label});
      family.metric.push_back(std::move(metric));
    }
  }
  void info(std::string name, std::string help, std::vector<ClientMetric::Label> labels) {
    ClientMetric metric;
    metric.gauge.value = 1;
    metric.label = std::move(labels);
    add(std::move(name), std::move(help), MetricType::Gauge).metric.push_back(std::move(metric));
  }
  std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families_);
    return out.str();
  }

 private:
  static ClientMetric counted(double value) {
    ClientMetric metric;
    metric.counter.value = value;
    return metric;
  }
  MetricFamily& add(std::string name, std::string help, MetricType type) {
    MetricFamily family;
    family.name = std::move(name);
    family.help = std::move(help);
    family.type = type;
    families_.push_back(std::move(family));
    return families_.back();
  }
  std::vector<MetricFamily> families_;
};

double number(std::uint64_t value) {
  return static_cast<double>(value);
}
double seconds(std::int64_t ms) {
  return static_cast<double>(ms) / 1000.0;
}

void add_ledger(Families& out, const Counts& c) {
  auto one = [&](const char* name, const char* help, Counter counter) {
    out.counter(name, help, number(c[counter]));
  };
  one("sluice_messages_received_total", "Messages taken from the broker", Counter::kMessagesReceived);
  one("sluice_messages_decoded_total", "Messages that held readings", Counter::kMessagesDecoded);
  one("sluice_messages_ignored_total", "Messages that no readings entry wants", Counter::kMessagesIgnored);
  one("sluice_messages_duplicate_total", "Messages delivered again", Counter::kMessagesDuplicate);
  out.by_reason("sluice_messages_rejected_total", "Messages that could not be used", c,
                Counter::kMessagesMalformed, Counter::kMessagesCrashed);
  one("sluice_readings_decoded_total", "Values found in messages", Counter::kReadingsDecoded);
  one("sluice_readings_stored_total", "Readings stored and counted", Counter::kReadingsStored);
  one("sluice_readings_duplicate_total", "Readings stored and not counted: sent twice",
      Counter::kReadingsDuplicate);
  out.by_reason("sluice_readings_rejected_total", "Values that are no readings", c,
                Counter::kReadingsNotANumber, Counter::kReadingsTooManySensors);
  out.by_reason("sluice_readings_dropped_total", "Readings that were lost", c, Counter::kReadingsDropDisk,
                Counter::kReadingsDropDisk);
  one("sluice_readings_expired_total", "Stored readings removed by retention", Counter::kReadingsExpired);
  one("sluice_readings_repeated_total", "Stored readings that were found to repeat others",
      Counter::kReadingsRepeated);
  one("sluice_readings_too_late_total", "Stored readings of days that could not be summed again",
      Counter::kReadingsTooLate);
  one("sluice_alerts_fired_total", "Alerts that began", Counter::kAlertsFired);
  one("sluice_alerts_resolved_total", "Alerts that ended", Counter::kAlertsResolved);
}

void add_intake(Families& out, const StatusSnapshot& s) {
  out.gauge("sluice_broker_connected", "1 while subscribed at the broker", s.broker.state == "up" ? 1 : 0);
  out.gauge("sluice_broker_roundtrip_seconds", "Publish to receive through the broker, last heartbeat",
            s.broker.round_trip_s.value_or(0));
  out.counter("sluice_broker_connects_total", "Connections made to the broker since start",
              number(s.broker.connects));
  out.gauge("sluice_broker_refused_filters", "Subscriptions that the broker refused",
            number(s.broker.refused_filters.size()));
  out.gauge("sluice_intake_held", "1 while messages are left at the broker because the journal is full",
            s.intake.high_water ? 1 : 0);
  out.gauge("sluice_journal_bytes", "Journal space in use", number(s.journal.used_bytes));
  out.gauge("sluice_journal_capacity_bytes", "Journal space", number(s.journal.capacity_bytes));
  out.gauge("sluice_sensors", "Sensors known", number(s.engine.sensors));
  out.gauge("sluice_alerts_firing", "Alerts that stand", number(s.engine.firing));
  out.counter("sluice_derived_not_finite_total",
              "Results of derived sensors that were no number, since start",
              number(s.engine.derived_not_finite));
  out.counter("sluice_figures_not_finite_total", "Figures of windows that were no number, since start",
              number(s.engine.figures_not_finite));
}

void add_channels(Families& out, const std::vector<StatusSnapshot::Channel>& channels) {
  using Channel = StatusSnapshot::Channel;
  if (channels.empty()) return;
  out.by_channel("sluice_channel_failing", "1 while the channel cannot be told of alerts", MetricType::Gauge,
                 channels, [](const Channel& c) { return c.failing ? 1 : 0; });
  out.by_channel("sluice_channel_waiting", "Alerts that the channel has not been told of", MetricType::Gauge,
                 channels, [](const Channel& c) { return c.waiting; });
  out.by_channel("sluice_channel_delivered_total", "Alerts told since start", MetricType::Counter, channels,
                 [](const Channel& c) { return c.delivered; });
  out.by_channel("sluice_channel_refused_total", "Alerts that the channel will never take",
                 MetricType::Counter, channels, [](const Channel& c) { return c.refused; });
  out.by_channel("sluice_channel_failures_total", "Tries that failed and are repeated", MetricType::Counter,
                 channels, [](const Channel& c) { return c.failures; });
}

void add_gateway_alerts(Families& out, const std::map<std::string, bool>& alerts) {
  if (alerts.empty()) return;
  out.by_name("sluice_gateway_alert", "1 while the gateway raises this alert about itself", alerts);
}

void add_batch_layer(Families& out, const StatusSnapshot& s) {
  out.gauge("sluice_store_rows", "Rows in the reading table", number(s.store.rows));
  out.gauge("sluice_store_size_bytes", "Size of the database with its log", number(s.store.size_bytes));
  out.counter("sluice_store_transactions_total", "Transactions since start", number(s.store.transactions));
  out.counter("sluice_store_write_bytes_total", "Bytes written to the database since start",
              number(s.store.write_bytes));
  out.gauge("sluice_store_failing", "1 while the last commit failed", s.store.last_error.empty() ? 0 : 1);
  out.gauge("sluice_readings_dropped_uncounted", "Readings given up that the ledger does not have yet",
            number(s.store.dropped_uncounted));
  out.gauge("sluice_days_dirty", "Days with rows that no summary holds yet", number(s.days.dirty));
  out.gauge("sluice_outbox_items", "Summaries that wait for delivery", number(s.outbox.pending));
  out.gauge("sluice_outbox_parked_items", "Summaries that the receiver refused", number(s.outbox.parked));
  out.counter("sluice_uploads_dropped_total", "Summaries that waited longer than upload.keep",
              number(s.outbox.dropped));
  out.gauge("sluice_outbox_oldest_seconds", "Age of the oldest waiting summary",
            seconds(s.outbox.oldest_age_ms.value_or(0)));
  out.gauge("sluice_clock_trusted", "1 once the wall clock is believed", s.clock.trusted ? 1 : 0);
  out.gauge("sluice_readings_unset", "readings that wait for the clock, to be moved to their time",
            s.clock.unset_rows);
  out.gauge("sluice_clock_synchronised", "1 while the kernel's clock is synchronised",
            s.clock.synchronised ? 1 : 0);
  out.gauge("sluice_disk_free_bytes", "Free space where the database lies", number(s.disk.free_bytes));
  out.gauge("sluice_problems", "Problems that the status lists", number(s.problems.size()));
  out.gauge("sluice_uptime_seconds", "Time since start", seconds(s.uptime_ms));
}

}  // namespace

std::string metrics_text(const MetricsSnapshot& metrics) {
  Families out;
  out.info("sluice_build_info", "Version and gateway",
           {{"gateway", metrics.status.gateway}, {"version", metrics.status.version}});
  add_ledger(out, metrics.totals);
  add_intake(out, metrics.status);
  add_channels(out, metrics.status.channels);
  add_gateway_alerts(out, metrics.gateway_alerts);
  add_batch_layer(out, metrics.status);
  out.counter("sluice_layers_differ_total",
              "Sensors' days whose stored readings are not those of their arrival",
              number(metrics.layers_differ));
  out.counter("sluice_inbox_refused_total", "Items that a bounded queue had no room for",
              number(metrics.inbox_refused));
  out.gauge("process_resident_memory_bytes", "Resident memory", number(metrics.resident_bytes));
  out.counter("process_cpu_seconds_total", "CPU time used", metrics.cpu_seconds);
  out.gauge("process_start_time_seconds", "Start of the process, Unix time", metrics.start_seconds);
  return out.text();
}

void read_process_facts(MetricsSnapshot& metrics) {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size_pages = 0;
  std::uint64_t resident_pages = 0;
  if (statm >> size_pages >> resident_pages) {
    metrics.resident_bytes = resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0) {
    metrics.cpu_seconds = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                          static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  }
}

}  // namespace sluice
