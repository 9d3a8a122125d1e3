#include "smtpspec/session/session.hpp"

#include <algorithm>
#include <utility>

#include "smtpspec/smtp/command.hpp"
#include "smtpspec/smtp/encoding.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::session {

using script::Move;
using script::Step;
using smtp::Action;
using smtp::Actions;
using smtp::Event;

namespace {

// What a server may make the session remember. A target that sends more is cut off; the transcript says so.
constexpr std::size_t most_octets_of_a_reply = 1u << 20;
constexpr std::size_t most_octets_heard = 2u << 20;
constexpr std::size_t most_replies = 5000;
constexpr std::size_t line_limit = 512;  // RFC 5321 section 4.5.3.1.4
constexpr int most_sasl_steps = 8;
constexpr Duration longest_restart = std::chrono::seconds(60);  // whoever does it gives up before that
constexpr std::size_t most_sasl_line = 12288;                   // RFC 4954 section 4
constexpr std::size_t most_octets_shown = 4096;                 // of what is no whole reply

// How many octets of a group belong to the step that comes first in them.
std::size_t extent(const Step& step, std::string_view octets) {
  const std::size_t line = octets.find('\n');
  if (line == std::string_view::npos || step.kind == Step::Kind::raw) return octets.size();
  if (step.kind == Step::Kind::line) return line + 1;
  if (step.kind == Step::Kind::chunk)
    return line + 1 +
           std::min<std::uint64_t>(octets.size() - line - 1, smtp::parse_command(octets.substr(0, octets.find('\r'))).chunk_size);
  if (octets.starts_with(".\r\n")) return 3;
  const std::size_t end = octets.find("\r\n.\r\n");
  return end == std::string_view::npos ? octets.size() : end + 5;
}

// What stands between the first angle brackets of a reply.
std::optional<std::string> address_in(const smtp::Reply& reply) {
  for (std::size_t i = 0; i < reply.lines.size(); ++i) {
    const std::string_view text = reply.text(i);
    const std::size_t open = text.find('<');
    const std::size_t end = open == std::string_view::npos ? open : text.find('>', open);
    if (end != std::string_view::npos) return std::string(text.substr(open + 1, end - open - 1));
  }
  return std::nullopt;
}

std::string first_line(std::string_view octets) { return std::string(octets.substr(0, octets.find("\r\n"))); }

}  // namespace

Session::Session(script::Plan plan, Setup setup) : plan_(std::move(plan)), setup_(std::move(setup)) {}
Session::~Session() = default;

Secrets Session::secrets() const {
  // Sessions by the thousand have the same password, whose forms are some hundred.
  thread_local std::pair<std::string, Secrets> known;
  if (known.first != setup_.credentials.password) known = {setup_.credentials.password, Secrets(setup_.credentials.password)};
  Secrets out = known.second;
  for (const std::string& proof : proofs_) out.add(proof);
  return out;
}

// For reports, a word that is no verb may be anything.
std::string Session::verb_of(std::string_view line) const {
  const auto word = [](std::string_view text) {
    return smtp::to_upper(text.substr(0, std::min<std::size_t>(text.find_first_of(" \r\n"), 16)));
  };
  std::string out = word(line);
  // Whether a control octet behind it belongs to the verb is for the server to say.
  if (std::any_of(out.begin(), out.end(), smtp::is_control)) return "";
  return smtp::parse_command(out).verb == smtp::Verb::unknown ? word(secrets().mask(line)) : out;
}

void Session::note(int number, Time now, std::string text) {
  transcript_.entries.push_back({.kind = Entry::Kind::note, .at = now, .connection = number, .octets = std::move(text), .reply = {}});
}

// A wait begins when all that was said has gone out. Until then the peer has its time anew with every octet it takes.
void Session::wait_for(Duration time, const Connection& connection, Time now, Actions& actions) {
  waiting_since_ = now;
  writing_ = connection.unsent > 0;
  if (!writing_) return set_alarm(time, actions);
  set_alarm((last_was_data_ ? setup_.deadlines.data : setup_.deadlines.reply) + connection.held, actions);
}

