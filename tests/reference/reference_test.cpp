// SPDX-License-Identifier: Apache-2.0
// The RTL against the reference model in random runs that are always the same; and that model, where it is told what no
// bridge may do.
#include <gtest/gtest.h>

#include "run.hpp"

namespace vfpool::reference {
namespace {

class RandomRun : public testing::TestWithParam<std::uint32_t> {};

TEST_P(RandomRun, BreaksNoRule) {
  const auto steps = make_steps(GetParam(), bridge::Bridge::port_count(), 1500, Mix::kChanges);
  const auto run = std::make_unique<reference::Run>();
  const auto failure = run->go(steps);
  EXPECT_FALSE(failure) << "tests/reference/run --changes --length 1500 --seed " << GetParam() << ": step "
                        << failure->step << ": " << failure->rule << "\n"
                        << failure->what;
  EXPECT_GT(run->packets(), 1000u);
}

INSTANTIATE_TEST_SUITE_P(Seed, RandomRun, testing::Range(1u, 33u));

TEST(Completions, EachPartIsHeldAgainstWhatItsRequestStillWaitsFor) {
  const Tlp read = pcie::mem_read(Bdf(3, 0, 0), 5, 0x10010, 200);
  const auto parts = completions_with_data(read, Bdf(0, 0, 0), std::vector<std::uint8_t>(200), 64, 64);
  ASSERT_EQ(parts.size(), 4u);
  Tags tags;
  ASSERT_TRUE(tags.add({.from = 1, .request = read, .sent = read}));
  EXPECT_FALSE(tags.add({.from = 1, .request = read, .sent = read}));
  Asked* a = tags.find(parts[0]);
  ASSERT_NE(a, nullptr);
  Asked early = *a;
  EXPECT_EQ(fit(early, parts[1]), Fit::kWrong);
  EXPECT_EQ(fit(*a, parts[0]), Fit::kPart);
  Asked again = *a;
  EXPECT_EQ(fit(again, parts[0]), Fit::kWrong);
  EXPECT_EQ(fit(*a, parts[1]), Fit::kPart);
  EXPECT_EQ(fit(*a, parts[2]), Fit::kPart);
  EXPECT_EQ(fit(*a, parts[3]), Fit::kLast);
}

TEST(Completions, ATagRestsAfterATimeOut) {
  using std::chrono::milliseconds;
  const Tlp read = pcie::mem_read(Bdf(3, 0, 0), 5, 0x10010, 4);
  Tags tags;
  ASSERT_TRUE(tags.add({.from = 1, .request = read, .sent = read}));
  tags.expire(tags.all().begin()->second, milliseconds(50));
  EXPECT_FALSE(tags.add({.from = 1, .request = read, .sent = read, .at = milliseconds(49)}));
  EXPECT_TRUE(tags.add({.from = 1, .request = read, .sent = read, .at = milliseconds(50)}));
}

}  // namespace
}  // namespace vfpool::reference
