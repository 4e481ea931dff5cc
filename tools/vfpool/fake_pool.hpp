// SPDX-License-Identifier: Apache-2.0
// A pool and a server that exist only in a test: events come from a queue, sysfs and proc are files of a folder.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <functional>
#include <map>

#include "failure.hpp"
#include "pool.hpp"
#include "vfpool_regs.h"

namespace vfpool::tools {

class FakePool : public Pool {
 public:
  FakePool() {
    about.interface = VFPOOL_INTERFACE;
    about.role = VFPOOL_USER;
    about.port = 1;
    about.users = 2;
    about.slots = 2;
    about.functions = 8;
    about.sriov = 1;
    about.vfs = 4;
    about.cards = 1;
    for (unsigned u = 1; u <= 2; ++u)
      for (unsigned s = 0; s < 2; ++s) {
        auto& slot = slots[{u, s}];
        slot.user = static_cast<__u8>(u);
        slot.slot = static_cast<__u8>(s);
        slot.physical = static_cast<__u8>(s + 1);
        slot.power_led = 3;
      }
  }

  std::string name() const override { return "vfpool0"; }
  vfpool_info info() override { return about; }
  vfpool_slot_info slot(unsigned user, unsigned slot) override { return slots.at({user ? user : about.port, slot}); }
  bool try_lock() override { return locked_by_others == 0 || --locked_by_others == 0; }
  void unlock() override {}
  void request(unsigned slot, unsigned vf, unsigned flags) override {
    wants(slot, true);
    asked.push_back(fmt_call("request", slot, vf, flags));
    if (on_request) on_request();
  }
  void release(unsigned user, unsigned slot, unsigned flags) override {
    asked.push_back(fmt_call("release", user, slot, flags));
    if (on_release) on_release();
  }
  vfpool_card_info card(unsigned n) override {
    // The first one is what `about` says.
    vfpool_card_info c{.card = static_cast<__u8>(n),
                       .port = static_cast<__u8>(1 + about.users + n),
                       .link = 1,
                       .sriov = about.sriov,
                       .vfs = about.vfs,
                       .no_vfs = VFPOOL_NO_VFS_NONE,
                       .payload = 128,
                       .address = (0x10000ULL << 16) + 0x300};
    if (n == 0) return c;
    c.vfs = more_cards.at(n - 1);
    c.sriov = c.vfs != 0;
    c.no_vfs = c.vfs ? VFPOOL_NO_VFS_NONE : VFPOOL_NO_VFS_DISABLED;
    c.address += 0x200ULL * n;
    return c;
  }
  /// A further card, with so many VFs.
  void add_card(unsigned vfs_enabled) {
    const unsigned n = about.cards++;
    more_cards.push_back(static_cast<__u8>(vfs_enabled));
    for (unsigned i = 0; i < vfs_enabled; ++i) {
      const unsigned name = n * VFPOOL_CARD_VFS + i;
      vfs[name].vf = profiles[name].vf = static_cast<__u8>(name);
      vfs[name].address = (0x10000ULL << 16) + 0x480u + 0x200u * n + 2 * i;
      profiles[name].spoof_check = 1;
    }
  }
  vfpool_vf_info vf(unsigned vf) override { return vfs[vf]; }
  void assign(unsigned vf, unsigned user, unsigned slot, unsigned, unsigned flags) override {
    asked.push_back(fmt_call("assign", vf, user, slot, flags));
    if (on_assign) on_assign();
  }
  vfpool_user_info user(unsigned user, unsigned quota, unsigned weight) override {
    auto& u = users[user];
    u.user = static_cast<__u8>(user);
    if (!u.payload) u.payload = 128;
    if (quota != 0xff) u.quota = static_cast<__u8>(quota);
    if (weight != 0xff) u.weight = static_cast<__u8>(weight);
    return u;
  }
  void reserve(unsigned vf, unsigned user) override { vfs[vf].reserved_for = static_cast<__u8>(user); }
  void reset(unsigned vf) override {
    asked.push_back(fmt_call("reset", vf));
    if (on_reset) on_reset();
  }
  vfpool_profile profile(unsigned vf) override { return profiles[vf]; }
  void set_profile(const vfpool_profile& p) override { profiles[p.vf] = p; }
  vfpool_port_counters port_counters(unsigned port) override { return ports[port]; }
  std::optional<vfpool_vf_counters> vf_counters(unsigned vf) override {
    const auto c = frames.find(vf);
    if (c == frames.end()) return {};
    return c->second;
  }
  vfpool_drops drops() override { return dropped; }
  std::optional<vfpool_event> next_event(std::chrono::milliseconds) override {
    if (on_look) on_look();
    if (events.empty()) return {};
    const auto e = events.front();
    events.pop_front();
    return e;
  }

