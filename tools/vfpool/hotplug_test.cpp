// SPDX-License-Identifier: Apache-2.0
#include "hotplug.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_pool.hpp"
#include "vfpool_regs.h"

namespace vfpool::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kBridge = "10000:01:00.0";
const Progress kSilent = [](const std::string&) {};

struct HotplugTest : testing::Test {
  FakePool pool;
  FakeServer fake;
  Server server{fake.root};
  HotplugOptions options;
  HotplugTest() { options.timeout = std::chrono::seconds(1); }

  nlohmann::json in() { return hotplug_in(pool, server, kBridge, options, kSilent); }
  nlohmann::json out() { return hotplug_out(pool, server, kBridge, options, kSilent); }
  /// What a command fails with.
  template <class F>
  std::pair<Exit, std::string> failure(F command) {
    try {
      command();
    } catch (const Failure& f) {
      return {f.code(), f.what()};
    }
    ADD_FAILURE() << "it did not fail";
    return {Exit::kDone, ""};
  }
  void fill(unsigned slot) {
    auto& s = pool.slots[{1, slot}];
    s.present = s.link = s.powered = 1;
    s.power_led = 1;
    fake.plug(slot, "eth" + std::to_string(slot));
  }
};

TEST_F(HotplugTest, InTakesTheFirstFreeSlotAndNamesWhatCame) {
  fill(0);
  pool.on_request = [&] {
    pool.tell(VFPOOL_EVENT_ASSIGNED, 0, 7);  // another slot's: not the answer
    pool.tell(VFPOOL_EVENT_ASSIGNED, 1, 3);
    fill(1);
  };
  const auto result = in();
  EXPECT_THAT(pool.asked, ElementsAre("request 1 255 0"));
  EXPECT_EQ(result["vf"], 3);
  EXPECT_EQ(result["functions"][0]["address"], "10000:04:00.0");
  EXPECT_EQ(result["functions"][0]["netdevs"][0], "eth1");
}

TEST_F(HotplugTest, InSaysWhyTheOwnerRefuses) {
  pool.on_request = [&] { pool.tell(VFPOOL_EVENT_DENIED, 0, VFPOOL_ANY, VFPOOL_REASON_QUOTA); };
  const auto [code, text] = failure([&] { in(); });
  EXPECT_EQ(code, Exit::kBusy);
  EXPECT_THAT(text, HasSubstr("quota"));
}

TEST_F(HotplugTest, InTakesNoOtherVfThanTheOneThatWasNamedForItsOwn) {
  options.vf = 3;
  pool.on_request = [&] { pool.tell(VFPOOL_EVENT_ASSIGNED, 0, 2); };
  const auto [code, text] = failure([&] { in(); });
  EXPECT_EQ(code, Exit::kBusy);
  EXPECT_THAT(text, HasSubstr("has been given VF 2"));
}

TEST_F(HotplugTest, InIsToldThatItsRequestWasTakenBack) {
  options.timeout = std::chrono::seconds(3600);
  pool.on_request = [&] { pool.slots[{1, 0}].requested = 0; };
  const auto [code, text] = failure([&] { in(); });
  EXPECT_EQ(code, Exit::kCancelled);
  EXPECT_THAT(text, HasSubstr("taken the request for slot 0"));
}

TEST_F(HotplugTest, InBelievesTheSlotWhenTheAnswerIsLost) {
  pool.on_request = [&] {
    pool.slots[{1, 0}].requested = 0;
    fill(0);
  };
  EXPECT_EQ(in()["functions"][0]["netdevs"][0], "eth0");
}

TEST_F(HotplugTest, InIsToldThatItsVfWasTakenBackBeforeTheKernelHadIt) {
  options.timeout = std::chrono::seconds(3600);
  pool.on_request = [&] {
    pool.tell(VFPOOL_EVENT_ASSIGNED, 0, 2);
    pool.tell(VFPOOL_EVENT_RELEASED, 0, 2);
  };
  const auto [code, text] = failure([&] { in(); });
  EXPECT_EQ(code, Exit::kCancelled);
  EXPECT_THAT(text, HasSubstr("VF 2"));
}

