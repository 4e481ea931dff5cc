// SPDX-License-Identifier: Apache-2.0
// A VF that misbehaves on command, for tests of what a driver does then. Stands between a VF and the server that shows
// it to a VM: sees registers, DMA and interrupts of both directions.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>

#include "core/scheduler.hpp"
#include "vfio_user/device.hpp"

namespace vfpool::mischief {

class Mischief : public vfio_user::Device, private vfio_user::Guest {
 public:
  enum class Kind {
    kNone,
    kSilence,   ///< the PF never gets a request
    kGarbage,   ///< the mailbox's memory reads random words
    kLock,      ///< the PF never lets go of the mailbox
    kCollide,   ///< pings of the PF overwrite every second request, which is never answered
    kDrown,     ///< and each request for a VLAN
    kEvents,    ///< the mailbox's event bits are random, the reset in progress included
    kAllOnes,   ///< every register reads all ones, writes are lost
    kRandom,    ///< every register reads a random word
    kReceive,   ///< received descriptors are done, and random otherwise
    kTransmit,  ///< write-backs of transmit descriptors are random
    kDeaf,      ///< no interrupt arrives
    kStorm,     ///< all vectors fire every 50 us
    kEndless,   ///< received descriptors never say that a frame ends
  };

  /// `inner` and `scheduler` must outlive this object.
  Mischief(Scheduler& scheduler, vfio_user::Device& inner, std::uint32_t seed);
  ~Mischief() override;

  /// `name`: none, silence, garbage, lock, collide, drown, events, ones, random, receive, transmit, deaf, storm,
  /// endless. After `milliseconds` (0: never) it is over. False: no such name.
  bool begin(const std::string& name, unsigned milliseconds);

  std::array<std::uint64_t, kBars> bar_sizes() const override { return inner_.bar_sizes(); }
  unsigned msix_vectors() const override { return inner_.msix_vectors(); }
  void read(unsigned region, std::uint64_t offset, unsigned size, ReadDone done) override;
  void write(unsigned region, std::uint64_t offset, std::span<const std::uint8_t> data, WriteDone done) override;
  void reset() override { inner_.reset(); }
  void attach(vfio_user::Guest* guest) override;
  std::string state() const override;
  /// Resets of the VF (VFCTRL.RST) that found a queue enabled.
  std::uint64_t careless_resets() const { return careless_resets_; }

 private:
  bool room(pcie::FlowClass cls) const override { return guest_ == nullptr || guest_->room(cls); }
  bool read(std::uint64_t address, std::span<std::uint8_t> out) override;
  bool write(std::uint64_t address, std::span<const std::uint8_t> data) override;
  void send_dma_write(std::uint64_t address, std::span<const std::uint8_t> data) override;
  bool signal_msix(unsigned vector) override;
  void distort(std::uint64_t offset, std::span<std::uint8_t> data);
  void note_ring(std::uint64_t offset, std::uint32_t value);
  void note_reset();
  std::uint32_t collide(std::uint64_t offset, std::uint32_t value);
  bool in_ring(bool transmit, std::uint64_t address, std::size_t size) const;
  void end();
  void storm();

  struct Ring {
    std::uint64_t base = 0;
    std::uint32_t bytes = 0;
  };
  Scheduler& scheduler_;
  vfio_user::Device& inner_;
  vfio_user::Guest* guest_ = nullptr;
  std::mt19937 random_;
  std::uint32_t seed_;
  Kind kind_ = Kind::kNone;
  std::uint64_t misdeeds_ = 0, careless_resets_ = 0;
  std::uint64_t requests_ = 0;             // while they collide
  std::uint32_t opcode_ = 0;               // of the request that is being written
  bool ping_ = false, ping_told_ = false;  // ... there is a ping; its event has been read
  std::map<std::uint64_t, Ring> rings_;    // by the offset of the base register
  Scheduler::TimerId end_ = 0, storm_ = 0;
};

}  // namespace vfpool::mischief
