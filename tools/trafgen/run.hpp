// SPDX-License-Identifier: Apache-2.0
// Sends streams through one port and judges what comes out of another, or does one of the two.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "faults.hpp"
#include "frame.hpp"
#include "port.hpp"
#include "rate.hpp"
#include "receiver.hpp"
#include "stream.hpp"

namespace vfpool::trafgen {

struct RunPlan {
  Course course;             ///< its length is that of the run
  double scale = 1;          ///< of all rates
  bool paced = false;        ///< kMax is the rate of the link, and not as fast as the port takes frames
  std::uint64_t frames = 0;  ///< of each stream; 0: as many as the time allows
  Nanoseconds drain = std::chrono::milliseconds(200);  ///< the run ends when so long nothing of it has come
  Nanoseconds report = std::chrono::seconds(1);        ///< distance of the intervals
  Faults faults;
};

/// What happened between two reports.
struct Interval {
  double seconds;  ///< since the start, at its end
  double share;    ///< of the rate, at its end
  std::uint64_t sent, received;
};

struct StreamResult {
  std::uint64_t sent = 0;    ///< sequence numbers that left or were lost on purpose
  std::uint64_t missed = 0;  ///< were due while this program did not run, and were not made up for
  std::uint64_t planted_lost = 0, planted_duplicates = 0, planted_late = 0;
};

/// How often the user asked for the end: once ends the sending, and what is on its way is waited for; twice ends that,
/// too.
using Stops = std::atomic<unsigned>;

struct RunResult {
  double seconds = 0;  ///< of sending; of receiving if nothing is sent
  bool interrupted = false;
  double wanted = 0;  ///< frames that the rates asked for; streams as fast as possible ask for none
  std::vector<StreamResult> streams;
  std::vector<Interval> intervals;
  std::optional<Receiver> receiver;  ///< nothing without a port to receive from

  std::uint64_t sent() const;
  std::uint64_t received() const;
  /// Of stream `i`: sent and not received.
  std::uint64_t lost(std::size_t i) const;
  /// Of all that was sent; 0 if nothing was.
  double loss() const;
};

class Session {
 public:
  using Clock = std::function<Nanoseconds()>;

  /// `out` or `in` may be null. All outlive the session.
  Session(std::vector<Stream> streams, double link_bits, Port* out, Port* in, Clock clock);

  const std::vector<Stream>& streams() const { return streams_; }
  /// Sequence numbers go on from one run to the next.
  RunResult run(const RunPlan& plan, const std::function<void(const Interval&)>& progress, const Stops& stop);

 private:
  class Sender;
  double rate(const Stream& stream, const RunPlan& plan) const;

  std::vector<Stream> streams_;
  std::vector<FrameMaker> makers_;
  std::vector<std::uint64_t> next_;
  double link_bits_;
  Port* out_;
  Port* in_;
  Clock clock_;
};

}  // namespace vfpool::trafgen
