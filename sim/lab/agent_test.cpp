// SPDX-License-Identifier: Apache-2.0
// The agent's protocol, spoken over socket pairs with the very program that runs in a guest.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "core/unix_socket.hpp"
#include "lab/agent/message.hpp"
#include "lab/agent/module_loader.hpp"
#include "lab/agent/shell.hpp"
#include "lab/agent_client.hpp"

namespace vfpool::lab {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

class AgentTest : public testing::Test {
 protected:
  void SetUp() override {
    int agent[2];
    int shell[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, agent), 0);
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, shell), 0);
    const std::string fd = std::to_string(agent[1]);
    const std::string shell_fd = std::to_string(shell[1]);
    pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      ::close(agent[0]);
      ::close(shell[0]);
      ::execl(VFPOOL_AGENT, "vfpool-agent", "--fd", fd.c_str(), "--shell-fd", shell_fd.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(agent[1]);
    ::close(shell[1]);
    ::fcntl(agent[0], F_SETFD, FD_CLOEXEC);
    host.reset(agent[0]);
    shell_host.reset(shell[0]);
  }
  void TearDown() override {
    client.reset();
    host.reset();
    // It ends by itself when its port does.
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }

  AgentClient& agent() {
    if (!client) client = std::make_shared<AgentClient>(std::move(host));
    return *client;
  }
  Result sh(const std::string& line, std::chrono::milliseconds timeout = 20s) {
    AgentClient::Command c;
    c.sh = line;
    c.timeout = timeout;
    return agent().run(c);
  }
  Background spawn(const std::string& line) {
    AgentClient::Command c;
    c.sh = line;
    c.timeout = 0ms;
    return agent().spawn(c);
  }

  // Bytes as they are, for requests that the client would never make.
  json raw(const std::string& bytes) {
    EXPECT_TRUE(send_all(host.get(), bytes));
    std::string in;
    for (char c = 0; ::read(host.get(), &c, 1) == 1;) {
      in += c;
      if (const auto answer = take_message(in)) return *answer;
    }
    return nullptr;
  }
  json raw(const json& request) { return raw(encode_message(request)); }

  std::string read_shell_until(const std::string& text) {
    std::string seen;
    char buffer[1000];
    pollfd p{shell_host.get(), POLLIN, 0};
    while (seen.find(text) == std::string::npos && ::poll(&p, 1, 10'000) > 0) {
      const ssize_t n = ::read(shell_host.get(), buffer, sizeof buffer);
      if (n <= 0) break;
      seen.append(buffer, static_cast<std::size_t>(n));
    }
    return seen;
  }
  void type(const std::string& text) {
    EXPECT_EQ(::write(shell_host.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  pid_t pid = -1;
  Fd host;
  Fd shell_host;
  std::shared_ptr<AgentClient> client;
};

TEST_F(AgentTest, GivesStatusAndBothOutputs) {
  const Result r = sh("echo out; echo err >&2; exit 3");
  EXPECT_EQ(r.rc, 3);
  EXPECT_EQ(r.out, "out\n");
  EXPECT_EQ(r.err, "err\n");
  EXPECT_FALSE(r.timed_out);
}

TEST_F(AgentTest, RunsAProgramWithItsArgumentsInputAndEnvironment) {
  AgentClient::Command c;
  c.argv = {"sh", "-c", "cat; printf '%s %s' \"$1\" \"$V\"", "x", "a b"};
  c.input = std::string("\0\xff\n", 3);
  c.env = {{"V", "v w"}};
  EXPECT_EQ(agent().run(c).out, std::string("\0\xff\n", 3) + "a b v w");
}

TEST_F(AgentTest, MissingProgramIs127) {
  AgentClient::Command c;
  c.argv = {"/no/such/program"};
  const Result r = agent().run(c);
  EXPECT_EQ(r.rc, 127);
  EXPECT_THAT(r.err, HasSubstr("No such file"));
}

TEST_F(AgentTest, DeathBySignalIs128AndItsNumber) { EXPECT_EQ(sh("kill -9 $$").rc, 128 + SIGKILL); }

TEST_F(AgentTest, CommandsRunSideBySide) {
  Background slow = spawn("echo begun; sleep 5");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(sh("echo quick").out, "quick\n");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 4s);
  while (slow.peek().out.empty()) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(slow.peek().out, "begun\n");
  EXPECT_TRUE(slow.peek().running);
  slow.signal(SIGTERM);
  EXPECT_EQ(slow.wait(10s).rc, 128 + SIGTERM);
  EXPECT_FALSE(slow.peek().running);
}

TEST_F(AgentTest, TimeoutEndsACommandAndItsChildren) {
  const Result r = sh("sleep 100 & echo $!; wait", 300ms);
  EXPECT_TRUE(r.timed_out);
  EXPECT_EQ(r.rc, 128 + SIGTERM);
  const pid_t child = std::stoi(r.out);
  // A process that is gone, or a zombie that nobody has waited for yet.
  EXPECT_EQ(sh("sleep 0.2; grep -qs 'State:.[^Z]' /proc/" + std::to_string(child) + "/status").rc != 0, true);
}

TEST_F(AgentTest, CommandThatIgnoresTermIsKilled) {
  const Result r = sh("trap '' TERM; while :; do sleep 0.1; done", 300ms);
  EXPECT_TRUE(r.timed_out);
  EXPECT_EQ(r.rc, 128 + SIGKILL);
}

TEST_F(AgentTest, AnswersWhenTheCommandEndsNotItsDaemons) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(sh("sleep 3 & echo done").out, "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
}

TEST_F(AgentTest, LargeOutputAndInputComeWhole) {
  AgentClient::Command c;
  c.sh = "cat";
  for (int i = 0; i < 300'000; ++i) c.input += std::to_string(i) + "\n";
  EXPECT_EQ(agent().run(c).out, c.input);
}

TEST_F(AgentTest, EndlessOutputIsCutNotKept) {
  const Result r = sh("head -c 20000000 /dev/zero");
  EXPECT_EQ(r.rc, 0);
  EXPECT_EQ(r.out.size(), 8U << 20);
}

TEST_F(AgentTest, ManyCommandsAtOnce) {
  std::vector<Background> all;
  for (int i = 0; i < 50; ++i) all.push_back(spawn("echo " + std::to_string(i)));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)].wait(20s).out, std::to_string(i) + "\n");
}

