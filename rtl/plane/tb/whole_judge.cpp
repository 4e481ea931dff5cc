// SPDX-License-Identifier: Apache-2.0
// Whether what leaves the data plane is what somebody sent to where it leaves, under the assignment of then.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "whole.hpp"

namespace whole {

// It left for who had the VF at the time of `epoch`: that must have been so until now, but for what was on its way.
void Whole::check_epoch(const Expected& e, unsigned epoch) {
  if (e.vf < 0) return;
  const Vf& vf = vfs[static_cast<unsigned>(e.vf)];
  if (vf.epoch == epoch || vf.changing) return;
  EXPECT_LE(cycle, vf.changed + kOnTheWay) << "a packet of a former assignment leaves";
  EXPECT_EQ(vf.epoch, epoch + 1) << "a packet of an assignment long ago leaves";
}

// A packet may wait at its link while its VF changes hands: then it is what it is under a later assignment. Tells
// which; of several that look the same the last one.
std::optional<unsigned> Whole::assignment_of(const Expected& e, unsigned p, const Tlp& t) const {
  if (e.vf < 0) return e.to == p && e.address == t.address() ? std::optional(0U) : std::nullopt;
  const unsigned v = static_cast<unsigned>(e.vf);
  for (unsigned epoch = vfs[v].epoch + 1; epoch-- > e.epoch;) {
    const Vf& vf = was[v][epoch];
    if (!is_host(e.from)) {
      if (vf.host == p && vf.id == t.hdr[1] >> 16 && e.address == t.address()) return epoch;
      continue;
    }
    for (unsigned w : {0U, 1U}) {
      const uint64_t bytes = uint64_t{4096} << vf.size[w];
      if (vf.host == e.from && p == e.to && e.sent - vf.user[w] < bytes &&
          t.address() == vf.card[w] + (e.sent - vf.user[w]))
        return epoch;
    }
  }
  return std::nullopt;
}

void Whole::check_request(unsigned p, const Tlp& t, const Expected& e) {
  const auto epoch = assignment_of(e, p, t);
  ASSERT_TRUE(epoch) << fmt::format("an access of port {} to {:x} is not for {:x} of port {}", e.from, e.sent,
                                    t.address(), p);
  ASSERT_EQ(t.far(), (t.address() >> 32) != 0) << "format and address";
  if (!is_host(p) || e.vf < 0) {
    ASSERT_EQ(t.hdr[1] >> 16, e.rid) << "requester at port " << p;
  }
  ASSERT_EQ(t.hdr[1] & 0xff, t.len() > 1 ? 0xffU : 0x0fU) << "byte enables";
  check_epoch(e, *epoch);
}

void Whole::on_write(unsigned p, const Tlp& t) {
  const auto row = std::find_if(posted_.begin(), posted_.end(), [&](const auto& r) { return r.count(t.data.at(0)); });
  ASSERT_NE(row, posted_.end()) << "a write of nobody at port " << p;
  const Expected e = row->at(t.data[0]);
  row->erase(t.data[0]);
  ASSERT_EQ(t.data, e.data);
  check_request(p, t, e);
  uint64_t& last = last_posted_[{e.from, p}];
  EXPECT_GT(e.number, last) << "order of writes from port " << e.from;
  last = e.number;
}

bool Whole::still_asked(const Expected& e) const {
  const auto at = links[e.from].asked.find({e.ask_rid, e.ask_tag});
  return at != links[e.from].asked.end() && at->second.number == e.number;
}

void Whole::on_read(unsigned p, const Tlp& t) {
  // Of those that look the same, one whose asker still waits; when its link was down, nobody may.
  std::optional<Expected> found;
  for (const bool waited_for : {true, false}) {
    for (auto& row : reads_) {
      const auto at = std::find_if(row.begin(), row.end(), [&](const Expected& e) {
        return e.len == t.len() && still_asked(e) == waited_for && assignment_of(e, p, t);
      });
      if (found || at == row.end()) continue;
      found = *at;
      row.erase(at);
    }
  }
  ASSERT_TRUE(found) << fmt::format("a read of {:x} that is not for port {}", t.address(), p);
  const Expected& e = *found;
  check_request(p, t, e);
  // Its completions, split where the specification lets them be.
  std::deque<Tlp> parts;
  uint64_t address = t.address();
  const uint64_t end = address + 4 * t.len();
  while (address < end) {
    uint64_t next = std::min<uint64_t>(end, (address / 128 + 1) * 128);
    if (random_.percent(30)) next = std::min<uint64_t>(end, (address / 64 + 1) * 64);
    Tlp c;
    const unsigned dws = static_cast<unsigned>(next - address) / 4;
    c.hdr = {0x4a000000U | dws, port_id(p) << 16 | (static_cast<uint32_t>(end - address) & 0xfff),
             (t.hdr[1] & 0xffffff00U) | (static_cast<uint32_t>(address) & 0x7f), 0};
    for (; address < next; address += 4) c.data.push_back(content(address));
    parts.push_back(c);
  }
  links[p].answers.push_back(std::move(parts));
  from_[{e.from, e.ask_rid, e.ask_tag}] = t.address();
}

void Whole::on_completion(unsigned p, const Tlp& t) {
  Link& link = links[p];
  const unsigned rid = t.hdr[2] >> 16, tag = t.hdr[2] >> 8 & 0xff, status = t.hdr[1] >> 13 & 7, cid = t.hdr[1] >> 16;
  const auto at = link.asked.find({rid, tag});
  ASSERT_NE(at, link.asked.end()) << fmt::format("a completion that port {} does not wait for: {:x}.{:x}", p, rid, tag);
  Asked& asked = at->second;
  const unsigned bytes = (t.hdr[1] & 0xfff) ? t.hdr[1] & 0xfff : 4096;
  // An error ends the request, whatever of its data ended at the exit with a former assignment.
  if (status == 0 || !asked.maybe_refused) {
    EXPECT_EQ(bytes, asked.left) << "byte count";
  }
  if (status != 0) {
    EXPECT_EQ(status, 1U);
    EXPECT_TRUE(asked.refused || asked.maybe_refused)
        << fmt::format("port {}'s read of {:x} is refused", p, asked.address);
    ++link.urs;
    link.refused_by[{rid, tag}] = cid;
    link.asked.erase(at);
    return;
  }
  ASSERT_FALSE(asked.refused) << "data from nowhere";
  if (asked.cid != 0 && !asked.maybe_refused) {
    EXPECT_EQ(cid, asked.cid) << "completer as its asker knows it";
  }
  const unsigned got = 4 * t.len();
  ASSERT_LE(got, asked.left);
  if (asked.local) {
    EXPECT_EQ(t.data[0], content(tag));
  } else {
    EXPECT_EQ(t.hdr[2] & 0x7f, asked.address & 0x7f) << "lower address";
    const uint64_t far_address = from_.at({p, rid, tag});
    const uint64_t begun = asked.begun;
    for (unsigned i = 0; i < t.len(); ++i) ASSERT_EQ(t.data[i], content(far_address + begun + 4 * i));
  }
  asked.begun += got;
  asked.address += got;
  asked.left -= got;
  if (asked.left == 0) {
    ++link.done;
    link.asked.erase(at);
  }
}

}  // namespace whole
