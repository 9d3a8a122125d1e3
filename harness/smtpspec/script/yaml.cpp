#include "smtpspec/script/yaml.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <map>
#include <set>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {
namespace {

constexpr int deepest_nesting = 32;
constexpr int most_nodes = 200000;  // aliases of aliases could unfold without end

// True when the double-quoted text that begins at `at` holds a \xNN above 7f: YAML takes it for a code point.
bool has_high_escape(std::string_view source, std::size_t at) {
  for (std::size_t i = at + 1; i + 2 < source.size() && source[i] != '"'; ++i) {
    if (source[i] != '\\') continue;
    ++i;
    if (source[i] == 'x' && !(source[i + 1] >= '0' && source[i + 1] <= '7')) return true;
  }
  return false;
}

bool is_null(std::string_view plain) { return plain.empty() || plain == "~" || plain == "null" || plain == "Null" || plain == "NULL"; }

int nodes_in(const Yaml& yaml) {
  int out = 1;
  for (const Yaml& item : yaml.items) out += nodes_in(item);
  for (const auto& [key, value] : yaml.entries) out += nodes_in(key) + nodes_in(value);
  return out;
}

constexpr bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

// One document out of libyaml's events.
class Reader {
 public:
  Reader(const std::string& text, const std::string& file) : text_(text), file_(file) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
  }
  ~Reader() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Result<Yaml> document() {
    if (auto stream = next(); !stream) return tl::unexpected(stream.error());
    if (auto begin = next(); !begin) return tl::unexpected(begin.error());
    if (event_.type != YAML_DOCUMENT_START_EVENT) return failure("the file is empty", Place{file_});
    if (auto first = next(); !first) return tl::unexpected(first.error());
    auto out = value(0);
    if (!out) return out;
    if (auto end = next(); !end) return tl::unexpected(end.error());
    if (auto behind = next(); !behind) return tl::unexpected(behind.error());
    if (event_.type == YAML_DOCUMENT_START_EVENT) return failure("one document was expected, and here begins another", here());
    return out;
  }

 private:
  static std::string_view view(const unsigned char* text, std::size_t size) { return {reinterpret_cast<const char*>(text), size}; }
  static std::string word(const unsigned char* text) { return text ? reinterpret_cast<const char*>(text) : ""; }
  Place place(const yaml_mark_t& mark) {
    go_to(mark.index);
    return {file_, line_, static_cast<int>(character_ - line_begin_) + 1};
  }
  Place here() { return place(event_.start_mark); }

  Result<void> next() {
    yaml_event_delete(&event_);
    if (yaml_parser_parse(&parser_, &event_)) return {};
    const std::string problem = parser_.problem ? parser_.problem : "it cannot be read";
    return failure("not YAML: " + problem, parser_.error == YAML_READER_ERROR ? Place{file_} : place(parser_.problem_mark));
  }

  // Of the event that stands here, and all that belongs to it.
  Result<Yaml> value(int depth) {
    Yaml out;
    out.place = here();
    if (depth > deepest_nesting) return out.fail("nested too deeply");
    if (++nodes_ > most_nodes) return too_many(out);
    std::string anchor;
    switch (event_.type) {
      case YAML_ALIAS_EVENT: return alias();
      case YAML_SCALAR_EVENT: {
        const auto& scalar = event_.data.scalar;
        anchor = word(scalar.anchor);
        const std::string_view text = view(scalar.value, scalar.length);
        if (scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE && has_high_escape(text_, octet_))
          return out.fail("\\xNN above 7f is a code point here, not an octet; write the text in single quotes");
        if (scalar.style != YAML_PLAIN_SCALAR_STYLE || !is_null(text)) {
          out.kind = Yaml::Kind::text;
          out.text = text;
        }
        break;
      }
      case YAML_SEQUENCE_START_EVENT:
        anchor = word(event_.data.sequence_start.anchor);
        out.kind = Yaml::Kind::list;
        if (auto read = items(out, depth); !read) return tl::unexpected(read.error());
        break;
      case YAML_MAPPING_START_EVENT:
        anchor = word(event_.data.mapping_start.anchor);
        out.kind = Yaml::Kind::map;
        if (auto read = entries(out, depth); !read) return tl::unexpected(read.error());
        break;
      default: return out.fail("expected a value");
    }
    if (!anchor.empty()) anchors_.insert_or_assign(anchor, out);
    return out;
  }

