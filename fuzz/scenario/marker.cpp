#include "fuzz/scenario/marker.hpp"

#include <charconv>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::fuzz {
namespace {

constexpr std::string_view mark_word = "mark";

// Takes a number from the front.
template <typename Number>
bool take(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !smtp::is_digit(text.front())) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}
bool skip(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

}  // namespace

std::string token_of(std::string_view campaign, std::uint64_t play) { return std::string(campaign) + "x" + std::to_string(play); }
std::string mark_of(int connection) { return std::string(mark_word) + std::to_string(connection) + "z"; }

std::string_view campaign_of(std::string_view token) {
  const std::size_t at = token.rfind('x');
  if (at == std::string_view::npos || at + 1 == token.size() || token.find_first_not_of("0123456789", at + 1) != std::string_view::npos)
    return {};
  return token.substr(0, at);
}

std::vector<Marker> markers_in(std::string_view octets, std::string_view campaign) {
  std::vector<Marker> out;
  if (campaign.empty()) return out;
  const std::string begin = smtp::to_lower(campaign) + "x", text = smtp::to_lower(octets);
  for (std::size_t at = 0; (at = text.find(begin, at)) != std::string::npos; ++at) {
    std::string_view rest = std::string_view(text).substr(at + begin.size());
    Marker marker;
    if (take(rest, marker.play) && skip(rest, mark_word) && take(rest, marker.connection) && skip(rest, "z")) out.push_back(marker);
  }
  return out;
}

}  // namespace smtpspec::fuzz
