#include "smtpspec/smtp/content.hpp"

#include <gtest/gtest.h>

#include "smtpspec/smtp/octets.hpp"
#include "test/naive.hpp"

namespace smtpspec::smtp {
namespace {

const naive::Words letters = {"\r", "\n", ".", "a"};

TEST(Content, DotsAreStuffedAtTheStartOfLinesOnly) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"", ""},           {".", ".."},        {"..\r\n.", "...\r\n.."},    {"a.\r\n", "a.\r\n"},
      {"a\n.b", "a\n.b"}, {"a\r.b", "a\r.b"}, {"\r\n.\r\n", "\r\n..\r\n"}, {"\n.", "\n."}};
  for (const auto& [content, stuffed] : rows) EXPECT_EQ(dot_stuff(content), stuffed) << spell(content);
}

TEST(Content, DataEndsWithTheDotOnALineOfItsOwn) {
  EXPECT_EQ(data_octets("a\r\n"), "a\r\n.\r\n");
  EXPECT_EQ(data_octets("a"), "a\r\n.\r\n");
  EXPECT_EQ(data_octets("a\n"), "a\n\r\n.\r\n");
  EXPECT_EQ(data_octets(""), ".\r\n");
}

// All data of up to seven octets, cut in every way: the model's content, and the model's end.
TEST(DotReader, AgreesWithTheModelHoweverTheDataIsCut) {
  naive::all_texts(letters, 7, [](std::string_view data) {
    const naive::Content expected = naive::unstuff(data);
    naive::all_cuts(data, [&](const naive::Chunks& chunks) {
      if (HasFailure()) return;
      DotReader reader;
      std::string body;
      std::size_t taken = 0;
      for (const std::string_view chunk : chunks) {
        const std::size_t took = reader.feed(chunk, body);
        taken += took;
        ASSERT_TRUE(took == chunk.size() || reader.done()) << spell(data);
      }
      ASSERT_EQ(reader.done(), expected.taken > 0) << spell(data);
      if (reader.done()) {
        ASSERT_EQ(taken, expected.taken) << spell(data);
        ASSERT_EQ(body, expected.body) << spell(data);
      } else {
        // A CR may be the first octet of the end: it is not content before it is known not to be.
        ASSERT_TRUE(body == expected.body || body + "\r" == expected.body) << spell(data) << " gave " << spell(body);
      }
    });
  });
}

TEST(DotReader, ReadsBackWhatWasStuffed) {
  naive::all_texts(letters, 7, [](std::string_view content) {
    if (HasFailure()) return;
    const std::string data = data_octets(content);
    DotReader reader;
    std::string body;
    ASSERT_EQ(reader.feed(data + "NOOP\r\n", body), data.size()) << spell(content);
    ASSERT_TRUE(reader.done());
    ASSERT_EQ(body, content.empty() || content.ends_with("\r\n") ? std::string(content) : std::string(content) + "\r\n");
  });
}

TEST(DotReader, TakesNothingBehindTheEnd) {
  DotReader reader;
  std::string body;
  EXPECT_EQ(reader.feed("hi\r\n.\r\nNOOP\r\n", body), 7u);
  EXPECT_EQ(reader.feed("NOOP\r\n", body), 0u);
  EXPECT_EQ(body, "hi\r\n");
}

TEST(ChunkReader, CountsOctets) {
  ChunkReader reader(5);
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(reader.feed("abc"), 3u);
  EXPECT_EQ(reader.feed("defg"), 2u);
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.feed("x"), 0u);
  EXPECT_TRUE(ChunkReader(0).done());
  EXPECT_EQ(ChunkReader(~std::uint64_t{0}).feed("abc"), 3u);
}

}  // namespace
}  // namespace smtpspec::smtp