  void tell(unsigned kind, unsigned slot, unsigned vf, unsigned reason = 0) {
    if (kind == VFPOOL_EVENT_ASSIGNED || kind == VFPOOL_EVENT_DENIED) wants(slot, false);
    vfpool_event e{};
    e.kind = static_cast<__u8>(kind);
    e.user = about.port;
    e.slot = static_cast<__u8>(slot);
    e.vf = static_cast<__u8>(vf);
    e.reason = static_cast<__u8>(reason);
    events.push_back(e);
  }

  vfpool_info about{};
  std::vector<__u8> more_cards;  // VFs that each offers
  std::map<std::pair<unsigned, unsigned>, vfpool_slot_info> slots;
  std::map<unsigned, vfpool_vf_info> vfs;
  std::map<unsigned, vfpool_profile> profiles;
  std::map<unsigned, vfpool_user_info> users;
  std::map<unsigned, vfpool_port_counters> ports;
  std::map<unsigned, vfpool_vf_counters> frames;  // of VFs; none: the card's driver does not count
  vfpool_drops dropped{};
  std::deque<vfpool_event> events;
  unsigned locked_by_others = 0;  ///< so many tries find it locked
  std::vector<std::string> asked;
  std::function<void()> on_request, on_release, on_assign, on_reset;
  std::function<void()> on_look;  ///< whenever a command waits

 private:
  /// Whether this server's own slot waits for an answer; the owner has none.
  void wants(unsigned slot, bool answer) {
    if (const auto s = slots.find({about.port, slot}); s != slots.end()) s->second.requested = answer;
  }
  template <class... A>
  static std::string fmt_call(const std::string& what, A... arguments) {
    std::string out = what;
    ((out += " " + std::to_string(arguments)), ...);
    return out;
  }
};

/// A folder with the parts of sysfs and proc that Server reads.
class FakeServer {
 public:
  FakeServer() {
    char name[] = "/tmp/vfpool-server.XXXXXX";
    root = mkdtemp(name);
    file("proc/net/route", "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n");
    // The bridge's two functions, a port for each slot, the slots' buses.
    file("sys/devices/p/10000:01:00.0/vendor", "0x10ee\n");
    for (unsigned s = 0; s < 2; ++s) {
      const std::string port = "sys/devices/p/10000:01:00.1/10000:02:0" + std::to_string(s) + ".0";
      file(port + "/pci_bus/10000:0" + std::to_string(3 + s) + "/x", "");
      link("sys/bus/pci/devices/10000:02:0" + std::to_string(s) + ".0", port);
      file("sys/bus/pci/slots/" + std::to_string(s + 1) + "/address", "10000:0" + std::to_string(3 + s) + ":00\n");
      file("sys/bus/pci/slots/" + std::to_string(s + 1) + "/power", "1\n");
    }
  }
  ~FakeServer() { std::filesystem::remove_all(root); }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  void file(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  void link(const std::string& path, const std::string& to) const {
    std::filesystem::create_directories((root / path).parent_path());
    std::filesystem::create_symlink(root / to, root / path);
  }
  /// A function with an interface appears in a slot.
  void plug(unsigned slot, const std::string& netdev) const {
    const std::string device = "sys/bus/pci/devices/10000:0" + std::to_string(3 + slot) + ":00.0";
    file(device + "/net/" + netdev + "/x", "");
    std::filesystem::create_directories(root / "sys/class/net" / netdev);
  }

  std::filesystem::path root;
};

}  // namespace vfpool::tools