// The transcript tells what went out, not what was meant to.
void Session::take_back_unsent() {
  for (auto& [number, connection] : connections_) {
    std::size_t& unsent = connection.unsent;
    for (auto entry = transcript_.entries.rbegin(); unsent > 0 && entry != transcript_.entries.rend(); ++entry) {
      if (entry->kind != Entry::Kind::sent || entry->connection != number) continue;
      const std::size_t back = std::min(unsent, entry->octets.size());
      unsent -= back;
      entry->octets.resize(entry->octets.size() - back);
      if (!entry->octets.empty()) continue;
      entry->kind = Entry::Kind::note;
      entry->octets = std::to_string(back) + " octets were not sent";
    }
  }
}

void Session::set_alarm(Duration delay, Actions& actions) {
  alarm_set_ = true;
  alarm_due_ = false;
  actions.push_back({.kind = Action::Kind::alarm, .delay = delay, .alarm = ++alarm_});
}

void Session::open(int number) {
  Connection& connection = connections_[number];
  connection = {};
  connection.state = Connection::State::opening;
  connection.tls_possible = plan_.role == smtp::Role::submissions;
}

void Session::begin(Time now, Actions& actions) {
  open(1);
  actions.push_back({.kind = Action::Kind::open, .connection = 1});
  set_alarm(setup_.deadlines.connect, actions);
  waiting_since_ = now;
}

void Session::abandon(Actions& actions) {
  if (phase_ == Phase::finished) return;
  for (auto& [number, connection] : connections_)
    if (connection.state != Connection::State::ended) actions.push_back({.kind = Action::Kind::reset, .connection = number});
  finish(actions);
}

void Session::finish(Actions& actions) {
  phase_ = Phase::finished;
  take_back_unsent();
  transcript_.hide(secrets());
  actions.push_back({.kind = Action::Kind::finish});
}

void Session::on(const Event& event, Actions& actions) {
  if (phase_ == Phase::finished) return;
  const Time now = event.at;
  if (event.kind == Event::Kind::alarm) {
    if (event.alarm != alarm_) return;
    alarm_due_ = true;
  } else if (event.kind == Event::Kind::restarted) {
    restarting_ = false;
    transcript_.target_restart_failed = !event.detail.empty();
    note(1, now, event.detail.empty() ? "target restarted" : "restart failed: " + event.detail);
  } else {
    Connection& connection = connections_[event.connection];
    switch (event.kind) {
      case Event::Kind::opened:
        connection.state = Connection::State::open;
        if (event.connection == 1) transcript_.connected = true;
        note(event.connection, now, "connected");
        alarm_set_ = false;
        break;
      case Event::Kind::refused:
        connection.state = Connection::State::failed;
        connection.detail = event.detail;
        note(event.connection, now, "not connected: " + event.detail);
        break;
      case Event::Kind::octets:
        if (connection.state == Connection::State::ended) break;  // cut off, or closed by us
        connection.buffer += event.octets;
        octets_heard_ += event.octets.size();
        take_octets(connection, event.connection, now, false);
        // Nobody reads on: the flood would go on for as long as the session lasts.
        if (connection.state == Connection::State::ended) actions.push_back({.kind = Action::Kind::reset, .connection = event.connection});
        break;
      case Event::Kind::sent:
        connection.unsent -= std::min(connection.unsent, event.size);
        if (connection.unsent == 0) connection.held = {};
        if (writing_ && next_ < plan_.moves.size() && plan_.moves[next_].step.connection == event.connection) alarm_set_ = writing_ = false;
        break;
      case Event::Kind::ended:
      case Event::Kind::broken:
        if (connection.state == Connection::State::ended) break;
        take_octets(connection, event.connection, now, true);
        if (connection.state == Connection::State::handshaking) {
          connection.tls_answer = true;
          connection.tls_behind = connection.replies.size();
          connection.tls = {.kind = Came::Kind::no_tls, .detail = "closed by the server"};
        }
        connection.state = Connection::State::ended;
        connection.detail = event.detail;
        note(event.connection, now, event.kind == Event::Kind::ended ? "closed by the server" : "broken: " + event.detail);
        break;
      case Event::Kind::tls_up:
        connection.state = Connection::State::open;
        connection.in_tls = true;
        connection.tls_answer = true;
        connection.tls_behind = connection.replies.size();
        connection.tls = {.kind = Came::Kind::tls, .tls = event.tls};
        if (!connection.buffer.empty()) {
          // The start of a reply in clear: no part of what comes inside TLS.
          keep_unfinished(connection, event.connection, now);
          connection.buffer.clear();
          connection.parser = {};
        }
        connection.offered = {};
        connection.extended_status = false;
        if (event.connection == 1) transcript_.tls = event.tls;
        note(event.connection, now, "TLS 1." + std::to_string(event.tls.version - 10) + " " + event.tls.cipher);
        break;
      case Event::Kind::tls_failed:
        connection.state = Connection::State::ended;
        connection.tls_answer = true;
        connection.tls_behind = connection.replies.size();
        connection.tls = {.kind = Came::Kind::no_tls, .detail = event.detail};
        note(event.connection, now, "TLS handshake failed: " + event.detail);
        break;
      default: break;
    }
  }
  if (phase_ == Phase::playing) advance(now, actions);
  else check_farewell(actions);
}

