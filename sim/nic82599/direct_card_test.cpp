// SPDX-License-Identifier: Apache-2.0
#include "nic82599/direct_card.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "nic82599/test_card.hpp"

namespace vfpool::nic82599 {
namespace {

class FakeGuest : public vfio_user::Guest {
 public:
  bool read(std::uint64_t address, std::span<std::uint8_t> out) override {
    if (address + out.size() > memory.size()) return false;
    std::copy_n(memory.begin() + static_cast<std::ptrdiff_t>(address), out.size(), out.begin());
    return true;
  }
  bool write(std::uint64_t address, std::span<const std::uint8_t> data) override {
    if (address + data.size() > memory.size()) return false;
    std::copy(data.begin(), data.end(), memory.begin() + static_cast<std::ptrdiff_t>(address));
    return true;
  }
  void send_dma_write(std::uint64_t, std::span<const std::uint8_t>) override {}
  bool signal_msix(unsigned vector) override {
    signals.push_back(vector);
    return true;
  }
  std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(1 << 20);
  std::vector<unsigned> signals;
};

class Direct : public ::testing::Test {
 protected:
  explicit Direct(PfPersonality::Options o = two()) : wire(scheduler), card(scheduler, {}, o) {
    card.nic().set_wire(wire);
    for (unsigned i = 0; i < 2; ++i) {
      card.vf(i).attach(&guest[i]);
      config_write(i, 0x04, 4, 2);
      config_write(i, pfcfg::kMsix + 2, 0x8000, 2);
    }
    settle();
  }
  static PfPersonality::Options two() {
    PfPersonality::Options o;
    o.vfs = 2;
    return o;
  }
  void settle() {
    scheduler.run_until([] { return false; }, std::chrono::milliseconds(2));
  }
  std::uint32_t get(unsigned v, unsigned offset) {
    std::uint32_t value = 0;
    card.vf(v).read(0, offset, 4, [&](auto data) { std::memcpy(&value, data.data(), 4); });
    return value;
  }
  void put(unsigned v, unsigned offset, std::uint32_t value) {
    std::array<std::uint8_t, 4> b;
    std::memcpy(b.data(), &value, 4);
    card.vf(v).write(0, offset, b, [] {});
  }
  std::uint32_t config_read(unsigned v, unsigned offset) {
    std::uint32_t value = 0;
    card.vf(v).read(vfio_user::Device::kConfigRegion, offset, 4,
                    [&](auto data) { std::memcpy(&value, data.data(), 4); });
    return value;
  }
  void config_write(unsigned v, unsigned offset, std::uint32_t value, unsigned size) {
    std::array<std::uint8_t, 4> b;
    std::memcpy(b.data(), &value, 4);
    card.vf(v).write(vfio_user::Device::kConfigRegion, offset, std::span(b).first(size), [] {});
  }
  // Sends a message as a VF driver does and returns the answer's words.
  std::array<std::uint32_t, 16> ask(unsigned v, std::vector<std::uint32_t> words) {
    put(v, vfreg::kMailbox, reg::kMbVfu);
    EXPECT_TRUE(get(v, vfreg::kMailbox) & reg::kMbVfu);
    for (unsigned i = 0; i < words.size(); ++i) put(v, vfreg::kMbMem + 4 * i, words[i]);
    put(v, vfreg::kMailbox, reg::kMbReq);
    settle();
    EXPECT_TRUE(get(v, vfreg::kMailbox) & reg::kMbPfack);
    std::array<std::uint32_t, 16> answer;
    for (unsigned i = 0; i < 16; ++i) answer[i] = get(v, vfreg::kMbMem + 4 * i);
    put(v, vfreg::kMailbox, reg::kMbAck);
    settle();
    return answer;
  }
  void reset_vf(unsigned v) {
    put(v, vfreg::kCtrl, reg::kCtrlReset);
    settle();
    EXPECT_EQ(ask(v, {1})[0], 0x80000001u);
    EXPECT_EQ(ask(v, {8, 4})[0], 0xa0000008u);
  }

