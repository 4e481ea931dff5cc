// SPDX-License-Identifier: Apache-2.0
// The table of outstanding requests against a reference: a completer that answers well or badly, requesters that come
// and go, VFs that change hands. The table stands at a device's port, where all VFs are that device's, or at a host's,
// whose requesters are the devices, each with VFs of its own.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <type_traits>
#include <vector>

#include "bench.hpp"
#include TAGS_HEADER

namespace {

using bench::Random;
using bench::Words;

constexpr unsigned kTags = 64, kOwn = 31, kRetry = 2;
constexpr unsigned kRequesters = TAGS_REQUESTERS, kDevices = TAGS_DEVICES;  // CMakeLists.txt
// Of a requester's VFs.
unsigned device_of(unsigned port) { return kDevices == 1 ? 0 : port; }
constexpr unsigned kTimeout = 6;  // ticks
constexpr unsigned kTickCycles = 400;
constexpr uint16_t kId = 0x0218;

enum Act { kDrop = 0, kForward = 1, kUr = 2, kCa = 3, kSwallow = 4 };

struct Request {
  unsigned port = 0;
  uint32_t cookie = 0;  // {rid, tag}: every request of a case has its own
  bool has_vf = false, is_mem = true, wants_data = true;
  unsigned vf = 0, gen = 0, bytes = 4, low = 0;
};

// vfp_tags_pkg::tag_req_t, lowest field first.
void pack(uint32_t* to, const Request& r) {
  unsigned at = 0;
  auto put = [&](unsigned width, uint64_t value) { bench::set_bits(to, at, width, value), at += width; };
  put(7, r.low), put(13, r.bytes), put(1, r.wants_data), put(1, r.is_mem), put(16, r.gen), put(6, r.vf),
      put(1, r.has_vf);
  put(6, 0), put(24, r.cookie), put(5, r.port);
}
unsigned vf_of(const uint32_t* from) { return static_cast<unsigned>(bench::get_bits(from, 38, 6)); }
uint32_t cookie_of(const uint32_t* from) { return static_cast<uint32_t>(bench::get_bits(from, 51, 24)); }

struct Completion {
  unsigned tag = 0, status = 0, length = 1, bytes = 4, low = 0;  // bytes 1..4096
  bool data = true;
  uint16_t rid = kId;
};

Words header(const Completion& c) {
  return {(c.data ? 0x4a000000U : 0x0a000000U) | (c.length & 1023), 0xbeef0000U | c.status << 13 | (c.bytes & 4095),
          static_cast<uint32_t>(c.rid) << 16 | c.tag << 8 | c.low, 0};
}

struct Entry {
  Request request;
  bool live = false, stale = false, resting = false;
  bool answered = false;     // its requester has got an end
  bool owes_expiry = false;  // the walker has marked it, its word is still to come
  unsigned left = 0, low = 0;
  unsigned born = 0, rest_since = 0;
};

class Table {
 public:
  TAGS_MODEL model;
  std::array<Entry, kTags> entries;
  std::array<std::array<unsigned, 64>, kDevices> generation{};
  unsigned tick = 0, cycle = 0;
  unsigned gone = 0;
  std::map<int, unsigned> acts;
  unsigned expired = 0, refused_quota = 0;
  std::deque<Completion> sent;  // not yet decided
  uint32_t next_cookie = 1;
  const std::array<unsigned, 4> quota{20, 16, 7, 12};

  Table() {
    model.tick_i = 0;
    model.timeout_i = kTimeout;
    model.cpl_right_i = 0;
    uint64_t quotas = 0;
    for (unsigned r = 0; r < kRequesters; ++r) quotas |= uint64_t{quota[r]} << (9 * r);
    model.quota_i = static_cast<std::remove_reference_t<decltype(model.quota_i)>>(quotas);
    model.gone_i = 0;
    model.alloc_i = 0;
    model.cpl_valid_i = 0;
    model.exp_ready_i = 1;
    model.gen_i = 0;
    bench::reset(model);
    for (int i = 0; i < 80 && !model.init_done_o; ++i) step();
    EXPECT_TRUE(model.init_done_o);
    for (int i = 0; i < 8; ++i) step();
  }