// A TLS record in clear, where TLS could be: an alert, most likely. It hides neither the limits nor the reply behind it.
// True when the rest of one is still to come.
bool Session::take_record(Connection& connection, int number, Time now, bool ended) {
  constexpr std::size_t header = 5, most_of_a_record = (16u << 10) + 2048;  // RFC 5246 section 6.2.3
  const std::string_view octets = connection.rest();
  if (connection.in_tls || !connection.tls_possible || octets.empty() || octets[0] < 0x14 || octets[0] > 0x17) return false;
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(octets[i]); };
  if (octets.size() > 1 && at(1) != 3) return false;
  const std::size_t size = octets.size() < header ? header : header + at(3) * 256u + at(4);
  if (size > most_of_a_record) return false;
  if (octets.size() < size && !ended) return true;
  keep_unfinished(connection, number, now, size);
  connection.taken += std::min(size, octets.size());
  if (++replies_heard_ >= most_replies) cut_off(connection, number, now, "more replies than a session can have");
  return connection.state == Connection::State::ended;
}

void Session::take_octets(Connection& connection, int number, Time now, bool ended) {
  const bool too_many = octets_heard_ > most_octets_heard;
  for (bool waits = false; !waits && connection.state != Connection::State::ended;) {
    const std::size_t before = connection.taken;
    waits = take_record(connection, number, now, ended);
    if (waits || connection.taken != before) continue;
    auto view = connection.parser.next(connection.rest());
    if (!view && ended) view = connection.parser.finish(connection.rest());
    if (view) take_reply(connection, number, now, *view);
    waits = !view;
  }
  connection.buffer.erase(0, std::exchange(connection.taken, 0));
  if (connection.state == Connection::State::ended || (connection.buffer.size() <= most_octets_of_a_reply && !too_many)) return;
  // A line without an end stands in the transcript as the reply that it is, so that the rules see it.
  const auto view = connection.parser.finish(connection.buffer);
  if (view && view->anomalies.has(smtp::Anomaly::line_endless)) return take_reply(connection, number, now, *view);
  keep_unfinished(connection, number, now);
  cut_off(connection, number, now, too_many ? "more octets than a session can have" : "the reply has no end");
}

void Session::take_reply(Connection& connection, int number, Time now, const smtp::ReplyView& view) {
  smtp::Reply reply = own(view, connection.rest());
  connection.taken += view.size;
  Entry entry{.kind = Entry::Kind::reply, .at = now, .connection = number, .octets = {}, .reply = reply};
  entry.extended_status = connection.extended_status;
  entry.in_tls = connection.in_tls;
  entry.unicode = connection.unicode;
  entry.closing = phase_ == Phase::farewell;
  if (!connection.greeted) {
    connection.greeted = true;
    entry.command = "greeting";
    if (number == 1) transcript_.greeting = reply.text();
  } else if (!connection.unsure && !connection.adrift && !connection.commands.empty()) {
    entry.command = std::move(connection.commands.front().verb);
    if (connection.paired) entry.line = std::move(connection.commands.front().line);
    connection.commands.pop_front();
  } else {
    entry.unasked = !connection.unsure && !connection.adrift && connection.counted;
  }
  // Who does not know BDAT, or not from strangers, takes the chunk for commands: which reply answers what cannot be told from here on.
  if (entry.command == "BDAT" && reply.code >= 400 && (reply.code == 530 || !connection.offered.has("CHUNKING")) &&
      smtp::parse_command(entry.line).chunk_size > 0)
    connection.adrift = true;
  if (entry.command == "EHLO" && reply.code == 250) {
    connection.offered = capabilities(reply);
    connection.extended_status = connection.offered.has("ENHANCEDSTATUSCODES");
    if (number == 1) transcript_.offered = connection.offered;
  }
  const bool endless = reply.anomalies.has(smtp::Anomaly::line_endless) || reply.anomalies.has(smtp::Anomaly::too_many_lines);
  transcript_.entries.push_back(std::move(entry));
  connection.replies.push_back({std::move(reply), transcript_.entries.size() - 1});
  if (endless) cut_off(connection, number, now, "the reply has no end");
  else if (++replies_heard_ >= most_replies) cut_off(connection, number, now, "more replies than a session can have");
}

