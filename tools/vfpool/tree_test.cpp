// SPDX-License-Identifier: Apache-2.0
#include "tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_pool.hpp"
#include "pcie.hpp"

namespace vfpool::tools {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// 256 bytes of configuration space with MSI at 0x50 and PCI Express at 0x60.
struct Config {
  Config() : bytes(256, '\0') {
    set(0x06, 0x10, 1);
    set(0x34, 0x50, 1);
    set(0x50, kCapMsi | 0x60 << 8, 2);
    set(0x60, kCapPcie, 2);
  }
  Config& set(std::size_t at, unsigned value, unsigned count) {
    for (unsigned i = 0; i < count; ++i) bytes[at + i] = static_cast<char>(value >> 8 * i);
    return *this;
  }
  std::string bytes;
};

/// Slot with button, power controller, hot-plug; bus 3; a window; payload 256 bytes.
Config slot_port(unsigned number) {
  Config c;
  c.set(0x60 + kPcieFlags, 0x100, 2).set(0x60 + kPcieSlotCap, number << 19 | 0x5b, 4);
  c.set(0x60 + kPcieDevCtl, 1 << 5, 2).set(0x19, 3, 1).set(0x20, 0xe000, 2).set(0x22, 0xe010, 2);
  return c;
}

/// A user's server: the bridge with two slots, a VF with airvf in the first.
struct TreeTest : testing::Test {
  TreeTest() {
    fake.link("sys/class/misc/vfpool0/device", "sys/devices/p/10000:01:00.0");
    put("10000:01:00.0", "sys/devices/p/10000:01:00.0", Config().set(0x52, 1, 1), "vfpool", "0x10ee", "0x8086");
    put("10000:01:00.1", kSwitch, Config().set(0x60 + kPcieDevCtl, 1 << 5, 2), "pcieport");
    put("10000:02:00.0", kSwitch + "/10000:02:00.0", slot_port(1), "pcieport");
    put("10000:02:01.0", kSwitch + "/10000:02:01.0", slot_port(2), "pcieport");
    put("10000:03:00.0", kSwitch + "/10000:02:00.0/10000:03:00.0", Config().set(0x60 + kPcieDevCtl, 1 << 5, 2),
        "airvf");
    pool.slots[{1, 0}].present = 1;
  }
  void put(const std::string& address, const std::string& path, const Config& config, const std::string& driver,
           const std::string& vendor = "0x8086", const std::string& device = "0x10ed") const {
    fake.file(path + "/vendor", vendor + "\n");
    fake.file(path + "/device", device + "\n");
    fake.file(path + "/config", config.bytes);
    std::filesystem::remove(fake.root / path / "driver");
    if (!driver.empty()) fake.link(path + "/driver", "sys/bus/pci/drivers/" + driver);
    if (!std::filesystem::is_symlink(fake.root / "sys/bus/pci/devices" / address))
      fake.link("sys/bus/pci/devices/" + address, path);
  }
  json checked() { return check(&pool, "", server); }
  /// The cures of what is wrong.
  std::string cures() {
    std::string out;
    const json all = checked();
    for (const auto& f : all["findings"])
      if (!f["ok"].get<bool>()) out += f["subject"].get<std::string>() + ": " + f["cure"].get<std::string>() + "\n";
    return out;
  }

