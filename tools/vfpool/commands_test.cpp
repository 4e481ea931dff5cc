// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli.hpp"
#include "describe.hpp"
#include "document.hpp"
#include "fake_pool.hpp"
#include "vfpool_regs.h"

namespace vfpool::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct CommandsTest : testing::Test {
  CommandsTest() {
    pool.about.role = VFPOOL_OWNER;
    pool.about.port = 0;
    for (unsigned n = 0; n < 4; ++n) {
      pool.vfs[n].vf = static_cast<__u8>(n);
      pool.vfs[n].address = (0x10000ull << 16) + 0x0480u + 2 * n;
      pool.profiles[n].vf = static_cast<__u8>(n);
      pool.profiles[n].spoof_check = 1;
    }
    for (unsigned u = 1; u <= 2; ++u) pool.user(u, 4, 1);
  }
  FakePool pool;
};

TEST_F(CommandsTest, AVfIsFoundByNumberAddressAndMac) {
  pool.profiles[3].mac[5] = 0x33;
  EXPECT_EQ(find_vf(pool, "2"), 2u);
  EXPECT_EQ(find_vf(pool, "04:10.2"), 1u);
  EXPECT_EQ(find_vf(pool, "10000:04:10.2"), 1u);
  EXPECT_EQ(find_vf(pool, "00:00:00:00:00:33"), 3u);
  EXPECT_THROW(find_vf(pool, "4"), Failure);
  EXPECT_THROW(find_vf(pool, "99999999999999999999"), Failure);
  EXPECT_THROW(find_vf(pool, ""), Failure);
  EXPECT_THROW(find_vf(pool, "eth0"), Failure);
}

TEST_F(CommandsTest, AVfStaysWithItsUserIfTheOtherServerHasAnotherPayloadSize) {
  pool.vfs[1].use = VFPOOL_USE_ASSIGNED;
  pool.vfs[1].user = 1;
  pool.users[2].payload = 512;
  try {
    move(pool, 1, 2, -1, true, std::chrono::seconds(1), [](const std::string&) {});
    FAIL();
  } catch (const Failure& f) {
    EXPECT_EQ(f.code(), Exit::kBusy);
    EXPECT_THAT(f.what(), HasSubstr("512 bytes, the card 128"));
  }
  EXPECT_THAT(pool.asked, IsEmpty());
}

TEST_F(CommandsTest, AMacNamesAVfHoweverItIsWrittenAndNoMacNamesNone) {
  pool.profiles[3].mac[0] = 2;
  pool.profiles[3].mac[5] = 0xab;
  EXPECT_EQ(find_vf(pool, "02:00:00:00:00:AB"), 3u);
  EXPECT_EQ(find_vf(pool, "2:0:0:0:0:ab"), 3u);
  EXPECT_THROW(find_vf(pool, "00:00:00:00:00:00"), Failure) << "what VFs without a MAC show";
  EXPECT_THROW(find_vf(pool, "02:00:00:00:00:ab:00"), Failure);
  pool.profiles[2] = pool.profiles[3];
  pool.profiles[2].vf = 2;
  EXPECT_THROW(find_vf(pool, "02:00:00:00:00:ab"), Failure) << "which of both?";
}

TEST_F(CommandsTest, WhatIsNoMacIsNotReadAsAnother) {
  __u8 mac[6];
  EXPECT_TRUE(parse_mac("02:00:5e:00:53:Af", mac));
  EXPECT_THAT(mac, ElementsAre(0x02, 0x00, 0x5e, 0x00, 0x53, 0xaf));
  for (const char* text : {"", "1ff:0:0:0:0:1", "02:00:00:00:00:1ff", "-1:0:0:0:0:1", " 2:0:0:0:0:1", "0x2:0:0:0:0:1",
                           "02:00:00:00:00", "02:00:00:00:00:", "02:00:00:00:00:01 ", "02-00-00-00-00-01", "::::::"})
    EXPECT_FALSE(parse_mac(text, mac)) << text;
}

