// SPDX-License-Identifier: Apache-2.0
#include "crc32c.hpp"

#include <array>
#include <cstring>

namespace vfpool::trafgen {
namespace {

constexpr std::array<std::uint32_t, 256> kTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ ((c & 1) != 0 ? 0x82f63b78U : 0U);
    table[i] = c;
  }
  return table;
}();

#ifdef __x86_64__
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::span<const std::uint8_t> bytes,
                                                               std::uint32_t before) {
  std::uint64_t c = ~before;
  while (bytes.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    c = __builtin_ia32_crc32di(c, word);
    bytes = bytes.subspan(8);
  }
  auto rest = static_cast<std::uint32_t>(c);
  for (const std::uint8_t byte : bytes) rest = __builtin_ia32_crc32qi(rest, byte);
  return ~rest;
}
#endif

}  // namespace

std::uint32_t crc32c_by_table(std::span<const std::uint8_t> bytes, std::uint32_t before) {
  std::uint32_t c = ~before;
  for (const std::uint8_t byte : bytes) c = (c >> 8) ^ kTable[(c ^ byte) & 0xff];
  return ~c;
}

std::uint32_t crc32c(std::span<const std::uint8_t> bytes, std::uint32_t before) {
#ifdef __x86_64__
  static const bool instruction = __builtin_cpu_supports("sse4.2");
  if (instruction) return by_instruction(bytes, before);
#endif
  return crc32c_by_table(bytes, before);
}

}  // namespace vfpool::trafgen
