// SPDX-License-Identifier: Apache-2.0
#include "testbed/streams.hpp"

#include <algorithm>

namespace vfpool::testbed {
namespace {

constexpr std::uint32_t kTcpHeaders = 14 + 20 + 32;  // Ethernet, IPv4, TCP with time stamps
constexpr std::uint32_t kUdpHeaders = 14 + 20 + 8;
constexpr std::uint32_t kLeastFrame = 60;

// Numbers in a row spread over all 32 bits (Knuth's multiplicative hash).
constexpr std::uint32_t hash_of(std::uint32_t number) { return number * 2654435761U; }

}  // namespace

void TcpStream::pump() {
  const auto may = static_cast<std::uint32_t>(open_);
  while (away_ < may && events_.now() >= next_) {
    ++away_;
    ++pending_;
    next_ = std::max(next_, events_.now()) + spec_.spacing;
    if (spec_.spacing > 0) break;
  }
  if (pending_ > 0) port_.offer(*this);
  if (away_ < may && !pumping_) {
    pumping_ = true;
    events_.at(next_, *this, kPump);
  }
}

Packet TcpStream::take() {
  --pending_;
  ++sent_;
  return {.source = this,
          .to = spec_.to,
          .payload = spec_.payload,
          .frame = spec_.payload + kTcpHeaders,
          .flow = hash_of(spec_.to + 1),
          .work = 0,
          .sent = events_.now()};
}

void TcpStream::ended(const Packet& packet, Fate fate) {
  if (fate != Fate::kConsumed && packet.sent >= halved_) {
    open_ = std::max(open_ / 2, 2.0);
    halved_ = events_.now();
  }
  if (events_.now() != read_) {
    read_ = events_.now();
    answer_ = static_cast<Time>(static_cast<double>(spec_.answer) * std::uniform_real_distribution(0.5, 1.5)(random_));
  }
  events_.after(answer_, *this, kAnswer);
}

void TcpStream::act(std::uint64_t what) {
  if (what == kPump) {
    pumping_ = false;
  } else {
    --away_;
    open_ = std::min(open_ + 1 / open_, spec_.window);
  }
  pump();
}

UdpStream::UdpStream(Events& events, Port& port, const UdpSpec& spec, std::uint64_t seed)
    : events_(events), port_(port), spec_(spec), random_(seed) {}

void UdpStream::set_rate(double rate) {
  spec_.rate = rate;
  events_.after(0, *this, ++generation_);
}

void UdpStream::act(std::uint64_t generation) {
  if (generation != generation_ || spec_.rate <= 0) return;
  for (std::uint32_t i = 0; i < spec_.burst && pending_ < std::max<std::size_t>(kSendBuffer, spec_.burst); ++i)
    ++pending_;
  port_.offer(*this);
  const double gap = std::uniform_real_distribution(0.5, 1.5)(random_) * spec_.burst / spec_.rate;
  events_.after(time_for(gap, 1), *this, generation_);
}

Packet UdpStream::take() {
  --pending_;
  ++sent_;
  flow_ = (flow_ + 1) % spec_.flows;
  return {.source = this,
          .to = spec_.to,
          .payload = spec_.payload,
          .frame = std::max(spec_.payload + kUdpHeaders, kLeastFrame),
          .flow = hash_of(spec_.to * 64 + flow_ + 1),
          .work = 0,
          .sent = events_.now()};
}

}  // namespace vfpool::testbed
