// Readers of mail data with a wrong state machine (RFC 5321 sections 4.1.1.4 and 4.5.2), and what is wrongly refused
// behind the final dot.
#include <optional>

#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"
#include "smtpspec/smtp/content.hpp"

namespace smtpspec::faults {
namespace {

using serve::ContentReader;

// A lawful reader in the middle of a line.
smtp::DotReader in_text() {
  smtp::DotReader reader;
  std::string dropped;
  reader.feed("x", dropped);
  return reader;
}

// Every bare CR or LF made a CRLF, as a server does that takes them for line ends.
std::string with_line_ends(std::string_view content) {
  std::string out;
  for (std::size_t i = 0; i < content.size(); ++i) {
    const bool after_cr = i > 0 && content[i - 1] == '\r';
    const bool before_lf = i + 1 < content.size() && content[i + 1] == '\n';
    if (content[i] == '\n' && !after_cr) out += '\r';
    out += content[i];
    if (content[i] == '\r' && !before_lf) out += '\n';
  }
  return out;
}

// Ends where the lawful reader does, and also where `ends` says so: of all octets seen, behind a CRLF for the line before
// the first, it tells how many of the last ones stay unread. What ended wrongly is a message like any other.
template <typename Ends>  // std::optional<std::size_t>(std::string_view seen)
class EndsAlso final : public ContentReader {
 public:
  explicit EndsAlso(Ends ends) : ends_(std::move(ends)) {}
  std::size_t feed(std::string_view input, std::string& content) override {
    for (std::size_t i = 0; i < input.size(); ++i) {
      seen_ += input[i];
      reader_.feed(input.substr(i, 1), body_);
      const auto unread = reader_.done() ? std::optional<std::size_t>(0) : ends_(std::string_view(seen_));
      if (!unread || *unread > i + 1) continue;
      done_ = true;
      content += reader_.done() ? body_ : with_line_ends(body_);
      return i + 1 - *unread;
    }
    return input.size();
  }
  bool done() const override { return done_; }

 private:
  Ends ends_;
  smtp::DotReader reader_;
  std::string seen_ = "\r\n", body_;
  bool done_ = false;
};

// Feeds the lawful reader octet by octet; `step` may put another reader in its place, or pass over the octet.
template <typename Step>  // bool(smtp::DotReader&, char before, char octet, std::string& content); false: the octet is passed over
class Stepwise final : public ContentReader {
 public:
  explicit Stepwise(Step step) : step_(step) {}
  std::size_t feed(std::string_view input, std::string& content) override {
    for (std::size_t i = 0; i < input.size(); ++i) {
      if (step_(reader_, before_, input[i], content)) reader_.feed(input.substr(i, 1), content);
      before_ = input[i];
      if (reader_.done()) return i + 1;
    }
    return input.size();
  }
  bool done() const override { return reader_.done(); }

 private:
  Step step_;
  smtp::DotReader reader_;
  char before_ = '\n';
};

// Knows where segments begin and end: `segment` reads one.
template <typename Segment>  // std::size_t(smtp::DotReader&, std::string_view input, std::string& content, bool& done)
class BySegment final : public ContentReader {
 public:
  explicit BySegment(Segment segment) : segment_(std::move(segment)) {}
  std::size_t feed(std::string_view input, std::string& content) override { return segment_(reader_, input, content, done_); }
  bool done() const override { return done_; }

