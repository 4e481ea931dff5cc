// SPDX-License-Identifier: Apache-2.0
#include "lab/alarms.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vfpool::lab {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A log of these messages, as dmesg prints it.
std::string log_of(std::initializer_list<std::string> messages) {
  std::string out;
  for (const std::string& m : messages) out += "[   12.345678] " + m + "\n";
  return out;
}

TEST(KernelAlarms, EveryKindIsNoticed) {
  for (const char* message : {"BUG: KASAN: use-after-free in f+0x1/0x2",
                              "kernel BUG at mm/slub.c:1!",
                              "BUG kmalloc-64 (Tainted: G           O      ): Right Redzone overwritten",
                              "BUG skbuff_head_cache (Not tainted): Poison overwritten",
                              "WARNING: CPU: 0 PID: 1 at net/core/dev.c:1",
                              "WARNING: suspicious RCU usage",
                              "Oops: 0000 [#1] SMP",
                              "general protection fault, probably for non-canonical address 0x1",
                              "Kernel panic - not syncing: Fatal exception",
                              "UBSAN: shift-out-of-bounds in a.c:1:2",
                              "watchdog: BUG: soft lockup - CPU#0 stuck for 26s!",
                              "INFO: task ip:7 blocked for more than 120 seconds.",
                              "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
                              "INFO: possible recursive locking detected",
                              "NETDEV WATCHDOG: eth0 (ixgbevf): transmit queue 0 timed out",
                              "refcount_t: underflow; use-after-free.",
                              "unregister_netdevice: waiting for lo to become free. Usage count = 2",
                              "ref_tracker: eth0@1 has 1/1 users at leaked",
                              "page_pool_release_retry() stalled pool shutdown: id 1",
                              "DMA-API: airvf 0000:01:00.0: device driver frees DMA memory with wrong function",
                              "DMA-API: exceeded 7 overlapping mappings of cacheline 1",
                              "ODEBUG: free active (active state 0) object: 1",
                              "unreferenced object 0xffff888000000000 (size 64):",
                              "Call Trace:"})
    EXPECT_THAT(kernel_alarms(log_of({"fine", message})), ElementsAre(Field(&Alarm::line, message))) << message;
}

TEST(KernelAlarms, AHealthyLogHasNone) {
  EXPECT_THAT(kernel_alarms(log_of({"Linux version 6.12", "DMA-API: preallocated 65536 debug entries",
                                    "airvf 0000:01:00.0: PF does not answer mailbox request 1"})),
              IsEmpty());
  EXPECT_THAT(kernel_alarms(""), IsEmpty());
}

TEST(KernelAlarms, WhatProgramsPrintIsTheirs) {
  EXPECT_THAT(kernel_alarms("ok   no memory leaked\nFAIL WARNING: BUG: Call Trace:\n"), IsEmpty());
  EXPECT_THAT(kernel_alarms("half a line[    1.000001][  T12] BUG: bad\r\n"),
              ElementsAre(Field(&Alarm::line, "BUG: bad")));
}

TEST(KernelAlarms, AnAlarmShowsWhatCameNext) {
  const auto alarms = kernel_alarms(log_of({"BUG: first", "RIP: f+0x1", "fine"}));
  ASSERT_THAT(alarms, SizeIs(1));
  EXPECT_EQ(alarms[0].report, "BUG: first\nRIP: f+0x1\nfine\n");
  EXPECT_THAT(describe(alarms), HasSubstr("BUG: first (the kernel found itself inconsistent)"));
  EXPECT_EQ(describe({}), "");
}

TEST(KernelAlarms, FailuresThatTestsCauseAreKnown) {
  EXPECT_THAT(kernel_alarms(log_of({"ref_tracker: memory allocation failure, unreliable refcount tracker."})),
              IsEmpty());
  const auto injected = {std::string("iperf3: page allocation failure: order:0, mode:0x820(GFP_ATOMIC)"),
                         std::string("Call Trace:"), std::string(" <TASK>"), std::string(" f+0x1/0x2"),
                         std::string(" </TASK>")};
  EXPECT_THAT(kernel_alarms(log_of(injected)), IsEmpty());
  // What comes after it is seen, also where it had no stack.
  EXPECT_THAT(kernel_alarms(log_of(injected) + log_of({"BUG: x"})), SizeIs(1));
  EXPECT_THAT(kernel_alarms(log_of({"ref_tracker: memory allocation failure", "BUG: x", "</TASK>"})), SizeIs(1));
}

std::string proc_report(const std::string& message, const std::string& caller) {
  return log_of({message, "WARNING: CPU: 0 PID: 9 at fs/proc/generic.c:733 remove_proc_entry+0x1/0x2", "Call Trace:",
                 " <TASK>", " " + caller, " irq_free_descs+0x1/0x2", " vfpool_remove+0x1/0x2 [vfpool]", " </TASK>"});
}

TEST(KernelAlarms, AnInterruptsFilesThatWereNeverMadeAreKnownAndNoOthers) {
  EXPECT_THAT(kernel_alarms(proc_report("name 'smp_affinity'", "unregister_irq_proc+0x1/0x2")), IsEmpty());
  EXPECT_THAT(kernel_alarms(proc_report("name 'node'", "unregister_irq_proc+0x1/0x2") + log_of({"BUG: x"})), SizeIs(1));
  EXPECT_FALSE(kernel_alarms(proc_report("name 'node'", "f+0x1/0x2")).empty());
  // An interrupt that a driver still has.
  EXPECT_FALSE(
      kernel_alarms(proc_report("remove_proc_entry: removing non-empty directory 'irq/28', leaking at least 'vfpool0'",
                                "unregister_irq_proc+0x1/0x2"))
          .empty());
}

std::string locking_report(const std::string& task, const std::string& function) {
  return log_of({"WARNING: possible circular locking dependency detected", "6.12.107-debug #1 Not tainted",
                 task + " is trying to acquire lock:", "ffff888 (&ctrl->reset_lock){.+.+}, at: pciehp_reset_slot",
                 "the existing dependency chain (in reverse order) is:", "       " + function,
                 "stack backtrace:", "Call Trace:", " <TASK>", " lock_acquire+0x1/0x2", " </TASK>"});
}

TEST(KernelAlarms, PciehpsOwnLockingReportIsKnownAndNoOther) {
  EXPECT_THAT(kernel_alarms(locking_report("irq/24-pciehp/81", "pciehp_unconfigure_device+0x1/0x2")), IsEmpty());
  EXPECT_FALSE(kernel_alarms(locking_report("ip/81", "pciehp_unconfigure_device+0x1/0x2")).empty());
  EXPECT_FALSE(kernel_alarms(locking_report("irq/24-pciehp/81", "airvf_remove+0x1/0x2 [airvf]")).empty());
}

}  // namespace
}  // namespace vfpool::lab
