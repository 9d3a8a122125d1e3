// Who sees what arrives: a mailbox in files, a next hop, the store of the reference server.
#pragma once

#include "smtpspec/delivery/arrival.hpp"

namespace smtpspec::delivery {

class Observer {
 public:
  virtual ~Observer() = default;
  // What arrived since the last call. Never waits; `at` is the caller's to fill in.
  virtual std::vector<Arrival> arrived() = 0;
  // A message is there as soon as it was answered: what has not come is lost, and nothing more is to come.
  virtual bool at_once() const { return false; }
};

}  // namespace smtpspec::delivery