TEST_F(HotplugTest, ASlotIsChosenWhenItIsThisProgramsTurn) {
  pool.locked_by_others = 2;
  pool.on_request = [&] { pool.tell(VFPOOL_EVENT_DENIED, 0, VFPOOL_ANY, VFPOOL_REASON_QUOTA); };
  EXPECT_EQ(failure([&] { in(); }).first, Exit::kBusy);
  EXPECT_EQ(pool.locked_by_others, 0u);
  pool.asked.clear();
  options.timeout = std::chrono::seconds(0);
  pool.locked_by_others = 1000;
  EXPECT_EQ(failure([&] { in(); }).first, Exit::kTimeout) << "and who never lets go holds nobody up for longer";
  EXPECT_EQ(failure([&] { out(); }).first, Exit::kTimeout);
  EXPECT_THAT(pool.asked, IsEmpty());
}

TEST_F(HotplugTest, OutOfASlotThatOnlyAsksSaysHowThatIsTakenBack) {
  options.slot = 1;
  pool.slots[{1, 1}].requested = 1;
  const auto [code, text] = failure([&] { out(); });
  EXPECT_EQ(code, Exit::kNotFound);
  EXPECT_THAT(text, HasSubstr("vfpool release 1 1"));
}

TEST_F(HotplugTest, InEndsWhenADeadOwnerNeverAnswers) {
  const auto [code, text] = failure([&] { in(); });
  EXPECT_EQ(code, Exit::kTimeout);
  EXPECT_THAT(text, HasSubstr("the request stands"));
}

TEST_F(HotplugTest, InIntoAFrozenPoolIsRefusedAtOnce) {
  pool.about.frozen = 1;
  EXPECT_EQ(failure([&] { in(); }).first, Exit::kFailed);
  EXPECT_THAT(pool.asked, IsEmpty());
}

TEST_F(HotplugTest, OptionsReachTheBridge) {
  options.slot = 1;
  options.vf = 2;
  options.button = true;
  options.wait = false;
  in();
  EXPECT_THAT(pool.asked, ElementsAre("request 1 2 1"));
}

TEST_F(HotplugTest, AnUnknownSlotOrAFullOneIsAnErrorOfItsOwn) {
  options.slot = 5;
  EXPECT_EQ(failure([&] { in(); }).first, Exit::kNotFound);
  options.slot = 0;
  fill(0);
  EXPECT_EQ(failure([&] { in(); }).first, Exit::kBusy);
  options.slot = 1;
  EXPECT_EQ(failure([&] { out(); }).first, Exit::kNotFound);
  EXPECT_THAT(pool.asked, IsEmpty());
}

TEST_F(HotplugTest, TheOwnerIsToldToUseTheOtherCommands) {
  pool.about.role = VFPOOL_OWNER;
  EXPECT_THAT(failure([&] { in(); }).second, HasSubstr("vfpool assign"));
}

TEST_F(HotplugTest, OutWaitsUntilThePoolHasTheVf) {
  fill(1);
  pool.on_release = [&] {
    pool.slots[{1, 1}].releasing = 1;
    pool.tell(VFPOOL_EVENT_POWER, 1, VFPOOL_ANY, 0);
    pool.tell(VFPOOL_EVENT_RELEASED, 1, 2);
  };
  EXPECT_EQ(out()["vf"], 2);
  EXPECT_THAT(pool.asked, ElementsAre("release 0 1 0"));
}

TEST_F(HotplugTest, OutNowSwitchesTheSlotOffItself) {
  fill(0);
  options.now = true;
  pool.on_release = [&] { pool.tell(VFPOOL_EVENT_RELEASED, 0, 0); };
  out();
  EXPECT_THAT(pool.asked, ElementsAre("release 0 0 2"));
  std::ifstream power(fake.root / "sys/bus/pci/slots/1/power");
  EXPECT_EQ(power.get(), '0');
}

TEST_F(HotplugTest, InIsDoneWhenTheKernelIs) {
  pool.on_request = [&] {
    pool.tell(VFPOOL_EVENT_ASSIGNED, 0, 3);
    fill(0);
    pool.slots[{1, 0}].power_led = VFPOOL_LED_BLINKING;
  };
  unsigned looks = 0;
  pool.on_look = [&] {
    if (++looks == 3) pool.slots[{1, 0}].power_led = VFPOOL_LED_ON;
  };
  in();
  EXPECT_GE(looks, 3u) << "the function was there before the kernel was done with it";
}