  static constexpr std::uint32_t kAck = 0xa0000000, kNack = 0x60000000;
  Scheduler scheduler{TimeBase::kVirtual};
  FakeWire wire;
  DirectCard card;
  FakeGuest guest[2];
};

TEST_F(Direct, LooksLikeAVirtualFunction) {
  EXPECT_EQ(config_read(0, 0), 0x10ed8086u);
  EXPECT_EQ(config_read(0, 0x70) & 0xff, 0x11u);
  EXPECT_EQ(card.vf(0).bar_sizes()[0], 0x4000u);
  EXPECT_EQ(card.vf(0).bar_sizes()[3], 0x4000u);
  config_write(0, 0x10, 0xffffffff, 4);
  EXPECT_EQ(config_read(0, 0x10), 0xffffc00cu);
  EXPECT_NE(get(0, vfreg::kStatus), 0xffffffffu);
  EXPECT_EQ(get(0, vfreg::kLinks), 0x70000000u);
  EXPECT_EQ(get(0, vfreg::kMailbox) & reg::kMbRsti, 0u);
}

TEST_F(Direct, PersonalityAnswersTheMailbox) {
  EXPECT_EQ(ask(1, {9})[0], 0x40000009u);  // nothing before RESET
  put(1, vfreg::kCtrl, reg::kCtrlReset);
  settle();
  const auto r = ask(1, {1});
  EXPECT_EQ(r[0], 0x80000001u);
  EXPECT_EQ(r[1], 0x90598202u);
  EXPECT_EQ(r[2] & 0xffff, 0x0101u);
  EXPECT_EQ(ask(1, {9})[0], kNack | 9);
  EXPECT_EQ(ask(1, {8, 77})[0], kNack | 8);
  EXPECT_EQ(ask(1, {8, 4})[0], kAck | 8);
  const auto q = ask(1, {9, 0, 0, 0, 0});
  EXPECT_EQ(q[1], 4u);
  EXPECT_EQ(q[2], 4u);
  EXPECT_EQ(ask(1, {2, 0x90598202, 0x0101})[0], kAck | 2);
  EXPECT_EQ(ask(1, {2, 0x11111102, 0x0101})[0], kNack | 2);  // the host has assigned another one
  EXPECT_EQ(ask(1, {4 | 1 << 16, 100})[0] & ~0xff0000u, kAck | 4);
  EXPECT_EQ(ask(1, {5, 1518})[0], kAck | 5);
  EXPECT_EQ(ask(1, {5, 9000})[0], kNack | 5);
  const auto x = ask(1, {0xc, 2});
  EXPECT_EQ(x[0], kAck | 0xc);
  EXPECT_EQ(x[1], 1u);  // not trusted
  EXPECT_EQ(ask(1, {0x10})[1], 1u);
  EXPECT_EQ(ask(1, {0x0a})[0], kNack | 0x0a);
  EXPECT_EQ(ask(1, {0x77})[0], kNack | 0x77);
  put(1, vfreg::kMbMem, 5);
}

TEST_F(Direct, FrameOfAVfReachesTheOtherGuest) {
  for (unsigned v = 0; v < 2; ++v) {
    reset_vf(v);
    put(v, vfreg::kIvar, 0x8180);
    put(v, vfreg::kEims, 7);
    const std::uint64_t buffer = 0x20000;
    for (unsigned i = 0; i < 32; ++i) {
      const std::uint64_t at = buffer + 2048 * i;
      std::memcpy(guest[v].memory.data() + 0x1000 + 16 * i, &at, 8);
    }
    put(v, 0x1000, 0x1000);
    put(v, 0x1008, 512);
    put(v, 0x1014, 0x2000002);
    put(v, 0x1028, reg::kDctlEnable);
    put(v, 0x1018, 31);
    put(v, 0x2000, 0x3000);
    put(v, 0x2008, 512);
    put(v, 0x2028, reg::kDctlEnable);
  }
  wire::Frame f = {0x02, 0x82, 0x59, 0x90, 1, 1, 0x02, 0x82, 0x59, 0x90, 1, 0, 0x88, 0xb5};
  f.resize(64, 0x5a);
  std::copy(f.begin(), f.end(), guest[0].memory.begin() + 0x8000);
  const std::uint64_t descriptor[2] = {0x8000,
                                       (64ULL << 14) << 32 | 64 | 3 << 20 | bit(24) | bit(25) | bit(27) | bit(29)};
  std::memcpy(guest[0].memory.data() + 0x3000, descriptor, 16);
  put(0, 0x2018, 1);
  settle();
  EXPECT_TRUE(std::equal(f.begin(), f.end(), guest[1].memory.begin() + 0x20000));
  EXPECT_EQ(guest[1].memory[0x1008] & 3, 3);
  EXPECT_EQ(guest[0].memory[0x300c] & 1, 1);
  EXPECT_EQ(std::count(guest[1].signals.begin(), guest[1].signals.end(), 0u), 1);
  EXPECT_EQ(std::count(guest[0].signals.begin(), guest[0].signals.end(), 1u), 1);
  EXPECT_TRUE(wire.sent.empty());
}

TEST_F(Direct, GuestThatDisappearsLeavesNothingBehind) {
  reset_vf(0);
  put(0, 0x1028, reg::kDctlEnable);
  card.vf(0).attach(nullptr);
  settle();
  EXPECT_EQ(card.nic().read32(1, 0, 0x1028), 0u);
  EXPECT_EQ(card.nic().config(1).get16(0x04), 0u);
  card.vf(0).attach(&guest[0]);
  config_write(0, 0x04, 4, 2);
  EXPECT_EQ(ask(0, {9})[0], 0x40000009u);  // registration is gone too
}

TEST_F(Direct, VfThatKeepsTheLockLosesIt) {
  reset_vf(0);
  put(0, vfreg::kMailbox, reg::kMbVfu);
  put(0, vfreg::kMbMem, 0x10);
  put(0, vfreg::kMailbox, reg::kMbVfu | reg::kMbReq);  // signals, and holds on
  settle();
  EXPECT_EQ(get(0, vfreg::kMbMem), 0x10u);
  scheduler.run_until([&] { return get(0, vfreg::kMbMem) != 0x10; }, std::chrono::seconds(2));
  EXPECT_EQ(get(0, vfreg::kMbMem), kAck | 0x10);
}

TEST_F(Direct, LinkChangeIsToldByMail) {
  reset_vf(0);
  put(0, vfreg::kIvarMisc, 0x82);
  put(0, vfreg::kEims, 7);
  guest[0].signals.clear();
  wire.plug(false);
  settle();
  EXPECT_EQ(get(0, vfreg::kMbMem), 0x20000100u);
  EXPECT_EQ(get(0, vfreg::kLinks), 0u);
  EXPECT_EQ(guest[0].signals, std::vector<unsigned>{2});
}

}  // namespace
}  // namespace vfpool::nic82599
