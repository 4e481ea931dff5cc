// SPDX-License-Identifier: Apache-2.0
#include "replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "stream.hpp"
#include "wire/pcap_file.hpp"
#include "wire/traffic.hpp"

namespace vfpool::trafgen {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;
/// What a frame takes beside its bytes.
constexpr std::uint64_t kEach = sizeof(Capture::Frame) + 2 * sizeof(void*);
constexpr Nanoseconds kMostSilence = std::chrono::hours(1);
constexpr Nanoseconds kLongest = std::chrono::hours(24 * 365);
constexpr int kMostDrains = 10;

}  // namespace

Capture read_capture(const std::filesystem::path& file) {
  Capture capture;
  wire::PcapReader reader(file);
  std::uint64_t bytes = 0;
  std::optional<Nanoseconds> before;
  Nanoseconds due{0};
  while (auto record = reader.next()) {
    if (record->truncated || record->frame.size() < wire::kMinFrame || record->frame.size() > Stream::kMostFrame) {
      ++capture.skipped;
      continue;
    }
    bytes += record->frame.size() + kEach;
    if (bytes > kMostBytes)
      throw std::runtime_error(fmt::format("{} holds more than a gigabyte of frames", file.string()));
    // What was recorded out of order follows at once. Where the clock was set, time goes on from there.
    const Nanoseconds step = before ? record->time - *before : Nanoseconds(0);
    due += std::clamp(step, Nanoseconds(0), kMostSilence);
    if (due > kLongest) throw std::runtime_error(fmt::format("{} lasts longer than a year", file.string()));
    if (!before || step > Nanoseconds(0) || step < -kMostSilence) before = record->time;
    capture.largest = std::max(capture.largest, static_cast<unsigned>(record->frame.size()));
    capture.frames.push_back({due, std::move(record->frame)});
  }
  if (capture.frames.empty()) throw std::runtime_error(fmt::format("{} holds no frame to send", file.string()));
  return capture;
}

ReplayResult replay(const Capture& capture, const ReplayPlan& plan, Port& out, Port* in,
                    const std::function<Nanoseconds()>& clock, const std::function<void(const ReplayResult&)>& progress,
                    const Stops& stop) {
  ReplayResult result;
  const Nanoseconds start = clock();
  const std::uint64_t all = std::uint64_t{plan.repeat} * capture.frames.size();
  // Seconds, in floating point: however slow the rate and however long the capture, it does not overflow.
  const auto due = [&](std::uint64_t n) {
    if (plan.pps > 0) return static_cast<double>(n) / plan.pps;
    const std::uint64_t pass = n / capture.frames.size();
    return in_seconds(capture.frames[n % capture.frames.size()].due) +
           in_seconds(capture.frames.back().due) * static_cast<double>(pass);
  };
  std::uint64_t built = 0;
  Nanoseconds last = start, report = start, sending{0}, taken = start;
  for (Nanoseconds now = start; stop < 2; now = clock()) {
    result.interrupted = stop != 0;
    const bool more = built < all && !result.interrupted;
    bool room = true;
    while (more && built < all && in_seconds(now - start) >= due(built)) {
      std::uint8_t* const to = out.room();
      room = to != nullptr;
      if (!room) break;
      const auto& bytes = capture.frames[built++ % capture.frames.size()].bytes;
      std::copy(bytes.begin(), bytes.end(), to);
      out.add(static_cast<unsigned>(bytes.size()));
    }
    const unsigned left = out.send();
    const unsigned came = in == nullptr ? 0 : in->receive([](std::span<const std::uint8_t>) {});
    result.sent += left;
    result.received += came;
    if (left > 0) result.seconds = in_seconds(now - start);
    if (left > 0 || room) taken = now;
    if (now - taken > plan.stall)
      throw std::runtime_error(fmt::format("the port has taken no frame for {:.3g} s; {} of {} were sent",
                                           in_seconds(plan.stall), result.sent, all));
    if (left > 0 || more) sending = now - start;
    if (left + came > 0 || more) last = now;
    if (now - last > plan.drain || now - start > 2 * sending + kMostDrains * plan.drain) break;
    if (now - report >= std::chrono::seconds(1)) {
      report = now;
      if (progress) progress(result);
    }
  }
  out.drop();
  return result;
}

}  // namespace vfpool::trafgen
