// load: publishes JSON readings of many sensors at QoS 1, at a rate or as fast as the broker acknowledges.
#include <algorithm>
#include <cstdio>

#include "bench_mqtt.h"

namespace {
constexpr std::uint64_t kWindow = 200;  // messages on their way without acknowledgement
}

int main(int argc, char** argv) {
  using std::chrono::steady_clock;
  const bench::Arguments arguments(
      argc, argv,
      {{"port", "1883"}, {"messages", "200000"}, {"sensors", "100"}, {"rate", "0"}, {"timestamp-ms", "0"}});
  const std::int64_t timestamp_ms = arguments.count("timestamp-ms");  // 0: now
  const long messages = arguments.count("messages");
  const long sensors = arguments.count("sensors");
  const double rate = arguments.number("rate");  // a second; 0: as fast as possible
  bench::MqttSocket socket(static_cast<int>(arguments.count("port")), "bench-load");

  const auto begin = steady_clock::now();
  const auto due = [&](long message) {
    return begin + std::chrono::duration_cast<steady_clock::duration>(
                       std::chrono::duration<double>(static_cast<double>(message) / rate));
  };
  const auto forever = begin + std::chrono::hours(24);
  for (long sent = 0; sent < messages || socket.unacknowledged() > 0;) {
    while (sent < messages && socket.unacknowledged() < kWindow &&
           (rate <= 0 || due(sent) <= steady_clock::now())) {
      // Never above 20: no rule fires. Two readings of a sensor in one millisecond differ.
      const double temperature = 10 + 0.001 * static_cast<double>(sent / sensors % 10000);
      socket.publish_qos1(
          "sensors/s" + std::to_string(sent % sensors) + "/temperature",
          bench::reading_json(timestamp_ms != 0 ? timestamp_ms : bench::wall_ms(), temperature));
      ++sent;
    }
    socket.flush();
    const bool paced = sent < messages && rate > 0 && socket.unacknowledged() < kWindow;
    bench::wait_readable(socket, nullptr, paced ? due(sent) : forever);
    while (socket.next()) {
    }
  }
  const std::chrono::duration<double> seconds = steady_clock::now() - begin;
  std::printf("{\"messages\": %ld, \"seconds\": %.3f}\n", messages, seconds.count());
  return 0;
}
