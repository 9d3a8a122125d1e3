// The toy server under the fuzzer. What an author writes is this.
#include "fuzz/inprocess/libfuzzer.hpp"
#include "toy_server.hpp"

using smtpspec::fuzz::Then;

smtpspec::fuzz::ServerUnderTest smtpspec::fuzz::server_under_test() {
  return {.accept =
              [](smtp::Role) {
                return machine([session = std::make_shared<toy::Session>()](std::string_view octets, std::string& reply) {
                  reply = octets.empty() ? session->greeting() : session->take(octets);
                  return session->over() ? Then::close : Then::stay;
                });
              },
          .facts = {{"recipient", "alice@toy.example"}, {"unknown-recipient", "bob@toy.example"}}};
}
