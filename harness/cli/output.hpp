// Where results go: files that are whole or as they were, and a terminal or pipe that keeps nobody waiting.
//
//   Printer printer;
//   printer.out("fail rfc5321/order/…\n");     // returns at once
//   if (printer.backed_up()) …                 // the reader is behind: better make no more for now
//   if (auto written = printer.finish(); !written) complain(written.error());
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "smtpspec/smtp/result.hpp"

namespace smtpspec::cli {

// Writes to a path, or to standard output for "-". A file is replaced as a whole, when the new one is safe on the disk; when
// that fails the old one is still there. Where the path leads to a device or a pipe it is written to as it is; a pipe that
// nobody reads is an error.
Result<void> write_to(const std::string& path, const std::string& text);

// What of a later write_to can be told to fail now: no such folder, no right to write there.
Result<void> can_write_to(const std::string& path);

// Writes to standard error.
void say(std::string_view text);

// Standard output and standard error in the order of the calls, written by a thread of its own.
class Printer {
 public:
  Printer();
  ~Printer();
  Printer(const Printer&) = delete;
  Printer& operator=(const Printer&) = delete;

  void out(std::string text) { put(1, std::move(text)); }
  void error(std::string text) { put(2, std::move(text)); }
  bool backed_up() const;
  // Calls `leave` when the reader of standard output has gone away; from the thread that writes, and not after finish().
  void on_left(std::function<void()> leave);
  // Waits until everything is written, and says what of standard output could not be. After a signal a reader has a second.
  Result<void> finish();
  // What could not be written was lost by the reader's or the user's own will; good after finish().
  bool abandoned() const;

 private:
  struct Part {
    int descriptor;
    std::string text;
  };
  void put(int descriptor, std::string text);
  void write();
  void fail(int error);

  mutable std::mutex mutex_;
  std::condition_variable more_;
  std::deque<Part> queue_;
  std::size_t queued_ = 0;  // octets
  std::function<void()> leave_;
  bool ending_ = false;
  int failed_ = 0;  // errno of the first failure on standard output
  std::thread thread_;
};

}  // namespace smtpspec::cli
