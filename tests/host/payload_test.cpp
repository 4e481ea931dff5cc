// SPDX-License-Identifier: Apache-2.0
// Packets of up to 128, 256 or 512 bytes, as each server sets Max_Payload_Size in its tree; a bridge is built for one
// of them as the largest (tests/host/of_geometry payload512).
#include <bit>

#include "two_users.hpp"

namespace vfpool {
namespace {

using pcie::CplStatus;
using pcie::TlpKind;

class Payload : public TwoUsers {
 protected:
  static constexpr unsigned kDevCap = 0x04, kDevCtl = 0x08;
  const unsigned largest = bridge::Bridge::geometry().max_payload;
  const unsigned most = static_cast<unsigned>(std::countr_zero(largest / 128));  ///< its code

  /// Sets it for every function of a tree: 128 bytes << code.
  host::Task<> set(host::Server& server, const std::vector<host::Function>& tree, unsigned code) {
    for (const host::Function& f : tree) {
      if (!f.capabilities.contains(0x10)) continue;
      const unsigned reg = f.capability(0x10) + kDevCtl;
      const std::uint32_t before = co_await server.config_read(f.bdf, reg, 2);
      co_await server.config_write(f.bdf, reg, (before & ~0xe0U) | code << 5, 2);
    }
  }
  void set_owner(unsigned code) { run(set(owner(), owner_tree, code)); }
  void set_user(unsigned n, unsigned code) {
    run(set(user(n), user_trees[n], code));
    run(set(user(n), {fn[n]}, code));
  }
  void set_all(unsigned code) {
    set_owner(code);
    for (unsigned n = 1; n <= 2; ++n) set_user(n, code);
    settle();
  }
  void card_writes(unsigned of, std::size_t bytes, std::uint8_t mark) {
    from_device(pcie::mem_write(owner_vfs[of].bdf, kPlace, std::vector<std::uint8_t>(bytes, mark)));
    settle();
  }
  std::uint8_t at(unsigned n, std::size_t byte) { return user(n).at(kPlace, largest * 2)[byte]; }

  static constexpr std::uint64_t kPlace = 0x700000;
};

// PCIe Base Spec 2.1, 7.8.3.
TEST_F(Payload, EveryFunctionOffersTheLargestOne) {
  run(ready());
  for (const host::Function& f : {find(user_trees[1], 0x8086), user_trees[1][2], slot_port(1, 0), fn[1]})
    EXPECT_EQ(run(user(1).config_read(f.bdf, f.capability(0x10) + kDevCap, 4)) & 7, most) << f.bdf.str();
}

TEST_F(Payload, EachSizeThatIsSetPassesAndALargerPacketIsMalformed) {
  run(ready());
  for (unsigned code = 0; code <= most; ++code) {
    set_all(code);
    const std::size_t size = 128U << code;
    const auto mark = static_cast<std::uint8_t>(0xa0 + code);
    card_writes(0, size, mark);
    EXPECT_EQ(at(1, 0), mark) << size;
    EXPECT_EQ(at(1, size - 1), mark) << size;
    EXPECT_EQ(drops(Drop::kMalformed), code) << size;

    card_writes(0, size + 4, 0x77);
    EXPECT_EQ(at(1, 0), mark) << size;
    EXPECT_EQ(drops(Drop::kMalformed), code + 1) << size;
  }
}

TEST_F(Payload, AServersPacketsAreAsLargeAndNotLarger) {
  run(ready());
  set_all(most);
  Log& card = leaving(device());
  const std::uint64_t table = fn[1].bar[3] + 0x400;  // of the VF's page what the card does not look at
  const auto write = [&](std::size_t size) {
    bridge.input(1).deliver(pcie::mem_write(Bdf(0, 0, 0), table, std::vector<std::uint8_t>(size, 0x31)));
    settle();
  };
  write(largest);
  const auto arrived = [&] {
    return std::count_if(card.tlps.begin(), card.tlps.end(), [&](const pcie::Tlp& t) {
      return t.kind() == TlpKind::kMemWrite && t.data == std::vector<std::uint8_t>(largest, 0x31);
    });
  };
  EXPECT_EQ(arrived(), 1);

  write(largest + 4);
  EXPECT_EQ(arrived(), 1);
  EXPECT_EQ(drops(Drop::kMalformed), 1u);
}

TEST_F(Payload, FramesCrossInPacketsOfThatSize) {
  run(ready());
  set_all(most);
  Log &to_card = leaving(device()), &to_user = leaving(2);
  std::vector<std::uint8_t> frame(1514);
  for (std::size_t i = 0; i < frame.size(); ++i) frame[i] = static_cast<std::uint8_t>(i * 7);
  std::copy(vf[2]->mac().begin(), vf[2]->mac().end(), frame.begin());
  std::copy(vf[1]->mac().begin(), vf[1]->mac().end(), frame.begin() + 6);
  run(vf[1]->send(frame));
  EXPECT_EQ(run(vf[2]->receive()), frame);
  const auto size_of_largest = [](const Log& log, TlpKind kind) {
    std::size_t size = 0;
    for (const pcie::Tlp& t : log.tlps)
      if (t.kind() == kind) size = std::max(size, t.data.size());
    return size;
  };
  EXPECT_EQ(size_of_largest(to_card, TlpKind::kCplData), largest);
  EXPECT_EQ(size_of_largest(to_user, TlpKind::kMemWrite), largest);
}

// One of the two would get packets that it must call malformed, which is a fatal error of its link.
TEST_F(Payload, AUserWhoseSizeIsNotTheCardsReachesNothingUntilItIs) {
  run(ready());
  set_owner(1);
  set_user(1, 1);
  settle();
  const auto status = [&](unsigned n) { return run(user(n).probe32(fn[n].bar[0] + 0x8)); };
  EXPECT_EQ(status(1), CplStatus::kSuccess);
  EXPECT_EQ(status(2), most == 0 ? CplStatus::kSuccess : CplStatus::kUnsupported);
  if (most == 0) return;  // nobody can set another size
  EXPECT_EQ(drops(Drop::kNoTarget), 1u);
  card_writes(1, 128, 0x55);
  EXPECT_EQ(at(2, 0), 0);
  card_writes(0, 256, 0x56);
  EXPECT_EQ(at(1, 255), 0x56);

  set_user(2, 1);
  settle();
  EXPECT_EQ(status(2), CplStatus::kSuccess);
  card_writes(1, 256, 0x57);
  EXPECT_EQ(at(2, 255), 0x57);

  // More than the bridge has counts as the largest (7.8.4).
  set_user(2, 7);
  settle();
  EXPECT_EQ(bridge.read<regs::Payload>(2).size, most);
}

TEST_F(Payload, TheOwnerReadsWhatEachPortHas) {
  run(ready());
  set_owner(most);
  set_user(2, most);
  settle();
  for (const auto& [port, code] : {std::pair{0U, most}, {1U, 0U}, {2U, most}, {device(), most}}) {
    EXPECT_EQ(bridge.read<regs::Payload>(port).size, code) << port;
    EXPECT_EQ(bridge.read<regs::Payload>(port).most, most) << port;
  }
  EXPECT_EQ(bridge.service_read(regs::Payload::offset(bridge::Bridge::port_count())), 0u);
}

}  // namespace
}  // namespace vfpool