  void step() {
    model.tick_i = ++cycle % kTickCycles == 0;
    model.gone_i = static_cast<uint8_t>(gone);
    model.eval();
    // The bridge's own requests concern no VF.
    const unsigned port = model.gen_port_o % kRequesters;
    model.gen_i = static_cast<uint16_t>(generation[device_of(port)][model.gen_vf_o]);
    model.eval();
    if (model.cpl_valid_i && model.cpl_ready_o) taken_ = true;
    const bool right = model.cpl_hdr_i[2] >> 16 == kId;
    if (model.exp_valid_o && model.exp_ready_i) on_expired(cookie_of(model.exp_req_o.data()));
    tick += model.tick_i;
    bench::step(model);
    model.cpl_right_i = right_;  // two cycles after the completion
    right_ = right;
    EXPECT_TRUE(!next_vf_ || !model.res_valid_o || model.res_act_o == kDrop ||
                vf_of(model.res_req_o.data()) == *next_vf_)
        << "another VF than was announced";
    next_vf_ = model.next_vf_o;
    if (model.res_valid_o) on_result();
  }

  bool may(unsigned port) const { return port == kOwn ? model.own_may_o : (model.may_o >> port) & 1; }
  unsigned held(unsigned port) const {
    return static_cast<unsigned>(std::count_if(entries.begin(), entries.end(), [&](const Entry& e) {
      return (e.live || (e.resting && tick - e.rest_since < kTimeout - 1)) && e.request.port == port;
    }));
  }

  // The tag that the request got; leaves a cycle behind it.
  unsigned allocate(Request request) {
    // A completion that is under way for a tag before it is given out may meet either life of it.
    for (int i = 0; i < 50 && !sent.empty(); ++i) step();
    EXPECT_TRUE(sent.empty()) << "a completion without a result";
    request.cookie = next_cookie++;
    model.alloc_i = 1;
    pack(model.alloc_req_i.data(), request);
    model.eval();
    const unsigned tag = request.port == kOwn ? model.own_tag_o : model.alloc_tag_o;
    const unsigned born = tick;
    step();
    model.alloc_i = 0;
    Entry& e = entries.at(tag);
    EXPECT_FALSE(e.live) << "tag " << tag << " given out twice";
    // The reference learns of an expiry some cycles late, maybe in the next tick.
    EXPECT_FALSE(e.resting && tick - e.rest_since < kTimeout - 1) << "tag " << tag << " had no rest";
    EXPECT_TRUE(!e.live || e.answered);
    e = Entry{.request = request, .live = true, .left = request.bytes, .low = request.low, .born = born};
    if (request.port != kOwn) {
      EXPECT_LE(held(request.port), quota[request.port]);
    }
    step();
    return tag;
  }

  void complete(const Completion& c) {
    const Words h = header(c);
    std::copy(h.begin(), h.end(), model.cpl_hdr_i.data());
    model.cpl_valid_i = 1;
    sent.push_back(c);
    taken_ = false;
    for (int i = 0; i < 50 && !taken_; ++i) step();
    EXPECT_TRUE(taken_) << "a completion was never taken";
    model.cpl_valid_i = 0;
  }

  bool lost(const Entry& e) const {
    return e.request.has_vf && generation[device_of(e.request.port)][e.request.vf] != e.request.gen;
  }
  bool is_gone(const Entry& e) const { return e.request.port != kOwn && (gone >> e.request.port & 1); }

