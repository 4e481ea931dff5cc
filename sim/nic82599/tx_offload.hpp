// SPDX-License-Identifier: Apache-2.0
// Transmit offloads on a frame in memory: checksum insertion, segmentation, VLAN tag (82599 data sheet 7.2.4, 7.2.5).
#pragma once

#include <cstdint>
#include <vector>

#include "nic82599/packet.hpp"

namespace vfpool::nic82599 {

/// A context descriptor's contents.
struct TxContext {
  std::uint16_t vlan = 0;
  unsigned mac_len = 0, ip_len = 0, l4_len = 0, mss = 0;
  bool ipv4 = false;
  L4 l4 = L4::kNone;
};

/// What the first data descriptor of a frame asks for.
struct TxOffload {
  bool insert_vlan = false, ip_checksum = false, l4_checksum = false, segment = false;
  TxContext context;
  // Legacy descriptors: checksum from `css` to the end, stored at `cso`.
  bool legacy_checksum = false;
  unsigned css = 0, cso = 0;
};

/// Masks for the TCP flags of the first, middle and last segment (DTXTCPFLGL/H).
struct TcpFlagMasks {
  std::uint16_t first = 0xff6, middle = 0xff6, last = 0xf7f;
};

/// True if the offsets in the context fit the frame, so that apply and segment never write outside it.
bool offload_fits(const TxOffload& offload, Bytes frame);
/// Checksums of a frame that is sent whole.
void insert_checksums(const TxOffload& offload, std::vector<std::uint8_t>& frame);
void insert_vlan(std::vector<std::uint8_t>& frame, std::uint16_t type, std::uint16_t tci);

unsigned segment_count(const TxOffload& offload, std::size_t frame_size);
/// Writes segment `index` of `frame` into `out`; offload_fits() and `segment` must hold.
void make_segment(const TxOffload& offload, Bytes frame, unsigned index, const TcpFlagMasks& masks,
                  std::vector<std::uint8_t>& out);

}  // namespace vfpool::nic82599
