#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"

namespace smtpspec::faults {

std::vector<Fault> reply_faults() {
  return {
      {"replies/bare-lf", "RFC5321-2.3.8-1", "replies end in LF alone",
       [](Seams& seams, Shared&) { on_octets(seams, [](std::string& reply) { std::erase(reply, '\r'); }); }},
      {"replies/line-too-long", "RFC5321-4.5.3.1.5-1", "the text of HELP has a line of 600 octets",
       [](Seams& seams, Shared&) { on_saying(seams, Input::help, [](Saying& saying) { saying.lines.front() = std::string(600, 'x'); }); }},
      {"replies/other-code-in-ehlo", "RFC5321-4.2.1-5", "the last line of the EHLO reply has another code than the others",
       [](Seams& seams, Shared&) {
         on_octets(seams, [](std::string& reply) {
           const std::size_t last = reply.rfind("\r\n250 ");
           if (reply.starts_with("250-") && last != std::string::npos) reply.replace(last + 2, 3, "251");
         });
       }},
  };
}

}  // namespace smtpspec::faults
