// Finds a word among a few that are known when the program is built, in any case of letters, without trying one after the other.
//
//   constexpr WordTable verbs({{"MAIL", Verb::mail}, {"RCPT", Verb::rcpt}}, Verb::unknown);
//   verbs.find("rcpt") == Verb::rcpt
//
// The words differ in their first four octets, as capitals: those are hashed, by a factor under which no two meet. Words of up to eight
// octets are compared by their first four and their last four.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

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
    const std::uint32_t head = octets_of(text.substr(0, 4));
    const Slot& slot = slots_[place_of(head)];
    if (slot.size != text.size() || !slot.head.is(head)) return otherwise_;
    if (text.size() <= 4) return slot.value;
    const std::size_t tail = text.size() - 4;
    if (!slot.tail.is(octets_of(text.substr(tail)))) return otherwise_;
    return tail <= 4 || iequals({slot.text + 4, tail - 4}, {text.data() + 4, tail - 4}) ? slot.value : otherwise_;
  }
  constexpr std::string_view text_of(Value value) const {
    for (const Slot& slot : slots_)
      if (slot.size != 0 && slot.value == value) return {slot.text, slot.size};
    return "";
  }

 private:
  // Four octets at most, letters in any case.
  struct Quarter {
    std::uint32_t octets = 0, letters = 0;
    constexpr bool is(std::uint32_t other) const { return (other | letters) == octets; }
  };
  struct Slot {
    const char* text = nullptr;
    std::uint8_t size = 0;
    Value value;
    Quarter head, tail;
  };
  static constexpr int bits = std::bit_width(2 * count - 1), shift = 32 - bits;

  static constexpr std::uint32_t octets_of(std::string_view text) {
    const auto octet = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(text[i])} << 8 * i; };
    std::uint32_t octets = 0;
    if (!std::is_constant_evaluated() && std::endian::native == std::endian::little && text.size() == 4) {
      std::memcpy(&octets, text.data(), 4);
      return octets;
    }
    for (std::size_t i = 0; i < text.size(); ++i) octets |= octet(i);
    return octets;
  }
  static constexpr Quarter quarter(std::string_view text) {
    Quarter out;
    for (std::size_t i = 0; i < text.size(); ++i)
      if (is_alpha(text[i])) out.letters |= std::uint32_t{0x20} << 8 * i;
    out.octets = octets_of(text) | out.letters;
    return out;
  }
  constexpr std::size_t place_of(std::uint32_t head) const { return (head & 0xdfdfdfdf) * factor_ >> shift; }

  consteval bool place(const Word<Value> (&words)[count]) {
    slots_.fill({nullptr, 0, otherwise_, {}, {}});
    for (const auto& [text, value] : words) {
      Slot& slot = slots_[place_of(octets_of(text.substr(0, 4)))];
      if (slot.size != 0) return false;
      slot = {text.data(), static_cast<std::uint8_t>(text.size()), value, quarter(text.substr(0, 4)),
              text.size() > 4 ? quarter(text.substr(text.size() - 4)) : Quarter{}};
    }
    return true;
  }

  std::array<Slot, std::size_t{1} << bits> slots_{};
  std::uint32_t factor_ = 0x9e3779b1;
  Value otherwise_;
};

}  // namespace smtpspec::smtp
