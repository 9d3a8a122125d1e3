#include "smtpspec/script/yaml.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <set>
#include <sstream>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {
namespace {

constexpr int deepest_nesting = 32;
constexpr int most_nodes = 200000;  // aliases of aliases could unfold without end

Place place_of(const YAML::Mark& mark, const std::string& file) {
  return mark.is_null() ? Place{file} : Place{file, mark.line + 1, mark.column + 1};
}

// True when the double-quoted text that begins at `at` holds a \xNN above 7f: YAML takes it for a code point.
bool has_high_escape(std::string_view source, std::size_t at) {
  if (at >= source.size() || source[at] != '"') return false;
  for (std::size_t i = at + 1; i + 2 < source.size() && source[i] != '"'; ++i) {
    if (source[i] != '\\') continue;
    if (source[++i] == 'x' && !(source[i + 1] >= '0' && source[i + 1] <= '7')) return true;
  }
  return false;
}

Result<Yaml> convert(const YAML::Node& node, std::string_view source, const std::string& file, int depth, int& nodes) {
  Yaml out;
  out.place = place_of(node.Mark(), file);
  if (depth > deepest_nesting) return out.fail("nested too deeply");
  if (++nodes > most_nodes) return out.fail("more than " + std::to_string(most_nodes) + " values");
  switch (node.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null: return out;
    case YAML::NodeType::Scalar:
      if (has_high_escape(source, static_cast<std::size_t>(node.Mark().pos)))
        return out.fail("\\xNN above 7f is a code point here, not an octet; write the text in single quotes");
      out.kind = Yaml::Kind::text;
      out.text = node.Scalar();
      return out;
    case YAML::NodeType::Sequence:
      out.kind = Yaml::Kind::list;
      for (const auto& item : node) {
        auto value = convert(item, source, file, depth + 1, nodes);
        if (!value) return value;
        out.items.push_back(std::move(*value));
      }
      return out;
    case YAML::NodeType::Map: {
      out.kind = Yaml::Kind::map;
      std::set<std::string> seen;
      for (const auto& entry : node) {
        auto key = convert(entry.first, source, file, depth + 1, nodes);
        if (!key) return key;
        if (key->kind != Yaml::Kind::text) return key->fail("a key must be a plain word");
        if (!seen.insert(key->text).second) return key->fail("key '" + key->text + "' stands here for the second time");
        auto value = convert(entry.second, source, file, depth + 1, nodes);
        if (!value) return value;
        out.entries.emplace_back(std::move(*key), std::move(*value));
      }
      return out;
    }
  }
  return out;
}

// The first octet that a terminal would obey; double quotes can bring one in.
std::size_t control_octet(std::string_view text) {
  const auto it = std::find_if(text.begin(), text.end(), [](char c) { return smtp::is_control(c) && c != '\n' && c != '\t'; });
  return it == text.end() ? std::string::npos : static_cast<std::size_t>(it - text.begin());
}

// Where documents begin. YAML::LoadAll would not come back from a file that begins with a comma: to yaml-cpp it holds
// documents without end.
struct Documents final : YAML::EventHandler {
  void OnDocumentStart(const YAML::Mark& mark) override { last = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
  YAML::Mark last;
};

// A day of the calendar.
bool is_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  int year = 0;
  unsigned month = 0, day = 0;
  const auto number = [&](std::size_t at, std::size_t size, auto& into) {
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + size, into);
    return error == std::errc{} && end == text.data() + at + size;
  };
  return number(0, 4, year) && number(5, 2, month) && number(8, 2, day) &&
         std::chrono::year_month_day(std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)).ok();
}

}  // namespace

const Yaml* Yaml::find(std::string_view key) const {
  for (const auto& [name, value] : entries)
    if (name.text == key) return &value;
  return nullptr;
}

Result<std::string> Yaml::as_text(std::string_view what) const {
  if (kind != Kind::text) return fail("expected " + std::string(what));
  if (const std::size_t at = control_octet(text); at != std::string::npos)
    return fail("octet " + smtp::spell(std::string_view(text).substr(at, 1)) + " has no place in " + std::string(what));
  return text;
}

Result<std::string> Yaml::as_sentence(std::string_view what) const {
  auto sentence = as_text(what);
  if (sentence && smtp::trim(*sentence).empty()) return fail("expected " + std::string(what));
  return sentence;
}

Result<std::string> Yaml::as_day() const {
  if (kind != Kind::text || !is_day(text)) return fail("'" + smtp::spell(text) + "' is no day; a day looks like 2026-12-31");
  return text;
}