  void on_result() {
    ASSERT_FALSE(sent.empty());
    const Completion c = sent.front();
    sent.pop_front();
    ++acts[model.res_act_o];
    const auto act = model.res_act_o;
    if (c.tag >= kTags || c.rid != kId || !entries[c.tag].live) {
      EXPECT_EQ(act, kDrop) << "tag " << c.tag;
      return;
    }
    Entry& e = entries[c.tag];
    SCOPED_TRACE(testing::Message() << "tag " << c.tag << " left " << e.left);
    if (act != kDrop) {
      EXPECT_EQ(cookie_of(model.res_req_o.data()), e.request.cookie);
    }
    // Is it what was asked for?
    const Request& r = e.request;
    const unsigned got = c.length * 4 - c.low % 4;
    bool fits, last = true;
    if (c.status != 0) {
      fits = !c.data && !(r.is_mem && c.status == kRetry);
    } else if (!r.is_mem) {
      fits = c.data == r.wants_data && (!c.data || c.length == 1);
    } else {
      last = got >= e.left;
      fits = c.data && c.bytes == e.left && c.low == e.low && (last ? got - e.left <= 3 : (e.low + got) % 64 == 0);
    }
    if (e.stale || is_gone(e)) {
      EXPECT_EQ(act, kSwallow);
      e.stale = true;
    } else if (lost(e)) {
      // The walker may have been first; then its word is under way.
      EXPECT_TRUE(act == kUr || act == kSwallow) << act;
      if (act == kUr)
        answer(e);
      else
        e.owes_expiry = true;
      e.stale = true;
    } else {
      EXPECT_EQ(act, fits ? kForward : kCa);
      if (act == kForward) {
        EXPECT_FALSE(e.answered);
        EXPECT_EQ(model.res_left_o, e.left);
        if (last) answer(e);
      } else {
        answer(e);
      }
    }
    if (!fits) {
      e.live = false;
      e.resting = true;
      e.rest_since = tick;
    } else if (last) {
      e.live = false;
    } else {
      e.left -= got;
      e.low = (e.low + got) % 128;
    }
  }

  void on_expired(uint32_t cookie) {
    ++expired;
    for (Entry& e : entries) {
      if (e.request.cookie != cookie) continue;
      if (e.owes_expiry) {
        e.owes_expiry = false;
        answer(e);
        return;
      }
      EXPECT_TRUE(e.live);
      EXPECT_FALSE(e.stale);
      EXPECT_TRUE(lost(e) || model.cut_i || tick - e.born >= kTimeout) << "expired early";
      answer(e);
      // The walker's word on a VF that changed hands may be older than the time-out; age_silently ends the entry then.
      if (model.cut_i || tick - e.born >= kTimeout + (lost(e) ? 2 : 0)) {
        e.live = false;
        e.resting = true;
        e.rest_since = tick;
      } else {
        e.stale = true;
      }
      return;
    }
    ADD_FAILURE() << "nobody asked " << cookie;
  }

  // Each request ends exactly once.
  void answer(Entry& e) {
    EXPECT_FALSE(e.answered) << "answered twice";
    e.answered = true;
  }

  // The walker ends these without a word.
  void age_silently() {
    for (Entry& e : entries) {
      if (e.live && (e.stale || is_gone(e)) && tick - e.born >= kTimeout + 2) {
        e.live = false;
        e.resting = true;
        e.rest_since = e.born + kTimeout;
      }
    }
  }

