// SPDX-License-Identifier: Apache-2.0
// Completions against their requests, and who is held up by requests that nobody answers.
#include <array>
#include <functional>

#include "two_users.hpp"

namespace vfpool {
namespace {

using pcie::CplStatus;
using pcie::FlowClass;
using pcie::Tlp;
using pcie::TlpKind;
using std::chrono::milliseconds;

std::vector<Tlp> answer(const Tlp& read, pcie::Bdf completer, unsigned max_payload = 128) {
  return completions_with_data(read, completer, std::vector<std::uint8_t>(byte_length(read), 0xee), max_payload, 64);
}

class Completion : public TwoUsers {
 protected:
  static constexpr unsigned kFlood = 300;  ///< requests, more than any port has tags
  /// The server stops answering; what the bridge sends it can be looked at.
  Silent& silence_user(unsigned n) {
    bridge.connect(n, mute_server);
    return mute_server;
  }
  void user_reads(unsigned n, std::uint8_t tag) {
    bridge.input(n).deliver(pcie::mem_read(Bdf(0, 0, 0), tag, fn[n].bar[0] + 8, 4));
  }
  ~Completion() override {
    for (unsigned n = 1; n <= 2; ++n) bridge.connect(n, user(n).root());
    bridge.connect(device(), endpoint);
  }
  Silent mute_server;
};

/// A completion that is none of the request's: what is wrong with it.
struct Fault {
  const char* name;
  std::function<Tlp(Tlp request, Tlp right)> make;
};
void PrintTo(const Fault& f, std::ostream* out) { *out << f.name; }

class WrongAnswer : public Completion, public testing::WithParamInterface<Fault> {};

TEST_P(WrongAnswer, OfTheCardEndsTheServersRequestAndGoesNoFurther) {
  run(ready());
  Silent& card = silence_the_card();
  Log& out = leaving(1);
  user_reads(1, 31);
  settle();
  const Tlp read = card.last(TlpKind::kMemRead);
  const Tlp right = answer(read, owner_vfs[0].bdf)[0];
  from_device(GetParam().make(read, right));
  settle();
  EXPECT_EQ(out.count(TlpKind::kCplData), 0u);
  ASSERT_EQ(out.count(TlpKind::kCpl), 1u);
  EXPECT_EQ(out.last(TlpKind::kCpl).status(), CplStatus::kAbort);
  EXPECT_EQ(out.last(TlpKind::kCpl).tag(), 31u);
  EXPECT_EQ(drops(Drop::kMismatch), 1u);
  from_device(right);  // too late
  settle();
  EXPECT_EQ(out.count(TlpKind::kCplData), 0u);
  EXPECT_EQ(drops(Drop::kUnexpected), 1u);
}

TEST_P(WrongAnswer, OfAServerEndsTheCardsRequestAndGoesNoFurther) {
  run(ready());
  silence_the_card();
  Silent& server = silence_user(1);
  Log& out = leaving(device());
  from_device(pcie::mem_read(owner_vfs[0].bdf, 3, 0x700000, 4));
  settle();
  const Tlp read = server.last(TlpKind::kMemRead);
  const Tlp right = answer(read, Bdf(0, 0, 0))[0];
  bridge.input(1).deliver(GetParam().make(read, right));
  settle();
  EXPECT_EQ(out.count(TlpKind::kCplData), 0u);
  ASSERT_EQ(out.count(TlpKind::kCpl), 1u);
  EXPECT_EQ(out.last(TlpKind::kCpl).status(), CplStatus::kAbort);
  EXPECT_EQ(out.last(TlpKind::kCpl).tag(), 3u);
  EXPECT_EQ(drops(Drop::kMismatch), 1u);
  bridge.input(1).deliver(right);
  settle();
  EXPECT_EQ(out.count(TlpKind::kCplData), 0u);
}

INSTANTIATE_TEST_SUITE_P(Fault, WrongAnswer,
                         testing::Values(Fault{"byte count",
                                               [](Tlp, Tlp c) {
                                                 c.hdr[1] = (c.hdr[1] & ~0xfffu) | 0x100;
                                                 return c;
                                               }},
                                         Fault{"lower address",
                                               [](Tlp, Tlp c) {
                                                 c.hdr[2] ^= 0x40;
                                                 return c;
                                               }},
                                         Fault{"more data than asked for",
                                               [](Tlp, Tlp c) {
                                                 c.hdr[0] = (c.hdr[0] & ~0x3ffu) | 2;
                                                 c.data.resize(8);
                                                 return c;
                                               }},
                                         Fault{"success without data",
                                               [](Tlp r, Tlp c) {
                                                 return completion(r, c.completer(), CplStatus::kSuccess);
                                               }},
                                         Fault{"a refusal with data",
                                               [](Tlp, Tlp c) {
                                                 c.hdr[1] |= 1u << 13;
                                                 return c;
                                               }},
                                         Fault{"retry of a memory request", [](Tlp r, Tlp c) {
                                                 return completion(r, c.completer(), CplStatus::kRetry);
                                               }}));

// 2.3.2: nobody asked for one, at either side.
TEST_F(Completion, ALockedCompletionIsUnexpectedAndEndsNothing) {
  run(ready());
  Silent &card = silence_the_card(), &server = silence_user(1);
  const auto locked = [](Tlp c) {
    c.hdr[0] |= 1U << 24;
    return c;
  };
  user_reads(2, 31);
  from_device(pcie::mem_read(owner_vfs[0].bdf, 3, 0x700000, 4));
  settle();
  const Tlp down = answer(card.last(TlpKind::kMemRead), owner_vfs[1].bdf)[0];
  const Tlp up = answer(server.last(TlpKind::kMemRead), Bdf(0, 0, 0))[0];
  Log &asker = leaving(2), &device_out = leaving(device());
  from_device(locked(down));
  bridge.input(1).deliver(locked(up));
  settle();
  EXPECT_EQ(drops(Drop::kUnexpected), 2u);
  EXPECT_EQ(asker.tlps.size() + device_out.tlps.size(), 0u);
  from_device(down);
  bridge.input(1).deliver(up);
  settle();
  EXPECT_EQ(asker.count(TlpKind::kCplData), 1u);
  EXPECT_EQ(device_out.count(TlpKind::kCplData), 1u);
  EXPECT_EQ(logged(), 2u);
}

TEST_F(Completion, PartsComeInTheirOrderAndOnce) {
  run(ready());
  silence_the_card();
  Silent& server = silence_user(1);
  Log& out = leaving(device());
  const auto read = [&](std::uint8_t tag) {
    server.tlps.clear();
    from_device(pcie::mem_read(owner_vfs[0].bdf, tag, 0x700010, 256));
    settle();
    return answer(server.last(TlpKind::kMemRead), Bdf(0, 0, 0), 64);
  };
  auto parts = read(3);
  ASSERT_EQ(parts.size(), 5u);  // 48, 64, 64, 64, 16 bytes
  for (auto& p : parts) bridge.input(1).deliver(p);
  settle();
  EXPECT_EQ(out.count(TlpKind::kCplData), 5u);
  EXPECT_EQ(logged(), 0u);

  parts = read(4);
  for (const unsigned i : {0u, 1u, 1u, 2u, 3u, 4u}) bridge.input(1).deliver(parts[i]);
  settle();
  EXPECT_EQ(out.count(TlpKind::kCplData), 5u + 2);
  const Tlp end = out.last(TlpKind::kCpl);
  EXPECT_EQ(end.status(), CplStatus::kAbort);
  EXPECT_EQ(end.byte_count(), 256u - 48 - 64);
  EXPECT_EQ(drops(Drop::kMismatch), 1u);
  EXPECT_EQ(drops(Drop::kUnexpected), 3u);

  parts = read(5);
  parts[0].hdr[0] -= 1;  // ends at no read completion boundary
  parts[0].data.resize(44);
  bridge.input(1).deliver(parts[0]);
  settle();
  EXPECT_EQ(drops(Drop::kMismatch), 2u);
}

// Who asked has had the bridge's answer since its VF was taken away, or is not there any more.
TEST_F(Completion, WhatComesForARequestThatTheBridgeHasEndedIsCountedAsStale) {
  run(ready());
  Silent& card = silence_the_card();
  Log& first = leaving(1);
  const auto read = [&](unsigned n) {
    user_reads(n, 31);
    settle();
    return card.last(TlpKind::kMemRead);
  };
  const Tlp taken = read(1), lost = read(2);
  EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);
  bridge.set_link(2, false);
  sleep(milliseconds(2));
  EXPECT_EQ(first.count(TlpKind::kCpl), 1u);
  from_device(answer(taken, owner_vfs[0].bdf)[0]);
  settle();
  EXPECT_EQ(drops(Drop::kStale), 1u);
  from_device(answer(lost, owner_vfs[1].bdf)[0]);
  settle();
  EXPECT_EQ(drops(Drop::kStale), 2u);
  EXPECT_EQ(bridge.read<regs::LogLast>().reason, Drop::kStale);
  EXPECT_EQ(bridge.read<regs::LogLast>().port, device());
  EXPECT_EQ(drops(Drop::kUnexpected), 0u);
  EXPECT_EQ(first.count(TlpKind::kCplData), 0u);
}

// The bridge's own tags toward the card are shared out.
TEST_F(Completion, AUserWhoseReadsAreNotAnsweredLeavesTagsToTheOthers) {
  run(ready());
  Silent& card = silence_the_card();
  for (unsigned i = 0; i < kFlood; ++i) user_reads(1, static_cast<std::uint8_t>(i));
  settle();
  const auto first = card.count(TlpKind::kMemRead);
  EXPECT_LT(first, bridge::Bridge::tags() / 2);
  user_reads(2, 31);
  bridge.input(0).deliver(pcie::cfg_read(Bdf(0, 0, 0), 31, find(owner_tree, 0x10f9).bdf, 0, 4, true));
  settle();
  EXPECT_EQ(card.count(TlpKind::kMemRead), first + 1);
  EXPECT_EQ(card.count(TlpKind::kCfgRead0), 1u);
  sleep(milliseconds(40));  // its tags rest now: nobody else's do
  user_reads(2, 30);
  settle();
  EXPECT_EQ(card.count(TlpKind::kMemRead), first + 2);
  EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);
  sleep(milliseconds(40));
  EXPECT_GE(card.count(TlpKind::kCfgWrite1), 1u);  // the reset of its VF
}

