// SPDX-License-Identifier: Apache-2.0
#include "app/preset_for.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "app/simulation.hpp"

namespace vfpool::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kPresets = VFPOOL_SOURCE "/CMakePresets.json";

TEST(PresetFor, TheFirstThatIsLargeEnough) {
  EXPECT_EQ(preset_for({2, 2, 8, 1}, kPresets), "release");
  EXPECT_EQ(preset_for({2, 2, 8, 2}, kPresets), "devices2");
  EXPECT_EQ(preset_for({3, 1, 1, 1}, kPresets), "users4");
  EXPECT_EQ(preset_for({4, 2, 8, 1}, kPresets), "users4");
  EXPECT_EQ(preset_for({1, 3, 1, 1}, kPresets), "slots4");
  EXPECT_EQ(preset_for({5, 1, 1, 1}, kPresets), "users16");
  EXPECT_EQ(preset_for({5, 2, 1, 1}, kPresets), std::nullopt);
  EXPECT_EQ(preset_for({3, 3, 1, 1}, kPresets), std::nullopt);
}

TEST(PresetFor, AFileThatHoldsNoPresetsIsNamed) {
  try {
    preset_for({2, 2, 8, 1}, VFPOOL_SOURCE "/no/such.json");
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("/no/such.json: "));
  }
}

TEST(PresetFor, ATopologyForALargerBridgeThanThisProgramsIsRefusedWithBothAndTheWayToIt) {
  const auto here = bridge_limits().size;
  const auto file = std::filesystem::path(testing::TempDir()) / fmt::format("preset_for_test.{}.toml", ::getpid());
  std::ofstream pool(file);
  for (unsigned n = 0; n <= here.users + 1; ++n) pool << "[[server]]\n";
  pool.close();
  try {
    config::read_topology(file, bridge_limits());
    ADD_FAILURE() << "accepted";
  } catch (const config::BridgeTooSmall& e) {
    EXPECT_THAT(e.what(),
                AllOf(HasSubstr(file.string() + fmt::format(":{}: server {}: ", here.users + 2, here.users + 2)),
                      HasSubstr("has " + text_of(here)),
                      HasSubstr(fmt::format("needs {} users, 1 slot each", here.users + 1))));
    EXPECT_EQ(e.needed().users, here.users + 1);
    if (here.users == 2) {
      EXPECT_THAT(how_to_build(e.needed(), kPresets, file),
                  AllOf(HasSubstr("tools/build users4 vfpool-sim"),
                        HasSubstr("make lab TOPOLOGY=" + file.string() + " PRESET=users4")));
    }
  }
  std::filesystem::remove(file);
  EXPECT_THAT(how_to_build({.users = 9}, kPresets, file), HasSubstr("add one with VFPOOL_USERS"));
}

}  // namespace
}  // namespace vfpool::app