 private:
  Segment segment_;
  smtp::DotReader reader_;
  bool done_ = false;
};

template <template <typename> typename Reader, typename What>
std::unique_ptr<ContentReader> reader_of(What what) {
  return std::make_unique<Reader<What>>(std::move(what));
}
template <template <typename> typename Reader, typename What>
void read_by(Seams& seams, What what) {
  seams.content_reader = [what](const Context&) { return reader_of<Reader>(what); };
}

template <typename Ends>
void ends_also(Seams& seams, Ends ends) {
  read_by<EndsAlso>(seams, [ends](std::string_view seen) { return ends(seen) ? std::optional<std::size_t>(0) : std::nullopt; });
}

// The line that `seen` ends with, its CRLF left out; nothing when it does not end there.
std::optional<std::string_view> line_of(std::string_view seen) {
  if (seen.size() < 4 || !seen.ends_with("\r\n")) return std::nullopt;
  const std::size_t start = seen.rfind("\r\n", seen.size() - 3) + 2;
  return seen.substr(start, seen.size() - 2 - start);
}

// The longest line, its CRLF included, of those that begin with `start`.
std::size_t longest_line(std::string_view content, std::string_view start) {
  std::size_t longest = 0;
  while (!content.empty()) {
    const std::size_t end = content.find("\r\n");
    const std::size_t size = end == content.npos ? content.size() : end + 2;
    if (content.starts_with(start)) longest = std::max(longest, size);
    content.remove_prefix(size);
  }
  return longest;
}

// A field of the header, or npos: where its line begins.
std::size_t field(std::string_view content, std::string_view name) {
  for (std::size_t i = 0; i < content.size() && !content.substr(i).starts_with("\r\n");) {
    if (smtp::istarts_with(content.substr(i), name)) return i;
    const std::size_t end = content.find("\r\n", i);
    if (end == content.npos) break;
    i = end + 2;
  }
  return std::string_view::npos;
}

// Refuses a message behind the final dot.
template <typename Is>  // bool(const Transaction&)
void refuse_content(Seams& seams, Is is, Input as = Input::content_refused) {
  on_input(seams, [is, as](const Context&, const Transaction& transaction, std::string_view, Input lawful) {
    return lawful == Input::content && is(transaction) ? as : lawful;
  });
}

// Refuses a message to a submission server with 501, the code for commands.
template <typename Is>  // bool(std::string_view content)
void refuse_as_command(Seams& seams, Is is) {
  const auto refused = std::make_shared<bool>(false);
  on_input(seams, [is, refused](const Context& context, const Transaction& transaction, std::string_view, Input lawful) {
    *refused = lawful == Input::content && context.role != smtp::Role::relay && is(std::string_view(transaction.content));
    return *refused ? Input::content_refused : lawful;
  });
  on_row(seams, Input::content_refused, [refused](const Context&, Row& row) {
    if (*refused) row.reply = {501, "5.6.0", "Syntax error in header"};
  });
}

// What MAIL declared, for the reader of the data.
std::shared_ptr<std::optional<std::uint64_t>> declared_size(Seams& seams) {
  const auto size = std::make_shared<std::optional<std::uint64_t>>();
  on_record(seams, [size](const Context& before, Input input, std::string_view line, Transaction&) {
    if (input == Input::mail && before.state == State::ready) *size = mail_params(line).size;
  });
  return size;
}

bool is_exotic_break(char c) { return c == '\v' || c == '\f' || (c >= '\x1c' && c <= '\x1e') || c == '\x85'; }

// Misses an end of the data that lies across two buffers of `size` octets.
class Buffered final : public ContentReader {
 public:
  explicit Buffered(std::size_t size) : size_(size) {}
  std::size_t feed(std::string_view input, std::string& content) override {
    for (std::size_t i = 0; i < input.size(); ++i) {
      reader_.feed(input.substr(i, 1), content);
      if (reader_.done()) return i + 1;
      seen_ += input[i];
      seen_.erase(0, seen_.size() > 4 ? seen_.size() - 4 : 0);
      if (++count_ % size_ == 0 && (seen_.ends_with("\r\n.") || seen_.ends_with("\r\n.\r"))) reader_ = in_text();
    }
    return input.size();
  }
  bool done() const override { return reader_.done(); }

