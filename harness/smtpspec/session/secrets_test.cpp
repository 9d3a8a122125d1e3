// Every form of a secret, at every place, cut anywhere.
#include "smtpspec/session/secrets.hpp"

#include <gtest/gtest.h>

#include <random>

#include "test/spellings.hpp"

namespace smtpspec::session {
namespace {

const std::vector<std::string> passwords = {"correct horse",
                                            "tr0ub4dor&3",
                                            "p\xc3\xa4ss-w\xc3\xb6rd",
                                            "back\\slash\ttab",
                                            "(a+)*[b]{2}$.^|?",
                                            "{user}%41=41+41",
                                            "5.1.9 451x",
                                            "aaaaaaaa",
                                            "\"quoted\" <&'>",
                                            "pass",
                                            "\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c",
                                            "ends in blank ",
                                            "MiXeD-CaSe/With+All",
                                            std::string(255, 'x') + "y"};

TEST(Secrets, AreMaskedInWhateverText) {
  const Secrets secrets("secret");
  for (const auto& [text, masked] : std::vector<std::pair<std::string, std::string>>{
           {"", ""},
           {"250 fine\r\n", "250 fine\r\n"},
           {"user secret, secretsecret", "user ***, ***"},
           {"535 no SeCrEt here\r\n", "535 no *** here\r\n"},
           {"antisecretary", "anti***ary"},
           {"secresecret secrets", "secre*** ***s"},
           {"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", "AUTH PLAIN ***\r\n"},
           {"250-sec\r\n250 ret\r\n", "250-***\r\n250 ***\r\n"},
           {"250-2.1.0 s\r\n250 2.1.0 ecret\r\n", "250-2.1.0 *\r\n250 2.1.0 ***\r\n"},
           {"a\r\nsecret\r\nb", "a\r\n***\r\nb"},
           {"s e c r e t", "s e c r e t"},
           {"you said secr", "you said ***"},
           {"cret you said", "*** you said"},
           {"you said sec", "you said sec"},
           {"sec", "sec"},
       })
    EXPECT_EQ(secrets.mask(text), masked) << text;
}

TEST(Secrets, HaveALeastSize) {
  EXPECT_EQ(Secrets("").mask("a text"), "a text");
  EXPECT_EQ(Secrets("250").mask("250 fine 250"), "250 fine 250");
  EXPECT_EQ(Secrets("fine").mask("250 fine 250"), "250 *** 250");
}

TEST(Secrets, AddUp) {
  Secrets secrets("secret");
  secrets.add("other");
  secrets.add("secret and other");
  EXPECT_EQ(secrets.mask("secret, other, secret and other."), "***, ***, ***.");
}

TEST(Secrets, LeaveOrdinaryTextsAlone) {
  const std::string text =
      "220 mx.example.test ESMTP Postfix (Debian/GNU)\r\n250-mx.example.test\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-ETRN\r\n"
      "250-AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250 CHUNKING\r\n"
      "334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UuZXhhbXBsZT4=\r\n250 2.1.0 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n"
      "250 2.0.0 Ok: queued as 4XqB0c1ZJWz9s\r\n554 5.7.1 <bob@elsewhere.test>: Relay access denied\r\n221 2.0.0 Bye\r\n";
  for (const std::string& password : passwords) {
    const Secrets secrets(password);
    EXPECT_TRUE(secrets.find(text).empty()) << password << ": " << secrets.mask(text);
  }
}

TEST(Secrets, AreFoundInEveryForm) {
  std::size_t turn = 0;
  for (const std::string& password : passwords) {
    const Secrets secrets(password);
    for (const Spelling& spelling : spellings("alice", password))
      for (const std::string before : {"", "250 ", "250-2.0.0 you said: ", "%", "\\", "=", "4", "x", "ab"})
        for (const std::string behind : {"", "\r\n", " was it\r\n", "A", "=", "%4"}) {
          if (turn++ % 5 != 0) continue;
          const std::string text = before + spelling.text + behind;
          const std::string masked = secrets.mask(text);
          ASSERT_EQ(told(masked, spelling), "") << spelling.name << ": " << smtp::spell(text) << "\n" << smtp::spell(masked);
          ASSERT_LE(masked.size(), text.size());
          ASSERT_EQ(std::count(masked.begin(), masked.end(), '\n'), std::count(text.begin(), text.end(), '\n'));
        }
  }
}

TEST(Secrets, AreFoundOverTwoLines) {
  for (const std::string& password : passwords) {
    if (password.size() > 30) continue;
    const Secrets secrets(password);
    for (const Spelling& spelling : spellings("alice", password))
      for (const std::string end : {"\r\n", "\n", "=\r\n", "\r\n250-", "\r\n250 ", "\r\n550-5.7.8 "})
        for (std::size_t at = 1; at < spelling.text.size(); ++at) {
          const Spelling two = broken(spelling, at, end);
          const std::string masked = secrets.mask("250-" + two.text + "\r\n");
          ASSERT_EQ(told(masked, two), "") << two.name << ": " << smtp::spell(two.text) << "\n" << smtp::spell(masked);
          ASSERT_LE(masked.size(), two.text.size() + 6);
          ASSERT_EQ(masked.find(end.substr(end.find('\n'))) == masked.npos, false) << smtp::spell(masked);
        }
  }
}

// Cut anywhere before it is masked, no half of it stays.
TEST(Secrets, AreFoundWhereTheTextIsCut) {
  for (const std::string& password : passwords) {
    if (password.size() > 30) continue;
    const Secrets secrets(password);
    for (const Spelling& spelling : spellings("alice", password)) {
      const std::string text = "250 " + spelling.text + " said\r\n";
      for (std::size_t at = 0; at <= text.size(); ++at)
        for (const std::string& part : {text.substr(0, at), text.substr(at)}) {
          const std::string masked = secrets.mask(part);
          ASSERT_EQ(told(masked, spelling), "") << spelling.name << ": " << smtp::spell(part) << "\n" << smtp::spell(masked);
        }
    }
  }
}

TEST(Secrets, OfAllKindsInRandomTexts) {
  std::mt19937 random(1);
  const auto below = [&](std::size_t n) { return random() % n; };
  const auto text_of = [&](std::size_t size) {
    std::string out;
    while (out.size() < size) {
      const auto kind = below(20);
      if (kind == 0) out += std::vector<std::string>{"\xc3\xa9", "\xd0\x96", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}[below(4)];
      else out += static_cast<char>(' ' + below(95));
    }
    return out;
  };
  for (int i = 0; i < 300; ++i) {
    const std::string password = text_of(4 + below(20));
    const Secrets secrets(password);
    for (const Spelling& spelling : spellings(text_of(1 + below(8)), password)) {
      const std::string before = text_of(below(40)), behind = text_of(below(40)), text = before + spelling.text + behind;
      if (!told(before + "\n" + behind, spelling).empty()) continue;  // by chance
      const std::string masked = secrets.mask(text);
      ASSERT_EQ(told(masked, spelling), "") << spelling.name << " of " << password << ": " << smtp::spell(text) << "\n"
                                            << smtp::spell(masked);
      ASSERT_LE(masked.size(), text.size());
    }
  }
}

// Quadratic work on one of these takes longer than any test may.
TEST(Secrets, TakeTimeByTheSizeOfTheText) {
  constexpr std::size_t size = 1u << 20;
  const Secrets secrets("ab\\secret");
  for (const std::string& part :
       {std::string("a"), std::string("ab"), std::string("\\"), std::string("ab\\secre"), std::string("ab\\secret"), std::string("\r\n"),
        std::string("250-a\r\n"), std::string("a="), std::string("%61"), smtp::encode_base64("ab\\secret"),
        smtp::encode_base64("ab\\secrex"), std::string("xab\\secret"), std::string("ab\\sec\r\n250-")}) {
    std::string text;
    while (text.size() < size) text += part;
    EXPECT_LE(secrets.mask(text).size(), text.size());
  }
}

TEST(Masked, APieceOfAText) {
  const std::string text = "ab secret cd";
  const std::vector<smtp::Span> found{{3, 6}};
  EXPECT_EQ(masked(text, found), "ab *** cd");
  EXPECT_EQ(masked(text, found, {0, 3}), "ab ");
  EXPECT_EQ(masked(text, found, {0, 4}), "ab *");
  EXPECT_EQ(masked(text, found, {5, 6}), "*** c");
  EXPECT_EQ(masked(text, found, {9, 3}), " cd");
  EXPECT_EQ(masked(text, found, {9, 0}), "");
}

}  // namespace
}  // namespace smtpspec::session
