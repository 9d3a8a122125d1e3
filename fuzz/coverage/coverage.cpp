#include "fuzz/coverage/coverage.hpp"

#include <sys/ipc.h>
#include <sys/shm.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace smtpspec::fuzz {
namespace {

constexpr std::size_t map_size = 1u << 16;  // as in runtime.c
// What the octet of a place holds. The target writes the first, we the second, which it leaves as it is.
constexpr unsigned char reached = 1, told = 2;

// Unlike those of Visit (oracle.hpp).
constexpr std::uint64_t key_of(std::size_t place) { return 0xc0fe'0000'0000'0000u + place; }

}  // namespace

Result<Coverage> Coverage::create() {
  const auto last_error = [](const char* what) { return failure(std::string(what) + ": " + std::strerror(errno)); };
  const int id = ::shmget(IPC_PRIVATE, map_size, IPC_CREAT | IPC_EXCL | 0600);
  if (id < 0) return last_error("no shared memory for the coverage");
  void* at = ::shmat(id, nullptr, 0);
  // Marked at once, it goes with the last who has it; Linux lets others come until then.
  const int marked = ::shmctl(id, IPC_RMID, nullptr);
  const bool failed = at == reinterpret_cast<void*>(-1);  // NOLINT(performance-no-int-to-ptr): shmat's own word
  if (failed || marked != 0) return last_error("the shared memory for the coverage cannot be used");
  return Coverage(id, static_cast<unsigned char*>(at));
}

Coverage::Coverage(Coverage&& other) noexcept : id_(other.id_), map_(std::exchange(other.map_, nullptr)), places_(other.places_) {}

Coverage::~Coverage() {
  if (map_) ::shmdt(map_);
}

bool Coverage::attached() const { return map_[0] != 0; }

std::vector<std::uint64_t> Coverage::fresh() {
  std::vector<std::uint64_t> out;
  constexpr std::uint64_t any_reached = 0x0101'0101'0101'0101u;
  for (std::size_t at = 0; at < map_size; at += sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, map_ + at, sizeof word);
    if ((word & any_reached) == 0) continue;
    for (std::size_t place = at; place < at + sizeof word; ++place) {
      if (place == 0 || map_[place] != reached) continue;
      map_[place] = told;
      out.push_back(key_of(place));
    }
  }
  places_ += out.size();
  return out;
}

}  // namespace smtpspec::fuzz
