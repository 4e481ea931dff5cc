// SPDX-License-Identifier: Apache-2.0
// Packets that wait for room at the next station, and the order in which they may leave (PCIe Base Spec 2.1, 2.4.1).
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>

#include "pcie/tlp.hpp"

namespace vfpool::pcie {

/// Room by flow class: bit 0 posted, bit 1 non-posted, bit 2 completion.
inline unsigned room_of(const FlowControl& receiver) {
  unsigned room = 0;
  for (unsigned c = 0; c < 3; ++c) room |= static_cast<unsigned>(receiver.room(static_cast<FlowClass>(c))) << c;
  return room;
}

/// Each class is first in, first out. No packet passes a posted one; posted packets and completions pass non-posted
/// requests that have no room, and posted packets pass completions, so that requests never dam up what answers them.
/// Non-posted requests and completions go in turn where there is room for both: what a program waits for, a register
/// read or its answer, is not to stand behind all that a stream has put there.
class TlpQueue {
 public:
  void push(Tlp tlp) {
    const auto c = static_cast<unsigned>(tlp.flow_class());
    waiting_[c].push_back({arrivals_++, std::move(tlp)});
  }
  /// The next packet that may leave, of the classes in `room`; nothing if none may.
  std::optional<Tlp> pop(unsigned room) {
    const int c = next(room);
    if (c < 0) return std::nullopt;
    auto& queue = waiting_[static_cast<unsigned>(c)];
    Tlp tlp = std::move(queue.front().tlp);
    queue.pop_front();
    if (c != 0) last_ = c;
    return tlp;
  }
  bool can_pop(unsigned room) const { return next(room) >= 0; }
  /// Takes a posted packet out of the queue that is the same as `tlp`; false if none waits.
  bool remove_posted(const Tlp& tlp) {
    auto& queue = waiting_[static_cast<unsigned>(FlowClass::kPosted)];
    for (auto it = queue.begin(); it != queue.end(); ++it)
      if (it->tlp.hdr == tlp.hdr && it->tlp.data == tlp.data) return queue.erase(it), true;
    return false;
  }
  void clear() {
    for (auto& queue : waiting_) queue.clear();
  }

  std::size_t size(FlowClass c) const { return waiting_[static_cast<unsigned>(c)].size(); }
  std::size_t size() const { return waiting_[0].size() + waiting_[1].size() + waiting_[2].size(); }
  bool empty() const { return size() == 0; }

 private:
  struct Waiting {
    std::uint64_t order;
    Tlp tlp;
  };

  int next(unsigned room) const {
    const auto may = [&](int c) {
      const auto& posted = waiting_[0];
      const auto& queue = waiting_[static_cast<unsigned>(c)];
      return !queue.empty() && room >> c & 1 && (posted.empty() || queue.front().order <= posted.front().order);
    };
    const int other = 3 - last_;
    if (may(other)) return other;
    if (may(last_)) return last_;
    return !waiting_[0].empty() && room & 1 ? 0 : -1;
  }

  std::array<std::deque<Waiting>, 3> waiting_;  // by FlowClass
  int last_ = 2;                                // of non-posted (1) and completion (2): which one left last
  std::uint64_t arrivals_ = 0;
};

}  // namespace vfpool::pcie
