// echo: the reference for latency. Receives through a Paho C++ async_client and answers each probe at once
// through Paho's synchronous library on a connection of its own: what any gateway built on Paho costs at
// least. Messages on echo/in/probe come back on echo/out; others under echo/in are received only. Ends when
// its standard input is closed.
#include <MQTTClient.h>
#include <mqtt/async_client.h>

#include <cstdio>
#include <string>

#include "bench_mqtt.h"

namespace {

constexpr int kInFlightMax = 500;

int on_message(void*, char* topic, int, MQTTClient_message* message) {
  MQTTClient_freeMessage(&message);
  MQTTClient_free(topic);
  return 1;
}

MQTTClient connect_answers(const std::string& uri) {
  MQTTClient client = nullptr;
  MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
  options.cleansession = 1;
  options.reliable = 0;
  options.maxInflightMessages = kInFlightMax;
  if (MQTTClient_create(&client, uri.c_str(), "bench-echo-answers", MQTTCLIENT_PERSISTENCE_NONE, nullptr) !=
          MQTTCLIENT_SUCCESS ||
      MQTTClient_setCallbacks(client, nullptr, nullptr, on_message, nullptr) != MQTTCLIENT_SUCCESS ||
      MQTTClient_connect(client, &options) != MQTTCLIENT_SUCCESS) {
    bench::die("the echo cannot connect to answer");
  }
  return client;
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Arguments arguments(argc, argv, {{"port", "1883"}});
  const std::string uri = "tcp://127.0.0.1:" + arguments.text("port");
  MQTTClient answers = connect_answers(uri);
  mqtt::async_client client(uri, "bench-echo", mqtt::create_options(MQTTVERSION_5), nullptr);
  client.set_message_callback([answers](const mqtt::const_message_ptr& message) {
    if (message->get_topic() != "echo/in/probe") return;
    const std::string& payload = message->get_payload();
    MQTTClient_publish(answers, "echo/out", static_cast<int>(payload.size()), payload.data(), 1, 0, nullptr);
  });
  mqtt::connect_options options;
  options.set_mqtt_version(MQTTVERSION_5);
  options.set_clean_start(true);
  client.connect(options)->wait();
  client.subscribe("echo/in/#", 1)->wait();
  std::printf("{\"subscribed\": true}\n");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  MQTTClient_disconnect(answers, 100);
  MQTTClient_destroy(&answers);
  client.disconnect()->wait();
  return 0;
}
