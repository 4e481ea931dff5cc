// SPDX-License-Identifier: Apache-2.0
#include "vmd/endpoint.hpp"

#include <gtest/gtest.h>

namespace vfpool::vmd {
namespace {

using Bytes = std::vector<std::uint8_t>;

struct Link : pcie::TlpSink {
  bool room(pcie::FlowClass) const override { return !full; }
  void give_room() {
    full = false;
    room_is_back();
  }
  void deliver(pcie::Tlp t) override { sent.push_back(std::move(t)); }
  std::vector<pcie::Tlp> sent;
  bool full = false;
};

struct FakeGuest : vfio_user::Guest {
  bool room(pcie::FlowClass) const override { return takes_messages; }
  void take_messages() {
    takes_messages = true;
    room_is_back();
  }
  bool read(std::uint64_t, std::span<std::uint8_t>) override { return true; }
  bool write(std::uint64_t, std::span<const std::uint8_t>) override { return true; }
  void send_dma_write(std::uint64_t address, std::span<const std::uint8_t> data) override {
    messages.emplace_back(address, Bytes(data.begin(), data.end()));
  }
  bool signal_msix(unsigned) override { return true; }
  std::vector<std::pair<std::uint64_t, Bytes>> messages;
  bool takes_messages = true;
};

class VmdEndpoint : public testing::Test {
 protected:
  VmdEndpoint() { endpoint.attach(&guest); }
  std::uint32_t config(std::uint64_t offset, unsigned region = 0, unsigned size = 4) {
    std::uint32_t v = 0;
    endpoint.read(region, offset, size, [&](std::span<const std::uint8_t> d) {
      for (std::size_t i = 0; i < d.size(); ++i) v |= static_cast<std::uint32_t>(d[i]) << 8 * i;
    });
    return v;
  }
  void put(unsigned region, std::uint64_t offset, Bytes data) {
    endpoint.write(region, offset, data, [] {});
  }
  Scheduler scheduler{TimeBase::kVirtual};
  Link link;
  FakeGuest guest;
  std::vector<bool> link_states;
  Endpoint endpoint{scheduler, "user1", link, [this](bool up) { link_states.push_back(up); }};
};

TEST_F(VmdEndpoint, IsAVmdWithARootPortInItsConfigurationWindow) {
  EXPECT_EQ(config(0, vfio_user::Device::kConfigRegion), 0x28c08086u);
  EXPECT_EQ(config(0x40, vfio_user::Device::kConfigRegion), 0u);
  EXPECT_EQ(config(0x70, vfio_user::Device::kConfigRegion), 0u);
  EXPECT_EQ(config(1 << 15), 0x20308086u);
  EXPECT_EQ(config(2 << 15), 0xffffffffu);
}

TEST_F(VmdEndpoint, WindowsLeadToMemoryRequestsAtTheGuestsAddresses) {
  put(vfio_user::Device::kConfigRegion, 0x18, {0, 0, 0, 0x90});  // BAR2 = 0x90000000
  put(0, (1 << 15) + 0x18, {0, 1});
  put(0, (1 << 15) + 0x1a, {4});
  put(0, (1 << 15) + 0x20, {0x00, 0x90, 0xf0, 0x90});
  put(0, (1 << 15) + 0x04, {6, 0});
  put(2, 0x1234, {1, 2, 3, 4});
  ASSERT_EQ(link.sent.size(), 1u);
  EXPECT_EQ(link.sent[0].kind(), pcie::TlpKind::kMemWrite);
  EXPECT_EQ(link.sent[0].address(), 0x90001234u);
}

TEST_F(VmdEndpoint, MessagesOfChildrenReachTheGuestUnchanged) {
  put(0, (1 << 15) + 0x04, {6, 0});
  const Bytes data{0x41, 0, 0, 0};
  endpoint.up().deliver(pcie::mem_write(pcie::Bdf(3, 0, 0), 0xfee01000, data));
  ASSERT_EQ(guest.messages.size(), 1u);
  EXPECT_EQ(guest.messages[0].first, 0xfee01000u);
  EXPECT_EQ(guest.messages[0].second, data);
}

TEST_F(VmdEndpoint, AServerThatGoesAwayTakesItsLinkDownAndIsForgotten) {
  put(0, (1 << 15) + 0x18, {0, 1});
  endpoint.attach(nullptr);
  EXPECT_FALSE(link_states.back());
  endpoint.attach(&guest);
  EXPECT_TRUE(link_states.back());
  EXPECT_EQ(config((1 << 15) + 0x18), 0u);
}

TEST_F(VmdEndpoint, OddAccessesReadAllOnes) {
  EXPECT_EQ(config((1 << 15) + 2, 0, 4), 0xffffffffu);  // crosses a double word
}

// The guest's writes are held back one by one, so the server reads no more of them.
TEST_F(VmdEndpoint, WritesWaitForRoomOnTheLink) {
  config(0);
  put(0, (1 << 15) + 0x18, {0x00, 0x01, 0x04});
  put(0, (1 << 15) + 0x20, {0x00, 0x80, 0xf0, 0x80});
  put(0, (1 << 15) + 0x04, {0x06, 0x00});
  put(vfio_user::Device::kConfigRegion, 0x18, {0, 0, 0, 0x80});  // BAR 2 at 0x80000000
  link.full = true;
  unsigned taken = 0;
  for (unsigned i = 0; i < 100 && taken == i; ++i) endpoint.write(2, 0, Bytes(4), [&] { ++taken; });
  EXPECT_LT(taken, 20u);
  EXPECT_TRUE(link.sent.empty());
  const unsigned before = taken;
  link.give_room();
  EXPECT_EQ(taken, before + 1);
  EXPECT_EQ(link.sent.size(), taken);
}

TEST_F(VmdEndpoint, TheGuestsSecondaryBusResetTakesTheLinkDownAndUp) {
  link_states.clear();
  put(0, (1 << 15) + 0x3e, {0x40, 0x00});
  put(0, (1 << 15) + 0x3e, {0x00, 0x00});
  EXPECT_EQ(link_states, (std::vector<bool>{false, true}));
}

TEST_F(VmdEndpoint, InterruptsThatTheGuestDoesNotTakeLeaveNoRoomForMore) {
  EXPECT_TRUE(endpoint.up().room(pcie::FlowClass::kPosted));
  guest.takes_messages = false;
  EXPECT_FALSE(endpoint.up().room(pcie::FlowClass::kPosted));
  EXPECT_TRUE(endpoint.up().room(pcie::FlowClass::kCompletion));
  bool told = false;
  endpoint.up().on_room([&] { told = true; });
  guest.take_messages();
  EXPECT_TRUE(told);
  guest.takes_messages = false;
  EXPECT_FALSE(endpoint.up().room(pcie::FlowClass::kPosted));
  told = false;
  endpoint.attach(nullptr);  // switched off: whoever waits goes on
  EXPECT_TRUE(told);
  EXPECT_TRUE(endpoint.up().room(pcie::FlowClass::kPosted));
}

}  // namespace
}  // namespace vfpool::vmd
