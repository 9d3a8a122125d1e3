#include "smtpspec/smtp/encoding.hpp"

#include <gtest/gtest.h>

#include "smtpspec/smtp/octets.hpp"
#include "test/naive.hpp"

namespace smtpspec::smtp {
namespace {

using namespace std::string_view_literals;

// RFC 4648 section 10.
TEST(Base64, EncodesTheRfcsExamples) {
  const std::pair<std::string_view, std::string_view> rows[] = {{"", ""},
                                                                {"f", "Zg=="},
                                                                {"fo", "Zm8="},
                                                                {"foo", "Zm9v"},
                                                                {"foob", "Zm9vYg=="},
                                                                {"fooba", "Zm9vYmE="},
                                                                {"foobar", "Zm9vYmFy"},
                                                                {"\0user\0\xff\xfe"sv, "AHVzZXIA//4="},
                                                                {"\xfb\xef\xbe", "++++"}};
  for (const auto& [octets, text] : rows) {
    EXPECT_EQ(encode_base64(octets), text);
    EXPECT_EQ(decode_base64(text), octets);
  }
}

TEST(Base64, RoundTripsAllShortOctets) {
  static constexpr std::string_view octets = "\x00\x01\x3f\x40\x7f\x80\xc0\xfb\xff"sv;
  naive::all_texts(naive::octet_by_octet(octets), 5, [](std::string_view text) {
    if (HasFailure()) return;
    const std::string encoded = encode_base64(text);
    ASSERT_EQ(encoded.size(), (text.size() + 2) / 3 * 4);
    ASSERT_EQ(decode_base64(encoded), text) << spell(text);
  });
}

// Strict means: what decodes is exactly what encodes to it. Nothing foreign, no padding too much, too little or in the
// middle, no bits behind the last octet.
TEST(Base64, TakesATextExactlyWhenItIsAnEncoding) {
  const auto value = [](char c) { return std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").find(c); };
  // The naive reader takes what bits there are, whatever stands between; an encoding is what comes back unchanged.
  const auto naive_decode = [&](std::string_view text) {
    std::string out;
    unsigned bits = 0, count = 0;
    for (const char c : text) {
      if (value(c) == std::string_view::npos) continue;
      bits = (bits << 6 | static_cast<unsigned>(value(c))) & 0xfff;
      if ((count += 6) >= 8) out += static_cast<char>(bits >> (count -= 8) & 0xff);
    }
    return out;
  };
  std::size_t accepted = 0;
  const auto check = [&](std::string_view text) {
    if (HasFailure()) return;
    const std::string octets = naive_decode(text);
    const auto expected = encode_base64(octets) == text ? std::optional(octets) : std::nullopt;
    ASSERT_EQ(decode_base64(text), expected) << spell(text);
    accepted += expected ? 1 : 0;
  };
  naive::all_texts({"A", "Q", "Z", "g", "/", "=", " ", "-", "\n", "\0"sv, "\xff"}, 4, check);
  naive::all_texts({"A", "g", "=", "QUJD"}, 8, check);
  EXPECT_GT(accepted, 100u);
}

// RFC 3461 section 4: xchar is "!" to "~" but "+" and "="; hexchar is "+" and two capital hexadecimal digits.
TEST(Xtext, EncodesWhatIsNoXchar) {
  EXPECT_EQ(encode_xtext("a+b=c d@e"), "a+2Bb+3Dc+20d@e");
  EXPECT_EQ(encode_xtext("\0\x7f\xff"sv), "+00+7F+FF");
  for (int i = 0; i < 256; ++i) {
    const std::string octet(1, static_cast<char>(i));
    EXPECT_EQ(encode_xtext(octet) == octet, i >= '!' && i <= '~' && i != '+' && i != '=') << i;
    EXPECT_EQ(decode_xtext(encode_xtext(octet)), octet) << i;
  }
}

TEST(Xtext, RefusesWhatNoEncoderWrites) {
  for (const std::string_view bad : {"+", "+2", "+2b", "+G0", "a+", "a=b", "a b", "a\tb", "\x7f", "\xc3\xa9", "++2B"})
    EXPECT_EQ(decode_xtext(bad), std::nullopt) << spell(bad);
  EXPECT_EQ(decode_xtext("+41+42"), "AB") << "an xchar may be encoded too";
  EXPECT_EQ(decode_xtext(""), "");
}

}  // namespace
}  // namespace smtpspec::smtp
