#include "smtpspec/smtp/content.hpp"

#include <algorithm>

namespace smtpspec::smtp {

std::string dot_stuff(std::string_view content) {
  std::string out;
  out.reserve(content.size() + 16);
  bool line_start = true;
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (line_start && content[i] == '.') out += '.';
    out += content[i];
    line_start = content[i] == '\n' && i > 0 && content[i - 1] == '\r';
  }
  return out;
}

std::string data_octets(std::string_view content) {
  std::string out = dot_stuff(content);
  if (!out.empty() && !out.ends_with("\r\n")) out += "\r\n";
  return out + ".\r\n";
}

std::size_t DotReader::feed(std::string_view input, std::string& body) {
  for (std::size_t i = 0; i < input.size(); ++i) {
    const char c = input[i];
    switch (state_) {
      case State::line_start:
        if (c == '.') {
          state_ = State::dot;
          continue;
        }
        break;
      case State::dot:
        if (c == '\r') {
          state_ = State::dot_cr;
          continue;
        }
        // A leading dot is taken off whatever follows (section 4.5.2).
        break;
      case State::dot_cr:
        if (c == '\n') {
          state_ = State::done;
          return i + 1;
        }
        body += '\r';
        if (c == '\r') {
          state_ = State::text_cr;
          continue;
        }
        break;
      case State::text: {
        // Lines that begin with no dot go in one piece.
        std::size_t end = std::min(input.find('\r', i), input.size());
        while (end + 2 < input.size() && input[end + 1] == '\n' && input[end + 2] != '.')
          end = std::min(input.find('\r', end + 2), input.size());
        body += input.substr(i, end - i);
        if (end == input.size()) return end;
        i = end;
        state_ = State::text_cr;
        continue;
      }
      case State::text_cr:
        body += '\r';
        if (c == '\n') {
          body += '\n';
          state_ = State::line_start;
          continue;
        }
        break;
      case State::done: return i;
    }
    if (c == '\r') {
      state_ = State::text_cr;
    } else {
      body += c;
      state_ = State::text;
    }
  }
  return input.size();
}

}  // namespace smtpspec::smtp