void Session::keep_unfinished(const Connection& connection, int number, Time now, std::size_t most) {
  const std::string_view octets = connection.rest().substr(0, std::min(most, most_octets_shown));
  if (octets.empty()) return;
  transcript_.entries.push_back({.kind = Entry::Kind::octets, .at = now, .connection = number, .octets = std::string(octets), .reply = {}});
}

void Session::cut_off(Connection& connection, int number, Time now, std::string why) {
  note(number, now, "cut off: " + why);
  connection.buffer.clear();
  connection.taken = 0;
  connection.parser = {};
  connection.detail = std::move(why);
  connection.state = Connection::State::ended;
}

void Session::write(int number, Connection& connection, std::string octets, Time now, int move, Actions& actions) {
  if (octets.empty()) return;
  if (connection.state != Connection::State::open) return note(number, now, std::to_string(octets.size()) + " octets were not sent");
  connection.unsent += octets.size();
  connection.sent_line_end = octets.ends_with("\r\n");
  transcript_.entries.push_back({.kind = Entry::Kind::sent, .at = now, .connection = number, .octets = octets, .reply = {}, .move = move});
  actions.push_back({.kind = Action::Kind::send, .connection = number, .octets = std::move(octets)});
}

// The octets of a move that hang on what was heard. False: the server did not say it, so that there is nothing to ask.
bool Session::fill_in(Move& move, Time now) {
  script::Facts heard;
  const std::string_view size = connections_[move.step.connection].offered.params("SIZE");
  // SIZE alone and SIZE 0 say that there is no fixed limit (RFC 1870 section 4).
  const bool number = std::all_of(size.begin(), size.end(), smtp::is_digit);
  if (number && size.find_first_not_of('0') != std::string_view::npos) heard.values.emplace(script::limit_name, size);
  for (const auto& [name, reply] : captures_)
    if (auto address = address_in(reply)) heard.values.emplace(script::address_name(name), std::move(*address));
  auto filled = script::fill_in(plan_, move, heard);
  if (!filled) {
    transcript_.unmet = filled.error().message;
    note(move.step.connection, now, "nothing to ask: " + transcript_.unmet);
    return false;
  }
  move = std::move(*filled);
  return true;
}

void Session::send_move(const Move& move, Time now, Actions& actions) {
  const int number = move.step.connection;
  Connection& connection = connections_[number];
  // What each command asks for is known as long as only whole lines and contents are sent.
  const auto expect = [&](const Step& step, std::string_view octets) {
    switch (step.kind) {
      case Step::Kind::line:
        if (connection.replies.empty() && connection.commands.empty()) connection.unsure = false;
        // Inside an exchange a line is a response, inside mail data it is content.
        if (connection.last_code == 354) connection.unsure = true;
        else connection.commands.push_back({connection.last_code == 334 ? "AUTH" : verb_of(octets), first_line(octets)});
        // A line end inside, or a line beyond any limit, may count for more than one command.
        if (octets.find_first_of("\r\n") + 2 != octets.size() || octets.size() > line_limit) connection.counted = connection.paired = false;
        if (smtp::to_upper(octets).find(" SMTPUTF8") != std::string::npos) connection.unicode = true;
        break;
      case Step::Kind::chunk:
        connection.counted = false;  // refused, it may be read as commands
        connection.commands.push_back({"BDAT", first_line(octets)});
        break;
      case Step::Kind::message:
      case Step::Kind::content:
        if (connection.last_code != 354) connection.counted = connection.paired = false;  // likewise
        if (step.ended) connection.commands.push_back({".", ""});
        else connection.unsure = true;
        break;
      default: connection.unsure = true;
    }
  };
  std::string whole;
  for (const auto& segment : move.segments) whole += segment.octets;
  if (smtp::to_upper(std::string_view(whole).substr(0, line_limit)).find("STARTTLS") != std::string::npos) connection.tls_possible = true;
  if (move.step.kind == Step::Kind::together) {
    std::string_view rest = whole;
    for (const Step& inner : move.step.inside) {
      if (inner.kind == Step::Kind::remark) continue;
      const std::string_view octets = rest.substr(0, extent(inner, rest));
      expect(inner, octets);
      rest.remove_prefix(octets.size());
      if (inner.kind != Step::Kind::line) connection.counted = false;
    }
    if (!rest.empty()) connection.counted = connection.paired = false;
  } else {
    expect(move.step, whole);
  }
  if (move.is_data) last_was_data_ = true;
  else last_was_data_ = false;
  for (const auto& segment : move.segments) {
    if (segment.pause.count() > 0) actions.push_back({.kind = Action::Kind::pause, .connection = number, .delay = segment.pause});
    connection.held += segment.pause;
    write(number, connection, segment.octets, now, static_cast<int>(next_), actions);
  }
}

