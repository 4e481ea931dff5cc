// SPDX-License-Identifier: Apache-2.0
// A server dies while it holds VFs, and while it gives them back. The wire goes on sending to its VF, and the record of
// TLPs shows what became of that: nothing reaches anybody, and after the reset the VF asks for no memory any more.
#include <algorithm>
#include <span>

#include "app/control_client.hpp"
#include "hotplug.hpp"
#include "record/test_support.hpp"
#include "record/tlp_record.hpp"

namespace vfpool {
namespace {

using pcie::Bdf;
using pcie::TlpKind;

constexpr unsigned kUser1 = 1, kUser2 = 2, kCard = 3;  // ports of the bridge
constexpr unsigned kVfDeviceControl = 0xa8;            // 82599 data sheet, 9.5: PCIe capability at 0xa0

struct Seen {
  std::uint64_t time;  // ns since 1970
  unsigned port;
  bool to_bridge;
  pcie::Tlp tlp;

  bool memory_request_of(Bdf vf) const {
    return (tlp.kind() == TlpKind::kMemRead || tlp.kind() == TlpKind::kMemWrite) && tlp.requester() == vf;
  }
  /// Initiate Function Level Reset (PCIe Base Spec 2.1, 7.8.4).
  bool resets(Bdf vf) const {
    return port == kCard && !to_bridge && (tlp.kind() == TlpKind::kCfgWrite0 || tlp.kind() == TlpKind::kCfgWrite1) &&
           tlp.cfg_target() == vf && tlp.cfg_register() == kVfDeviceControl && tlp.first_be() & 2 && tlp.data[1] & 0x80;
  }
  bool answers(const pcie::Tlp& request) const {
    return port == kCard && to_bridge && tlp.kind() == TlpKind::kCpl && tlp.requester() == request.requester() &&
           tlp.tag() == request.tag();
  }
};

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count());
}

class HotplugDeath : public Hotplug {
 protected:
  static json ask(const json& request) { return app::ControlClient(lab_->file("control.sock")).ask(request); }

  static std::vector<Seen> recorded() {
    ask({{"op", "flush"}});
    std::vector<Seen> out;
    for (const auto& p : record::read_packets(lab_->file("tlp.pcapng")))
      if (auto tlp = pcie::from_bytes(std::span(p.bytes).subspan(record::TlpPseudoHeader::kSize)))
        out.push_back({p.time, p.bytes[1], p.bytes[2] != 0, std::move(*tlp)});
    return out;
  }
  /// At the owner's side of the bridge.
  static Bdf address_of(unsigned vf) {
    unsigned bus = 0, device = 0, function = 0;
    const std::string text = listed("vfs")[vf]["address"];
    EXPECT_EQ(std::sscanf(text.c_str(), "%*x:%x:%x.%x", &bus, &device, &function), 3) << text;
    return Bdf(bus, device, function);
  }
  static bool is_free(unsigned vf) {
    return lab::eventually(30s, [&] { return listed("vfs")[vf]["use"] == "free"; });
  }
  /// The host at the wire sends to this address from now on, whether somebody answers or not.
  static std::unique_ptr<lab::Process> flood(const std::string& netdev) {
    auto ping = lab_->peer("peer").spawn("ping -q -i 0.005 10.82.0.1");
    const std::string counter = fmt::format("cat /sys/class/net/{}/statistics/rx_packets", netdev);
    const auto received = [&] { return std::stoul(sh("user1", counter).out); };
    const auto before = received();
    EXPECT_TRUE(lab::eventually(60s, [&] { return received() > before + 100; }));
    return ping;
  }
  /// Kills user 1; returns when that was, at the latest, known to the bridge. Until then packets go into the memory of
  /// a machine that is no more.
  static std::uint64_t kill_user1() {
    lab_->vm("user1").kill();
    std::uint64_t gone = 0;
    EXPECT_TRUE(lab::eventually(20s, [&] {
      const json status = ask({{"op", "status"}});
      for (const auto& s : status["servers"])
        if (s["name"] == "user1" && s["state"] == "off")
          gone = now_ns() - static_cast<std::uint64_t>(s["since_ms"].get<double>() * 1e6);
      return gone != 0;
    }));
    return gone;
  }
  static void bring_user1_back() {
    lab_->vm("user1").restart(240s);
    put_commands("user1");
    EXPECT_EQ(sh("user1", "modprobe vfpool").rc, 0);
  }
  /// Of a VF that its server had until `killed`, and that is free by now.
  static void expect_its_dma_ended(Bdf vf, std::uint64_t killed, std::uint64_t gone) {
    const auto all = recorded();
    const auto dma = [&](const Seen& s) { return s.port == kCard && s.memory_request_of(vf); };
    const auto death = std::find_if(all.begin(), all.end(), [&](const Seen& s) { return s.time >= killed; });
    EXPECT_GT(std::count_if(all.begin(), death, dma), 100) << "it had traffic";

    const auto reset = std::find_if(death, all.end(), [&](const Seen& s) { return s.resets(vf); });
    ASSERT_NE(reset, all.end()) << "it was never reset";
    const auto done = std::find_if(reset, all.end(), [&](const Seen& s) { return s.answers(reset->tlp); });
    ASSERT_NE(done, all.end());
    EXPECT_EQ(done->tlp.status(), pcie::CplStatus::kSuccess);
    EXPECT_EQ(std::count_if(done, all.end(), dma), 0) << "requests after its reset";

    const auto after = std::find_if(death, all.end(), [&](const Seen& s) { return s.time > gone; });
    for (auto s = after; s != all.end(); ++s) {
      if (s->to_bridge || s->port == kCard) continue;
      EXPECT_NE(s->port, kUser1) << "to the dead server: " << s->tlp.str();
      EXPECT_FALSE(s->memory_request_of(vf)) << "to port " << s->port << ": " << s->tlp.str();
      // User 2 has no VF; whatever wrote to its memory would be this one under another ID.
      EXPECT_FALSE(s->port == kUser2 && s->tlp.kind() == TlpKind::kMemWrite && s->tlp.length_dw() > 1) << s->tlp.str();
    }
  }
};

