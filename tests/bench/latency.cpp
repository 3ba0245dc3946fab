// latency: from a reading's publication to the receipt of its alert, against the same way through the echo.
// Blocks of messages go to the two by turns. Every `every`th message is a probe: it takes the alert to firing
// or back, and its value tells which answer belongs to it. The rest are readings that change nothing.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench_mqtt.h"

namespace {

using bench::SteadyTime;
using std::chrono::steady_clock;

constexpr double kFiring =
    1000;  // added to a probe's number when it is to fire; resolved: the negative number
constexpr std::chrono::seconds kPatience{2};

struct Subject {
  const char* name;
  std::string probe_topic;
  std::string load_topic;
  std::vector<SteadyTime> sent;  // by a probe's number
  std::vector<double> ms;        // by a probe's number; negative: not answered
};

double probe_value(std::size_t number) {
  const double value = 0.001 * static_cast<double>(number + 1);
  return number % 2 == 0 ? kFiring + value : -value;
}

// The number of the probe that the answer tells of.
std::size_t probe_number(const std::string& payload) {
  std::size_t at = payload.find("\"value\":");
  if (at == std::string::npos) at = payload.find("\"temperature\":");
  if (at == std::string::npos) return static_cast<std::size_t>(-1);
  const double value = std::strtod(payload.c_str() + payload.find(':', at) + 1, nullptr);
  const double number = value > 0 ? value - kFiring : -value;
  return static_cast<std::size_t>(std::lround(number * 1000)) - 1;
}

void take_answers(bench::MqttSocket& listener, Subject& sluice, Subject& echo) {
  while (std::optional<bench::Packet> packet = listener.next()) {
    const SteadyTime now = steady_clock::now();
    if (!packet->publish || packet->payload.empty()) continue;
    Subject& subject = packet->topic.starts_with("echo/") ? echo : sluice;
    const std::size_t number = probe_number(packet->payload);
    if (number >= subject.sent.size() || subject.ms[number] >= 0) continue;
    subject.ms[number] = std::chrono::duration<double, std::milli>(now - subject.sent[number]).count();
  }
}

struct Figures {
  std::size_t probes = 0;
  std::size_t missed = 0;
  double median = 0;
  double p99 = 0;
  double max = 0;
};

Figures figures(const std::vector<double>& all) {
  Figures f;
  std::vector<double> ms;
  std::copy_if(all.begin(), all.end(), std::back_inserter(ms), [](double each) { return each >= 0; });
  f.probes = ms.size();
  f.missed = all.size() - ms.size();
  if (ms.empty()) return f;
  std::sort(ms.begin(), ms.end());
  const auto rank = [&](double share) {
    return ms[static_cast<std::size_t>(std::ceil(share * static_cast<double>(ms.size()))) - 1];
  };
  f.median = rank(0.5);
  f.p99 = rank(0.99);
  f.max = ms.back();
  return f;
}

void print(const char* name, const Figures& f) {
  std::printf(
      "\"%s\": {\"probes\": %zu, \"missed\": %zu, \"median_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}, ",
      name, f.probes, f.missed, f.median, f.p99, f.max);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Arguments arguments(argc, argv,
                                   {{"port", "1883"},
                                    {"alerts", "sluice/bench/alerts/#"},
                                    {"rate", "10"},       // messages a second, of the one whose turn it is
                                    {"messages", "400"},  // of both together
                                    {"block", "20"},      // messages a turn
                                    {"every", "1"}});
  const int port = static_cast<int>(arguments.count("port"));
  const double rate = arguments.number("rate");
  const long block = arguments.count("block");
  const long every = arguments.count("every");
  Subject sluice{"sluice", "sensors/probe/temperature", "sensors/other/temperature", {}, {}};
  Subject echo{"echo", "echo/in/probe", "echo/in/other", {}, {}};
  bench::MqttSocket publisher(port, "bench-latency");
  bench::MqttSocket listener(port, "bench-listener");
  listener.subscribe(arguments.text("alerts"));
  listener.subscribe("echo/out");

  const SteadyTime begin = steady_clock::now();
  const auto turn = [&](SteadyTime until) {
    do {
      bench::wait_readable(listener, &publisher, until);
      take_answers(listener, sluice, echo);
      while (publisher.next()) {
      }
    } while (steady_clock::now() < until);
  };
  for (long message = 0; message < arguments.count("messages"); ++message) {
    turn(begin + std::chrono::duration_cast<steady_clock::duration>(
                     std::chrono::duration<double>(static_cast<double>(message) / rate)));
    Subject& subject = message / block % 2 == 0 ? sluice : echo;
    if (message % every == 0) {
      const double value = probe_value(subject.sent.size());
      const std::string payload = bench::reading_json(bench::wall_ms(), value);
      subject.ms.push_back(-1);
      subject.sent.push_back(steady_clock::now());
      publisher.publish_qos1(subject.probe_topic, payload);
    } else {
      const double value = 10 + 0.001 * static_cast<double>(message % 9000);
      publisher.publish_qos1(subject.load_topic, bench::reading_json(bench::wall_ms(), value));
    }
    publisher.flush();
  }
  turn(steady_clock::now() + kPatience);

  const Figures of_sluice = figures(sluice.ms);
  const Figures of_echo = figures(echo.ms);
  std::printf("{\"rate\": %g, ", rate);
  print("sluice", of_sluice);
  print("echo", of_echo);
  std::printf("\"ratio_median\": %.2f, \"ratio_p99\": %.2f}\n", of_sluice.median / of_echo.median,
              of_sluice.p99 / of_echo.p99);
  return 0;
}
