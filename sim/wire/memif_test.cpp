// SPDX-License-Identifier: Apache-2.0
#include "wire/memif.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <random>

namespace vfpool::wire {
namespace {

using testing::HasSubstr;

// The other side, which does what a test tells it, right or wrong.
class Client {
 public:
  static constexpr unsigned kSlots = 8, kBuffer = 2'048;
  static constexpr std::size_t kRegion = 1 << 16, kRing = 128 + 16 * kSlots, kBuffers = 2 * kRing;

  explicit Client(const std::filesystem::path& path) : fd_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0)) {
    sockaddr_un a{};
    a.sun_family = AF_UNIX;
    std::strncpy(a.sun_path, path.c_str(), sizeof a.sun_path - 1);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
    memory_.reset(::memfd_create("memif", MFD_ALLOW_SEALING));
    EXPECT_EQ(::ftruncate(memory_.get(), kRegion), 0);
    data_ = static_cast<std::uint8_t*>(::mmap(nullptr, kRegion, PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0));
    for (const unsigned ring : {0U, 1U}) {
      set<std::uint32_t>(ring * kRing, 0x3E31F20);
      events_[ring].reset(::eventfd(0, EFD_NONBLOCK));
      for (unsigned i = 0; i < kSlots; ++i) describe(ring, i, 0, kBuffer, kBuffers + (ring * kSlots + i) * kBuffer);
    }
  }
  ~Client() { ::munmap(data_, kRegion); }

  void seal() { EXPECT_EQ(::fcntl(memory_.get(), F_ADD_SEALS, F_SEAL_SHRINK), 0); }
  void message(std::uint16_t type, std::initializer_list<std::pair<std::size_t, std::uint64_t>> fields = {},
               int with = -1, std::size_t size = 128) {
    std::array<std::uint8_t, 128> m{};
    std::memcpy(m.data(), &type, 2);
    // Each field with as many bytes as its value may need: the next one overwrites what is too much.
    for (const auto& [at, value] : fields) std::memcpy(&m[at], &value, std::min<std::size_t>(8, m.size() - at));
    iovec io{m.data(), size};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr h{};
    h.msg_iov = &io;
    h.msg_iovlen = 1;
    if (with >= 0) {
      h.msg_control = control.data();
      h.msg_controllen = control.size();
      cmsghdr* const c = CMSG_FIRSTHDR(&h);
      c->cmsg_level = SOL_SOCKET;
      c->cmsg_type = SCM_RIGHTS;
      c->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(c), &with, sizeof with);
    }
    ::sendmsg(fd_.get(), &h, MSG_NOSIGNAL);
  }
  void init(unsigned id = 0) { message(3, {{2, 0x200}, {4, id}}); }
  void region(std::uint64_t size = kRegion) { message(4, {{2, 0}, {4, size}}, memory_.get()); }
  void ring(unsigned ring, unsigned offset, unsigned log2 = 3, unsigned index = 0, unsigned in_region = 0) {
    message(5, {{2, ring == 0 ? 1U : 0U}, {4, index}, {6, in_region}, {8, offset}, {12, log2}}, events_[ring].get());
  }
  void connect() {
    seal();
    init();
    region();
    ring(0, 0);
    ring(1, kRing);
    message(6);
  }
  /// The text of the disconnect message, if one came.
  std::optional<std::string> refused() {
    std::array<std::uint8_t, 128> m{};
    while (::recv(fd_.get(), m.data(), m.size(), 0) > 0)
      if (m[0] == 8) return std::string(reinterpret_cast<const char*>(&m[6]));
    return std::nullopt;
  }
  void hang_up() { fd_.reset(); }

  template <class T>
  void set(std::size_t at, T value) {
    std::memcpy(data_ + at, &value, sizeof value);
  }
  std::uint16_t get(std::size_t at) const {
    std::uint16_t value;
    std::memcpy(&value, data_ + at, sizeof value);
    return value;
  }
  void describe(unsigned ring, unsigned i, std::uint16_t flags, std::uint32_t length, std::uint32_t offset,
                std::uint16_t region = 0) {
    const std::size_t at = ring * kRing + 128 + 16 * (i % kSlots);
    set(at, flags);
    set(at + 2, region);
    set(at + 4, length);
    set(at + 8, offset);
  }
  std::uint8_t* buffer(unsigned ring, unsigned i) { return data_ + kBuffers + (ring * kSlots + i % kSlots) * kBuffer; }
  void head(unsigned ring, std::uint16_t value) {
    set(ring * kRing + 6, value);
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(events_[ring].get(), &one, 8), 8);
  }
  std::uint16_t tail(unsigned ring) const { return get(ring * kRing + 64); }
  /// Frames that fit into the ring.
  unsigned put(std::uint8_t mark, std::size_t size, unsigned most) {
    unsigned n = 0;
    for (; n < most && static_cast<std::uint16_t>(next_ - tail(0)) < kSlots; ++n, ++next_) {
      std::memset(buffer(0, next_), mark, size);
      describe(0, next_, 0, static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(buffer(0, next_) - data_));
    }
    head(0, next_);
    return n;
  }

 private:
  Fd fd_, memory_;
  std::array<Fd, 2> events_;
  std::uint8_t* data_ = nullptr;
  std::uint16_t next_ = 0;
};

