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

}  // namespace

Capture read_capture(const std::filesystem::path& file) {
  Capture capture;
  wire::PcapReader reader(file);
  std::uint64_t bytes = 0;
  std::optional<std::chrono::nanoseconds> first;
  while (auto record = reader.next()) {
    if (record->truncated || record->frame.size() < wire::kMinFrame || record->frame.size() > Stream::kMostFrame) {
      ++capture.skipped;
      continue;
    }
    bytes += record->frame.size();
    if (bytes > kMostBytes)
      throw std::runtime_error(fmt::format("{} holds more than a gigabyte of frames", file.string()));
    if (!first) first = record->time;
    // A clock that was set back does not hold up what follows.
    const Nanoseconds after = capture.frames.empty() ? Nanoseconds(0) : capture.frames.back().due;
    capture.largest = std::max(capture.largest, static_cast<unsigned>(record->frame.size()));
    capture.frames.push_back({std::max(after, record->time - *first), std::move(record->frame)});
  }
  if (capture.frames.empty()) throw std::runtime_error(fmt::format("{} holds no frame to send", file.string()));
  return capture;
}

ReplayResult replay(const Capture& capture, const ReplayPlan& plan, Port& out, Port* in,
                    const std::function<Nanoseconds()>& clock, const std::function<void(const ReplayResult&)>& progress,
                    const std::atomic<bool>& stop) {
  ReplayResult result;
  const Nanoseconds start = clock();
  const std::uint64_t all = std::uint64_t{plan.repeat} * capture.frames.size();
  const auto due = [&](std::uint64_t n) {
    if (plan.pps > 0) return Nanoseconds(static_cast<std::int64_t>(static_cast<double>(n) / plan.pps * 1e9));
    const std::uint64_t pass = n / capture.frames.size();
    return capture.frames[n % capture.frames.size()].due + capture.frames.back().due * static_cast<std::int64_t>(pass);
  };
  std::uint64_t built = 0;
  Nanoseconds last = start, report = start;
  for (Nanoseconds now = start; !stop; now = clock()) {
    for (std::uint8_t* to; built < all && now - start >= due(built) && (to = out.room()) != nullptr; ++built) {
      const auto& bytes = capture.frames[built % capture.frames.size()].bytes;
      std::copy(bytes.begin(), bytes.end(), to);
      out.add(static_cast<unsigned>(bytes.size()));
    }
    const unsigned left = out.send();
    const unsigned came = in == nullptr ? 0 : in->receive([](std::span<const std::uint8_t>) {});
    result.sent += left;
    result.received += came;
    if (left > 0) result.seconds = static_cast<double>((now - start).count()) / 1e9;
    if (left + came > 0 || built < all) last = now;
    if (now - last > plan.drain) break;
    if (now - report >= std::chrono::seconds(1)) {
      report = now;
      if (progress) progress(result);
    }
  }
  out.drop();
  return result;
}

}  // namespace vfpool::trafgen