TEST_F(HotplugDeath, WhatAServerAskedForComesBackAndWhatItWasGivenStaysItsOwn) {
  const json in = command("user1", "hotplug_in --vf 0 --slot 0");
  ASSERT_EQ(in["rc"], 0) << in;
  const std::string netdev = netdev_of(1, in);
  ASSERT_EQ(pool("owner", "assign 2 1 --slot 1")["rc"], 0);
  reaches_the_wire(1, netdev);
  const auto ping = flood(netdev);
  const auto killed = now_ns(), gone = kill_user1();
  EXPECT_TRUE(is_free(0));
  EXPECT_EQ(listed("vfs")[2]["use"], "assigned");
  std::this_thread::sleep_for(1s);  // the wire still sends
  EXPECT_TRUE(ping->running());
  expect_its_dma_ended(address_of(0), killed, gone);

  bring_user1_back();
  EXPECT_EQ(sh("user1", "ls /sys/bus/pci/devices | grep -c 10000:0[34]:00.0").out, "1\n");
  EXPECT_EQ(command("user1", "hotplug_out --slot 1 --now")["rc"], 0);
}

TEST_F(HotplugDeath, WhatAServerWasReleasingComesBackWhoeverGaveIt) {
  ASSERT_EQ(pool("owner", "assign 1 1 --slot 1")["rc"], 0);
  const json in = command("user1", "hotplug_in --vf 0 --slot 0");
  ASSERT_EQ(in["rc"], 0) << in;
  const std::string netdev = netdev_of(1, in);
  reaches_the_wire(1, netdev);
  const auto ping = flood(netdev);
  const auto releasing = [](unsigned slot) { return ask({{"op", "status"}})["slots"][slot]["releasing"] == true; };
  // Within the 5 seconds that pciehp waits after a press, one pressed by the server, one by the owner.
  const auto out = lab_->vm("user1").spawn("hotplug_out --slot 0");
  EXPECT_TRUE(lab::eventually(20s, [&] { return releasing(0); }));
  ask({{"op", "release"}, {"user", 1}, {"slot", 1}});
  EXPECT_TRUE(releasing(1));
  const auto killed = now_ns(), gone = kill_user1();
  EXPECT_TRUE(is_free(0));
  EXPECT_TRUE(is_free(1));
  std::this_thread::sleep_for(1s);
  EXPECT_TRUE(ping->running());
  expect_its_dma_ended(address_of(0), killed, gone);
  for (const auto& slot : listed("slots")) EXPECT_FALSE(slot["releasing"].get<bool>()) << slot;

  bring_user1_back();
  EXPECT_EQ(command("user1", "hotplug_in --vf 1 --slot 1")["rc"], 0) << "the slot works after it";
  EXPECT_EQ(command("user1", "hotplug_out --slot 1 --now")["rc"], 0);
}

}  // namespace
}  // namespace vfpool
