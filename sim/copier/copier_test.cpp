// SPDX-License-Identifier: Apache-2.0
// The smallest device below a root complex without a bridge, and attached directly: what pcie::Device, pcie::Endpoint
// and vfio_user::DirectFunction promise to any device.
#include "copier/copier.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>

#include "host/enumerate.hpp"
#include "host/server.hpp"
#include "pcie/endpoint.hpp"
#include "pcie/link.hpp"
#include "vfio_user/direct.hpp"
#include "vfio_user/test_guest.hpp"

namespace vfpool::copier {
namespace {

using host::Task;
using pcie::Bdf;
using pcie::FlowClass;
using pcie::Tlp;
using pcie::TlpKind;

constexpr unsigned kMsix = 0x50, kPcie = 0x80;

class BelowARootPort : public testing::Test {
 protected:
  BelowARootPort() {
    link.connect(server.root(), endpoint);
    endpoint.plug(device);
  }
  template <class T>
  T run(Task<T> task) {
    return host::run(scheduler, std::move(task));
  }
  Task<> find() {
    tree = co_await enumerator.all();
    pf = tree.back();
  }
  Task<> find_with_vfs(unsigned count) {
    co_await find();
    vfs = co_await enumerator.enable_vfs(pf, count);
    for (const auto& vf : vfs) co_await server.config_write(vf.bdf, pcie::cfg::kCommand, pcie::cfg::kBusMaster, 2);
  }
  /// Both vectors of a function, opened; returns them.
  Task<std::array<host::Server::Vector, 2>> vectors(host::Function f) {
    const std::array<host::Server::Vector, 2> v{server.new_vector(), server.new_vector()};
    for (unsigned i = 0; i < 2; ++i) {
      server.write32(f.bar[2] + 16 * i, static_cast<std::uint32_t>(v[i].address));
      server.write32(f.bar[2] + 16 * i + 8, v[i].data);
      server.write32(f.bar[2] + 16 * i + 12, 0);
    }
    co_await server.config_write(f.bdf, kMsix + 2, 0x8000, 2);
    co_return v;
  }
  Task<> copy(host::Function f, std::uint64_t from, std::uint64_t to, std::uint32_t length) {
    server.write32(f.bar[0] + reg::kSource, static_cast<std::uint32_t>(from));
    server.write32(f.bar[0] + reg::kTarget, static_cast<std::uint32_t>(to));
    server.write32(f.bar[0] + reg::kLength, length);
    server.write32(f.bar[0] + reg::kDoorbell, 1);
    while (co_await server.read32(f.bar[0] + reg::kStatus) & reg::kBusy)
      co_await server.sleep(std::chrono::microseconds(1));
  }

