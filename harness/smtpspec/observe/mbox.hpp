// An mbox (RFC 4155).
#pragma once

#include <memory>

#include "smtpspec/delivery/observer.hpp"

namespace smtpspec::observe {

// The messages in it, each behind a line that begins with "From " and stands at the start or behind an empty line. With `open`
// the last may still be written: it is left out unless an empty line ends it. `end` is where what is left out begins.
std::vector<std::string_view> messages_of(std::string_view mbox, bool open, std::size_t& end);

// What is appended to a file. One that is cut or replaced is read from its start again.
class Mbox final : public delivery::Observer {
 public:
  // An error says why nobody can look into it; a file that is not there yet comes with the first message.
  static Result<std::unique_ptr<Mbox>> open(std::string path);
  explicit Mbox(std::string path);
  std::vector<delivery::Arrival> arrived() override;

 private:
  std::string path_;
  std::uintmax_t read_ = 0;
};

}  // namespace smtpspec::observe
