#include "smtpspec/serve/connection.hpp"

#include <algorithm>
#include <optional>

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

// RFC 5321 section 6.3: so many Received fields are a loop.
constexpr int most_hops = 100;

int received_fields(std::string_view content) {
  int count = 0;
  while (!content.empty() && !content.starts_with("\r\n")) {
    if (smtp::istarts_with(content, "received:")) ++count;
    const std::size_t end = content.find("\r\n");
    content = end == std::string_view::npos ? std::string_view{} : content.substr(end + 2);
  }
  return count;
}

class Connection final : public smtp::Machine {
 public:
  Connection(Server& server, Role role)
      : server_(server), seams_(server.seams()), open_(server.open()), splitter_({}), full_(*open_ >= server.config().connections) {
    context_.role = role;
    splitter_ = smtp::LineSplitter(rules());
    ++*open_;
  }
  ~Connection() override { --*open_; }

  void on(const Event& event, Actions& actions) override {
    if (context_.state == State::closed) return;
    switch (event.kind) {
      case Event::Kind::opened:
        peer_ = event.detail;
        if (seams_.tls_first(context_, context_.role == Role::submissions)) start_tls_ = awaiting_tls_ = true;
        else greet();
        break;
      case Event::Kind::tls_up: tls_up(); break;
      case Event::Kind::octets:
        if (generation_ != server_.generation()) {
          leave(Input::stopping);
          break;
        }
        buffer_ += seams_.arrive(context_, buffer_, std::string(event.octets));
        process();
        break;
      case Event::Kind::stopping: leave(Input::stopping); break;
      case Event::Kind::alarm:
        if (event.alarm != alarm_) return;
        leave(Input::idle);
        break;
      case Event::Kind::tls_failed:
      case Event::Kind::ended:
      case Event::Kind::broken:
        buffer_ += seams_.at_end(context_, buffer_);
        process();
        give_up();
        context_.state = State::closed;
        closing_ = true;
        break;
      default: break;
    }
    if (context_.state != State::closed)
      actions.push_back({.kind = Action::Kind::alarm, .delay = seams_.idle(context_, server_.config().idle), .alarm = ++alarm_});
    flush(actions);
  }

 private:
  // --- output ------------------------------------------------------------------------------------------------------
  void flush(Actions& actions) {
    release();
    for (Action& action : std::exchange(due_, {})) actions.push_back(std::move(action));
    if (std::exchange(start_tls_, false)) actions.push_back({.kind = Action::Kind::start_tls});
    if (std::exchange(closing_, false)) actions.push_back({.kind = Action::Kind::close});
  }

  // Lets go of the replies so far.
  void release() {
    if (out_.empty()) return;
    if (std::string octets = seams_.release(context_, out_, unread()); !octets.empty())
      due_.push_back({.kind = Action::Kind::send, .octets = std::move(octets)});
  }

  void wait(smtp::Duration delay) {
    if (delay.count() == 0) return;
    release();
    due_.push_back({.kind = Action::Kind::pause, .delay = delay});
  }

  void greet() { answer(full_ ? Input::greeting_too_many : server_.config().refusing ? Input::greeting_refused : Input::greeting); }

  // Asks the model, answers and moves on; says what the input was taken for. `lines` are for a row without a text.
  Input answer(Input lawful, std::vector<std::string> lines = {}) {
    const Input input = seams_.classify(context_, transaction_, line_, lawful);
    const smtp::Row row = seams_.model(context_, input, smtp::model_row(context_, input));
    Saying saying{row.reply.code, std::string(row.reply.status), {std::string(row.reply.text)}};
    if (row.reply.text.empty() && !lines.empty()) saying.lines = std::move(lines);
    // RFC 5321 section 4.3.2 opens these with the server's name.
    if (row.reply.code == 221 || row.reply.code == 421 || smtp::verb_of(input) == "greeting")
      saying.lines.front().insert(0, server_.config().host + " ");
    wait(seams_.delay(context_, input));
    out_ += seams_.printer(context_, seams_.saying(context_, input, std::move(saying)));
    if (row.next == smtp::Next::tls) start_tls_ = awaiting_tls_ = true;  // tls_up() moves on
    else move(input, smtp::after(context_, row));
    take(std::min(seams_.flush(context_, input, unread()), unread().size()));
    if (context_.state == State::closed) closing_ = true;
    else if (row.reply.code >= 500 && ++errors_ >= server_.config().errors) answer(Input::too_many_errors);
    return input;
  }

