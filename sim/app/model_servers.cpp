// SPDX-License-Identifier: Apache-2.0
#include "app/model_servers.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace vfpool::app {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kRing = 512;
constexpr unsigned kSriov = 0x10;  // extended capability
constexpr unsigned kTotalVfs = 0x0e;
constexpr std::uint16_t kIntel = 0x8086, kVf82599 = 0x10ed;

}  // namespace

ModelServer::ModelServer(Scheduler& scheduler, bridge::Bridge& bridge, unsigned port, const std::string& name)
    : server_(scheduler, bridge.input(port), {.name = name}), enumerator_(server_), port_(port) {
  bridge.connect(port, server_.root());
  bridge.set_link(port, true);
}

void ModelServer::start(host::Task<> program) {
  program_.emplace(guard(std::move(program)));
  program_->start();
}

host::Task<> ModelServer::guard(host::Task<> program) {
  try {
    co_await program;
  } catch (const std::exception& e) {
    spdlog::error("{}: its program has ended: {}", server_.name(), e.what());
  }
}

ModelOwner::ModelOwner(Scheduler& scheduler, bridge::Bridge& bridge, const std::string& name, unsigned vfs)
    : ModelServer(scheduler, bridge, 0, name) {
  start(run(vfs));
}

host::Task<> ModelOwner::run(unsigned vfs) {
  const auto tree = co_await enumerator_.all();
  bool found = false;
  for (const auto& f : tree) {
    if (!f.extended_capabilities.contains(kSriov)) continue;
    const auto most = co_await server_.config_read(f.bdf, f.extended_capabilities.at(kSriov) + kTotalVfs, 2);
    const unsigned count = std::min(vfs, most);
    co_await enumerator_.enable_vfs(f, count);
    spdlog::info("{}: {} VFs of {} enabled", server_.name(), count, f.bdf.str());
    found = true;
    if (f.vendor != kIntel) continue;  // nothing more is asked of its owner
    drivers_.push_back(std::make_unique<host::PfDriver>(server_, f));
    co_await drivers_.back()->start(count);
  }
  if (!found) spdlog::error("{}: no card below the bridge:\n{}", server_.name(), host::describe(tree));
  const auto interrupts = [this] {
    std::uint64_t sum = 0;
    for (const auto& d : drivers_) sum += server_.count(d->interrupt());
    return sum;
  };
  for (std::uint64_t seen = 0; !drivers_.empty(); seen = interrupts()) {
    for (const auto& d : drivers_) co_await d->serve_mailbox();
    while (interrupts() == seen) co_await server_.sleep(1ms);
  }
}

ModelUser::ModelUser(Scheduler& scheduler, bridge::Bridge& bridge, unsigned port, const std::string& name)
    : ModelServer(scheduler, bridge, port, name) {
  start(run());
}

host::Task<> ModelUser::run() {
  const auto tree = co_await enumerator_.all();
  std::vector<host::Function> slots;
  std::ranges::copy_if(tree, std::back_inserter(slots), &host::Function::hot_plug);
  for (;; co_await server_.sleep(10ms)) {
    for (auto slot = slots.begin(); slot != slots.end();) {
      if (!co_await enumerator_.occupied(*slot)) {
        ++slot;
        continue;
      }
      co_await enumerator_.switch_slot(*slot, true);
      for (const auto& f : co_await enumerator_.slot(*slot)) {
        if (f.device != kVf82599) continue;
        vfs_.push_back(std::make_unique<host::VfDriver>(server_, f, kRing));
        co_await vfs_.back()->start();
        reflect(*vfs_.back());
        spdlog::info("{}: {} sends back what it gets", server_.name(), f.bdf.str());
      }
      slot = slots.erase(slot);
    }
  }
}

void ModelUser::reflect(host::VfDriver& vf) {
  server_.on_interrupt(vf.interrupt(), [this, &vf] {
    while (auto frame = vf.take()) {
      std::swap_ranges(frame->begin(), frame->begin() + 6, frame->begin() + 6);
      if (!vf.post(*frame)) spdlog::warn("{}: a frame is lost, the ring is full", server_.name());
    }
    vf.rearm();
  });
}

}  // namespace vfpool::app
