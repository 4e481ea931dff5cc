// SPDX-License-Identifier: Apache-2.0
#include "record/frame_record.hpp"

namespace vfpool::record {

FrameRecord::FrameRecord(std::unique_ptr<wire::Wire> wire, std::shared_ptr<PcapngWriter> file, TimeAxis time,
                         std::string_view name)
    : file_(std::move(file)),
      time_(time),
      interface_(
          file_->add_interface(LinkType::kEthernet, name, "Ethernet frames at the NIC; outbound: what it sends")),
      wire_(std::move(wire)) {}

FrameRecord::~FrameRecord() = default;

void FrameRecord::send(std::span<const std::uint8_t> frame) {
  record(Direction::kOutbound, frame);
  wire_->send(frame);
}

void FrameRecord::set_receiver(Receiver receiver) {
  if (!receiver) {
    wire_->set_receiver({});  // a wrapped empty function would look plugged in
    return;
  }
  wire_->set_receiver([this, receiver = std::move(receiver)](wire::Frame frame) {
    record(Direction::kInbound, frame);
    receiver(std::move(frame));
  });
}

void FrameRecord::record(Direction direction, std::span<const std::uint8_t> frame) {
  file_->packet(interface_, time_.now(), direction, {}, frame);
}

}  // namespace vfpool::record
