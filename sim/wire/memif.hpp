// SPDX-License-Identifier: Apache-2.0
// A wire that another process holds: memif, version 2, the shared memory interface of VPP and DPDK (net_memif). Written
// here because Debian has libmemif only inside DPDK and VPP; the layout is the protocol's, from FD.io's public
// description.
#pragma once

#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "core/scheduler.hpp"
#include "wire/traffic.hpp"
#include "wire/wire.hpp"

namespace vfpool::wire {

struct MemifOptions {
  std::filesystem::path socket;  ///< where we listen as the server; the peer is the client and brings the memory
  unsigned id = 0;               ///< the peer's must be the same
  unsigned link_mbps = 10'000;   ///< frames are taken no faster than such a link carries them
};

/// Takes a frame from the peer's ring when the link has carried the one before and the NIC is not paused: whatever
/// speed the simulation has, what it has not taken yet waits in the ring, and a full ring is the peer's to wait for.
/// Frames to the peer wait here for its buffers; beyond kMaxHeld they are dropped. One peer at a time; the link is up
/// while there is one. A peer that breaks the protocol is disconnected with a line in the log.
class Memif : public Wire {
 public:
  static constexpr std::size_t kMaxHeld = 4096;

  /// Throws std::system_error when the socket cannot be made.
  Memif(Scheduler& scheduler, const MemifOptions& options);
  ~Memif() override;
  Memif(const Memif&) = delete;
  Memif& operator=(const Memif&) = delete;

  void send(std::span<const std::uint8_t> frame) override;
  void set_receiver(Receiver receiver) override;
  void set_paused(bool paused) override;
  bool link_up() const override { return connected_; }
  void set_link_handler(std::function<void(bool up)> handler) override { link_handler_ = std::move(handler); }
  std::string state() const override;

 private:
  struct Message;
  struct Descriptor;
  // Memory that the peer shares with us. It can change under our eyes, but not go away.
  class Region {
   public:
    Region(int fd, std::size_t size);
    ~Region();
    Region(Region&& other) noexcept;
    Region(const Region&) = delete;
    Region& operator=(const Region&) = delete;
    std::uint8_t* data() const { return data_; }
    std::size_t size() const { return size_; }

   private:
    std::uint8_t* data_;
    std::size_t size_;
  };
  // One direction. Both sides' counters run on modulo 2^16; ours is kept here, the peer's is read with suspicion.
  struct Ring {
    std::uint8_t* at = nullptr;
    unsigned log2_size = 0;
    std::uint16_t ours = 0;
    Fd event;
  };

  void accept_peer();
  void read_messages();
  void handle(const Message& message, Fd fd);
  void add_region(const Message& message, const Fd& fd);
  void add_ring(const Message& message, Fd fd);
  void connect();
  void reply(const Message& message);
  void disconnect(const std::string& reason, bool tell);

  unsigned available(const Ring& ring) const;
  Descriptor descriptor(const Ring& ring, std::uint16_t index) const;
  std::uint8_t* buffer(const Descriptor& d) const;
  bool take_frame(Frame& frame);
  void take_due();
  void schedule();
  void watch_event(bool want);
  bool put_frame(const Frame& frame);
  void put_held();

  Scheduler& scheduler_;
  MemifOptions options_;
  Fd listener_, peer_;
  bool introduced_ = false, connected_ = false;
  std::vector<Region> regions_;
  Ring in_, out_;  // frames to us, and from us
  bool watching_ = false;
  SimTime next_{0};  // when the link has carried the last frame
  Scheduler::TimerId take_timer_ = 0, put_timer_ = 0;
  Receiver receiver_;
  std::function<void(bool)> link_handler_;
  std::deque<Frame> held_;
  bool paused_ = false;
  Traffic traffic_;
};

}  // namespace vfpool::wire
