// SPDX-License-Identifier: Apache-2.0
#include "interrupt.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "failure.hpp"

namespace vfpool::tools {
namespace {

using namespace std::chrono_literals;

Exit end_of_wait(int fd, std::chrono::nanoseconds limit) {
  try {
    wait_for(fd, limit);
  } catch (const Failure& f) {
    return f.code();
  }
  return Exit::kDone;
}

class Interrupt : public testing::Test {
 protected:
  Interrupt() { EXPECT_EQ(pipe(ends_), 0); }
  ~Interrupt() override {
    close(ends_[0]);
    close(ends_[1]);
  }
  int ends_[2];
};

TEST_F(Interrupt, AWaitTellsWhatThereIs) {
  EXPECT_FALSE(wait_for(-1, 1ms));
  EXPECT_FALSE(wait_for(ends_[0], 0ms));
  ASSERT_EQ(write(ends_[1], "x", 1), 1);
  EXPECT_TRUE(wait_for(ends_[0], 1h));
}

TEST_F(Interrupt, ASignalBetweenTwoWaitsEndsTheNextOne) {
  hold_interrupts();
  for (const int signal : {SIGINT, SIGTERM}) {
    EXPECT_FALSE(wait_for(ends_[0], 1ms));
    raise(signal);
    EXPECT_EQ(end_of_wait(ends_[0], 1h), Exit::kCancelled);
    raise(signal);
    EXPECT_EQ(end_of_wait(-1, 0ms), Exit::kCancelled) << "also if there is no time to wait";
    EXPECT_FALSE(wait_for(ends_[0], 1ms)) << "and only that one";
  }
}

}  // namespace
}  // namespace vfpool::tools
