// What becomes of a message that was taken, or was not.
#include <algorithm>

#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::faults {
namespace {

using serve::Fate;
using serve::Message;
using serve::Store;

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

// Where the body of a content begins.
std::size_t body_of(std::string_view content) {
  if (content.starts_with("\r\n")) return 2;
  const std::size_t end = content.find("\r\n\r\n");
  return end == std::string_view::npos ? content.size() : end + 4;
}

// Each line of the body.
template <typename Change>  // void(std::string& line), CRLF taken off
void on_lines(Seams& seams, Change change) {
  on_content(seams, [change = std::move(change)](const Transaction&, std::string& content) {
    std::string out = content.substr(0, body_of(content));
    std::string_view rest = std::string_view(content).substr(out.size());
    while (!rest.empty()) {
      const std::size_t end = rest.find("\r\n");
      std::string line(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
      change(line);
      out += line + (end == std::string_view::npos ? "" : "\r\n");
    }
    content = std::move(out);
  });
}

template <typename Change>  // void(const Transaction&, std::string&)
void on_trace(Seams& seams, Change change) {
  seams.trace = [before = seams.trace, change = std::move(change)](const Transaction& transaction, std::string trace) {
    std::string out = before(transaction, std::move(trace));
    change(transaction, out);
    return out;
  };
}

// A word of the Received field.
void on_word(Seams& seams, std::string what, std::string by) {
  on_trace(seams, [what = std::move(what), by = std::move(by)](const Transaction&, std::string& trace) { replace_all(trace, what, by); });
}

// The date of the Received field: behind the "; ", without CRLF.
template <typename Change>  // void(std::string&)
void on_date(Seams& seams, Change change) {
  on_trace(seams, [change = std::move(change)](const Transaction&, std::string& trace) {
    const std::size_t at = trace.rfind("; ") + 2;
    std::string date = trace.substr(at, trace.size() - at - 2);
    change(date);
    trace = trace.substr(0, at) + date + "\r\n";
  });
}

// A message that was taken, before the store has it.
template <typename Change>  // void(Message&)
void on_message(Seams& seams, Change change) {
  seams.hand_over = [before = seams.hand_over, change = std::move(change)](Fate fate, const Message& lawful, Store& store) {
    Message message = lawful;
    if (fate == Fate::taken) change(message);
    return before(fate, message, store);
  };
}

// What final delivery puts in front.
template <typename Change>  // void(const Message&, std::string&)
void on_return_path(Seams& seams, Change change) {
  on_message(seams, [change = std::move(change)](Message& message) {
    std::string line = "Return-Path: <" + message.envelope.reverse_path + ">\r\n";
    change(message, line);
    message.final_trace = std::move(line);
  });
}

// What was refused or given up is delivered all the same.
void deliver_when(Seams& seams, Fate when) {
  seams.hand_over = [before = seams.hand_over, when](Fate fate, const Message& message, Store& store) {
    if (fate == when && !message.envelope.recipients.empty()) store.take(message);
    return before(fate, message, store);
  };
}

// The addresses of the envelope that goes to the next hop.
template <typename Change>  // void(serve::Envelope&)
void on_envelope(Seams& seams, Change change) {
  on_message(seams, [change = std::move(change)](Message& message) { change(message.envelope); });
}

// The first field of that name, its folds included, or "".
std::string header_field(std::string_view content, std::string_view name) {
  const std::size_t end = body_of(content);
  for (std::size_t at = 0; at < end;) {
    std::size_t next = at;
    do next = std::min(content.find("\r\n", next), content.size() - 2) + 2;
    while (next < content.size() && (content[next] == ' ' || content[next] == '\t'));
    if (smtp::istarts_with(content.substr(at), name)) return std::string(content.substr(at, next - at));
    at = next;
  }
  return "";
}

}  // namespace

std::vector<Fault> delivery_faults() {
  return {
      // --- the text
      {"delivery/dot-left", "RFC5321-4.5.2-P1", "the dot that transparency put in front of a line stays there",
       [](Seams& seams, Shared&) {
         on_lines(seams, [](std::string& line) {
           if (line.starts_with('.')) line.insert(0, ".");
         });
       }},
      {"delivery/dots-lost", "RFC5321-4.5.2-P1", "all dots in front of a stuffed line are taken off",
       [](Seams& seams, Shared&) {
         on_lines(seams, [](std::string& line) { line.erase(0, std::min(line.find_first_not_of('.'), line.size())); });
       }},
      subtle({"delivery/lone-dot-lost", "RFC5321-4.5.2-P1", "a line that is a single dot, stuffed, is delivered as an empty one",
              [](Seams& seams, Shared&) {
                on_lines(seams, [](std::string& line) {
                  if (line == ".") line.clear();
                });
              }}),
      subtle({"delivery/trailing-blanks-cut", "RFC5321-4.5.2-P5", "blanks and tabs at the end of a line are cut",
              [](Seams& seams, Shared&) { on_lines(seams, [](std::string& line) { line.erase(line.find_last_not_of(" \t") + 1); }); }}),
      subtle({"delivery/tabs-as-blanks", "RFC5321-4.5.2-P5", "a tab is delivered as blanks",
              [](Seams& seams, Shared&) { on_lines(seams, [](std::string& line) { replace_all(line, "\t", "        "); }); }}),
      subtle({"delivery/controls-dropped", "RFC5321-4.1.1.4-1", "control octets other than tab are dropped from the text",
              [](Seams& seams, Shared&) {
                on_lines(seams, [](std::string& line) { std::erase_if(line, [](char c) { return smtp::is_control(c) && c != '\t'; }); });
              }}),
      subtle({"delivery/empty-lines-cut", "RFC5321-4.5.2-P5", "empty lines at the end of the body are cut",
              [](Seams& seams, Shared&) {
                on_content(seams, [](const Transaction&, std::string& content) {
                  while (content.size() > body_of(content) && content.ends_with("\r\n\r\n")) content.resize(content.size() - 2);
                });
              }}),
      {"delivery/empty-line-added", "RFC5321-4.1.1.4-2", "an empty line is added at the end of the body",
       [](Seams& seams, Shared&) { on_content(seams, [](const Transaction&, std::string& content) { content += "\r\n"; }); }},
      {"delivery/long-line-broken", "RFC5321-4.5.3.1.6-P2", "a line of more than 990 octets is broken in two",
       [](Seams& seams, Shared&) {
         on_lines(seams, [](std::string& line) {
           if (line.size() > 990) line.insert(990, "\r\n");
         });
       }},
      subtle({"delivery/998-broken", "RFC5321-4.5.3.1.6-P2", "a line of 998 octets is broken before its last octet",
              [](Seams& seams, Shared&) {
                on_lines(seams, [](std::string& line) {
                  if (line.size() >= 998) line.insert(997, "\r\n");
                });
              }}),
      subtle({"delivery/from-quoted", "RFC5321-4.5.2-1", "a line that begins with 'From ' gets a '>' in front that nobody takes off",
              [](Seams& seams, Shared&) {
                on_lines(seams, [](std::string& line) {
                  if (line.starts_with("From ")) line.insert(0, ">");
                });
              }}),
      {"delivery/eighth-bit-cut", "RFC6152-3-P4", "the eighth bit of each octet is cut off",
       [](Seams& seams, Shared&) {
         on_lines(seams, [](std::string& line) {
           for (char& c : line) c = static_cast<char>(c & 0x7f);
         });
       }},
      subtle({"delivery/chunk-unstuffed", "RFC3030-2-P3", "a dot in front of a line is taken off from chunks too",
              [](Seams& seams, Shared&) {
                const auto chunks = std::make_shared<bool>(false);
                on_input(seams, [chunks](const Context&, const Transaction&, std::string_view, Input lawful) {
                  if (lawful == Input::data) *chunks = false;
                  if (lawful == Input::chunk || lawful == Input::last_chunk) *chunks = true;
                  return lawful;
                });
                on_lines(seams, [chunks](std::string& line) {
                  if (*chunks && line.starts_with('.')) line.erase(0, 1);
                });
              }}),

      // --- trace fields
      {"delivery/no-received", "RFC5321-4.4-1", "no Received field is added",
       [](Seams& seams, Shared&) { on_trace(seams, [](const Transaction&, std::string& trace) { trace.clear(); }); }},
      {"delivery/received-below", "RFC5321-4.4-7", "the Received field is added at the end of the header",
       [](Seams& seams, Shared&) {
         const auto field = std::make_shared<std::string>();
         on_trace(seams, [field](const Transaction&, std::string& trace) { *field = std::exchange(trace, {}); });
         on_content(seams, [field](const Transaction&, std::string& content) {
           content.insert(body_of(content) - (content.find("\r\n\r\n") == std::string::npos ? 0 : 2), *field);
         });
       }},
      subtle({"delivery/received-behind-received", "RFC5321-4.4-7", "the Received field is added behind those of earlier hosts",
              [](Seams& seams, Shared&) {
                const auto field = std::make_shared<std::string>();
                on_trace(seams, [field](const Transaction&, std::string& trace) { *field = std::exchange(trace, {}); });
                on_content(seams, [field](const Transaction&, std::string& content) {
                  std::size_t at = 0;
                  while (smtp::istarts_with(std::string_view(content).substr(at), "Received:")) {
                    at = content.find("\r\n", at) + 2;
                    while (at < content.size() && (content[at] == ' ' || content[at] == '\t')) at = content.find("\r\n", at) + 2;
                  }
                  content.insert(at, *field);
                });
              }}),
      {"delivery/earlier-received-cut", "RFC5321-4.4-6", "Received fields of earlier hosts are deleted",
       [](Seams& seams, Shared&) {
         on_content(seams, [](const Transaction&, std::string& content) {
           for (std::string field; !(field = header_field(content, "Received:")).empty();) {
             content.erase(content.find(field), field.size());
           }
         });
       }},
      subtle({"delivery/earlier-received-unfolded", "RFC5321-4.4-6", "Received fields of earlier hosts are written anew on one line",
              [](Seams& seams, Shared&) {
                on_content(seams, [](const Transaction&, std::string& content) {
                  const std::size_t end = body_of(content);
                  std::string header = content.substr(0, end);
                  replace_all(header, "\r\n\t", " ");
                  content.replace(0, end, header);
                });
              }}),
      subtle({"delivery/earlier-received-turned", "RFC5321-4.4-7", "the first two Received fields of earlier hosts change places",
              [](Seams& seams, Shared&) {
                on_content(seams, [](const Transaction&, std::string& content) {
                  const std::string first = header_field(content, "Received:");
                  if (first.empty()) return;
                  const std::size_t at = content.find(first) + first.size();
                  const std::string second = header_field(std::string_view(content).substr(at), "Received:");
                  if (second.empty() || content.compare(at, second.size(), second) != 0) return;
                  content.replace(at - first.size(), first.size() + second.size(), second + first);
                });
              }}),
      {"delivery/received-without-from", "RFC5321-4.4-3a", "the Received field has no FROM clause",
       [](Seams& seams, Shared&) {
         on_trace(seams, [](const Transaction&, std::string& trace) { trace = "Received: " + trace.substr(trace.find("by ")); });
       }},
      {"delivery/received-without-by", "RFC5321-4.4-P1", "the Received field does not name the server",
       [](Seams& seams, Shared&) {
         on_trace(seams, [](const Transaction&, std::string& trace) {
           const std::size_t at = trace.find("\r\n\tby ");
           trace.erase(at, trace.find(" with", at) - at);
         });
       }},
      subtle({"delivery/received-by-nickname", "RFC5321-4.4-P1", "the Received field names the server by a word that is no domain",
              [](Seams& seams, Shared&) { on_word(seams, "by mx.example.test", "by mx_1"); }}),
      subtle({"delivery/received-without-semicolon", "RFC5321-4.4-2", "a comma stands in front of the date of the Received field",
              [](Seams& seams, Shared&) { on_word(seams, "; ", ", "); }}),
      subtle({"delivery/received-clauses-turned", "RFC5321-4.4-2", "the clause ID stands in front of WITH",
              [](Seams& seams, Shared&) {
                on_trace(seams, [](const Transaction&, std::string& trace) {
                  const std::size_t with = trace.find(" with "), id = trace.find(" id "), end = trace.find_first_of("\r;", id);
                  trace = trace.substr(0, with) + trace.substr(id, end - id) + trace.substr(with, id - with) + trace.substr(end);
                });
              }}),
      {"delivery/received-without-name", "RFC5321-4.4-3b", "the FROM clause has the client's address and not the name that it gave",
       [](Seams& seams, Shared&) {
         on_trace(seams, [](const Transaction&, std::string& trace) {
           const std::size_t begin = trace.find("from ") + 5, end = trace.find("\r\n\tby ");
           trace.replace(begin, end - begin, "[127.0.0.1]");
         });
       }},
      {"delivery/received-without-address", "RFC5321-4.4-3b", "the FROM clause lacks the client's address",
       [](Seams& seams, Shared&) { on_word(seams, " ([127.0.0.1])", ""); }},
      {"delivery/received-of-two-paths", "RFC5321-4.4-5", "the FOR clause lists all recipients",
       [](Seams& seams, Shared&) {
         on_trace(seams, [](const Transaction& transaction, std::string& trace) {
           const auto& recipients = transaction.envelope.recipients;
           if (recipients.size() < 2) return;
           std::string list;
           for (const auto& recipient : recipients) list += (list.empty() ? "<" : ", <") + recipient.address + ">";
           trace.insert(trace.rfind(';'), "\r\n\tfor " + list);
         });
       }},
      {"delivery/received-zone-name", "RFC5321-4.4-8", "the date of the Received field has the zone GMT",
       [](Seams& seams, Shared&) { on_date(seams, [](std::string& date) { replace_all(date, "+0000", "GMT"); }); }},
      {"delivery/received-short-year", "RFC5321-4.4-26", "the date of the Received field has a year of two digits",
       [](Seams& seams, Shared&) {
         on_date(seams, [](std::string& date) { date.erase(date.find(' ', date.find(' ', date.find(' ') + 1) + 1) + 1, 2); });
       }},
      {"delivery/received-long-ago", "RFC5321-4.4-P3", "the date of the Received field is that of the server's start, long ago",
       [](Seams& seams, Shared&) { on_date(seams, [](std::string& date) { date = "Thu, 01 Jan 1970 00:00:00 +0000"; }); }},
      subtle({"delivery/received-zone-forgotten", "RFC5321-4.4-P3",
              "the local time of the date is that of another zone than the one it names",
              [](Seams& seams, Shared&) { on_date(seams, [](std::string& date) { replace_all(date, "+0000", "-0800"); }); }}),
      {"delivery/received-unknown-protocol", "RFC5321-4.4-27", "the WITH clause says MYSMTP",
       [](Seams& seams, Shared&) {
         on_word(seams, " with ESMTP", " with MYSMTP");
         on_word(seams, " with SMTP", " with MYSMTP");
       }},
      subtle({"delivery/received-unknown-link", "RFC5321-4.4-28", "a VIA clause says ethernet",
              [](Seams& seams, Shared&) { on_word(seams, " with ", " via ethernet with "); }}),
      subtle({"delivery/received-unknown-clause", "RFC5321-4.4-29", "a clause 'spam' is added that nobody has registered",
              [](Seams& seams, Shared&) {
                on_trace(seams, [](const Transaction&, std::string& trace) { trace.insert(trace.rfind(';'), " spam no"); });
              }}),
      {"delivery/received-smtp-after-ehlo", "RFC5321-4.4-P2", "the WITH clause says SMTP whatever hello came",
       [](Seams& seams, Shared&) {
         on_word(seams, " with ESMTPS", " with SMTP");
         on_word(seams, " with ESMTP", " with SMTP");
       }},
      subtle({"delivery/received-esmtp-after-helo", "RFC5321-4.4-P2", "the WITH clause says ESMTP after HELO too",
              [](Seams& seams, Shared&) { on_word(seams, " with SMTP", " with ESMTP"); }}),
      {"delivery/no-return-path", "RFC5321-4.4-11", "final delivery adds no Return-Path",
       [](Seams& seams, Shared&) { on_return_path(seams, [](const Message&, std::string& line) { line.clear(); }); }},
      {"delivery/return-path-without-brackets", "RFC5321-4.4-11", "the path in Return-Path lacks its brackets",
       [](Seams& seams, Shared&) {
         on_return_path(seams, [](const Message&, std::string& line) { std::erase_if(line, [](char c) { return c == '<' || c == '>'; }); });
       }},
      subtle({"delivery/null-return-path-lost", "RFC5321-4.4-11", "a message with the null reverse-path gets no Return-Path",
              [](Seams& seams, Shared&) {
                on_return_path(seams, [](const Message& message, std::string& line) {
                  if (message.envelope.reverse_path.empty()) line.clear();
                });
              }}),
      subtle({"delivery/return-path-from-header", "RFC5321-4.4-11", "Return-Path holds the address of the From field",
              [](Seams& seams, Shared&) {
                on_return_path(seams, [](const Message& message, std::string& line) {
                  const std::string from = header_field(message.content, "From:");
                  const std::size_t open = from.find('<');
                  if (open != std::string::npos) line = "Return-Path: " + from.substr(open, from.find('>') + 1 - open) + "\r\n";
                });
              }}),
      {"delivery/return-path-twice", "RFC5321-4.4-16", "Return-Path is added twice",
       [](Seams& seams, Shared&) { on_return_path(seams, [](const Message&, std::string& line) { line += line; }); }},
      subtle({"delivery/return-path-below", "RFC5321-4.4-11", "Return-Path is added below the Received field",
              [](Seams& seams, Shared&) {
                on_return_path(seams, [](const Message&, std::string&) {});
                seams.hand_over = [before = seams.hand_over](Fate fate, const Message& lawful, Store& store) {
                  Message message = lawful;
                  if (fate == Fate::taken) {
                    const std::size_t end = message.content.find(" +0000\r\n");
                    if (end != std::string::npos)
                      message.content.insert(end + 8, "Return-Path: <" + message.envelope.reverse_path + ">\r\n");
                    message.final_trace = "";
                    return store.take(message);
                  }
                  return before(fate, message, store);
                };
              }}),
      {"delivery/local-part-lowered", "RFC5321-2.4-3", "the reverse-path is kept in small letters",
       [](Seams& seams, Shared&) {
         on_envelope(seams, [](serve::Envelope& envelope) { envelope.reverse_path = smtp::to_lower(envelope.reverse_path); });
       }},
      {"delivery/apparently-to", "RFC5321-7.2-4", "a message gets an Apparently-To field",
       [](Seams& seams, Shared&) {
         on_trace(seams, [](const Transaction& transaction, std::string& trace) {
           for (const auto& recipient : transaction.envelope.recipients) trace += "Apparently-To: <" + recipient.address + ">\r\n";
         });
       }},
      subtle({"delivery/recipients-listed", "RFC5321-7.2-1", "a field of the header lists all recipients of the envelope",
              [](Seams& seams, Shared&) {
                on_trace(seams, [](const Transaction& transaction, std::string& trace) {
                  std::string list;
                  for (const auto& recipient : transaction.envelope.recipients) list += " <" + recipient.address + ">";
                  trace += "X-Envelope-To:" + list + "\r\n";
                });
              }}),
      {"delivery/header-by-envelope", "RFC5321-7.2-3", "the To field is written anew with the recipients of the envelope",
       [](Seams& seams, Shared&) {
         on_content(seams, [](const Transaction& transaction, std::string& content) {
           const std::string to = header_field(content, "To:");
           if (to.empty() || transaction.envelope.recipients.empty()) return;
           content.replace(content.find(to), to.size(), "To: <" + transaction.envelope.recipients.front().address + ">, you\r\n");
         });
       }},

      // --- to whom, and how often
      {"delivery/lost", "RFC5321-4.2.5-P1", "a message that was taken is thrown away",
       [](Seams& seams, Shared&) { seams.hand_over = [](Fate, const Message&, Store&) { return true; }; }},
      {"delivery/twice", "RFC5321-4.2.5-P1", "a message is delivered twice",
       [](Seams& seams, Shared&) {
         seams.hand_over = [before = seams.hand_over](Fate fate, const Message& message, Store& store) {
           return before(fate, message, store) && before(fate, message, store);
         };
       }},
      {"delivery/last-recipient-lost", "RFC5321-4.1.1.3-P2", "of several recipients the last one gets nothing",
       [](Seams& seams, Shared&) {
         on_envelope(seams, [](serve::Envelope& envelope) {
           if (envelope.recipients.size() > 1) envelope.recipients.pop_back();
         });
       }},
      subtle({"delivery/to-each-for-each", "RFC5321-4.1.1.3-P2", "with several recipients each gets a copy for every one of them",
              [](Seams& seams, Shared&) {
                seams.hand_over = [before = seams.hand_over](Fate fate, const Message& message, Store& store) {
                  bool good = true;
                  for (std::size_t i = 0; i < std::max<std::size_t>(1, message.envelope.recipients.size()); ++i)
                    good = before(fate, message, store) && good;
                  return good;
                };
              }}),
      {"delivery/header-routes", "RFC5321-C-7", "a message goes to the recipients of the Cc field too",
       [](Seams& seams, Shared&) {
         on_message(seams, [](Message& message) {
           const std::string cc = header_field(message.content, "Cc:");
           if (cc.find("carol@") != std::string::npos)
             message.envelope.recipients.push_back({.address = "carol@mx.example.test", .mailbox = "carol"});
         });
       }},
      {"delivery/refused-delivered", "RFC5321-4.2.5-3", "a message that was refused with 5yz is delivered",
       [](Seams& seams, Shared&) { deliver_when(seams, Fate::refused); }},
      {"delivery/given-up-delivered", "RFC5321-4.1.1.5-P1", "chunks that RSET or a new hello threw away are delivered",
       [](Seams& seams, Shared&) { deliver_when(seams, Fate::given_up); }},
      subtle({"delivery/cut-off-delivered", "RFC5321-4.1.1.10-4", "a message whose connection broke off before its end is delivered",
              [](Seams& seams, Shared&) {
                const auto in_data = std::make_shared<bool>(false);
                on_input(seams, [in_data](const Context&, const Transaction&, std::string_view, Input lawful) {
                  *in_data = lawful == Input::data;
                  return lawful;
                });
                seams.hand_over = [before = seams.hand_over, in_data](Fate fate, const Message& message, Store& store) {
                  if (fate == Fate::given_up && *in_data) store.take(message);
                  return before(fate, message, store);
                };
              }}),
      subtle({"delivery/recipients-kept", "RFC5321-4.1.1.5-P1", "recipients of a transaction that RSET ended get the next message too",
              [](Seams& seams, Shared&) {
                const auto kept = std::make_shared<std::vector<serve::Recipient>>();
                on_forget(seams, [kept](const Context&, Input input, const Transaction& ended, Transaction&) {
                  if (input == Input::rset) *kept = ended.envelope.recipients;
                });
                on_message(seams, [kept](Message& message) {
                  for (const auto& recipient : std::exchange(*kept, {})) message.envelope.recipients.push_back(recipient);
                });
              }}),

      // --- to the next hop
      {"delivery/relay-lowers-recipient", "RFC5321-2.4-2", "a recipient is passed on in small letters",
       [](Seams& seams, Shared&) {
         on_envelope(seams, [](serve::Envelope& envelope) {
           for (auto& recipient : envelope.recipients) recipient.address = smtp::to_lower(recipient.address);
         });
       }},
      subtle({"delivery/relay-cuts-plus", "RFC5321-2.3.11-1", "what stands behind a plus in a foreign local-part is cut off",
              [](Seams& seams, Shared&) {
                on_envelope(seams, [](serve::Envelope& envelope) {
                  for (auto& recipient : envelope.recipients)
                    if (const std::size_t plus = recipient.address.find('+'); plus != std::string::npos && recipient.mailbox.empty())
                      recipient.address.erase(plus, recipient.address.find('@') - plus);
                });
              }}),
      {"delivery/relay-adds-field", "RFC5321-3.6.3-5", "a message that is passed on gets a field of the relay's own",
       [](Seams& seams, Shared&) { on_trace(seams, [](const Transaction&, std::string& trace) { trace += "X-Relayed: yes\r\n"; }); }},
      {"delivery/relay-prefixes-sender", "RFC5321-C-6", "the reverse-path is passed on with the relay's name as a route",
       [](Seams& seams, Shared&) {
         on_envelope(seams, [](serve::Envelope& envelope) {
           const bool onward = std::any_of(envelope.recipients.begin(), envelope.recipients.end(),
                                           [](const auto& recipient) { return recipient.mailbox.empty(); });
           if (onward && !envelope.reverse_path.empty()) envelope.reverse_path = "@mx.example.test:" + envelope.reverse_path;
         });
       }},
      {"delivery/relay-copies", "RFC5321-4.5.4.1-9", "a message goes to its next hop once for each recipient there",
       [](Seams& seams, Shared&) {
         seams.hand_over = [before = seams.hand_over](Fate fate, const Message& message, Store& store) {
           if (fate != Fate::taken) return before(fate, message, store);
           bool good = true;
           for (const auto& recipient : message.envelope.recipients) {
             Message one = message;
             one.envelope.recipients = {recipient};
             good = before(fate, one, store) && good;
           }
           return good;
         };
       }},
      {"delivery/relay-adds-return-path", "RFC5321-3.6.3-5", "a relay adds a Return-Path",
       [](Seams& seams, Shared&) {
         on_message(seams, [](Message& message) {
           message.content = "Return-Path: <" + message.envelope.reverse_path + ">\r\n" + message.content;
           message.final_trace = "";
         });
       }},
      {"delivery/relay-keeps-route", "RFC5321-4.1.1.3-3a", "a source route of a recipient is passed on",
       [](Seams& seams, Shared&) {
         on_record(seams, [](const Context&, Input input, std::string_view line, Transaction& transaction) {
           if (input != Input::rcpt || transaction.envelope.recipients.empty() || !transaction.envelope.recipients.back().mailbox.empty())
             return;
           const smtp::Path path = smtp::parse_command(line, {.utf8 = true}).path;
           if (!path.route.empty()) transaction.envelope.recipients.back().address = path.all.in(line).substr(1, path.all.size - 2);
         });
       }},
      {"delivery/relay-gives-up",
       "RFC5321-4.2.1-P5",
       "a recipient that the next hop puts off is given up at once",
       {},
       [](serve::Config& config) { config.relaying.attempts = 1; }},

      // --- notices
      {"delivery/no-notice",
       "RFC5321-3.6.3-1",
       "a failure at the next hop is told to nobody",
       {},
       [](serve::Config& config) { config.relaying.notice = [](const Message&, serve::Notice&, bool) { return false; }; }},
      {"delivery/notice-of-a-notice",
       "RFC5321-3.6.3-3",
       "the failure of a message with the null reverse-path is told to its From field",
       {},
       [](serve::Config& config) {
         config.relaying.notice = [](const Message& about, serve::Notice& notice, bool lawful) {
           const std::string from = header_field(about.content, "From:");
           const std::size_t open = from.find('<');
           if (!lawful && open != std::string::npos) notice.to = from.substr(open + 1, from.find('>') - open - 1);
           return !notice.to.empty();
         };
       }},
      {"delivery/notice-with-sender",
       "RFC5321-3.6.3-4",
       "a notice has the postmaster's address as its reverse-path",
       {},
       [](serve::Config& config) {
         config.relaying.notice = [](const Message&, serve::Notice& notice, bool lawful) {
           notice.reverse_path = "postmaster@example.test";
           return lawful;
         };
       }},
      {"delivery/notice-to-from",
       "RFC5321-4.4-18",
       "a notice goes to the address in the From field",
       {},
       [](serve::Config& config) {
         config.relaying.notice = [](const Message& about, serve::Notice& notice, bool lawful) {
           const std::string from = header_field(about.content, "From:");
           const std::size_t open = from.find('<');
           if (open != std::string::npos) notice.to = from.substr(open + 1, from.find('>') - open - 1);
           return lawful;
         };
       }},
      {"delivery/notice-in-plain-text",
       "RFC5321-3.6.3-2",
       "a notice is a text for people only",
       {},
       [](serve::Config& config) {
         config.relaying.notice = [](const Message&, serve::Notice& notice, bool lawful) {
           replace_all(notice.content, "multipart/report; report-type=delivery-status; boundary=\"smtpspec-notice\"", "text/plain");
           return lawful;
         };
       }},
      subtle({"delivery/notice-of-the-first",
              "RFC5321-4.4-23",
              "of several failed recipients a notice names the first one only",
              {},
              [](serve::Config& config) {
                config.relaying.notice = [](const Message& about, serve::Notice& notice, bool lawful) {
                  const auto& recipients = about.envelope.recipients;
                  for (std::size_t i = 1; i < recipients.size(); ++i) replace_all(notice.content, recipients[i].address, "…");
                  return lawful;
                };
              }}),
  };
}

}  // namespace smtpspec::faults