TEST_F(Completion, AServerThatTakesNoCompletionsDoesNotDelayAnothersTimeOuts) {
  run(ready());
  silence_the_card();
  Log& out = leaving(2);
  bridge.hold(1, {FlowClass::kCompletion});
  for (unsigned i = 0; i < 5; ++i) user_reads(1, static_cast<std::uint8_t>(i));
  settle();
  user_reads(2, 31);
  sleep(milliseconds(33));
  ASSERT_EQ(out.count(TlpKind::kCpl), 1u);
  EXPECT_EQ(out.last(TlpKind::kCpl).completer(), fn[2].bdf) << "the VF that did not answer";
  bridge.hold(1, {});
}

TEST_F(Completion, AServerThatAnswersNoReadsDoesNotHoldUpTheOtherVfs) {
  run(ready());
  silence_the_card();
  Silent& first = silence_user(1);
  Log &second = leaving(2), &card = leaving(device());
  const auto flood = [&] {
    for (unsigned i = 0; i < kFlood; ++i)
      from_device(pcie::mem_read(owner_vfs[0].bdf, static_cast<std::uint8_t>(i), 0x700000, 4));
    from_device(pcie::mem_read(owner_vfs[1].bdf, 50, 0x700000, 4));
  };
  flood();
  sleep(milliseconds(10));
  EXPECT_EQ(second.count(TlpKind::kMemRead), 1u);
  EXPECT_LE(first.count(TlpKind::kMemRead), bridge::Bridge::tags());
  EXPECT_EQ(card.count(TlpKind::kCpl), kFlood - first.count(TlpKind::kMemRead));  // the others wait
  flood();                                                                        // from now on at once
  sleep(milliseconds(1));
  EXPECT_EQ(second.count(TlpKind::kMemRead), 2u);
  sleep(milliseconds(100));
  EXPECT_EQ(card.count(TlpKind::kCpl), 2 * kFlood);  // each has its end
}

