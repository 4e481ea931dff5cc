// SPDX-License-Identifier: Apache-2.0
#include "testbed/dim.hpp"

#include <cmath>

namespace vfpool::testbed {
namespace {

bool differ(double now, double before) { return std::abs(now - before) * 10 > before; }

}  // namespace

std::optional<std::uint32_t> Dim::sample(std::uint64_t ns, std::uint64_t packets, std::uint64_t bytes) {
  ++events_;
  bool moved = false;
  if (measuring_) {
    if (events_ - start_events_ < kEvents || ns == start_ns_) return std::nullopt;
    const double length = static_cast<double>(ns - start_ns_) * 1e-9;
    moved = decide({.bytes = static_cast<double>(bytes - start_bytes_) / length,
                    .packets = static_cast<double>(packets - start_packets_) / length,
                    .events = static_cast<double>(events_ - start_events_) / length});
  }
  // A new measurement; with a new profile it begins once that is in force, at the next poll.
  measuring_ = !moved;
  start_events_ = events_;
  start_ns_ = ns;
  start_packets_ = packets;
  start_bytes_ = bytes;
  return moved ? std::optional(interval()) : std::nullopt;
}

// Throughput first, then packets, and at equal throughput the fewer interrupts.
Dim::Verdict Dim::compare(const Rates& now) const {
  const auto better_if = [](bool better) { return better ? Verdict::kBetter : Verdict::kWorse; };
  if (before_.bytes == 0) return now.bytes > 0 ? Verdict::kBetter : Verdict::kSame;
  if (differ(now.bytes, before_.bytes)) return better_if(now.bytes > before_.bytes);
  if (differ(now.packets, before_.packets)) return better_if(now.packets > before_.packets);
  if (differ(now.events, before_.events)) return better_if(now.events < before_.events);
  return Verdict::kSame;
}

bool Dim::decide(const Rates& now) {
  const std::size_t profile = profile_;
  const Walk walk_before = walk_;
  const Verdict verdict = compare(now);
  if (walk_ == Walk::kOnTop) {
    if (verdict != Verdict::kSame) leave_park();
  } else if (walk_ == Walk::kTired) {
    if (--tired_ == 0) leave_park();
  } else {
    walk(verdict);
  }
  // On top the old figures stay, so that slow drift is noticed, too.
  if (walk_before != Walk::kOnTop || walk_ != Walk::kOnTop) before_ = now;
  return profile_ != profile;
}

void Dim::walk(Verdict verdict) {
  if (verdict != Verdict::kBetter) turn();
  if (on_top()) return park(Walk::kOnTop);
  switch (step()) {
    case Step::kDone: break;
    case Step::kEdge: park(Walk::kOnTop); break;
    case Step::kTooTired: park(Walk::kTired); break;
  }
}

Dim::Step Dim::step() {
  if (tired_ == kIntervals.size() * 2) return Step::kTooTired;
  if (walk_ == Walk::kRight) {
    if (profile_ + 1 == kIntervals.size()) return Step::kEdge;
    ++profile_;
    ++right_;
  } else {
    if (profile_ == 0) return Step::kEdge;
    --profile_;
    ++left_;
  }
  ++tired_;
  return Step::kDone;
}

void Dim::turn() {
  if (walk_ == Walk::kRight) {
    walk_ = Walk::kLeft;
    left_ = 0;
  } else {
    walk_ = Walk::kRight;
    right_ = 0;
  }
}

// It turned behind the top and turned again: the profile between is the best.
bool Dim::on_top() const { return walk_ == Walk::kRight ? left_ > 1 && right_ == 1 : right_ > 1 && left_ == 1; }

void Dim::park(Walk where) {
  left_ = right_ = 0;
  if (where == Walk::kOnTop) tired_ = 0;
  walk_ = where;
}

void Dim::leave_park() {
  walk_ = profile_ > 0 ? Walk::kLeft : Walk::kRight;
  step();
}

}  // namespace vfpool::testbed
