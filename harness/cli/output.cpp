#include "cli/output.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "smtpspec/net/signals.hpp"

namespace smtpspec::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_queued = 1u << 20;
constexpr int most_links = 40;
constexpr std::chrono::milliseconds look_again(500);

// 0, or errno. Never in the middle of a write when a signal comes: so much goes into any pipe that can be written to at all.
int write_whole(int descriptor, std::string_view text) {
  while (!text.empty()) {
    if (!net::wait_to_write(descriptor)) return ETIMEDOUT;
    const ssize_t size = ::write(descriptor, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return 0;
}

tl::unexpected<Error> cannot_write(int error, const std::string& path) {
  return failure(std::string("cannot write: ") + std::strerror(error), Place{path});
}

// The file that the path's links lead to, whether it is there or not.
fs::path without_links(fs::path path) {
  std::error_code none;
  for (int i = 0; i < most_links && fs::is_symlink(fs::symlink_status(path, none)); ++i)
    path = path.parent_path() / fs::read_symlink(path, none);
  return path;
}

fs::path folder_of(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : fs::path("."); }

bool is_special(const struct stat& what) { return !S_ISREG(what.st_mode) && !S_ISDIR(what.st_mode); }

// A new file beside the one that it will replace; gone with this, unless it took the place.
class Beside {
 public:
  explicit Beside(const fs::path& file) : file_(file) {
    for (int i = 0; i < 100 && descriptor_ < 0; ++i) {
      path_ = folder_of(file) / (".smtpspec-" + std::to_string(::getpid()) + "-" + std::to_string(i));
      descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (descriptor_ < 0 && errno != EEXIST) break;
    }
    if (descriptor_ < 0) error_ = errno;
  }
  ~Beside() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    if (!replaced_) ::unlink(path_.c_str());
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

  // 0, or errno.
  int replace(std::string_view text, const struct stat* old) {
    if (error_) return error_;
    if (old) {
      // Its owner stays if we may say so; its rights stay.
      static_cast<void>(!::fchown(descriptor_, old->st_uid, old->st_gid));
      if (::fchmod(descriptor_, old->st_mode & 07777) != 0) return errno;
    }
    if (const int error = write_whole(descriptor_, text)) return error;
    if (::fsync(descriptor_) != 0) return errno;
    if (::rename(path_.c_str(), file_.c_str()) != 0) return errno;
    replaced_ = true;
    // The name is safe only when the folder is; where a folder cannot be synchronised, this is all that can be done.
    const int folder = ::open(folder_of(file_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return 0;
    ::fsync(folder);
    ::close(folder);
    return 0;
  }

 private:
  fs::path file_, path_;
  int descriptor_ = -1;
  int error_ = 0;
  bool replaced_ = false;
};

}  // namespace

Result<void> write_to(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    if (std::fflush(stdout) != 0) return cannot_write(errno, "standard output");
    return {};
  }
  const fs::path file = without_links(path);
  struct stat what{};
  const bool there = ::stat(file.c_str(), &what) == 0;
  if (there && is_special(what)) {
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0 && errno == ENXIO) return failure("cannot write: nobody reads it", Place{path});
    int error = descriptor < 0 ? errno : write_whole(descriptor, text);
    if (descriptor >= 0 && ::close(descriptor) != 0 && !error) error = errno;
    if (error) return cannot_write(error, path);
    return {};
  }
  if (const int error = Beside(file).replace(text, there ? &what : nullptr)) return cannot_write(error, path);
  return {};
}

Result<void> can_write_to(const std::string& path) {
  if (path == "-") return {};
  const fs::path file = without_links(path);
  struct stat what{};
  const bool there = ::stat(file.c_str(), &what) == 0;
  if (there && S_ISDIR(what.st_mode)) return cannot_write(EISDIR, path);
  if (there && is_special(what)) return ::access(file.c_str(), W_OK) == 0 ? Result<void>() : cannot_write(errno, path);
  struct stat folder{};
  if (::stat(folder_of(file).c_str(), &folder) != 0) return failure("cannot write: no folder " + folder_of(file).string(), Place{path});
  if (!S_ISDIR(folder.st_mode)) return cannot_write(ENOTDIR, path);
  if (::access(folder_of(file).c_str(), W_OK | X_OK) != 0) return cannot_write(errno, path);
  return {};
}

void say(std::string_view text) { static_cast<void>(write_whole(STDERR_FILENO, text)); }

Printer::Printer() : thread_([this] { write(); }) {}
Printer::~Printer() { static_cast<void>(finish()); }

void Printer::put(int descriptor, std::string text) {
  const std::lock_guard lock(mutex_);
  queued_ += text.size();
  queue_.push_back({descriptor, std::move(text)});
  more_.notify_one();
}

bool Printer::backed_up() const {
  const std::lock_guard lock(mutex_);
  return queued_ > most_queued;
}

Result<void> Printer::finish() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    more_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  if (failed_) return cannot_write(failed_, "standard output");
  return {};
}

void Printer::write() {
  std::unique_lock lock(mutex_);
  while (true) {
    while (!more_.wait_for(lock, look_again, [this] { return ending_ || !queue_.empty(); }))
      if (!failed_ && net::hung_up(STDOUT_FILENO)) fail(EPIPE);
    if (queue_.empty()) return;
    const Part part = std::move(queue_.front());
    queue_.pop_front();
    const bool lost = part.descriptor == 1 && failed_ != 0;  // what follows a gap is worth nothing
    lock.unlock();
    const int error = lost ? 0 : write_whole(part.descriptor, part.text);
    lock.lock();
    queued_ -= part.text.size();
    if (error && part.descriptor == 1) fail(error);
  }
}

void Printer::fail(int error) {
  failed_ = error;
  if (error == EPIPE && leave_) leave_();
}

void Printer::on_left(std::function<void()> leave) {
  const std::lock_guard lock(mutex_);
  leave_ = std::move(leave);
  if (failed_) fail(failed_);
}

bool Printer::abandoned() const { return failed_ == EPIPE || net::caught(); }

}  // namespace smtpspec::cli
