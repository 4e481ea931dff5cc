// SPDX-License-Identifier: Apache-2.0
// Two cards below one bridge: an 82599, and a copier whose VFs lie otherwise. Each is discovered, given away, reset and
// lost by itself. For bridges with two device ports (the preset devices2).
#include <algorithm>
#include <numeric>
#include <optional>

#include "copier/copier.hpp"
#include "two_users.hpp"

namespace vfpool {
namespace {

using pcie::CplStatus;
using pcie::Tlp;
using pcie::TlpKind;
using regs::NoVfs;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr unsigned kCopier = 1;                                     // its device port
constexpr unsigned kHandle = bridge::Bridge::kDeviceVfs * kCopier;  // of its VF 0

/// What a server does with a copier's VF.
class CopierDriver {
 public:
  CopierDriver(host::Server& server, host::Function vf) : server_(server), vf_(std::move(vf)) {}

  host::Task<> start() {
    co_await server_.config_write(vf_.bdf, pcie::cfg::kCommand, 0x0006, 2);
    vector_ = server_.new_vector();
    server_.write32(vf_.bar[3], static_cast<std::uint32_t>(vector_.address));
    server_.write32(vf_.bar[3] + 4, static_cast<std::uint32_t>(vector_.address >> 32));
    server_.write32(vf_.bar[3] + 8, vector_.data);
    server_.write32(vf_.bar[3] + 12, 0);
    co_await server_.config_write(vf_.bdf, copier::kPooledLayout.msix_capability + 2, 0x8000, 2);
    from_ = server_.allocate(kBytes);
    to_ = server_.allocate(kBytes);
    const auto source = server_.at(from_, kBytes);
    std::iota(source.begin(), source.end(), std::uint8_t{1});
  }
  /// Copies 64 bytes. True: they came, and an interrupt with them.
  host::Task<bool> copy() {
    const auto before = server_.count(vector_);
    std::ranges::fill(server_.at(to_, kBytes), std::uint8_t{0});
    server_.write32(vf_.bar[0] + copier::reg::kSource, static_cast<std::uint32_t>(from_));
    server_.write32(vf_.bar[0] + copier::reg::kTarget, static_cast<std::uint32_t>(to_));
    server_.write32(vf_.bar[0] + copier::reg::kLength, kBytes);
    server_.write32(vf_.bar[0] + copier::reg::kDoorbell, 1);
    std::uint32_t status = copier::reg::kBusy;
    for (int i = 0; i < 100 && status & copier::reg::kBusy; ++i)
      status = co_await server_.read32(vf_.bar[0] + copier::reg::kStatus);
    co_await server_.sleep(microseconds(1));
    co_return status == 0 && std::ranges::equal(server_.at(from_, kBytes), server_.at(to_, kBytes)) &&
        server_.count(vector_) == before + 1;
  }
  const host::Function& function() const { return vf_; }

 private:
  static constexpr std::size_t kBytes = 64;
  host::Server& server_;
  host::Function vf_;
  host::Server::Vector vector_{};
  std::uint64_t from_ = 0, to_ = 0;
};

class Cards : public TwoUsers {
 protected:
  Cards() {
    second.plug(other);
    bridge.connect(copier_port(), second);
    bridge.set_link(copier_port(), true);
  }
  void reset_card(unsigned device) override {
    if (device == kCopier) other.reset(0);
    TwoUsers::reset_card(device);
  }
  static unsigned copier_port() { return bridge::Bridge::device_port(kCopier); }