TEST_F(HotplugTest, InDoesNotWaitForAnIndicatorThatTheKernelLeavesAlone) {
  pool.on_request = [&] {
    pool.tell(VFPOOL_EVENT_ASSIGNED, 0, 3);
    fill(0);
    pool.slots[{1, 0}].power_led = VFPOOL_LED_OFF;
  };
  EXPECT_EQ(in()["vf"], 3);
}

TEST_F(HotplugTest, OutNowTriesAgainWhileTheKernelIsStillSwitchingTheSlotOn) {
  fill(0);
  options.now = true;
  const auto power = fake.root / "sys/bus/pci/slots/1/power";
  unsigned looks = 0;
  pool.on_release = [&] {  // such a kernel refuses
    pool.slots[{1, 0}].releasing = 1;
    std::filesystem::remove(power);
    std::filesystem::create_directory(power);
  };
  pool.on_look = [&] {
    if (++looks == 2) {
      std::filesystem::remove(power);
      std::ofstream(power) << "1";
    }
    if (looks == 3) pool.tell(VFPOOL_EVENT_RELEASED, 0, 0);
  };
  EXPECT_EQ(out()["vf"], 0);
  EXPECT_EQ(std::ifstream(power).get(), '0');
  EXPECT_THAT(pool.asked, ElementsAre("release 0 0 2")) << "and asks the owner once";
}

TEST_F(HotplugTest, OutHearsOfTheReleaseEvenIfSwitchingOffTookAllTheTime) {
  fill(0);
  options.timeout = std::chrono::seconds(0);
  pool.on_release = [&] {
    pool.tell(VFPOOL_EVENT_POWER, 0, VFPOOL_ANY, 0);
    pool.tell(VFPOOL_EVENT_RELEASED, 0, 2);
  };
  EXPECT_EQ(out()["vf"], 2);
}

TEST_F(HotplugTest, OutNowAsksForNothingThatItCannotCarryOut) {
  fill(0);
  options.now = true;
  std::filesystem::remove(fake.root / "sys/bus/pci/slots/1/power");
  const auto [code, text] = failure([&] { out(); });
  EXPECT_EQ(code, Exit::kFailed);
  EXPECT_THAT(text, HasSubstr("/power"));
  EXPECT_THAT(pool.asked, IsEmpty());
}

TEST_F(HotplugTest, ASecondPressCancels) {
  fill(0);  // stays on, and nothing is being released
  const auto [code, text] = failure([&] { out(); });
  EXPECT_EQ(code, Exit::kCancelled);
  EXPECT_THAT(text, HasSubstr("the VF stays"));
}

TEST_F(HotplugTest, ASlotThatHasItsNextVfWasReleasedAllTheSame) {
  fill(0);
  pool.on_release = [&] {
    pool.tell(VFPOOL_EVENT_POWER, 0, VFPOOL_ANY, 0);
    pool.tell(VFPOOL_EVENT_RELEASED, 0, 2);
    pool.tell(VFPOOL_EVENT_ASSIGNED, 0, 3);  // and the slot looks as if nothing had been
  };
  EXPECT_EQ(out()["vf"], 2);
}

TEST_F(HotplugTest, OutKeepsWhatTheServerNeeds) {
  fill(0);
  fake.file("proc/net/route",
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
            "eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
            "eth0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\n");
  fake.file("proc/mounts", "srv:/home /home nfs4 rw,vers=4.2,addr=10.0.0.9 0 0\n");
  fake.file("sys/class/net/bond0/bonding/slaves", "eth0\n");
  const auto [code, text] = failure([&] { out(); });
  EXPECT_EQ(code, Exit::kBusy);
  EXPECT_THAT(text, HasSubstr("default route"));
  EXPECT_THAT(text, HasSubstr("/home (nfs4)"));
  EXPECT_THAT(text, HasSubstr("only member of the bond bond0"));
  EXPECT_THAT(pool.asked, IsEmpty());

  options.force = true;
  pool.on_release = [&] { pool.tell(VFPOOL_EVENT_RELEASED, 0, 0); };
  out();
  EXPECT_THAT(pool.asked, ElementsAre("release 0 0 0"));
}

