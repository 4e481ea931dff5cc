// SPDX-License-Identifier: Apache-2.0
#include "host/vf_driver.hpp"

#include <cstring>
#include <stdexcept>

namespace vfpool::host {
namespace {

using namespace std::chrono_literals;

// 82599 data sheet, 8.3 (VF registers).
constexpr std::uint32_t kVfctrl = 0x0, kVflinks = 0x10, kVteimc = 0x10c, kVteims = 0x108, kVteiac = 0x110,
                        kVteiam = 0x114, kVtivar = 0x120, kVtivarMisc = 0x140, kVfmbmem = 0x200, kVfmailbox = 0x2fc,
                        kRdbal = 0x1000, kRdbah = 0x1004, kRdlen = 0x1008, kRdh = 0x1010, kSrrctl = 0x1014,
                        kRdt = 0x1018, kRxdctl = 0x1028, kTdbal = 0x2000, kTdbah = 0x2004, kTdlen = 0x2008,
                        kTdh = 0x2010, kTdt = 0x2018, kTxdctl = 0x2028;
constexpr std::uint32_t kEnable = 1U << 25;
constexpr std::uint32_t kReq = 1, kAck = 2, kVfu = 4, kPfsts = 0x10, kRsti = 0x40;

}  // namespace

Task<std::vector<std::uint32_t>> VfDriver::ask(std::vector<std::uint32_t> words, unsigned answer_words) {
  for (int attempt = 0;; ++attempt) {
    write(kVfmailbox, kVfu);
    if (co_await read(kVfmailbox) & kVfu) break;
    if (attempt == 100) throw std::runtime_error(server_.name() + ": VF mailbox stays locked");
    co_await server_.sleep(20us);
  }
  for (std::size_t i = 0; i < words.size(); ++i) write(kVfmbmem + 4 * static_cast<std::uint32_t>(i), words[i]);
  write(kVfmailbox, kReq);
  for (int attempt = 0; !(co_await read(kVfmailbox) & kPfsts); ++attempt) {
    if (attempt == 1000) throw std::runtime_error(server_.name() + ": the PF does not answer");
    co_await server_.sleep(100us);
  }
  std::vector<std::uint32_t> answer;
  for (unsigned i = 0; i < answer_words; ++i) answer.push_back(co_await read(kVfmbmem + 4 * i));
  write(kVfmailbox, kAck);
  co_return answer;
}

Task<> VfDriver::start() {
  co_await server_.config_write(vf_.bdf, 0x04, 0x0006, 2);
  write(kVteimc, 7);
  write(kVfctrl, 1U << 26);
  for (int attempt = 0; co_await read(kVfmailbox) & kRsti; ++attempt) {
    if (attempt == 1000) throw std::runtime_error(server_.name() + ": the PF stays in reset");
    co_await server_.sleep(100us);
  }
  const std::vector<std::uint32_t> answer = co_await ask({0x01}, 4);
  for (unsigned i = 0; i < 6; ++i) mac_[i] = static_cast<std::uint8_t>(answer[1 + i / 4] >> 8 * (i % 4));

  vector_ = server_.new_vector();
  for (unsigned v = 0; v < 3; ++v) {
    server_.write32(vf_.bar[3] + 16 * v + 0x0, static_cast<std::uint32_t>(vector_.address));
    server_.write32(vf_.bar[3] + 16 * v + 0x4, 0);
    server_.write32(vf_.bar[3] + 16 * v + 0x8, vector_.data);
    server_.write32(vf_.bar[3] + 16 * v + 0xc, 0);
  }
  co_await server_.config_write(vf_.bdf, 0x70 + 2, 0x8000, 2);

  rx_ring_ = server_.allocate(ring_ * 16);
  rx_buffers_ = server_.allocate(ring_ * kBuffer);
  tx_ring_ = server_.allocate(ring_ * 16);
  tx_buffers_ = server_.allocate(ring_ * kBuffer);
  for (unsigned i = 0; i < ring_; ++i) {
    const std::uint64_t buffer = rx_buffers_ + i * kBuffer;
    std::memcpy(server_.at(rx_ring_ + 16 * i, 8).data(), &buffer, 8);
  }
  write(kTdbal, static_cast<std::uint32_t>(tx_ring_));
  write(kTdbah, static_cast<std::uint32_t>(tx_ring_ >> 32));
  write(kTdlen, ring_ * 16);
  write(kTdh, 0);
  write(kTdt, 0);
  write(kTxdctl, kEnable | 8U << 8 | 8);
  write(kRdbal, static_cast<std::uint32_t>(rx_ring_));
  write(kRdbah, static_cast<std::uint32_t>(rx_ring_ >> 32));
  write(kRdlen, ring_ * 16);
  write(kSrrctl, 1U << 25 | 1U << 28 | kBuffer >> 10);
  write(kRdh, 0);
  write(kRdt, 0);
  write(kRxdctl, kEnable);
  while (!(co_await read(kRxdctl) & kEnable)) co_await server_.sleep(10us);
  write(kRdt, ring_ - 1);

  write(kVtivar, 0x8080);  // queue 0 of both directions on vector 0
  write(kVtivarMisc, 0x81);
  write(kVteiac, 1);
  write(kVteiam, 1);
  write(kVteims, 1);
  link_up_ = co_await read(kVflinks) & 1U << 30;
}

Task<> VfDriver::stop() {
  write(kRxdctl, 0);
  write(kTxdctl, 0);
  while (co_await read(kRxdctl) & kEnable) co_await server_.sleep(10us);
  write(kVteimc, 7);
  co_await server_.config_write(vf_.bdf, 0x04, 0x0002, 2);
}

bool VfDriver::post(std::span<const std::uint8_t> frame) {
  while (tx_oldest_ != tx_next_ && done(tx_oldest_)) tx_oldest_ = (tx_oldest_ + 1) % ring_;
  const unsigned slot = tx_next_, next = (slot + 1) % ring_;
  if (next == tx_oldest_) return false;  // a full ring would look empty to the card
  tx_next_ = next;
  const std::uint64_t buffer = tx_buffers_ + slot * kBuffer;
  std::copy(frame.begin(), frame.end(), server_.at(buffer, frame.size()).begin());
  const auto length = static_cast<std::uint32_t>(frame.size());
  // Advanced data descriptor: EOP, IFCS, RS, DEXT; PAYLEN is the whole frame.
  const std::array<std::uint32_t, 4> descriptor{
      static_cast<std::uint32_t>(buffer), static_cast<std::uint32_t>(buffer >> 32),
      length | 3U << 20 | 1U << 24 | 1U << 25 | 1U << 27 | 1U << 29, length << 14};
  std::memcpy(server_.at(tx_ring_ + 16 * slot, 16).data(), descriptor.data(), 16);
  write(kTdt, tx_next_);
  return true;
}

Task<> VfDriver::send(std::vector<std::uint8_t> frame) {
  const unsigned slot = tx_next_;
  for (int attempt = 0; !post(frame); ++attempt) {
    if (attempt == 1000) throw std::runtime_error(server_.name() + ": the ring stays full");
    co_await server_.sleep(10us);
  }
  for (int attempt = 0; !done(slot); ++attempt) {
    if (attempt == 1000) throw std::runtime_error(server_.name() + ": frame was not sent");
    co_await server_.sleep(10us);
  }
}

std::optional<std::vector<std::uint8_t>> VfDriver::take() {
  const auto descriptor = server_.at(rx_ring_ + 16 * rx_next_, 16);
  if (!(descriptor[8] & 1)) return std::nullopt;
  const std::size_t length = descriptor[12] | descriptor[13] << 8;
  const std::uint64_t buffer = rx_buffers_ + rx_next_ * kBuffer;
  const auto bytes = server_.at(buffer, length);
  std::vector<std::uint8_t> frame(bytes.begin(), bytes.end());
  std::fill(descriptor.begin(), descriptor.end(), std::uint8_t{0});
  std::memcpy(descriptor.data(), &buffer, 8);
  rx_next_ = (rx_next_ + 1) % ring_;
  return frame;
}

void VfDriver::rearm() {
  write(kRdt, (rx_next_ + ring_ - 1) % ring_);  // one stays empty, else a full ring would look empty
  write(kVteims, 1);
}

Task<std::vector<std::uint8_t>> VfDriver::receive(SimTime limit) {
  const SimTime end = server_.scheduler().now() + limit;
  std::optional<std::vector<std::uint8_t>> frame;
  while (!(frame = take())) {
    if (server_.scheduler().now() >= end) co_return std::vector<std::uint8_t>();
    co_await server_.sleep(10us);
  }
  rearm();
  co_return *frame;
}

}  // namespace vfpool::host