TEST_F(CommandsTest, MoveTakesAndGivesInThatOrder) {
  pool.vfs[1].use = VFPOOL_USE_ASSIGNED;
  pool.vfs[1].user = 1;
  pool.on_release = [&] { pool.vfs[1].use = VFPOOL_USE_FREE; };
  pool.on_assign = [&] {
    auto& slot = pool.slots[{2, 0}];
    slot.powered = 1;
    slot.power_led = VFPOOL_LED_BLINKING;
  };
  pool.on_look = [&] { pool.slots[{2, 0}].power_led = VFPOOL_LED_ON; };
  const auto result = move(pool, 1, 2, -1, false, std::chrono::seconds(1), [](const std::string&) {});
  EXPECT_THAT(pool.asked, ElementsAre("release 1 0 0", "assign 1 2 0 0"));
  EXPECT_EQ(result["slot"], 0);
  EXPECT_EQ(pool.slots[(std::pair<unsigned, unsigned>{2, 0})].power_led, VFPOOL_LED_ON) << "it waited for the kernel";
}

TEST_F(CommandsTest, AVfWithNowhereToGoStays) {
  pool.slots[{2, 0}].present = pool.slots[{2, 1}].present = 1;
  EXPECT_THROW(move(pool, 1, 2, -1, false, std::chrono::seconds(1), [](const std::string&) {}), Failure);
  EXPECT_TRUE(pool.asked.empty());
}

TEST_F(CommandsTest, MoveSaysThatTheOldUserDoesNotLetGo) {
  pool.vfs[1].use = VFPOOL_USE_ASSIGNED;
  pool.vfs[1].user = 1;
  pool.slots[{1, 0}].releasing = 1;
  try {
    move(pool, 1, 2, -1, false, std::chrono::seconds(0), [](const std::string&) {});
    ADD_FAILURE();
  } catch (const Failure& f) {
    EXPECT_EQ(f.code(), Exit::kTimeout);
    EXPECT_THAT(f.what(), HasSubstr("user 1 has not given VF 1 back"));
  }
}

TEST_F(CommandsTest, WhatIsSavedIsRestored) {
  pool.profiles[2].vlan = 7;
  pool.profiles[2].mac[0] = 2;
  pool.vfs[2].reserved_for = 2;
  pool.vfs[3].use = VFPOOL_USE_ASSIGNED;
  pool.vfs[3].user = 2;
  pool.user(1, 3, 5);
  const auto saved = save(pool);

  FakePool other;
  other.about.role = VFPOOL_OWNER;
  other.about.port = 0;
  const auto result = restore(other, saved);
  EXPECT_TRUE(result["failed"].empty()) << result;
  EXPECT_EQ(other.profiles[2].vlan, 7);
  EXPECT_EQ(other.profiles[2].mac[0], 2);
  EXPECT_EQ(other.vfs[2].reserved_for, 2);
  EXPECT_EQ(other.users[1].quota, 3);
  EXPECT_EQ(other.users[1].weight, 5);
  EXPECT_THAT(other.asked, ElementsAre("assign 3 2 0 4"));
}

TEST_F(CommandsTest, ABrokenVfIsResetAndTheResultTold) {
  pool.vfs[3].use = VFPOOL_USE_BROKEN;
  pool.on_reset = [&] { pool.vfs[3].use = VFPOOL_USE_FREE; };
  EXPECT_EQ(reset(pool, 3, std::chrono::seconds(1))["use"], "free");
  EXPECT_THAT(pool.asked, testing::ElementsAre("reset 3"));

  pool.vfs[3].use = VFPOOL_USE_BROKEN;
  pool.on_reset = {};
  EXPECT_THROW(reset(pool, 3, std::chrono::seconds(1)), Failure);
}

TEST_F(CommandsTest, AMoveEndsWhenTheVfIsKeptOrBroken) {
  const auto end = [&] {
    try {
      move(pool, 1, 1, -1, false, std::chrono::seconds(1), [](const std::string&) {});
    } catch (const Failure& f) {
      return f.code();
    }
    return Exit::kDone;
  };
  pool.vfs[1].use = VFPOOL_USE_ASSIGNED;
  pool.vfs[1].user = 2;
  EXPECT_EQ(end(), Exit::kCancelled) << "it is not being released any more";
  pool.on_release = [&] { pool.vfs[1].use = VFPOOL_USE_BROKEN; };
  EXPECT_EQ(end(), Exit::kFailed) << "its reset fails on the way";
  EXPECT_EQ(end(), Exit::kFailed) << "it was broken before";
}