TEST_F(HotplugTest, AFileSystemIsBehindTheInterfaceThatLeadsToItsServer) {
  fill(0);
  // 10.0.0.0/8 through eth0, all else through lan, where this server's own address is, too.
  fake.file("proc/net/route",
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
            "lan\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
            "eth0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\n");
  for (const char* mount : {
           "srv:/home /home nfs4 rw,vers=4.2,clientaddr=192.168.1.5,local_lock=none,addr=10.0.0.9 0 0\n",
           "srv:/home /home nfs rw,vers=3,mountaddr=192.168.1.7,mountvers=3,addr=10.0.0.9 0 0\n",
           "//srv/home /home cifs rw,addr=10.0.0.9,uid=0 0 0\n",
           "192.168.1.7:6789,10.0.0.9:6789:/ /home ceph rw,name=admin 0 0\n",
           "admin@0e5c.fs=/ /home ceph rw,mon_addr=192.168.1.7:3300/10.0.0.9:3300 0 0\n",
           "srv:/home /home nfs4 rw,clientaddr=fe80::2%lan,addr=fe80::1%eth0 0 0\n",
       }) {
    fake.file("proc/mounts", mount);
    EXPECT_THAT(server.uses("eth0"), ElementsAre(HasSubstr("/home"))) << mount;
  }
  for (const char* mount : {
           "srv:/home /home nfs4 rw,vers=4.2,clientaddr=10.0.0.5,local_lock=none,addr=192.168.1.7 0 0\n",
           "[fd00::9]:6789:/ /home ceph rw 0 0\n",
           "nfsd /proc/fs/nfsd nfsd rw 0 0\n",
           "10.0.0.9:/ /x ext4 rw,addr=10.0.0.9 0 0\n",
       }) {
    fake.file("proc/mounts", mount);
    EXPECT_THAT(server.uses("eth0"), IsEmpty()) << mount;
  }
}

TEST_F(HotplugTest, WhatIsOnAnotherInterfaceIsNoReason) {
  fill(0);
  fake.file("proc/net/route",
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
            "lan\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
  fake.file("proc/mounts", "srv:/home /home nfs4 rw,addr=10.0.0.9 0 0\n");
  fake.file("sys/class/net/bond0/bonding/slaves", "eth0 lan\n");
  EXPECT_THAT(server.uses("eth0"), IsEmpty());
}

TEST_F(HotplugTest, AVlanOnTopCarriesTheDefaultRoute) {
  fill(0);
  fake.file("sys/class/net/eth0/upper_eth0.7/x", "");
  fake.file("sys/class/net/eth0.7/x", "");
  fake.file("proc/net/ipv6_route",
            "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 "
            "00000400 00000001 00000000 00000003   eth0.7\n");
  EXPECT_THAT(server.uses("eth0"), ElementsAre(HasSubstr("eth0.7")));
}

TEST_F(HotplugTest, DryRunAsksForNothing) {
  options.dry_run = true;
  in();
  fill(0);
  out();
  EXPECT_THAT(pool.asked, IsEmpty());
}

TEST(Server, FindsTheSlotOfTheBridgesOwnTree) {
  FakeServer fake;
  // Another hierarchy has a slot 1 as well, so the kernel called ours "1-1".
  std::filesystem::rename(fake.root / "sys/bus/pci/slots/1", fake.root / "sys/bus/pci/slots/1-1");
  fake.file("sys/bus/pci/slots/1/address", "0000:05:00\n");
  fake.file("sys/devices/q/0000:00:02.0/pci_bus/0000:05/x", "");
  fake.link("sys/bus/pci/devices/0000:00:02.0", "sys/devices/q/0000:00:02.0");
  const Server server(fake.root);
  EXPECT_EQ(server.slot_folder(1, kBridge)->filename(), "1-1");
  EXPECT_FALSE(server.slot_folder(3, kBridge));
}

}  // namespace
}  // namespace vfpool::tools
