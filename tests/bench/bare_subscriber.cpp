// bare_subscriber: the reference for cost. A Paho C++ async_client at QoS 1 that does nothing but count.
// Prints a line when it is subscribed, and its CPU time between the first message and the last.
#include <mqtt/async_client.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdio>

#include "bench_mqtt.h"

namespace {

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Arguments arguments(
      argc, argv,
      {{"port", "1883"}, {"messages", "200000"}, {"filter", "sensors/#"}, {"receive-maximum", "100"}});
  const long wanted = arguments.count("messages");
  mqtt::async_client client("mqtt://127.0.0.1:" + arguments.text("port"), "bench-bare",
                            mqtt::create_options(MQTTVERSION_5), nullptr);
  std::atomic<long> count{0};
  std::atomic<bool> complete{false};
  double at_first = 0;
  double at_last = 0;
  client.set_message_callback([&](const mqtt::const_message_ptr&) {
    const long now = ++count;
    if (now == 1) at_first = cpu_seconds();
    if (now != wanted) return;
    at_last = cpu_seconds();
    complete = true;
    complete.notify_all();
  });
  mqtt::connect_options options;
  options.set_mqtt_version(MQTTVERSION_5);
  options.set_clean_start(true);
  mqtt::properties properties;
  properties.add({mqtt::property::RECEIVE_MAXIMUM, static_cast<int>(arguments.count("receive-maximum"))});
  options.set_properties(properties);
  client.connect(options)->wait();
  client.subscribe(arguments.text("filter"), 1)->wait();
  std::printf("{\"subscribed\": true}\n");
  std::fflush(stdout);
  complete.wait(false);
  std::printf("{\"messages\": %ld, \"cpu_seconds\": %.6f}\n", count.load(), at_last - at_first);
  std::fflush(stdout);
  client.disconnect()->wait();
  return 0;
}
