// SPDX-License-Identifier: Apache-2.0
// Ethernet frames at a NIC's port, recorded into a pcapng file.
#pragma once

#include <memory>

#include "record/pcapng.hpp"
#include "record/time_axis.hpp"
#include "wire/wire.hpp"

namespace vfpool::record {

/// Stands between a NIC and the wire it is plugged into. Records what the NIC sends (outbound) when it sends it,
/// whether or not the wire loses it, and what the wire delivers (inbound); hands on everything else.
class FrameRecord : public wire::Wire {
 public:
  /// Adds an interface called `name` to `file`.
  FrameRecord(std::unique_ptr<wire::Wire> wire, std::shared_ptr<PcapngWriter> file, TimeAxis time,
              std::string_view name);
  ~FrameRecord() override;
  FrameRecord(const FrameRecord&) = delete;
  FrameRecord& operator=(const FrameRecord&) = delete;

  void send(std::span<const std::uint8_t> frame) override;
  void set_receiver(Receiver receiver) override;
  void set_paused(bool paused) override { wire_->set_paused(paused); }
  bool link_up() const override { return wire_->link_up(); }
  void set_link_handler(std::function<void(bool up)> handler) override { wire_->set_link_handler(std::move(handler)); }
  std::string state() const override { return wire_->state(); }

 private:
  void record(Direction direction, std::span<const std::uint8_t> frame);

  std::shared_ptr<PcapngWriter> file_;
  TimeAxis time_;
  PcapngWriter::InterfaceId interface_;
  std::unique_ptr<wire::Wire> wire_;
};

}  // namespace vfpool::record
