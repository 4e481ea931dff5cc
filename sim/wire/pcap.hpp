// SPDX-License-Identifier: Apache-2.0
// A recorded outside: plays a capture into the NIC, keeps what the NIC sends.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "core/scheduler.hpp"
#include "wire/pcap_file.hpp"
#include "wire/traffic.hpp"
#include "wire/wire.hpp"

namespace vfpool::wire {

struct PcapOptions {
  std::filesystem::path play;  ///< empty: nothing arrives
  std::filesystem::path keep;  ///< empty: what is sent is only counted
  unsigned repeat = 1;         ///< how often the capture is played, 0: for ever
};

/// Frames arrive at the distances that the capture has, counted from the moment the first receiver is set. While paused
/// the recording waits; what is overdue then follows at once. Frames that the capture cut short are left out.
class Pcap : public Wire {
 public:
  /// Throws std::runtime_error for files that cannot be used.
  Pcap(Scheduler& scheduler, const PcapOptions& options);
  ~Pcap() override;
  Pcap(const Pcap&) = delete;
  Pcap& operator=(const Pcap&) = delete;

  void send(std::span<const std::uint8_t> frame) override;
  void set_receiver(Receiver receiver) override;
  void set_paused(bool paused) override;
  bool link_up() const override { return true; }
  void set_link_handler(std::function<void(bool up)>) override {}
  std::string state() const override;
  /// True when everything was played.
  bool finished() const { return !next_; }

 private:
  void fetch();
  void schedule_next();
  void play_due();

  Scheduler& scheduler_;
  PcapOptions options_;
  std::optional<PcapReader> reader_;
  std::optional<PcapWriter> writer_;
  std::optional<PcapReader::Record> next_;
  SimTime next_due_{0};                           // since the start of playing
  std::optional<std::chrono::nanoseconds> last_;  // time stamp of the record before
  std::optional<SimTime> started_;
  unsigned played_ = 0;
  std::uint64_t frames_in_pass_ = 0;
  Scheduler::TimerId timer_ = 0;
  Receiver receiver_;
  bool paused_ = false;
  Traffic traffic_;
};

}  // namespace vfpool::wire
