// SPDX-License-Identifier: Apache-2.0
#include "mischief/mischief.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace vfpool::mischief {
namespace {

using Kind = Mischief::Kind;

// Registers of a VF (data sheet 8.3.5).
constexpr std::uint64_t kMailbox = 0x2fc, kMemory = 0x200, kMemoryEnd = 0x240;
constexpr std::uint64_t kRxRings = 0x1000, kTxRings = 0x2000, kRings = 0x200, kStride = 0x40;
constexpr std::uint32_t kReq = 1, kVfu = 4, kPfu = 8, kPfSts = 16,
                        kEventBits = 0xf0;                   // VFMAILBOX: PFSTS, PFACK, RSTI, RSTD
constexpr std::uint64_t kControl = 0, kQueueControl = 0x28;  // VFCTRL; VFRXDCTL and VFTXDCTL in a ring's block
constexpr std::uint32_t kReset = 1U << 26, kEnable = 1U << 25;
constexpr std::uint32_t kPing = 0x20000100;  // PF_CONTROL_MSG | CTS
constexpr std::uint32_t kOpcode = 0xffff, kSetVlan = 4;
constexpr std::size_t kDescriptor = 16;
constexpr std::uint8_t kEndOfPacket = 2;  // EOP in the first byte of a receive descriptor's status
constexpr SimTime kStormGap = std::chrono::microseconds(50);
const std::map<std::string, Kind> kNames{
    {"none", Kind::kNone},       {"silence", Kind::kSilence}, {"garbage", Kind::kGarbage},   {"lock", Kind::kLock},
    {"collide", Kind::kCollide}, {"drown", Kind::kDrown},     {"events", Kind::kEvents},     {"ones", Kind::kAllOnes},
    {"random", Kind::kRandom},   {"receive", Kind::kReceive}, {"transmit", Kind::kTransmit}, {"deaf", Kind::kDeaf},
    {"storm", Kind::kStorm},     {"endless", Kind::kEndless}};

}  // namespace

Mischief::Mischief(Scheduler& scheduler, vfio_user::Device& inner, std::uint32_t seed)
    : scheduler_(scheduler), inner_(inner), random_(seed), seed_(seed) {}

Mischief::~Mischief() {
  if (end_ != 0) scheduler_.cancel(end_);
  if (storm_ != 0) scheduler_.cancel(storm_);
}

bool Mischief::begin(const std::string& name, unsigned milliseconds) {
  const auto found = kNames.find(name);
  if (found == kNames.end()) return false;
  end();
  kind_ = found->second;
  spdlog::info("mischief: {}, seed {}", name, seed_);
  if (milliseconds != 0)
    end_ = scheduler_.after(std::chrono::milliseconds(milliseconds), [this] {
      end_ = 0;
      end();
    });
  if (kind_ == Kind::kStorm) storm();
  return true;
}

void Mischief::end() {
  if (end_ != 0) scheduler_.cancel(end_);
  if (storm_ != 0) scheduler_.cancel(storm_);
  end_ = storm_ = 0;
  if (kind_ != Kind::kNone) spdlog::info("mischief: over, {} misdeeds so far", misdeeds_);
  kind_ = Kind::kNone;
  ping_ = false;
}

void Mischief::storm() {
  storm_ = scheduler_.after(kStormGap, [this] { storm(); });
  for (unsigned v = 0; guest_ != nullptr && v < inner_.msix_vectors(); ++v) {
    guest_->signal_msix(v);
    ++misdeeds_;
  }
}

// ---- Registers --------------------------------------------------------------------------------------------------

void Mischief::distort(std::uint64_t offset, std::span<std::uint8_t> data) {
  std::uint32_t value = 0;
  std::memcpy(&value, data.data(), std::min<std::size_t>(4, data.size()));
  const std::uint32_t before = value;
  const bool memory = offset >= kMemory && offset < kMemoryEnd;
  if (kind_ == Kind::kAllOnes) value = ~0U;
  if (kind_ == Kind::kRandom || (kind_ == Kind::kGarbage && memory)) value = static_cast<std::uint32_t>(random_());
  if (kind_ == Kind::kLock && offset == kMailbox) value = (value & ~kVfu) | kPfu;
  if (kind_ == Kind::kEvents && offset == kMailbox)
    value = (value & ~kEventBits) | (static_cast<std::uint32_t>(random_()) & kEventBits);
  if (kind_ == Kind::kCollide || kind_ == Kind::kDrown) value = collide(offset, value);
  if (value != before) ++misdeeds_;
  std::memcpy(data.data(), &value, std::min<std::size_t>(4, data.size()));
}

// A ping in place of the request: its event once, its word until the next request.
std::uint32_t Mischief::collide(std::uint64_t offset, std::uint32_t value) {
  if (!ping_) return value;
  if (offset == kMemory) return kPing;
  if (offset != kMailbox || ping_told_) return value;
  ping_told_ = true;
  return value | kPfSts;
}

void Mischief::read(unsigned region, std::uint64_t offset, unsigned size, ReadDone done) {
  if (kind_ == Kind::kNone || region != 0) return inner_.read(region, offset, size, std::move(done));
  inner_.read(region, offset, size, [this, offset, done = std::move(done)](std::span<const std::uint8_t> data) {
    std::vector<std::uint8_t> bytes(data.begin(), data.end());
    for (std::size_t at = 0; at < bytes.size(); at += 4)
      distort(offset + at, std::span(bytes).subspan(at, std::min<std::size_t>(4, bytes.size() - at)));
    done(bytes);
  });
}