  /// Both cards, 4 VFs each.
  host::Task<> both() {
    co_await start_owner(4);
    owner_sleeps = true;
    copier_vfs = co_await enumerators[0]->enable_vfs(copier_pf(), 4);
    owner_sleeps = false;
  }
  /// And a VF of each at both users: the 82599's in slot 0, the copier's in slot 1.
  host::Task<> given() {
    co_await both();
    for (unsigned n = 1; n <= 2; ++n) {
      EXPECT_EQ(command(Op::kAssign, n, 0, n - 1), Result::kDone);
      EXPECT_EQ(command(Op::kAssign, n, 1, kHandle + n - 1), Result::kDone);
      fn[n] = co_await plug(n, 0);
      vf[n] = std::make_unique<host::VfDriver>(user(n), fn[n]);
      co_await vf[n]->start();
      copies[n].emplace(user(n), co_await plug(n, 1));
      co_await copies[n]->start();
    }
    count_drops_from_now();
  }
  host::Function copier_pf() { return find(owner_tree, copier::kPfDevice); }
  host::Function nic_pf() { return find(owner_tree, 0x10f9); }
  regs::Device card(unsigned device) { return bridge.read<regs::Device>(device); }
  /// The owner's port above a card.
  host::Function port_above(const host::Function& pf) {
    for (const auto& f : owner_tree)
      if (f.bridge && f.secondary == pf.bdf.bus()) return f;
    throw std::runtime_error("no port above " + pf.bdf.str());
  }
  bool frames_pass() {
    std::vector<std::uint8_t> frame(64, 0x42);
    std::ranges::copy(vf[2]->mac(), frame.begin());
    std::ranges::copy(vf[1]->mac(), frame.begin() + 6);
    run(vf[1]->send(frame));
    return run(vf[2]->receive()) == frame;
  }
  static constexpr SimTime kPause = microseconds(50);  // between two pieces of work of a stream
  /// Works with a VF all the time, and counts.
  struct Stream {
    unsigned well = 0, badly = 0;
    bool ends = false;
    std::optional<host::Task<>> task;
  };
  void stream_copies(Stream& s, unsigned n) {
    s.task.emplace([](Cards& t, Stream& st, unsigned user) -> host::Task<> {
      for (; !st.ends; co_await t.user(user).sleep(kPause)) ++(co_await t.copies[user]->copy() ? st.well : st.badly);
    }(*this, s, n));
    s.task->start();
  }
  void stream_reads(Stream& s, unsigned n) {
    s.task.emplace([](Cards& t, Stream& st, unsigned user) -> host::Task<> {
      for (; !st.ends; co_await t.user(user).sleep(kPause)) {
        const auto status = co_await t.user(user).probe32(t.fn[user].bar[0]);
        ++(status == CplStatus::kSuccess ? st.well : st.badly);
      }
    }(*this, s, n));
    s.task->start();
  }
  void end(Stream& s) {
    s.ends = true;
    sleep(4 * kPause);
  }
  /// Function-level resets that the bridge sends to a card's VFs.
  static std::size_t resets(const Log& log) {
    return static_cast<std::size_t>(std::ranges::count_if(log.tlps, [](const Tlp& t) {
      return (t.kind() == TlpKind::kCfgWrite0 || t.kind() == TlpKind::kCfgWrite1) && t.cfg_register() == 0xa8 &&
             t.data.size() >= 2 && t.data[1] & 0x80;
    }));
  }
  void until_idle(unsigned handle) {
    for (int i = 0; i < 100 && bridge.read<regs::Vf>(handle) != regs::Vf{}; ++i) sleep(milliseconds(25));
  }

