// SPDX-License-Identifier: Apache-2.0
#include "cards.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "commands.hpp"
#include "describe.hpp"
#include "fake_pool.hpp"

namespace vfpool::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(VfNames, AreReadBackAsTheyArePrinted) {
  for (unsigned vf = 0; vf < VFPOOL_ANY; ++vf) {
    const auto named = vf_named(vf_text(vf));
    ASSERT_TRUE(named) << vf;
    EXPECT_EQ(named->vf(), vf);
    EXPECT_TRUE(named->possible()) << vf;
    EXPECT_EQ(vf_named(std::to_string(vf))->vf(), vf) << "its number in the pool";
  }
  EXPECT_EQ(vf_text(5), "5");
  EXPECT_EQ(vf_text(69), "1.5");
}

TEST(VfNames, WhatIsNoneIsNotTakenForOne) {
  for (const char* text : {"", ".", "1.", ".1", "1.2.3", "-1", "+1", " 1", "1 ", "0x1", "10:00.0", "99999", "1.99999"})
    EXPECT_FALSE(vf_named(text)) << text;
  for (const char* text : {"255", "3.63", "0.64", "4.0", "9999", "256"})
    EXPECT_FALSE(vf_named(text).value().possible()) << text;
}

/// An owner with a second card of three VFs.
struct CardsTest : testing::Test {
  CardsTest() {
    pool.about.role = VFPOOL_OWNER;
    pool.about.port = 0;
    pool.add_card(3);
    for (unsigned u = 1; u <= 2; ++u) pool.user(u, 4, 1);
  }
  std::string refusal(const std::string& name) {
    try {
      find_vf(pool, name);
    } catch (const Failure& f) {
      EXPECT_EQ(f.code(), Exit::kNotFound);
      return f.what();
    }
    return "found";
  }
  FakePool pool;
};

TEST_F(CardsTest, VfsOfAllCardsAreListedWithTheirCards) {
  EXPECT_THAT(offered(cards(pool, pool.about)), ElementsAre(0, 1, 2, 3, 64, 65, 66));
  const auto all = list(pool);
  EXPECT_EQ(all["cards"][1]["vfs"], 3);
  EXPECT_EQ(all["cards"][1]["address"], "10000:05:00.0");
  EXPECT_EQ(all["vfs"][5]["vf"], 65);
  EXPECT_EQ(all["vfs"][5]["card"], 1);
  EXPECT_EQ(all["vfs"][5]["name"], "1.1");
}

TEST_F(CardsTest, AVfIsFoundOnItsCardOnly) {
  EXPECT_EQ(find_vf(pool, "1.2"), 66u);
  EXPECT_EQ(find_vf(pool, "66"), 66u);
  EXPECT_EQ(find_vf(pool, "0.3"), 3u);
  EXPECT_EQ(find_vf(pool, "06:10.4"), 66u);
  EXPECT_EQ(refusal("4"), "no VF 4: card 0 offers 4");
  EXPECT_EQ(refusal("1.3"), "no VF 1.3: card 1 offers 3");
  EXPECT_EQ(refusal("1.64"), "no VF 1.64: card 1 offers 3");
  EXPECT_EQ(refusal("2.0"), "no VF 2.0: the bridge has 2 cards");
  EXPECT_EQ(refusal("255"), "no VF 255: the bridge has 2 cards");
}

TEST_F(CardsTest, ACardWithoutVfsTakesNothingFromTheOthers) {
  pool.about.vfs = 0;
  EXPECT_THAT(offered(cards(pool, pool.about)), ElementsAre(64, 65, 66));
  EXPECT_EQ(find_vf(pool, "1.0"), 64u);
  EXPECT_EQ(refusal("0"), "no VF 0: card 0 offers 0");
}

TEST_F(CardsTest, MovesAndRestoresNameTheCardsVf) {
  pool.vfs[65].use = VFPOOL_USE_ASSIGNED;
  pool.vfs[65].user = 1;
  pool.on_release = [&] { pool.vfs[65].use = VFPOOL_USE_FREE; };
  pool.on_assign = [&] { pool.slots[{2, 0}].powered = 1; };
  std::string said;
  const auto moved =
      move(pool, 65, 2, -1, false, std::chrono::seconds(1), [&](const std::string& text) { said += text + "\n"; });
  EXPECT_EQ(moved["name"], "1.1");
  EXPECT_EQ(said, "user 1 gives VF 1.1 back\nVF 1.1 goes to user 2, slot 0\n");
  EXPECT_THAT(pool.asked, ElementsAre("release 1 0 0", "assign 65 2 0 0"));

  const auto saved = save(pool);
  pool.about.cards = 1;
  try {
    restore(pool, saved);
    ADD_FAILURE();
  } catch (const Failure& f) {
    EXPECT_THAT(f.what(), HasSubstr("VF 66: the card offers 4")) << "a pool that has one card less";
  }
}

TEST_F(CardsTest, ADriverThatKnowsOneCardIsUnderstood) {
  pool.about.cards = 0;
  EXPECT_THAT(offered(cards(pool, pool.about)), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(cards(pool, pool.about)[0].port, 3) << "behind two users";
  EXPECT_EQ(info_json(pool.about)["cards"], 1);
}

}  // namespace
}  // namespace vfpool::tools
