#include "smtpspec/serve/server.hpp"

#include <algorithm>
#include <ctime>

#include "smtpspec/smtp/content.hpp"
#include "smtpspec/smtp/encoding.hpp"

namespace smtpspec::serve {

using smtp::Action;
using smtp::Actions;
using smtp::Event;
using smtp::Input;
using smtp::Role;
using smtp::State;

namespace {

// A CR or LF that is not part of CRLF. RFC 5321 section 2.3.8 forbids it; passing it on would smuggle.
bool has_bare_line_end(std::string_view content) {
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (content[i] == '\r' && (i + 1 == content.size() || content[i + 1] != '\n')) return true;
    if (content[i] == '\n' && (i == 0 || content[i - 1] != '\r')) return true;
  }
  return false;
}

bool has_eight_bit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

class Connection final : public smtp::Machine {
 public:
  Connection(Server& server, Role role)
      : server_(server), open_(server.open()), splitter_({}), full_(*open_ >= server.config().connections) {
    context_.role = role;
    splitter_ = smtp::LineSplitter(rules());
    ++*open_;
  }
  ~Connection() override { --*open_; }

  void on(const Event& event, Actions& actions) override {
    switch (event.kind) {
      case Event::Kind::opened:
        if (context_.role == Role::submissions) actions.push_back({.kind = Action::Kind::start_tls});
        else greet();
        break;
      case Event::Kind::tls_up:
        // RFC 3207 section 4.2: nothing of before is known any more, octets that came in clear least of all.
        buffer_.clear();
        awaiting_tls_ = false;
        context_ = {.role = context_.role, .state = State::greeted, .tls = true};
        transaction_ = {};
        splitter_ = smtp::LineSplitter(rules());
        if (context_.role == Role::submissions) greet();
        break;
      case Event::Kind::tls_failed: close(); break;
      case Event::Kind::octets:
        if (generation_ != server_.generation()) {
          say({421, "4.3.2", {server_.config().host + " Shutting down, try again"}});
          close();
          break;
        }
        buffer_ += event.octets;
        process();
        break;
      case Event::Kind::stopping:
        say({421, "4.3.2", {server_.config().host + " Shutting down, try again"}});
        close();
        break;
      case Event::Kind::ended:
      case Event::Kind::broken: close(); break;
      case Event::Kind::alarm:
        if (event.alarm != alarm_) return;
        say({421, "4.4.2", {server_.config().host + " Idle for too long, closing"}});
        close();
        break;
      default: break;
    }
    if (context_.state != State::closed)
      actions.push_back({.kind = Action::Kind::alarm, .delay = server_.config().idle, .alarm = ++alarm_});
    flush(actions);
  }

 private:
  struct Transaction {
    Envelope envelope;
    std::string content;
    bool too_big = false;
  };

  // --- output ------------------------------------------------------------------------------------------------------
  void say(const Saying& saying) { out_ += server_.seams().printer(context_, saying); }

  void close() {
    context_.state = State::closed;
    closing_ = true;
  }

  void flush(Actions& actions) {
    if (!out_.empty()) actions.push_back({.kind = Action::Kind::send, .octets = std::exchange(out_, {})});
    if (start_tls_) {
      start_tls_ = false;
      actions.push_back({.kind = Action::Kind::start_tls});
    }
    if (closing_) {
      closing_ = false;
      actions.push_back({.kind = Action::Kind::close});
    }
  }

  void greet() {
    if (full_) {
      say({421, "", {server_.config().host + " Too many connections, try again later"}});
      return close();
    }
    say({220, "", {server_.config().host + " ESMTP smtpspec"}});
  }