TEST_F(CommandsTest, AFileThatIsNotASavedPoolIsAnError) {
  EXPECT_THROW(restore(pool, nlohmann::json::parse("{}")), Failure);
  EXPECT_THROW(restore(pool, nlohmann::json::parse("[1, 2]")), Failure);
  EXPECT_THROW(restore(pool, nlohmann::json::parse(R"({"users": [{"user": "x"}], "vfs": []})")), Failure);
}

TEST_F(CommandsTest, ADamagedFileChangesNothingAndItsPlaceIsNamed) {
  pool.user(1, 3, 5);
  const auto saved = save(pool);
  const auto refusal = [&](const std::string& where, const nlohmann::json& value) {
    auto other = saved;
    other["users"][0]["quota"] = 7;
    const nlohmann::json::json_pointer at(where);
    if (value.is_null())
      other.at(at.parent_pointer()).erase(at.back());
    else
      other[at] = value;
    try {
      restore(pool, other);
    } catch (const Failure& f) {
      EXPECT_EQ(f.code(), Exit::kUsage);
      return std::string(f.what());
    }
    return std::string("restored");
  };
  // Some of these became other values that fit: 3, 1, 5, 0xff, 2.
  EXPECT_THAT(refusal("/vfs/3/profile/qos", 259),
              HasSubstr("profile of VF entry 3 \"qos\" is 259, not a number from 0 to 7"));
  EXPECT_THAT(refusal("/vfs/3/profile/qos", 1.9), HasSubstr("\"qos\" is 1.9"));
  EXPECT_THAT(refusal("/vfs/3/profile/vlan", 65541), HasSubstr("\"vlan\" is 65541"));
  EXPECT_THAT(refusal("/vfs/3/profile/mac", "02:00:00:00:00:1ff"), HasSubstr("no MAC address"));
  EXPECT_THAT(refusal("/vfs/2/vf", 2.5), HasSubstr("VF entry 2 \"vf\" is 2.5"));
  EXPECT_THAT(refusal("/vfs/3/profile/max_rate", 1ULL << 32), HasSubstr("\"max_rate\" is 4294967296"));
  EXPECT_THAT(refusal("/vfs/3/profile/max_rate", -1), HasSubstr("\"max_rate\" is -1"));
  EXPECT_THAT(refusal("/vfs/3/profile/trust", 1), HasSubstr("\"trust\" is 1, not true or false"));
  EXPECT_THAT(refusal("/vfs/3/profile/mac", nullptr), HasSubstr("profile of VF entry 3 has no \"mac\""));
  EXPECT_THAT(refusal("/vfs/3/profile", nullptr), HasSubstr("VF entry 3 has no \"profile\""));
  EXPECT_THAT(refusal("/vfs/3/profile", "none"), HasSubstr("is no object"));
  EXPECT_THAT(refusal("/users/1/weight", true), HasSubstr("user entry 1 \"weight\" is true"));
  EXPECT_THAT(refusal("/users/1/quota", 255), HasSubstr("\"quota\" is 255")) << "which means: as it is";
  EXPECT_THAT(refusal("/users/1/weight", 0), HasSubstr("\"weight\" is 0"));
  EXPECT_THAT(refusal("/vfs/3/reserved_for", "2"), HasSubstr("\"reserved_for\" is \"2\""));
  EXPECT_THAT(refusal("/vfs/3/user", 2), HasSubstr("VF entry 3 has no \"slot\""));
  EXPECT_THAT(refusal("/users", nlohmann::json::object()), HasSubstr("\"users\" is no list"));
  EXPECT_EQ(pool.users[1].quota, 3) << "what came before the damage is not carried out either";
  EXPECT_TRUE(pool.asked.empty());
}

