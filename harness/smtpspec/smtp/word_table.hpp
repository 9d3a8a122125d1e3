// Finds a word among a few that are known when the program is built, in any case of letters, without trying one after the other.
//
//   constexpr WordTable verbs({{"MAIL", Verb::mail}, {"RCPT", Verb::rcpt}}, Verb::unknown);
//   verbs.find("rcpt") == Verb::rcpt
//
// The words begin with letters, four where they are so long, in which they differ: those are hashed, by a factor under which no
// two meet.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::smtp {

template <class Value>
struct Word {
  std::string_view text;
  Value value;
};

template <class Value, std::size_t count>
class WordTable {
 public:
  consteval WordTable(const Word<Value> (&words)[count], Value otherwise) : otherwise_(otherwise) {
    while (!place(words)) factor_ += 2;
  }

  constexpr Value find(std::string_view text) const {
    const std::uint32_t head = head_of(text);
    const Slot& slot = slots_[head * factor_ >> shift];
    const bool found = slot.head == head && slot.word.text.size() == text.size() &&
                       (text.size() <= 4 || iequals(slot.word.text.substr(4), text.substr(4)));
    return found ? slot.word.value : otherwise_;
  }
  constexpr std::string_view text_of(Value value) const {
    for (const Slot& slot : slots_)
      if (slot.head != 0 && slot.word.value == value) return slot.word.text;
    return "";
  }

 private:
  struct Slot {
    Word<Value> word;
    std::uint32_t head = 0;
  };
  static constexpr int bits = std::bit_width(2 * count - 1), shift = 32 - bits;

  // The first four octets as capitals. What is a letter then was one before.
  static constexpr std::uint32_t head_of(std::string_view text) {
    const auto octet = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(text[i])} << 8 * i; };
    std::uint32_t head = 0;
    if (text.size() >= 4) head = octet(0) | octet(1) | octet(2) | octet(3);
    else
      for (std::size_t i = 0; i < text.size(); ++i) head |= octet(i);
    return head & 0xdfdfdfdf;
  }

  consteval bool place(const Word<Value> (&words)[count]) {
    slots_.fill({{"", otherwise_}, 0});
    for (const Word<Value>& word : words) {
      const std::uint32_t head = head_of(word.text);
      Slot& slot = slots_[head * factor_ >> shift];
      if (slot.head != 0) return false;
      for (const char c : word.text.substr(0, 4))
        if (!is_alpha(c)) throw "a word that does not begin with letters";
      slot = {word, head};
    }
    return true;
  }

  std::array<Slot, std::size_t{1} << bits> slots_{};
  std::uint32_t factor_ = 0x9e3779b1;
  Value otherwise_;
};

}  // namespace smtpspec::smtp
