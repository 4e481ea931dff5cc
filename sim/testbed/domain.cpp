// SPDX-License-Identifier: Apache-2.0
#include "testbed/domain.hpp"

#include <algorithm>

namespace vfpool::testbed {

void Domain::add_load(unsigned load, std::size_t limit, Exit exit) {
  inputs_.push_back({load, PacketQueue(limit), std::move(exit), {}});
}

Domain::Input& Domain::input(unsigned load) {
  return *std::find_if(inputs_.begin(), inputs_.end(), [load](const Input& i) { return i.load == load; });
}

bool Domain::put(const Packet& packet) { return input(packet.to).queue.push(packet); }

std::size_t Domain::held() const {
  std::size_t held = 0;
  for (const Input& i : inputs_) held += i.queue.size() + i.taken.size();
  return held;
}

std::optional<double> Domain::begin() {
  double work = 0;
  for (Input& i : inputs_) {
    while (i.taken.size() < take_ && !i.queue.empty()) i.taken.push_back(i.queue.pop());
    if (i.taken.empty()) continue;
    work += batch_ + packet_ * static_cast<double>(i.taken.size());
    ++batches;
    packets += static_cast<double>(i.taken.size());
  }
  return work > 0 ? std::optional(work) : std::nullopt;
}

void Domain::finish() {
  for (Input& i : inputs_) {
    if (i.taken.empty()) continue;
    for (const Packet& packet : i.taken) i.exit.next(packet);
    i.taken.clear();
    if (i.exit.notify) i.exit.notify();
    if (i.queue.empty() && i.exit.empty) i.exit.empty();
  }
}

}  // namespace vfpool::testbed
