// SPDX-License-Identifier: Apache-2.0
#include "wire/tap.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <optional>

namespace vfpool::wire {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr std::uint16_t kTestEtherType = 0x88B5;  // IEEE 802 local experimental

// A network namespace of the test's own, held by this thread: /proc/thread-self/ns/net is its path.
class TapTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    ours_ = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0) << std::strerror(errno);
    inside_ = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(::setns(ours_, CLONE_NEWNET), 0);
    path_ = "/proc/self/fd/" + std::to_string(inside_);
  }
  void TearDown() override {
    if (ours_ < 0) return;
    ::setns(ours_, CLONE_NEWNET);
    ::close(ours_);
    ::close(inside_);
  }

  // A socket in the namespace.
  int socket_inside(int family, int type, int protocol) {
    EXPECT_EQ(::setns(inside_, CLONE_NEWNET), 0);
    const int fd = ::socket(family, type | SOCK_CLOEXEC, protocol);
    EXPECT_EQ(::setns(ours_, CLONE_NEWNET), 0);
    EXPECT_GE(fd, 0) << std::strerror(errno);
    return fd;
  }

  int packet_socket(const char* device) {
    const int fd = socket_inside(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(kTestEtherType));
    ifreq r{};
    std::strncpy(r.ifr_name, device, IFNAMSIZ - 1);
    EXPECT_EQ(::ioctl(fd, SIOCGIFINDEX, &r), 0);
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(kTestEtherType);
    address.sll_ifindex = r.ifr_ifindex;
    EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }

  void set_up(const char* device, bool up) {
    const int fd = socket_inside(AF_INET, SOCK_DGRAM, 0);
    ifreq r{};
    std::strncpy(r.ifr_name, device, IFNAMSIZ - 1);
    EXPECT_EQ(::ioctl(fd, SIOCGIFFLAGS, &r), 0);
    r.ifr_flags = static_cast<short>(up ? r.ifr_flags | IFF_UP : r.ifr_flags & ~IFF_UP);
    EXPECT_EQ(::ioctl(fd, SIOCSIFFLAGS, &r), 0);
    ::close(fd);
  }

  short flags(const char* device) {
    const int fd = socket_inside(AF_INET, SOCK_DGRAM, 0);
    ifreq r{};
    std::strncpy(r.ifr_name, device, IFNAMSIZ - 1);
    EXPECT_EQ(::ioctl(fd, SIOCGIFFLAGS, &r), 0);
    ::close(fd);
    return r.ifr_flags;
  }

  static Frame frame_of(std::uint8_t mark, std::size_t size = 100) {
    Frame f(size, mark);
    std::fill(f.begin(), f.begin() + 6, std::uint8_t{0xFF});
    f[6] = 0x02;
    f[12] = kTestEtherType >> 8;
    f[13] = kTestEtherType & 0xFF;
    return f;
  }

  bool run_until(const std::function<bool()>& done) { return scheduler.run_until(done, std::chrono::seconds(5)); }

  Scheduler scheduler{TimeBase::kWall};
  int ours_ = -1;
  int inside_ = -1;
  std::string path_;
};

TEST_F(TapTest, CarriesFramesBothWays) {
  Tap tap(scheduler, {.name = "wire0", .netns = path_});
  std::vector<Frame> got;
  tap.set_receiver([&](Frame f) { got.push_back(std::move(f)); });
  const int host = packet_socket("wire0");

  const Frame out = frame_of(1);
  ASSERT_EQ(::send(host, out.data(), out.size(), 0), static_cast<ssize_t>(out.size())) << std::strerror(errno);
  EXPECT_TRUE(run_until([&] { return std::find(got.begin(), got.end(), out) != got.end(); }));

  const Frame in = frame_of(2, 1514);
  tap.send(in);
  Frame seen(2000);
  const ssize_t n = ::recv(host, seen.data(), seen.size(), 0);
  ASSERT_EQ(n, 1514) << std::strerror(errno);
  seen.resize(1514);
  EXPECT_EQ(seen, in);
  EXPECT_THAT(tap.state(), HasSubstr("sent 1 frames 1514 bytes 0 dropped"));
  ::close(host);
}

TEST_F(TapTest, DeviceAppearsOnlyInItsNamespaceAndGoesWithTheObject) {
  std::optional<Tap> tap;
  tap.emplace(scheduler, TapOptions{.name = "wire7", .netns = path_});
  EXPECT_EQ(::if_nametoindex("wire7"), 0U);
  ::setns(inside_, CLONE_NEWNET);
  EXPECT_NE(::if_nametoindex("wire7"), 0U);
  ::setns(ours_, CLONE_NEWNET);
  tap.reset();
  ::setns(inside_, CLONE_NEWNET);
  EXPECT_EQ(::if_nametoindex("wire7"), 0U);
  ::setns(ours_, CLONE_NEWNET);
}

