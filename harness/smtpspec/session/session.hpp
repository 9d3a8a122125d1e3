// The interpreter of a plan, as a pure machine: events in, actions out. It holds the client's side of a session, asks
// `match` whether to go on, and writes the transcript; it judges nothing.
//
//   Session session(plan, setup);
//   Actions first = session.begin(now);           // carry them out …
//   session.on(event, actions);                   // … and bring what happens, until finished()
//
// It ends at the first expectation that no tier meets. It then takes leave of each connection: QUIT where the server is
// in command phase and owes nothing, a plain close elsewhere. `decided()` is true before that farewell.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "smtpspec/session/match.hpp"
#include "smtpspec/smtp/sasl.hpp"

namespace smtpspec::session {

// How long to wait (RFC 5321 section 4.5.3.2 gives the figures below which silence proves nothing).
struct Deadlines {
  Duration connect = std::chrono::seconds(10);
  Duration greeting = std::chrono::seconds(30);
  Duration reply = std::chrono::seconds(10);
  Duration data = std::chrono::seconds(60);
  Duration quiet = std::chrono::milliseconds(500);
  Duration farewell = std::chrono::seconds(2);
};

struct Setup {
  Deadlines deadlines;
  smtp::Digests digests;
  smtp::Credentials credentials;
  std::string nonce;
};

class Session final : public smtp::Machine {
 public:
  Session(script::Plan plan, Setup setup);
  ~Session() override;

  void begin(Time now, smtp::Actions& actions);
  void on(const smtp::Event& event, smtp::Actions& actions) override;

  bool decided() const { return phase_ != Phase::playing; }
  bool finished() const { return phase_ == Phase::finished; }
  // Gives up at once: the transcript so far stays.
  void abandon(smtp::Actions& actions);

  const script::Plan& plan() const { return plan_; }
  const Transcript& transcript() const { return transcript_; }
  // What of this session must not be shown.
  Secrets secrets() const;

 private:
  struct Received {
    smtp::Reply reply;
    std::size_t entry;
  };
  struct Asked {
    std::string verb;  // "." for content
    std::string line;
  };
  struct Connection {
    enum class State : std::uint8_t { unopened, opening, open, handshaking, failed, ended };
    State state = State::unopened;
    std::string buffer;
    std::size_t taken = 0;  // octets of the buffer that are done with
    std::string_view rest() const { return std::string_view(buffer).substr(taken); }
    smtp::ReplyParser parser;
    std::deque<Received> replies;  // not yet met by an expectation
    std::deque<Asked> commands;    // sent and not yet answered
    bool unsure = false;           // raw octets were sent: which reply answers what cannot be told
    bool adrift = false;           // … for good
    bool counted = true;           // all that was sent asks for one reply each: more than these are unasked
    bool paired = true;            // each reply answers the command that it seems to
    bool greeted = false;
    bool in_tls = false;
    bool tls_possible = false;  // what comes in clear may be a TLS record
    bool extended_status = false;
    bool unicode = false;
    bool sent_line_end = true;
    std::size_t unsent = 0;  // octets that are written down as sent and did not go out yet
    Duration held{};         // pauses among them
    bool half_closed = false;
    int last_code = 0;
    bool tls_answer = false;     // a handshake ended and no expectation has met it
    std::size_t tls_behind = 0;  // replies in front of it
    Came tls{};
    smtp::Capabilities offered;
    std::string detail;
    std::unique_ptr<smtp::SaslClient> sasl;  // an exchange under way
    int sasl_steps = 0;
    bool farewell_sent = false;
    bool over = false;  // its part of the farewell is done
  };
  enum class Phase : std::uint8_t { playing, farewell, finished };

  void advance(Time now, smtp::Actions& actions);
  bool play(Time now, smtp::Actions& actions);  // one move; false when it has to wait
  bool meet(Time now, smtp::Actions& actions);  // the expectation that is due
  bool fill_in(script::Move& move, Time now);
  void send_move(const script::Move& move, Time now, smtp::Actions& actions);
  void start_auth(const script::Step& step, Time now, smtp::Actions& actions);
  bool continue_auth(Connection& connection, int number, Time now, smtp::Actions& actions);
  void open(int number);
  bool take_record(Connection& connection, int number, Time now, bool ended);
  void take_octets(Connection& connection, int number, Time now, bool ended);
  void take_reply(Connection& connection, int number, Time now, const smtp::ReplyView& view);
  static void pop_reply(Connection& connection);
  void keep_unfinished(const Connection& connection, int number, Time now, std::size_t most = std::string::npos);
  void cut_off(Connection& connection, int number, Time now, std::string why);
  void farewell(Time now, smtp::Actions& actions);
  void check_farewell(smtp::Actions& actions);
  void set_alarm(Duration delay, smtp::Actions& actions);
  void wait_for(Duration time, const Connection& connection, Time now, smtp::Actions& actions);
  void take_back_unsent();
  void finish(smtp::Actions& actions);
  std::string verb_of(std::string_view line) const;
  Duration deadline_for(const script::Move& move, const Connection& connection) const;
  void note(int number, Time now, std::string text);
  void write(int number, Connection& connection, std::string octets, Time now, int move, smtp::Actions& actions);

  script::Plan plan_;
  Setup setup_;
  Transcript transcript_;
  std::vector<std::string> proofs_;  // that SASL sent, from which the password could be guessed
  std::map<int, Connection> connections_;
  Captures captures_;
  Phase phase_ = Phase::playing;
  std::size_t next_ = 0;
  std::uint64_t alarm_ = 0;  // number of the alarm that counts
  bool alarm_set_ = false;
  bool alarm_due_ = false;
  bool restarting_ = false;
  bool broken_off_ = false;  // an expectation was not met, or hid the answer
  bool writing_ = false;     // the alarm watches over octets that go out
  Time waiting_since_{};
  bool last_was_data_ = false;
  std::size_t replies_heard_ = 0;
  std::size_t octets_heard_ = 0;
};

}  // namespace smtpspec::session
