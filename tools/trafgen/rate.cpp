// SPDX-License-Identifier: Apache-2.0
#include "rate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace vfpool::trafgen {
namespace {

constexpr Nanoseconds kMostAway = std::chrono::milliseconds(1);

struct Word {
  const char* name;
  Rate::Unit unit;
  double scale;
};

/// Beyond them there is no link, and no run is long enough; and no count of frames or time overflows.
constexpr double kLeastRate = 1e-9, kMostRate = 1e15;

constexpr Word kWords[] = {
    {"pps", Rate::Unit::kFrames, 1},    {"kpps", Rate::Unit::kFrames, 1e3}, {"Mpps", Rate::Unit::kFrames, 1e6},
    {"bit/s", Rate::Unit::kBits, 1},    {"kbit/s", Rate::Unit::kBits, 1e3}, {"Mbit/s", Rate::Unit::kBits, 1e6},
    {"Gbit/s", Rate::Unit::kBits, 1e9}, {"%", Rate::Unit::kShare, 0.01},
};

}  // namespace

Rate parse_rate(const std::string& text) {
  if (text == "max") return {};
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || !std::isfinite(number) || number <= 0)
    throw std::invalid_argument(fmt::format("\"{}\" is no rate: a number above 0 and a unit, or max", text));
  const std::string unit(std::find_if(rest, end, [](char c) { return c != ' '; }), end);
  for (const Word& word : kWords) {
    if (unit != word.name) continue;
    const Rate rate{word.unit, number * word.scale};
    if (rate.value < kLeastRate || rate.value > kMostRate)
      throw std::invalid_argument(fmt::format("\"{}\" is no rate of this world", text));
    if (rate.unit == Rate::Unit::kShare && rate.value > 1)
      throw std::invalid_argument(fmt::format("\"{}\" is more than the link", text));
    return rate;
  }
  std::string names;
  for (const Word& word : kWords) names += (names.empty() ? "" : ", ") + std::string(word.name);
  throw std::invalid_argument(fmt::format("\"{}\": the unit \"{}\" is none of {}", text, unit, names));
}

double parse_link(const std::string& text) {
  const Rate rate = parse_rate(text);
  if (rate.unit != Rate::Unit::kBits)
    throw std::invalid_argument(fmt::format("\"{}\" is no speed of a link, like 10 Gbit/s", text));
  return rate.value;
}

double line_rate(double link_bits, double bytes) { return link_bits / 8 / (bytes + kWireOverhead); }

double frames_per_second(const Rate& rate, double mean_bytes, double link_bits) {
  switch (rate.unit) {
    case Rate::Unit::kFrames: return rate.value;
    case Rate::Unit::kBits: return rate.value / 8 / mean_bytes;
    case Rate::Unit::kShare: return rate.value * line_rate(link_bits, mean_bytes);
    case Rate::Unit::kMax: break;
  }
  return line_rate(link_bits, mean_bytes);
}

double Course::at(Nanoseconds since_start) const {
  const double part =
      std::clamp(static_cast<double>(since_start.count()) / static_cast<double>(length.count()), 0.0, 1.0);
  switch (kind) {
    case Kind::kConstant: break;
    case Kind::kRamp: return shares.front() + (shares.back() - shares.front()) * part;
    case Kind::kStep: {
      const auto n = static_cast<std::size_t>(part * static_cast<double>(shares.size()));
      return shares[std::min(n, shares.size() - 1)];
    }
  }
  return shares.front();
}

std::uint64_t Pacer::due(Nanoseconds now, double share) {
  const double rate = per_ns_ * share;
  const Nanoseconds away = now - last_;
  last_ = now;
  const double earned = rate * static_cast<double>(away.count());
  wanted_ += earned;
  credit_ += earned;
  const double most = std::max(2.0 * burst_, rate * static_cast<double>(kMostAway.count()));
  if (credit_ > most) {
    missed_ += credit_ - most;
    credit_ = most;
  }
  return static_cast<std::uint64_t>(credit_ / burst_) * burst_;
}

}  // namespace vfpool::trafgen
