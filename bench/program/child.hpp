// Work that may crash or hang, in a process of its own: it takes nothing with it. What it prints goes nowhere.
//
//   const Told told = ask_child([&] { return parse(octets); }, 10s);
//   if (!told.fault.empty()) …  // "crashed (SIGSEGV)"
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>

namespace smtpspec::bench {

// Killed, if it is still there, and closed when it goes.
class Child {
 public:
  // `work` gets the end of the pipe to write to.
  explicit Child(const std::function<void(int pipe)>& work);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // True when there is something to read, or the end, before the deadline.
  bool wait(std::chrono::milliseconds deadline) const;
  // All of `size` octets, each lot of them before the deadline.
  bool read(void* to, std::size_t size, std::chrono::milliseconds deadline) const;
  // What is there until the end; false when that did not come in time.
  bool read_all(std::string& to, std::chrono::milliseconds deadline) const;
  // Waits for its end, or makes one: the signal, or minus the exit status.
  int end(bool kill);

 private:
  pid_t pid_ = -1;
  int pipe_ = -1;
};

// False when the reader is gone.
bool write_all(int pipe, const void* from, std::size_t size);

// "hung", "crashed (SIGABRT)", "ended the process with status 3".
std::string how_it_ended(bool late, int end);

struct Told {
  std::string said, fault;  // one of them
};
// What `work` returned, unless it did not within the deadline, or the process ended before.
Told ask_child(const std::function<std::string()>& work, std::chrono::milliseconds deadline);

}  // namespace smtpspec::bench