  Scheduler scheduler{TimeBase::kVirtual};
  pcie::Link link;
  host::Server server{scheduler, link.down(), {.link = [this](bool up) { up ? void() : device.reset(0); }}};
  pcie::Endpoint endpoint{scheduler, link.up()};
  Copier device{endpoint.dma()};
  host::Enumerator enumerator{server};
  std::vector<host::Function> tree, vfs;
  host::Function pf;
};

TEST_F(BelowARootPort, IsEnumeratedWithItsBars) {
  run(find());
  ASSERT_EQ(tree.size(), 2u) << host::describe(tree);
  EXPECT_EQ(pf.vendor, kVendor);
  EXPECT_EQ(pf.device, kPfDevice);
  EXPECT_EQ(pf.bar_size[0], kPfRegisterBar);
  EXPECT_EQ(pf.bar_size[1], 0u);
  EXPECT_EQ(pf.bar_size[2], kMsixBar);
  EXPECT_EQ(pf.vf_bar_size[0], kVfRegisterBar);
  EXPECT_EQ(pf.vf_bar_size[2], kMsixBar);
  EXPECT_EQ(run(server.read32(pf.bar[0] + reg::kId)), kIdValue);
}

TEST_F(BelowARootPort, VfsLieWhereTheCapabilitySays) {
  run(find_with_vfs(3));
  ASSERT_EQ(vfs.size(), 3u);
  for (unsigned n = 0; n < 3; ++n) {
    EXPECT_EQ(vfs[n].bdf.raw, pf.bdf.raw + 1 + n);
    EXPECT_EQ(vfs[n].bar[0], pf.vf_bar[0] + n * kVfRegisterBar);
    EXPECT_EQ(run(server.read32(vfs[n].bar[0] + reg::kId)), kIdValue);
    server.write32(vfs[n].bar[0] + reg::kLength, n + 100);
  }
  for (unsigned n = 0; n < 3; ++n) EXPECT_EQ(run(server.read32(vfs[n].bar[0] + reg::kLength)), n + 100);
  EXPECT_EQ(run(server.probe32(vfs[2].bar[0] + kVfRegisterBar)), pcie::CplStatus::kUnsupported);  // no fourth
  EXPECT_EQ(run(server.config_read(Bdf(static_cast<std::uint16_t>(pf.bdf.raw + 4)), kMsix)), ~0u);
}

TEST_F(BelowARootPort, CopiesMemoryAndSaysSoByMsix) {
  run(find_with_vfs(2));
  std::uint8_t salt = 1;
  for (const host::Function& f : {pf, vfs[0], vfs[1]}) {
    const auto v = run(vectors(f));
    const std::uint64_t from = server.allocate(4096), to = server.allocate(8192) + 3;
    for (auto& b : server.at(from, 4096)) b = salt = static_cast<std::uint8_t>(salt * 5 + 1);
    run(copy(f, from, to, 3000));
    EXPECT_TRUE(std::ranges::equal(server.at(from, 3000), server.at(to, 3000)));
    EXPECT_EQ(server.at(to + 3000, 1)[0], 0);
    EXPECT_EQ(server.count(v[0]), 1u);
    EXPECT_EQ(server.messages().back().from, f.bdf);
    run(copy(f, from, 0x7fffffff0000, 16));  // where no memory is: posted, and lost
    run(copy(f, 0x7fffffff0000, to, 16));    // a read of it is an error
    EXPECT_EQ(run(server.read32(f.bar[0] + reg::kStatus)), reg::kFailed);
    EXPECT_EQ(server.count(v[1]), 1u);
  }
}

TEST_F(BelowARootPort, ImpossibleLengthsAndDoorbellsDuringACopyFail) {
  run(find());
  const auto v = run(vectors(pf));
  run(copy(pf, 0x1000, 0x3000, 0));
  run(copy(pf, 0x1000, 0x3000, kMostLength + 1));
  EXPECT_EQ(server.count(v[1]), 2u);
  EXPECT_EQ(run(server.read32(pf.bar[0] + reg::kStatus)), reg::kFailed);
  server.write32(pf.bar[0] + reg::kLength, 64);
  for (int i = 0; i < 2; ++i) server.write32(pf.bar[0] + reg::kDoorbell, 1);
  run(server.sleep(std::chrono::microseconds(10)));
  EXPECT_EQ(run(server.read32(pf.bar[0] + reg::kStatus)), reg::kFailed);
  EXPECT_EQ(run(server.read32(pf.bar[0] + reg::kCopies)), 1u);
}

TEST_F(BelowARootPort, MaskedVectorsWaitInThePendingBits) {
  run(find());
  const auto v = run(vectors(pf));
  server.write32(pf.bar[2] + 12, 1);
  run(copy(pf, 0x1000, 0x3000, 64));
  run(copy(pf, 0x1000, 0x3000, 64));
  EXPECT_EQ(server.count(v[0]), 0u);
  EXPECT_EQ(run(server.read32(pf.bar[2] + kPendingOffset)), 1u);
  run(server.config_write(pf.bdf, kMsix + 2, 0xc000, 2));
  server.write32(pf.bar[2] + 12, 0);
  run(server.sleep(std::chrono::microseconds(1)));
  EXPECT_EQ(server.count(v[0]), 0u);  // the function is masked, too
  run(server.config_write(pf.bdf, kMsix + 2, 0x8000, 2));
  run(server.sleep(std::chrono::microseconds(1)));
  EXPECT_EQ(server.count(v[0]), 1u);
  EXPECT_EQ(run(server.read32(pf.bar[2] + kPendingOffset)), 0u);
}

TEST_F(BelowARootPort, FunctionLevelResetOfAVfSparesTheOthers) {
  run(find_with_vfs(2));
  for (const auto& f : {pf, vfs[0], vfs[1]}) server.write32(f.bar[0] + reg::kLength, 77);
  run(server.config_write(vfs[0].bdf, kPcie + 8, pcie::express::kInitiateFlr, 2));
  EXPECT_EQ(run(server.read32(vfs[0].bar[0] + reg::kLength)), 0u);
  EXPECT_EQ(run(server.config_read(vfs[0].bdf, pcie::cfg::kCommand, 2)), 0u);
  EXPECT_EQ(run(server.config_read(vfs[0].bdf, kPcie + 8, 2)) & pcie::express::kInitiateFlr, 0u);
  for (const auto& f : {pf, vfs[1]}) EXPECT_EQ(run(server.read32(f.bar[0] + reg::kLength)), 77u);
}

TEST_F(BelowARootPort, FunctionLevelResetOfThePfTakesTheVfs) {
  run(find_with_vfs(2));
  run(server.config_write(pf.bdf, kPcie + 8, pcie::express::kInitiateFlr, 2));
  EXPECT_EQ(device.vfs_enabled(), 0u);
  EXPECT_EQ(run(server.config_read(vfs[0].bdf, kMsix)), ~0u);
  EXPECT_EQ(run(server.config_read(pf.bdf, pcie::cfg::kBar0)), 0u);
}

TEST_F(BelowARootPort, HotResetTakesEverything) {
  run(find_with_vfs(2));
  server.write32(pf.bar[0] + reg::kLength, 77);
  run(server.config_write(host::Server::kRootPort, pcie::cfg::kBridgeControl, 0x40, 2));
  run(server.config_write(host::Server::kRootPort, pcie::cfg::kBridgeControl, 0, 2));
  EXPECT_EQ(device.read32(0, 0, reg::kLength), 0u);
  EXPECT_EQ(device.vfs_enabled(), 0u);
  EXPECT_EQ(run(server.config_read(pf.bdf, 0)), static_cast<std::uint32_t>(kPfDevice) << 16 | kVendor);
}

TEST_F(BelowARootPort, ACopyFromBeforeAResetDoesNotEndAfterIt) {
  run(find());
  const auto v = run(vectors(pf));
  server.write32(pf.bar[0] + reg::kSource, 0x1000);
  server.write32(pf.bar[0] + reg::kTarget, 0x3000);
  server.write32(pf.bar[0] + reg::kLength, 64);
  server.at(0x1000, 64)[0] = 9;
  device.write32(0, 0, reg::kDoorbell, 1);
  device.reset(0);
  run(server.sleep(std::chrono::milliseconds(60)));
  EXPECT_EQ(server.at(0x3000, 1)[0], 0);
  EXPECT_EQ(server.count(v[0]) + server.count(v[1]), 0u);
}

TEST_F(BelowARootPort, SleepingFunctionAnswersConfigurationOnly) {
  run(find());
  pcie::ConfigSpace& space = device.config(0);
  const unsigned pm = space.add_power_management(0xd0, 0, false, false);
  EXPECT_EQ(run(server.probe32(pf.bar[0])), pcie::CplStatus::kSuccess);
  run(server.config_write(pf.bdf, pm + pcie::pm::kControl, 3, 2));
  EXPECT_EQ(run(server.probe32(pf.bar[0])), pcie::CplStatus::kUnsupported);
  EXPECT_EQ(run(server.config_read(pf.bdf, 0)), static_cast<std::uint32_t>(kPfDevice) << 16 | kVendor);
}

// ---- Back-pressure ----------------------------------------------------------------------------------------------

// A neighbour above that takes what it wants to, and the endpoint's own limits made small.
class StubbornLink : public pcie::TlpSink {
 public:
  bool room(FlowClass c) const override { return !(full >> static_cast<unsigned>(c) & 1); }
  void deliver(Tlp tlp) override { packets.push_back(std::move(tlp)); }
  void give_room(unsigned still_full = 0) {
    full = still_full;
    room_is_back();
  }
  std::deque<Tlp> packets;
  unsigned full = 0;  // bit by class
};

constexpr unsigned kP = 1, kN = 2, kC = 4;

class Jammed : public testing::Test {
 protected:
  Jammed() {
    endpoint.plug(device);
    endpoint.on_room([this] { ++room_calls; });
    device.config(0).write(pcie::cfg::kBar0, 0xd0000000, 4);
    device.config(0).write(pcie::cfg::kBar0 + 8, 0xd0010000, 4);
    pcie::enable_vfs(device, 2);
    device.config(0).write(kMsix + 2, 0x8000, 2);
    for (unsigned i = 0; i < 2; ++i) {
      device.write32(0, kMsixBarIndex, 16 * i, 0xfee00000);
      device.write32(0, kMsixBarIndex, 16 * i + 8, 0x41 + i);
      device.write32(0, kMsixBarIndex, 16 * i + 12, 0);
    }
  }
  void settle() {
    scheduler.after(std::chrono::microseconds(10), [this] { scheduler.stop(); });
    scheduler.after(std::chrono::microseconds(11), [] {});  // virtual time moves on to the next timer: this one
    scheduler.run();
  }
  std::size_t count(FlowClass c) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(link.packets, [c](const Tlp& t) { return t.flow_class() == c; }));
  }