  static inline const std::string kSwitch = "sys/devices/p/10000:01:00.1";
  FakePool pool;
  FakeServer fake;
  Server server{fake.root};
};

TEST_F(TreeTest, EachPartHasThePoolsName) {
  const json all = tree(pool, server);
  std::string names;
  for (const auto& f : all["functions"])
    names += f["address"].get<std::string>() + " " + f["depth"].dump() + " " + f.value("pool", "") + "\n";
  EXPECT_EQ(names,
            "10000:01:00.0 0 management of vfpool0 (user 1)\n"
            "10000:01:00.1 0 switch of the pool\n"
            "10000:02:00.0 1 slot 0, taken\n"
            "10000:03:00.0 2 in slot 0\n"
            "10000:02:01.0 1 slot 1, empty\n");
  EXPECT_THAT(tree_text(all), HasSubstr("    10000:03:00.0 8086:10ed [airvf]  in slot 0\n"));
}

TEST_F(TreeTest, TheOwnersVfsAreNamedByTheirUsers) {
  pool.about.role = VFPOOL_OWNER;
  pool.about.port = 0;
  pool.about.vfs = 1;
  pool.vfs[0].address = 0x10000ull << 16 | 0x0480;
  pool.vfs[0].use = VFPOOL_USE_ASSIGNED;
  pool.vfs[0].user = 2;
  pool.vfs[0].slot = 1;
  put("10000:04:10.0", kSwitch + "/10000:02:00.0/10000:04:10.0", Config(), "");
  const auto text = tree_text(tree(pool, server));
  EXPECT_THAT(text, HasSubstr("10000:03:00.0 8086:10ed [airvf]  the card"));
  EXPECT_THAT(text, HasSubstr("10000:04:10.0 8086:10ed  VF 0, user 2 slot 1"));
}

TEST_F(TreeTest, TheOwnersPortsLeadToTheCardsOfTheirNumbers) {
  pool.about.role = VFPOOL_OWNER;
  pool.about.port = 0;
  pool.about.vfs = 0;
  pool.add_card(1);
  pool.vfs[64].address = 0x10000ull << 16 | 0x0680;
  const auto no_slot = slot_port(1).set(0x60 + kPcieFlags, 0, 2);
  put("10000:02:00.0", kSwitch + "/10000:02:00.0", no_slot, "pcieport");
  put("10000:02:01.0", kSwitch + "/10000:02:01.0", no_slot, "pcieport");
  put("10000:05:00.0", kSwitch + "/10000:02:01.0/10000:05:00.0", Config(), "ixgbe");
  put("10000:06:10.0", kSwitch + "/10000:02:01.0/10000:06:10.0", Config(), "");
  fake.link(kSwitch + "/10000:02:01.0/10000:06:10.0/physfn", kSwitch + "/10000:02:01.0/10000:05:00.0");
  const auto text = tree_text(tree(pool, server));
  EXPECT_THAT(text, HasSubstr("10000:02:01.0 8086:10ed [pcieport]  port to card 1"));
  EXPECT_THAT(text, HasSubstr("10000:03:00.0 8086:10ed [airvf]  card 0"));
  EXPECT_THAT(text, HasSubstr("10000:05:00.0 8086:10ed [ixgbe]  card 1"));
  EXPECT_THAT(text, HasSubstr("10000:06:10.0 8086:10ed  VF 1.0, free"));
  EXPECT_EQ(cures(), "card 10000:03:00.0 at device port 0: echo 8 > /sys/bus/pci/devices/10000:03:00.0/sriov_numvfs\n");
  pool.vfs[64].use = VFPOOL_USE_BROKEN;
  EXPECT_THAT(cures(), HasSubstr("VF 1.0: vfpool reset 1.0\n"));
  std::filesystem::remove(fake.root / "sys/bus/pci/devices/10000:05:00.0");
  std::filesystem::remove(fake.root / "sys/bus/pci/devices/10000:06:10.0");
  EXPECT_THAT(cures(), HasSubstr("card at device port 1: echo 1 > /sys/bus/pci/rescan"));
}

TEST_F(TreeTest, NothingIsWrongWithAServerThatWorks) {
  EXPECT_EQ(cures(), "");
  EXPECT_EQ(checked()["bad"], 0);
}

TEST_F(TreeTest, EachFaultIsFoundWithItsCure) {
  put("10000:01:00.0", "sys/devices/p/10000:01:00.0", Config(), "", "0x10ee", "0x8086");
  EXPECT_THAT(cures(), testing::AllOf(HasSubstr("modprobe vfpool"), HasSubstr("nomsi")));
  put("10000:01:00.0", "sys/devices/p/10000:01:00.0", Config().set(0x52, 1, 1), "vfpool", "0x10ee", "0x8086");
  const auto port = [&](const Config& c) { put("10000:02:01.0", kSwitch + "/10000:02:01.0", c, "pcieport"); };
  port(slot_port(2).set(0x19, 0, 1));
  EXPECT_THAT(cures(), HasSubstr("slot 1, port 10000:02:01.0: no bus number"));
  port(slot_port(2).set(0x20, 0xfff0, 2).set(0x22, 0, 2));
  EXPECT_THAT(cures(), HasSubstr("hpmmiosize"));
  port(slot_port(2).set(0x60 + kPcieDevCtl, 0, 2));
  EXPECT_THAT(cures(), HasSubstr("pcie_bus_safe"));
  port(slot_port(2).set(0x60 + kPcieSlotCap, 2u << 19, 4));
  EXPECT_THAT(cures(), HasSubstr("no slot of this bridge"));
  port(slot_port(7));
  EXPECT_THAT(cures(), HasSubstr("slot 1: rescan"));
  port(slot_port(2));
  std::filesystem::remove_all(fake.root / "sys/bus/pci/slots/2");
  EXPECT_THAT(cures(), HasSubstr("pcie_ports=native"));
  put("10000:03:00.0", kSwitch + "/10000:02:00.0/10000:03:00.0", Config().set(0x60 + kPcieDevCtl, 5 << 5, 2), "");
  EXPECT_THAT(cures(), testing::AllOf(HasSubstr("modprobe airvf"), HasSubstr("larger than its port's")));
  pool.about.frozen = 1;
  EXPECT_THAT(cures(), HasSubstr("start the owner's server"));
}

TEST_F(TreeTest, AnOwnerNeedsItsCardItsDriverAndVfs) {
  pool.about.role = VFPOOL_OWNER;
  pool.about.port = 0;
  pool.about.vfs = 0;
  put("10000:03:00.0", kSwitch + "/10000:02:00.0/10000:03:00.0", Config(), "");
  EXPECT_THAT(cures(), testing::AllOf(HasSubstr("modprobe ixgbe"), HasSubstr("10000:03:00.0/sriov_numvfs")));
  std::filesystem::remove(fake.root / "sys/bus/pci/devices/10000:03:00.0");
  EXPECT_THAT(cures(), HasSubstr("is the card powered"));
}

TEST_F(TreeTest, ARoleThatContradictsTheHardwareIsFound) {
  pool.about.role = VFPOOL_OWNER;
  pool.about.port = 0;
  EXPECT_THAT(checked().dump(), HasSubstr("the bridge says owner, but port 10000:02:00.0 is a hot-plug slot"));
  const auto no_slot = slot_port(1).set(0x60 + kPcieFlags, 0, 2);
  put("10000:02:00.0", kSwitch + "/10000:02:00.0", no_slot, "pcieport");
  put("10000:02:01.0", kSwitch + "/10000:02:01.0", no_slot, "pcieport");
  EXPECT_THAT(cures(), testing::Not(HasSubstr("role"))) << "as it should be";
  pool.about.role = VFPOOL_USER;
  pool.about.port = 2;
  EXPECT_THAT(checked().dump(), HasSubstr("the bridge says user 2, but port 10000:02:00.0 is no slot"));
}

TEST_F(TreeTest, WithoutAPoolTheReasonIsFound) {
  put("10000:01:00.0", "sys/devices/p/10000:01:00.0", Config().set(0x52, 1, 1), "", "0x10ee", "0x8086");
  const auto text = check_text(check(nullptr, "no /dev/vfpool*", server));
  EXPECT_THAT(text, HasSubstr("BAD   management function 10000:01:00.0: no driver\n      cure: modprobe vfpool\n"));
  EXPECT_THAT(text, HasSubstr("BAD   device file: no /dev/vfpool*"));
  std::filesystem::remove(fake.root / "sys/bus/pci/devices/10000:01:00.0");
  EXPECT_THAT(check_text(check(nullptr, "", server)), HasSubstr("no management function"));
}

TEST_F(TreeTest, WhoMayNotReadConfigurationSpacesIsTold) {
  put("10000:01:00.0", "sys/devices/p/10000:01:00.0", Config(), "vfpool", "0x10ee", "0x8086");
  std::filesystem::resize_file(fake.root / "sys/devices/p/10000:01:00.0/config", 64);
  EXPECT_THAT(cures(), HasSubstr("run this as root"));
}

TEST(PciConfig, AListThatLoopsOrLeadsOutOfTheSpaceEnds) {
  PciFunction f;
  const auto with = [&](Config c) { f.config.assign(c.bytes.begin(), c.bytes.end()); };
  with(Config().set(0x61, 0x50, 1));  // back to the first
  EXPECT_EQ(f.capability(kCapPcie), 0x60u);
  EXPECT_EQ(f.capability(0x11), std::nullopt);
  with(Config().set(0x51, 0xfc, 1));
  f.config.resize(0x80);
  EXPECT_EQ(f.capability(kCapPcie), std::nullopt);
  with(Config().set(0x34, 0x04, 1));
  EXPECT_EQ(f.capability(kCapMsi), std::nullopt);
  f.config.clear();  // all ones: a function that is gone
  EXPECT_EQ(f.capability(kCapMsi), std::nullopt);
  EXPECT_EQ(f.word(0, 4), 0xffffffffu);
}

}  // namespace
}  // namespace vfpool::tools
