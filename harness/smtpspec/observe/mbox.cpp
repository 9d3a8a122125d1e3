#include "smtpspec/observe/mbox.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace smtpspec::observe {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t most_at_once = 64u << 20;

bool begins_message(std::string_view mbox, std::size_t at) {
  return mbox.substr(at).starts_with("From ") && (at == 0 || (at >= 2 && mbox.substr(at - 2, 2) == "\n\n"));
}

}  // namespace

std::vector<std::string_view> messages_of(std::string_view mbox, bool open, std::size_t& end) {
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < mbox.size(); at = std::min(mbox.find('\n', at), mbox.size() - 1) + 1)
    if (begins_message(mbox, at)) starts.push_back(at);
  end = mbox.size();
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const bool last = i + 1 == starts.size();
    const std::string_view whole = mbox.substr(starts[i], (last ? mbox.size() : starts[i + 1]) - starts[i]);
    if (last && open && !whole.ends_with("\n\n")) {
      end = starts[i];
      break;
    }
    const std::size_t line = whole.find('\n');
    std::string_view message = line == std::string_view::npos ? std::string_view{} : whole.substr(line + 1);
    if (message.ends_with("\n\n")) message.remove_suffix(1);
    out.push_back(message);
  }
  return out;
}

Result<std::unique_ptr<Mbox>> Mbox::open(std::string path) {
  std::error_code error;
  const bool there = fs::exists(path, error);
  if (there && !fs::is_regular_file(path, error)) return failure("the mbox " + path + ": no file");
  if (there && !std::ifstream(path)) return failure("the mbox " + path + " cannot be read");
  if (!there && !fs::is_directory(fs::path(path).parent_path(), error)) return failure("the mbox " + path + ": its folder is not there");
  return std::make_unique<Mbox>(std::move(path));
}

Mbox::Mbox(std::string path) : path_(std::move(path)) {
  std::error_code error;
  const auto size = fs::file_size(path_, error);
  read_ = error ? 0 : size;
}

std::vector<delivery::Arrival> Mbox::arrived() {
  std::error_code error;
  const auto size = fs::file_size(path_, error);
  if (error) return {};
  if (size < read_) read_ = 0;
  if (size == read_) return {};
  std::ifstream in(path_, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(read_));
  std::string text(static_cast<std::size_t>(std::min(size - read_, most_at_once)), '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, in.gcount())));
  std::size_t end = 0;
  std::vector<delivery::Arrival> out;
  for (const std::string_view message : messages_of(text, true, end))
    out.push_back({.octets = std::string(message), .storage = delivery::Storage::mbox});
  read_ += end;
  return out;
}

}  // namespace smtpspec::observe
