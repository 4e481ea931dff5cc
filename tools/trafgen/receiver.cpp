// SPDX-License-Identifier: Apache-2.0
#include "receiver.hpp"

#include "frame.hpp"

namespace vfpool::trafgen {

Receiver::Receiver(const std::vector<std::uint64_t>& first, std::optional<std::uint64_t> since) : since_(since) {
  streams_.reserve(first.size());
  for (const std::uint64_t f : first) streams_.emplace_back(f);
}

void Receiver::frame(std::span<const std::uint8_t> bytes, std::uint64_t now, std::span<const std::uint64_t> sent) {
  ++frames_;
  std::span<const std::uint8_t> payload;
  switch (find_payload(bytes, payload)) {
    case FrameKind::kOther: ++foreign_; return;
    case FrameKind::kTruncated: ++truncated_; return;
    case FrameKind::kUdpOrTcp: break;
  }
  Stamp stamp;
  switch (get_stamp(payload, stamp)) {
    case StampKind::kForeign: ++foreign_; return;
    case StampKind::kCorrupt: ++corrupt_; return;
    case StampKind::kGood: break;
  }
  if (stamp.stream >= streams_.size()) {
    ++foreign_;
    return;
  }
  StreamAccount& s = streams_[stamp.stream];
  const std::uint64_t age = (now - stamp.time) & Stamp::kTimeMask;
  const bool future = age > Stamp::kTimeMask / 2;
  if (since_ && !future && age > now - *since_) return s.arrivals.stray_came();
  if (!s.arrivals.arrive(stamp.sequence, sent.empty() ? UINT64_MAX : sent[stamp.stream])) return;
  s.bytes += bytes.size() + kFcs;
  if (future) {
    ++s.from_future;
  } else {
    s.latency.add(age);
  }
  if (s.last != 0) s.gaps.add(now - s.last);
  s.last = now;
}

void Receiver::finish() {
  for (StreamAccount& s : streams_) s.arrivals.finish();
}

}  // namespace vfpool::trafgen