TEST_F(TapTest, PausedTapLeavesFramesInTheQueue) {
  Tap tap(scheduler, {.name = "wire0", .netns = path_});
  std::vector<Frame> got;
  tap.set_receiver([&](Frame f) { got.push_back(std::move(f)); });
  tap.set_paused(true);
  const int host = packet_socket("wire0");
  const Frame out = frame_of(3);
  ASSERT_EQ(::send(host, out.data(), out.size(), 0), static_cast<ssize_t>(out.size()));
  EXPECT_FALSE(scheduler.run_until([&] { return !got.empty(); }, std::chrono::milliseconds(100)));
  tap.set_paused(false);
  EXPECT_TRUE(run_until([&] { return std::find(got.begin(), got.end(), out) != got.end(); }));
  ::close(host);
}

TEST_F(TapTest, ReceiverMayPauseAndUnplugFromInside) {
  Tap tap(scheduler, {.name = "wire0", .netns = path_});
  int calls = 0;
  tap.set_receiver([&](Frame) {
    if (++calls == 1) tap.set_paused(true);
  });
  const int host = packet_socket("wire0");
  const Frame out = frame_of(4);
  for (int i = 0; i < 10; ++i) ASSERT_GT(::send(host, out.data(), out.size(), 0), 0);
  EXPECT_TRUE(run_until([&] { return calls > 0; }));
  EXPECT_EQ(calls, 1);
  tap.set_receiver([&](Frame) {
    ++calls;
    tap.set_receiver({});
  });
  tap.set_paused(false);
  EXPECT_TRUE(run_until([&] { return calls == 2; }));
  ::close(host);
}

TEST_F(TapTest, CarrierFollowsTheReceiver) {
  Tap tap(scheduler, {.name = "wire0", .netns = path_});
  // The kernel takes up to a second to tell of a new carrier state.
  const auto becomes_running = [&](bool wanted) {
    for (int i = 0; i < 300; ++i, ::usleep(10'000))
      if (((flags("wire0") & IFF_RUNNING) != 0) == wanted) return true;
    return false;
  };
  EXPECT_TRUE(becomes_running(false));
  tap.set_receiver([](Frame) {});
  EXPECT_TRUE(becomes_running(true));
  tap.set_receiver({});
  EXPECT_TRUE(becomes_running(false));
}

TEST_F(TapTest, DeviceSetDownPullsTheCable) {
  Tap tap(scheduler, {.name = "wire0", .netns = path_});
  tap.set_receiver([](Frame) {});
  std::vector<bool> seen;
  tap.set_link_handler([&](bool up) { seen.push_back(up); });
  EXPECT_TRUE(tap.link_up());
  set_up("wire0", false);
  ASSERT_TRUE(run_until([&] { return !seen.empty(); }));
  EXPECT_FALSE(tap.link_up());
  tap.send(frame_of(1));
  EXPECT_THAT(tap.state(), HasSubstr("1 dropped"));
  set_up("wire0", true);
  ASSERT_TRUE(run_until([&] { return seen.size() == 2; }));
  EXPECT_TRUE(tap.link_up());
}

TEST_F(TapTest, JumboFramesPassWhenTheMtuAllows) {
  Tap tap(scheduler, {.name = "wire0", .netns = path_, .mtu = 9000});
  tap.set_receiver([](Frame) {});
  const int host = packet_socket("wire0");
  tap.send(frame_of(5, 9014));
  Frame seen(10000);
  EXPECT_EQ(::recv(host, seen.data(), seen.size(), 0), 9014);
  ::close(host);
}

TEST_F(TapTest, ErrorsNameTheNamespaceAndTheDevice) {
  try {
    Tap tap(scheduler, {.name = "wire0", .netns = "vfpool-absent"});
    FAIL() << "no error";
  } catch (const std::system_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("vfpool-absent"));
  }
  const Tap first(scheduler, {.name = "wire0", .netns = path_});
  EXPECT_THROW(Tap(scheduler, {.name = "wire0", .netns = path_}), std::system_error);
  EXPECT_THROW(Tap(scheduler, {.name = "a-name-that-is-too-long", .netns = path_}), std::system_error);
}

}  // namespace
}  // namespace vfpool::wire
