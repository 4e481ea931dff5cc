// SPDX-License-Identifier: Apache-2.0
#include "faults.hpp"

#include <fmt/format.h>

#include <charconv>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace vfpool::trafgen {
namespace {

constexpr unsigned kMostDistance = 1'000;

bool is_one(unsigned every, std::uint64_t sequence) { return every != 0 && sequence % every == every - 1; }

}  // namespace

Faults parse_faults(const std::string& text) {
  Faults faults;
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, ',');) {
    const std::size_t equals = std::min(word.find('='), word.size());
    const std::string key = word.substr(0, equals);
    unsigned* const value = key == "lose"        ? &faults.lose
                            : key == "duplicate" ? &faults.duplicate
                            : key == "late"      ? &faults.late
                            : key == "distance"  ? &faults.distance
                                                 : nullptr;
    if (value == nullptr)
      throw std::invalid_argument(fmt::format("\"{}\" is none of lose=, duplicate=, late=, distance=", word));
    const char* const end = word.data() + word.size();
    const auto [rest, error] = std::from_chars(word.data() + std::min(equals + 1, word.size()), end, *value);
    // A fault in every frame would leave none that shows it.
    if (error != std::errc() || rest != end || *value < (key == "distance" ? 1U : 2U))
      throw std::invalid_argument(fmt::format("\"{}\": no number of frames", word));
  }
  if (faults.distance > kMostDistance)
    throw std::invalid_argument(fmt::format("distance={} is more than {}", faults.distance, kMostDistance));
  return faults;
}

std::optional<std::uint64_t> Order::next(std::uint64_t end) {
  if (again_) {
    ++duplicated_;
    return std::exchange(again_, std::nullopt);
  }
  if (!held_.empty() && held_.front().wait == 0) return rest();
  while (next_ < end) {
    const std::uint64_t s = next_++;
    if (is_one(faults_.lose, s)) {
      ++lost_;
    } else if (is_one(faults_.late, s)) {
      held_.push_back({s, faults_.distance});
    } else {
      for (Held& h : held_)
        if (h.wait > 0) --h.wait;
      if (is_one(faults_.duplicate, s)) again_ = s;
      return s;
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Order::rest() {
  if (held_.empty()) return std::nullopt;
  const Held h = held_.front();
  held_.pop_front();
  if (h.wait < faults_.distance) ++late_;
  return h.sequence;
}

}  // namespace vfpool::trafgen
