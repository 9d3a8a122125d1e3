// A word by which a connection of a play is known wherever it turns up: in what another session is told, in a stored message, in the name
// of a file. The grammar says {token}, and what is said on connection 2 of the play 17 is
//
//   t0f3ax17mark2z     the token of the play, token_of("t0f3a", 17), and mark_of(2)
//
// It ends in a letter that is no part of a number, so that a marker that was cut off is none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smtpspec::fuzz {

struct Marker {
  std::uint64_t play = 0;
  int connection = 0;
  bool operator==(const Marker&) const = default;
};

std::string token_of(std::string_view campaign, std::uint64_t play);
std::string mark_of(int connection);
// The token's campaign; "" for one that token_of() has not made.
std::string_view campaign_of(std::string_view token);
// All of the campaign, in whatever case they are written.
std::vector<Marker> markers_in(std::string_view octets, std::string_view campaign);

}  // namespace smtpspec::fuzz
