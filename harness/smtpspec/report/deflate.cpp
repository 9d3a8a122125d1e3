#include "smtpspec/report/deflate.hpp"

#include <array>
#include <boost/beast/zlib/deflate_stream.hpp>

namespace smtpspec::report {

namespace zlib = boost::beast::zlib;

std::string deflated(std::string_view octets) {
  zlib::deflate_stream stream;
  std::array<char, 65536> part{};
  zlib::z_params params{};
  params.next_in = octets.empty() ? "" : octets.data();  // null is no place to read from
  params.avail_in = octets.size();
  std::string out;
  for (boost::beast::error_code error; !error;) {
    params.next_out = part.data();
    params.avail_out = part.size();
    stream.write(params, zlib::Flush::finish, error);
    out.append(part.data(), part.size() - params.avail_out);
  }
  return out;
}

}  // namespace smtpspec::report
