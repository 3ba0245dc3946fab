// A status in which every member differs from its default and from its neighbours.
#pragma once

#include "api/status.h"

namespace sluice {

inline StatusSnapshot example_status() {
  StatusSnapshot s;
  s.gateway = "balcony";
  s.version = "0.1.0";
  s.state = "running";
  s.at_ms = 1772366400000;
  s.uptime_ms = 3723000;
  s.counting_ms = 121000;
  s.generation = 5;
  s.broker = {"up", "granted", true, 0.0015, {"secret/#"}, 1772366300000, 3};
  s.intake = {1234, 250, true};
  s.journal = {4096, 16u << 20, "power", 98};
  s.engine = {97, 12, 2, 0, 3};
  s.store = {90, 1000000, 70u << 20, 44, 123456, 4000, "database or disk is full"};
  s.channels = {{"ops", "webhook", true, 3, 40, 2, 7, "no answer"}};
  s.days = {1, "2026-02-28"};
  s.outbox = {5, 6, 8, 7200000, "connection refused", {}};
  s.clock = {true, true};
  s.disk = {9u << 20};
  s.process = {21u << 20};
  s.certificates = {{"mqtt tls.ca", "/etc/ca.pem", 1772366400000 + 90 * 86400000ll, ""},
                    {"sink cloud tls.cert", "/etc/me.pem", 1772366399999, ""},
                    {"channel ops tls.ca", "/etc/no.pem", {}, "cannot be read"}};
  s.problems = {{"the broker refused the filter \"secret/#\"", "allow it in the broker's access list"}};
  return s;
}

}  // namespace sluice