void Session::start_auth(const Step& step, Time now, Actions& actions) {
  const int number = step.connection;
  Connection& connection = connections_[number];
  std::string mechanism = step.mechanism;
  if (mechanism.empty()) {
    mechanism = "PLAIN";
    for (const std::string_view known : {"PLAIN", "SCRAM-SHA-256", "LOGIN", "CRAM-MD5"})
      if (connection.offered.has_param("AUTH", known)) {
        mechanism = known;
        break;
      }
  }
  connection.sasl = smtp::SaslClient::make(mechanism, setup_.credentials, setup_.digests, setup_.nonce);
  connection.sasl_steps = 0;
  std::string line = "AUTH " + mechanism;
  if (connection.sasl)
    if (const auto initial = connection.sasl->initial()) line += " " + (initial->empty() ? "=" : smtp::encode_base64(*initial));
  connection.commands.push_back({"AUTH", line});
  write(number, connection, line + "\r\n", now, static_cast<int>(next_), actions);
}

void Session::pop_reply(Connection& connection) {
  connection.replies.pop_front();
  if (connection.tls_behind > 0) --connection.tls_behind;
}

// True when the reply in front belongs to the exchange and was answered.
bool Session::continue_auth(Connection& connection, int number, Time now, Actions& actions) {
  if (!connection.sasl || connection.replies.empty()) return false;
  const smtp::Reply& reply = connection.replies.front().reply;
  if (reply.code != 334) {
    connection.sasl.reset();
    return false;
  }
  // No mechanism takes so many steps or so long a challenge: a server that asks on and on is refused.
  const bool enough = ++connection.sasl_steps > most_sasl_steps || reply.octets.size() > most_sasl_line;
  const auto challenge = smtp::decode_base64(reply.text());
  const auto response = challenge && !enough ? connection.sasl->respond(*challenge) : std::nullopt;
  const std::string line = response ? smtp::encode_base64(*response) : "*";
  // CRAM-MD5's digest, SCRAM's proof: the last word of a response that is neither the user nor holds the password itself.
  const auto& [user, password] = setup_.credentials;
  if (response && *response != user && !response->ends_with(password))
    proofs_.push_back(response->substr(response->find_last_of(" ,") + 1));
  pop_reply(connection);
  connection.commands.push_back({"AUTH", line});
  write(number, connection, line + "\r\n", now, static_cast<int>(next_), actions);
  if (!response) connection.sasl.reset();
  return true;
}

Duration Session::deadline_for(const Move& move, const Connection& connection) const {
  for (const auto& tier : move.step.expect.tiers)
    for (const auto& answer : tier.answers)
      if (answer.kind == script::Answer::Kind::nothing) return answer.time.value_or(setup_.deadlines.quiet);
  if (!connection.greeted) return setup_.deadlines.greeting;
  return last_was_data_ ? setup_.deadlines.data : setup_.deadlines.reply;
}

