// SPDX-License-Identifier: Apache-2.0
#include "vfio_user/server.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <vector>

#include "core/unix_socket.hpp"
#include "vfio_user/protocol.hpp"

namespace vfpool::vfio_user {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::uint8_t>;

struct FakeDevice : Device {
  std::array<std::uint64_t, kBars> bar_sizes() const override { return {0x1000, 0, 0, 0, 0, 0}; }
  unsigned msix_vectors() const override { return 4; }
  void read(unsigned region, std::uint64_t offset, unsigned size, ReadDone done) override {
    const auto answer = [=] { done(Bytes(size, static_cast<std::uint8_t>(region * 16 + offset))); };
    if (scheduler != nullptr)
      scheduler->after(1ms, answer);
    else
      answer();
  }
  void write(unsigned, std::uint64_t offset, std::span<const std::uint8_t> data, WriteDone done) override {
    written.emplace_back(offset, Bytes(data.begin(), data.end()));
    hold ? held.push_back(std::move(done)) : done();
  }
  void reset() override { ++resets; }
  void attach(Guest* g) override { guest = g; }
  std::string state() const override { return {}; }

  Scheduler* scheduler = nullptr;
  Guest* guest = nullptr;
  int resets = 0;
  bool hold = false;  ///< writes have no room
  std::vector<WriteDone> held;
  std::vector<std::pair<std::uint64_t, Bytes>> written;
};

template <class T>
Bytes raw(const T& t) {
  Bytes b(sizeof t);
  std::memcpy(b.data(), &t, sizeof t);
  return b;
}

class Client {
 public:
  Client(Scheduler& s, const std::string& path) : scheduler_(s), socket_(connect_unix(path).value()) {}
  void send_bytes(const Bytes& b, int pass = -1) {
    iovec io{const_cast<std::uint8_t*>(b.data()), b.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
    msghdr m{};
    m.msg_iov = &io;
    m.msg_iovlen = 1;
    if (pass >= 0) {
      m.msg_control = control;
      m.msg_controllen = sizeof control;
      cmsghdr* c = CMSG_FIRSTHDR(&m);
      c->cmsg_level = SOL_SOCKET;
      c->cmsg_type = SCM_RIGHTS;
      c->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(c), &pass, sizeof pass);
    }
    ASSERT_EQ(sendmsg(socket_.get(), &m, MSG_NOSIGNAL), static_cast<ssize_t>(b.size()));
  }
  void request(Command c, const Bytes& body, int pass = -1, std::uint32_t flags = 0) {
    Bytes b = raw(Header{++id_, static_cast<std::uint16_t>(c), static_cast<std::uint32_t>(16 + body.size()), flags, 0});
    b.insert(b.end(), body.begin(), body.end());
    send_bytes(b, pass);
  }
  /// As a client that does not wait: false if the socket takes no more. Reads nothing.
  bool try_request(Command c, const Bytes& body, std::uint32_t flags) {
    if (unsent_.empty()) {
      unsent_ =
          raw(Header{++id_, static_cast<std::uint16_t>(c), static_cast<std::uint32_t>(16 + body.size()), flags, 0});
      unsent_.insert(unsent_.end(), body.begin(), body.end());
    }
    const ssize_t n = send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) unsent_.erase(unsent_.begin(), unsent_.begin() + n);
    return unsent_.empty();
  }
  /// The next message; empty when the server hung up or nothing came.
  Bytes receive() {
    Bytes b;
    bool closed = false;
    scheduler_.run_until(
        [&] {
          std::uint8_t buffer[4096];
          const ssize_t n = recv(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
          if (n > 0) pending_.insert(pending_.end(), buffer, buffer + n);
          closed = n == 0;
          if (pending_.size() >= 16) {
            std::uint32_t size;
            std::memcpy(&size, pending_.data() + 4, 4);
            if (pending_.size() >= size) {
              b.assign(pending_.begin(), pending_.begin() + size);
              pending_.erase(pending_.begin(), pending_.begin() + size);
              return true;
            }
          }
          return closed;
        },
        2s);
    return b;
  }
  Header ask(Command c, const Bytes& body = {}, int pass = -1) {
    request(c, body, pass);
    const Bytes b = receive();
    Header h{};
    if (b.size() >= sizeof h) std::memcpy(&h, b.data(), sizeof h);
    answer = b.size() > 16 ? Bytes(b.begin() + 16, b.end()) : Bytes();
    return h;
  }
  void hello() {
    Bytes v = raw(Version{0, 1});
    for (char c : std::string("{}")) v.push_back(static_cast<std::uint8_t>(c));
    v.push_back(0);
    ASSERT_EQ(ask(Command::kVersion, v).flags, Header::kFlagReply);
  }
  Bytes answer;

 private:
  Scheduler& scheduler_;
  Fd socket_;
  std::uint16_t id_ = 0;
  Bytes pending_, unsent_;
};

class VfioUserServer : public testing::Test {
 protected:
  std::string path = testing::TempDir() + "/vfio_user_test." + std::to_string(getpid());
  Scheduler scheduler{TimeBase::kWall};
  FakeDevice device;
  Server server{scheduler, path, device};
};

TEST_F(VfioUserServer, AttachesAndDetachesTheDevice) {
  {
    Client c(scheduler, path);
    c.hello();
    EXPECT_NE(device.guest, nullptr);
  }
  scheduler.run_until([&] { return device.guest == nullptr; }, 2s);
  EXPECT_EQ(device.guest, nullptr);
  Client again(scheduler, path);
  again.hello();
  EXPECT_TRUE(server.connected());
}

TEST_F(VfioUserServer, SharedMemoryIsReachedThroughTheMap) {
  Client c(scheduler, path);
  c.hello();
  const int fd = memfd_create("guest", 0);
  ASSERT_EQ(ftruncate(fd, 0x3000), 0);
  EXPECT_EQ(c.ask(Command::kDmaMap, raw(DmaMap{32, 3, 0x1000, 0x100000, 0x2000}), fd).flags, Header::kFlagReply);
  const Bytes data{1, 2, 3};
  EXPECT_TRUE(device.guest->write(0x101fff - 2, data));
  EXPECT_FALSE(device.guest->write(0x101fff - 1, data));
  Bytes seen(3);
  EXPECT_EQ(pread(fd, seen.data(), 3, 0x2ffd), 3);
  EXPECT_EQ(seen, data);
  EXPECT_EQ(c.ask(Command::kDmaUnmap, raw(DmaUnmap{24, 0, 0x100000, 0x2000})).flags, Header::kFlagReply);
  EXPECT_FALSE(device.guest->read(0x100000, seen));
  close(fd);
}

TEST_F(VfioUserServer, MapsBeyondTheFileOrOverEachOtherAreRefused) {
  Client c(scheduler, path);
  c.hello();
  const int fd = memfd_create("guest", 0);
  ASSERT_EQ(ftruncate(fd, 0x1000), 0);
  EXPECT_EQ(c.ask(Command::kDmaMap, raw(DmaMap{32, 3, 0, 0, 0x2000}), fd).error, EINVAL);
  EXPECT_EQ(c.ask(Command::kDmaMap, raw(DmaMap{32, 3, ~0ULL, 0, 0x1000}), fd).error, EINVAL);
  EXPECT_EQ(c.ask(Command::kDmaMap, raw(DmaMap{32, 3, 0, 0, 0x1000}), fd).error, 0u);
  EXPECT_EQ(c.ask(Command::kDmaMap, raw(DmaMap{32, 1, 0, 0x800, 0x1000})).error, EINVAL);
  close(fd);
}

TEST_F(VfioUserServer, RequestsAreAnsweredInOrderThoughTheDeviceIsSlow) {
  device.scheduler = &scheduler;
  Client c(scheduler, path);
  c.hello();
  c.request(Command::kRegionRead, raw(RegionAccess{1, 0, 4}));
  c.request(Command::kRegionRead, raw(RegionAccess{2, 0, 4}));
  for (const int i : {1, 2}) {
    const Bytes b = c.receive();
    ASSERT_EQ(b.size(), 16u + 16 + 4);
    EXPECT_EQ(int{b.back()}, i);
  }
}

TEST_F(VfioUserServer, PostedWritesGetNoReply) {
  Client c(scheduler, path);
  c.hello();
  Bytes w = raw(RegionAccess{8, 0, 4});
  w.insert(w.end(), {1, 2, 3, 4});
  c.request(Command::kRegionWrite, w, -1, Header::kFlagNoReply);
  EXPECT_EQ(c.ask(Command::kDeviceReset).command, static_cast<int>(Command::kDeviceReset));
  ASSERT_EQ(device.written.size(), 1u);
  EXPECT_EQ(device.written[0].second, (Bytes{1, 2, 3, 4}));
  EXPECT_EQ(device.resets, 1);
}

TEST_F(VfioUserServer, MsixVectorsAreSignalledByTheirEventfd) {
  Client c(scheduler, path);
  c.hello();
  const int fd = eventfd(0, EFD_NONBLOCK);
  EXPECT_EQ(c.ask(Command::kDeviceSetIrqs, raw(IrqSet{20, 0x24, 2, 1, 1}), fd).error, 0u);
  EXPECT_FALSE(device.guest->signal_msix(0));
  EXPECT_TRUE(device.guest->signal_msix(1));
  std::uint64_t n = 0;
  EXPECT_EQ(read(fd, &n, 8), 8);
  EXPECT_EQ(c.ask(Command::kDeviceSetIrqs, raw(IrqSet{20, 0x24, 2, 3, 2}), fd).error, EINVAL);
  close(fd);
}

TEST_F(VfioUserServer, AccessesOutsideARegionAreRefused) {
  Client c(scheduler, path);
  c.hello();
  EXPECT_EQ(c.ask(Command::kRegionRead, raw(RegionAccess{0xffe, 0, 4})).error, EINVAL);
  EXPECT_EQ(c.ask(Command::kRegionRead, raw(RegionAccess{~0ULL, 0, 4})).error, EINVAL);
  EXPECT_EQ(c.ask(Command::kRegionRead, raw(RegionAccess{0, 1, 4})).error, EINVAL);
  EXPECT_EQ(c.ask(Command::kRegionRead, raw(RegionAccess{0, 99, 4})).error, EINVAL);
  EXPECT_EQ(c.ask(Command::kRegionWrite, raw(RegionAccess{0, 0, 64})).error, EINVAL);  // no data
}

TEST_F(VfioUserServer, ASecondClientIsTurnedAway) {
  Client first(scheduler, path);
  first.hello();
  Client second(scheduler, path);
  EXPECT_TRUE(second.receive().empty());
  EXPECT_EQ(server.counters().refused, 1u);
  EXPECT_EQ(first.ask(Command::kDeviceReset).error, 0u);
}

// Posted writes need no answer, so nothing but the socket slows the client down.
TEST_F(VfioUserServer, AFloodOfPostedWritesIsHeldBackAndArrivesWhole) {
  Client c(scheduler, path);
  c.hello();
  device.hold = true;
  constexpr std::uint32_t kWrites = 50'000;
  std::uint32_t sent = 0;
  const auto push = [&] {
    while (sent < kWrites) {
      Bytes w = raw(RegionAccess{4, 0, 4});
      const Bytes number = raw(sent);
      w.insert(w.end(), number.begin(), number.end());
      if (!c.try_request(Command::kRegionWrite, w, Header::kFlagNoReply)) return;
      ++sent;
    }
  };
  std::uint32_t before = 0;
  do {  // until neither side moves any more
    before = sent;
    push();
    scheduler.run_until([] { return false; }, 5ms);
  } while (sent != before);
  EXPECT_LT(sent, kWrites / 2) << "the server reads on for ever";
  EXPECT_EQ(device.written.size(), 1u);
  device.hold = false;
  device.held.at(0)();
  scheduler.run_until([&] { return push(), device.written.size() == kWrites; }, 20s);
  ASSERT_EQ(device.written.size(), kWrites);
  for (std::uint32_t i = 0; i < kWrites; ++i) ASSERT_EQ(device.written[i].second, raw(i));
  EXPECT_EQ(c.ask(Command::kDeviceReset).error, 0u);
}

TEST_F(VfioUserServer, AClientThatGoesWhileItIsHeldBackIsLetGo) {
  device.hold = true;
  {
    Client c(scheduler, path);
    c.hello();
    Bytes w = raw(RegionAccess{4, 0, 4});
    w.resize(w.size() + 4);
    for (int round = 0; round < 20; ++round) {
      while (c.try_request(Command::kRegionWrite, w, Header::kFlagNoReply)) {
      }
      scheduler.run_until([] { return false; }, 2ms);
    }
  }
  scheduler.run_until([&] { return device.guest == nullptr; }, 2s);
  EXPECT_EQ(device.guest, nullptr);
  device.hold = false;
  device.held.at(0)();  // comes too late, and disturbs nobody
  Client again(scheduler, path);
  again.hello();
  EXPECT_EQ(again.ask(Command::kDeviceReset).error, 0u);
}

TEST_F(VfioUserServer, MessagesThatTheClientDoesNotReadDoNotPileUp) {
  Client c(scheduler, path);
  c.hello();
  const Bytes data(4);
  unsigned sent = 0;
  while (device.guest->room(pcie::FlowClass::kPosted) && sent < 1'000'000) {
    device.guest->send_dma_write(0xfee00000, data);
    ++sent;
  }
  EXPECT_LT(sent, 100'000u);
  bool told = false;
  device.guest->on_room([&] { told = true; });
  for (unsigned i = 0; i < sent; ++i) ASSERT_EQ(c.receive().size(), 36u);
  EXPECT_TRUE(told);
  EXPECT_TRUE(device.guest->room(pcie::FlowClass::kPosted));
}

TEST_F(VfioUserServer, GarbageDisconnectsThatClientOnly) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 rng(seed);
  for (int round = 0; round < 40; ++round) {
    Client c(scheduler, path);
    if (round % 2 == 1) c.hello();
    Bytes junk(512);
    for (auto& b : junk) b = static_cast<std::uint8_t>(rng());
    c.send_bytes(junk);
    scheduler.run_until([] { return false; }, 2ms);
  }
  scheduler.run_until([&] { return !server.connected(); }, 2s);
  Client c(scheduler, path);
  c.hello();
  EXPECT_EQ(c.ask(Command::kDeviceReset).error, 0u);
}

}  // namespace
}  // namespace vfpool::vfio_user
