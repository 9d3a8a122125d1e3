// TLS over memory, and what a connection makes of it.
#include "smtpspec/net/tls.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "smtpspec/net/loop.hpp"
#include "test/plan.hpp"

namespace smtpspec::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

asio::ssl::context& server_context(const std::vector<std::string>& names = {"mx.example.test", "127.0.0.1", "::1"}) {
  static std::map<std::vector<std::string>, std::unique_ptr<asio::ssl::context>> made;
  auto& context = made[names];
  if (!context) {
    const auto certificate = crypto::self_signed(names);
    context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
    context->use_certificate_chain(asio::buffer(certificate.certificate_pem));
    context->use_private_key(asio::buffer(certificate.key_pem), asio::ssl::context::pem);
  }
  return *context;
}

struct Pair {
  asio::ssl::context client_context{asio::ssl::context::tls_client};
  Tls client{client_context.native_handle(), false, "mx.example.test"};
  Tls server{server_context().native_handle(), true, ""};

  void move() {
    server.feed(client.output());
    client.feed(server.output());
  }
  void shake_hands() {
    for (int i = 0; i < 6; ++i) {
      client.handshake();
      move();
      server.handshake();
      move();
    }
  }
};

TEST(Tls, HandshakeAndText) {
  Pair pair;
  EXPECT_EQ(pair.client.handshake(), Tls::Step::more);
  EXPECT_GT(pair.client.pending(), 0u);
  pair.shake_hands();
  EXPECT_EQ(pair.client.handshake(), Tls::Step::done);
  EXPECT_EQ(pair.client.facts().version, 13);
  EXPECT_EQ(pair.client.facts().names, (std::vector<std::string>{"mx.example.test", "127.0.0.1", "::1"}));
  const std::string much(100000, 'x');
  EXPECT_TRUE(pair.client.write(much));
  pair.move();
  std::string all;
  std::string_view text;
  while (pair.server.read(text) == Tls::Got::text) all += text;
  EXPECT_EQ(all, much);
}

TEST(Tls, AnEndIsOfOneDirection) {
  Pair pair;
  pair.shake_hands();
  pair.client.end();
  pair.move();
  std::string_view text;
  EXPECT_EQ(pair.server.read(text), Tls::Got::end);
  EXPECT_TRUE(pair.server.write("221 bye\r\n"));
  pair.move();
  EXPECT_EQ(pair.client.read(text), Tls::Got::text);
  EXPECT_EQ(text, "221 bye\r\n");
}

TEST(Tls, SaysWhatIsWrong) {
  Pair pair;
  pair.client.handshake();
  pair.client.feed("250 this is no TLS\r\n");
  EXPECT_EQ(pair.client.handshake(), Tls::Step::failed);
  EXPECT_FALSE(pair.client.trouble().empty());
}

// A server that plays TLS connections octet by octet, one after the other, on a thread of its own.
class TlsServer {
 public:
  using Play = std::function<void(TlsServer&)>;
  explicit TlsServer(const Play& play) : TlsServer({&server_context()}, play) {}
  // A connection for each context.
  TlsServer(std::vector<asio::ssl::context*> contexts, Play play) {
    port = acceptor_.local_endpoint().port();
    thread_ = std::thread([this, contexts = std::move(contexts), play = std::move(play)] {
      for (asio::ssl::context* context : contexts) {
        tls = Tls(context->native_handle(), true, "");
        socket_ = acceptor_.accept();
        for (auto step = Tls::Step::more; step == Tls::Step::more;) {
          step = tls.handshake();
          flush();
          if (step == Tls::Step::more) receive();
        }
        play(*this);
      }
    });
  }
  ~TlsServer() { thread_.join(); }
  void flush() { asio::write(socket_, asio::buffer(tls.output())); }
  bool receive() {
    char octets[4096];
    boost::system::error_code error;
    const std::size_t size = socket_.read_some(asio::buffer(octets), error);
    tls.feed({octets, size});
    return size > 0;
  }
  Tls::Got read(std::string_view& text) {
    for (;;) {
      const auto got = tls.read(text);
      if (got != Tls::Got::nothing || !receive()) return got;
    }
  }

  std::uint16_t port = 0;
  Tls tls{server_context().native_handle(), true, ""};

