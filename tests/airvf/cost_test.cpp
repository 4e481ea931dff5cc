// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "pure_c.hpp"

namespace vfpool::airvf {
namespace {

TEST(Calibration, FindsTheLineThroughPollsThatDiffer) {
  airvf_fit fit{};
  for (int round = 0; round < 5; ++round) {
    for (uint32_t n = 0; n < 64; ++n) airvf_fit_poll(&fit, n, 7000 + 4000ull * n);
    airvf_fit_update(&fit);
  }
  EXPECT_EQ(fit.cpkt, 4000u);
}

TEST(Calibration, TakesTheInterruptsCostFromLightPolls) {
  airvf_fit fit{};
  for (int round = 0; round < 5; ++round) {
    for (uint32_t n = 0; n < 64; ++n)
      airvf_fit_poll(&fit, n % 4 == 0 ? n : n % 2, 7000 + 4000ull * (n % 4 == 0 ? n : n % 2));
    airvf_fit_update(&fit);
  }
  EXPECT_EQ(fit.cpkt, 4000u);
  EXPECT_EQ(fit.cint, 7000u);
}

TEST(Calibration, GetsNearUnderNoise) {
  auto random = Random();
  std::normal_distribution<double> noise(1.0, 0.2);
  airvf_fit fit{};
  for (int round = 0; round < 30; ++round) {
    for (int i = 0; i < 500; ++i) {
      const auto n = static_cast<uint32_t>(random() % 3 == 0 ? random() % 2 : random() % 40);
      airvf_fit_poll(&fit, n, static_cast<uint64_t>((7000 + 4000.0 * n) * std::max(0.3, noise(random))));
    }
    airvf_fit_update(&fit);
  }
  EXPECT_NEAR(fit.cpkt, 4000, 600);
  EXPECT_NEAR(fit.cint, 7000, 1500);
}

TEST(Calibration, LeavesOutPollsThatWereInterrupted) {
  airvf_fit fit{};
  for (int round = 0; round < 3; ++round) {
    for (uint32_t n = 0; n < 64; ++n) {
      airvf_fit_poll(&fit, n, 7000 + 4000ull * n);
      airvf_fit_poll(&fit, 1, AIRVF_FIT_CYCLES);
      airvf_fit_poll(&fit, 1, UINT64_MAX);
    }
    airvf_fit_update(&fit);
  }
  EXPECT_EQ(fit.cpkt, 4000u);
}

TEST(Calibration, KeepsWhatItKnowsWhenAllPollsAreAlike) {
  airvf_fit fit{};
  fit.cpkt = 4000;
  fit.cint = 7000;
  for (int i = 0; i < 1000; ++i) airvf_fit_poll(&fit, 16, 90000);
  airvf_fit_update(&fit);
  EXPECT_EQ(fit.cpkt, 4000u);
  EXPECT_EQ(fit.cint, 7000u);
  airvf_fit_update(&fit);  // and when there were none
  EXPECT_EQ(fit.cpkt, 4000u);
}

TEST(Calibration, KnowsNothingAtFirstAndWaitsForEnoughPolls) {
  airvf_fit fit{};
  for (int i = 1; i < AIRVF_FIT_LEAST; ++i) airvf_fit_poll(&fit, 10, 50000);
  airvf_fit_update(&fit);
  EXPECT_EQ(fit.cpkt, 0u);
  EXPECT_EQ(fit.cint, 0u);
  airvf_fit_poll(&fit, 10, 50000);
  airvf_fit_update(&fit);
  EXPECT_EQ(fit.cpkt, 5000u) << "all polls alike: all cost is the packets'";
  EXPECT_EQ(fit.polls, 0u);
}

TEST(Calibration, StaysInBoundsForRandomInput) {
  auto random = Random();
  airvf_fit fit{};
  for (int round = 0; round < 300; ++round) {
    const int polls = static_cast<int>(random() % 6000);
    for (int i = 0; i < polls; ++i)
      airvf_fit_poll(&fit, static_cast<uint32_t>(random() >> (32 + random() % 32)), random() >> (random() % 64));
    airvf_fit_update(&fit);
    if (fit.cpkt != 0) {
      ASSERT_GE(fit.cpkt, static_cast<uint32_t>(AIRVF_CPKT_LOW));
      ASSERT_LE(fit.cpkt, static_cast<uint32_t>(AIRVF_CPKT_HIGH));
    }
    if (fit.cint != 0) {
      ASSERT_GE(fit.cint, static_cast<uint32_t>(AIRVF_CINT_LOW));
      ASSERT_LE(fit.cint, static_cast<uint32_t>(AIRVF_CINT_HIGH));
    }
  }
}

TEST(Calibration, WhatWasSentHasACostOfItsOwn) {
  airvf_fit fit{};
  for (uint32_t n = 0; n < 64; ++n) {
    airvf_fit_poll(&fit, n, 7000 + 4000ull * n);
    airvf_fit_sent(&fit, 64 - n, 300ull * (64 - n));
  }
  airvf_fit_update(&fit);
  EXPECT_EQ(fit.cpkt, 4000u);
  EXPECT_EQ(fit.csent, 300u);
  EXPECT_EQ(airvf_fit_mix(&fit, 100, 0), 4000u);
  EXPECT_EQ(airvf_fit_mix(&fit, 0, 100), 300u);
  EXPECT_EQ(airvf_fit_mix(&fit, 100, 300), 1225u);
  EXPECT_EQ(airvf_fit_mix(&fit, UINT64_MAX, UINT64_MAX), 2150u);
  EXPECT_EQ(airvf_fit_mix(&fit, 0, 0), 4000u);
}

TEST(Calibration, WhatIsNotKnownCostsLikeTheOther) {
  airvf_fit fit{};
  EXPECT_EQ(airvf_fit_mix(&fit, 1, 1), 0u);
  fit.csent = 300;
  EXPECT_EQ(airvf_fit_mix(&fit, 1, 0), 300u);
  fit = {};
  fit.cpkt = 4000;
  EXPECT_EQ(airvf_fit_mix(&fit, 1, 9), 4000u);
}

TEST(Calibration, CleanUpsThatWereInterruptedAreLeftOut) {
  airvf_fit fit{};
  for (int i = 0; i < 100; ++i) {
    airvf_fit_sent(&fit, 1, 300);
    airvf_fit_sent(&fit, 1, AIRVF_FIT_CYCLES);
    airvf_fit_sent(&fit, UINT32_MAX, 1);
  }
  airvf_fit_update(&fit);
  EXPECT_EQ(fit.csent, 300u);
}

TEST(Capacity, IsWhatOthersLeave) {
  constexpr uint64_t kHz = 2048000000;
  EXPECT_EQ(airvf_cost_left(kHz, 1000000, 0), kHz);
  EXPECT_EQ(airvf_cost_left(kHz, 1000000, 500000), kHz / 2) << "two vectors of one CPU have half of it each";
  EXPECT_EQ(airvf_cost_left(kHz, 1000000, 750000), kHz / 4);
  EXPECT_EQ(airvf_cost_left(kHz, 1000000, 1000000), kHz / 8) << "something is always left to a vector that runs";
  EXPECT_EQ(airvf_cost_left(kHz, 1000000, UINT64_MAX), kHz / 8);
  EXPECT_EQ(airvf_cost_left(kHz, 0, 5), kHz) << "nothing is known";
  EXPECT_EQ(airvf_cost_left(UINT64_MAX, UINT64_MAX, UINT64_MAX / 2), UINT64_MAX - UINT64_MAX / 1024 * 511);
}

TEST(Cost, OfAPacketThatIsSharedIsTheBusiestCpus) {
  EXPECT_EQ(airvf_cost_shared(1000, 0, 64), 1000u) << "nobody helps";
  EXPECT_EQ(airvf_cost_shared(400, 64 * 3000, 64), 3000u) << "the helpers are busier";
  EXPECT_EQ(airvf_cost_shared(400, 64 * 300, 64), 400u);
  EXPECT_EQ(airvf_cost_shared(400, 3000, 0), 400u) << "of packets that were counted before";
  EXPECT_EQ(airvf_cost_shared(0, UINT64_MAX, 1), UINT32_MAX);
}

TEST(Calibration, TheLargestSumsDoNotOverflow) {
  airvf_fit fit{};
  for (uint32_t i = 0; i < AIRVF_FIT_POLLS; ++i)
    airvf_fit_poll(&fit, i % 2 != 0 ? AIRVF_FIT_PACKETS : 0, i % 2 != 0 ? AIRVF_FIT_CYCLES - 1 : 0);
  airvf_fit_update(&fit);
  EXPECT_EQ(fit.cpkt, (AIRVF_FIT_CYCLES - 1) / AIRVF_FIT_PACKETS);
}

}  // namespace
}  // namespace vfpool::airvf
