// SPDX-License-Identifier: Apache-2.0
// The driver vfpool without memory, where every allocation of its probe fails in its turn (nth.cpp), and programs that
// mean no good to it. First in the program: lockdep, where the kernel has it, looks on until a slot is powered off, as
// stock pciehp then makes a report that switches it off (alarms.cpp); by then the driver has shown its locks.
#include "hotplug.hpp"

namespace vfpool {
namespace {

class HotplugFaults : public Hotplug {
 protected:
  /// Without fault injection, as distributions' kernels are, there is nothing to see: tests/lab/hotplug_on debug.
  static bool can_fail(const std::string& vm) { return sh(vm, "[ -e /proc/self/fail-nth ]").rc == 0; }
  static void every_allocation_of_the_probe(const std::string& vm) {
    lab::put_program(lab_->vm(vm), "/usr/bin/nth", VFPOOL_NTH);
    // Also allocations that could wait, and single pages.
    const auto seen = sh(vm,
                         "cd /sys/kernel/debug; for d in failslab fail_page_alloc; do echo N > $d/ignore-gfp-wait; "
                         "echo 0 > $d/verbose; done; echo 0 > fail_page_alloc/min-order; "
                         "cd /sys/bus/pci/drivers/vfpool; at=$(ls | grep :); echo $at > unbind; nth bind $at vfpool; "
                         "rc=$?; echo $at > bind; exit $rc",
                         600s);
    EXPECT_EQ(seen.rc, 0) << vm << ": " << seen.out << seen.err;
    fmt::print("{:>10} {}", vm, seen.out);
    EXPECT_EQ(pool(vm, "list")["rc"], 0) << vm << ": " << sh(vm, "dmesg | tail -20").out;
  }
};

TEST_F(HotplugFaults, EveryAllocationOfAUsersProbe) {
  if (can_fail("user1")) every_allocation_of_the_probe("user1");
}

TEST_F(HotplugFaults, EveryAllocationOfTheOwnersProbe) {
  if (can_fail("owner")) every_allocation_of_the_probe("owner");
}

TEST_F(HotplugFaults, MalformedRequestsAreRefusedInBothRoles) {
  malformed_requests_are_refused();
  for (const auto& vf : listed("vfs")) EXPECT_EQ(vf["use"], "free") << vf;
}

}  // namespace
}  // namespace vfpool
