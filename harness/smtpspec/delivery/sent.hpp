// What a session handed over: the messages that a conforming server has taken from it, transparency and chunks undone, and what
// it was answered.
//
//   for (const Sent& one : sent(transcript)) one.code / 100 == 2   // the server has taken charge of one.content
#pragma once

#include "smtpspec/session/transcript.hpp"

namespace smtpspec::delivery {

struct Sent {
  std::string content;
  int code = 0;        // of the reply to its end; 0: it was given up before
  int entry = -1;      // of that reply
  int recipients = 0;  // that were accepted
  std::string client;  // the name in the last EHLO or HELO
  bool accepted() const { return code / 100 == 2; }
};
std::vector<Sent> sent(const session::Transcript& transcript);

}  // namespace smtpspec::delivery
