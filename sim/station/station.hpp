// SPDX-License-Identifier: Apache-2.0
// A host at the far end of the card's cable: answers ARP for its address, echoes UDP (port 7), obeys commands that come
// by UDP (port 4000), and sends floods of UDP datagrams to one VF or several at a given rate.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "core/scheduler.hpp"
#include "wire/wire.hpp"

namespace vfpool::station {

class Station {
 public:
  static constexpr std::array<std::uint8_t, 6> kMac{0x02, 0x82, 0x59, 0x90, 0x0f, 0xfe};
  static constexpr std::uint32_t kAddress = 0x0a000003;    ///< 10.0.0.3
  static constexpr std::uint32_t kGuest = 0x0a000001;      ///< 10.0.0.1, which the flood goes to; of VF n 10.0.n.1
  static constexpr std::uint32_t kFirstFlow = 0x0a000010;  ///< 10.0.0.16 and on: the flood's senders
  static constexpr std::uint16_t kEchoPort = 7, kCommandPort = 4000, kFloodPort = 9;
  static constexpr std::size_t kMinFrame = 60, kMaxFrame = 1514;  ///< without FCS
  static constexpr std::size_t kMaxFlood = 9014;                  ///< of a flood, the same

  /// What a flood's datagrams carry, in network byte order. `total` is 0 until the flood is over.
  struct Mark {
    std::uint32_t magic, sequence, total, flow;
  };
  static constexpr std::uint32_t kMagic = 0x666c6f64;
  enum class Sum { kGood, kNone, kWrong };  ///< a datagram's checksum; none is 0 (RFC 768)

  /// `vf_mac`: of VF 0; VF n has n more in its last byte. `obey` gets a command and returns the answer.
  Station(Scheduler& scheduler, wire::Wire& wire, std::array<std::uint8_t, 6> vf_mac,
          std::function<std::string(const std::string&)> obey);
  ~Station();
  Station(const Station&) = delete;
  Station& operator=(const Station&) = delete;

  void plug();
  void unplug();

  /// `payload` bytes of UDP (16 to 8972), `rate` datagrams per second to each of the first `vfs` VFs at the same time,
  /// from `flows` addresses in turn. What the machine is too slow for is not made up for later, and no VF gets more of
  /// them than another one. Replaces a flood that runs. Returns what is wrong with it, or nothing.
  std::string flood(unsigned payload, unsigned rate, unsigned milliseconds, unsigned flows, Sum sum = Sum::kGood,
                    unsigned vfs = 1);
  /// A flood that runs ends now, as if its time were over.
  void end_flood();

 private:
  void receive(const wire::Frame& frame);
  void answer_arp(const wire::Frame& frame);
  void answer_udp(const wire::Frame& frame);
  void send_datagram(std::uint32_t from, std::uint16_t from_port, std::uint32_t to, std::uint16_t to_port,
                     const std::array<std::uint8_t, 6>& mac, std::span<const std::uint8_t> payload,
                     Sum sum = Sum::kGood);
  void send_flood();
  void send_mark(std::uint32_t total);

  Scheduler& scheduler_;
  wire::Wire& wire_;
  std::array<std::uint8_t, 6> vf_mac_;
  std::function<std::string(const std::string&)> obey_;
  std::uint16_t ip_id_ = 0;
  std::vector<std::uint8_t> payload_;
  unsigned rate_ = 0, flows_ = 1, vfs_ = 1, ends_ = 0;
  Sum sum_ = Sum::kGood;
  SimTime last_{0}, until_{0};
  double due_ = 0;
  std::uint32_t sent_ = 0;
  Scheduler::TimerId timer_ = 0;
};

}  // namespace vfpool::station
