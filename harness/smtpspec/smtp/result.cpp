#include "smtpspec/smtp/result.hpp"

namespace smtpspec {

std::string to_string(const Error& error) {
  std::string out;
  if (!error.place.file.empty()) {
    out += error.place.file;
    if (error.place.line > 0) out += ":" + std::to_string(error.place.line);
    if (error.place.line > 0 && error.place.column > 0) out += ":" + std::to_string(error.place.column);
    out += ": ";
  }
  out += error.message;
  if (!error.hint.empty()) out += " (did you mean '" + error.hint + "'?)";
  return out;
}

}  // namespace smtpspec
