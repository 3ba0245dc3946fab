#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "api/status.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "store/sqlite_backup.h"

namespace sluice {

int run_backup(const CommandContext& context) {
  const std::string from = context.gateway.database_path();
  if (Status found = context.gateway.look_for_database(); !found.ok()) return fail(context, found.error());
  const bool show_progress = !context.line.json && ::isatty(STDERR_FILENO) != 0;
  Status done = back_up(from, context.line.file, [&](std::uint64_t bytes, std::uint64_t total) {
    if (show_progress) {
      context.err << fmt::format("\r{} of {}  ", format_bytes(bytes), format_bytes(total)) << std::flush;
    }
  });
  if (show_progress) context.err << "\r\x1b[K";
  if (!done.ok()) return fail(context, done.error());
  std::error_code ignored;
  const std::uintmax_t bytes = std::filesystem::file_size(context.line.file, ignored);
  if (context.line.json) {
    context.out << fmt::format("{{\"bytes\": {}, \"checked\": true}}\n", bytes);
    return kExitFine;
  }
  context.out << fmt::format(
      "{} ({}) is complete and checked\n"
      "To restore it: stop sluiced; remove {}, {}-wal and {}-shm; copy this file to {},\n"
      "owned by the user that sluiced runs as; start sluiced.\n",
      context.line.file, format_bytes(bytes), from, from, from, from);
  return kExitFine;
}

}  // namespace sluice
