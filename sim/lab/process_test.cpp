// SPDX-License-Identifier: Apache-2.0
#include "lab/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

namespace vfpool::lab {
namespace {

using namespace std::chrono_literals;

class ProcessTest : public testing::Test {
 protected:
  ProcessTest() : folder(testing::TempDir() + "vfpool-process." + std::to_string(::getpid())) {
    std::filesystem::create_directories(folder);
  }
  ~ProcessTest() override { std::filesystem::remove_all(folder); }
  std::string log() const {
    std::ifstream in(folder / "log");
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Process::Spec sh(const std::string& line) const { return {{"sh", "-c", line}, folder, folder / "log"}; }
  // A process that nobody has waited for yet still has its number: look at its state.
  static bool alive(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
    std::string all((std::istreambuf_iterator<char>(in)), {});
    const std::size_t end = all.rfind(')');
    return end != std::string::npos && all.at(end + 2) != 'Z';
  }
  static bool dies(pid_t pid) {
    for (int i = 0; i < 600; ++i, std::this_thread::sleep_for(10ms))
      if (!alive(pid)) return true;
    return false;
  }
  pid_t number_in_log() const {
    for (int i = 0; i < 500; ++i, std::this_thread::sleep_for(10ms))
      if (const std::string text = log(); text.find('\n') != std::string::npos) return std::stoi(text);
    return -1;
  }

  std::filesystem::path folder;
};

TEST_F(ProcessTest, GivesStatusAndOutput) {
  Process p(sh("pwd; echo err >&2; exit 5"));
  ASSERT_TRUE(p.wait(10s));
  EXPECT_EQ(p.exit_status(), 5);
  EXPECT_EQ(log(), std::filesystem::canonical(folder).string() + "\nerr\n");
}

TEST_F(ProcessTest, MissingProgramIs127) {
  Process p({{"/no/such/program"}, {}, {}});
  ASSERT_TRUE(p.wait(10s));
  EXPECT_EQ(p.exit_status(), 127);
}

TEST_F(ProcessTest, TerminateEndsTheWholeGroup) {
  Process p(sh("sleep 100 & echo $!; wait"));
  const pid_t child = number_in_log();
  EXPECT_TRUE(p.running());
  p.terminate();
  EXPECT_FALSE(p.running());
  EXPECT_EQ(p.exit_status(), 128 + SIGTERM);
  EXPECT_TRUE(dies(child));
}

TEST_F(ProcessTest, ProgramThatIgnoresTermIsKilled) {
  Process p(sh("trap '' TERM; echo $$; while :; do sleep 0.1; done"));
  const pid_t child = number_in_log();
  p.terminate();
  EXPECT_EQ(p.exit_status(), 128 + SIGKILL);
  EXPECT_TRUE(dies(child));
}

TEST_F(ProcessTest, KillIsAtOnce) {
  Process p(sh("trap '' TERM; echo $$; while :; do sleep 0.1; done"));
  number_in_log();
  const auto start = std::chrono::steady_clock::now();
  p.kill();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
  EXPECT_EQ(p.exit_status(), 128 + SIGKILL);
}

TEST_F(ProcessTest, LivesOnWhenTheThreadThatStartedItEnds) {
  std::unique_ptr<Process> p;
  std::thread([&] { p = std::make_unique<Process>(sh("sleep 100")); }).join();
  std::this_thread::sleep_for(200ms);
  EXPECT_TRUE(p->running());
}

TEST_F(ProcessTest, NothingOutlivesAnOwnerThatIsKilled) {
  const pid_t owner = ::fork();
  if (owner == 0) {
    // Two, so that one keeper could hold the other's pipe open.
    const Process first(sh("sleep 100 & echo $!; wait"));
    const Process second({{"sleep", "100"}, {}, {}});
    ::pause();
    ::_exit(0);
  }
  const pid_t child = number_in_log();
  EXPECT_TRUE(alive(child));
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  EXPECT_TRUE(dies(child));
}

}  // namespace
}  // namespace vfpool::lab
