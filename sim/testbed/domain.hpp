// SPDX-License-Identifier: Apache-2.0
// A driver domain or a paravirtual guest: takes packets of its loads in batches, works, and hands them on.
#pragma once

#include <functional>
#include <vector>

#include "testbed/packet.hpp"
#include "testbed/run_queue.hpp"

namespace vfpool::testbed {

class Domain : public Runnable {
 public:
  /// Cycles a packet and a batch; packets of a load taken at once.
  Domain(double packet, double batch, unsigned take) : packet_(packet), batch_(batch), take_(take) {}

  /// What becomes of a load's packets. All but `next` may be null.
  struct Exit {
    std::function<void(const Packet&)> next;  ///< the packet has been worked on
    std::function<void()> notify = nullptr;   ///< the batch has: the one notification that whoever takes it gets
    std::function<void()> empty = nullptr;    ///< nothing of the load is left
  };
  void add_load(unsigned load, std::size_t limit, Exit exit);
  /// False: no room. Does not wake the domain: its caller knows when a batch is complete.
  bool put(const Packet& packet);
  std::size_t held() const;

  std::optional<double> begin() override;
  void finish() override;

  double batches = 0, packets = 0;

 private:
  struct Input {
    unsigned load;
    PacketQueue queue;
    Exit exit;
    std::vector<Packet> taken;
  };
  Input& input(unsigned load);

  double packet_, batch_;
  unsigned take_;
  std::vector<Input> inputs_;
};

}  // namespace vfpool::testbed