bool Session::meet(Time now, Actions& actions) {
  const Move& move = plan_.moves[next_];
  const int number = move.step.connection;
  Connection& connection = connections_[number];
  Came came;
  bool no_silence = false;
  std::size_t entry = transcript_.entries.size();
  if (connection.state == Connection::State::opening) return false;
  while (continue_auth(connection, number, now, actions)) alarm_set_ = false;
  if (connection.tls_answer && connection.tls_behind == 0) {
    came = connection.tls;
    connection.tls_answer = false;
    entry = transcript_.entries.size() - 1;
  } else if (!connection.replies.empty()) {
    came = {.kind = Came::Kind::reply, .reply = connection.replies.front().reply};
    entry = connection.replies.front().entry;
    connection.last_code = came.reply.code;
    pop_reply(connection);
  } else if (connection.state == Connection::State::failed || connection.state == Connection::State::unopened) {
    came = {.kind = Came::Kind::not_connected, .detail = connection.detail};
    entry = transcript_.entries.empty() ? 0 : transcript_.entries.size() - 1;
  } else if (connection.state == Connection::State::ended) {
    came = {.kind = Came::Kind::close, .detail = connection.detail};
    entry = transcript_.entries.size() - 1;
  } else if (!alarm_set_) {
    wait_for(deadline_for(move, connection), connection, now, actions);
    return false;
  } else if (!alarm_due_) {
    return false;
  } else {
    came.kind = Came::Kind::nothing;
    if (connection.state == Connection::State::handshaking) {
      // Slow is not refused: only an alert, an end or garbage says that there is no TLS.
      came.detail = "no answer to the TLS handshake";
      note(number, now, came.detail);
      connection.state = Connection::State::ended;
      connection.detail = "the TLS handshake was given up";
      actions.push_back({.kind = Action::Kind::reset, .connection = number});
    } else if (writing_) {
      came.detail = "the server takes no more octets (" + std::to_string(connection.unsent) + " are left)";
      no_silence = true;
    } else if (!connection.buffer.empty()) {
      keep_unfinished(connection, number, now);
      came.detail = "only a part of a reply came";
      no_silence = true;
    }
  }
  Outcome outcome{next_, came, -1, entry, now - waiting_since_, deadline_for(move, connection)};
  // Half a reply is no silence, nor is half a command.
  if (!no_silence) outcome.tier = match(move.step.expect, came, connection.extended_status, captures_);
  if (came.kind == Came::Kind::reply && !move.step.expect.capture.empty()) captures_[move.step.expect.capture] = came.reply;
  alarm_set_ = false;
  const script::Tier* tier = outcome.tier >= 0 ? &move.step.expect.tiers[static_cast<std::size_t>(outcome.tier)] : nullptr;
  const bool broken_off = !tier || tier->grade == script::Grade::inconclusive || tier->grade == script::Grade::failure;
  const auto ends = tier ? tier->ends : script::Ends::nothing;
  transcript_.outcomes.push_back(std::move(outcome));
  // One past the end says that the play was broken off; play() counts one on.
  if (broken_off) next_ = plan_.moves.size();
  else if (ends == script::Ends::the_case) next_ = plan_.moves.size() - 1;
  else if (ends == script::Ends::block) next_ = plan_.moves[next_].block_end - 1;
  if (broken_off) broken_off_ = true;
  return true;
}

