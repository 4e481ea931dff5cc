// SPDX-License-Identifier: Apache-2.0
// Transaction layer packets. The header is kept raw (PCIe Base Spec 2.1, 2.2), so that malformed packets can be
// represented, recorded and sent; accessors decode, builders encode.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pcie/flow.hpp"

namespace vfpool::pcie {

/// Routing ID: bus 15:8, device 7:3, function 2:0.
struct Bdf {
  std::uint16_t raw = 0;
  constexpr Bdf() = default;
  constexpr explicit Bdf(std::uint16_t r) : raw(r) {}
  constexpr Bdf(unsigned bus, unsigned dev, unsigned fn)
      : raw(static_cast<std::uint16_t>(bus << 8 | (dev & 31) << 3 | (fn & 7))) {}
  constexpr unsigned bus() const { return raw >> 8; }
  constexpr unsigned dev() const { return raw >> 3 & 31; }
  constexpr unsigned fn() const { return raw & 7; }
  constexpr auto operator<=>(const Bdf&) const = default;
  /// "04:10.2"
  std::string str() const;
};

/// Fmt and Type together, bits 31:24 of DW0 without the T9.. bits: fmt << 5 | type. 3DW/4DW variants are one kind.
enum class TlpKind {
  kMemRead,
  kMemReadLocked,
  kMemWrite,
  kIoRead,
  kIoWrite,
  kCfgRead0,
  kCfgWrite0,
  kCfgRead1,
  kCfgWrite1,
  kMsg,
  kMsgData,
  kCpl,
  kCplData,
  kCplLocked,
  kCplDataLocked,
  kAtomic,
  kUnknown,
};

/// Completion Status (2.2.9).
enum class CplStatus : std::uint8_t { kSuccess = 0, kUnsupported = 1, kRetry = 2, kAbort = 4 };

struct Tlp {
  /// DW0 first; bit 31 of a DW is the first bit sent. DW3 is unused (0) in 3DW formats.
  std::array<std::uint32_t, 4> hdr{};
  /// Payload in memory byte order, a multiple of 4 bytes. Its size may disagree with Length in a malformed packet.
  std::vector<std::uint8_t> data;

  TlpKind kind() const;
  FlowClass flow_class() const;
  bool four_dw() const { return hdr[0] >> 29 & 1; }
  bool has_data() const { return hdr[0] >> 30 & 1; }
  bool poisoned() const { return hdr[0] >> 14 & 1; }
  bool digest() const { return hdr[0] >> 15 & 1; }
  unsigned traffic_class() const { return hdr[0] >> 20 & 7; }
  /// DW count, 1..1024.
  unsigned length_dw() const { return (hdr[0] & 0x3ff) == 0 ? 1024 : hdr[0] & 0x3ff; }

  // Requests.
  Bdf requester() const;  ///< of a request (DW1) or the target of a completion (DW2)
  std::uint8_t tag() const;
  unsigned first_be() const { return hdr[1] & 0xf; }
  unsigned last_be() const { return hdr[1] >> 4 & 0xf; }
  std::uint64_t address() const;  ///< DW aligned; memory and I/O requests
  Bdf cfg_target() const { return Bdf(static_cast<std::uint16_t>(hdr[2] >> 16)); }
  unsigned cfg_register() const { return hdr[2] & 0xffc; }  ///< byte offset, DW aligned

  // Completions.
  Bdf completer() const { return Bdf(static_cast<std::uint16_t>(hdr[1] >> 16)); }
  CplStatus status() const { return static_cast<CplStatus>(hdr[1] >> 13 & 7); }
  unsigned byte_count() const { return (hdr[1] & 0xfff) == 0 ? 4096 : hdr[1] & 0xfff; }
  unsigned lower_address() const { return hdr[2] & 0x7f; }

  void set_requester(Bdf id);
  void set_tag(std::uint8_t tag);

  /// One line for people: "MRd 04:10.0 tag 3 0x00000000fee00000 4 B".
  std::string str() const;
};

/// The packet's bytes as on the link (big-endian header DWs, then payload).
std::vector<std::uint8_t> to_bytes(const Tlp& tlp);
/// Reads exactly one packet; empty if the bytes are too few for the header or not a multiple of 4.
std::optional<Tlp> from_bytes(std::span<const std::uint8_t> bytes);
/// Why a receiver must treat it as malformed (2.3): unknown format, length against payload, byte enables, 4 KB
/// crossing, fields that must be zero. Empty if well formed.
std::optional<std::string> malformed(const Tlp& tlp);

// Builders choose 3DW below 4 GiB and 4DW above (2.2.4.1), and compute Length and byte enables from byte address and
// byte count. A request that crosses 4 KiB is the caller's error (checked with assert).
Tlp mem_read(Bdf requester, std::uint8_t tag, std::uint64_t address, unsigned bytes);
Tlp mem_write(Bdf requester, std::uint64_t address, std::span<const std::uint8_t> data);
/// `reg` byte offset 0..4095, `bytes` 1..4 inside one DW. `type1`: to be forwarded by bridges.
Tlp cfg_read(Bdf requester, std::uint8_t tag, Bdf target, unsigned reg, unsigned bytes, bool type1);
Tlp cfg_write(Bdf requester, std::uint8_t tag, Bdf target, unsigned reg, std::span<const std::uint8_t> data,
              bool type1);
/// A completion without data for `request`.
Tlp completion(const Tlp& request, Bdf completer, CplStatus status);
/// Completions with data for `request`, split at `rcb` (read completion boundary, bytes) so that none carries more
/// than `max_payload` bytes. `bytes` holds the requested bytes from the first enabled one to the last.
std::vector<Tlp> completions_with_data(const Tlp& request, Bdf completer, std::span<const std::uint8_t> bytes,
                                       unsigned max_payload, unsigned rcb);
/// First byte address (with the byte enables applied) and byte count of a memory or config request.
std::uint64_t first_byte(const Tlp& request);
unsigned byte_length(const Tlp& request);

/// One end of a link as its neighbour sees it. deliver() may queue; it must not call back into the sender synchronously
/// with a packet that answers this one unless the sender documents that it allows it. Completions for what the receiver
/// itself has asked always find room at endpoints and root complexes (2.6.1), so that requests never wait for requests.
class TlpSink : public FlowControl {
 public:
  /// The sender has asked room() for the packet's class.
  virtual void deliver(Tlp tlp) = 0;
};

}  // namespace vfpool::pcie