TEST_F(AgentTest, NonsenseIsAnsweredAndForgotten) {
  using namespace std::string_literals;
  EXPECT_TRUE(raw("what is this?"s).contains("error"));
  EXPECT_TRUE(raw("\0\0\0\1\xff"s).contains("error"));
  EXPECT_TRUE(raw("\0\x40\0\0"s + std::string(1U << 22, '\x81')).contains("error"));
  for (const json& request :
       {json::array({1}), json{{"sh", "true"}}, json{{"id", 1}}, json{{"id", 1}, {"argv", json::array()}},
        json{{"id", 1}, {"argv", {5}}}, json{{"id", 1}, {"sh", "true"}, {"timeout", -1}},
        json{{"id", 1}, {"sh", "true"}, {"stdin", 7}}, json{{"id", 1}, {"kill", 7}}, json{{"id", 1}, {"peek", "x"}},
        json{{"id", 1}, {"resize", {1}}}})
    EXPECT_TRUE(raw(request).contains("error")) << request;
  EXPECT_EQ(raw(json{{"id", 9}, {"ping", true}}), json({{"id", 9}, {"rc", 0}}));
}

TEST_F(AgentTest, LostGuestFailsWhoWaits) {
  Background forever = spawn("sleep 100");
  const std::thread closer([this] {
    std::this_thread::sleep_for(100ms);
    client->close();
  });
  EXPECT_THROW(forever.wait(10s), AgentError);
  EXPECT_THROW(sh("true"), AgentError);
  const_cast<std::thread&>(closer).join();
}

TEST_F(AgentTest, ShellIsATerminalThatComesBackAfterItEnded) {
  type("echo sum=$((6*7)); tty\n");
  EXPECT_THAT(read_shell_until("/dev/pts"), HasSubstr("sum=42"));
  EXPECT_EQ(agent().request({{"resize", {33, 99}}, {"term", "dumb"}}, 5s).value("rc", -1), 0);
  type("stty size\n");
  EXPECT_THAT(read_shell_until("33 99"), HasSubstr("33 99"));
  type("exit\n");
  EXPECT_THAT(read_shell_until(kShellEnded), HasSubstr(kShellEnded));
  type("\n");
  std::this_thread::sleep_for(200ms);
  type("echo again=$((1+1))\n");
  EXPECT_THAT(read_shell_until("again=2"), HasSubstr("again=2"));
}

TEST(AddedModalias, IsThatOfAnAddEventOnly) {
  using namespace std::string_literals;
  EXPECT_EQ(added_modalias("add@/devices/x\0ACTION=add\0MODALIAS=pci:v00008086d000010ED\0SEQNUM=1\0"s),
            "pci:v00008086d000010ED");
  EXPECT_EQ(added_modalias("remove@/x\0ACTION=remove\0MODALIAS=pci:v1\0"s), "");
  EXPECT_EQ(added_modalias("add@/x\0ACTION=add\0XMODALIAS=pci:v1\0"s), "");
  EXPECT_EQ(added_modalias("ACTION=add\0MODALIAS=cut"s), "cut");
  EXPECT_EQ(added_modalias(""), "");
  EXPECT_EQ(added_modalias("\0\0\0"s), "");
}

}  // namespace
}  // namespace vfpool::lab
