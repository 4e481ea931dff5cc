// SPDX-License-Identifier: Apache-2.0
#include "pcie/tlp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cassert>

namespace vfpool::pcie {
namespace {

// Fmt[2:0] and Type[4:0] of DW0 bits 31:24 (2.2.1, tables 2-2 and 2-3).
constexpr std::uint8_t kFmt4Dw = 0x20;
constexpr std::uint8_t kFmtData = 0x40;
constexpr std::uint8_t kFmtPrefix = 0x80;

constexpr std::uint32_t dw0(std::uint8_t fmt_type, unsigned length_dw) {
  return static_cast<std::uint32_t>(fmt_type) << 24 | (length_dw & 0x3ff);
}

constexpr std::uint32_t dw1(Bdf requester, std::uint8_t tag, unsigned last_be, unsigned first_be) {
  return static_cast<std::uint32_t>(requester.raw) << 16 | static_cast<std::uint32_t>(tag) << 8 | last_be << 4 |
         first_be;
}

struct Shape {
  unsigned length_dw, first_be, last_be;
};

// Length and byte enables of `bytes` bytes from byte address `address` (2.2.5). Zero bytes: a zero-length read.
Shape shape_of(std::uint64_t address, unsigned bytes) {
  const unsigned lead = address & 3;
  if (bytes == 0) return {1, 0, 0};
  const unsigned length = (lead + bytes + 3) / 4;
  const unsigned tail = (lead + bytes - 1) % 4;  // last byte's lane
  const unsigned from = 0xfU << lead & 0xf, to = 0xfU >> (3 - tail);
  if (length == 1) return {1, from & to, 0};
  return {length, from, to};
}

Tlp memory_request(std::uint8_t fmt_type, Bdf requester, std::uint8_t tag, std::uint64_t address, unsigned bytes) {
  assert((address & 0xfff) + bytes <= 4096);
  const Shape s = shape_of(address, bytes);
  const bool four = address >> 32 != 0;
  Tlp t;
  t.hdr[0] = dw0(static_cast<std::uint8_t>(fmt_type | (four ? kFmt4Dw : 0)), s.length_dw);
  t.hdr[1] = dw1(requester, tag, s.last_be, s.first_be);
  const auto low = static_cast<std::uint32_t>(address) & ~3U;
  if (four) {
    t.hdr[2] = static_cast<std::uint32_t>(address >> 32);
    t.hdr[3] = low;
  } else {
    t.hdr[2] = low;
  }
  return t;
}

Tlp config_request(bool write, Bdf requester, std::uint8_t tag, Bdf target, unsigned reg, unsigned bytes, bool type1) {
  assert(bytes >= 1 && (reg & 3) + bytes <= 4 && reg < 4096);
  Tlp t;
  t.hdr[0] = dw0(static_cast<std::uint8_t>((write ? kFmtData : 0) | (type1 ? 5 : 4)), 1);
  t.hdr[1] = dw1(requester, tag, 0, shape_of(reg, bytes).first_be);
  t.hdr[2] = static_cast<std::uint32_t>(target.raw) << 16 | (reg & 0xffc);
  return t;
}

const char* kind_name(TlpKind kind) {
  switch (kind) {
    case TlpKind::kMemRead: return "MRd";
    case TlpKind::kMemReadLocked: return "MRdLk";
    case TlpKind::kMemWrite: return "MWr";
    case TlpKind::kIoRead: return "IORd";
    case TlpKind::kIoWrite: return "IOWr";
    case TlpKind::kCfgRead0: return "CfgRd0";
    case TlpKind::kCfgWrite0: return "CfgWr0";
    case TlpKind::kCfgRead1: return "CfgRd1";
    case TlpKind::kCfgWrite1: return "CfgWr1";
    case TlpKind::kMsg: return "Msg";
    case TlpKind::kMsgData: return "MsgD";
    case TlpKind::kCpl: return "Cpl";
    case TlpKind::kCplData: return "CplD";
    case TlpKind::kCplLocked: return "CplLk";
    case TlpKind::kCplDataLocked: return "CplDLk";
    case TlpKind::kAtomic: return "Atomic";
    case TlpKind::kUnknown: break;
  }
  return "unknown";
}

bool is_config(TlpKind k) {
  return k == TlpKind::kCfgRead0 || k == TlpKind::kCfgWrite0 || k == TlpKind::kCfgRead1 || k == TlpKind::kCfgWrite1;
}

bool is_memory(TlpKind k) { return k == TlpKind::kMemRead || k == TlpKind::kMemReadLocked || k == TlpKind::kMemWrite; }

bool is_completion(TlpKind k) {
  return k == TlpKind::kCpl || k == TlpKind::kCplData || k == TlpKind::kCplLocked || k == TlpKind::kCplDataLocked;
}

}  // namespace

std::string Bdf::str() const { return fmt::format("{:02x}:{:02x}.{}", bus(), dev(), fn()); }

TlpKind Tlp::kind() const {
  const auto fmt_type = static_cast<std::uint8_t>(hdr[0] >> 24);
  if (fmt_type & kFmtPrefix) return TlpKind::kUnknown;
  const bool with_data = fmt_type & kFmtData, four = fmt_type & kFmt4Dw;
  const unsigned type = fmt_type & 0x1f;
  if (type >> 3 == 2) {  // messages are always 4 DW
    if (!four) return TlpKind::kUnknown;
    return with_data ? TlpKind::kMsgData : TlpKind::kMsg;
  }
  switch (type) {
    case 0x00: return with_data ? TlpKind::kMemWrite : TlpKind::kMemRead;
    case 0x01: return with_data ? TlpKind::kUnknown : TlpKind::kMemReadLocked;
    case 0x0c:
    case 0x0d:
    case 0x0e: return with_data ? TlpKind::kAtomic : TlpKind::kUnknown;
    default: break;
  }
  if (four) return TlpKind::kUnknown;
  switch (type) {
    case 0x02: return with_data ? TlpKind::kIoWrite : TlpKind::kIoRead;
    case 0x04: return with_data ? TlpKind::kCfgWrite0 : TlpKind::kCfgRead0;
    case 0x05: return with_data ? TlpKind::kCfgWrite1 : TlpKind::kCfgRead1;
    case 0x0a: return with_data ? TlpKind::kCplData : TlpKind::kCpl;
    case 0x0b: return with_data ? TlpKind::kCplDataLocked : TlpKind::kCplLocked;
    default: return TlpKind::kUnknown;
  }
}

FlowClass Tlp::flow_class() const {
  const TlpKind k = kind();
  if (is_completion(k)) return FlowClass::kCompletion;
  if (k == TlpKind::kMemWrite || k == TlpKind::kMsg || k == TlpKind::kMsgData) return FlowClass::kPosted;
  return FlowClass::kNonPosted;
}

Bdf Tlp::requester() const { return Bdf(static_cast<std::uint16_t>((is_completion(kind()) ? hdr[2] : hdr[1]) >> 16)); }

std::uint8_t Tlp::tag() const { return static_cast<std::uint8_t>((is_completion(kind()) ? hdr[2] : hdr[1]) >> 8); }

std::uint64_t Tlp::address() const {
  if (four_dw()) return static_cast<std::uint64_t>(hdr[2]) << 32 | (hdr[3] & ~3U);
  return hdr[2] & ~3U;
}

void Tlp::set_requester(Bdf id) {
  std::uint32_t& dw = is_completion(kind()) ? hdr[2] : hdr[1];
  dw = (dw & 0xffff) | static_cast<std::uint32_t>(id.raw) << 16;
}

void Tlp::set_tag(std::uint8_t tag) {
  std::uint32_t& dw = is_completion(kind()) ? hdr[2] : hdr[1];
  dw = (dw & 0xffff00ff) | static_cast<std::uint32_t>(tag) << 8;
}

std::string Tlp::str() const {
  const TlpKind k = kind();
  std::string out = fmt::format("{} ", kind_name(k));
  if (is_completion(k)) {
    out += fmt::format("for {} tag {} from {} status {} {} B left, {} B here", requester().str(), tag(),
                       completer().str(), static_cast<unsigned>(status()), byte_count(), data.size());
  } else if (is_config(k)) {
    out += fmt::format("{} tag {} to {} reg 0x{:03x} be {:x}", requester().str(), tag(), cfg_target().str(),
                       cfg_register(), first_be());
  } else if (k == TlpKind::kMsg || k == TlpKind::kMsgData) {
    out += fmt::format("{} code 0x{:02x}", requester().str(), hdr[1] & 0xff);
  } else {
    out += fmt::format("{} tag {} 0x{:016x} {} DW be {:x}/{:x}", requester().str(), tag(), address(), length_dw(),
                       first_be(), last_be());
  }
  if (poisoned()) out += " poisoned";
  return out;
}

std::vector<std::uint8_t> to_bytes(const Tlp& tlp) {
  std::vector<std::uint8_t> out;
  const unsigned dws = tlp.four_dw() ? 4 : 3;
  out.reserve(dws * 4 + tlp.data.size());
  for (unsigned i = 0; i < dws; ++i)
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(tlp.hdr[i] >> shift));
  out.insert(out.end(), tlp.data.begin(), tlp.data.end());
  return out;
}

