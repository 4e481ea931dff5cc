// SPDX-License-Identifier: Apache-2.0
// A card with two VFs on a bench, each with a guest that has memory and talks to the PF as a VF's driver does.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "nic82599/direct_card.hpp"
#include "nic82599/test_card.hpp"
#include "vfio_user/test_guest.hpp"

namespace vfpool::nic82599 {

class Direct : public ::testing::Test {
 protected:
  explicit Direct(PfPersonality::Options o = two(), Nic82599::Options nic = {})
      : wire(scheduler), card(scheduler, std::move(nic), std::move(o)) {
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
  vfio_user::TestGuest guest[2];
};

}  // namespace vfpool::nic82599
