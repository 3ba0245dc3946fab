#include "api/status.h"

#include <filesystem>

#include "app/view_json.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "version.h"

namespace sluice {

namespace {

std::uint64_t size_or_zero(const std::string& path) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  return failed ? 0 : size;
}

// What can be said of a gateway that is not running.
Result<std::string> stopped_status(const CommandContext& context, StoreView& view) {
  StatusSnapshot status;
  status.gateway = context.gateway.gateway();
  status.version = kVersion;
  status.state = "stopped";
  status.at_ms = context.clock.now().wall_ms;
  Status filled = fill_status(view, status.at_ms, status);
  if (!filled) return filled.error();
  Result<Counts> totals = ledger_total(view);
  if (!totals) return totals.error();
  status.store.rows = (*totals)[Counter::kReadingsStored] + (*totals)[Counter::kReadingsDuplicate] -
                      (*totals)[Counter::kReadingsExpired];
  const std::string path = context.gateway.database_path();
  status.store.size_bytes = size_or_zero(path) + size_or_zero(path + "-wal");
  if (context.gateway.allowed()) {
    status.problems.push_back(
        {"sluiced is not running, or does not answer", "systemctl status sluiced; journalctl -u sluiced"});
  } else {
    status.state = "unknown";
    status.problems.push_back(
        {"you may not ask sluiced: " + context.gateway.socket_path() + " is not open to you",
         context.gateway.how_to_be_allowed()});
  }
  return status_to_json(status);
}

}  // namespace

int run_status(const CommandContext& context) {
  Result<std::string> json =
      context.gateway.read("/api/v1/status", [&](StoreView& view) { return stopped_status(context, view); });
  if (!json) return fail(context, json.error());
  Result<StatusSnapshot> status = status_from_json(*json);
  if (!status) return fail(context, status.error());
  context.out << (context.line.json ? *json : status_to_text(*status));
  if (status->state == "stopped" || status->state == "unknown") return kExitUnreachable;
  return status->problems.empty() ? kExitFine : kExitFindings;
}

}  // namespace sluice
