// KeyedInbox<V>: a mailbox with one place a key, for things of which only the newest counts. A newer value
// replaces one that was not fetched yet, so nothing is ever refused and the size is bounded by the number of
// keys. Keys come out in the order in which they were first put in. Any thread may put; one consumer.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace sluice {

template <class V>
class KeyedInbox {
 public:
  void put(const std::string& key, V value) {
    {
      std::lock_guard lock(mutex_);
      auto [at, added] = values_.insert_or_assign(key, std::move(value));
      if (added) order_.push_back(at->first);
    }
    ready_.notify_one();
  }

  // Returns what could not be dealt with; a newer value of the same key wins.
  void put_back(const std::string& key, V value) {
    std::lock_guard lock(mutex_);
    if (values_.try_emplace(key, std::move(value)).second) order_.push_front(key);
  }

  // Waits until there is something, the timeout has passed or wake() was called.
  std::optional<std::pair<std::string, V>> wait_pop(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    if (timeout.count() > 0)  // or it would sleep all the same, for the timer's slack
      ready_.wait_for(lock, timeout, [this] { return !order_.empty() || woken_; });
    woken_ = false;
    if (order_.empty()) return std::nullopt;
    std::string key = std::move(order_.front());
    order_.pop_front();
    auto node = values_.extract(key);
    return std::make_pair(std::move(key), std::move(node.mapped()));
  }

  // The same, and leaves it where it is.
  void wait(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    if (timeout.count() > 0) ready_.wait_for(lock, timeout, [this] { return !order_.empty() || woken_; });
    woken_ = false;
  }

  void wake() {
    {
      std::lock_guard lock(mutex_);
      woken_ = true;
    }
    ready_.notify_all();
  }

  std::size_t size() const {
    std::lock_guard lock(mutex_);
    return order_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::unordered_map<std::string, V> values_;
  std::deque<std::string> order_;
  bool woken_ = false;
};

}  // namespace sluice
