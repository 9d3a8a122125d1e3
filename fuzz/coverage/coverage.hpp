// Where in its own code a target was, when it was built for that (runtime.c): new places are novelty like any other.
//
//   auto coverage = Coverage::create();             // then, in the environment of the target: SMTPSPEC_COVERAGE=coverage->id()
//   for (const std::uint64_t key : coverage->fresh()) …
//
// The memory is shared with the target and all its processes, and gone with the last of them and us, whatever ends us.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "smtpspec/smtp/result.hpp"

namespace smtpspec::fuzz {

class Coverage {
 public:
  static constexpr const char* variable = "SMTPSPEC_COVERAGE";

  static Result<Coverage> create();
  Coverage(Coverage&& other) noexcept;
  Coverage& operator=(Coverage&&) = delete;
  ~Coverage();

  std::string id() const { return std::to_string(id_); }
  // The target, or one of its processes, is instrumented and found the memory.
  bool attached() const;
  // Novelty keys of the places that were never reached before; who calls next does not get them again.
  std::vector<std::uint64_t> fresh();
  std::size_t places() const { return places_; }  // that fresh() gave, all together

 private:
  Coverage(int id, unsigned char* map) : id_(id), map_(map) {}
  int id_ = -1;
  unsigned char* map_ = nullptr;  // the target writes it at any time; a lost mark comes again
  std::size_t places_ = 0;
};

}  // namespace smtpspec::fuzz
