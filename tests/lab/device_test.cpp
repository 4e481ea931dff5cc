// SPDX-License-Identifier: Apache-2.0
// Another device than the 82599 behind the bridge, judged by a stock kernel: the copier's PF and VFs are enumerated,
// enabled and driven from a server. And what is left of that server when the simulator dies.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "copier/copier.hpp"
#include "lab/alarms.hpp"
#include "lab/ask.hpp"
#include "lab/control.hpp"
#include "lab/lab.hpp"

namespace vfpool {
namespace {

using testing::HasSubstr;

constexpr unsigned kSource = 0x10000000, kTarget = kSource + 0x1000;  // in the memory that copier.toml sets aside

class SecondDevice : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    lab_ = new lab::Lab(
        {.topology = VFPOOL_TOPOLOGY, .folder = "build/copier", .sim_program = VFPOOL_SIM, .progress = {}});
    lab_->up();
  }
  static void TearDownTestSuite() {
    delete lab_;
    lab_ = nullptr;
  }
  static lab::Vm& owner() { return lab_->vm("owner"); }
  static std::string text(const std::string& sh) {
    const auto r = owner().run(sh);
    return r.rc == 0 ? r.out : fmt::format("{}{} (exit {})", r.out, r.err, r.rc);
  }
  static inline lab::Lab* lab_ = nullptr;
};

TEST_F(SecondDevice, IsEnumeratedEnabledAndDrivenByAStockKernel) {
  EXPECT_THAT(text("lspci -n -s 10000:03:00.0"), HasSubstr("1234:c0b1"));
  EXPECT_THAT(text("lspci -vv -s 10000:03:00.0"), HasSubstr("Total VFs: 7"));

  // Debian's driver for physical functions that have none of their own.
  EXPECT_EQ(text("modprobe pci-pf-stub && echo 1234 c0b1 >/sys/bus/pci/drivers/pci-pf-stub/new_id && "
                 "echo 3 >/sys/bus/pci/devices/10000:03:00.0/sriov_numvfs"),
            "");
  EXPECT_EQ(text("lspci -n -d 1234: | awk '{ print $1, $3 }'"),
            "10000:03:00.0 1234:c0b1\n10000:03:00.1 1234:c0b2\n10000:03:00.2 1234:c0b2\n10000:03:00.3 1234:c0b2\n");

  // Bus mastering on the way up: what a driver of the card would ask for.
  EXPECT_EQ(text("for port in 00:01.0 01:00.1 02:00.0; do setpci -s 10000:$port COMMAND=6; done"), "");

  // The third VF copies a word of the server's memory.
  const std::string prologue = fmt::format(
      "vf=10000:03:00.3; setpci -s $vf COMMAND=6; bar=$(awk 'NR == 1 {{ print $1 }}' "
      "/sys/bus/pci/devices/$vf/resource); "
      "reg() {{ a=$1; shift; busybox devmem $((bar + a)) 32 $*; }}; ");
  namespace reg = copier::reg;
  EXPECT_EQ(text(prologue + fmt::format("reg {}", reg::kId)), fmt::format("0x{:08X}\n", copier::kIdValue));
  EXPECT_EQ(text(prologue + fmt::format("busybox devmem {0} 32 0x5eed1234; busybox devmem {1} 32 0; "
                                        "reg {2} {0}; reg {3} {1}; reg {4} 4; reg {5} 1; sleep 1; reg {6}; reg {7}; "
                                        "busybox devmem {1} 32",
                                        kSource, kTarget, reg::kSource, reg::kTarget, reg::kLength, reg::kDoorbell,
                                        reg::kStatus, reg::kCopies)),
            "0x00000000\n0x00000001\n0x5EED1234\n");
  EXPECT_EQ(lab::describe(lab::kernel_alarms(owner().console())), "");
}

// The last case: nothing works after it.
TEST_F(SecondDevice, IsGoneForGoodWhenTheSimulatorDies) {
  using namespace std::chrono_literals;
  EXPECT_EQ(lab_->sim_is_gone(), "");
  ASSERT_EQ(::kill(lab_->sim()->pid(), SIGKILL), 0);
  EXPECT_TRUE(lab::eventually(10s, [] { return !lab_->sim_is_gone().empty(); }));
  EXPECT_THAT(lab_->sim_is_gone(), HasSubstr("killed by signal 9"));
  EXPECT_EQ(lab_->status()["sim"]["gone"], lab_->sim_is_gone());
  EXPECT_EQ(text("setpci -s 10000:03:00.0 VENDOR_ID"), "ffff\n") << "the guest goes on";
  for (const char* op : {"start", "restart"}) {
    try {
      lab::ask_lab(lab_->folder(), {{"op", op}, {"vm", "owner"}});
      ADD_FAILURE() << op;
    } catch (const std::runtime_error& e) {
      EXPECT_THAT(e.what(), HasSubstr("vfpool-lab down, then up")) << op;
    }
  }
  EXPECT_TRUE(owner().running()) << "it was not ended for nothing";
}

}  // namespace
}  // namespace vfpool
