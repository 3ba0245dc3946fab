// Result<T>: a value or an Error, never both, never ignored. Library exceptions are turned into one of these
// in the one file that wraps the library; a broken invariant is not an Error but a failed SLUICE_CHECK.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace sluice {

enum class ErrorCode {
  kInvalid,      // the input is wrong; trying again will not help
  kNotFound,     // what was asked for is not there
  kIo,           // the operating system or the disk said no
  kNoSpace,      // ENOSPC, EDQUOT, SQLITE_FULL
  kCorrupt,      // a checksum or a format does not hold
  kFull,         // a bounded container has reached its limit
  kUnavailable,  // the other side is not there; trying again may help
  kRefused,      // the other side is there and will not; trying again will not help
};

struct Error {
  ErrorCode code = ErrorCode::kInvalid;
  std::string context;  // a sentence for a person: what failed, on what, what to do
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit on purpose
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit on purpose

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() {
    SLUICE_CHECK(ok(), error().context.c_str());
    return std::get<0>(state_);
  }
  const T& value() const {
    SLUICE_CHECK(ok(), error().context.c_str());
    return std::get<0>(state_);
  }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}  // NOLINT: implicit on purpose

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const Error& error() const { return error_; }

 private:
  Error error_;
  bool ok_ = true;
};

using Status = Result<void>;

inline Error make_error(ErrorCode code, std::string context) {
  return Error{code, std::move(context)};
}

}  // namespace sluice
