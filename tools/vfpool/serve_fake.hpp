// SPDX-License-Identifier: Apache-2.0
// A pool that exists only in a test and may be used by several threads, each of which opens it: VFs that are given are
// there at once, those that are released are free at once.
#pragma once

#include <memory>
#include <mutex>

#include "fake_pool.hpp"

namespace vfpool::tools {

struct LiveState {
  LiveState() {
    pool.about.role = VFPOOL_OWNER;
    pool.about.port = 0;
    for (unsigned n = 0; n < pool.about.vfs; ++n) {
      pool.vfs[n].vf = static_cast<__u8>(n);
      pool.vfs[n].address = 0x0480u + 2 * n;
      pool.profiles[n].vf = static_cast<__u8>(n);
    }
    for (unsigned u = 1; u <= pool.about.users; ++u) pool.user(u, 4, 1);
  }
  std::mutex mutex;
  FakePool pool;
};

class LivePool : public Pool {
 public:
  explicit LivePool(std::shared_ptr<LiveState> state) : state_(std::move(state)) {}

  std::string name() const override { return "vfpool0"; }
  vfpool_info info() override { return locked()->info(); }
  vfpool_slot_info slot(unsigned user, unsigned slot) override { return locked()->slot(user, slot); }
  bool try_lock() override { return locked()->try_lock(); }
  void unlock() override { locked()->unlock(); }
  void request(unsigned slot, unsigned vf, unsigned flags) override { locked()->request(slot, vf, flags); }
  vfpool_card_info card(unsigned card) override { return locked()->card(card); }
  vfpool_vf_info vf(unsigned vf) override { return locked()->vf(vf); }
  vfpool_user_info user(unsigned user, unsigned quota, unsigned weight) override {
    return locked()->user(user, quota, weight);
  }
  void reserve(unsigned vf, unsigned user) override { locked()->reserve(vf, user); }
  void reset(unsigned vf) override {
    const auto pool = locked();
    pool->reset(vf);
    if (pool->vfs[vf].use != VFPOOL_USE_BROKEN) throw Failure(Exit::kUsage, "it is not broken");
    pool->vfs[vf].use = VFPOOL_USE_FREE;
  }
  vfpool_profile profile(unsigned vf) override { return locked()->profile(vf); }
  void set_profile(const vfpool_profile& p) override { locked()->set_profile(p); }
  vfpool_port_counters port_counters(unsigned port) override { return locked()->port_counters(port); }
  std::optional<vfpool_vf_counters> vf_counters(unsigned vf) override { return locked()->vf_counters(vf); }
  vfpool_drops drops() override { return locked()->drops(); }
  std::optional<vfpool_event> next_event(std::chrono::milliseconds limit) override {
    return locked()->next_event(limit);
  }

  void assign(unsigned vf, unsigned user, unsigned slot, unsigned function, unsigned flags) override {
    const auto pool = locked();
    pool->assign(vf, user, slot, function, flags);
    auto& v = pool->vfs[vf];
    v.use = VFPOOL_USE_ASSIGNED;
    v.user = static_cast<__u8>(user);
    v.slot = static_cast<__u8>(slot);
    fill(*pool, user, slot, true);
    tell(*pool, VFPOOL_EVENT_ASSIGNED, v);
  }
  void release(unsigned user, unsigned slot, unsigned flags) override {
    const auto pool = locked();
    pool->release(user, slot, flags);
    for (auto& [n, v] : pool->vfs) {
      if (v.user != user || v.slot != slot) continue;
      tell(*pool, VFPOOL_EVENT_RELEASED, v);
      v.use = VFPOOL_USE_FREE;
      v.user = v.slot = 0;
    }
    fill(*pool, user, slot, false);
  }

 private:
  // The fake pool, and the lock for as long as the call goes on.
  struct Locked {
    std::unique_lock<std::mutex> lock;
    FakePool& pool;
    FakePool* operator->() const { return &pool; }
    FakePool& operator*() const { return pool; }
  };
  Locked locked() { return {std::unique_lock(state_->mutex), state_->pool}; }
  static void fill(FakePool& pool, unsigned user, unsigned slot, bool full) {
    auto& s = pool.slots.at({user, slot});
    s.present = s.link = s.powered = full;
    pool.users[user].held = static_cast<__u8>(pool.users[user].held + (full ? 1 : -1));
  }
  static void tell(FakePool& pool, unsigned kind, const vfpool_vf_info& v) {
    pool.tell(kind, v.slot, v.vf);
    pool.events.back().user = v.user;
  }

  std::shared_ptr<LiveState> state_;
};

}  // namespace vfpool::tools
