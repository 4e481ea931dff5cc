// SPDX-License-Identifier: Apache-2.0
// All VFs of the card live at once: as many as the slots hold at the users, the rest at the owner. A mirror on the wire
// sends each frame back to the VF that it came from.
#pragma once

#include <map>

#include "pool.hpp"

namespace vfpool {

class AllVfs : public Pool {
 protected:
  static constexpr unsigned kVfs = 63;
  static constexpr std::size_t kFrame = 1514;

  /// A VF and what has come back to it.
  struct Vf {
    host::Server& server;
    pcie::Bdf at_owner;  ///< under which the card's requests carry it
    bool pooled;
    host::VfDriver driver;
    std::uint64_t sent = 0, returned = 0, packets = 0;
    SimTime posted{0}, round{0};  ///< when the last one left, how long it took

    Vf(host::Server& s, const host::Function& f, pcie::Bdf id, bool in_a_slot)
        : server(s), at_owner(id), pooled(in_a_slot), driver(s, f) {}
    std::uint64_t under_way() const { return sent - returned; }
  };

  host::Task<> start_all() {
    co_await start_owner(kVfs);
    const auto geometry = bridge::Bridge::geometry();
    unsigned next = 0;
    for (unsigned n = 1; n <= geometry.users; ++n) {
      user_trees[n] = co_await enumerators[n]->all();
      for (unsigned slot = 0; slot < geometry.slots; ++slot) {
        const unsigned first = next;
        for (unsigned fn = 0; fn < geometry.slot_functions && next < kVfs; ++fn, ++next)
          if (command(Op::kAssign, n, slot, next, fn) != Result::kDone)
            throw std::runtime_error("a VF cannot be assigned");
        if (next == first) break;
        co_await power(n, slot, true);
        const auto functions = co_await enumerators[n]->slot(slot_port(n, slot));
        if (functions.size() != next - first) throw std::runtime_error("not all functions show in a slot");
        for (std::size_t i = 0; i < functions.size(); ++i) add(user(n), functions[i], first + i, true);
      }
    }
    for (; next < kVfs; ++next) add(owner(), owner_vfs[next], next, false);
    for (auto& vf : vfs) co_await start(*vf);
    wire.second->set_receiver([this](wire::Frame f) {
      std::swap_ranges(f.begin(), f.begin() + 6, f.begin() + 6);
      wire.second->send(f);
    });
    count_packets();
  }

  void send(Vf& vf) {
    std::vector<std::uint8_t> frame(kFrame, 0x5a);
    const std::array<std::uint8_t, 6> mirror{0x02, 0, 0, 0, 0, 9};
    std::copy(mirror.begin(), mirror.end(), frame.begin());
    std::copy(vf.driver.mac().begin(), vf.driver.mac().end(), frame.begin() + 6);
    if (!vf.driver.post(frame)) throw std::runtime_error("the ring is full");
    ++vf.sent;
    vf.posted = scheduler.now();
  }

  /// One frame of `vf` there and back, nothing else under way.
  SimTime alone(Vf& vf) {
    run(vf.server.sleep(std::chrono::microseconds(20)));
    send(vf);
    if (!scheduler.run_until([&] { return vf.under_way() == 0; }, std::chrono::milliseconds(10)))
      throw std::runtime_error("a frame did not come back");
    return vf.round;
  }

  /// All VFs at the same time, each with `window` frames on their way, for `length`.
  void together(unsigned window, SimTime length) {
    for (auto& vf : vfs) vf->sent = vf->returned = vf->packets = 0;
    keep_sending = true;
    for (auto& vf : vfs)
      for (unsigned i = 0; i < window; ++i) send(*vf);
    run(owner().sleep(length));
    keep_sending = false;
  }

  std::vector<std::unique_ptr<Vf>> vfs;

 private:
  void add(host::Server& server, const host::Function& f, std::size_t number, bool in_a_slot) {
    vfs.push_back(std::make_unique<Vf>(server, f, owner_vfs.at(number).bdf, in_a_slot));
    by_id[vfs.back()->at_owner.raw] = vfs.back().get();
  }
  host::Task<> start(Vf& vf) {
    co_await vf.driver.start();
    vf.server.on_interrupt(vf.driver.interrupt(), [this, &vf] {
      while (const auto frame = vf.driver.take()) {
        ++vf.returned;
        vf.round = scheduler.now() - vf.posted;
        if (keep_sending) send(vf);
      }
      vf.driver.rearm();
    });
  }
  /// What the card asks and writes for each VF.
  void count_packets() {
    bridge.add_tap([this](unsigned port, bool toward, const pcie::Tlp& t) {
      if (port != bridge::Bridge::device_port(0) || !toward || t.flow_class() == pcie::FlowClass::kCompletion) return;
      if (const auto vf = by_id.find(t.requester().raw); vf != by_id.end()) ++vf->second->packets;
    });
  }

  std::map<std::uint16_t, Vf*> by_id;
  bool keep_sending = false;
};

}  // namespace vfpool
