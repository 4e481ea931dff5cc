// SPDX-License-Identifier: Apache-2.0
// "High performance network virtualization with SR-IOV" (JPDC 72, 2012): line rate shared by 10 to 60 VMs, and what
// each further VM costs.
#include <map>

#include "testbed/experiment.hpp"
#include "testbed/parameters.hpp"

namespace vfpool::testbed {
namespace {

void many_vms(const Parameters& parameters, std::uint64_t seed, Record& record) {
  Scenario s = scenario_of(parameters);
  s.seed = seed;
  std::map<std::string, std::map<unsigned, Outcome>> at;
  const auto series = [&](const std::string& name, Algorithm algorithm, std::uint32_t rate) {
    s.guest.moderation.algorithm = algorithm;
    s.guest.moderation.fir_rate = rate;
    for (const unsigned n : {10U, 20U, 40U, 60U}) {
      s.vms = n;
      at[name][n] = run(s);
      record.add(name, n, at[name][n]);
    }
  };
  // The paper's driver chooses a rate at which neither ring nor socket can overflow; AIR's first term is the same idea.
  series("fir 2000/s", Algorithm::kFir, 2000);
  series("fir 8000/s", Algorithm::kFir, 8000);
  series("air", Algorithm::kAir, 0);
  series("dim", Algorithm::kDim, 0);
  const double line = 10 * 1448.0 / 1538;
  const auto slope = [&](const std::string& name) { return (at[name][60].cpu - at[name][10].cpu) / 50; };
  record.compare("scaling", "60 VMs: throughput with AIR", at["air"][60].gbps, line, "Gbit/s");
  record.compare("scaling", "CPU of one VM more, AIR", slope("air"), 1.76, "% of a core",
                 "the paper's rate falls with the load of a VM, AIR's ends at offset and floor");
  record.compare("scaling", "CPU of one VM more, FIR 2000/s", slope("fir 2000/s"), 1.76, "% of a core",
                 "a vCPU that is woken finds a cold cache, which the paper's machine may not have paid");
  record.holds("scaling", "throughput is kept from 10 to 60 VMs", at["air"][60].gbps > 0.99 * at["air"][10].gbps);
}

}  // namespace

void add_sriov_paper(std::vector<Experiment>& all) {
  all.push_back({"sriov-vms", "Line rate shared by many VMs", "VMs", "cpu", "sriov", many_vms});
}

}  // namespace vfpool::testbed
