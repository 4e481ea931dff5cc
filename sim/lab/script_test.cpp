// SPDX-License-Identifier: Apache-2.0
#include "lab/script.hpp"

#include <gtest/gtest.h>

namespace vfpool::lab {
namespace {

TEST(Script, ARequestIsFoundAmongWhatTheKernelSays) {
  EXPECT_EQ(request_of("@host sim pf do=reset"), "sim pf do=reset");
  EXPECT_EQ(request_of("[    1.250000] air0: link up@host qmp 2 system_wakeup"), "qmp 2 system_wakeup");
  EXPECT_EQ(request_of("@host sim mischief kind=none[   60.671730] airvf 0000:01:00.0 air0: link up"),
            "sim mischief kind=none");
  EXPECT_EQ(request_of("@host sim link up=true [   60.671730] [  T12] air0: link up"), "sim link up=true");
  EXPECT_EQ(request_of("ok   ping"), std::nullopt);
}

}  // namespace
}  // namespace vfpool::lab
