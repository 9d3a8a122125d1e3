// What becomes of a message that was taken, or was not. The store itself is a seam of its own: here is what a connection does to a
// message before it hands it over.
#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::faults {
namespace {

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) text.replace(at, what.size(), by);
}

template <typename Change>  // void(const Transaction&, std::string&)
void on_content(Seams& seams, Change change) {
  seams.content = [before = seams.content, change = std::move(change)](const Transaction& transaction, std::string content) {
    std::string out = before(transaction, std::move(content));
    change(transaction, out);
    return out;
  };
}

template <typename Change>  // void(const Transaction&, std::string&)
void on_trace(Seams& seams, Change change) {
  seams.trace = [before = seams.trace, change = std::move(change)](const Transaction& transaction, std::string trace) {
    std::string out = before(transaction, std::move(trace));
    change(transaction, out);
    return out;
  };
}

}  // namespace

std::vector<Fault> delivery_faults() {
  return {
      {"delivery/dot-left", "RFC5321-4.5.2-P1", "the dot that transparency put in front of a line stays there",
       [](Seams& seams, Shared&) {
         on_content(seams, [](const Transaction&, std::string& content) { replace_all(content, "\r\n.", "\r\n.."); });
       }},
  };
}

}  // namespace smtpspec::faults