bool Session::play(Time now, Actions& actions) {
  const Move& move = plan_.moves[next_];
  const Step& step = move.step;
  Connection& connection = connections_[step.connection];
  if (step.kind == Step::Kind::expect) {
    if (!meet(now, actions)) return false;
    ++next_;
    return true;
  }
  if (connection.state == Connection::State::opening || connection.state == Connection::State::handshaking) {
    // Nothing is sent before the connection is there; the alarm that waits for it is already set.
    if (connection.state == Connection::State::handshaking && !alarm_set_) set_alarm(setup_.deadlines.reply, actions);
    if (!alarm_due_) return false;
    connection.state = Connection::State::failed;
    connection.detail = "no answer";
  }
  if (step.kind == Step::Kind::act) {
    switch (step.act) {
      case Step::Act::handshake:
        connection.state = connection.state == Connection::State::open ? Connection::State::handshaking : connection.state;
        connection.tls_possible = true;
        connection.commands.clear();  // what was glued behind STARTTLS is to be thrown away (RFC 3207 section 4.2)
        note(step.connection, now, "TLS handshake");
        // What a dialogue is about is not vouched for by an earlier handshake.
        actions.push_back({.kind = Action::Kind::start_tls, .connection = step.connection, .full_handshake = !move.preamble});
        alarm_set_ = false;
        break;
      case Step::Act::half_close:
        connection.half_closed = true;
        connection.counted = false;  // a word of farewell may come
        note(step.connection, now, "half-close");
        actions.push_back({.kind = Action::Kind::half_close, .connection = step.connection});
        break;
      case Step::Act::reset:
      case Step::Act::close:
        note(step.connection, now, step.act == Step::Act::reset ? "reset by the client" : "closed by the client");
        actions.push_back(
            {.kind = step.act == Step::Act::reset ? Action::Kind::reset : Action::Kind::close, .connection = step.connection});
        connection.state = Connection::State::ended;
        connection.over = true;
        break;
      case Step::Act::wait:
        if (!alarm_set_) wait_for(step.time, connection, now, actions);
        if (!alarm_due_) return false;
        if (std::exchange(writing_, false)) {  // a peer that does not read is waited for all the same
          set_alarm(step.time, actions);
          return false;
        }
        alarm_set_ = false;
        break;
      case Step::Act::auth: start_auth(step, now, actions); break;
      case Step::Act::open: {
        open(step.other);
        actions.push_back({.kind = Action::Kind::open, .connection = step.other});
        set_alarm(setup_.deadlines.connect, actions);
        break;
      }
      case Step::Act::restart:
        if (!alarm_set_) {
          restarting_ = true;
          actions.push_back({.kind = Action::Kind::restart});
          set_alarm(longest_restart, actions);
        }
        if (restarting_ && !alarm_due_) return false;
        transcript_.target_restart_failed = transcript_.target_restart_failed || restarting_;
        alarm_set_ = false;
        break;
    }
    ++next_;
    return true;
  }
  if (move.late && !fill_in(plan_.moves[next_], now)) {
    broken_off_ = true;
    next_ = plan_.moves.size();
    return true;
  }
  send_move(move, now, actions);
  ++next_;
  return true;
}

void Session::advance(Time now, Actions& actions) {
  while (next_ < plan_.moves.size()) {
    // A connection that never opened is answered by its deadline.
    Connection& connection = connections_[plan_.moves[next_].step.connection];
    if (connection.state == Connection::State::opening && alarm_due_) {
      connection.state = Connection::State::failed;
      connection.detail = "no answer within the connect deadline";
      note(plan_.moves[next_].step.connection, now, "not connected: " + connection.detail);
      alarm_set_ = false;
    }
    if (!play(now, actions)) return;
  }
  transcript_.complete = !broken_off_;
  farewell(now, actions);
}

void Session::farewell(Time now, Actions& actions) {
  phase_ = Phase::farewell;
  for (auto& [number, connection] : connections_) {
    if (connection.over) continue;
    const bool open = connection.state == Connection::State::open;
    const bool owes_nothing =
        connection.commands.empty() && connection.replies.empty() && connection.buffer.empty() && !connection.unsure && !connection.adrift;
    const bool polite = open && transcript_.complete && connection.greeted && owes_nothing && !connection.half_closed &&
                        connection.sent_line_end && connection.last_code / 100 != 3 && connection.last_code != 221 &&
                        connection.last_code != 421;
    if (polite) {
      connection.farewell_sent = true;
      connection.commands.push_back({"QUIT", "QUIT"});
      write(number, connection, "QUIT\r\n", now, -1, actions);
    } else {
      connection.over = true;
      actions.push_back(
          {.kind = open && connection.sent_line_end && connection.last_code / 100 != 3 ? Action::Kind::close : Action::Kind::reset,
           .connection = number});
    }
  }
  set_alarm(setup_.deadlines.farewell, actions);
  check_farewell(actions);
}

void Session::check_farewell(Actions& actions) {
  bool waiting = false;
  for (auto& [number, connection] : connections_) {
    if (connection.over) continue;
    if (connection.state == Connection::State::ended || alarm_due_) {
      connection.over = true;
      actions.push_back({.kind = Action::Kind::close, .connection = number});
    } else {
      waiting = true;
    }
  }
  if (!waiting) finish(actions);
}

}  // namespace smtpspec::session
