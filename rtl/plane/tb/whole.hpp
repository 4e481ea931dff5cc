// SPDX-License-Identifier: Apache-2.0
// The data plane with its decisions, seen from the links: servers and devices that send, ask and answer, and what must
// become of each packet, written from docs/bridge-inside.md and the PCIe Base Specification 2.1.
#pragma once

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

#include "whole_packets.hpp"
#include PLANE_HEADER

namespace whole {

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
    m.own_tag_valid_i = 0, m.hold_i = 0, m.hold_dev_i = 0, m.tick_ms_i = 0, m.tick_stuck_i = 0, m.err_ready_i = 1;
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
      put(m.whole_i, d, 1, 0), put(m.last_bus_i, 8 * d, 8, 0);
      put(m.sriov_i, d, 1, 1), put(m.closed_i, d, 1, 0), m.users_closed_i = 0, put(m.first_i, 16 * d, 16, kFirst),
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
      for (const auto& row : reads_)
        for (const Expected& other : row)
          if (other.address == e.address && other.len == len) return;
    }
    const unsigned tag = new_tag(from, rid);
    Asked asked;
    asked.address = address, asked.left = 4 * len, asked.refused = refused, asked.vf = e.vf, asked.epoch = e.epoch,
    asked.cid = cid, asked.number = e.number;
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

  // whole_judge.cpp
  void check_epoch(const Expected& e, unsigned epoch);
  std::optional<unsigned> assignment_of(const Expected& e, unsigned p, const Tlp& t) const;
  void check_request(unsigned p, const Tlp& t, const Expected& e);
  void on_write(unsigned p, const Tlp& t);
  bool still_asked(const Expected& e) const;
  void on_read(unsigned p, const Tlp& t);
  void on_completion(unsigned p, const Tlp& t);

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

}  // namespace whole