TEST_F(Completion, NobodyHasTheRegistersForHimself) {
  run(ready());
  const auto flood = [&](unsigned n, unsigned reads) {
    for (unsigned i = 0; i < reads; ++i)
      bridge.input(n).deliver(pcie::mem_read(Bdf(0, 0, 0), 31, find(user_trees[n], 0x8086).bar[0], 4));
  };
  Log& out = leaving(1);
  flood(1, 500);
  flood(2, 500);
  sleep(std::chrono::microseconds(1));
  const auto before = out.count(TlpKind::kCplData);
  bridge.read<regs::Status>();
  EXPECT_LE(out.count(TlpKind::kCplData), before + 4);
}

// 2.2.9: Byte Count is what is missing; and it comes behind what has come, however long that had to wait.
TEST_F(Completion, AnAnswerThatStopsHalfWayEndsWithWhatIsMissing) {
  run(ready());
  silence_the_card();
  Silent& server = silence_user(1);
  Log& out = leaving(device());
  from_device(pcie::mem_read(owner_vfs[0].bdf, 3, 0x700010, 256));
  sleep(milliseconds(28));
  bridge.hold(device(), {FlowClass::kCompletion});
  bridge.input(1).deliver(answer(server.last(TlpKind::kMemRead), Bdf(0, 0, 0), 64)[0]);
  sleep(milliseconds(6));
  EXPECT_EQ(drops(Drop::kTimeout), 1u);
  EXPECT_EQ(out.tlps.size(), 0u);
  bridge.hold(device(), {});
  settle();
  ASSERT_EQ(out.tlps.size(), 2u);
  EXPECT_EQ(out.tlps[0].kind(), TlpKind::kCplData);
  EXPECT_EQ(out.tlps[1].status(), CplStatus::kUnsupported);
  EXPECT_EQ(out.tlps[1].byte_count(), 256u - 48);
}

// 2.2.9: the completer is the function that was asked, by the number that its server gave it.
TEST_F(Completion, AServerHearsOfItsVfUnderTheNameThatItKnows) {
  run(ready());
  Log& out = leaving(1);
  user_reads(1, 31);
  settle();
  EXPECT_EQ(out.last(TlpKind::kCplData).completer(), fn[1].bdf);
  run(user(1).config_read(fn[1].bdf, 0x70));
  EXPECT_EQ(out.last(TlpKind::kCplData).completer(), fn[1].bdf);
}

}  // namespace
}  // namespace vfpool
