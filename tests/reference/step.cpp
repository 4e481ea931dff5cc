// SPDX-License-Identifier: Apache-2.0
#include "step.hpp"

#include <fmt/format.h>

#include <array>

namespace vfpool::reference {
namespace {

using Kind = Step::Kind;

struct Share {
  const char* name;
  double weight;
  bool change = false;
};

// By Kind.
constexpr std::array<Share, Step::kKinds> kShares = {{
    {"write", 20},
    {"read", 15},
    {"stray", 2},
    {"config-read", 5},
    {"config-write", 2},
    {"register", 3},
    {"card-write", 25},
    {"card-read", 15},
    {"card-message", 1},
    {"odd", 4},
    {"wrong-answer", 2},
    {"no-room", 3},
    {"stall", 2},
    {"stuck", 0.6, true},
    {"enable", 0.5, true},
    {"move", 0.3, true},
    {"look", 0.2, true},
    {"reset", 0.1, true},
    {"power-off", 0.1, true},
    {"force", 0.1, true},
    {"link-loss", 0.1, true},
    {"owner-link", 0.05, true},
    {"card-link", 0.05, true},
    {"card-reset", 0.05, true},
    {"wait", 15},
    {"answer", 30},
    {"settle", 0.5},
}};

}  // namespace

std::string Step::str() const {
  return fmt::format("{} port {} {:#x} {:#x} {:#x}", kShares[static_cast<unsigned>(kind)].name, port, a, b, c);
}

std::vector<Step> make_steps(std::uint32_t seed, unsigned ports, std::size_t length, Mix mix) {
  std::mt19937 random(seed);
  std::array<double, Step::kKinds> weights{};
  for (unsigned k = 0; k < Step::kKinds; ++k)
    weights[k] = kShares[k].change && mix == Mix::kTraffic ? 0 : kShares[k].weight;
  std::discrete_distribution<unsigned> kind(weights.begin(), weights.end());
  std::vector<Step> steps(length);
  for (Step& s : steps) {
    s.kind = static_cast<Kind>(kind(random));
    s.port = static_cast<unsigned>(random() % ports);
    s.a = static_cast<std::uint32_t>(random());
    s.b = static_cast<std::uint32_t>(random());
    s.c = static_cast<std::uint32_t>(random());
  }
  return steps;
}

}  // namespace vfpool::reference
