// A message that arrived, in a mailbox that anybody may write to: its parts are all of it and lie in it; the clauses of a Received
// field lie in its text; an mbox is cut the same whether it is read whole or piece by piece.
#include "oracle.hpp"
#include "smtpspec/delivery/arrival.hpp"
#include "smtpspec/delivery/received.hpp"
#include "smtpspec/observe/mbox.hpp"

using namespace smtpspec;

namespace {

bool inside(std::string_view whole, std::string_view part) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto require = [text](bool holds, const char* what) { fuzz::require(holds, what, text); };
  const auto message = delivery::split(text);
  require(text.starts_with(message.header), "the header is its beginning");
  require(text.ends_with(message.body), "the body is its end");
  std::size_t octets = 0;
  for (const delivery::Field& field : message.fields) {
    require(inside(text, field.whole) && inside(field.whole, field.name) && inside(field.whole, field.value), "a field lies in it");
    octets += field.whole.size();
  }
  require(octets == message.header.size(), "the header is its fields");
  require(text.size() - message.header.size() - message.body.size() <= 2, "an empty line is all that is left");
  for (const auto storage : {delivery::Storage::wire, delivery::Storage::lines, delivery::Storage::mbox})
    require(delivery::is_same(text, text, storage), "it is itself");

  const auto received = delivery::parse_received(text);
  for (const auto& clause : received.clauses)
    require(inside(text, clause.name) && inside(text, clause.value) && inside(text, clause.rest), "a clause lies in it");
  require(inside(text, received.date), "the date lies in it");
  delivery::parse_date_time(received.date);
  delivery::parse_date_time(text);

  std::size_t end = 0, rest = 0;
  const auto open = observe::messages_of(text, true, end);
  const auto whole = observe::messages_of(text, false, rest);
  require(end <= text.size() && rest == text.size(), "it ends somewhere");
  require(whole.size() >= open.size() && whole.size() <= open.size() + 1, "the last one may be open");
  for (std::size_t i = 0; i < open.size(); ++i) require(open[i] == whole[i], "what is complete stays as it is");
  return 0;
}
