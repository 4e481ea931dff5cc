// SPDX-License-Identifier: Apache-2.0
// Packets for the benches of the decisions, and what must become of them, written from docs/bridge-inside.md and the
// PCIe Base Specification 2.1.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "bench.hpp"
#include "vfpool_regs.h"

namespace decide {

using bench::Random;
using bench::Words;

constexpr unsigned kPosted = 0, kNonPosted = 1, kCompletion = 2;
constexpr unsigned kPortLocal = 31;

inline unsigned bits(uint32_t word, unsigned high, unsigned low) { return (word >> low) & ((2U << (high - low)) - 1); }

struct Packet {
  Words hdr{};
  unsigned cells = 1;
  bool nullified = false;

  unsigned type() const { return bits(hdr[0], 28, 24); }
  bool data() const { return bits(hdr[0], 30, 30); }
  unsigned len() const { return bits(hdr[0], 9, 0); }
  bool poisoned() const { return bits(hdr[0], 14, 14); }
  bool translated() const { return bits(hdr[0], 11, 10) != 0; }
  unsigned rid() const { return bits(hdr[1], 31, 16); }
  bool memory() const { return type() == 0; }
  bool locked_read() const { return type() == 1; }
  bool config() const { return type() == 4 || type() == 5; }
  bool message() const { return type() >> 3 == 2; }
  bool completion() const { return type() == 10; }
  bool locked_completion() const { return type() == 11; }
  uint64_t page() const { return static_cast<uint64_t>(hdr[2]) << 20 | hdr[3] >> 12; }
  unsigned cls() const {
    if (completion() || locked_completion()) return kCompletion;
    return message() || (memory() && data()) ? kPosted : kNonPosted;
  }
};

// A header as receive lets it through: any type of table 2-3 with byte enables that fit, everything else at random.
inline Packet random_packet(Random& random) {
  static constexpr uint32_t kKinds[] = {0b000'00000, 0b001'00000, 0b010'00000, 0b011'00000, 0b010'00000, 0b011'00000,
                                        0b000'00000, 0b000'00001, 0b001'00001, 0b000'00010, 0b010'00010, 0b000'00100,
                                        0b010'00100, 0b000'00101, 0b010'00101, 0b001'10000, 0b011'10010, 0b001'10100,
                                        0b001'10011, 0b000'01010, 0b010'01010, 0b010'01010, 0b000'01011, 0b010'01011,
                                        0b010'01100, 0b011'01101, 0b010'01110};
  Packet p;
  for (uint32_t& word : p.hdr) word = random.word();
  p.hdr[0] = (p.hdr[0] & 0x00ff'ffff) | kKinds[random.below(std::size(kKinds))] << 24;
  if (random.percent(80)) p.hdr[0] &= ~(3U << 10 | 1U << 14);  // untranslated, not poisoned
  if (random.percent(40)) p.hdr[0] = (p.hdr[0] & ~1023U) | 1;
  // Operands of 4 and 8 bytes, and of 16 for compare-and-swap, which has two (2.2.7).
  if (p.type() >> 2 == 3)
    p.hdr[0] = (p.hdr[0] & ~1023U) | (p.type() == 14 ? 2U << random.below(3) : 1U << random.below(2));
  if (p.memory() || p.locked_read()) {
    // Length 1 has no last byte enables, and maybe no first; longer ones have both (2.2.5).
    if (p.len() == 1)
      p.hdr[1] &= random.percent(20) ? ~0xffU : ~0xf0U;
    else
      p.hdr[1] |= 0x10U << random.below(4) | 1U << random.below(4);
  }
  if (p.type() == 0b10'100 && random.percent(50)) p.hdr[1] = (p.hdr[1] & ~0xffU) | 0x20U | random.below(8);
  p.cells = 1 + random.below(8);
  p.nullified = random.percent(10);
  return p;
}

// A completion of the bridge's own.
struct Answer {
  bool locked = false;
  unsigned rid = 0, tag = 0, tc = 0, attr = 0, bytes = 4, low = 0;
  bool operator==(const Answer&) const = default;
};

// Table 2-22 and 2.2.9: what the refused request would have had.
inline Answer answer_to(const Packet& p) {
  Answer a;
  a.locked = p.locked_read();
  a.rid = p.rid();
  a.tag = bits(p.hdr[1], 15, 8);
  a.tc = bits(p.hdr[0], 22, 20);
  a.attr = bits(p.hdr[0], 18, 18) << 2 | bits(p.hdr[0], 13, 12);
  const unsigned len = p.len() ? p.len() : 1024, first = bits(p.hdr[1], 3, 0), last = bits(p.hdr[1], 7, 4);
  if (p.memory() || p.locked_read()) {
    // Byte by byte: from the first enabled one to the last.
    int from = -1, to = -1;
    for (unsigned byte = 0; byte < len * 4; ++byte) {
      const unsigned dw = byte / 4;
      const bool enabled = dw == 0 ? first >> (byte % 4) & 1 : dw == len - 1 ? last >> (byte % 4) & 1 : true;
      if (!enabled) continue;
      if (from < 0) from = static_cast<int>(byte);
      to = static_cast<int>(byte);
    }
    if (from < 0) from = to = 0;  // a zero-length read counts one byte
    a.bytes = static_cast<unsigned>(to - from + 1) & 4095;
    a.low = (p.hdr[3] & 0x7c) + static_cast<unsigned>(from);
  } else if (p.type() == 12 || p.type() == 13) {
    a.bytes = len * 4 & 4095;
  } else if (p.type() == 14) {
    a.bytes = len * 2 & 4095;
  }
  return a;
}

// What the tag table is made to say of a completion (vfp_tags_pkg).
struct Match {
  unsigned act = 0, port = 0, rid = 0, tag = 0, tc = 0, attr = 0, vf = 0, gen = 0, left = 1, low = 0;
  bool has_vf = false;
};
enum Act { kDrop = 0, kForward = 1, kUr = 2, kCa = 3, kSwallow = 4 };

struct Verdict {
  bool forward = false, bare = false, has_vf = false;
  unsigned port = 0, vf = 0, gen = 0;
  std::optional<unsigned> id{};  // where it counts
  Words hdr{};
  std::optional<unsigned> error{};  // VFPOOL_DROP_*
};

inline Verdict refused(unsigned reason) { return {.error = reason}; }

// What comes of a completion. `cid`: the completer that the asker knows, if that is another one; without a VF the
// request says it itself.
inline Verdict matched(const Packet& p, const Match& m, std::optional<unsigned> cid) {
  if (m.act == kDrop) return refused(VFPOOL_DROP_UNEXPECTED);
  if (m.act == kSwallow) return refused(VFPOOL_DROP_STALE);
  Verdict v{.forward = true, .port = m.port, .hdr = p.hdr};
  v.hdr[2] = m.rid << 16 | m.tag << 8 | (p.hdr[2] & 0xff);
  if (!cid && !m.has_vf && m.gen != 0) cid = m.gen;
  if (cid) v.hdr[1] = (v.hdr[1] & 0xffff) | *cid << 16;
  if (m.act == kForward) {
    v.has_vf = m.has_vf, v.vf = m.vf, v.gen = m.gen;
    return v;
  }
  v.bare = true;
  v.error = m.act == kUr ? VFPOOL_DROP_NOT_ASSIGNED : VFPOOL_DROP_MISMATCH;
  v.hdr[0] = 0x0a00'0000 | m.tc << 20 | (m.attr >> 2) << 18 | (m.attr & 3) << 12;
  v.hdr[1] = (v.hdr[1] & 0xffff'0000) | (m.act == kUr ? 1U : 4U) << 13 | (m.left & 4095);
  v.hdr[2] = m.rid << 16 | m.tag << 8 | (p.hdr[2] & 0x80) | m.low;
  return v;
}

/// What any host sends and its map does not decide. `local`: address of the registers' window; `own`: the completer
/// that the bridge itself is at the device, as which it ends what a server has answered wrongly.
inline std::optional<Verdict> without_map(const Packet& p, const Match& match, uint64_t local, unsigned own) {
  const bool ends = match.act == kUr || match.act == kCa;
  if (p.completion()) return matched(p, match, ends ? std::optional<unsigned>(own) : std::nullopt);
  if (p.locked_completion()) return refused(VFPOOL_DROP_UNEXPECTED);
  if (p.message()) return Verdict{};
  if (p.config()) {
    if (p.poisoned()) return refused(VFPOOL_DROP_POISONED);
    return Verdict{.forward = true, .port = kPortLocal, .hdr = p.hdr};
  }
  if (!p.memory() || p.translated()) return refused(VFPOOL_DROP_UNSUPPORTED);
  if (p.page() >> 4 == local >> 16) {
    if (p.poisoned()) return refused(VFPOOL_DROP_POISONED);
    if (p.len() != 1) return refused(VFPOOL_DROP_UNSUPPORTED);
    return Verdict{.forward = true, .port = kPortLocal, .hdr = p.hdr};
  }
  return std::nullopt;
}

// A port's decisions with a sender that keeps to the room, and a tag table.
template <class Model>
class Port {
 public:
  Model model;
  Random& random;
  unsigned cycle = 0, decided = 0, forwarded = 0, answered = 0;
  std::map<unsigned, unsigned> errors;
  unsigned answers_taken_percent = 60;

  explicit Port(Random& r) : random(r) {
    model.in_valid_i = 0;
    model.ans_ready_i = 0;
    model.cpl_ready_i = 0;
    model.res_valid_i = 0;
    model.row_we_i = 0;
  }

  void step() {
    model.ans_ready_i = random.percent(answers_taken_percent);
    model.cpl_ready_i = random.percent(70);
    model.res_valid_i = 0;
    if (!results_.empty() && results_.front().first <= cycle) give(results_.front().second), results_.pop_front();
    announce();
    model.eval();
    look();
    model.eval();
    if (model.cpl_valid_o && model.cpl_ready_i) on_ask();
    if (model.ans_valid_o && model.ans_ready_i) on_answer();
    bench::step(model);
    ++cycle;
    if (model.err_valid_o) {
      seen_error_ = model.err_reason_o;
    }
    if (model.route_valid_o) on_verdict();
    EXPECT_FALSE(seen_error_) << "an error that belongs to no packet";
    seen_error_.reset();
  }

  // Sends the packet when its class has room. False: there was none.
  bool send(const Packet& p, const Verdict& want, const Match& match = {}) {
    for (int i = 0; i < 3000 && !room(p.cls()); ++i) step();
    if (!room(p.cls())) return false;
    for (unsigned n = 1; n < p.cells; ++n) step();
    while (random.percent(gaps_percent)) step();
    std::copy(p.hdr.begin(), p.hdr.end(), model.in_hdr_i.data());
    model.in_cls_i = static_cast<uint8_t>(p.cls());
    model.in_cells_i = static_cast<uint8_t>(p.cells);
    model.in_valid_i = !p.nullified;
    if (!p.nullified) {
      wanted_.push_back({p, want});
      if (p.completion()) asks_.push_back({p, match});
      if (want.error && p.cls() == kNonPosted) answers_.push_back(answer_to(p));
    }
    step();
    model.in_valid_i = 0;
    return true;
  }

  bool room(unsigned cls) const { return model.room_o >> cls & 1; }

  void finish() {
    for (int i = 0; i < 5000 && (!wanted_.empty() || !answers_.empty()); ++i) step();
    EXPECT_TRUE(wanted_.empty()) << wanted_.size() << " packets without a decision";
    EXPECT_TRUE(answers_.empty()) << answers_.size() << " requests without an answer";
    EXPECT_TRUE(asks_.empty()) << "a completion that was not looked up";
  }

  size_t waiting_answers() const { return answers_.size(); }
  unsigned gaps_percent = 20;

 protected:
  virtual ~Port() = default;
  virtual void look() = 0;  // sets the generation that is asked for

 private:
  std::deque<std::pair<Packet, Verdict>> wanted_;
  std::deque<std::pair<Packet, Match>> asks_;
  std::deque<std::pair<unsigned, Match>> results_;
  std::deque<Answer> answers_;
  std::optional<unsigned> seen_error_;

  void on_ask() {
    ASSERT_FALSE(asks_.empty()) << "a completion that nobody sent";
    const auto [p, match] = asks_.front();
    asks_.pop_front();
    const auto* h = model.cpl_hdr_o.data();
    EXPECT_EQ(h[0] & 0x4000'03ff, p.hdr[0] & 0x4000'03ff);
    EXPECT_EQ(h[1] & 0xefff, p.hdr[1] & 0xefff);
    EXPECT_EQ(h[2] & 0xffff'ff7f, p.hdr[2] & 0xffff'ff7f);
    const unsigned earliest = results_.empty() ? 0 : results_.back().first + 1;
    results_.push_back({std::max(cycle + 5 + random.below(4), earliest), match});
  }

  // A device's table says a cycle before the result which VF it is about.
  void announce() {
    if constexpr (requires { model.next_vf_i; }) {
      const bool due = !results_.empty() && results_.front().first <= cycle + 1;
      model.next_vf_i = static_cast<uint8_t>(due ? results_.front().second.vf : random.below(64));
    }
  }

  void give(const Match& m) {
    model.res_valid_i = 1;
    model.res_act_i = static_cast<uint8_t>(m.act);
    model.res_left_i = static_cast<uint16_t>(m.left);
    uint32_t* to = model.res_req_i.data();
    unsigned at = 0;
    auto put = [&](unsigned width, uint64_t value) { bench::set_bits(to, at, width, value), at += width; };
    put(7, m.low), put(13, random.word()), put(2, random.word()), put(16, m.gen), put(6, m.vf), put(1, m.has_vf);
    put(2, m.attr & 3), put(1, m.attr >> 2), put(3, m.tc), put(8, m.tag), put(16, m.rid), put(5, m.port);
  }

  void on_answer() {
    ASSERT_FALSE(answers_.empty()) << "an answer that nobody waits for";
    const uint64_t w = model.ans_o;
    auto field = [&](unsigned low, unsigned width) { return static_cast<unsigned>(w >> low & ((1U << width) - 1)); };
    EXPECT_EQ(field(50, 3), 1U);  // Unsupported Request
    const Answer got{.locked = field(49, 1) != 0,
                     .rid = field(33, 16),
                     .tag = field(25, 8),
                     .tc = field(22, 3),
                     .attr = field(19, 3),
                     .bytes = field(7, 12),
                     .low = field(0, 7)};
    const Answer want = answers_.front();
    answers_.pop_front();
    ++answered;
    EXPECT_EQ(got, want) << "tag " << want.tag << ": bytes " << got.bytes << " for " << want.bytes << ", low "
                         << got.low << " for " << want.low;
  }

  void on_verdict() {
    ASSERT_FALSE(wanted_.empty()) << "a decision of no packet";
    const auto [p, want] = wanted_.front();
    wanted_.pop_front();
    ++decided;
    if (seen_error_) ++errors[*seen_error_];
    EXPECT_EQ(seen_error_, want.error) << "header " << std::hex << p.hdr[0];
    seen_error_.reset();
    const uint64_t w = model.route_o;
    auto field = [&](unsigned low, unsigned width) { return static_cast<unsigned>(w >> low & ((1U << width) - 1)); };
    ASSERT_EQ(field(47, 1) != 0, want.forward) << "header " << std::hex << p.hdr[0];
    if (!want.forward) return;
    ++forwarded;
    EXPECT_EQ(field(46, 1) != 0, want.bare);
    EXPECT_EQ(field(41, 5), want.port);
    EXPECT_EQ(field(39, 2), p.cls());
    EXPECT_EQ(field(38, 1) != 0, want.has_vf);
    if (want.has_vf) {
      EXPECT_EQ(field(32, 6), want.vf);
      EXPECT_EQ(field(16, 16), want.gen);
    }
    if (want.id) {
      EXPECT_EQ(field(0, 16), *want.id);
    }
    EXPECT_EQ(model.route_cells_o, p.cells);
    for (unsigned n = 0; n < (p.cls() == kCompletion ? 3 : 4); ++n) {
      EXPECT_EQ(model.route_hdr_o[n], want.hdr[n]) << "DW" << n << " of " << std::hex << p.hdr[0];
    }
  }
};

inline Match random_match(Random& random, unsigned ports) {
  return {.act = random.below(5),
          .port = random.percent(20) ? kPortLocal : random.below(ports),
          .rid = random.below(0x10000),
          .tag = random.below(256),
          .tc = random.below(8),
          .attr = random.below(8),
          .vf = random.below(64),
          .gen = random.percent(20) ? 0 : random.below(0x10000),
          .left = 1 + random.below(4096),
          .low = random.below(128),
          .has_vf = random.percent(70)};
}

}  // namespace decide
