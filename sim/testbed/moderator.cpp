// SPDX-License-Identifier: Apache-2.0
#include "testbed/moderator.hpp"

namespace vfpool::testbed {
namespace {

constexpr Time kCgrSlice = AIRVF_CGR_US * kMicrosecond;
constexpr Time kAirEvery = AIRVF_AIR_US * kMicrosecond;
constexpr Time kAirLate = AIRVF_AIR_LATE_US * kMicrosecond;

}  // namespace

std::string name_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kFir: return "fir";
    case Algorithm::kCgr: return "cgr";
    case Algorithm::kAir: return "air";
    case Algorithm::kDim: return "dim";
  }
  return "?";
}

Moderator::Moderator(const Moderation& settings, double hz) : settings_(settings), hz_(hz) {
  airvf_cgr_defaults(&cgr_);
  steps_ = airvf_rate_to_steps(AIRVF_RATE_START);
  switch (settings_.algorithm) {
    case Algorithm::kFir: steps_ = settings_.fir_rate == 0 ? 0 : airvf_rate_to_steps(settings_.fir_rate); break;
    case Algorithm::kCgr: break;
    case Algorithm::kAir: {
      const airvf_cost calibrated = cost(0, 0);
      air_.param = settings_.air;
      airvf_air_init(&air_, &calibrated, steps_);
      steps_ = air_.steps;
      break;
    }
    case Algorithm::kDim: steps_ = airvf_rate_to_steps(1'000'000 / dim_.interval()); break;
  }
}

// The vCPU has the core only for what is not stolen.
airvf_cost Moderator::cost(Time elapsed, Time stolen) const {
  const auto cycles = [this](Time time) { return static_cast<std::uint64_t>(seconds(time) * hz_); };
  return {.c = airvf_cost_left(static_cast<std::uint64_t>(hz_), cycles(elapsed), cycles(stolen - stolen_)),
          .cpkt = fit_.cpkt != 0 ? fit_.cpkt : AIRVF_CPKT_GUESS,
          .cint = fit_.cint != 0 ? fit_.cint : AIRVF_CINT_GUESS};
}

void Moderator::restart(Time now, Time stolen) {
  load_ = {};
  last_ = now;
  stolen_ = stolen;
}

bool Moderator::run_cgr(Time now) {
  if (now - last_ < kCgrSlice) return false;
  load_.ns = static_cast<std::uint64_t>((now - last_) / kNanosecond);
  airvf_decision decision{};
  airvf_cgr_decide(&cgr_, steps_, &load_, &decision);
  steps_ = decision.new_steps;
  restart(now, 0);
  return true;
}

bool Moderator::run_air(std::uint32_t packets, Time now, Time stolen) {
  const Time elapsed = now - last_;
  bool due = airvf_air_poll(&air_, packets);
  due |= elapsed >= kAirEvery && (load_.events >= AIRVF_AIR_EVENTS || elapsed >= kAirLate);
  if (!due) return false;
  load_.ns = static_cast<std::uint64_t>(elapsed / kNanosecond);
  airvf_fit_update(&fit_);
  const airvf_cost calibrated = cost(elapsed, stolen);
  airvf_air_set_cost(&air_, &calibrated);
  airvf_decision decision{};
  airvf_air_decide(&air_, &load_, &decision);
  steps_ = decision.new_steps;
  restart(now, stolen);
  return true;
}

bool Moderator::run_dim(Time now) {
  const auto interval = dim_.sample(static_cast<std::uint64_t>(now / kNanosecond), packets_, bytes_);
  if (!interval) return false;
  steps_ = airvf_rate_to_steps(1'000'000 / *interval);
  return true;
}

bool Moderator::is_timed(std::uint32_t packets, Time now) {
  const bool due = load_.events + 1 >= AIRVF_AIR_EVENTS && now - last_ >= kAirEvery;
  const bool timed = airvf_poll_is_timed(row_, ++polls_) || due;
  row_ = packets <= AIRVF_LIGHT_PACKETS ? row_ + 1 : 0;
  return timed;
}

bool Moderator::poll(std::uint32_t packets, std::uint64_t bytes, double cycles, Time now, Time stolen, bool finished,
                     bool dry) {
  const bool timed = is_timed(packets, now);
  airvf_fit_poll(&fit_, packets, static_cast<std::uint64_t>(cycles));
  if (fit_.polls >= AIRVF_FIT_POLLS) airvf_fit_update(&fit_);
  packets_ += packets;
  bytes_ += bytes;
  load_.packets += packets;
  load_.bytes += bytes;
  load_.dry += dry ? 1 : 0;
  if (!finished) return false;
  ++load_.events;
  switch (settings_.algorithm) {
    case Algorithm::kFir: return false;
    case Algorithm::kCgr: return run_cgr(now);
    case Algorithm::kAir: {
      const bool decided = timed && run_air(packets, now, stolen);
      if (settings_.air.fast && !air_.light) row_ = 0;
      return decided;
    }
    case Algorithm::kDim: return run_dim(now);
  }
  return false;
}

}  // namespace vfpool::testbed