std::optional<Tlp> from_bytes(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 12 || bytes.size() % 4 != 0) return std::nullopt;
  Tlp t;
  const unsigned dws = bytes[0] & kFmt4Dw ? 4 : 3;
  if (bytes.size() < dws * 4) return std::nullopt;
  for (unsigned i = 0; i < dws; ++i)
    for (unsigned b = 0; b < 4; ++b) t.hdr[i] = t.hdr[i] << 8 | bytes[i * 4 + b];
  t.data.assign(bytes.begin() + dws * 4, bytes.end());
  return t;
}

std::optional<std::string> malformed(const Tlp& tlp) {
  const TlpKind k = tlp.kind();
  if (k == TlpKind::kUnknown) return fmt::format("unknown format and type 0x{:02x}", tlp.hdr[0] >> 24);
  const std::size_t digest = tlp.digest() ? 4 : 0;
  const std::size_t expected = (tlp.has_data() ? tlp.length_dw() * 4 : 0) + digest;
  if (tlp.data.size() != expected)
    return fmt::format("{} bytes of payload where Length says {}", tlp.data.size(), expected);
  const unsigned first = tlp.first_be(), last = tlp.last_be();
  if (is_config(k) || k == TlpKind::kIoRead || k == TlpKind::kIoWrite) {
    if (tlp.length_dw() != 1) return fmt::format("Length {} in a {}", tlp.length_dw(), kind_name(k));
    if (last != 0) return fmt::format("last byte enables {:x} in a {}", last, kind_name(k));
    if (tlp.traffic_class() != 0) return fmt::format("traffic class {} in a {}", tlp.traffic_class(), kind_name(k));
    if (tlp.hdr[0] >> 12 & 3) return fmt::format("attributes set in a {}", kind_name(k));
  }
  if (is_memory(k)) {
    if (tlp.length_dw() == 1 && last != 0) return fmt::format("last byte enables {:x} with Length 1", last);
    if (tlp.length_dw() > 1 && (first == 0 || last == 0)) return std::string("byte enables 0 with Length above 1");
    if ((tlp.address() & 0xfff) + tlp.length_dw() * 4 > 4096)
      return fmt::format("0x{:x} + {} B crosses 4 KiB", tlp.address(), tlp.length_dw() * 4);
    if (tlp.four_dw() && tlp.address() >> 32 == 0) return std::string("4 DW header for an address below 4 GiB");
  }
  return std::nullopt;
}

