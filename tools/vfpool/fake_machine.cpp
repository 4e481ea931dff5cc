// SPDX-License-Identifier: Apache-2.0
// What machine.cpp says of the real one, of machines that exist only in a test: the programs themselves run there,
// without any driver. --device chooses: "owner" (the default) has four VFs, of which user 2 has VF 1 and VF 3 is
// broken; "cards" is the owner of a second card, too, with three VFs, of which user 2 has VF 1.1; "user" is user 1,
// whose requests are granted; "silent" is user 1 whose owner never answers.
#include "interrupt.hpp"
#include "machine.hpp"
#include "serve_fake.hpp"

namespace vfpool::tools {
namespace {

const FakeServer& files() {
  static const FakeServer server;
  return server;
}

class MachinePool : public LivePool {
 public:
  MachinePool(const std::shared_ptr<LiveState>& state, bool answers)
      : LivePool(state), state_(state), answers_(answers) {}

  void request(unsigned slot, unsigned vf, unsigned flags) override {
    if (!answers_) return LivePool::request(slot, vf, flags);
    assign(vf == VFPOOL_ANY ? 0 : vf, 1, slot, 0, 0);
    files().plug(slot, "eth9");
  }
  void release(unsigned user, unsigned slot, unsigned flags) override {
    LivePool::release(user ? user : state_->pool.about.port, slot, flags);
  }
  std::optional<vfpool_event> next_event(std::chrono::milliseconds limit) override {
    if (auto event = LivePool::next_event(limit)) return event;
    wait_for(-1, limit);
    return {};
  }

 private:
  std::shared_ptr<LiveState> state_;
  bool answers_;
};

}  // namespace

std::unique_ptr<Pool> open_pool(const std::filesystem::path& path) {
  const bool cards = path == "cards", owner = path.empty() || path == "owner" || cards;
  if (!owner && path != "user" && path != "silent") throw Failure(Exit::kNotFound, path.string() + ": no such device");
  const auto state = std::make_shared<LiveState>();
  if (cards) {
    state->pool.add_card(3);
    state->pool.profiles[65].mac[0] = 2;
    state->pool.profiles[65].mac[5] = 0x41;
  }
  for (const auto& [n, vf] : state->pool.vfs) {
    state->pool.frames[n].time = 1'000'000'000ULL * (n + 1);
    state->pool.frames[n].rx_bytes = 1500;
  }
  auto pool = std::make_unique<MachinePool>(state, path != "silent");
  pool->assign(1, owner ? 2 : 1, owner ? 0 : 1, 0, 0);
  if (cards) pool->assign(65, 2, 1, 0, 0);
  state->pool.profiles[2].mac[0] = 2;
  state->pool.vfs[3].reserved_for = 2;
  if (owner) state->pool.vfs[3].use = VFPOOL_USE_BROKEN;
  state->pool.vfs[2].clean_since = 1'700'000'000'000'000'000;
  if (!owner) {
    state->pool.about.role = VFPOOL_USER;
    state->pool.about.port = 1;
    state->pool.events.clear();
  }
  return pool;
}

Server this_server() {
  const auto& fake = files();
  fake.file("sys/devices/p/10000:01:00.0/vendor", "0x10ee\n");
  fake.file("sys/devices/p/10000:01:00.0/device", "0x8086\n");
  fake.link("sys/class/misc/vfpool0/device", "sys/devices/p/10000:01:00.0");
  fake.link("sys/bus/pci/devices/10000:01:00.0", "sys/devices/p/10000:01:00.0");
  fake.plug(1, "eth7");
  return Server(fake.root);
}

}  // namespace vfpool::tools
