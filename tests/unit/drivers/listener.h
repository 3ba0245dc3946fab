// Listener: what a broker passes on below a filter, from the moment that it stands.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/mosquitto.h"
#include "support/test_client.h"

namespace sluice::drivers {

class Listener {
 public:
  Listener(const test::Mosquitto& broker, const std::string& filter) : client_(broker.port()) {
    EXPECT_EQ(1, client_.subscribe(filter, 1));
  }
  // In order, once `count` have come.
  std::vector<std::string> payloads(std::size_t count) {
    EXPECT_TRUE(client_.collect(count));
    std::vector<std::string> all;
    for (const test::TestClient::Message& message : client_.messages()) all.push_back(message.payload);
    return all;
  }

 private:
  test::TestClient client_;
};

}  // namespace sluice::drivers