 private:
  std::size_t size_, count_ = 0;
  smtp::DotReader reader_;
  std::string seen_ = "\r\n";
};

}  // namespace

std::vector<Fault> content_faults() {
  return {
      // --- ends where there is none
      {"content/lf-dot-lf", "RFC5321-4.1.1.4-5", "LF . LF ends the data",
       [](Seams& seams, Shared&) {
         ends_also(seams, [](std::string_view seen) { return seen.ends_with("\n.\n") && !seen.ends_with("\r\n.\n"); });
       }},
      {"content/lf-dot-crlf", "RFC5321-4.1.1.4-4", "LF . CRLF ends the data",
       [](Seams& seams, Shared&) { ends_also(seams, [](std::string_view seen) { return seen.ends_with("\n.\r\n"); }); }},
      {"content/crlf-dot-lf", "RFC5321-4.1.1.4-4", "CRLF . LF ends the data",
       [](Seams& seams, Shared&) { ends_also(seams, [](std::string_view seen) { return seen.ends_with("\r\n.\n"); }); }},
      {"content/cr-dot-cr", "RFC5321-4.1.1.4-4b", "CR . CR ends the data",
       [](Seams& seams, Shared&) { ends_also(seams, [](std::string_view seen) { return seen.ends_with("\r.\r"); }); }},
      subtle({"content/cr-dot-crlf", "RFC5321-4.1.1.4-4b", "CR . CRLF ends the data",
              [](Seams& seams, Shared&) { ends_also(seams, [](std::string_view seen) { return seen.ends_with("\r.\r\n"); }); }}),
      subtle({"content/crlf-dot-cr", "RFC5321-4.1.1.4-4b", "CRLF . CR ends the data, whatever follows",
              [](Seams& seams, Shared&) {
                read_by<EndsAlso>(seams, [](std::string_view seen) {
                  const bool ends = seen.back() != '\n' && seen.substr(0, seen.size() - 1).ends_with("\r\n.\r");
                  return ends ? std::optional<std::size_t>(1) : std::nullopt;
                });
              }}),
      subtle({"content/crlf-dot-cr-crlf", "RFC5321-4.1.1.4-4b", "CRLF . CR CRLF ends the data",
              [](Seams& seams, Shared&) { ends_also(seams, [](std::string_view seen) { return seen.ends_with("\r\n.\r\r\n"); }); }}),
      {"content/nuls-dropped", "RFC5321-4.1.1.4-4b",
       "NULs are dropped before the end of the data is looked for, so that CRLF NUL . CRLF ends them",
       [](Seams& seams, Shared&) {
         read_by<Stepwise>(seams, [](smtp::DotReader&, char, char octet, std::string&) { return octet != '\0'; });
       }},
      subtle({"content/dot-nul", "RFC5321-4.1.1.4-4b",
              "a line is compared with the dot as a C string, so that a NUL behind the dot ends the data",
              [](Seams& seams, Shared&) {
                ends_also(seams, [](std::string_view seen) {
                  const auto line = line_of(seen);
                  return line && line->starts_with(std::string_view(".\0", 2));
                });
              }}),
      {"content/dot-blank", "RFC5321-4.5.2-P3", "a dot with blanks behind it ends the data",
       [](Seams& seams, Shared&) {
         ends_also(seams, [](std::string_view seen) {
           const auto line = line_of(seen);
           return line && line->starts_with('.') && line->find_first_not_of(" \t", 1) == line->npos;
         });
       }},
      subtle({"content/stuffed-dot-ends", "RFC5321-4.5.2-P2",
              "the dot of transparency is taken off before the comparison, so that a line of two dots ends the data",
              [](Seams& seams, Shared&) { ends_also(seams, [](std::string_view seen) { return seen.ends_with("\r\n..\r\n"); }); }}),
      {"content/dot-line-ends", "RFC5321-4.5.2-P2", "every line that begins with one dot ends the data",
       [](Seams& seams, Shared&) {
         ends_also(seams, [](std::string_view seen) {
           const auto line = line_of(seen);
           return line && line->starts_with('.') && !line->starts_with("..");
         });
       }},
      subtle({"content/high-bit-dropped", "RFC6152-3-P5",
              "the end of the data is looked for in seven bits, so that an octet 0xAE alone on a line ends them",
              [](Seams& seams, Shared&) {
                ends_also(seams, [](std::string_view seen) {
                  std::string tail(seen.substr(seen.size() - std::min<std::size_t>(5, seen.size())));
                  for (char& c : tail) c &= 0x7f;
                  return tail == "\r\n.\r\n";
                });
              }}),
      subtle({"content/exotic-line-breaks", "RFC5321-4.1.1.4-P2",
              "VT, FF, the separators 0x1C to 0x1E and 0x85 break lines of the data, and a dot between two of them ends the data",
              [](Seams& seams, Shared&) {
                ends_also(seams, [](std::string_view seen) {
                  if (seen.size() < 3) return false;
                  const std::string_view tail = seen.substr(seen.size() - 3);
                  return tail[1] == '.' && is_exotic_break(tail[2]) && (is_exotic_break(tail[0]) || tail[0] == '\n');
                });
              }}),
      subtle({"content/ctrl-z", "RFC5321-4.1.1.4-P2", "the octet 0x1A ends the data",
              [](Seams& seams, Shared&) { ends_also(seams, [](std::string_view seen) { return seen.ends_with('\x1a'); }); }}),
      {"content/quit-in-data", "RFC5321-4.1.1.4-P3", "a line QUIT in the data ends them and is carried out",
       [](Seams& seams, Shared&) {
         read_by<EndsAlso>(
             seams, [](std::string_view seen) { return seen.ends_with("\r\nQUIT\r\n") ? std::optional<std::size_t>(6) : std::nullopt; });
       }},
      subtle({"content/dot-at-segment-end", "RFC5321-4.5.2-P4",
              "the data end with a segment that ends in . CRLF, in the middle of a line too",
              [](Seams& seams, Shared&) {
                read_by<BySegment>(seams, [](smtp::DotReader& reader, std::string_view input, std::string& content, bool& done) {
                  const std::size_t taken = reader.feed(input, content);
                  done = reader.done() || input.ends_with(".\r\n");
                  return taken;
                });
              }}),
      subtle({"content/segment-is-line-start", "RFC5321-4.5.2-P4",
              "each segment is taken for the start of a line, so that a dot and CRLF at its front end the data",
              [](Seams& seams, Shared&) {
                read_by<BySegment>(
                    seams, [last = '\n'](smtp::DotReader& reader, std::string_view input, std::string& content, bool& done) mutable {
                      if (input.empty()) return input.size();
                      if (std::exchange(last, input.back()) != '\r' && input.starts_with(".\r\n")) reader = {};
                      const std::size_t taken = reader.feed(input, content);
                      done = reader.done();
                      return taken;
                    });
              }}),
      subtle({"content/long-line-cut", "RFC5321-4.5.3.1.6-P3",
              "a line goes on as a new one behind 1024 octets, so that a dot and CRLF there end the data",
              [](Seams& seams, Shared&) {
                read_by<Stepwise>(seams, [size = std::size_t{0}](smtp::DotReader& reader, char before, char octet, std::string&) mutable {
                  if (++size > 1024 && before != '\r') reader = {}, size = 1;
                  if (before == '\r' && octet == '\n') size = 0;
                  return true;
                });
              }}),
      subtle({"content/ends-at-declared-size", "RFC1870-6-1", "the data end when more octets came than MAIL declared",
              [](Seams& seams, Shared&) {
                const auto size = declared_size(seams);
                seams.content_reader = [size](const Context&) {
                  // What was seen holds a CRLF before the data, and may hold the final dot's three octets.
                  return reader_of<EndsAlso>([size](std::string_view seen) {
                    return *size && seen.size() > **size + 5 ? std::optional<std::size_t>(0) : std::nullopt;
                  });
                };
              }}),

      // --- ends that are missed
      {"content/first-line-missed", "RFC5321-4.5.2-P4", "the final dot is not seen on the first line of the data",
       [](Seams& seams, Shared&) {
         read_by<Stepwise>(seams, [first = true](smtp::DotReader& reader, char, char, std::string&) mutable {
           if (std::exchange(first, false)) reader = in_text();
           return true;
         });
       }},
      subtle({"content/cut-crlf-missed", "RFC5321-4.5.2-P4",
              "a CRLF cut between two segments ends no line of the data, the last one included",
              [](Seams& seams, Shared&) {
                read_by<BySegment>(
                    seams, [last = '\n'](smtp::DotReader& reader, std::string_view input, std::string& content, bool& done) mutable {
                      if (input.empty()) return input.size();
                      if (std::exchange(last, input.back()) == '\r') reader = in_text(), content += '\r';
                      const std::size_t taken = reader.feed(input, content);
                      done = reader.done();
                      return taken;
                    });
              }}),
      subtle({"content/crcrlf-missed", "RFC5321-4.1.1.4-P2",
              "a CR before a CRLF hides the end of the line, so that the final dot on the next one is missed",
              [](Seams& seams, Shared&) {
                read_by<Stepwise>(seams, [hidden = false](smtp::DotReader& reader, char before, char octet, std::string& content) mutable {
                  if (before == '\r' && octet == '\r') {
                    hidden = true;
                  } else if (std::exchange(hidden, false)) {
                    reader = in_text();
                    content += '\r';
                  }
                  return true;
                });
              }}),
      subtle({"content/telnet-command", "RFC6152-3-P5",
              "the octet 0xFF is a Telnet command that eats the octet behind it, be it the CR of a line end",
              [](Seams& seams, Shared&) {
                read_by<Stepwise>(seams, [eats = false](smtp::DotReader&, char, char octet, std::string&) mutable {
                  if (std::exchange(eats, false)) return false;
                  eats = octet == '\xff';
                  return !eats;
                });
              }}),
      subtle({"content/waits-for-declared-size", "RFC1870-6-1", "the final dot is text until as many octets came as MAIL declared",
              [](Seams& seams, Shared&) {
                const auto size = declared_size(seams);
                seams.content_reader = [size](const Context&) {
                  return reader_of<BySegment>([size, got = std::uint64_t{0}](smtp::DotReader& reader, std::string_view input,
                                                                             std::string& content, bool& done) mutable {
                    std::size_t taken = 0;
                    while (taken < input.size() && !done) {
                      const std::size_t before = content.size();
                      taken += reader.feed(input.substr(taken), content);
                      got += content.size() - before;
                      if (!reader.done()) break;
                      done = got >= size->value_or(0);
                      if (!done) reader = {}, content += ".\r\n", got += 3;
                    }
                    return taken;
                  });
                };
              }}),
      subtle({"content/reader-not-renewed", "RFC5321-4.1.1.4-P2",
              "the reader of a session's first message is used for the later ones, which end before they began",
              [](Seams& seams, Shared&) {
                const auto reader = std::make_shared<smtp::DotReader>();
                seams.content_reader = [reader](const Context&) {
                  return reader_of<BySegment>([reader](smtp::DotReader&, std::string_view input, std::string& content, bool& done) {
                    const std::size_t taken = reader->feed(input, content);
                    done = reader->done();
                    return taken;
                  });
                };
              }}),

      // --- what is said behind the end
      subtle({"content/reply-per-recipient", "RFC5321-4.1.1.4-P4", "the final dot gets a reply for each recipient",
              [](Seams& seams, Shared&) {
                const auto recipients = std::make_shared<std::size_t>(1);
                on_input(seams, [recipients](const Context&, const Transaction& transaction, std::string_view, Input lawful) {
                  if (lawful == Input::content) *recipients = transaction.envelope.recipients.size();
                  return lawful;
                });
                on_reply(seams, Input::content, [recipients](const Context&, std::string& reply) {
                  const std::string one = reply;
                  for (std::size_t i = 1; i < *recipients; ++i) reply += one;
                });
              }}),
      subtle({"content/empty-unanswered", "RFC5321-4.2-1", "a message without any content gets no reply",
              [](Seams& seams, Shared&) {
                const auto empty = std::make_shared<bool>(false);
                on_input(seams, [empty](const Context&, const Transaction& transaction, std::string_view, Input lawful) {
                  *empty = transaction.content.empty();
                  return lawful;
                });
                on_reply(seams, Input::content, [empty](const Context&, std::string& reply) {
                  if (*empty) reply.clear();
                });
              }}),
      subtle({"content/line-of-1000-refused", "RFC5321-4.5.3.1.6-P1", "a text line of 1000 octets, CRLF included, is refused as too long",
              [](Seams& seams, Shared&) {
                refuse_content(seams, [](const Transaction& transaction) { return longest_line(transaction.content, "") >= 1000; });
              }}),
      subtle({"content/stuffed-dot-counted", "RFC5321-4.5.3.1.6-P1", "the dot of transparency counts towards the 1000 octets of a line",
              [](Seams& seams, Shared&) {
                refuse_content(seams, [](const Transaction& transaction) { return longest_line(transaction.content, ".") >= 1000; });
              }}),
      subtle({"content/size-in-16-bits", "RFC5321-4.5.3.1.7-1", "a message of 65536 octets is refused, for its size is kept in 16 bits",
              [](Seams& seams, Shared&) {
                refuse_content(
                    seams, [](const Transaction& transaction) { return transaction.content.size() >= 65536; }, Input::content_too_big);
              }}),
      {"content/header-checked", "RFC5321-3.3-12", "a message without From is refused",
       [](Seams& seams, Shared&) {
         refuse_content(seams, [](const Transaction& transaction) { return field(transaction.content, "From:") == std::string::npos; });
       }},
      subtle({"content/body-wanted", "RFC5321-3.3-12", "a message without the empty line behind its header is refused",
              [](Seams& seams, Shared&) {
                refuse_content(seams,
                               [](const Transaction& transaction) { return transaction.content.find("\r\n\r\n") == std::string::npos; });
              }}),
      {"content/malformed-as-command", "RFC6409-6.3-P1", "a submitted message without From is refused with the code for commands",
       [](Seams& seams, Shared&) {
         refuse_as_command(seams, [](std::string_view content) { return field(content, "From:") == content.npos; });
       }},
      subtle({"content/address-as-command", "RFC6409-5.1-P2",
              "a submitted message whose From is an address without a domain is refused with the code for commands",
              [](Seams& seams, Shared&) {
                refuse_as_command(seams, [](std::string_view content) {
                  const std::size_t from = field(content, "From:");
                  return from != content.npos && content.substr(from, content.find("\r\n", from) - from).ends_with("@>");
                });
              }}),
      {"content/resent-fields-checked", "RFC5321-3.3-13", "a message with Resent-To and without Resent-From is refused",
       [](Seams& seams, Shared&) {
         refuse_content(seams, [](const Transaction& transaction) {
           return field(transaction.content, "Resent-To:") != std::string::npos &&
                  field(transaction.content, "Resent-From:") == std::string::npos;
         });
       }},
      {"content/trace-checked", "RFC5321-3.7.2-2a", "a message whose first Received field has no date is refused",
       [](Seams& seams, Shared&) {
         refuse_content(seams, [](const Transaction& transaction) {
           const std::string_view content = transaction.content;
           const std::size_t start = field(content, "Received:");
           if (start == content.npos) return false;
           std::size_t end = content.find("\r\n", start);
           while (end + 2 < content.size() && (content[end + 2] == ' ' || content[end + 2] == '\t')) end = content.find("\r\n", end + 2);
           return content.substr(start, end - start).find(';') == content.npos;
         });
       }},
      subtle({"content/c1-octets-refused", "RFC5321-3.3-P6",
              "octets 0x80 to 0x9F are taken for control characters, and 8BITMIME content that has one is refused",
              [](Seams& seams, Shared&) {
                refuse_content(seams, [](const Transaction& transaction) {
                  for (const char c : transaction.content)
                    if ((c & 0xe0) == 0x80) return true;
                  return false;
                });
              }}),

      // --- lines and buffers
      subtle({"content/blank-dot", "RFC5321-4.5.2-P3",
              "blanks in front of a dot are passed over, so that a line of blanks and a dot ends the data",
              [](Seams& seams, Shared&) {
                ends_also(seams, [](std::string_view seen) {
                  const auto line = line_of(seen);
                  return line && line->size() > 1 && line->find_first_not_of(" \t") == line->size() - 1 && line->back() == '.';
                });
              }}),
      subtle({"content/line-end-in-seven-bits", "RFC6152-3-P5",
              "CR and LF are looked for in seven bits, so that the octets 0x8D 0x8A and a dot on a line end the data",
              [](Seams& seams, Shared&) { ends_also(seams, [](std::string_view seen) { return seen.ends_with("\x8d\x8a.\r\n"); }); }}),
      subtle({"content/dot-across-buffers", "RFC5321-4.5.2-P4",
              "the final dot is missed when its line lies across two buffers of 4096 octets",
              [](Seams& seams, Shared&) { seams.content_reader = [](const Context&) { return std::make_unique<Buffered>(4096); }; }}),
      subtle({"content/from-line-refused", "RFC5321-3.3-12", "a message whose first line is that of an mbox is refused",
              [](Seams& seams, Shared&) {
                on_input(seams, [](const Context&, const Transaction& transaction, std::string_view, Input lawful) {
                  return lawful == Input::content && transaction.content.starts_with("From ") ? Input::content_refused : lawful;
                });
              }}),
  };
}

}  // namespace smtpspec::faults
