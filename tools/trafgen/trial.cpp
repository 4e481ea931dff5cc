// SPDX-License-Identifier: Apache-2.0
#include "trial.hpp"

#include <fmt/format.h>

#include <numeric>
#include <stdexcept>

namespace vfpool::trafgen {

Trial trial(Session& session, RunPlan plan, double rate, const Stops& stop) {
  plan.scale = rate;
  // A whole rate of "max" would be as fast as possible, with nothing to compare it to.
  plan.paced = true;
  const RunResult r = session.run(plan, {}, stop);
  if (r.wanted < 1 && stop == 0)
    throw std::runtime_error(fmt::format("at {:.3g} % of the rate a trial of {:.3g} s has no frame: take a longer one",
                                         rate * 100, r.seconds));
  const double due = std::accumulate(session.streams().begin(), session.streams().end(), 0.0,
                                     [](double sum, const Stream& s) { return sum + s.burst; });
  const auto sent = static_cast<double>(r.sent());
  return {.rate = rate, .loss = r.loss(), .offered = sent + due >= 0.99 * r.wanted, .sent = sent / r.wanted};
}

double highest_rate(const std::vector<Stream>& streams, double link_bits) {
  double all = 0;
  for (const Stream& s : streams) all += frames_per_second(s.rate, s.mean_size(), link_bits);
  return all;
}

}  // namespace vfpool::trafgen