  static constexpr Bdf kHost{0, 0, 0};
  Scheduler scheduler{TimeBase::kVirtual};
  StubbornLink link;
  pcie::Endpoint endpoint{scheduler, link, {.most_posted = 8, .most_reads = 4, .most_completions = 8}};
  Copier device{endpoint.dma()};
  unsigned room_calls = 0;
};

TEST_F(Jammed, RequestsFindNoRoomWhileCompletionsWaitAndGetItBack) {
  link.full = kC;
  unsigned sent = 0;
  for (; endpoint.room(FlowClass::kNonPosted) && sent < 1000; ++sent)
    endpoint.deliver(pcie::mem_read(kHost, static_cast<std::uint8_t>(sent % 32), 0xd0000000, 4));
  EXPECT_EQ(sent, 8u);
  EXPECT_TRUE(endpoint.room(FlowClass::kPosted));
  EXPECT_TRUE(endpoint.room(FlowClass::kCompletion));
  settle();
  EXPECT_EQ(room_calls, 0u);
  link.give_room();
  EXPECT_EQ(count(FlowClass::kCompletion), sent);
  EXPECT_EQ(room_calls, 1u);
  EXPECT_TRUE(endpoint.room(FlowClass::kNonPosted));
}

TEST_F(Jammed, CompletionsPassReadsThatHaveNoRoom) {
  link.full = kN;
  device.write32(0, 0, reg::kLength, 4096);
  device.write32(0, 0, reg::kDoorbell, 1);  // reads that cannot leave
  settle();
  endpoint.deliver(pcie::mem_read(kHost, 5, 0xd0000000, 4));
  settle();
  ASSERT_EQ(link.packets.size(), 1u);
  EXPECT_EQ(link.packets[0].kind(), TlpKind::kCplData);
  EXPECT_TRUE(endpoint.room(FlowClass::kCompletion));
}

