// SPDX-License-Identifier: Apache-2.0
#include "layout.hpp"

#include <algorithm>

namespace vfpool::reference {
namespace {

constexpr std::uint32_t kSriov = 0x0010;
constexpr unsigned kControl = 0x08, kNumVfs = 0x10, kOffset = 0x14, kPageSize = 0x20, kBar0 = 0x24, kBar3 = 0x30;
constexpr std::uint64_t kSmallest = 16 << 10;  // of a VF BAR

}  // namespace

Layout layout_of(Bdf pf, const std::map<unsigned, std::uint32_t>& registers) {
  Layout l{.pf = pf};
  const auto head = std::find_if(registers.begin(), registers.end(), [](const auto& r) {
    return r.first >= 0x100 && (r.second & 0xffff) == kSriov && (r.second >> 16 & 0xf) == 1;
  });
  if (head == registers.end()) return l;
  const auto get = [&](unsigned offset) -> std::optional<std::uint32_t> {
    const auto at = registers.find(head->first + offset);
    if (at == registers.end()) return std::nullopt;
    return at->second;
  };
  const auto bar = [&](unsigned offset) {
    return static_cast<std::uint64_t>(get(offset + 4).value_or(0)) << 32 | (get(offset).value_or(0) & ~0xfU);
  };
  if (!get(kControl) || !get(kNumVfs) || !get(kOffset) || !get(kPageSize) || !get(kBar0) || !get(kBar3)) return l;
  l.known = true;
  l.off = (*get(kControl) & 1) == 0;
  if (l.off) return l;
  l.memory = (*get(kControl) & 8) != 0;
  l.num = *get(kNumVfs) & 0xffff;
  l.offset = *get(kOffset) & 0xffff;
  l.stride = *get(kOffset) >> 16;
  l.bar = {bar(kBar0), bar(kBar3)};
  l.distance = std::max(kSmallest, static_cast<std::uint64_t>(*get(kPageSize)) << 12);  // one bit is set
  return l;
}

}  // namespace vfpool::reference
