// SPDX-License-Identifier: Apache-2.0
// The data plane with its decisions, seen from the links: servers and devices that send, ask and answer, and what must
// become of each packet, written from docs/bridge-inside.md and the PCIe Base Specification 2.1.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "pins.hpp"
#include PLANE_HEADER

namespace {

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

bool is_host(unsigned port) { return port < kHosts; }
unsigned port_id(unsigned port) { return is_host(port) ? 0x0100 + port : 0x0300 + port; }
uint32_t content(uint64_t address) { return static_cast<uint32_t>(address * 2654435761U ^ address >> 32); }

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

Tlp memory(bool write, unsigned rid, unsigned tag, uint64_t address, unsigned len) {
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

class Whole {
 public:
  PLANE_MODEL model;
  uint64_t cycle = 0, last_in = 0, first_out = 0;
  std::array<Link, kPorts> links;
  std::array<Vf, kVfs * kDevices> vfs;
  std::array<std::vector<Vf>, kVfs * kDevices> was;  // by epoch
  uint64_t lost = 0;                                 // posted packets of former assignments
  uint64_t reports = 0;

  explicit Whole(Random& random) : random_(random) {
    auto& m = model;
    m.link_i = (1U << kPorts) - 1;
    m.rx_valid_i = 0, m.map_we_i = 0, m.steer_we_i = 0, m.own_cpl_valid_i = 0, m.own_req_valid_i = 0;
    m.own_tag_valid_i = 0, m.hold_i = 0, m.tick_ms_i = 0, m.tick_stuck_i = 0, m.err_ready_i = 1;
    m.timeout_i = 8, m.quota_i = 256 / kHosts - 8, m.stuck_i = 0, m.patience_i = 0;
    for (unsigned i = 0; i < 2 * kDevices; ++i) put(m.bump_i, 32 * i, 32, 0);
    for (unsigned p = 0; p < kPorts; ++p) {
      put(m.tx_ready_i, p, 1, 1);
      put(m.tx_room_i, 3 * p, 3, 7);
      put(m.id_i, 16 * p, 16, port_id(p));
      put(m.weight_i, 5 * p, 5, 4);
      put(m.local_ready_i, 3 * p, 3, 7);
    }
    for (unsigned h = 0; h < kHosts; ++h) {
      put(m.local_en_i, h, 1, 1);
      put(m.local_bar_i, 48 * h, 48, kRegisters >> 16);
    }
    for (unsigned d = 0; d < kDevices; ++d) {
      put(m.pf_known_i, d, 1, 1), put(m.pf_rid_i, 16 * d, 16, kPf), put(m.pf_master_i, d, 1, 1);
      put(m.sriov_i, d, 1, 1), put(m.closed_i, d, 1, 0), put(m.first_i, 16 * d, 16, kFirst),
          put(m.stride_i, 16 * d, 16, kStride);
      put(m.num_i, 7 * d, 7, kVfs), put(m.win_en_i, d, 1, 1);
      put(m.mem_base_i, 12 * d, 12, window(d) >> 20), put(m.mem_limit_i, 12 * d, 12, (window(d) >> 20) + 3);
      put(m.pref_base_i, 44 * d, 44, far_window(d) >> 20), put(m.pref_limit_i, 44 * d, 44, (far_window(d) >> 20) + 3);
    }
    bench::reset(m);
    for (unsigned i = 0; i < 4000 && !m.init_done_o; ++i) step();
    EXPECT_TRUE(m.init_done_o);
    for (unsigned v = 0; v < vfs.size(); ++v) {
      give(v, random_.below(kHosts));
      run(2);
    }
    settle();
  }

  static uint64_t window(unsigned d) { return 0x80000000U + (d << 24); }
  static uint64_t far_window(unsigned d) { return (uint64_t{d} + 1) << 36; }
  static constexpr uint64_t kRegisters = 0xfe000000U;

  bool up(unsigned port) const { return model.link_i >> port & 1; }

  // VF v goes to `host`, somewhere else than it was. Rows first, then the number.
  void give(unsigned v, unsigned host) {
    Vf& vf = vfs[v];
    const Vf old = vf;
    const unsigned d = v / kVfs;
    if (old.host != 0) write_map(old.host, old.row, v, false);
    vf.host = host;
    ++vf.epoch;
    vf.changing = true;
    vf.id = host == 0 ? kFirst + kStride * (v % kVfs) : 0x0700 + random_.below(64);
    if (host != 0) {
      // Users' addresses overlap; 12 VFs at most have a row each.
      vf.row = v;
      for (unsigned w : {0U, 1U}) {
        vf.size[w] = w == 0 ? 2 : random_.below(4);
        const uint64_t far = random_.percent(50) ? uint64_t{1} << 40 : 0;
        vf.user[w] = far + 0x20000000U + (uint64_t{v} << 20) + (uint64_t{random_.below(8)} << 17) + (w << 16);
        vf.card[w] = (random_.percent(50) ? uint64_t{1} << 41 : 0) + 0x40000000U + (uint64_t{d} << 28) +
                     (uint64_t{v} << 20) + (uint64_t{random_.below(8)} << 17) + (w << 16);
      }
      write_map(host, vf.row, v, true);
    }
    was[v].resize(vf.epoch + 1);
    was[v][vf.epoch] = vf;
    put(model.steer_we_i, d, 1, 1);
    model.steer_vf_i = static_cast<uint8_t>(v % kVfs);
    put(model.steer_row_i, 0, 23, uint64_t{1} << 22 | uint64_t{1} << 21 | uint64_t{host} << 16 | vf.id);
    put(model.bump_i, 64 * d + v % kVfs, 1, 1);
    step();
    put(model.steer_we_i, d, 1, 0);
    put(model.bump_i, 64 * d + v % kVfs, 1, 0);
    model.map_we_i = 0;
    for (auto& [key, asked] : all_asked(v)) asked->maybe_refused = true;
  }
  void settle() {
    for (unsigned i = 0; i < 1200 && std::any_of(vfs.begin(), vfs.end(), [](const Vf& v) { return v.changing; }); ++i)
      step();
  }

  void run(unsigned cycles) {
    for (unsigned i = 0; i < cycles && !testing::Test::HasFailure(); ++i) step();
  }
  bool quiet() const {
    return std::all_of(links.begin(), links.end(), [](const Link& l) {
      return !l.sending && l.waiting[0].empty() && l.waiting[1].empty() && l.waiting[2].empty() && l.asked.empty() &&
             l.answers.empty();
    });
  }
  // Until nothing is on its way but posted packets that may have been dropped.
  void drain(unsigned limit = 200000) {
    for (unsigned i = 0; i < limit && !quiet() && !testing::Test::HasFailure(); ++i) step();
    for (unsigned p = 0; p < kPorts; ++p)
      EXPECT_TRUE(links[p].asked.empty()) << links[p].asked.size() << " reads of port " << p;
    run(2000);
    for (auto& row : posted_) {
      for (const auto& [number, e] : row) {
        EXPECT_TRUE(may_vanish(e)) << "a write from port " << e.from << " to port " << e.to << " is lost";
        ++lost;
      }
      row.clear();
    }
    for (auto& row : reads_) {
      for (const Expected& e : row) EXPECT_TRUE(may_vanish(e)) << "a read did not leave";
      row.clear();
    }
  }

  // --- what servers and devices do ---

  void host_access(unsigned h, bool write, unsigned most = 32) {
    const unsigned kind = random_.below(100);
    uint64_t address = 0;
    Expected e;
    e.from = h;
    bool refused = false;
    if (kind < 8) {  // nobody's
      address = 0x1000000U + (uint64_t{random_.below(4096)} << 12);
      refused = true;
    } else if (h == 0) {
      const unsigned d = random_.below(kDevices);
      address = (random_.percent(50) ? window(d) : far_window(d)) + (uint64_t{random_.below(1024)} << 12);
      e.to = kHosts + d, e.address = address;
    } else {
      std::vector<unsigned> mine;
      for (unsigned v = 0; v < vfs.size(); ++v)
        if (vfs[v].host == h && !vfs[v].changing) mine.push_back(v);
      if (mine.empty()) return;
      const unsigned v = mine[random_.below(static_cast<uint32_t>(mine.size()))];
      const unsigned w = random_.below(2);
      const uint64_t offset = uint64_t{random_.below(1U << vfs[v].size[w])} << 12;
      address = vfs[v].user[w] + offset;
      e.to = kHosts + v / kVfs, e.address = vfs[v].card[w] + offset;
      e.vf = static_cast<int>(v), e.epoch = vfs[v].epoch;
    }
    const unsigned len = 1 + random_.below(most);
    const uint64_t low = 4 * random_.below(1024 - len);
    address += low, e.address += low;
    access(h, write, port_id(h), address, len, e, refused, e.vf >= 0 ? vfs[static_cast<unsigned>(e.vf)].id : 0);
  }
  void device_access(unsigned d, bool write, unsigned most = 32) {
    const unsigned port = kHosts + d, kind = random_.below(100);
    Expected e;
    e.from = port;
    unsigned rid = kPf;
    bool refused = false;
    if (kind < 5) {
      rid = random_.percent(50) ? kFirst + kStride * kVfs : kFirst + 1;
      refused = true;
    } else if (kind < 15) {
      e.rid = kPf;
    } else {
      const unsigned v = d * kVfs + random_.below(kVfs);
      if (vfs[v].changing) return;
      rid = kFirst + kStride * (v % kVfs);
      e.to = vfs[v].host, e.rid = vfs[v].id, e.vf = static_cast<int>(v), e.epoch = vfs[v].epoch;
    }
    const unsigned len = 1 + random_.below(most);
    e.address = (random_.percent(50) ? uint64_t{3} << 33 : 0) + (uint64_t{random_.below(1 << 18)} << 12) +
                4 * random_.below(1024 - len);
    access(port, write, rid, e.address, len, e, refused, port_id(e.to));
  }
  // A configuration read, which the bench answers in the place of the bridge itself.
  void config_read(unsigned h) {
    const unsigned tag = new_tag(h, port_id(h));
    Asked asked;
    asked.left = 4, asked.local = true;
    if (!links[h].asked.emplace(std::pair(port_id(h), tag), asked).second) return;
    Tlp t;
    t.hdr = {0x04000001U, port_id(h) << 16 | tag << 8 | 0x0fU, 0x01000010U, 0};
    links[h].waiting[kNp].push_back(t);
  }
  void everybody(unsigned percent, unsigned most = 32) {
    for (unsigned p = 0; p < kPorts; ++p) {
      if (!random_.percent(percent) || links[p].waiting[kP].size() > 4 || links[p].waiting[kNp].size() > 4) continue;
      const bool write = random_.percent(60) || links[p].asked.size() > 20;
      if (is_host(p) && !write && random_.percent(20))
        config_read(p);
      else if (is_host(p))
        host_access(p, write, most);
      else
        device_access(p - kHosts, write, most);
    }
  }
  void write_to(unsigned from, uint64_t address, unsigned rid, unsigned len, Expected e) {
    access(from, true, rid, address, len, e, false, 0);
  }

  // --- the clock ---

  void step() {
    model.tick_ms_i = cycle % kTick == 0;
    model.tick_stuck_i = cycle % 250 == 0;
    for (unsigned p = 0; p < kPorts; ++p) drive(p);
    drive_local();
    model.eval();
    for (unsigned p = 0; p < kPorts; ++p) look(p);
    look_local();
    bench::step(model);
    ++cycle;
    for (unsigned v = 0; v < vfs.size(); ++v) {
      Vf& vf = vfs[v];
      if (!vf.changing || get(model.bump_i, 64 * (v / kVfs) + v % kVfs, 1)) continue;
      if (get(model.pending_o, 64 * (v / kVfs) + v % kVfs, 1) == 0) vf.changing = false, vf.changed = cycle;
    }
  }

  void cut(unsigned port) {
    put(model.link_i, port, 1, 0);
    Link& link = links[port];
    link.flapped = true;
    link.sending.reset();
    for (auto& row : link.waiting) row.clear();
    link.asked.clear();
    link.answers.clear();
    link.coming = {};
    for (auto& l : links)
      for (auto& [key, asked] : l.asked) asked.maybe_refused = true;
  }
  void restore(unsigned port) { put(model.link_i, port, 1, 1); }

 private:
  void write_map(unsigned host, unsigned row, unsigned v, bool open) {
    const Vf& vf = vfs[v];
    put(model.map_we_i, 0, kUsers, uint64_t{1} << (host - 1));
    put(model.map_idx_i, 0, 4, row);
    const auto at = [&](unsigned low, unsigned width, uint64_t value) { put(model.map_row_i, low, width, value); };
    at(225, 1, open), at(224, 1, open), at(222, 2, v / kVfs), at(216, 6, v % kVfs);
    at(212, 4, vf.size[0]), at(208, 4, vf.size[1]);
    at(156, 52, vf.user[0] >> 12), at(104, 52, vf.user[1] >> 12), at(52, 52, vf.card[0] >> 12),
        at(0, 52, vf.card[1] >> 12);
    if (!open) {  // the row is closed in a cycle of its own
      step();
      model.map_we_i = 0;
    }
  }
  std::vector<std::pair<unsigned, Asked*>> all_asked(unsigned v) {
    std::vector<std::pair<unsigned, Asked*>> out;
    for (unsigned p = 0; p < kPorts; ++p)
      for (auto& [key, asked] : links[p].asked)
        if (asked.vf == static_cast<int>(v)) out.emplace_back(p, &asked);
    return out;
  }
  unsigned new_tag(unsigned port, unsigned rid) {
    for (unsigned i = 0; i < 256; ++i) {
      const unsigned tag = links[port].next_tag++ & 255;
      if (!links[port].asked.count({rid, tag})) return tag;
    }
    return 0;
  }
  bool may_vanish(const Expected& e) const {
    return links[e.from].flapped || links[e.to].flapped ||
           (e.vf >= 0 && vfs[static_cast<unsigned>(e.vf)].epoch != e.epoch);
  }

  void access(unsigned from, bool write, unsigned rid, uint64_t address, unsigned len, Expected e, bool refused,
              unsigned cid) {
    e.len = len;
    if (!is_host(from))
      e.from = from;
    else
      e.rid = port_id(e.to);
    e.number = ++number_;
    e.sent = address;
    if (write) {
      Tlp t = memory(true, rid, 0, address, len);
      t.data.resize(len);
      for (unsigned i = 0; i < len; ++i) t.data[i] = content(number_ << 8 | i);
      t.data[0] = static_cast<uint32_t>(number_);
      e.data = t.data;
      if (!refused) posted_[e.to].emplace(number_, e);
      links[from].waiting[kP].push_back(t);
      return;
    }
    if (!refused) {  // nobody else asks the same, so that each is known where it leaves
      for (const Expected& other : reads_[e.to])
        if (other.address == e.address && other.len == len) return;
    }
    const unsigned tag = new_tag(from, rid);
    Asked asked;
    asked.address = address, asked.left = 4 * len, asked.refused = refused, asked.vf = e.vf, asked.epoch = e.epoch,
    asked.cid = cid;
    // A link that is back takes nothing until all is forgotten that was for it before.
    asked.maybe_refused = !up(e.to) || get(model.old_o, e.to, 1);
    if (!links[from].asked.emplace(std::pair(rid, tag), asked).second) return;
    e.ask_rid = rid, e.ask_tag = tag;
    if (!refused) reads_[e.to].push_back(e);
    links[from].waiting[kNp].push_back(memory(false, rid, tag, address, len));
  }

  void drive(unsigned p) {
    Link& link = links[p];
    const unsigned room = static_cast<unsigned>(get(model.rx_room_o, 3 * p, 3));
    // A completion of a read that it was asked for.
    if (!link.answers.empty() && link.waiting[kCpl].size() < 2) {
      const size_t n = random_.below(static_cast<uint32_t>(link.answers.size()));
      link.waiting[kCpl].push_back(link.answers[n].front());
      link.answers[n].pop_front();
      if (link.answers[n].empty()) link.answers.erase(link.answers.begin() + static_cast<std::ptrdiff_t>(n));
    }
    for (unsigned k = 0; k < 3 && !link.sending && up(p); ++k) {
      const unsigned c = link.next_class;
      link.next_class = (c + 1) % 3;
      if (link.waiting[c].empty() || !(room >> c & 1)) continue;
      link.sending = link.waiting[c].front();
      link.waiting[c].pop_front();
      link.nth = 0;
    }
    put(model.rx_valid_i, p, 1, link.sending.has_value());
    if (link.sending) {
      const Tlp& t = *link.sending;
      Cell cell;
      cell.sop = link.nth == 0;
      cell.eop = 4 * (link.nth + 1) >= t.data.size();
      cell.hdr = t.hdr;
      for (unsigned i = 0; i < 4 && 4 * link.nth + i < t.data.size(); ++i) cell.data[i] = t.data[4 * link.nth + i];
      bench::put_cell(model.rx_i, p, cell);
    }
    put(model.tx_ready_i, p, 1, !link.silent && random_.percent(link.hurry));
  }

  void look(unsigned p) {
    Link& link = links[p];
    if (link.sending && get(model.rx_ready_o, p, 1) && up(p)) {
      ++link.sent;
      if (4 * ++link.nth >= std::max<size_t>(1, link.sending->data.size())) {
        link.sending.reset();
        last_in = cycle;
      }
    }
    if (!get(model.tx_valid_o, p, 1) || !get(model.tx_ready_i, p, 1)) return;
    const Cell cell = bench::get_cell(model.tx_o, p);
    ++link.cells_out;
    if (cell.sop) {
      first_out = cycle;
      link.coming = {};
      link.coming.hdr = cell.hdr;
    }
    if (link.coming.has_data()) link.coming.data.insert(link.coming.data.end(), cell.data.begin(), cell.data.end());
    ASSERT_FALSE(cell.nullify);
    if (!cell.eop) return;
    ++link.packets_out;
    Tlp t = std::move(link.coming);
    link.coming = {};
    if (t.has_data()) {
      ASSERT_EQ(t.data.size(), (t.len() + 3) / 4 * 4) << "length of a packet at port " << p;
      t.data.resize(t.len());
    } else {
      t.data.clear();
    }
    switch (t.cls()) {
      case kP: return on_write(p, t);
      case kNp: return on_read(p, t);
      default: return on_completion(p, t);
    }
  }

  // It left for who had the VF at the time of `epoch`: that must have been so until now, but for what was on its way.
  void check_epoch(const Expected& e, unsigned epoch) {
    if (e.vf < 0) return;
    const Vf& vf = vfs[static_cast<unsigned>(e.vf)];
    if (vf.epoch == epoch || vf.changing) return;
    EXPECT_LE(cycle, vf.changed + kOnTheWay) << "a packet of a former assignment leaves";
    EXPECT_EQ(vf.epoch, epoch + 1) << "a packet of an assignment long ago leaves";
  }
  // A packet may wait at its link while its VF changes hands: then it is what it is under a later assignment. Tells
  // which.
  std::optional<unsigned> assignment_of(const Expected& e, unsigned p, const Tlp& t) const {
    if (e.vf < 0) return e.to == p && e.address == t.address() ? std::optional(0U) : std::nullopt;
    const unsigned v = static_cast<unsigned>(e.vf);
    for (unsigned epoch = e.epoch; epoch <= vfs[v].epoch; ++epoch) {
      const Vf& vf = was[v][epoch];
      if (!is_host(e.from)) {
        if (vf.host == p && vf.id == t.hdr[1] >> 16 && e.address == t.address()) return epoch;
        continue;
      }
      for (unsigned w : {0U, 1U}) {
        const uint64_t bytes = uint64_t{4096} << vf.size[w];
        if (vf.host == e.from && p == e.to && e.sent - vf.user[w] < bytes &&
            t.address() == vf.card[w] + (e.sent - vf.user[w]))
          return epoch;
      }
    }
    return std::nullopt;
  }
  void check_request(unsigned p, const Tlp& t, const Expected& e) {
    const auto epoch = assignment_of(e, p, t);
    ASSERT_TRUE(epoch) << fmt::format("an access of port {} to {:x} is not for {:x} of port {}", e.from, e.sent,
                                      t.address(), p);
    ASSERT_EQ(t.far(), (t.address() >> 32) != 0) << "format and address";
    if (!is_host(p) || e.vf < 0) {
      ASSERT_EQ(t.hdr[1] >> 16, e.rid) << "requester at port " << p;
    }
    ASSERT_EQ(t.hdr[1] & 0xff, t.len() > 1 ? 0xffU : 0x0fU) << "byte enables";
    check_epoch(e, *epoch);
  }
  void on_write(unsigned p, const Tlp& t) {
    const auto row = std::find_if(posted_.begin(), posted_.end(), [&](const auto& r) { return r.count(t.data.at(0)); });
    ASSERT_NE(row, posted_.end()) << "a write of nobody at port " << p;
    const Expected e = row->at(t.data[0]);
    row->erase(t.data[0]);
    ASSERT_EQ(t.data, e.data);
    check_request(p, t, e);
    uint64_t& last = last_posted_[{e.from, p}];
    EXPECT_GT(e.number, last) << "order of writes from port " << e.from;
    last = e.number;
  }
  void on_read(unsigned p, const Tlp& t) {
    std::optional<Expected> found;
    for (auto& row : reads_) {
      const auto at = std::find_if(row.begin(), row.end(),
                                   [&](const Expected& e) { return e.len == t.len() && assignment_of(e, p, t); });
      if (at == row.end()) continue;
      found = *at;
      row.erase(at);
      break;
    }
    ASSERT_TRUE(found) << fmt::format("a read of {:x} that is not for port {}", t.address(), p);
    const Expected& e = *found;
    check_request(p, t, e);
    // Its completions, split where the specification lets them be.
    std::deque<Tlp> parts;
    uint64_t address = t.address();
    const uint64_t end = address + 4 * t.len();
    while (address < end) {
      uint64_t next = std::min<uint64_t>(end, (address / 128 + 1) * 128);
      if (random_.percent(30)) next = std::min<uint64_t>(end, (address / 64 + 1) * 64);
      Tlp c;
      const unsigned dws = static_cast<unsigned>(next - address) / 4;
      c.hdr = {0x4a000000U | dws, port_id(p) << 16 | (static_cast<uint32_t>(end - address) & 0xfff),
               (t.hdr[1] & 0xffffff00U) | (static_cast<uint32_t>(address) & 0x7f), 0};
      for (; address < next; address += 4) c.data.push_back(content(address));
      parts.push_back(c);
    }
    links[p].answers.push_back(std::move(parts));
    from_[{e.from, e.ask_rid, e.ask_tag}] = t.address();
  }
  void on_completion(unsigned p, const Tlp& t) {
    Link& link = links[p];
    const unsigned rid = t.hdr[2] >> 16, tag = t.hdr[2] >> 8 & 0xff, status = t.hdr[1] >> 13 & 7, cid = t.hdr[1] >> 16;
    const auto at = link.asked.find({rid, tag});
    ASSERT_NE(at, link.asked.end()) << fmt::format("a completion that port {} does not wait for: {:x}.{:x}", p, rid,
                                                   tag);
    Asked& asked = at->second;
    const unsigned bytes = (t.hdr[1] & 0xfff) ? t.hdr[1] & 0xfff : 4096;
    // An error ends the request, whatever of its data ended at the exit with a former assignment.
    if (status == 0 || !asked.maybe_refused) {
      EXPECT_EQ(bytes, asked.left) << "byte count";
    }
    if (status != 0) {
      EXPECT_EQ(status, 1U);
      EXPECT_TRUE(asked.refused || asked.maybe_refused)
          << fmt::format("port {}'s read of {:x} is refused", p, asked.address);
      ++link.urs;
      link.refused_by[{rid, tag}] = cid;
      link.asked.erase(at);
      return;
    }
    ASSERT_FALSE(asked.refused) << "data from nowhere";
    if (asked.cid != 0 && !asked.maybe_refused) {
      EXPECT_EQ(cid, asked.cid) << "completer as its asker knows it";
    }
    const unsigned got = 4 * t.len();
    ASSERT_LE(got, asked.left);
    if (asked.local) {
      EXPECT_EQ(t.data[0], content(tag));
    } else {
      EXPECT_EQ(t.hdr[2] & 0x7f, asked.address & 0x7f) << "lower address";
      const uint64_t far_address = from_.at({p, rid, tag});
      const uint64_t begun = asked.begun;
      for (unsigned i = 0; i < t.len(); ++i) ASSERT_EQ(t.data[i], content(far_address + begun + 4 * i));
    }
    asked.begun += got;
    asked.address += got;
    asked.left -= got;
    if (asked.left == 0) {
      ++link.done;
      link.asked.erase(at);
    }
  }

  // The bridge itself: answers what is asked of it.
  void drive_local() {
    for (unsigned p = 0; p < kPorts; ++p) {
      const bool some = !local_[p].empty();
      put(model.own_cpl_valid_i, p, 1, some);
      put(model.local_ready_i, 3 * p, 3, some ? 0 : 7);
      if (!some) continue;
      Cell cell;
      cell.sop = cell.eop = true;
      const Words& h = local_[p].front();
      const unsigned tag = h[1] >> 8 & 0xff;
      cell.hdr = {0x4a000001U, port_id(p) << 16 | 4, h[1] >> 16 << 16 | tag << 8, 0};
      cell.data[0] = content(tag);
      bench::put_cell(model.own_cpl_i, p, cell);
    }
  }
  void look_local() {
    reports += model.err_valid_o;
    for (unsigned p = 0; p < kPorts; ++p) {
      if (get(model.own_cpl_valid_i, p, 1) && get(model.own_cpl_ready_o, p, 1)) local_[p].pop_front();
      if (get(model.old_o, p, 1) || !up(p)) local_[p].clear();
      if (!get(model.local_valid_o, p, 1) || get(model.old_o, p, 1)) continue;
      const Cell cell = bench::get_cell(model.local_o, p);
      EXPECT_TRUE(cell.sop && cell.eop);
      EXPECT_EQ(cell.hdr[0] >> 24 & 0x1f, 4U) << "only configuration requests are for the bridge itself here";
      local_[p].push_back(cell.hdr);
    }
  }

  Random& random_;
  uint64_t number_ = 0;
  std::array<std::map<uint64_t, Expected>, kPorts> posted_;
  std::array<std::vector<Expected>, kPorts> reads_;
  std::map<std::pair<unsigned, unsigned>, uint64_t> last_posted_;
  std::map<std::tuple<unsigned, unsigned, unsigned>, uint64_t> from_;
  std::array<std::deque<Words>, kPorts> local_;
};

TEST(Whole, EverybodysReadsAndWritesReachWhoTheyAreForAndNobodyElse) {
  Random random(1);
  Whole whole(random);
  for (Link& link : whole.links) link.hurry = 60 + random.below(41);
  for (unsigned i = 0; i < 30000 && !HasFailure(); ++i) {
    whole.everybody(20);
    whole.step();
  }
  whole.drain();
  for (unsigned p = 0; p < kPorts; ++p) {
    EXPECT_GT(whole.links[p].done, 50U) << "reads of port " << p;
    EXPECT_GT(whole.links[p].urs, 5U) << "refused reads of port " << p;
    EXPECT_GT(whole.links[p].packets_out, 300U);
  }
  EXPECT_EQ(whole.lost, 0U);
  EXPECT_GT(whole.reports, 100U);
}

TEST(Whole, VfsChangeHandsUnderTrafficAndNothingOfTheFormerAssignmentLeaves) {
  Random random(2);
  Whole whole(random);
  for (Link& link : whole.links) link.hurry = 70 + random.below(31);
  for (unsigned round = 0; round < 60 && !HasFailure(); ++round) {
    for (unsigned i = random.below(1500); i > 0 && !HasFailure(); --i) {
      whole.everybody(25);
      whole.step();
    }
    for (unsigned n = 1 + random.below(3); n > 0; --n) {
      const unsigned v = random.below(static_cast<uint32_t>(whole.vfs.size()));
      if (!whole.vfs[v].changing) whole.give(v, random.below(kHosts));
    }
    for (unsigned i = 0; i < 1300 && !HasFailure(); ++i) {
      whole.everybody(15);
      whole.step();
    }
  }
  whole.drain();
  uint64_t done = 0;
  for (const Link& link : whole.links) done += link.done;
  EXPECT_GT(done, 500U);
  fmt::print("{} reads answered with data, {} writes of former assignments ended\n", done, whole.lost);
}

TEST(Whole, AServerThatTakesNothingStopsNobodyElse) {
  Random random(3);
  Whole whole(random);
  whole.model.stuck_i = 20;
  const unsigned mute = kHosts - 1;
  whole.links[mute].silent = true;
  for (auto& link : whole.links)
    for (auto& [key, asked] : link.asked) asked.maybe_refused = true;
  for (unsigned i = 0; i < 12000 && !HasFailure(); ++i) {
    for (unsigned h = 0; h < kHosts; ++h)
      if (h != mute && whole.links[h].waiting[kP].size() < 4) whole.host_access(h, true);
    for (unsigned d = 0; d < kDevices; ++d)
      if (whole.links[kHosts + d].waiting[kP].size() < 4) whole.device_access(d, true);
    whole.links[mute].flapped = true;  // what is for it may end
    whole.step();
  }
  EXPECT_EQ(whole.model.contained_o, 1U << mute) << "that port alone is contained";
  std::array<uint64_t, kPorts> before{};
  for (unsigned p = 0; p < kPorts; ++p) before[p] = whole.links[p].packets_out;
  whole.run(100);
  for (unsigned i = 0; i < 4000 && !HasFailure(); ++i) {
    for (unsigned d = 0; d < kDevices; ++d)
      if (whole.links[kHosts + d].waiting[kP].size() < 4) whole.device_access(d, true);
    if (whole.links[0].waiting[kP].size() < 4) whole.host_access(0, true);
    whole.step();
  }
  for (unsigned p = 0; p < kPorts; ++p) {
    if (p == 0 || p >= kHosts) {
      EXPECT_GT(whole.links[p].packets_out, before[p] + 20) << "port " << p << " goes on";
    }
  }
  whole.links[mute].silent = false;
  whole.drain();
  EXPECT_EQ(whole.model.contained_o, 0U) << "a port that takes everything again is let go";
}

// Nor whoever comes after: what is asked from the first cycle on is answered.
TEST(Whole, LinksThatFlapHarmNobodyElse) {
  Random random(4);
  Whole whole(random);
  for (unsigned round = 0; round < 30 && !HasFailure(); ++round) {
    for (unsigned i = 100 + random.below(1500); i > 0 && !HasFailure(); --i) {
      whole.everybody(30);
      whole.step();
    }
    const unsigned port = random.below(kPorts);
    whole.cut(port);
    whole.run(1 + random.below(random.percent(50) ? 10 : 3000));
    whole.restore(port);
  }
  whole.drain();
}

// A device that is gone answers nobody: who had asked it hears so at once, not after the time-out.
TEST(Whole, RequestsToADeviceWhoseLinkIsLostEndAtOnce) {
  Random random(7);
  Whole whole(random);
  whole.model.timeout_i = 32767;
  Link& owner = whole.links[0];
  whole.links[kHosts].silent = true;
  while (owner.asked.size() < 8) {
    whole.host_access(0, false);
    whole.run(20);
  }
  whole.cut(kHosts);
  whole.run(1000);
  EXPECT_TRUE(owner.asked.empty()) << owner.asked.size() << " reads wait";
  EXPECT_GE(owner.urs, 8U);
}

// To a server it is the VF that did not answer, by the name that it has there.
TEST(Whole, AReadWithoutAnAnswerEndsInTheNameOfItsVf) {
  Random random(8);
  Whole whole(random);
  const auto run_unanswered = [&](unsigned cycles) {
    for (unsigned i = 0; i < cycles && !HasFailure(); ++i) {
      whole.run(1);
      for (unsigned d = 0; d < kDevices; ++d) whole.links[kHosts + d].answers.clear();
    }
  };
  for (unsigned i = 0; i < 400; ++i) {
    for (unsigned h = 1; h < kHosts; ++h)
      if (whole.links[h].asked.size() < 4) whole.host_access(h, false);
    run_unanswered(4);
  }
  std::map<unsigned, std::map<std::pair<unsigned, unsigned>, unsigned>> by;
  for (unsigned h = 1; h < kHosts; ++h)
    for (auto& [key, asked] : whole.links[h].asked)
      if (!asked.refused) asked.maybe_refused = true, by[h][key] = asked.cid;
  ASSERT_FALSE(by.empty());
  run_unanswered(12 * kTick);
  for (const auto& [h, reads] : by)
    for (const auto& [key, cid] : reads) EXPECT_EQ(whole.links[h].refused_by[key], cid) << "a read of server " << h;
}

// From the last cell in to the first one out, links included, nothing else on the bridge.
TEST(Whole, LatencyOfAWriteIsTheSumOfItsStages) {
  Random random(5);
  Whole whole(random);
  uint64_t down = 0, up = 0;
  for (unsigned n = 0; n < 20; ++n) {
    whole.host_access(0, true);
    whole.drain(200);
    if (whole.first_out > whole.last_in) down = whole.first_out - whole.last_in;
    whole.device_access(0, true);
    whole.drain(200);
    if (whole.first_out > whole.last_in) up = whole.first_out - whole.last_in;
  }
  fmt::print("latency of a write: {} cycles from the owner to a device, {} from a device\n", down, up);
  EXPECT_EQ(down, 22U);
  EXPECT_EQ(up, 23U);
}

TEST(Whole, OneCellACycleBothWaysAtOnce) {
  Random random(6);
  Whole whole(random);
  const auto feed = [&] {
    while (whole.links[0].waiting[kP].size() < 4) {
      Expected e;
      e.from = 0, e.to = kHosts, e.address = Whole::window(0) + 0x1000;
      whole.write_to(0, e.address, port_id(0), 32, e);
    }
    while (whole.links[kHosts].waiting[kP].size() < 4) {
      Expected e;
      e.from = kHosts, e.to = 0, e.address = 0x5000, e.rid = kPf;
      whole.write_to(kHosts, e.address, kPf, 32, e);
    }
  };
  for (unsigned i = 0; i < 500; ++i) feed(), whole.step();
  const uint64_t down = whole.links[kHosts].cells_out, up = whole.links[0].cells_out;
  for (unsigned i = 0; i < 4000; ++i) feed(), whole.step();
  EXPECT_GE(whole.links[kHosts].cells_out - down, 3990U);
  EXPECT_GE(whole.links[0].cells_out - up, 3990U);
  fmt::print("cells in 4000 cycles: {} down, {} up\n", whole.links[kHosts].cells_out - down,
             whole.links[0].cells_out - up);
}

}  // namespace