Result<std::int64_t> Yaml::as_number(std::string_view what, std::int64_t least, std::int64_t most) const {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (kind != Kind::text || error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
    return fail("expected " + std::string(what) + ", a number from " + std::to_string(least) + " to " + std::to_string(most));
  return value;
}

Result<bool> Yaml::as_bool(std::string_view what) const {
  if (kind == Kind::text && (text == "true" || text == "false")) return text == "true";
  return fail("expected " + std::string(what) + ", true or false");
}

Result<std::vector<std::string>> Yaml::as_texts(std::string_view what) const {
  if (kind == Kind::text) {
    auto one = as_text(what);
    return one ? Result<std::vector<std::string>>({std::move(*one)}) : tl::unexpected(one.error());
  }
  if (kind != Kind::list) return fail("expected " + std::string(what) + ", a list");
  std::vector<std::string> out;
  for (const Yaml& item : items) {
    auto one = item.as_text(what);
    if (!one) return tl::unexpected(one.error());
    out.push_back(std::move(*one));
  }
  return out;
}

Result<void> Yaml::only(std::span<const std::string_view> known, std::string_view what) const {
  if (kind != Kind::map) return fail("expected " + std::string(what) + ", a mapping of keys to values");
  for (const auto& [key, value] : entries)
    if (std::find(known.begin(), known.end(), key.text) == known.end())
      return key.fail("no key '" + smtp::spell(key.text) + "' in " + std::string(what), smtp::nearest(key.text, known));
  return {};
}

Result<Yaml> parse_yaml(const std::string& text, const std::string& file) {
  const auto place_at = [&](std::size_t at) {
    const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    const std::size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
    return Place{file, static_cast<int>(line) + 1, static_cast<int>(at - begin) + 1};
  };
  if (const std::size_t wrong = smtp::utf8_error(text); wrong != std::string::npos)
    return failure("not UTF-8; octets are spelt \\xNN", place_at(wrong));
  // yaml-cpp lets control octets pass, and takes \x04 for the end of the file.
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (smtp::is_control(text[i]) && text[i] != '\t' && text[i] != '\n')
      return failure("octet " + smtp::spell(text.substr(i, 1)) + " must be spelt, not written raw", place_at(i));
  }
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    Documents documents;
    if (!parser.HandleNextDocument(documents)) return failure("the file is empty", Place{file});
    if (parser.HandleNextDocument(documents))
      return failure("one document was expected, and here begins another", place_of(documents.last, file));
    int nodes = 0;
    return convert(YAML::Load(text), text, file, 0, nodes);
  } catch (const YAML::Exception& error) {
    return failure("not YAML: " + error.msg, place_of(error.mark, file));
  } catch (const std::exception& error) {
    return failure(std::string("not YAML: ") + error.what(), Place{file});
  }
}

namespace {

constexpr std::size_t most_file_octets = 16u << 20;

// Open while it lives. A pipe without a writer would keep even its opening waiting.
class Opened {
 public:
  explicit Opened(const std::string& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~Opened() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  int descriptor() const { return descriptor_; }
  mode_t kind() const {
    struct stat what{};
    return descriptor_ >= 0 && ::fstat(descriptor_, &what) == 0 ? what.st_mode : 0;
  }

 private:
  int descriptor_;
};

Result<std::string> read_all(const Opened& file, const std::string& path) {
  const auto fail = [&](const std::string& why) { return failure("cannot read: " + why, Place{path}); };
  if (file.descriptor() < 0) return fail(std::strerror(errno));
  std::string out;
  std::array<char, 65536> part{};
  while (true) {
    const ssize_t size = ::read(file.descriptor(), part.data(), part.size());
    if (size < 0) return fail(std::strerror(errno));
    if (size == 0) return out;
    out.append(part.data(), static_cast<std::size_t>(size));
    if (out.size() > most_file_octets) return fail("it has more than the 16 MiB that a file may have here");
  }
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const Opened file(path);
  const mode_t kind = file.kind();
  if (S_ISFIFO(kind)) ::fcntl(file.descriptor(), F_SETFL, 0);  // what its writer has to say is waited for
  auto text = read_all(file, path);
  if (S_ISFIFO(kind) && text && text->empty()) return failure("cannot read: it is a pipe, and nobody wrote to it", Place{path});
  return text;
}

Result<std::string> read_regular_file(const std::string& path) {
  const Opened file(path);
  if (file.descriptor() >= 0 && !S_ISREG(file.kind())) return failure("cannot read: it is no regular file", Place{path});
  return read_all(file, path);
}

}  // namespace smtpspec::script
