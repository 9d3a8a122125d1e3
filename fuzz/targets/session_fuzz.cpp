// Whole sessions with the reference server, by grammar and judge, as authors have them of theirs: it shows nothing. The environment
// variable SMTPSPEC_FAULT names a fault that is put into it, which has to be found.
#include "fuzz/inprocess/libfuzzer.hpp"
#include "reference_under_test.hpp"

smtpspec::fuzz::ServerUnderTest smtpspec::fuzz::server_under_test() {
  const char* const fault = std::getenv("SMTPSPEC_FAULT");
  auto server = reference_under_test(fault ? fault : "");
  if (server) return std::move(*server);
  std::fprintf(stderr, "there is no fault %s\n", fault);
  std::exit(2);
}