  Result<void> items(Yaml& list, int depth) {
    while (true) {
      if (auto read = next(); !read) return read;
      if (event_.type == YAML_SEQUENCE_END_EVENT) return {};
      auto item = value(depth + 1);
      if (!item) return tl::unexpected(item.error());
      list.items.push_back(std::move(*item));
    }
  }

  Result<void> entries(Yaml& map, int depth) {
    std::set<std::string> seen;
    while (true) {
      if (auto read = next(); !read) return read;
      if (event_.type == YAML_MAPPING_END_EVENT) return {};
      auto key = value(depth + 1);
      if (!key) return tl::unexpected(key.error());
      if (key->kind != Yaml::Kind::text) return key->fail("a key must be a plain word");
      if (!seen.insert(key->text).second) return key->fail("key '" + smtp::spell(key->text) + "' stands here for the second time");
      if (auto read = next(); !read) return read;
      auto item = value(depth + 1);
      if (!item) return tl::unexpected(item.error());
      map.entries.emplace_back(std::move(*key), std::move(*item));
    }
  }

  Result<Yaml> alias() {
    const std::string name = word(event_.data.alias.anchor);
    const auto known = anchors_.find(name);
    if (known == anchors_.end()) return failure("no value above has the anchor '" + smtp::spell(name) + "'", here());
    nodes_ += nodes_in(known->second) - 1;
    if (nodes_ > most_nodes) return too_many(known->second);
    return known->second;
  }

  static tl::unexpected<Error> too_many(const Yaml& yaml) { return yaml.fail("more than " + std::to_string(most_nodes) + " values"); }

  // libyaml counts characters, and takes more for line ends than an editor does. Marks come in order, but for a problem's.
  void go_to(std::size_t character) {
    if (character < character_) character_ = octet_ = line_begin_ = 0, line_ = 1;
    for (; character_ < character && octet_ < text_.size(); ++character_) {
      if (text_[octet_] == '\n') ++line_, line_begin_ = character_ + 1;
      do ++octet_;
      while (octet_ < text_.size() && !begins_character(text_[octet_]));
    }
  }

  const std::string& text_;
  const std::string& file_;
  yaml_parser_t parser_{};
  yaml_event_t event_{};
  std::map<std::string, Yaml> anchors_;
  int nodes_ = 0;
  std::size_t character_ = 0, octet_ = 0, line_begin_ = 0;  // where go_to() stands, and the first character of that line
  int line_ = 1;
};

// The first octet that a terminal would obey; double quotes can bring one in.
std::size_t control_octet(std::string_view text) {
  const auto it = std::find_if(text.begin(), text.end(), [](char c) { return smtp::is_control(c) && c != '\n' && c != '\t'; });
  return it == text.end() ? std::string::npos : static_cast<std::size_t>(it - text.begin());
}

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
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (smtp::is_control(text[i]) && text[i] != '\t' && text[i] != '\n')
      return failure("octet " + smtp::spell(text.substr(i, 1)) + " must be spelt, not written raw", place_at(i));
  }
  return Reader(text, file).document();
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

Result<std::string> read_all(const Opened& file, const std::string& path, std::size_t most) {
  const auto fail = [&](const std::string& why) { return failure("cannot read: " + why, Place{path}); };
  if (file.descriptor() < 0) return fail(std::strerror(errno));
  std::string out;
  std::array<char, 65536> part{};
  while (true) {
    const ssize_t size = ::read(file.descriptor(), part.data(), part.size());
    if (size < 0) return fail(std::strerror(errno));
    if (size == 0) return out;
    out.append(part.data(), static_cast<std::size_t>(size));
    if (out.size() > most) return fail("it has more than the " + std::to_string(most >> 20) + " MiB that a file may have here");
  }
}

}  // namespace

Result<std::string> read_file(const std::string& path) { return read_file_up_to(path, most_file_octets); }

Result<std::string> read_file_up_to(const std::string& path, std::size_t most) {
  const Opened file(path);
  const mode_t kind = file.kind();
  if (S_ISFIFO(kind)) ::fcntl(file.descriptor(), F_SETFL, 0);  // what its writer has to say is waited for
  auto text = read_all(file, path, most);
  if (S_ISFIFO(kind) && text && text->empty()) return failure("cannot read: it is a pipe, and nobody wrote to it", Place{path});
  return text;
}

Result<std::string> read_regular_file(const std::string& path) {
  const Opened file(path);
  if (file.descriptor() >= 0 && !S_ISREG(file.kind())) return failure("cannot read: it is no regular file", Place{path});
  return read_all(file, path, most_file_octets);
}

}  // namespace smtpspec::script