  // Looks the input up, answers and moves on. `extra` goes behind the row's text.
  void answer(Input input, std::vector<std::string> lines = {}) {
    const smtp::Row row = server_.seams().model(context_, input, smtp::model_row(context_, input));
    Saying saying;
    saying.code = (row.reply[0] - '0') * 100 + (row.reply[1] - '0') * 10 + (row.reply[2] - '0');
    std::string_view text = row.reply.substr(4);
    if (text.size() > 1 && text[1] == '.') {
      const std::size_t blank = text.find(' ');
      saying.status = text.substr(0, blank);
      text = text.substr(blank + 1);
    }
    const bool takes_lines = text.empty() && saying.code != 503 && saying.code != 530;
    saying.lines = takes_lines && !lines.empty() ? std::move(lines) : std::vector<std::string>{std::string(text)};
    if (saying.code == 221) saying.lines.front() = server_.config().host + " " + saying.lines.front();
    say(saying);
    context_ = smtp::after(context_, row);
    if (context_.state == State::ready || context_.state == State::greeted) transaction_ = {};
    if (saying.code >= 500 && ++errors_ >= server_.config().errors) {
      say({421, "4.7.0", {server_.config().host + " Too many errors, closing"}});
      return close();
    }
    if (context_.state == State::closed) closing_ = true;
    if (row.next == smtp::Next::tls) {
      start_tls_ = awaiting_tls_ = true;
      buffer_.clear();  // plaintext glued behind STARTTLS is never run
    }
  }

  // --- input -------------------------------------------------------------------------------------------------------
  smtp::LineRules rules() const {
    return server_.seams().line_reader(
        context_, {.limit = context_.state == State::auth ? server_.config().auth_line : server_.config().command_line});
  }

  void process() {
    std::string_view rest = buffer_;
    while (context_.state != State::closed && !awaiting_tls_ && !rest.empty()) {
      if (chunk_left_ > 0) {
        const std::size_t take = chunk_left_ < rest.size() ? static_cast<std::size_t>(chunk_left_) : rest.size();
        keep(rest.substr(0, take));
        rest.remove_prefix(take);
        if ((chunk_left_ -= take) == 0) end_of_chunk();
        continue;
      }
      if (context_.state == State::data) {
        std::string body;
        rest.remove_prefix(dots_.feed(rest, body));
        keep(body);
        if (dots_.done()) end_of_data();
        continue;
      }
      const auto line = splitter_.next(rest);
      if (!line) break;
      const std::string text(line->text(rest));
      rest.remove_prefix(line->next);
      if (line->ending == smtp::LineEnding::too_long) {
        too_long_ = true;
        continue;
      }
      if (std::exchange(too_long_, false)) answer(context_.state == State::auth ? Input::auth_too_long : Input::too_long_line);
      else if (context_.state == State::auth) auth_response(text);
      else command(text);
      splitter_ = smtp::LineSplitter(rules());
    }
    if (context_.state == State::closed || awaiting_tls_) buffer_.clear();
    else buffer_.erase(0, buffer_.size() - rest.size());
  }

  // Content of the transaction, never more of it than a message may have.
  void keep(std::string_view octets) {
    if (chunk_refused_) return;
    if (transaction_.content.size() + octets.size() > server_.config().message_size) transaction_.too_big = true;
    if (!transaction_.too_big) transaction_.content += octets;
  }

  void command(const std::string& line) {
    const smtp::Command command = smtp::parse_command(line, {.utf8 = true});
    using smtp::CommandFault;
    using smtp::Verb;
    const bool foreign_octets = has_eight_bit(line);
    switch (command.verb) {
      case Verb::unknown:
      case Verb::lhlo: return answer(command.fault == CommandFault::empty ? Input::empty_line : Input::unknown_verb);
      case Verb::etrn: return answer(Input::not_implemented);
      case Verb::ehlo:
      case Verb::helo:
        if (!command || foreign_octets) return answer(Input::bad_hello);
        client_name_ = command.argument.in(line);
        return answer(command.verb == Verb::ehlo ? Input::ehlo : Input::helo, hello(command.verb == Verb::ehlo));
      case Verb::mail: return mail(command, line, foreign_octets);
      case Verb::rcpt: return rcpt(command, line, foreign_octets);
      case Verb::data:
        if (!command) return answer(Input::data_argument);
        answer(transaction_.envelope.binary ? Input::data_binary : Input::data);
        if (context_.state == State::data) dots_ = {};
        return;
      case Verb::bdat: return bdat(command);
      case Verb::rset: return answer(command ? Input::rset : Input::rset_argument);
      case Verb::noop: return answer(Input::noop);
      case Verb::help: return answer(Input::help);
      case Verb::quit: return answer(command ? Input::quit : Input::quit_argument);
      case Verb::vrfy: return verify(command, line, true);
      case Verb::expn: return verify(command, line, false);
      case Verb::starttls: return answer(command ? Input::starttls : Input::starttls_argument);
      case Verb::auth: return auth(command, line);
    }
  }