  pcie::Endpoint second{scheduler, bridge.input(copier_port())};
  copier::Copier other{second.dma(), "copier", copier::kPooledLayout};
  std::vector<host::Function> copier_vfs;
  std::optional<CopierDriver> copies[3];
};

TEST_F(Cards, EachStandsBelowAPortOfItsOwnAndIsDiscoveredByItself) {
  owner_tree = run(enumerators[0]->all());
  EXPECT_NE(port_above(nic_pf()).bdf, port_above(copier_pf()).bdf);
  EXPECT_EQ(port_above(nic_pf()).bdf.dev(), 0u);
  EXPECT_EQ(port_above(copier_pf()).bdf.dev(), kCopier);
  EXPECT_EQ(card(0).bus, nic_pf().bdf.bus());
  EXPECT_EQ(card(kCopier).bus, copier_pf().bdf.bus());
  EXPECT_FALSE(card(0).sriov || card(kCopier).sriov);

  copier_vfs = run(enumerators[0]->enable_vfs(copier_pf(), 3));
  settle();
  EXPECT_EQ(card(kCopier), (regs::Device{.sriov = true, .link = true, .num_vfs = 3, .bus = copier_pf().bdf.bus()}));
  EXPECT_EQ(card(0).no_vfs, NoVfs::kDisabled);
  owner_vfs = run(enumerators[0]->enable_vfs(nic_pf(), 5));
  settle();
  EXPECT_EQ(card(0), (regs::Device{.sriov = true, .link = true, .num_vfs = 5, .bus = nic_pf().bdf.bus()}));
  EXPECT_EQ(card(kCopier).num_vfs, 3u);
  EXPECT_EQ(bridge.read<regs::Status>().num_vfs, 5u) << "what software for one card reads";
}

TEST_F(Cards, TheOwnerReachesTheVfsOfBothAtTheirPlaces) {
  run(both());
  EXPECT_EQ(copier_vfs[2].bdf.raw, copier_pf().bdf.raw + 3u);
  for (const auto& v : copier_vfs) EXPECT_EQ(run(owner().read32(v.bar[0])), copier::kIdValue);
  for (const auto& v : owner_vfs) EXPECT_EQ(run(owner().probe32(v.bar[0])), CplStatus::kSuccess);
}

TEST_F(Cards, AUserHasVfsOfBothAtOnceAndAllOfThemWork) {
  run(given());
  EXPECT_EQ(fn[1].device, 0x10ed);
  EXPECT_EQ(copies[1]->function().device, copier::kVfDevice);
  EXPECT_EQ(copies[1]->function().class_code, 0x088000u);
  EXPECT_TRUE(frames_pass());
  for (unsigned n = 1; n <= 2; ++n) {
    EXPECT_EQ(run(user(n).read32(copies[n]->function().bar[0])), copier::kIdValue);
    EXPECT_TRUE(run(copies[n]->copy())) << "user " << n;
    const auto v = bridge.read<regs::Vf>(kHandle + n - 1);
    EXPECT_TRUE(v.assigned);
    EXPECT_EQ(v.user, n);
    EXPECT_EQ(v.slot, 1u);
  }
  EXPECT_EQ(logged(), 0u);
}

TEST_F(Cards, MessagesComeUnderTheNameOfTheSlotThatHasTheVf) {
  run(given());
  ASSERT_TRUE(run(copies[2]->copy()));
  EXPECT_EQ(user(2).messages().back().from, copies[2]->function().bdf);
}

TEST_F(Cards, AVfThatNoCardHasCannotBeGiven) {
  run(both());
  EXPECT_EQ(command(Op::kAssign, 1, 0, 2 * bridge::Bridge::kDeviceVfs), Result::kNoSuch);
  EXPECT_EQ(command(Op::kAssign, 1, 0, 0xff), Result::kNoSuch);
  EXPECT_EQ(bridge.read<regs::Vf>(2 * bridge::Bridge::kDeviceVfs), regs::Vf{});
}

TEST_F(Cards, ASlotHoldsFunctionsOfOneCard) {
  run(both());
  ASSERT_EQ(command(Op::kAssign, 1, 0, 0, 0), Result::kDone);
  EXPECT_EQ(command(Op::kAssign, 1, 0, kHandle, 1), Result::kOtherCard);
  EXPECT_EQ(command(Op::kAssign, 1, 0, 1, 1), Result::kDone);
  EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);
  until_idle(0), until_idle(1);
  EXPECT_EQ(command(Op::kAssign, 1, 0, kHandle, 1), Result::kDone);
}

// The same number on both cards: a VF of one is not in the way of the other's.
TEST_F(Cards, AVfThatIsTakenBackIsResetAtItsOwnCard) {
  run(given());
  Log& at_nic = leaving(device());
  const Log& at_copier = leaving(copier_port());
  Stream stream;
  stream_reads(stream, 1);
  ASSERT_EQ(command(Op::kForce, 1, 1), Result::kDone);
  until_idle(kHandle);
  end(stream);
  EXPECT_EQ(resets(at_copier), 1u);
  EXPECT_EQ(resets(at_nic), 0u);
  EXPECT_EQ(stream.badly, 0u);
  EXPECT_GT(stream.well, 1000u);
  // And goes to another user, who finds it clean.
  ASSERT_EQ(command(Op::kForce, 2, 1), Result::kDone);
  until_idle(kHandle + 1);
  ASSERT_EQ(command(Op::kAssign, 2, 1, kHandle), Result::kDone);
  CopierDriver moved(user(2), run(plug(2, 1)));
  run(moved.start());
  EXPECT_EQ(run(user(2).read32(moved.function().bar[0] + copier::reg::kCopies)), 0u);
  EXPECT_TRUE(run(moved.copy()));
  EXPECT_TRUE(frames_pass());
}

TEST_F(Cards, AReleaseIsToldWithTheNumberOfTheCardsVf) {
  run(given());
  const auto before = bridge.read<regs::EventCount>().value;
  ASSERT_EQ(command(Op::kForce, 2, 1), Result::kDone);
  until_idle(kHandle + 1);
  bool told = false;
  for (auto n = before; n != bridge.read<regs::EventCount>().value; ++n) {
    const auto e = bridge.read<regs::EventLog>(n % 16);
    told = told || (e.kind == regs::EventKind::kReleased && e.vf == kHandle + 1 && e.user == 2 && e.slot == 1);
  }
  EXPECT_TRUE(told);
}

// What may befall a card, and not touch the other one.
enum class Mishap { kLinkLoss, kVfsOff, kVfsMoved, kHotReset, kSilence };
class OneCard : public Cards, public testing::WithParamInterface<std::tuple<Mishap, unsigned>> {
 protected:
  /// What takes the place of a card that answers nothing.
  Silent mute;
};

TEST_P(OneCard, MayBeLostOrResetWhileTheOthersVfsWorkOn) {
  const auto [mishap, victim] = GetParam();
  run(given());
  const Log& spared_log = leaving(victim == 0 ? copier_port() : device());
  const auto port = victim == 0 ? device() : copier_port();
  const auto pf = victim == 0 ? nic_pf() : copier_pf();
  const unsigned sriov = pf.extended_capabilities.at(0x10);
  const auto above = port_above(pf);
  if (victim == 0) {
    owner_sleeps = true;
    sleep(microseconds(100));
  }
  Stream streams[3];
  for (unsigned n = 1; n <= 2; ++n) victim == 0 ? stream_copies(streams[n], n) : stream_reads(streams[n], n);
  sleep(microseconds(50));

  switch (mishap) {
    case Mishap::kLinkLoss: bridge.set_link(port, false); break;
    case Mishap::kVfsOff: run(owner().config_write(pf.bdf, sriov + 8, 0, 2)); break;
    case Mishap::kVfsMoved:
      run(owner().config_write(pf.bdf, sriov + 8, 0, 2));
      run(owner().config_write(pf.bdf, sriov + 0x10, 1, 2));
      run(owner().config_write(pf.bdf, sriov + 8, 9, 2));
      break;
    case Mishap::kHotReset:
      run(owner().config_write(above.bdf, 0x3e, 0x40, 2));
      sleep(milliseconds(2));
      run(owner().config_write(above.bdf, 0x3e, 0, 2));
      break;
    case Mishap::kSilence:
      bridge.connect(port, mute);
      bridge.input(0).deliver(pcie::cfg_write(Bdf(0, 0, 0), 31, pf.bdf, 0x0c, std::vector<std::uint8_t>(4), true));
      break;
  }
  sleep(milliseconds(40));
  for (unsigned n = 1; n <= 2; ++n) {
    end(streams[n]);
    EXPECT_EQ(streams[n].badly, 0u) << "user " << n;
    EXPECT_GT(streams[n].well, 400u) << "user " << n;
    const unsigned spared = victim == 0 ? 1 : 0;
    const auto size = bridge::Bridge::geometry().slots;
    EXPECT_TRUE(bridge.read<regs::Slot>((n - 1) * size + spared).usable) << "user " << n;
    const auto v = bridge.read<regs::Vf>((victim == 0 ? kHandle : 0) + n - 1);
    EXPECT_TRUE(v.assigned && v.state == regs::VfState::kIdle) << "user " << n;
  }
  EXPECT_EQ(resets(spared_log), 0u);
  // And what has befallen it is seen.
  if (mishap != Mishap::kVfsMoved) {
    EXPECT_EQ(run(user(2).probe32((victim == 0 ? fn[2] : copies[2]->function()).bar[0])), CplStatus::kUnsupported);
  }
  if (mishap == Mishap::kSilence) bridge.connect(port, victim == 0 ? endpoint : second);
}
INSTANTIATE_TEST_SUITE_P(Each, OneCard,
                         testing::Combine(testing::Values(Mishap::kLinkLoss, Mishap::kVfsOff, Mishap::kVfsMoved,
                                                          Mishap::kHotReset, Mishap::kSilence),
                                          testing::Values(0u, kCopier)));

// Numbers of buses and of functions are each card's own: what a card sends under a name of the other's is dropped.
TEST_F(Cards, ACardCannotSpeakForTheOthersVf) {
  run(given());
  const auto refused = bridge.read<regs::LogCount>().value;
  bridge.input(copier_port()).deliver(pcie::mem_write(owner_vfs[0].bdf, 0x700000, std::vector<std::uint8_t>(4, 0xa5)));
  bridge.input(device()).deliver(pcie::mem_write(copier_vfs[0].bdf, 0x700000, std::vector<std::uint8_t>(4, 0xa5)));
  settle();
  for (unsigned n = 0; n <= 2; ++n) EXPECT_EQ(servers[n]->at(0x700000, 1)[0], 0u) << n;
  EXPECT_EQ(bridge.read<regs::LogCount>().value, refused + 2);
}

// The owner's kernel may touch a VF of its own meanwhile, but not one that a user has, on either card.
TEST_F(Cards, TheOwnersWritesToAUsersVfEndInTheBridge) {
  run(given());
  const Log& at_copier = leaving(copier_port());
  run(owner().config_write(copier_vfs[0].bdf, pcie::cfg::kCommand, 0, 2));
  EXPECT_EQ(at_copier.tlps.size(), 0u);
  EXPECT_TRUE(run(copies[1]->copy()));
  run(owner().config_write(copier_vfs[3].bdf, pcie::cfg::kCommand, 0x0004, 2));
  EXPECT_EQ(run(owner().config_read(copier_vfs[3].bdf, pcie::cfg::kCommand, 2)), 0x0004u);
}

// A card that hangs in resets holds up those of its own VFs alone.
TEST_F(Cards, AVfWhoseResetHangsDoesNotHoldUpTheOtherCards) {
  run(given());
  for (pcie::FunctionId f = 1; f <= 2; ++f) nic.stick_resets(f, true);
  ASSERT_EQ(command(Op::kForce, 1, 0), Result::kDone);
  ASSERT_EQ(command(Op::kForce, 2, 0), Result::kDone);
  sleep(milliseconds(150));  // they rest, and are looked at without end
  ASSERT_EQ(command(Op::kForce, 1, 1), Result::kDone);
  sleep(milliseconds(120));
  EXPECT_EQ(bridge.read<regs::Vf>(kHandle), regs::Vf{}) << "100 ms, and a round of looks";
  EXPECT_NE(bridge.read<regs::Vf>(0).state, regs::VfState::kIdle);
}

TEST_F(Cards, PacketsAreCountedAtTheirPorts) {
  run(given());
  const unsigned posted = copier_port() * 4;
  const auto rx = bridge.read<regs::Rx>(posted).value;
  ASSERT_TRUE(run(copies[1]->copy()));
  EXPECT_EQ(bridge.read<regs::Rx>(posted).value, rx + 2) << "64 bytes and a message";
}

}  // namespace
}  // namespace vfpool
