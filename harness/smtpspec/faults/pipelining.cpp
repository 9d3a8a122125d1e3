// Groups of commands (RFC 2920): input that goes lost or is taken apart with its segment, replies that wait or change places.
#include <algorithm>

#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"

namespace smtpspec::faults {
namespace {

// Where segments can be taken apart: neither data nor chunks come here.
bool between_transactions(const Context& context) { return context.state == State::greeted || context.state == State::ready; }

// Unread input goes lost behind the answers that `loses` names.
template <typename Loses>  // bool(const Context& behind, Input)
void flush_behind(Seams& seams, Loses loses) {
  seams.flush = [loses](const Context& context, Input input, std::string_view unread) {
    return loses(context, input) ? unread.size() : std::size_t{0};
  };
}

// Of a segment, only the first `most` commands are read; the others wait for the next segment.
template <typename Is>  // bool(const Context&)
void read_in_portions(Seams& seams, int most, Is is) {
  seams.arrive = [most, is, waiting = std::string()](const Context& context, std::string_view, const std::string& segment) mutable {
    std::string all = std::exchange(waiting, {}) + segment;
    if (!is(context)) return all;
    std::size_t end = 0;
    for (int i = 0; i < most && end != all.npos; ++i) {
      end = all.find("\r\n", end);
      if (end != all.npos) end += 2;
    }
    if (end == all.npos) return all;
    waiting = all.substr(end);
    all.resize(end);
    return all;
  };
}

std::vector<std::string> replies_in(std::string_view octets) {
  std::vector<std::string> out(1);
  while (!octets.empty()) {
    const std::size_t end = octets.find("\r\n");
    const std::string_view line = octets.substr(0, end == octets.npos ? octets.size() : end + 2);
    out.back() += line;
    octets.remove_prefix(line.size());
    if (line.size() > 3 && line[3] == ' ' && !octets.empty()) out.emplace_back();
  }
  return out;
}

std::size_t start_of_last_line(const std::string& reply) {
  const std::size_t end = reply.rfind('\n', reply.size() - 2);
  return end == std::string::npos ? 0 : end + 1;
}

// The replies that go out together are changed, together.
template <typename Change>  // void(const Context&, std::vector<std::string>&)
void on_group(Seams& seams, const Change& change) {
  seams.release = [change](const Context& context, std::string& held, std::string_view) {
    auto replies = replies_in(std::exchange(held, {}));
    if (replies.size() > 1) change(context, replies);
    std::string out;
    for (const std::string& reply : replies) out += reply;
    return out;
  };
}

// The reply to one input stays behind until there is another.
void hold_reply(Seams& seams, Input input) {
  const auto last = std::make_shared<Input>();
  on_rows(seams, [last](const Context&, Input what, Row&) { *last = what; });
  seams.release = [last, input](const Context&, std::string& held, std::string_view) {
    return *last == input ? std::string() : std::exchange(held, {});
  };
}

}  // namespace

std::vector<Fault> pipelining_faults() {
  return {
      // --- input that goes lost
      {"pipelining/one-command-a-segment", "RFC2920-3.1-P1", "whatever stands behind a command in the same segment goes lost",
       [](Seams& seams, Shared&) { flush_behind(seams, [](const Context&, Input) { return true; }); }},
      {"pipelining/refused-recipient-flushes", "RFC2920-3.2-9", "unread input goes lost behind a refused RCPT",
       [](Seams& seams, Shared&) {
         flush_behind(seams, [](const Context&, Input input) { return Input::rcpt < input && input <= Input::rcpt_refused; });
       }},
      subtle({"pipelining/refused-data-flushes", "RFC2920-3.2-9", "unread input goes lost behind a refused DATA",
              [](Seams& seams, Shared&) {
                flush_behind(seams, [](const Context& behind, Input input) { return input == Input::data && behind.state != State::data; });
              }}),
      subtle({"pipelining/rset-flushes", "RFC2920-3.2-9", "RSET resets the buffers, unread input included",
              [](Seams& seams, Shared&) { flush_behind(seams, [](const Context&, Input input) { return input == Input::rset; }); }}),
      subtle({"pipelining/ehlo-flushes", "RFC2920-3.2-9", "unread input goes lost behind EHLO",
              [](Seams& seams, Shared&) { flush_behind(seams, [](const Context&, Input input) { return input == Input::ehlo; }); }}),
      subtle({"pipelining/final-dot-flushes", "RFC2920-3.1-P2", "the rest of the segment that holds the final dot goes lost",
              [](Seams& seams, Shared&) {
                flush_behind(seams,
                             [](const Context&, Input input) { return Input::content <= input && input <= Input::content_not_stored; });
              }}),
      subtle({"pipelining/chunk-flushes", "RFC2920-3.2-9", "the rest of the segment that holds the end of a chunk goes lost",
              [](Seams& seams, Shared&) {
                flush_behind(seams, [](const Context&, Input input) { return input == Input::chunk || input == Input::last_chunk; });
              }}),
      subtle({"pipelining/final-dot-at-segment-end", "RFC2920-3.1-P2", "the final dot ends the data only at the end of a segment",
              [](Seams& seams, Shared&) {
                struct AtSegmentEnd final : serve::ContentReader {
                  std::unique_ptr<serve::ContentReader> reader;
                  std::function<std::unique_ptr<serve::ContentReader>()> renew;
                  std::size_t feed(std::string_view input, std::string& content) override {
                    std::size_t taken = reader->feed(input, content);
                    while (reader->done() && taken < input.size()) {
                      content += ".\r\n";
                      reader = renew();
                      taken += reader->feed(input.substr(taken), content);
                    }
                    return taken;
                  }
                  bool done() const override { return reader->done(); }
                };
                seams.content_reader = [lawful = seams.content_reader](const Context& context) {
                  auto out = std::make_unique<AtSegmentEnd>();
                  out->renew = [lawful, context] { return lawful(context); };
                  out->reader = out->renew();
                  return out;
                };
              }}),
      subtle({"pipelining/refused-data-swallows", "RFC2920-3.2-P1",
              "behind a DATA refused for want of recipients, what is already there up to a final dot is passed over",
              [](Seams& seams, Shared&) {
                seams.flush = [](const Context& behind, Input input, std::string_view unread) {
                  if (input != Input::data || behind.state != State::mail) return std::size_t{0};
                  const std::size_t dot = unread.find("\r\n.\r\n");
                  return dot == unread.npos ? std::size_t{0} : dot + 5;
                };
              }}),
      subtle({"pipelining/buffer-of-2048", "RFC2920-3.2-9", "of a segment with commands, octets behind the 2048th go lost",
              [](Seams& seams, Shared&) {
                seams.arrive = [](const Context& context, std::string_view, std::string segment) {
                  if (between_transactions(context) && segment.size() > 2048 && smtp::to_upper(segment).find("BDAT") == segment.npos)
                    segment.resize(2048);
                  return segment;
                };
              }}),

      // --- input that waits
      subtle({"pipelining/ten-commands-a-read", "RFC2920-3.2-7", "commands behind the tenth of a segment wait until another segment comes",
              [](Seams& seams, Shared&) { read_in_portions(seams, 10, between_transactions); }}),
      subtle({"pipelining/tls-record-pending", "RFC2920-3.2-7",
              "inside TLS, commands behind the first of a record wait until another record comes",
              [](Seams& seams, Shared&) {
                read_in_portions(seams, 1, [](const Context& context) { return context.tls && between_transactions(context); });
              }}),

      // --- commands in several segments
      subtle({"pipelining/cut-crlf", "RFC5321-2.4-P4", "a CR at the end of a segment ends the command, and its LF begins the next",
              [](Seams& seams, Shared&) {
                seams.arrive = [](const Context& context, std::string_view, std::string segment) {
                  if (between_transactions(context) && segment.ends_with('\r')) segment += '\n';
                  return segment;
                };
              }}),
      subtle({"pipelining/segment-is-a-command", "RFC5321-2.4-P2", "the end of a segment ends a command",
              [](Seams& seams, Shared&) {
                seams.arrive = [](const Context& context, std::string_view, std::string segment) {
                  if (between_transactions(context) && !segment.ends_with('\n') && !segment.ends_with('\r')) segment += "\r\n";
                  return segment;
                };
              }}),
      subtle({"pipelining/three-pieces", "RFC5321-2.4-P4", "of a command in several segments, the third goes lost",
              [](Seams& seams, Shared&) {
                seams.arrive = [pieces = 0](const Context& context, std::string_view unread, const std::string& segment) mutable {
                  pieces = unread.empty() ? 1 : pieces + 1;
                  return pieces == 3 && between_transactions(context) ? std::string() : segment;
                };
              }}),

      // --- what is glued behind STARTTLS
      {"pipelining/glued-behind-starttls", "RFC3207-4.2-1b", "commands in the segment of STARTTLS are carried out inside TLS",
       [](Seams& seams, Shared&) { seams.behind_starttls = [](std::string glued) { return glued; }; }},
      subtle({"pipelining/half-glued-behind-starttls", "RFC3207-4.2-1b",
              "half a command in the segment of STARTTLS becomes the front of the first one inside TLS",
              [](Seams& seams, Shared&) {
                seams.behind_starttls = [](const std::string& glued) {
                  const std::size_t end = glued.rfind('\n');
                  return end == glued.npos ? glued : glued.substr(end + 1);
                };
              }}),

      // --- replies
      {"pipelining/refusals-first", "RFC2920-3.2-1", "refusals go out before the other replies of a group",
       [](Seams& seams, Shared&) {
         on_group(seams, [](const Context&, std::vector<std::string>& replies) {
           std::stable_partition(replies.begin(), replies.end(), [](const std::string& reply) { return reply >= "4"; });
         });
       }},
      subtle({"pipelining/like-replies-joined", "RFC2920-3.1-P1",
              "replies of a group that follow each other with the same code become one of several lines",
              [](Seams& seams, Shared&) {
                on_group(seams, [](const Context&, std::vector<std::string>& replies) {
                  for (std::size_t i = 0; i + 1 < replies.size(); ++i)
                    if (replies[i].substr(0, 3) == replies[i + 1].substr(0, 3)) replies[i][start_of_last_line(replies[i]) + 3] = '-';
                });
              }}),
      subtle({"pipelining/last-reply-held", "RFC2920-3.2-7", "the last reply of a group waits until another command comes",
              [](Seams& seams, Shared&) {
                seams.release = [](const Context& context, std::string& held, std::string_view) {
                  auto replies = replies_in(std::exchange(held, {}));
                  if (replies.size() > 1 && context.state != State::closed) held = std::exchange(replies.back(), {});
                  std::string out;
                  for (const std::string& reply : replies) out += reply;
                  return out;
                };
              }}),
      subtle({"pipelining/half-command-delays", "RFC2920-3.2-8", "replies wait while half a command stands behind what they answer",
              [](Seams& seams, Shared&) {
                seams.release = [](const Context& context, std::string& held, std::string_view unread) {
                  const bool half = !unread.empty() && unread.find('\n') == unread.npos && context.state != State::closed;
                  return half ? std::string() : std::exchange(held, {});
                };
              }}),
      {"pipelining/noop-held", "RFC2920-3.2-5", "the reply to NOOP waits until another command comes",
       [](Seams& seams, Shared&) { hold_reply(seams, Input::noop); }},
      subtle({"pipelining/vrfy-held", "RFC2920-3.2-5", "the reply to VRFY waits until another command comes",
              [](Seams& seams, Shared&) { hold_reply(seams, Input::vrfy); }}),
      {"pipelining/unknown-verb-held", "RFC2920-3.2-6", "the reply to an unknown verb waits until another command comes",
       [](Seams& seams, Shared&) { hold_reply(seams, Input::unknown_verb); }},

      subtle({"pipelining/lookup-overtaken", "RFC2920-3.2-1",
              "a recipient at another domain is looked up in the DNS, and the reply to the next command of the group goes out before",
              [](Seams& seams, Shared&) {
                const auto slow = std::make_shared<std::vector<bool>>();  // of the replies not let go yet
                on_input(seams, [slow](const Context&, const Transaction&, std::string_view line, Input lawful) {
                  const smtp::Path path = smtp::parse_command(line, {.utf8 = true}).path;
                  slow->push_back(lawful == Input::rcpt && smtp::iequals(path.domain.in(line), serve::Config{}.relay_domain));
                  return lawful;
                });
                on_group(seams, [slow](const Context&, std::vector<std::string>& replies) {
                  const auto all = std::exchange(*slow, {});
                  for (std::size_t i = 0; i + 1 < replies.size(); ++i)
                    if (all[all.size() - replies.size() + i]) std::swap(replies[i], replies[i + 1]), ++i;
                });
              }}),

      subtle({"pipelining/refused-mail-flushes", "RFC2920-3.2-9", "unread input goes lost behind a refused MAIL",
              [](Seams& seams, Shared&) {
                flush_behind(seams, [](const Context&, Input input) { return Input::mail < input && input <= Input::mail_refused; });
              }}),
      subtle(
          {"pipelining/unknown-verb-flushes", "RFC2920-3.2-9", "unread input goes lost behind an unknown verb",
           [](Seams& seams, Shared&) { flush_behind(seams, [](const Context&, Input input) { return input == Input::unknown_verb; }); }}),
  };
}

}  // namespace smtpspec::faults
