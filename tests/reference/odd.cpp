// SPDX-License-Identifier: Apache-2.0
#include "odd.hpp"

namespace vfpool::reference {
namespace {

using pcie::Tlp;

void set_type(Tlp& t, unsigned fmt_type) { t.hdr[0] = (t.hdr[0] & 0x00ffffff) | fmt_type << 24; }
void set_length(Tlp& t, unsigned dws) { t.hdr[0] = (t.hdr[0] & ~0x3ffU) | (dws & 0x3ff); }
void set_bytes(Tlp& t, unsigned last, unsigned first) { t.hdr[1] = (t.hdr[1] & ~0xffU) | last << 4 | first; }

/// One DW with or without data, in the 3 DW format.
void one_dw(Tlp& t, unsigned type, bool data) {
  set_type(t, type | (data ? 0x40U : 0));
  set_length(t, 1);
  set_bytes(t, 0, 0xf);
  t.data.resize(data ? 4 : 0);
}

}  // namespace

Tlp make_odd(Tlp t, Oddity oddity, std::uint32_t random) {
  const bool data = t.has_data();
  const unsigned dws = t.length_dw();
  switch (oddity) {
    case Oddity::kLength:
      if (data) t.data.resize(t.data.size() + 16 * (1 + random % 3));
      return t;
    case Oddity::kLongPayload:
      if (data) {
        set_length(t, 33 + random % 32);
        t.data.resize(t.length_dw() * 4);
        set_bytes(t, 0xf, 0xf);
        t.hdr[t.four_dw() ? 3 : 2] &= ~0xfffU;
      }
      return t;
    case Oddity::kFirstBytes: set_bytes(t, dws == 1 ? 0xf : 0xf, 0); return t;
    case Oddity::kLastBytes: set_bytes(t, dws == 1 ? 0xf : 0, 0xf); return t;
    case Oddity::kCrossesPage:
      t.hdr[t.four_dw() ? 3 : 2] |= 0xffc;
      set_length(t, 2 + random % 8);
      if (data) t.data.resize(t.length_dw() * 4);
      set_bytes(t, 0xf, 0xf);
      return t;
    case Oddity::kTranslated: t.hdr[0] |= 1U << (10 + random % 2); return t;
    case Oddity::kClass: t.hdr[0] |= (1 + random % 7) << 20; return t;
    case Oddity::kAttributes: t.hdr[0] |= (random & 3) << 12 | (random >> 2 & 1) << 18; return t;
    case Oddity::kDigest:
      t.hdr[0] |= 1U << 15;
      t.data.resize(t.data.size() + 4, 0xdd);
      return t;
    case Oddity::kPoisoned:
      if (data) t.hdr[0] |= 1U << 14;
      return t;
    case Oddity::kLongHeader:
      if (t.four_dw()) return t;
      t.hdr[0] |= 1U << 29;
      t.hdr[3] = t.hdr[2];
      t.hdr[2] = 0;
      return t;
    case Oddity::kInOut: one_dw(t, 0x02, data); return t;
    case Oddity::kAtomic:
      one_dw(t, 0x0c + random % 3, true);
      set_length(t, 1U << (random >> 2 & 3));
      t.data.resize(t.length_dw() * 4);
      t.hdr[t.four_dw() ? 3 : 2] ^= random >> 4 & 0xc;
      return t;
    case Oddity::kLocked:
      if (!data) t.hdr[0] |= 1U << 24;
      return t;
    case Oddity::kPrefix: set_type(t, 0x80 | (random & 0x1f)); return t;
    case Oddity::kUnknownType: set_type(t, 0x1b); return t;
    case Oddity::kMessage:
    case Oddity::kMessageData:
      one_dw(t, 0x30 | (random & 1 ? 4 : 2), oddity == Oddity::kMessageData);
      t.hdr[1] = (t.hdr[1] & ~0xffU) | 0x7f;
      if (oddity == Oddity::kMessage) set_length(t, 0);
      return t;
    case Oddity::kConfigDown:
      one_dw(t, 0x04 + random % 2, data);
      if (random & 2) {
        set_length(t, 2);
        if (data) t.data.resize(8);
      }
      return t;
    case Oddity::kEmptyRead:
      if (!data) {
        set_length(t, 1);
        set_bytes(t, 0, 0);
      }
      return t;
  }
  return t;
}

}  // namespace vfpool::reference
