// How the coroutines of this folder wait: for the files of this folder only.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace smtpspec::net {

namespace asio = boost::asio;

// An operation gives its error code as a value, beside its result, and throws nothing.
inline constexpr auto with_code = asio::as_tuple(asio::use_awaitable);

}  // namespace smtpspec::net
