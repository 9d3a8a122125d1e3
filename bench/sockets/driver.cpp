// A reply is judged for its form (what the parser names as a departure from the grammar), for the code that the step asks for,
// and by the server model, which follows the server through all that was said.
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <vector>

#include "smtpspec/smtp/ehlo.hpp"
#include "smtpspec/smtp/follow.hpp"
#include "smtpspec/smtp/reply.hpp"
#include "sockets/ours.hpp"

namespace smtpspec::bench::sockets {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using smtp::Input;

struct Awaited {
  Input input;
  int code;
  std::string verb;
};
// What goes out in one write, when all replies to what went before are there.
struct Turn {
  std::string octets;
  std::vector<Awaited> replies;
};

std::vector<Turn> turns_of(const Work& work) {
  std::vector<Turn> out = {{"", {{Input::greeting, 220, "the connection"}}}};
  const auto say = [&](bool behind, const std::string& octets, Awaited awaited) {
    if (!behind) out.push_back({});
    out.back().octets += octets;
    out.back().replies.push_back(awaited);
  };
  say(false, "EHLO client.example\r\n", {Input::ehlo, 250, "EHLO"});
  for (long i = 0; i < work.messages; ++i) {
    // RFC 2920 section 3.1: DATA ends a group, and mail data may begin one.
    say(work.pipelined && i > 0 && !work.abandoned, "MAIL FROM:<alice@client.example>\r\n", {Input::mail, 250, "MAIL"});
    say(work.pipelined, "RCPT TO:<bob@server.example>\r\n", {Input::rcpt, 250, "RCPT"});
    if (work.abandoned) {
      say(work.pipelined, "RSET\r\n", {Input::rset, 250, "RSET"});
      continue;
    }
    say(work.pipelined, "DATA\r\n", {Input::data, 354, "DATA"});
    say(false, std::string(content) + ".\r\n", {Input::content, 250, "mail data"});
  }
  say(work.pipelined, "QUIT\r\n", {Input::quit, 221, "QUIT"});
  return out;
}

class Client {
 public:
  Client(asio::io_context& io, const std::vector<Turn>& turns, const Work& work, Done& done, long& left)
      : socket_(io), turns_(turns), work_(work), done_(done), left_(left) {}

  void begin() {
    if (left_ <= 0 || !done_.wrong.empty()) return;
    --left_;
    follower_ = smtp::Follower(smtp::Role::relay);
    parser_ = {};
    size_ = turn_ = reply_ = 0;
    error_code error;
    socket_.open(tcp::v4(), error);
    socket_.set_option(tcp::no_delay(true), error);
    socket_.async_connect({asio::ip::address_v4::loopback(), work_.port}, [this](const error_code& failed) {
      if (failed) return fail("not connected: " + failed.message());
      read();
    });
  }

 private:
  void fail(std::string why) {
    if (done_.wrong.empty()) done_.wrong = std::move(why);
    error_code ignored;
    socket_.close(ignored);
  }

  void read() {
    socket_.async_read_some(asio::buffer(octets_.data() + size_, octets_.size() - size_),
                            [this](const error_code& error, std::size_t size) {
                              if (error) return fail("broken: " + error.message());
                              size_ += size;
                              take();
                            });
  }

  void take() {
    std::size_t at = 0;
    while (const smtp::ReplyView* view = parser_.next({octets_.data() + at, size_ - at})) {
      const std::string_view octets(octets_.data() + at, view->size);
      if (reply_ == turns_[turn_].replies.size()) return fail("nobody asked for " + std::string(octets));
      const Awaited& awaited = turns_[turn_].replies[reply_++];
      if (view->code != awaited.code) return fail("wrong: " + std::string(octets));
      if (view->anomalies.any())
        for (std::size_t i = 0; i < smtp::anomaly_count; ++i)
          if (const auto anomaly = static_cast<smtp::Anomaly>(i); view->anomalies.has(anomaly))
            ++done_.found[std::string(to_string(anomaly)) + " in a reply to " + awaited.verb];
      if (follower_.take({&awaited.input, 1}, view->code).lawfulness == smtp::Lawfulness::unlawful)
        ++done_.found[std::to_string(view->code) + " to " + awaited.verb];
      if (awaited.input == Input::ehlo) follower_.offer(smtp::capabilities(own(*view, octets)));
      ++done_.replies;
      at += view->size;
    }
    std::copy(octets_.begin() + static_cast<std::ptrdiff_t>(at), octets_.begin() + static_cast<std::ptrdiff_t>(size_), octets_.begin());
    size_ -= at;
    if (reply_ < turns_[turn_].replies.size()) {
      if (size_ == octets_.size()) return fail("a reply of more than 16 KiB");
      return read();
    }
    if (++turn_ == turns_.size()) {
      ++done_.sessions;
      error_code ignored;
      socket_.close(ignored);
      return begin();
    }
    reply_ = 0;
    // A turn is less than what a socket takes at once.
    error_code error;
    if (socket_.send(asio::buffer(turns_[turn_].octets), 0, error) != turns_[turn_].octets.size())
      return fail("not sent: " + error.message());
    read();
  }

  tcp::socket socket_;
  const std::vector<Turn>& turns_;
  const Work& work_;
  Done& done_;
  long& left_;
  smtp::Follower follower_{smtp::Role::relay};
  smtp::ReplyParser parser_;
  std::vector<char> octets_ = std::vector<char>(std::size_t{16} * 1024);
  std::size_t size_ = 0, turn_ = 0, reply_ = 0;
};

}  // namespace

Done by_driver(const Work& work) {
  asio::io_context io(1);
  Done done;
  long left = work.sessions;
  const std::vector<Turn> turns = turns_of(work);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < work.connections; ++i) {
    clients.push_back(std::make_unique<Client>(io, turns, work, done, left));
    clients.back()->begin();
  }
  io.run();
  return done;
}

}  // namespace smtpspec::bench::sockets
