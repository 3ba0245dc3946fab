// A journal as a list, and an engine that folds any part of it.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>

#include "base/clock.h"
#include "engine/engine.h"

namespace sluice {

struct Kept {
  JournalRecord record;
  std::string topic;
  std::string payload;
};

class EngineOf : public ::testing::Test {
 protected:
  void SetUp() override {
    ReadingsEntry json;
    json.topic = "s/+";
    json.value = "/v";
    json.time = "/t";
    json.unit = "°C";
    ReadingsEntry plain;
    plain.topic = "p/#";
    plain.format = PayloadFormat::kNumber;
    settings_.decode.readings = {json, plain};
    SensorEntry probe;
    probe.sensor = "s/#";
    probe.invalid = {85};
    probe.plausible = std::make_pair(-40.0, 125.0);
    settings_.decode.sensors = {probe};
    Rule hot;
    hot.name = "hot";
    hot.sensor = "#";
    hot.high = 30;
    Rule held = hot;
    held.name = "held";
    held.hold = std::chrono::seconds(5);
    Rule silent = hot;
    silent.name = "silent";
    silent.kind = ConditionKind::kSilentFor;
    silent.silent_for = std::chrono::seconds(20);
    settings_.alerts.gateway = "gw";
    settings_.alerts.rules = {hot, held, silent};
    append(RecordKind::kStart, "boot-1");
    append(RecordKind::kClockTrusted);
    append(RecordKind::kConnected);
    append(RecordKind::kBacklogEnd);
  }

  void append(RecordKind kind, std::string topic = "", std::string payload = "", int flags = 0,
              std::uint16_t packet_id = 0) {
    Kept& kept = journal_.emplace_back();
    kept.topic = std::move(topic);
    kept.payload = std::move(payload);
    kept.record.seq = journal_.size();
    kept.record.kind = kind;
    kept.record.flags = static_cast<std::uint8_t>(flags);
    kept.record.packet_id = packet_id;
    kept.record.wall_ms = clock_.now().wall_ms;
    kept.record.boot_ms = clock_.now().boot_ms;
  }
  void say(const std::string& topic, const std::string& payload, int flags = 0, std::uint16_t packet_id = 0) {
    append(RecordKind::kMessage, topic, payload, flags, packet_id);
  }
  static void feed(Engine& engine, Kept& kept) {
    kept.record.topic = kept.topic;
    kept.record.payload = kept.payload;
    engine.handle(kept.record);
  }
  Engine fresh() { return Engine(settings_, Calendar::load("UTC").value(), Checkpoint{}); }
  Batch fold() {
    Engine engine = fresh();
    for (Kept& kept : journal_) feed(engine, kept);
    return merged(engine);
  }
  static Batch merged(Engine& engine) {
    Batch all;
    while (engine.pending()) {
      Batch next = engine.take_batch();
      for (auto& [day, counts] : next.counts) all.counts[day].add(counts);
      all.readings.insert(all.readings.end(), next.readings.begin(), next.readings.end());
      all.events.insert(all.events.end(), next.events.begin(), next.events.end());
      all.quarantine.insert(all.quarantine.end(), next.quarantine.begin(), next.quarantine.end());
      all.new_sensors.insert(all.new_sensors.end(), next.new_sensors.begin(), next.new_sensors.end());
    }
    return all;
  }
  static Counts total(const Batch& batch) {
    Counts sum;
    for (const auto& [day, counts] : batch.counts) sum.add(counts);
    return sum;
  }

  EngineSettings settings_;
  FakeClock clock_{1700000000000};
  std::deque<Kept> journal_;
};

}  // namespace sluice