 private:
  bool taken_ = false;
  bool right_ = false;
  std::optional<unsigned> next_vf_;  // announced for the next cycle
};

Request random_request(Random& random, Table& table, unsigned port) {
  Request r{.port = port};
  r.is_mem = port != kOwn && random.percent(85);
  r.wants_data = r.is_mem || random.percent(50);
  r.has_vf = port != kOwn && random.percent(70);
  r.vf = random.below(64);
  r.gen = r.has_vf ? table.generation[device_of(port)][r.vf] : random.below(65536);
  r.low = r.is_mem ? random.below(128) : 0;
  // Not across a 4 KB boundary; how far that is is random as well. No more than 1,024 DW.
  r.bytes = r.is_mem ? std::min(1 + random.below(random.percent(30) ? 4096 : 300), 4096 - r.low % 4) : 4;
  return r;
}

// What a good completer sends next for this entry.
Completion next_completion(Random& random, unsigned tag, const Entry& e) {
  Completion c{.tag = tag};
  if (random.percent(5)) {
    c.status = std::array{1U, kRetry, 4U}[random.below(3)];
    c.data = false;
    c.length = 0;
    c.bytes = e.left;
    return c;
  }
  if (!e.request.is_mem) {
    c.data = e.request.wants_data;
    c.length = c.data ? 1 : 0;
    return c;
  }
  c.bytes = e.left;
  c.low = e.low;
  unsigned bytes = e.left;
  if (random.percent(70)) {
    const unsigned boundary = 64 * (1 + random.below(4)) - e.low % 64;
    bytes = std::min(bytes, boundary);
  }
  c.length = (e.low % 4 + bytes + 3) / 4;
  return c;
}

void storm(uint64_t seed, unsigned rounds) {
  Random random(seed);
  Table t;
  std::array<std::array<unsigned, 64>, kDevices> bumped_at{};
  for (unsigned i = 0; i < rounds && !testing::Test::HasFailure(); ++i) {
    t.age_silently();
    t.model.exp_ready_i = random.percent(80);
    const unsigned what = random.below(100);
    if (what < 40) {
      const unsigned port = random.below(4) == 3 ? kOwn : random.below(kRequesters);
      if (port != kOwn && (t.gone >> port & 1)) continue;
      if (t.may(port))
        t.allocate(random_request(random, t, port));
      else
        ++t.refused_quota;
    } else if (what < 90) {
      const unsigned tag = random.below(kTags);
      const Entry& e = t.entries[tag];
      const unsigned age = t.tick - e.born;
      // Near its time-out it is open who is first, the completion or the walker.
      if (e.live && (age < kTimeout - 1 || age > kTimeout + 2)) {
        Completion c = next_completion(random, tag, e);
        if (random.percent(6)) {
          switch (random.below(5)) {
            case 0: c.bytes = 1 + random.below(4096); break;
            case 1: c.low ^= 1U << random.below(7); break;
            case 2: c.length = 1 + random.below(32); break;
            case 3: c.data = !c.data; break;
            default: c.rid = static_cast<uint16_t>(c.rid ^ 1U << random.below(16));
          }
        }
        const unsigned burst = random.percent(20) ? 2 : 1;  // the second one of a tag waits in the table
        for (unsigned k = 0; k < burst; ++k) t.complete(c);
        if (burst > 1) {
          for (int k = 0; k < 16; ++k) t.step();
        }
      } else if (!e.live && !e.owes_expiry) {
        t.complete({.tag = random.percent(80) ? tag : 64 + random.below(192)});
      }
    } else if (what < 93) {
      // A VF changes hands; between two changes lies a visit of the walker (vfp_generation sees to it).
      for (int k = 0; k < 10; ++k) t.step();
      const unsigned tag = random.below(kTags);
      const Entry& e = t.entries[tag];
      const unsigned vf = e.request.vf;
      const unsigned device = random.below(kDevices);
      if (t.tick >= bumped_at[device][vf] + 3) {
        t.generation[device][vf] = (t.generation[device][vf] + 1) & 0xffff;
        bumped_at[device][vf] = t.tick;
        // Often a completion sees it before the walker does.
        if (e.live && t.tick - e.born < kTimeout - 1) t.complete(next_completion(random, tag, e));
      }
    } else if (what == 93 && t.gone == 0) {
      for (int k = 0; k < 10; ++k) t.step();
      t.gone = 1U << random.below(kRequesters);
      unsigned walks = 0;
      for (int k = 0; k < 2000 && walks < 2; ++k) {
        t.step();
        walks += t.model.walk_done_o;
        t.model.exp_ready_i = 1;
      }
      EXPECT_EQ(walks, 2U);
      for (Entry& e : t.entries) {
        if (e.live && t.is_gone(e)) e.stale = true;
      }
      t.age_silently();
      t.gone = 0;
    } else {
      for (unsigned k = random.below(60); k > 0; --k) t.step();
    }
  }
  t.model.exp_ready_i = 1;
  for (unsigned k = 0; k < kTickCycles * (kTimeout + 3); ++k) t.step();
  t.age_silently();
  for (const Entry& e : t.entries) {
    EXPECT_FALSE(e.live);
    if (e.request.cookie) {
      EXPECT_TRUE(e.answered || e.stale) << "request " << e.request.cookie << " has no end";
    }
  }
  // Everything is free again after the rests: nothing leaked.
  for (unsigned k = 0; k < kTickCycles * (kTimeout + 3); ++k) t.step();
  for (Entry& e : t.entries) e = Entry{};
  for (unsigned port = 0; port < kRequesters; ++port) {
    unsigned given = 0;
    for (; t.may(port) && given < kTags; ++given) t.allocate({.port = port});
    EXPECT_EQ(given, t.quota[port]);
  }
  EXPECT_TRUE(t.may(kOwn));
  if (rounds > 10000) {
    for (int act : {kDrop, kForward, kUr, kCa, kSwallow}) EXPECT_GT(t.acts[act], 20U) << "act " << act;
    EXPECT_GT(t.expired, 20U);
    EXPECT_GT(t.refused_quota, 100U);
  }
}

TEST(Tags, EveryRequestEndsOnceWhateverDeviceAndRequestersDo) {
  for (uint64_t seed = 1; seed <= 4 && !HasFailure(); ++seed) storm(seed, 20000);
}

TEST(Tags, ADeadDeviceCostsARequesterItsQuotaAndNobodyElseTheirs) {
  Table t;
  unsigned got = 0;
  while (t.may(0)) t.allocate({.port = 0}), ++got;
  EXPECT_EQ(got, t.quota[0]);
  for (unsigned port = 1; port < kRequesters; ++port) EXPECT_TRUE(t.may(port));
  EXPECT_TRUE(t.may(kOwn));
  t.allocate({.port = kOwn, .is_mem = false});
  EXPECT_TRUE(t.may(kOwn)) << "while one rests, the bridge has another";
  t.allocate({.port = kOwn, .is_mem = false});
  EXPECT_FALSE(t.may(kOwn)) << "it has two";
}

// At a host's port VF 5 is another one for each device that asks; at a device's port it is one for all hosts.
TEST(Tags, AVfThatChangesHandsTakesTheRequestsOfItsOwnDeviceOnly) {
  Table t;
  std::vector<unsigned> tags;
  for (unsigned port = 0; port < kRequesters; ++port)
    tags.push_back(t.allocate({.port = port, .has_vf = true, .vf = 5}));
  const unsigned changed = kDevices - 1;
  t.generation[changed][5] = 1;
  for (unsigned tag : tags) t.complete({.tag = tag});
  for (int i = 0; i < 10; ++i) t.step();
  const unsigned hit = kDevices == 1 ? kRequesters : 1;
  EXPECT_EQ(t.acts[kUr], hit);
  EXPECT_EQ(t.acts[kForward], kRequesters - hit);
}

TEST(Tags, ATagWhoseTimeCameRestsAsLongAgain) {
  Table t;
  const unsigned tag = t.allocate({.port = kOwn, .is_mem = false});
  t.allocate({.port = kOwn, .is_mem = false});
  const unsigned born = t.tick;
  while (t.expired == 0 && t.tick < born + 20) t.step();
  EXPECT_EQ(t.tick - born, kTimeout);
  // Late: nobody gets it.
  t.complete({.tag = tag, .data = true});
  for (int i = 0; i < 10; ++i) t.step();
  EXPECT_EQ(t.acts[kDrop], 1U);
  while (!t.may(kOwn) && t.tick < born + 40) t.step();
  EXPECT_GE(t.tick - born, 2 * kTimeout);
  EXPECT_LE(t.tick - born, 2 * kTimeout + 2);
}

TEST(Tags, AtALinkThatIsLostEveryRequestEndsAtOnceAndItsTagRests) {
  Table t;
  for (unsigned port = 0; port < kRequesters; ++port) t.allocate({.port = port});
  t.allocate({.port = kOwn, .is_mem = false});
  const unsigned tag = t.allocate({.port = kOwn, .is_mem = false}), born = t.tick;
  t.model.cut_i = 1;
  for (unsigned i = 0; i < 200 && t.tick < born + kTimeout; ++i) t.step();
  EXPECT_EQ(t.expired, kRequesters + 2);
  t.model.cut_i = 0;
  t.complete({.tag = tag, .data = true});  // of before, and late
  for (int i = 0; i < 10; ++i) t.step();
  EXPECT_EQ(t.acts[kDrop], 1U);
  EXPECT_FALSE(t.may(kOwn));
}

TEST(Tags, OneCompletionACycleOfDifferentTags) {
  Table t;
  std::vector<unsigned> tags;
  for (int i = 0; i < 16; ++i) tags.push_back(t.allocate({.port = 1}));
  const unsigned before = t.cycle;
  for (unsigned tag : tags) t.complete({.tag = tag});
  EXPECT_EQ(t.cycle - before, 16U);
  for (int i = 0; i < 10; ++i) t.step();
  EXPECT_EQ(t.acts[kForward], 16U);
}

}  // namespace
