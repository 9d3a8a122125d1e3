// The files of a Maildir, those that were there before aside.
#pragma once

#include <memory>
#include <set>

#include "smtpspec/delivery/observer.hpp"

namespace smtpspec::observe {

class Maildir final : public delivery::Observer {
 public:
  // An error says why nobody can look into it. A folder `new` that is not there yet comes with the first message.
  static Result<std::unique_ptr<Maildir>> open(std::string directory);
  explicit Maildir(std::string directory);
  std::vector<delivery::Arrival> arrived() override;

 private:
  std::string directory_;
  std::set<std::string> known_;
};

}  // namespace smtpspec::observe
