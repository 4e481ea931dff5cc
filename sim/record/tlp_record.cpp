// SPDX-License-Identifier: Apache-2.0
#include "record/tlp_record.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <stdexcept>

namespace vfpool::record {

std::array<std::uint8_t, TlpPseudoHeader::kSize> TlpPseudoHeader::bytes() const {
  std::array<std::uint8_t, kSize> out{kVersion, port, static_cast<std::uint8_t>(toward_bridge)};
  for (unsigned i = 0; i < 4; ++i) out[4 + i] = static_cast<std::uint8_t>(sequence >> (24 - 8 * i));
  for (unsigned i = 0; i < 8; ++i) out[8 + i] = static_cast<std::uint8_t>(cycle >> (56 - 8 * i));
  return out;
}

std::vector<TappedPort> choose_ports(const std::vector<TappedPort>& all, std::span<const std::string> wanted) {
  if (wanted.empty()) return all;
  std::vector<std::string> names;
  for (const TappedPort& port : all) names.push_back(port.name);
  for (const std::string& name : wanted)
    if (std::ranges::find(names, name) == names.end())
      throw std::invalid_argument(
          fmt::format("the bridge has no port \"{}\" to record; it has {}", name, fmt::join(names, ", ")));
  std::vector<TappedPort> chosen;
  std::ranges::copy_if(all, std::back_inserter(chosen),
                       [&](const TappedPort& port) { return std::ranges::find(wanted, port.name) != wanted.end(); });
  return chosen;
}

struct TlpRecord::State {
  std::shared_ptr<PcapngWriter> file;
  TimeAxis time;
  std::map<unsigned, PcapngWriter::InterfaceId> interfaces;
  std::uint32_t sequence = 0;

  void see(unsigned port, bool toward_bridge, const pcie::Tlp& tlp) {
    const auto interface = interfaces.find(port);
    if (interface == interfaces.end()) return;
    const TlpPseudoHeader header{static_cast<std::uint8_t>(port), toward_bridge, sequence++, time.cycles()};
    const auto why = pcie::malformed(tlp);
    file->packet(interface->second, time.now(), toward_bridge ? Direction::kInbound : Direction::kOutbound,
                 header.bytes(), pcie::to_bytes(tlp), why ? "malformed: " + *why : std::string());
  }
};

TlpRecord::TlpRecord(std::shared_ptr<PcapngWriter> file, TimeAxis time, std::span<const TappedPort> ports)
    : state_(std::make_shared<State>(State{std::move(file), time, {}, 0})) {
  for (const TappedPort& port : ports)
    if (port.number > 0xFF) throw std::invalid_argument(fmt::format("port number {} is above 255", port.number));
  for (const TappedPort& port : ports) {
    if (state_->interfaces.contains(port.number)) continue;
    state_->interfaces[port.number] = state_->file->add_interface(
        LinkType::kUser0, port.name, fmt::format("TLPs at port {} of the bridge; inbound: toward it", port.number));
  }
}

TlpRecord::~TlpRecord() = default;

void TlpRecord::see(unsigned port, bool toward_bridge, const pcie::Tlp& tlp) { state_->see(port, toward_bridge, tlp); }

TlpRecord::Tap TlpRecord::tap() const {
  return [weak = std::weak_ptr<State>(state_)](unsigned port, bool toward_bridge, const pcie::Tlp& tlp) {
    if (const auto state = weak.lock()) state->see(port, toward_bridge, tlp);
  };
}

}  // namespace vfpool::record
