// What sluicectl backtest prints: tables for people, JSON for programs. Long lists are cut in tables, and
// written piece by piece as JSON.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "app/backtest.h"
#include "config/settings.h"

namespace sluice {

struct BacktestTexts {
  const BacktestReport& report;
  const std::vector<const Settings*>& configurations;  // one, or the one that was, and the new one
  const std::string& file;                             // of the new one
  const std::string& against;                          // of the other one
};

void write_backtest(const BacktestTexts& texts, std::ostream& out);
void write_comparison(const BacktestTexts& texts, const EpisodeComparison& comparison, std::ostream& out);
// `comparison`: null without --against.
void write_backtest_json(const BacktestTexts& texts, const EpisodeComparison* comparison, std::ostream& out);

}  // namespace sluice
