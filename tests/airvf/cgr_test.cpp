// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "pure_c.hpp"

namespace vfpool::airvf {
namespace {

constexpr uint64_t kSlice = 100000000;  // 100 ms

class Cgr : public testing::Test {
 protected:
  Cgr() { airvf_cgr_defaults(&param_); }

  airvf_cgr_class Class(uint64_t packets, uint64_t size) const {
    const airvf_load load{.ns = kSlice, .packets = packets, .bytes = packets * size, .events = 1};
    return airvf_cgr_classify(&param_, &load);
  }

  airvf_cgr_param param_{};
};

TEST_F(Cgr, HasThePapersClassesAndRates) {
  EXPECT_EQ(Class(1000, 1500), AIRVF_CGR_BULK);
  EXPECT_EQ(Class(1000, 1200), AIRVF_CGR_BULK);
  EXPECT_EQ(Class(1000, 1199), AIRVF_CGR_INTERMEDIATE);
  EXPECT_EQ(Class(1000, 300), AIRVF_CGR_INTERMEDIATE);
  EXPECT_EQ(Class(1000, 299), AIRVF_CGR_SENSITIVE);
  EXPECT_EQ(Class(1000, 64), AIRVF_CGR_SENSITIVE);
  EXPECT_EQ(Class(200, 64), AIRVF_CGR_CRITICAL) << "2000 small packets/s are occasional";
  EXPECT_EQ(Class(201, 64), AIRVF_CGR_SENSITIVE);
  EXPECT_EQ(Class(0, 0), AIRVF_CGR_CRITICAL);
  EXPECT_EQ(param_.rate[AIRVF_CGR_BULK], 4000u);
  EXPECT_EQ(param_.rate[AIRVF_CGR_INTERMEDIATE], 8000u);
  EXPECT_EQ(param_.rate[AIRVF_CGR_SENSITIVE], 20000u);
  EXPECT_EQ(param_.rate[AIRVF_CGR_CRITICAL], 100000u);
}

TEST_F(Cgr, ClassesAndRatesCanBeSet) {
  param_.rate[AIRVF_CGR_BULK] = 2000;
  param_.bulk_size = 1000;
  const airvf_load load{.ns = kSlice, .packets = 1000, .bytes = 1000000, .events = 1};
  airvf_decision decision{};
  EXPECT_TRUE(airvf_cgr_decide(&param_, 122, &load, &decision));
  EXPECT_EQ(decision.new_steps, 244u);
  EXPECT_EQ(decision.reason, AIRVF_CLASS);
  EXPECT_EQ(decision.size, 1000u);
}

TEST_F(Cgr, WritesOnlyWhenTheClassChanges) {
  const airvf_load bulk{.ns = kSlice, .packets = 1000, .bytes = 1500000, .events = 1};
  airvf_decision decision{};
  EXPECT_FALSE(airvf_cgr_decide(&param_, 122, &bulk, &decision));
  EXPECT_EQ(decision.reason, AIRVF_KEEP);
  EXPECT_TRUE(airvf_cgr_decide(&param_, 61, &bulk, &decision));
}

TEST_F(Cgr, StaysInTheRegistersRangeForRandomInput) {
  auto random = Random();
  for (int i = 0; i < 20000; ++i) {
    for (auto& rate : param_.rate) rate = static_cast<uint32_t>(random() >> (random() % 64));
    param_.bulk_size = static_cast<uint32_t>(random());
    param_.small_size = static_cast<uint32_t>(random());
    const airvf_load load{.ns = random() >> (random() % 64),
                          .packets = random() >> (random() % 64),
                          .bytes = random() >> (random() % 64),
                          .events = 0};
    airvf_decision decision{};
    airvf_cgr_decide(&param_, static_cast<uint32_t>(random()), &load, &decision);
    ASSERT_GE(decision.new_steps, 1u);
    ASSERT_LE(decision.new_steps, 511u);
  }
}

}  // namespace
}  // namespace vfpool::airvf
