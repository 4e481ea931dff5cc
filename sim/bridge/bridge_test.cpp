// SPDX-License-Identifier: Apache-2.0
#include "bridge/bridge.hpp"

#include <gmock/gmock.h>

namespace vfpool::bridge {
namespace {

TEST(Geometry, OfTheRtlIsThatOfTheProgram) {
  Scheduler scheduler{TimeBase::kVirtual};
  Bridge bridge(scheduler);
  const auto rtl = bridge.read<regs::Geometry>();
  const Geometry mine = Bridge::geometry();
  EXPECT_EQ(rtl.users, mine.users);
  EXPECT_EQ(rtl.slots, mine.slots);
  EXPECT_EQ(rtl.slot_fns, mine.slot_functions);
  EXPECT_EQ(rtl.devices, mine.devices);
  EXPECT_EQ(128U << bridge.read<regs::Payload>(0).most, mine.max_payload);
  EXPECT_EQ(bridge.read<regs::Id>().value, regs::Id::kValue);
}

TEST(Geometry, AnyDifferenceIsRefusedWithBothValues) {
  const regs::Geometry rtl{.users = 4, .slots = 2, .slot_fns = 8, .devices = 1};
  const regs::Payload payload{.most = 1};
  EXPECT_NO_THROW(check_geometry(rtl, payload, {4, 2, 8, 1, 256}));
  for (const Geometry program : {Geometry{3, 2, 8, 1, 256}, Geometry{4, 1, 8, 1, 256}, Geometry{4, 2, 4, 1, 256},
                                 Geometry{4, 2, 8, 2, 256}, Geometry{4, 2, 8, 1, 128}})
    EXPECT_THROW(check_geometry(rtl, payload, program), std::runtime_error);
  try {
    check_geometry(rtl, payload, {2, 2, 8, 1, 256});
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_THAT(e.what(), testing::AllOf(testing::HasSubstr("RTL is built for 4 users"),
                                         testing::HasSubstr("this program for 2 users")));
  }
}

}  // namespace
}  // namespace vfpool::bridge