Tlp mem_read(Bdf requester, std::uint8_t tag, std::uint64_t address, unsigned bytes) {
  return memory_request(0, requester, tag, address, bytes);
}

Tlp mem_write(Bdf requester, std::uint64_t address, std::span<const std::uint8_t> data) {
  Tlp t = memory_request(kFmtData, requester, 0, address, static_cast<unsigned>(data.size()));
  t.data.assign(t.length_dw() * 4, 0);
  std::copy(data.begin(), data.end(), t.data.begin() + static_cast<std::ptrdiff_t>(address & 3));
  return t;
}

Tlp cfg_read(Bdf requester, std::uint8_t tag, Bdf target, unsigned reg, unsigned bytes, bool type1) {
  return config_request(false, requester, tag, target, reg, bytes, type1);
}

Tlp cfg_write(Bdf requester, std::uint8_t tag, Bdf target, unsigned reg, std::span<const std::uint8_t> data,
              bool type1) {
  Tlp t = config_request(true, requester, tag, target, reg, static_cast<unsigned>(data.size()), type1);
  t.data.assign(4, 0);
  std::copy(data.begin(), data.end(), t.data.begin() + (reg & 3));
  return t;
}

std::uint64_t first_byte(const Tlp& request) {
  const TlpKind k = request.kind();
  const std::uint64_t base = is_config(k) ? request.cfg_register() : request.address();
  const unsigned be = request.first_be();
  return base + (be == 0 ? 0 : static_cast<unsigned>(std::countr_zero(be)));
}