  // Where a handshake is due, no reply has a place (RFC 8314 section 3.3, RFC 3207 section 4.2).
  void leave(Input why) {
    if (!awaiting_tls_) {
      answer(why);
      return;
    }
    context_.state = State::closed;
    closing_ = true;
  }

  // Outside a transaction nothing of one is kept.
  void move(Input input, const smtp::Context& lawful) {
    const smtp::Context before = context_;
    context_ = seams_.after(before, input, lawful);
    if (context_.state == State::ready || context_.state == State::greeted) {
      give_up();
      seams_.forget(before, input, transaction_);
      ended_ = false;
    }
    if (context_.state == State::data) content_reader_ = seams_.content_reader(context_);
  }

  // RFC 3207 section 4.2: nothing of before is known any more, octets that came in clear least of all.
  void tls_up() {
    buffer_ = seams_.behind_starttls(std::move(buffer_));
    awaiting_tls_ = false;
    const bool greeted = context_.state != State::connected;
    move(Input::starttls, {.role = context_.role, .state = greeted ? State::greeted : State::connected, .tls = true});
    splitter_ = smtp::LineSplitter(rules());
    if (!greeted) greet();
    process();
  }

  // --- input -------------------------------------------------------------------------------------------------------
  smtp::LineRules rules() const {
    return seams_.line_rules(context_,
                             {.limit = context_.state == State::auth ? server_.config().auth_line : server_.config().command_line});
  }

  std::string_view unread() const { return std::string_view(buffer_).substr(read_); }
  void take(std::size_t octets) { read_ += octets; }

  void process() {
    while (context_.state != State::closed && !awaiting_tls_ && !unread().empty()) {
      if (chunk_reader_ || context_.state == State::data) {
        ContentReader& reader = chunk_reader_ ? *chunk_reader_ : *content_reader_;
        std::string body;
        take(reader.feed(unread(), body));
        if (!chunk_refused_) keep(body);
        if (reader.done()) chunk_reader_ ? end_of_chunk() : end_of_data();
        continue;
      }
      const auto line = splitter_.next(unread());
      if (!line) break;
      line_ = line->text(unread());
      take(line->next);
      const bool too_long = line->ending == smtp::LineEnding::too_long;
      if (too_long && !seams_.cuts_long_line(context_)) {
        too_long_ = true;
        continue;
      }
      if (std::exchange(too_long_, false) || too_long) answer(context_.state == State::auth ? Input::auth_too_long : Input::too_long_line);
      else if (context_.state == State::auth) auth_response(line_);
      else command(line_);
      splitter_ = smtp::LineSplitter(rules());
    }
    buffer_.erase(0, context_.state == State::closed ? buffer_.size() : read_);
    read_ = 0;
  }

  // Content of the transaction, never more of it than a message may have.
  void keep(std::string_view octets) {
    if (transaction_.content.size() + octets.size() > server_.config().message_size) too_big_ = true;
    if (!too_big_) transaction_.content += octets;
  }

  // What the command was taken for is recorded, unless the answer waits for a chunk.
  void command(const std::string& line) {
    const smtp::Context before = context_;
    if (const auto input = obey(line)) seams_.record(before, *input, line, transaction_);
  }

  std::optional<Input> obey(const std::string& line) {
    const smtp::Command command = smtp::parse_command(line, seams_.tolerance(context_, {.utf8 = true}));
    using smtp::CommandFault;
    using smtp::Verb;
    const bool foreign_octets = smtp::has_eight_bit(line);
    const auto plain = [&](Input good, Input with_argument) { return answer(command ? good : with_argument); };
    switch (command.verb) {
      case Verb::ehlo:
      case Verb::helo: return hello(command, line, foreign_octets);
      case Verb::mail: return mail(command, line, foreign_octets);
      case Verb::rcpt: return rcpt(command, line, foreign_octets);
      case Verb::data: return data(command);
      case Verb::bdat: return bdat(command);
      case Verb::rset: return plain(Input::rset, Input::rset_argument);
      case Verb::noop: return answer(Input::noop);
      case Verb::help:
        return answer(Input::help, {"Commands of RFC 5321 and its extensions:", "EHLO HELO MAIL RCPT DATA BDAT RSET",
                                    "VRFY EXPN NOOP STARTTLS AUTH HELP QUIT"});
      case Verb::quit: return plain(Input::quit, Input::quit_argument);
      case Verb::vrfy:
      case Verb::expn: return verify(command, line, foreign_octets);
      case Verb::starttls: return plain(Input::starttls, Input::starttls_argument);
      case Verb::auth: return auth(command, line);
      case Verb::etrn: return answer(Input::not_implemented);
      case Verb::unknown:
      case Verb::lhlo: break;
    }
    return answer(command.fault == CommandFault::empty ? Input::empty_line : Input::unknown_verb);
  }