 private:
  asio::io_context io_;
  tcp::acceptor acceptor_{io_, {asio::ip::address_v4::loopback(), 0}};
  tcp::socket socket_{io_};
  std::thread thread_;
};

// The peer must be able to tell an end from a cut (RFC 8446 section 6.1), and go on speaking.
TEST(Tls, HalfCloseSaysSo) {
  std::vector<Tls::Got> heard;
  TlsServer server([&](TlsServer& self) {
    std::string_view text;
    self.tls.write("220 mx.example.test\r\n");
    self.flush();
    heard.push_back(self.read(text));
    self.tls.write("221 bye\r\n");
    self.tls.end();
    self.flush();
    while (self.receive()) {}
  });
  Loop loop;
  Transport transport(loop, {{smtp::Role::submissions, {"127.0.0.1", server.port}}}, {});
  const auto test = script::parse_case(
      "title: t\ncovers: [NONE-1-1]\nstart: connected\ndialogue: |\n  do: handshake\n  S: tls\n  S: 220\n  do: half-close\n  S: 221\n  "
      "S: close\n",
      "t", "t.yaml");
  ASSERT_TRUE(test) << to_string(test.error());
  auto plan = script::make_plan(*test, test->dialogue, test->rows.front(), smtp::Role::submissions, {});
  ASSERT_TRUE(plan);
  session::Session session(std::move(*plan), {});
  transport.play(session, [] {});
  transport.run();
  EXPECT_TRUE(session.transcript().complete) << describe(session.transcript().outcomes.back().came);
  EXPECT_EQ(heard, std::vector<Tls::Got>{Tls::Got::end});
}

// The first handshake leaves what the next ones take up, but for those that a dialogue is about; the facts are the same. A
// connection that is cut spoils nothing, and a server that knows a session no longer is as good as any.
TEST(Tls, TakesUpAnEarlierSession) {
  std::vector<bool> resumed;
  auto& context = server_context();
  auto& another = server_context({"another.test"});
  TlsServer server({&context, &context, &context, &context, &another, &another}, [&](TlsServer& self) {
    resumed.push_back(self.tls.resumed());
    self.tls.write("220 mx.example.test\r\n");
    self.flush();
    std::string_view text;
    while (self.read(text) == Tls::Got::text) {}
  });
  std::vector<std::string> names;
  Loop loop;
  Transport transport(loop, {{smtp::Role::submissions, {"127.0.0.1", server.port}}}, {.resume = true});
  const auto play = [&](const std::string& start, const std::string& dialogue) {
    session::Session session(script::plan_of(start, dialogue, smtp::Role::submissions, {}), {});
    transport.play(session, [] {});
    transport.run();
    EXPECT_TRUE(session.transcript().complete) << describe(session.transcript().outcomes.back().came);
    names.push_back(session.transcript().tls.names.front());
  };
  play("greeted", "do: reset");
  play("greeted", "do: reset");
  play("connected", "do: handshake\nS: tls\nS: 220\ndo: close");
  play("greeted", "do: close");
  play("greeted", "do: close");
  play("greeted", "do: close");
  EXPECT_EQ(resumed, (std::vector<bool>{false, true, false, true, false, true}));
  EXPECT_EQ(names, (std::vector<std::string>{"mx.example.test", "mx.example.test", "mx.example.test", "mx.example.test", "another.test",
                                             "another.test"}));
}

// Nobody else's server is asked to.
TEST(Tls, HandshakesAreFullOnesOtherwise) {
  std::vector<bool> resumed;
  TlsServer server({&server_context(), &server_context()}, [&](TlsServer& self) {
    resumed.push_back(self.tls.resumed());
    self.tls.write("220 mx.example.test\r\n");
    self.flush();
    std::string_view text;
    while (self.read(text) == Tls::Got::text) {}
  });
  Loop loop;
  Transport transport(loop, {{smtp::Role::submissions, {"127.0.0.1", server.port}}}, {});
  for (int i = 0; i < 2; ++i) {
    session::Session session(script::plan_of("greeted", "do: close", smtp::Role::submissions, {}), {});
    transport.play(session, [] {});
    transport.run();
  }
  EXPECT_EQ(resumed, (std::vector<bool>{false, false}));
}

}  // namespace
}  // namespace smtpspec::net
