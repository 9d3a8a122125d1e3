// A profile, or the URL of a target: what is read makes sense, and an error has its place and its word; a URL that is printed is
// read as the same.
#include "oracle.hpp"
#include "smtpspec/run/profile.hpp"

using namespace smtpspec;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const run::Surroundings surroundings{
      .variable = [](const std::string& name) { return name == "PASSWORD" ? std::optional<std::string>("long enough") : std::nullopt; },
      .file = [](const std::string& path) -> Result<std::string> {
        if (path == "password") return "long enough\n";
        return failure("cannot read it", Place{path});
      }};
  if (const auto profile = run::parse_profile(std::string(text), "fuzz.yaml", surroundings)) {
    require(profile->connections > 0, "some connection is allowed", text);
    for (const auto& [role, endpoint] : profile->endpoints) {
      require(!endpoint.host.empty() && endpoint.port != 0, "an endpoint can be connected to", text);
      const auto again = run::parse_url(run::to_url(role, endpoint));
      require(again && again->first == role && again->second == endpoint, "an endpoint survives its URL", text);
    }
  } else {
    fuzz::check_error(profile.error(), text);
  }
  if (const auto url = run::parse_url(text)) {
    const auto again = run::parse_url(run::to_url(url->first, url->second));
    require(again && *again == *url, "a URL that is printed is the same", text);
  }
  return 0;
}
