#include "smtpspec/serve/server.hpp"

#include <ctime>

#include "smtpspec/serve/connection.hpp"

namespace smtpspec::serve {

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

Server::Server(Config config, Store& store, smtp::Digests digests, std::function<Seams()> seams)
    : config_(std::move(config)), store_(store), digests_(std::move(digests)), seams_(std::move(seams)) {}

std::unique_ptr<smtp::Machine> Server::accept(smtp::Role role) { return make_connection(*this, role); }

std::string Server::next_id(std::int64_t clock) { return "S" + std::to_string(clock) + "-" + std::to_string(++messages_); }

}  // namespace smtpspec::serve
