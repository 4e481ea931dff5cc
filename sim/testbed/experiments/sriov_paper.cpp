// SPDX-License-Identifier: Apache-2.0
// "High performance network virtualization with SR-IOV" (JPDC 72, 2012): line rate shared by 10 to 60 VMs, and what
// each further VM costs.
#include <functional>
#include <map>

#include "testbed/experiment.hpp"
#include "testbed/parameters.hpp"

namespace vfpool::testbed {
namespace {

void many_vms(const Parameters& parameters, std::uint64_t seed, Record& record) {
  Scenario s = scenario_of(parameters);
  s.seed = seed;
  std::map<std::string, std::map<unsigned, Outcome>> at;
  const double line = 10 * 1448.0 / 1538;
  const double packets = line * 1e9 / 8 / 1448;
  const double coalesced = parameters.number("coalescing.spare") * packets / parameters.positive("coalescing.buffers");
  const auto series = [&](const std::string& name, Algorithm algorithm, const std::function<double(unsigned)>& rate) {
    s.guest.moderation.algorithm = algorithm;
    for (const unsigned n : {10U, 20U, 40U, 60U}) {
      s.vms = n;
      s.guest.moderation.fir_rate = static_cast<std::uint32_t>(rate(n));
      at[name][n] = run(s);
      record.add(name, n, at[name][n]);
    }
  };
  // The paper's driver chooses the rate at which a socket's buffers do not overflow, from a VM's packets.
  series("coalescing", Algorithm::kFir, [&](unsigned n) { return coalesced / n; });
  series("fir 2000/s", Algorithm::kFir, [](unsigned) { return 2000; });
  series("fir 8000/s", Algorithm::kFir, [](unsigned) { return 8000; });
  series("air", Algorithm::kAir, [](unsigned) { return 0; });
  series("dim", Algorithm::kDim, [](unsigned) { return 0; });
  const auto slope = [&](const std::string& name) { return (at[name][60].cpu - at[name][10].cpu) / 50; };
  record.compare("scaling", "CPU of one VM more, as the paper coalesces", slope("coalescing"), 1.76, "% of a core",
                 "with 60 VMs it asks for 254/s, and the longest interval of an 82599 makes it 956/s");
  record.compare("scaling", "60 VMs: throughput with AIR", at["air"][60].gbps, line, "Gbit/s");
  record.compare("scaling", "CPU of one VM more, AIR", slope("air"), 1.76, "% of a core",
                 "AIR takes at least its offset of 2 000 interrupts/s from every VM, the paper's driver 250");
  record.holds("scaling", "throughput is kept from 10 to 60 VMs", at["air"][60].gbps > 0.99 * at["air"][10].gbps);
}

}  // namespace

void add_sriov_paper(std::vector<Experiment>& all) {
  all.push_back({"sriov-vms", "Line rate shared by many VMs", "VMs", "cpu", "sriov", many_vms});
}

}  // namespace vfpool::testbed
