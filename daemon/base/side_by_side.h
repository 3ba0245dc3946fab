// SideBySide: tasks of one kind that are done several at a time, and who gives them out. A place that has
// become free is filled at once, also with what comes up meanwhile, so that one task that hangs keeps only
// its own place. One thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice {

template <class Task, class End>
struct SideBySide {
  std::size_t at_once = 1;
  std::function<std::optional<Task>()> next;         // the next to begin; none for now. Does not wait
  std::function<void(std::size_t i, End end)> done;  // of the i-th that next() gave, in any order
};

// Does exactly `tasks`, all at a time; end i is that of tasks[i].
template <class Task, class End>
std::vector<End> all_side_by_side(std::vector<Task> tasks,
                                  const std::function<void(const SideBySide<Task, End>&)>& run) {
  std::vector<End> ends(tasks.size(), make_error(ErrorCode::kUnavailable, "not begun: the gateway ends"));
  std::size_t begun = 0;
  run({tasks.size(),
       [&]() -> std::optional<Task> {
         if (begun == tasks.size()) return std::nullopt;
         return std::move(tasks[begun++]);
       },
       [&](std::size_t i, End end) { ends[i] = std::move(end); }});
  return ends;
}

}  // namespace sluice
