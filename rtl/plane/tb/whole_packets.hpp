// SPDX-License-Identifier: Apache-2.0
// What the bench of the whole data plane sends and awaits: packets, VFs and who has them, requests under way.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "pins.hpp"

namespace whole {

using bench::Cell;
using bench::get;
using bench::put;
using bench::Random;
using bench::Words;

constexpr unsigned kUsers = PLANE_USERS, kDevices = PLANE_DEVICES;  // CMakeLists.txt
constexpr unsigned kHosts = kUsers + 1, kPorts = kHosts + kDevices;
constexpr unsigned kVfs = 6;                                    // of a device
constexpr unsigned kFirst = 0x0480, kStride = 2, kPf = 0x0400;  // requester IDs on a device's link
constexpr unsigned kTick = 1000;
// Cycles from the exit's look at the generation to the link: the queue before it, at half speed.
constexpr unsigned kOnTheWay = 400;
enum Class { kP = 0, kNp = 1, kCpl = 2 };

inline bool is_host(unsigned port) { return port < kHosts; }
inline unsigned port_id(unsigned port) { return is_host(port) ? 0x0100 + port : 0x0300 + port; }
inline uint32_t content(uint64_t address) { return static_cast<uint32_t>(address * 2654435761U ^ address >> 32); }

struct Tlp {
  Words hdr{};
  std::vector<uint32_t> data;
  unsigned len() const { return (hdr[0] & 1023) ? hdr[0] & 1023 : 1024; }
  unsigned type() const { return hdr[0] >> 24 & 0x1f; }
  bool has_data() const { return hdr[0] >> 30 & 1; }
  bool far() const { return hdr[0] >> 29 & 1; }
  uint64_t address() const { return far() ? uint64_t{hdr[2]} << 32 | hdr[3] : hdr[2]; }
  unsigned cls() const { return type() == 10 ? kCpl : type() == 0 && has_data() ? kP : kNp; }
};

inline Tlp memory(bool write, unsigned rid, unsigned tag, uint64_t address, unsigned len) {
  Tlp t;
  const bool far = address >> 32;
  t.hdr = {(write ? 0x40000000U : 0U) | (far ? 0x20000000U : 0U) | len,
           rid << 16 | tag << 8 | (len > 1 ? 0xffU : 0x0fU), static_cast<uint32_t>(far ? address >> 32 : address),
           far ? static_cast<uint32_t>(address) : 0};
  return t;
}

// Where a VF is, and whose.
struct Vf {
  unsigned host = 0;  // 0: nobody's but the owner's
  unsigned row = 0;
  uint64_t user[2] = {0, 0}, card[2] = {0, 0};
  unsigned size[2] = {2, 0};  // pages, as a power of two
  unsigned id = 0;
  unsigned epoch = 0;
  bool changing = false;
  uint64_t changed = 0;  // cycle in which the new number was there
};

// A posted packet or a request that is on its way, and how it must look where it leaves.
struct Expected {
  unsigned from = 0, to = 0;
  uint64_t address = 0;
  unsigned len = 0, rid = 0;
  std::vector<uint32_t> data;
  int vf = -1;  // index of all devices' VFs
  unsigned epoch = 0;
  uint64_t number = 0;
  uint64_t sent = 0;  // address as it was sent
  // A read's asker.
  unsigned ask_rid = 0, ask_tag = 0;
};

// A read that waits for its end at who asked.
struct Asked {
  uint64_t address = 0;
  unsigned left = 0;  // bytes
  unsigned cid = 0;   // 0: anyone's
  uint64_t begun = 0;
  bool refused = false, maybe_refused = false, local = false;
  int vf = -1;
  unsigned epoch = 0;
  uint64_t number = 0;
};

struct Link {
  std::array<std::deque<Tlp>, 3> waiting;
  std::optional<Tlp> sending;
  size_t nth = 0;
  unsigned next_class = 0;
  bool silent = false;   // takes nothing
  unsigned hurry = 100;  // per cent of the cycles in which it takes a cell
  Tlp coming;
  std::map<std::pair<unsigned, unsigned>, Asked> asked;
  std::vector<std::deque<Tlp>> answers;  // completions of reads, each in its order
  unsigned next_tag = 0;
  std::map<std::pair<unsigned, unsigned>, unsigned> refused_by;  // completer ID of what ended a read
  uint64_t cells_out = 0, packets_out = 0, urs = 0, done = 0, sent = 0;
  bool flapped = false;
};

}  // namespace whole