// Table 2-22: Byte Count from Length and byte enables.
unsigned byte_length(const Tlp& request) {
  const unsigned first = request.first_be(), last = request.last_be();
  if (request.length_dw() == 1) {
    if (first == 0) return 1;  // zero-length read: the completion says one byte
    return static_cast<unsigned>(std::bit_width(first) - std::countr_zero(first));
  }
  return request.length_dw() * 4 - static_cast<unsigned>(std::countr_zero(first | 0x10U) & 3) -
         (4 - static_cast<unsigned>(std::bit_width(last)));
}

Tlp completion(const Tlp& request, Bdf completer, CplStatus status) {
  const TlpKind k = request.kind();
  const bool memory_read = k == TlpKind::kMemRead || k == TlpKind::kMemReadLocked;
  const unsigned bytes = memory_read ? byte_length(request) : 4;
  Tlp t;
  t.hdr[0] = dw0(k == TlpKind::kMemReadLocked ? 0x0b : 0x0a, 0) | (request.hdr[0] & 0x00703000);  // TC and attributes
  t.hdr[1] =
      static_cast<std::uint32_t>(completer.raw) << 16 | static_cast<std::uint32_t>(status) << 13 | (bytes & 0xfff);
  t.hdr[2] = static_cast<std::uint32_t>(request.requester().raw) << 16 |
             static_cast<std::uint32_t>(request.tag()) << 8 |
             (memory_read ? static_cast<std::uint32_t>(first_byte(request) & 0x7f) : 0);
  return t;
}

std::vector<Tlp> completions_with_data(const Tlp& request, Bdf completer, std::span<const std::uint8_t> bytes,
                                       unsigned max_payload, unsigned rcb) {
  std::vector<Tlp> out;
  const TlpKind k = request.kind();
  const bool config = is_config(k) || k == TlpKind::kIoRead;
  if (config) {
    Tlp t = completion(request, completer, CplStatus::kSuccess);
    t.hdr[0] |= static_cast<std::uint32_t>(kFmtData) << 24 | 1;
    t.data.assign(4, 0);
    const std::size_t lead = first_byte(request) & 3;
    std::copy(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(bytes.size(), 4 - lead)),
              t.data.begin() + static_cast<std::ptrdiff_t>(lead));
    out.push_back(std::move(t));
    return out;
  }
  std::uint64_t at = first_byte(request);
  unsigned left = byte_length(request);
  std::size_t taken = 0;
  while (left > 0) {
    unsigned chunk = left;
    if (chunk + (at & 3) > max_payload) {
      // Cut at the last read completion boundary that fits (2.3.1.1).
      const std::uint64_t end = (at + max_payload - (at & 3)) & ~static_cast<std::uint64_t>(rcb - 1);
      chunk = end > at ? static_cast<unsigned>(end - at) : max_payload - static_cast<unsigned>(at & 3);
    }
    Tlp t = completion(request, completer, CplStatus::kSuccess);
    const unsigned dws = (static_cast<unsigned>(at & 3) + chunk + 3) / 4;
    t.hdr[0] |= static_cast<std::uint32_t>(kFmtData) << 24 | (dws & 0x3ff);
    t.hdr[1] = (t.hdr[1] & ~0xfffU) | (left & 0xfff);
    t.hdr[2] = (t.hdr[2] & ~0x7fU) | static_cast<std::uint32_t>(at & 0x7f);
    t.data.assign(dws * 4, 0);
    for (unsigned i = 0; i < chunk && taken < bytes.size(); ++i) t.data[(at & 3) + i] = bytes[taken++];
    out.push_back(std::move(t));
    at += chunk;
    left -= chunk;
  }
  return out;
}

}  // namespace vfpool::pcie
