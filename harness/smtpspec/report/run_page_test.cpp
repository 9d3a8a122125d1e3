// What is put into the page of a run. How it looks and works is tried in a browser, by reports/page/test/run.mjs.
#include "smtpspec/report/run_page.hpp"

#include <gtest/gtest.h>

#include <boost/beast/zlib/inflate_stream.hpp>
#include <boost/json.hpp>
#include <random>

#include "smtpspec/report/deflate.hpp"
#include "smtpspec/report/json.hpp"
#include "smtpspec/report/page_source.hpp"
#include "smtpspec/smtp/encoding.hpp"

namespace smtpspec::report {
namespace {

namespace zlib = boost::beast::zlib;

std::string inflated(std::string_view octets, std::size_t most) {
  std::string out(most + 1, '\0');
  zlib::inflate_stream stream;
  zlib::z_params params{};
  params.next_in = octets.data();
  params.avail_in = octets.size();
  params.next_out = out.data();
  params.avail_out = out.size();
  boost::beast::error_code error;
  stream.write(params, zlib::Flush::finish, error);
  EXPECT_EQ(error, zlib::error::end_of_stream);
  out.resize(params.total_out);
  return out;
}

TEST(Deflate, IsInflatedToTheSame) {
  std::mt19937 random(1);
  for (const std::size_t size : {0u, 1u, 100u, 65535u, 65536u, 200000u, 1000000u})
    for (const unsigned values : {1u, 4u, 256u}) {
      std::string octets(size, '\0');
      for (char& c : octets) c = static_cast<char>(random() % values);
      const std::string packed = deflated(octets);
      EXPECT_TRUE(inflated(packed, size) == octets) << size << " " << values;
      if (values == 1 && size > 1000) {
        EXPECT_LT(packed.size(), size / 100);
      }
    }
}

boost::json::object block(const std::string& html, const std::string& id, std::size_t most) {
  const std::string tag = "<script type=\"text/plain\" id=\"" + id + "\">";
  const std::size_t begin = html.find(tag) + tag.size();
  const auto packed = smtp::decode_base64(std::string_view(html).substr(begin, html.find('<', begin) - begin));
  EXPECT_TRUE(packed);
  return boost::json::value{{"data", boost::json::parse(inflated(*packed, most))}}.as_object();
}

TEST(RunPage, HoldsIndexAndTests) {
  ASSERT_TRUE(page_source.starts_with("<!doctype html>"));
  script::Suite suite;
  ASSERT_TRUE(suite.registry.add(
      "rfc: 5321\ntitle: A\nrequirements:\n  1-1: {level: MUST, subject: server, observable: wire, says: A thing.}\n", "a.yaml"));
  Reported reported;
  const std::string evil = "</script><script>alert(1)</script>";
  reported.run.target = evil;
  for (int i = 0; i < 3000; ++i) {
    run::TestResult test;
    test.id = "a[" + std::to_string(i) + "]";
    test.title = "what is right";
    test.requirements = {"RFC5321-1-1"};
    test.summary = evil + std::string(80, 'x');
    reported.run.tests.push_back(std::move(test));
  }
  auto& failed = reported.run.tests[2500];
  failed.verdict = run::Verdict::fail;
  judge::Finding finding;
  finding.rule = "a";
  finding.requirements = {"RFC5321-1-1"};
  failed.findings = {finding};

  const auto rows = script::coverage(suite, {});
  const std::string html = run_page({&reported, 1}, rows, suite);
  EXPECT_EQ(html.find(evil), std::string::npos);
  const auto index = block(html, "index", 4u << 20).at("data").as_object();
  const auto& run = index.at("runs").at(0);
  EXPECT_EQ(run.at("target").at("name").as_string(), evil);
  EXPECT_EQ(run.at("tests").at("verdict").as_array().size(), 3000u);
  EXPECT_EQ(run.at("tests").at("found"), boost::json::parse(R"([[2500, 0, "fail"]])"));
  EXPECT_EQ(run.at("findings").at(0).at("tests"), boost::json::parse("[2500]"));
  EXPECT_EQ(index.at("requirements").at(0).at(5).as_string(), "A thing.");
  // The test is in the block that the index says.
  std::size_t first = 0;
  ASSERT_GT(run.at("blocks").as_array().size(), 1u);
  for (const auto& one : run.at("blocks").as_array()) {
    const auto count = one.at(1).to_number<std::size_t>();
    if (2500 < first + count) {
      const auto tests = block(html, "block-" + std::to_string(one.at(0).to_number<int>()), 1u << 20).at("data").as_array();
      EXPECT_EQ(tests.size(), count);
      EXPECT_EQ(tests.at(2500 - first), boost::json::value(test_object(failed)));
      return;
    }
    first += count;
  }
  FAIL() << "no block has it";
}

}  // namespace
}  // namespace smtpspec::report
