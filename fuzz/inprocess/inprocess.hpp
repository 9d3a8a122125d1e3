// Your server in process: the fuzzer's grammar and its judge for a server, or only its session code, that is linked into a
// program for libFuzzer. No sockets, no threads, no clock: a server is a function from the client's octets to its own.
//
//   #include "fuzz/inprocess/libfuzzer.hpp"
//
//   smtpspec::fuzz::ServerUnderTest smtpspec::fuzz::server_under_test() {
//     return {.accept = [](smtp::Role) {
//               return machine([session = std::make_shared<my::Session>()](std::string_view octets, std::string& reply) {
//                 reply = octets.empty() ? session->greeting() : session->take(octets);
//                 return session->over() ? Then::close : Then::stay;
//               });
//             },
//             .facts = {{"recipient", "alice@example.test"}}};
//   }
//
// An input is a scenario as text (fuzz/scenario/text.hpp), which the mutator and the cross-over read and write; any other octets stand
// for the scenario that is generated from them. What breaks a MUST ends the program with what it is, the dialogue and a case file, when
// it came twice and the reference server does not show it. Crashes, hangs and leaks of the server are the engine's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "smtpspec/smtp/model.hpp"
#include "smtpspec/smtp/wire.hpp"

namespace smtpspec::fuzz {

// What a server does behind its reply: it goes on, ends the connection, or begins a TLS handshake, behind which all octets are those
// inside TLS.
enum class Then : std::uint8_t { stay, close, start_tls };

// One connection of the server, from its opening until it is destroyed. It gets the octets of one segment, of which there is at least one,
// but for its first call: there is none in it, and the greeting is due. `reply` is empty; what is put into it goes to the client.
using Connection = std::function<Then(std::string_view octets, std::string& reply)>;

// The machine of a connection. With `tls_first` a handshake comes in front of the greeting, as RFC 8314 section 3.3 has it.
std::unique_ptr<smtp::Machine> machine(Connection connection, bool tls_first = false);

struct ServerUnderTest {
  // A new connection; nullptr refuses it. Whoever has timers, or TLS that can fail, makes a machine of his own.
  std::function<std::unique_ptr<smtp::Machine>(smtp::Role)> accept;
  // What the server knows, by the names that profiles have (harness/targets/README.md): "recipient" is a mailbox that exists,
  // "unknown-recipient" one that does not, "denied-recipient" one that it does not relay to, "user" and "password" an account.
  std::map<std::string, std::string, std::less<>> facts{};
  std::vector<smtp::Role> roles{smtp::Role::relay};
  // Called in front of every play: what one leaves behind would make the next irreproducible.
  std::function<void()> fresh{};
  // Findings that do not count, by the name that they are reported with.
  std::vector<std::string> waived{};
  // The client is silent for minutes of virtual time now and then: for machines with timers.
  bool patient = false;
};

// The one that the program is about: to be defined by it.
ServerUnderTest server_under_test();

class InProcess {
 public:
  // Asks the server for its EHLO in each role. One that does not accept it is none that could be tested: the program ends.
  explicit InProcess(ServerUnderTest server);
  ~InProcess();

  // Plays the input. "" or, of a finding, what is to be said of it, in lines: the rule, what came, the dialogue, the case file.
  std::string play(std::string_view input);
  // Changes the input, or makes a new one, of `most` octets at most.
  std::string mutate(std::string_view input, std::size_t most, unsigned seed) const;
  // Acts of the one among those of the other.
  std::string cross_over(std::string_view one, std::string_view other, std::size_t most, unsigned seed) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace smtpspec::fuzz
