// What of smtpspec cannot fail in a benchmark: the value, or an exception that says why it did.
#pragma once

#include <stdexcept>
#include <utility>

#include "smtpspec/smtp/result.hpp"

namespace smtpspec::bench {

template <class T>
T value(Result<T> result) {
  if (!result) throw std::runtime_error(to_string(result.error()));
  return std::move(*result);
}

}  // namespace smtpspec::bench