  bool offers_auth() const { return context_.tls && context_.role != Role::relay; }

  Input hello(const smtp::Command& command, std::string_view line, bool foreign_octets) {
    const bool extended = command.verb == smtp::Verb::ehlo;
    if (!command || foreign_octets) return answer(extended ? Input::ehlo_syntax : Input::helo_syntax);
    client_name_ = command.argument.in(line);
    std::vector<std::string> lines = {server_.config().host + " greets " + client_name_};
    if (extended)
      for (auto& keyword : seams_.keywords(context_, keywords())) lines.push_back(std::move(keyword));
    return answer(extended ? Input::ehlo : Input::helo, std::move(lines));
  }

  std::vector<std::string> keywords() const {
    const Config& config = server_.config();
    std::vector<std::string> out = {"PIPELINING",
                                    "8BITMIME",
                                    "ENHANCEDSTATUSCODES",
                                    "CHUNKING",
                                    "BINARYMIME",
                                    "DSN",
                                    "SMTPUTF8",
                                    "EXPN",
                                    "HELP",
                                    "SIZE " + std::to_string(config.message_size)};
    if (!context_.tls) out.emplace_back("STARTTLS");
    if (offers_auth()) {
      out.emplace_back("AUTH");
      for (const auto& mechanism : config.mechanisms) out.back() += " " + mechanism;
    }
    return out;
  }

  Input mail(const smtp::Command& command, std::string_view line, bool foreign_octets) {
    const smtp::MailParams params = smtp::mail_params(command, line);
    Input input = Input::mail;
    if (!command || (foreign_octets && !params.smtputf8)) input = Input::mail_syntax;
    else if (!command.params.empty() && (!context_.extended || params.unknown >= 0 || params.requiretls || (params.auth && !offers_auth())))
      input = Input::mail_unknown_parameter;
    else if (params.bad >= 0) input = Input::mail_bad_parameter;
    else if (params.size.value_or(0) > server_.config().message_size) input = Input::mail_too_big;
    const State before = context_.state;
    input = answer(input);
    if (input != Input::mail || before == State::mail || context_.state != State::mail) return input;
    Envelope& envelope = transaction_.envelope;
    if (!command.path.null) envelope.reverse_path = without_brackets(command.path, line);
    envelope.eight_bit = params.body == smtp::Body::eight_bit_mime;
    envelope.binary = params.body == smtp::Body::binary_mime;
    envelope.unicode = params.smtputf8;
    if (params.ret) envelope.ret = params.ret->in(line);
    if (params.envid) envelope.envid = params.envid->in(line);
    return input;
  }

  // The mailbox, source route left out (RFC 5321 section 4.1.1.3).
  static std::string without_brackets(const smtp::Path& path, std::string_view line) {
    std::string out(path.local.in(line));
    if (!path.domain.empty()) out += "@" + std::string(path.domain.in(line));
    return out;
  }

  // The local mailbox that local-part and domain mean, "" when there is none.
  std::string local_mailbox(std::string_view local, std::string_view domain) const {
    return seams_.mailbox(local, domain, lawful_mailbox(local));
  }
  std::string lawful_mailbox(std::string_view local) const {
    const std::string name = smtp::to_lower(smtp::unquote_local(local));
    if (name == "postmaster") return "postmaster";
    const auto& boxes = server_.config().mailboxes;
    const auto it = std::find(boxes.begin(), boxes.end(), name);
    return it == boxes.end() ? "" : *it;
  }
  bool served(std::string_view domain) const {
    return domain.empty() || smtp::iequals(domain, server_.config().domain) || smtp::iequals(domain, server_.config().host);
  }

  Input rcpt(const smtp::Command& command, std::string_view line, bool foreign_octets) {
    const smtp::RcptParams params = smtp::rcpt_params(command, line);
    const std::string_view domain = command.path.domain.in(line);
    Recipient recipient;
    Input input = Input::rcpt;
    if (!command || (foreign_octets && !transaction_.envelope.unicode)) {
      input = Input::rcpt_syntax;
    } else if (!command.params.empty() && (!context_.extended || params.unknown >= 0)) {
      input = Input::rcpt_unknown_parameter;
    } else if (params.bad >= 0) {
      input = Input::rcpt_bad_parameter;
    } else if (served(domain)) {
      recipient.mailbox = local_mailbox(command.path.local.in(line), domain);
      if (recipient.mailbox.empty()) input = Input::rcpt_no_mailbox;
    } else if (!smtp::iequals(domain, server_.config().relay_domain) && !context_.authenticated) {
      input = Input::rcpt_no_relay;
    }
    if (input == Input::rcpt && transaction_.envelope.recipients.size() >= server_.config().recipients) input = Input::rcpt_too_many;
    const bool open = context_.state == State::mail || context_.state == State::rcpt;
    input = answer(input);
    if (input != Input::rcpt || !open || context_.state != State::rcpt) return input;
    recipient.address = without_brackets(command.path, line);
    if (params.notify) recipient.notify = params.notify->in(line);
    if (params.orcpt) recipient.orcpt = params.orcpt->in(line);
    transaction_.envelope.recipients.push_back(std::move(recipient));
    return input;
  }

