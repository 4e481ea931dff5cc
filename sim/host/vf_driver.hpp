// SPDX-License-Identifier: Apache-2.0
// A small driver of an 82599 virtual function for model servers: resets it through the mailbox, runs one queue pair
// with one interrupt, sends and receives frames. The server must not know whether the VF is its own or a pooled one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "host/enumerate.hpp"
#include "host/server.hpp"

namespace vfpool::host {

class VfDriver {
 public:
  /// `ring`: descriptors each way, 8 to 4096, a multiple of 8.
  VfDriver(Server& server, const Function& vf, unsigned ring = 32) : server_(server), vf_(vf), ring_(ring) {}

  /// Resets the function, gets its MAC address from the PF, starts the queues. Throws std::runtime_error if the PF does
  /// not answer within 100 ms.
  Task<> start();
  /// Disables the queues and bus mastering.
  Task<> stop();
  /// Waits until the frame has left.
  Task<> send(std::vector<std::uint8_t> frame);
  /// Waits for the next frame; empty when none came within `limit`.
  Task<std::vector<std::uint8_t>> receive(SimTime limit = std::chrono::milliseconds(20));

  // The same for who does not wait. An interrupt is not followed by another before rearm().
  /// False: the ring is full.
  bool post(std::span<const std::uint8_t> frame);
  /// The next frame that has come, if one has. Its buffer goes back to the card with rearm().
  std::optional<std::vector<std::uint8_t>> take();
  void rearm();

  const std::array<std::uint8_t, 6>& mac() const { return mac_; }
  const Server::Vector& interrupt() const { return vector_; }
  bool link_up() const { return link_up_; }

 private:
  static constexpr unsigned kBuffer = 2048;

  Task<std::uint32_t> read(std::uint32_t reg) { return server_.read32(vf_.bar[0] + reg); }
  void write(std::uint32_t reg, std::uint32_t v) { server_.write32(vf_.bar[0] + reg, v); }
  bool done(unsigned tx_slot) { return server_.at(tx_ring_ + 16 * tx_slot + 12, 1)[0] & 1; }
  Task<std::vector<std::uint32_t>> ask(std::vector<std::uint32_t> words, unsigned answer_words);

  Server& server_;
  Function vf_;
  unsigned ring_;
  Server::Vector vector_{};
  std::array<std::uint8_t, 6> mac_{};
  bool link_up_ = false;
  std::uint64_t rx_ring_ = 0, rx_buffers_ = 0, tx_ring_ = 0, tx_buffers_ = 0;
  unsigned rx_next_ = 0, tx_next_ = 0, tx_oldest_ = 0;
};

}  // namespace vfpool::host