  std::vector<std::string> hello(bool extended) const {
    const Config& config = server_.config();
    std::vector<std::string> lines = {config.host + " greets " + client_name_};
    if (!extended) return lines;
    for (const char* keyword :
         {"PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "CHUNKING", "BINARYMIME", "DSN", "SMTPUTF8", "EXPN", "HELP"})
      lines.emplace_back(keyword);
    lines.push_back("SIZE " + std::to_string(config.message_size));
    if (!context_.tls) lines.emplace_back("STARTTLS");
    if (context_.tls && context_.role != Role::relay) {
      std::string mechanisms = "AUTH";
      for (const auto& mechanism : config.mechanisms) mechanisms += " " + mechanism;
      lines.push_back(mechanisms);
    }
    return lines;
  }

  void mail(const smtp::Command& command, const std::string& line, bool foreign_octets) {
    const smtp::MailParams params = smtp::mail_params(command, line);
    const bool unlisted_auth = params.auth && !(context_.tls && context_.role != Role::relay);
    Input input = Input::mail;
    if (!command || (foreign_octets && !params.smtputf8)) input = Input::mail_syntax;
    else if (command.param_count > 0 && (!context_.extended || params.unknown >= 0 || params.requiretls || unlisted_auth))
      input = Input::mail_unknown_parameter;
    else if (params.bad >= 0) input = Input::mail_bad_parameter;
    else if (params.size.value_or(0) > server_.config().message_size) input = Input::mail_too_big;
    const State before = context_.state;
    answer(input);
    if (before == State::mail || context_.state != State::mail) return;
    Envelope& envelope = transaction_.envelope;
    envelope = {};
    if (!command.path.null) envelope.reverse_path = without_brackets(command.path, line);
    envelope.eight_bit = params.body == smtp::Body::eight_bit_mime;
    envelope.binary = params.body == smtp::Body::binary_mime;
    envelope.unicode = params.smtputf8;
    if (params.ret) envelope.ret = params.ret->in(line);
    if (params.envid) envelope.envid = params.envid->in(line);
  }

  // The mailbox, source route left out (RFC 5321 section 4.1.1.3).
  static std::string without_brackets(const smtp::Path& path, std::string_view line) {
    std::string out(path.local.in(line));
    if (!path.domain.empty()) out += "@" + std::string(path.domain.in(line));
    return out;
  }

  // The local mailbox that local-part and domain mean, "" when there is none.
  std::string local_mailbox(std::string_view local) const {
    const std::string name = smtp::to_lower(smtp::unquote_local(local));
    if (name == "postmaster") return "postmaster";
    const auto& boxes = server_.config().mailboxes;
    const auto it = std::find(boxes.begin(), boxes.end(), name);
    return it == boxes.end() ? "" : *it;
  }
  bool served(std::string_view domain) const {
    return domain.empty() || smtp::iequals(domain, server_.config().domain) || smtp::iequals(domain, server_.config().host);
  }

  void rcpt(const smtp::Command& command, const std::string& line, bool foreign_octets) {
    const smtp::RcptParams params = smtp::rcpt_params(command, line);
    const std::string_view domain = command.path.domain.in(line);
    Recipient recipient;
    Input input = Input::rcpt;
    if (!command || (foreign_octets && !transaction_.envelope.unicode)) {
      input = Input::rcpt_syntax;
    } else if (command.param_count > 0 && (!context_.extended || params.unknown >= 0)) {
      input = Input::rcpt_unknown_parameter;
    } else if (params.bad >= 0) {
      input = Input::rcpt_bad_parameter;
    } else if (served(domain)) {
      recipient.mailbox = local_mailbox(command.path.local.in(line));
      if (recipient.mailbox.empty()) input = Input::rcpt_no_mailbox;
    } else if (!smtp::iequals(domain, server_.config().relay_domain) && !context_.authenticated) {
      input = Input::rcpt_no_relay;
    }
    if (input == Input::rcpt && transaction_.envelope.recipients.size() >= server_.config().recipients) input = Input::rcpt_too_many;
    const bool open = context_.state == State::mail || context_.state == State::rcpt;
    answer(input);
    if (!open || input != Input::rcpt || context_.state != State::rcpt) return;
    recipient.address = without_brackets(command.path, line);
    if (params.notify) recipient.notify = params.notify->in(line);
    if (params.orcpt) recipient.orcpt = params.orcpt->in(line);
    transaction_.envelope.recipients.push_back(std::move(recipient));
  }

  void bdat(const smtp::Command& command) {
    if (!command) return answer(Input::chunk_syntax);
    chunk_last_ = command.last;
    // A chunk that will be refused is swallowed all the same (RFC 3030 section 2).
    chunk_refused_ = context_.state != State::rcpt && context_.state != State::bdat;
    chunk_left_ = command.chunk_size;
    if (chunk_left_ == 0) end_of_chunk();
  }

  void end_of_chunk() {
    const bool refused = std::exchange(chunk_refused_, false);
    if (refused) return answer(chunk_last_ ? Input::last_chunk : Input::chunk);
    if (transaction_.too_big) return answer(Input::chunk_too_big);
    if (!chunk_last_) return answer(Input::chunk);
    const bool text = !transaction_.envelope.binary;
    if (text && has_bare_line_end(transaction_.content)) return answer(Input::last_chunk_refused);
    answer(deliver() ? Input::last_chunk : Input::last_chunk_refused);
  }

  void end_of_data() {
    if (transaction_.too_big) return answer(Input::content_too_big);
    if (has_bare_line_end(transaction_.content)) return answer(Input::content_refused);
    answer(deliver() ? Input::content : Input::content_refused);
  }

  std::string received(const Recipient* only) const {
    std::string protocol = transaction_.envelope.unicode ? "UTF8SMTP" : context_.extended ? "ESMTP" : "SMTP";
    if (context_.tls && context_.extended) protocol += "S";
    if (context_.authenticated && context_.extended) protocol += "A";
    std::string out =
        "Received: from " + client_name_ + "\r\n\tby " + server_.config().host + " with " + protocol + " id " + server_.next_id();
    if (only) out += "\r\n\tfor <" + only->address + ">";
    return out + "; " + date_time(server_.seams().clock()) + "\r\n";
  }

  bool deliver() {
    const Envelope& envelope = transaction_.envelope;
    const std::string content = received(envelope.recipients.size() == 1 ? &envelope.recipients.front() : nullptr) +
                                server_.seams().content(std::move(transaction_.content));
    bool all = true;
    Envelope onward = envelope;
    onward.recipients.clear();
    for (const Recipient& recipient : envelope.recipients) {
      if (recipient.mailbox.empty()) onward.recipients.push_back(recipient);
      else all = server_.store().deliver(recipient.mailbox, "Return-Path: <" + envelope.reverse_path + ">\r\n" + content) && all;
    }
    if (!onward.recipients.empty()) all = server_.store().forward(onward, content) && all;
    return all;
  }

  void verify(const smtp::Command& command, const std::string& line, bool vrfy) {
    if (!command || has_eight_bit(line)) return answer(vrfy ? Input::vrfy_syntax : Input::expn_syntax);
    const std::string argument(command.argument.in(line));
    const auto parsed = smtp::parse_path(argument, {.no_brackets = true, .no_domain = true});
    if (!parsed || parsed.size != argument.size() || parsed.path.null) return answer(vrfy ? Input::vrfy_no_mailbox : Input::expn_no_list);
    if (!served(parsed.path.domain.in(argument))) return answer(vrfy ? Input::vrfy_foreign : Input::expn_no_list);
    const std::string mailbox = local_mailbox(parsed.path.local.in(argument));
    if (mailbox.empty()) return answer(vrfy ? Input::vrfy_no_mailbox : Input::expn_no_list);
    answer(vrfy ? Input::vrfy : Input::expn, {"<" + mailbox + "@" + server_.config().domain + ">"});
  }

  // --- AUTH --------------------------------------------------------------------------------------------------------
  void auth(const smtp::Command& command, const std::string& line) {
    sasl_.reset();
    if (!command) return answer(Input::auth_syntax);
    const std::string_view mechanism = command.mechanism.in(line);
    const auto& known = server_.config().mechanisms;
    if (std::none_of(known.begin(), known.end(), [&](const auto& m) { return smtp::iequals(m, mechanism); }))
      return answer(Input::auth_no_mechanism);
    const auto& account = server_.config().account;
    sasl_ = smtp::SaslServer::make(
        mechanism, [&account](std::string_view user) { return user == account.user ? std::optional(account.password) : std::nullopt; },
        server_.digests(), server_.seams().nonce());
    if (!command.initial) return step(sasl_->start());
    if (!sasl_->client_first()) return answer(Input::auth_initial);
    const std::string_view initial = command.initial->in(line);
    respond(initial == "=" ? std::string_view{} : initial);
  }

  void auth_response(std::string_view line) {
    if (line == "*") return answer(Input::auth_cancelled);
    respond(line);
  }

  void respond(std::string_view encoded) {
    const auto response = smtp::decode_base64(encoded);
    if (!response) return answer(Input::auth_syntax);
    step(sasl_->respond(*response));
  }

  void step(const smtp::SaslServer::Step& step) {
    using Outcome = smtp::SaslServer::Outcome;
    switch (step.outcome) {
      case Outcome::challenge: return answer(Input::auth_challenge, {smtp::encode_base64(step.challenge)});
      case Outcome::success: return answer(Input::auth_success);
      case Outcome::failure: return answer(Input::auth_failure);
      case Outcome::malformed: return answer(Input::auth_syntax);
    }
  }

  Server& server_;
  std::shared_ptr<int> open_;
  std::uint64_t generation_ = server_.generation();
  smtp::Context context_;
  smtp::LineSplitter splitter_;
  std::string buffer_;
  std::string out_;
  std::string client_name_;
  Transaction transaction_;
  smtp::DotReader dots_;
  std::unique_ptr<smtp::SaslServer> sasl_;
  std::uint64_t chunk_left_ = 0;
  std::uint64_t alarm_ = 0;
  int errors_ = 0;
  bool chunk_last_ = false;
  bool chunk_refused_ = false;
  bool too_long_ = false;
  bool awaiting_tls_ = false;
  bool start_tls_ = false;
  bool closing_ = false;
  bool full_;
};

}  // namespace

Seams Seams::lawful() {
  return {
      .model = [](const smtp::Context&, smtp::Input, const smtp::Row& lawful) { return lawful; },
      .printer = [](const smtp::Context&, const Saying& saying) { return print_saying(saying); },
      .line_reader = [](const smtp::Context&, smtp::LineRules lawful) { return lawful; },
      .content = [](std::string content) { return content; },
      .clock = [] { return static_cast<std::int64_t>(std::time(nullptr)); },
      .nonce = [] { return std::string("rOprNGfwEbeRWgbNEkqO"); },
  };
}

std::string date_time(std::int64_t seconds) {
  const std::time_t time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return std::string(days[parts.tm_wday]) + ", " + two(parts.tm_mday) + " " + months[parts.tm_mon] + " " +
         std::to_string(1900 + parts.tm_year) + " " + two(parts.tm_hour) + ":" + two(parts.tm_min) + ":" + two(parts.tm_sec) + " +0000";
}

std::string print_saying(const Saying& saying) {
  std::string out;
  for (std::size_t i = 0; i < saying.lines.size(); ++i) {
    out += std::to_string(saying.code) + (i + 1 < saying.lines.size() ? "-" : " ");
    if (!saying.status.empty()) out += saying.status + " ";
    out += saying.lines[i] + "\r\n";
  }
  return out;
}

Server::Server(Config config, Store& store, smtp::Digests digests, Seams seams)
    : config_(std::move(config)), store_(store), digests_(std::move(digests)), seams_(std::move(seams)) {}

std::unique_ptr<smtp::Machine> Server::accept(Role role) { return std::make_unique<Connection>(*this, role); }

std::string Server::next_id() { return "S" + std::to_string(seams_.clock()) + "." + std::to_string(++messages_); }

}  // namespace smtpspec::serve