TEST_F(Jammed, TheDeviceWaitsForRoomAndGoesOn) {
  link.full = kP;
  for (unsigned i = 0; endpoint.dma().room(FlowClass::kPosted) && i < 1000; ++i)
    endpoint.dma().write(0, 0x1000, std::array<std::uint8_t, 4>{});
  device.write32(0, 0, reg::kLength, 4);
  device.write32(0, 0, reg::kDoorbell, 1);
  settle();
  EXPECT_EQ(count(FlowClass::kNonPosted), 0u);
  EXPECT_EQ(device.read32(0, 0, reg::kStatus), reg::kBusy);
  link.give_room();
  settle();
  EXPECT_EQ(count(FlowClass::kPosted), 8u);
  ASSERT_EQ(count(FlowClass::kNonPosted), 1u);
  endpoint.deliver(pcie::completions_with_data(link.packets.back(), kHost, std::array<std::uint8_t, 4>{}, 128, 64)[0]);
  settle();
  EXPECT_EQ(device.read32(0, 0, reg::kCopies), 1u);
}

// A guest rings as often as it likes while nobody takes the interrupts.
TEST_F(Jammed, InterruptsDoNotPileUp) {
  link.full = kP;
  for (unsigned i = 0; i < 10'000; ++i) {
    device.write32(0, 0, reg::kLength, 0);
    device.write32(0, 0, reg::kDoorbell, 1);  // fails at once: vector 1
  }
  settle();
  link.give_room();
  settle();
  EXPECT_LE(link.packets.size(), 8u);
  EXPECT_GE(link.packets.size(), 1u);
}

TEST_F(Jammed, AMessageStaysBehindTheWritesThatItSpeaksFor) {
  link.full = kP;
  for (unsigned i = 0; i < 8; ++i) endpoint.dma().message(0, 0, 0xfee00000, 0x41);
  endpoint.dma().write(0, 0x1000, std::array<std::uint8_t, 4>{1, 2, 3, 4});
  endpoint.dma().message(0, 0, 0xfee00000, 0x41);
  link.give_room();
  ASSERT_GE(link.packets.size(), 2u);
  EXPECT_EQ(link.packets.back().address(), 0xfee00000u);
  EXPECT_EQ(link.packets[link.packets.size() - 2].address(), 0x1000u);
}

// ---- Time-outs --------------------------------------------------------------------------------------------------

