// SPDX-License-Identifier: Apache-2.0
// What holds for a bridge of any size; `tests/host/of_geometry` runs it for others than the default.
#include <algorithm>
#include <set>

#include "pool.hpp"

namespace vfpool {
namespace {

class Geometry : public Pool {
 protected:
  /// A VF at work in a slot of a user.
  struct Place {
    unsigned user, slot;
    std::unique_ptr<host::VfDriver> vf;
  };
  const bridge::Geometry size = bridge::Bridge::geometry();
  std::vector<Place> places;

  host::Task<> fill() {
    co_await start_owner(size.users * size.slots);
    for (unsigned n = 1; n <= size.users; ++n)
      for (unsigned slot = 0; slot < size.slots; ++slot) {
        const auto assigned = command(Op::kAssign, n, slot, static_cast<unsigned>(places.size()));
        EXPECT_EQ(assigned, Result::kDone) << "user " << n << " slot " << slot;
        const host::Function fn = co_await plug(n, slot);
        places.push_back({n, slot, std::make_unique<host::VfDriver>(user(n), fn)});
        co_await places.back().vf->start();
      }
  }
  /// 64 bytes that nobody else sends.
  static std::vector<std::uint8_t> frame(const host::VfDriver& from, const host::VfDriver& to, std::size_t mark) {
    std::vector<std::uint8_t> bytes(64, static_cast<std::uint8_t>(mark));
    std::copy(to.mac().begin(), to.mac().end(), bytes.begin());
    std::copy(from.mac().begin(), from.mac().end(), bytes.begin() + 6);
    return bytes;
  }
};

TEST_F(Geometry, AVfInEverySlotOfEveryUserReachesTheNextOne) {
  run(fill());
  ASSERT_EQ(places.size(), size.users * size.slots);
  std::set<std::array<std::uint8_t, 6>> addresses;
  for (const auto& p : places) addresses.insert(p.vf->mac());
  EXPECT_EQ(addresses.size(), places.size()) << "each place has a VF of its own";
  for (std::size_t i = 0; i < places.size(); ++i) {
    host::VfDriver &from = *places[i].vf, &to = *places[(i + 1) % places.size()].vf;
    const auto sent = frame(from, to, 1 + i);
    run(from.send(sent));
    EXPECT_EQ(run(to.receive()), sent) << "to the one after user " << places[i].user << " slot " << places[i].slot;
  }
}

TEST_F(Geometry, TheLastUsersVfGoesBackAndOnToTheFirstUser) {
  run(fill());
  const auto last = static_cast<unsigned>(places.size()) - 1;
  run(places[last].vf->stop());
  EXPECT_EQ(command(Op::kForce, size.users, size.slots - 1), Result::kDone);
  EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);
  // What is under way is waited for, then the VF is reset.
  for (int i = 0; i < 100 && bridge.read<regs::Vf>(last).state != regs::VfState::kIdle; ++i)
    run(user(1).sleep(std::chrono::milliseconds(5)));
  ASSERT_EQ(command(Op::kAssign, 1, 0, last), Result::kDone);
  host::VfDriver moved(user(1), run(plug(1, 0)));
  run(moved.start());
  host::VfDriver& other = *places[last - 1].vf;
  const auto sent = frame(other, moved, 0x77);
  run(other.send(sent));
  EXPECT_EQ(run(moved.receive()), sent);
}

}  // namespace
}  // namespace vfpool