void Mischief::write(unsigned region, std::uint64_t offset, std::span<const std::uint8_t> data, WriteDone done) {
  std::uint32_t value = 0;
  if (region == 0 && data.size() == 4) {
    std::memcpy(&value, data.data(), 4);
    note_ring(offset, value);
    if (offset == kMemory) opcode_ = value & kOpcode;
    if (offset == kControl && (value & kReset) && kind_ != Kind::kAllOnes) note_reset();
  }
  if (kind_ == Kind::kAllOnes && region == 0) {
    ++misdeeds_;
    return done();
  }
  bool lost = false;
  if (region == 0 && offset == kMailbox && (value & kReq)) {
    lost = kind_ == Kind::kSilence;
    if (kind_ == Kind::kCollide || kind_ == Kind::kDrown) {
      lost = ping_ = kind_ == Kind::kDrown ? opcode_ == kSetVlan : ++requests_ % 2 == 0;
      ping_told_ = false;
    }
  }
  if (lost) {
    ++misdeeds_;
    value &= ~kReq;
    std::array<std::uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &value, 4);
    return inner_.write(region, offset, bytes, std::move(done));
  }
  inner_.write(region, offset, data, std::move(done));
}

void Mischief::note_ring(std::uint64_t offset, std::uint32_t value) {
  if ((offset < kRxRings || offset >= kRxRings + kRings) && (offset < kTxRings || offset >= kTxRings + kRings)) return;
  Ring& ring = rings_[offset / kStride * kStride];
  switch (offset % kStride) {
    case 0: ring.base = (ring.base & ~std::uint64_t{0xffffffff}) | value; break;
    case 4: ring.base = (ring.base & 0xffffffff) | std::uint64_t{value} << 32; break;
    case 8: ring.bytes = value; break;
    default: break;
  }
}

void Mischief::note_reset() {
  bool enabled = false;
  for (const std::uint64_t rings : {kRxRings, kTxRings})
    for (std::uint64_t at = rings; at < rings + kRings; at += kStride)
      inner_.read(0, at + kQueueControl, 4, [&enabled](std::span<const std::uint8_t> data) {
        std::uint32_t value = 0;
        std::memcpy(&value, data.data(), std::min<std::size_t>(4, data.size()));
        enabled |= (value & kEnable) != 0;
      });
  if (enabled) ++careless_resets_;
}

// ---- DMA and interrupts -----------------------------------------------------------------------------------------

void Mischief::attach(vfio_user::Guest* guest) {
  guest_ = guest;
  if (guest != nullptr) guest->on_room([this] { room_is_back(); });
  rings_.clear();
  inner_.attach(guest == nullptr ? nullptr : this);
}

bool Mischief::in_ring(bool transmit, std::uint64_t address, std::size_t size) const {
  return std::any_of(rings_.begin(), rings_.end(), [&](const auto& r) {
    return (r.first >= kTxRings) == transmit && address >= r.second.base &&
           address + size <= r.second.base + r.second.bytes;
  });
}

bool Mischief::read(std::uint64_t address, std::span<std::uint8_t> out) {
  return guest_ != nullptr && guest_->read(address, out);
}

// A descriptor that is not done would only be a frame that never comes, and the next one would never be looked at: a
// device that is slow, not one that lies. So DD stays, all else is at random. A frame without end only lacks EOP.
bool Mischief::write(std::uint64_t address, std::span<const std::uint8_t> data) {
  if (guest_ == nullptr) return false;
  const bool endless = kind_ == Kind::kEndless;
  const bool receive = endless || kind_ == Kind::kReceive, transmit = kind_ == Kind::kTransmit;
  if ((!receive && !transmit) || data.size() % kDescriptor != 0 || !in_ring(transmit, address, data.size()))
    return guest_->write(address, data);
  std::vector<std::uint8_t> bytes(data.begin(), data.end());
  for (std::size_t at = 0; at < bytes.size(); at += kDescriptor) {
    ++misdeeds_;
    if (endless) {
      bytes[at + 8] &= static_cast<std::uint8_t>(~kEndOfPacket);
      continue;
    }
    const std::uint8_t done_byte = bytes[at + (receive ? 8 : 12)];
    for (std::size_t i = 0; i < kDescriptor; ++i) bytes[at + i] = static_cast<std::uint8_t>(random_());
    bytes[at + (receive ? 8 : 12)] |= static_cast<std::uint8_t>(done_byte & 1);
  }
  return guest_->write(address, bytes);
}

void Mischief::send_dma_write(std::uint64_t address, std::span<const std::uint8_t> data) {
  if (guest_ != nullptr) guest_->send_dma_write(address, data);
}

bool Mischief::signal_msix(unsigned vector) {
  if (guest_ == nullptr) return false;
  if (kind_ != Kind::kDeaf) return guest_->signal_msix(vector);
  ++misdeeds_;
  return true;
}

std::string Mischief::state() const { return fmt::format("{}; {} misdeeds", inner_.state(), misdeeds_); }

}  // namespace vfpool::mischief