TEST_F(CommandsTest, ASavedPoolThatContradictsTheHardwareChangesNothing) {
  pool.user(1, 3, 5);
  const auto saved = save(pool);
  const auto refusal = [&](const auto& change) {
    auto other = saved;
    other["users"][0]["quota"] = 7;
    change(other);
    try {
      restore(pool, other);
    } catch (const Failure& f) {
      EXPECT_EQ(f.code(), Exit::kNotFound);
      return std::string(f.what());
    }
    return std::string("restored");
  };
  const auto place = [](nlohmann::json& vf, unsigned user, unsigned slot, unsigned function) {
    vf.update({{"user", user}, {"slot", slot}, {"function", function}});
  };
  EXPECT_THAT(refusal([](auto& s) { s["users"][1]["user"] = 3; }), HasSubstr("user 3: the bridge has 2"));
  EXPECT_THAT(refusal([](auto& s) { s["users"][1]["user"] = 1; }), HasSubstr("user 1: is there twice"));
  EXPECT_THAT(refusal([](auto& s) { s["vfs"][3]["vf"] = 40; }), HasSubstr("VF 40: the card offers 4"));
  EXPECT_THAT(refusal([](auto& s) { s["vfs"][3]["vf"] = 1; }), HasSubstr("VF 1: is there twice"));
  EXPECT_THAT(refusal([](auto& s) { s["vfs"][0]["reserved_for"] = 9; }), HasSubstr("VF 0: reserved for user 9"));
  EXPECT_THAT(refusal([&](auto& s) { place(s["vfs"][2], 1, 5, 0); }), HasSubstr("VF 2: user 1 has no slot 5"));
  const std::string both = refusal([&](auto& s) {
    place(s["vfs"][2], 2, 1, 0);
    place(s["vfs"][3], 2, 1, 0);
    s["vfs"][0]["reserved_for"] = 9;
  });
  EXPECT_THAT(both, testing::AllOf(HasSubstr("slot 1, function 0 has another VF"), HasSubstr("VF 0: reserved")));
  EXPECT_EQ(pool.users[1].quota, 3) << "what came before the contradiction is not carried out either";
  EXPECT_TRUE(pool.asked.empty());
}

TEST_F(CommandsTest, OnAUsersServerWhatIsTheOwnersIsRefusedAndBothAreNamed) {
  const auto saved = save(pool);
  pool.about.role = VFPOOL_USER;
  pool.about.port = 2;
  const std::vector<std::function<void()>> owners{[&] { save(pool); }, [&] { restore(pool, saved); },
                                                  [&] { find_vf(pool, "1"); },
                                                  // No such VF: that it asks the wrong server comes first.
                                                  [&] { find_vf(pool, "63"); }};
  for (const auto& command : owners) {
    try {
      command();
      ADD_FAILURE();
    } catch (const Failure& f) {
      EXPECT_EQ(f.code(), Exit::kPermission);
      EXPECT_THAT(f.what(), HasSubstr("only the owner's server may do that"));
      EXPECT_THAT(f.what(), HasSubstr("this is user 2 of 2"));
    }
  }
  EXPECT_TRUE(pool.asked.empty());
}

TEST(HotplugCli, OptionsAreWhatTheCommandGets) {
  for (const bool is_in : {true, false}) {
    HotplugCli cli(is_in);
    const auto parse = [&](std::vector<std::string> words) {
      std::vector<char*> argv;
      for (auto& w : words) argv.push_back(w.data());
      return cli.parse(static_cast<int>(argv.size()), argv.data());
    };
    EXPECT_FALSE(parse({"hotplug", "--timeout", "3", "--slot", "1", "--no-wait", "--dry-run"}));
    EXPECT_EQ(cli.options.timeout, std::chrono::seconds(3));
    EXPECT_EQ(cli.options.slot, 1u);
    EXPECT_FALSE(cli.options.wait);
    EXPECT_TRUE(cli.options.dry_run);
    EXPECT_EQ(parse({"hotplug", "--timeout", "0"}), 2);
  }
}

TEST(Documents, NameEveryOption) {
  HotplugCli cli(true);
  const auto man = manual_page(cli.app), completion = bash_completion(cli.app), help = cli.app.help();
  for (const auto* option : cli.app.get_options())
    for (const auto& name : option->get_lnames()) {
      EXPECT_THAT(help, HasSubstr("--" + name));
      EXPECT_THAT(completion, HasSubstr("--" + name));
      std::string escaped = "\\-\\-" + name;
      for (auto at = escaped.find('-', 4); at != std::string::npos; at = escaped.find('-', at + 2))
        escaped.insert(at, "\\");
      EXPECT_THAT(man, HasSubstr(escaped));
    }
}

}  // namespace
}  // namespace vfpool::tools