  Input data(const smtp::Command& command) {
    return answer(!command ? Input::data_argument : transaction_.envelope.binary ? Input::data_binary : Input::data);
  }

  std::optional<Input> bdat(const smtp::Command& command) {
    if (!command) return answer(Input::chunk_syntax);
    const Chunk chunk = seams_.chunk(context_, line_, {command.chunk_size, command.last});
    chunk_last_ = chunk.last;
    // A chunk that will be refused is swallowed all the same (RFC 3030 section 2).
    chunk_refused_ = context_.state != State::rcpt && context_.state != State::bdat;
    chunk_reader_ = seams_.chunk_reader(context_, chunk);
    return chunk_reader_->done() ? std::optional(end_of_chunk()) : std::nullopt;
  }

  Input end_of_chunk() {
    chunk_reader_.reset();
    if (std::exchange(chunk_refused_, false)) return answer(chunk_last_ ? Input::last_chunk : Input::chunk);
    if (std::exchange(too_big_, false)) return refuse(Input::chunk_too_big);
    if (!chunk_last_) return answer(Input::chunk);
    return finish(Input::last_chunk, Input::last_chunk_refused, Input::last_chunk_not_stored);
  }

  Input end_of_data() {
    if (std::exchange(too_big_, false)) return refuse(Input::content_too_big);
    return finish(Input::content, Input::content_refused, Input::content_not_stored);
  }

  // The message is complete. It is acknowledged only when the store has it (RFC 5321 sections 4.1.1.4 and 6.1).
  Input finish(Input good, Input refused, Input not_stored) {
    const bool unclean = !transaction_.envelope.binary && has_bare_line_end(transaction_.content);
    if (unclean || received_fields(transaction_.content) > most_hops) return refuse(refused);
    ended_ = true;
    return answer(seams_.hand_over(Fate::taken, message(), server_.store()) ? good : not_stored);
  }

  Input refuse(Input why) {
    ended_ = true;
    seams_.hand_over(Fate::refused, message(), server_.store());
    return answer(why);
  }

  // Content that came and will have no end (RFC 5321 sections 4.1.1.5 and 4.1.1.10).
  void give_up() {
    if (!transaction_.content.empty() && !std::exchange(ended_, true)) seams_.hand_over(Fate::given_up, message(), server_.store());
  }

  Message message() const {
    return {transaction_.envelope, seams_.trace(transaction_, received()) + seams_.content(transaction_, transaction_.content), {}};
  }

  // RFC 5321 section 4.4; a recipient is named only when there is one (section 7.6).
  std::string received() const {
    std::string protocol = transaction_.envelope.unicode ? "UTF8SMTP" : context_.extended ? "ESMTP" : "SMTP";
    if (context_.tls && context_.extended) protocol += "S";
    if (context_.authenticated && context_.extended) protocol += "A";
    const std::string literal =
        peer_.empty() ? "" : " ([" + std::string(peer_.find(':') == std::string::npos ? "" : "IPv6:") + peer_ + "])";
    std::string out = "Received: from " + client_name_ + literal + "\r\n\tby " + server_.config().host + " with " + protocol + " id " +
                      server_.next_id(seams_.clock());
    const auto& recipients = transaction_.envelope.recipients;
    // The grammar of `for` has no path without a domain, so that a bare Postmaster gets ours.
    if (recipients.size() == 1) {
      const std::string& address = recipients.front().address;
      out += "\r\n\tfor <" + address + (address.find('@') == std::string::npos ? "@" + server_.config().domain : "") + ">";
    }
    return out + "; " + date_time(seams_.clock()) + "\r\n";
  }

