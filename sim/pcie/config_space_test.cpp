// SPDX-License-Identifier: Apache-2.0
#include "pcie/config_space.hpp"

#include <gtest/gtest.h>

namespace vfpool::pcie {
namespace {

TEST(ConfigSpace, BarReportsItsSizeWhenAllOnesAreWritten) {
  ConfigSpace c;
  c.memory_bar(0, 0x4000, true, true);
  c.write(0x10, 0xffffffff, 4);
  c.write(0x14, 0xffffffff, 4);
  EXPECT_EQ(c.read(0x10, 4), 0xffffc00cu);
  EXPECT_EQ(c.read(0x14, 4), 0xffffffffu);
  c.write(0x10, 0x80000000, 4);
  c.write(0x14, 0x12, 4);
  EXPECT_EQ(c.bar_address(0), 0x1280000000u);
}

TEST(ConfigSpace, ReadOnlyBitsStayAndStatusBitsClearOnOne) {
  ConfigSpace c;
  c.init32(0x40, 0x12345678, 0x0000ff00, 0x000000f0);
  c.write(0x40, 0xffffff3f, 4);
  EXPECT_EQ(c.read(0x40, 4), 0x1234ff48u);
}

TEST(ConfigSpace, ByteWritesTouchOnlyTheirByteAndCallItsHook) {
  ConfigSpace c;
  int calls = 0;
  c.init32(0x40, 0, 0xffffffff);
  c.on_write(0x42, 1, [&] { ++calls; });
  c.write(0x41, 0xab, 1);
  EXPECT_EQ(c.read(0x40, 4), 0xab00u);
  EXPECT_EQ(calls, 0);
  c.write(0x42, 0xcd, 1);
  EXPECT_EQ(calls, 1);
}

TEST(ConfigSpace, CapabilitiesAreLinkedInOrder) {
  ConfigSpace c;
  c.type0_header(0x8086, 0x10ed, 0x020000, 1, 0x8086, 3, false);
  c.add_msix(0x70, 3, 3, 0, 3, 0x2000);
  c.add_pcie(0xa0, {.flr = true});
  EXPECT_EQ(c.get8(0x34), 0x70);
  EXPECT_EQ(c.get8(0x71), 0xa0);
  EXPECT_EQ(c.get8(0xa1), 0);
  EXPECT_TRUE(c.get16(0x06) & 0x10);
}

TEST(ConfigSpace, OutOfRangeReadsAllOnes) {
  ConfigSpace c;
  EXPECT_EQ(c.read(4094, 4), ~0u);
  c.write(4094, 1, 4);
  EXPECT_EQ(c.read(4094, 2), 0u);
}

}  // namespace
}  // namespace vfpool::pcie