class MemifTest : public testing::Test {
 protected:
  MemifTest() {
    std::string name = (std::filesystem::temp_directory_path() / "memif-test-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
    make(10'000);
  }
  ~MemifTest() override {
    wire.reset();
    std::filesystem::remove_all(folder);
  }
  void make(unsigned link_mbps) {
    wire.reset();
    wire.emplace(scheduler, MemifOptions{.socket = folder / "s", .link_mbps = link_mbps});
    wire->set_receiver([this](Frame f) { got.push_back(std::move(f)); });
  }
  Client client() { return Client(folder / "s"); }
  // Asks every millisecond, since what the client does there is not the scheduler's.
  bool until(const std::function<bool()>& done) {
    Scheduler::TimerId timer = 0;
    const std::function<void()> tick = [&] { timer = scheduler.after(std::chrono::milliseconds(1), tick); };
    tick();
    const bool held = scheduler.run_until(done, std::chrono::seconds(20));
    scheduler.cancel(timer);
    return held;
  }
  std::string refusal(Client& c) {
    std::optional<std::string> text;
    EXPECT_TRUE(until([&] { return (text = c.refused()).has_value(); }));
    EXPECT_FALSE(wire->link_up());
    return text.value_or("nothing");
  }

  Scheduler scheduler{TimeBase::kWall};
  std::filesystem::path folder;
  std::optional<Memif> wire;
  std::vector<Frame> got;
};

TEST_F(MemifTest, CarriesFramesBothWays) {
  Client c = client();
  c.connect();
  ASSERT_TRUE(until([&] { return wire->link_up(); }));
  EXPECT_EQ(c.put(7, 100, 3), 3U);
  ASSERT_TRUE(until([&] { return got.size() == 3; }));
  EXPECT_EQ(got[2], Frame(100, 7));
  EXPECT_EQ(c.tail(0), 3);

  wire->send(Frame(60, 9));
  wire->send(Frame(5'000, 10));  // three buffers
  EXPECT_EQ(c.tail(1), 0);
  c.head(1, Client::kSlots);
  ASSERT_TRUE(until([&] { return c.tail(1) == 4; }));
  EXPECT_EQ(c.buffer(1, 0)[59], 9);
  EXPECT_EQ(c.buffer(1, 3)[903], 10);
}

TEST_F(MemifTest, NothingIsLostHoweverSlowTheLinkIs) {
  for (const unsigned mbps : {10'000U, 100U, 10U}) {
    make(mbps);
    got.clear();
    Client c = client();
    c.connect();
    unsigned sent = 0;
    ASSERT_TRUE(until([&] {
      sent += c.put(static_cast<std::uint8_t>(sent), 60, 200 - sent);
      return got.size() == 200;
    }));
    EXPECT_THAT(wire->state(), HasSubstr("received 200 frames 12000 bytes 0 dropped"));
  }
}

TEST_F(MemifTest, TheLinkCarriesFramesNoFasterThanItsRate) {
  make(10);
  Client c = client();
  c.connect();
  ASSERT_TRUE(until([&] { return wire->link_up(); }));
  const SimTime before = scheduler.now();
  unsigned sent = 0;
  ASSERT_TRUE(until([&] {
    sent += c.put(1, 60, 300 - sent);
    return got.size() == 300;
  }));
  // 84 bytes each take 67.2 us at 10 Mbit/s; the first 64 may come at once.
  EXPECT_GE(scheduler.now() - before, std::chrono::nanoseconds(67'200) * (300 - 65));
}

TEST_F(MemifTest, PausedFramesWaitInTheRing) {
  Client c = client();
  c.connect();
  wire->set_paused(true);
  ASSERT_TRUE(until([&] { return wire->link_up(); }));
  c.put(1, 60, 8);
  EXPECT_FALSE(scheduler.run_until([&] { return !got.empty(); }, std::chrono::milliseconds(20)));
  EXPECT_EQ(c.tail(0), 0);
  wire->set_paused(false);
  EXPECT_TRUE(until([&] { return got.size() == 8; }));
}

TEST_F(MemifTest, APeerThatGoesTakesTheLinkDownAndAnotherMayCome) {
  std::vector<bool> seen;
  wire->set_link_handler([&](bool up) { seen.push_back(up); });
  for (int i = 0; i < 2; ++i) {
    Client c = client();
    c.connect();
    ASSERT_TRUE(until([&] { return wire->link_up(); }));
    c.put(1, 60, 5);
    c.hang_up();
    ASSERT_TRUE(until([&] { return !wire->link_up(); }));
    wire->send(Frame(60, 1));
  }
  EXPECT_THAT(seen, testing::ElementsAre(true, false, true, false));
}

TEST_F(MemifTest, MemoryThatCouldShrinkIsRefused) {
  Client c = client();
  c.init();
  c.region();
  EXPECT_THAT(refusal(c), HasSubstr("can shrink"));
}

TEST_F(MemifTest, HandshakesThatCannotBeAreRefused) {
  using Wrong = std::function<void(Client&)>;
  const std::vector<std::pair<const char*, Wrong>> all = {
      {"out of turn", [](Client& c) { c.region(); }},
      {"version", [](Client& c) { c.message(3, {{2, 0x300}}); }},
      {"id 5", [](Client& c) { c.init(5); }},
      {"message of 50 bytes", [](Client& c) { c.message(3, {}, -1, 50); }},
      {"type 99", [](Client& c) { c.message(99); }},
      {"out of turn", [](Client& c) { c.init(), c.init(); }},
      {"without a file", [](Client& c) { c.init(), c.message(4, {{4, Client::kRegion}}); }},
      {"in a file of", [](Client& c) { c.seal(), c.init(), c.region(Client::kRegion + 1); }},
      {"in a file of", [](Client& c) { c.seal(), c.init(), c.region(0); }},
      {"in a file of", [](Client& c) { c.seal(), c.init(), c.region(~std::uint64_t{0}); }},
      {"ring 0 of 2^3", [](Client& c) { c.init(), c.ring(0, 0); }},
      {"ring 1 of", [](Client& c) { c.seal(), c.init(), c.region(), c.ring(0, 0, 3, 1); }},
      {"of 2^200", [](Client& c) { c.seal(), c.init(), c.region(), c.ring(0, 0, 200); }},
      {"at 65500", [](Client& c) { c.seal(), c.init(), c.region(), c.ring(0, 65'500); }},
      {"at 4294967292", [](Client& c) { c.seal(), c.init(), c.region(), c.ring(0, 0xfffffffc); }},
      {"rings both ways", [](Client& c) { c.seal(), c.init(), c.region(), c.ring(0, 0), c.message(6); }},
      {"cookie", [](Client& c) { c.set<std::uint32_t>(0, 1), c.connect(); }},
  };
  for (const auto& [text, wrong] : all) {
    Client c = client();
    wrong(c);
    EXPECT_THAT(refusal(c), HasSubstr(text));
  }
}

TEST_F(MemifTest, RingsAndBuffersThatCannotBeAreRefused) {
  using Wrong = std::function<void(Client&)>;
  const std::vector<std::pair<const char*, Wrong>> all = {
      {"9 descriptors in a ring of 8", [](Client& c) { c.head(0, 9); }},
      {"65535 descriptors", [](Client& c) { c.head(0, 0xffff); }},
      {"buffer of 4294967295", [](Client& c) { c.describe(0, 0, 0, 0xffffffff, 0), c.head(0, 1); }},
      {"at 4294967295", [](Client& c) { c.describe(0, 0, 0, 60, 0xffffffff), c.head(0, 1); }},
      {"of region 1", [](Client& c) { c.describe(0, 0, 0, 60, 0, 1), c.head(0, 1); }},
      {"without an end", [](Client& c) { c.describe(0, 0, 1, 60, 0), c.head(0, 1); }},
      {"more than 16384", [](Client& c) { c.describe(0, 0, 0, 20'000, 0), c.head(0, 1); }},
      {"no bytes", [&](Client& c) { c.describe(1, 0, 0, 0, 0), c.head(1, 1), wire->send(Frame(60, 1)); }},
      {"region 7", [&](Client& c) { c.describe(1, 0, 0, 60, 0, 7), c.head(1, 1), wire->send(Frame(60, 1)); }},
      {"no buffers", [&](Client& c) {
         for (unsigned i = 0; i < Client::kSlots; ++i) c.describe(1, i, 0, 10, 0);
         c.head(1, Client::kSlots);
         wire->send(Frame(1'000, 1));
       }}};
  for (const auto& [text, wrong] : all) {
    Client c = client();
    c.connect();
    ASSERT_TRUE(until([&] { return wire->link_up(); })) << text;
    wrong(c);
    EXPECT_THAT(refusal(c), HasSubstr(text));
  }
  EXPECT_TRUE(got.empty());
}

TEST_F(MemifTest, RandomRingsDoNoHarm) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 100; ++round) {
    Client c = client();
    c.connect();
    ASSERT_TRUE(until([&] { return wire->link_up(); }));
    const auto below = [&random](unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(random); };
    for (unsigned i = 0; i < Client::kSlots; ++i)
      c.describe(below(2), i, static_cast<std::uint16_t>(below(3)), below(below(2) != 0 ? 3'000 : 100'000),
                 below(80'000), static_cast<std::uint16_t>(below(8) == 0));
    c.head(0, static_cast<std::uint16_t>(below(10)));
    c.head(1, static_cast<std::uint16_t>(below(10)));
    for (int i = 0; i < 5; ++i) wire->send(Frame(60 + below(3'000), 1));
    scheduler.run_until([] { return false; }, std::chrono::milliseconds(2));
    c.hang_up();
    ASSERT_TRUE(until([&] { return !wire->link_up(); }));
  }
}

}  // namespace
}  // namespace vfpool::wire