  Input verify(const smtp::Command& command, std::string_view line, bool foreign_octets) {
    const bool vrfy = command.verb == smtp::Verb::vrfy;
    const Input no_mailbox = vrfy ? Input::vrfy_no_mailbox : Input::expn_no_list;
    Input input = vrfy ? Input::vrfy : Input::expn;
    std::string mailbox;
    std::string_view argument = command.argument.in(line);
    // RFC 6531 section 3.7.4.2: a parameter behind the name, without a value.
    const std::size_t blank = argument.rfind(' ');
    const std::string_view behind = context_.extended && blank != std::string_view::npos ? argument.substr(blank + 1) : "";
    const bool unicode = smtp::iequals(behind, "SMTPUTF8"), with_value = smtp::istarts_with(behind, "SMTPUTF8=");
    if (unicode) argument = argument.substr(0, blank);
    const auto parsed = smtp::parse_path(argument, {.no_brackets = true, .no_domain = true});
    if (!command || with_value || (foreign_octets && !unicode)) {
      input = vrfy ? Input::vrfy_syntax : Input::expn_syntax;
    } else if (!parsed || parsed.size != argument.size() || parsed.path.null) {
      input = no_mailbox;
    } else if (!served(parsed.path.domain.in(argument))) {
      input = vrfy ? Input::vrfy_foreign : no_mailbox;
    } else {
      mailbox = local_mailbox(parsed.path.local.in(argument), parsed.path.domain.in(argument));
      if (mailbox.empty()) input = no_mailbox;
    }
    return answer(input, {"<" + mailbox + "@" + server_.config().domain + ">"});
  }

  // --- AUTH --------------------------------------------------------------------------------------------------------
  Input auth(const smtp::Command& command, std::string_view line) {
    sasl_.reset();
    const std::string_view mechanism = command.mechanism.in(line);
    const auto& known = server_.config().mechanisms;
    const bool offered = std::any_of(known.begin(), known.end(), [&](const auto& m) { return smtp::iequals(m, mechanism); });
    if (!command) return answer(Input::auth_syntax);
    if (!offered) return answer(Input::auth_no_mechanism);
    // What is refused whatever its argument must not show what the argument would have done.
    if (smtp::model_row(context_, Input::auth_challenge).reply.code >= 400) return answer(Input::auth_challenge);
    const auto& account = server_.config().account;
    sasl_ = smtp::SaslServer::make(
        mechanism, [&account](std::string_view user) { return user == account.user ? std::optional(account.password) : std::nullopt; },
        server_.digests(), seams_.nonce());
    if (!command.initial) return step(sasl_->start());
    if (!sasl_->client_first()) return answer(Input::auth_initial);
    const std::string_view initial = command.initial->in(line);
    return respond(initial == "=" ? std::string_view{} : initial);
  }

  Input auth_response(std::string_view line) { return line == "*" ? answer(Input::auth_cancelled) : respond(line); }

  Input respond(std::string_view encoded) {
    const auto response = seams_.response(encoded, smtp::decode_base64(encoded));
    return response && sasl_ ? step(sasl_->respond(*response)) : answer(Input::auth_malformed);
  }

  Input step(const smtp::SaslServer::Step& step) {
    using Outcome = smtp::SaslServer::Outcome;
    switch (step.outcome) {
      case Outcome::challenge: return answer(Input::auth_challenge, {smtp::encode_base64(step.challenge)});
      case Outcome::success: return answer(Input::auth_success);
      case Outcome::failure: return answer(Input::auth_failure);
      case Outcome::malformed: break;
    }
    return answer(Input::auth_malformed);
  }

  Server& server_;
  Seams seams_;
  std::shared_ptr<int> open_;
  std::uint64_t generation_ = server_.generation();
  smtp::Context context_;
  smtp::LineSplitter splitter_;
  std::string buffer_;
  std::size_t read_ = 0;  // octets of the buffer that are done with
  std::string out_;       // replies not let go yet
  Actions due_;           // what is to be done with those that were
  std::string line_;      // the last one read
  std::string client_name_, peer_;
  Transaction transaction_;
  std::unique_ptr<ContentReader> content_reader_, chunk_reader_;
  std::unique_ptr<smtp::SaslServer> sasl_;
  std::uint64_t alarm_ = 0;
  int errors_ = 0;
  bool chunk_last_ = false;
  bool chunk_refused_ = false;
  bool too_big_ = false;
  bool too_long_ = false;
  bool awaiting_tls_ = false;
  bool start_tls_ = false;
  bool closing_ = false;
  bool ended_ = false;  // the message of the transaction was handed over, or was refused
  bool full_;
};

}  // namespace

std::unique_ptr<smtp::Machine> make_connection(Server& server, Role role) { return std::make_unique<Connection>(server, role); }

}  // namespace smtpspec::serve