TEST_F(Jammed, ReadWithoutAnswerFailsUnlessTimeoutsAreDisabled) {
  device.write32(0, 0, reg::kLength, 4);
  device.write32(0, 0, reg::kDoorbell, 1);
  scheduler.run();
  EXPECT_EQ(endpoint.counters().timeouts, 1u);
  EXPECT_EQ(device.read32(0, 0, reg::kStatus), reg::kFailed);
  device.config(0).write(kPcie + pcie::express::kDeviceControl2, pcie::express::kTimeoutDisable, 2);
  device.write32(0, 0, reg::kDoorbell, 1);
  scheduler.after(std::chrono::seconds(100), [] {});
  scheduler.run();
  EXPECT_EQ(endpoint.counters().timeouts, 1u);
  EXPECT_EQ(device.read32(0, 0, reg::kStatus), reg::kBusy);
}

// ---- Attached directly ------------------------------------------------------------------------------------------

class Direct : public testing::TestWithParam<pcie::FunctionId> {
 protected:
  Direct() {
    pcie::enable_vfs(device, kVfs);
    function.attach(&guest);
    if (GetParam() == 0) pcie::enable_vfs(device, kVfs);  // attaching the PF has reset them all
  }
  std::uint32_t get(unsigned region, std::uint64_t offset) {
    std::uint32_t v = 0;
    function.read(region, offset, 4, [&](auto data) { std::memcpy(&v, data.data(), 4); });
    return v;
  }
  void put(unsigned region, std::uint64_t offset, std::uint32_t value, unsigned size = 4) {
    std::array<std::uint8_t, 4> b;
    std::memcpy(b.data(), &value, 4);
    function.write(region, offset, std::span(b).first(size), [] {});
  }
  static constexpr unsigned kConfig = vfio_user::Device::kConfigRegion;

  vfio_user::DirectPort port;
  Copier device{port};
  vfio_user::DirectFunction& function = port.function(device, GetParam());
  vfio_user::TestGuest guest{1 << 16};
};

TEST_P(Direct, LooksLikeAnOrdinaryFunction) {
  const bool vf = GetParam() != 0;
  EXPECT_EQ(get(kConfig, 0), static_cast<std::uint32_t>(vf ? kVfDevice : kPfDevice) << 16 | kVendor);
  EXPECT_EQ(function.bar_sizes()[0], vf ? kVfRegisterBar : kPfRegisterBar);
  EXPECT_EQ(function.bar_sizes()[2], kMsixBar);
  EXPECT_EQ(function.msix_vectors(), kVectors);
  put(kConfig, 0x10, ~0u);
  EXPECT_EQ(get(kConfig, 0x10), ~static_cast<std::uint32_t>(function.bar_sizes()[0] - 1));
  EXPECT_EQ(get(kConfig, 0x34) & 0xff, kMsix);
  EXPECT_EQ(get(kConfig, kMsix) & 0xff, 0x11u);
  EXPECT_EQ(get(0, reg::kId), kIdValue);
}

TEST_P(Direct, CopiesInItsGuestsMemoryAndSignals) {
  put(kConfig, pcie::cfg::kCommand, pcie::cfg::kBusMaster | pcie::cfg::kMemoryEnable, 2);
  put(kConfig, kMsix + 2, 0x8000, 2);
  for (unsigned i = 0; i < 64; ++i) guest.memory[0x100 + i] = static_cast<std::uint8_t>(i + 1);
  put(0, reg::kSource, 0x100);
  put(0, reg::kTarget, 0x2000);
  put(0, reg::kLength, 64);
  put(0, reg::kDoorbell, 1);
  EXPECT_TRUE(std::equal(guest.memory.begin() + 0x100, guest.memory.begin() + 0x140, guest.memory.begin() + 0x2000));
  EXPECT_EQ(guest.signals, std::vector<unsigned>{0});
  put(kConfig, pcie::cfg::kCommand, 0, 2);
  put(0, reg::kDoorbell, 1);
  EXPECT_EQ(get(0, reg::kStatus), reg::kFailed);
}

TEST_P(Direct, FunctionLevelResetForgetsAll) {
  put(kConfig, 0x10, 0x80000000);
  put(kConfig, pcie::cfg::kCommand, 6, 2);
  put(0, reg::kLength, 9);
  put(kConfig, kPcie + 9, pcie::express::kInitiateFlr >> 8, 1);
  EXPECT_EQ(get(kConfig, 0x10), 0u);
  EXPECT_EQ(get(kConfig, pcie::cfg::kCommand) & 0xffff, 0u);
  EXPECT_EQ(get(0, reg::kLength), 0u);
}

INSTANTIATE_TEST_SUITE_P(PfAndVfs, Direct, testing::Values(0U, 1U, kVfs));

}  // namespace
}  // namespace vfpool::copier
