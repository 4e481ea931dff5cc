// SPDX-License-Identifier: Apache-2.0
#include "nic82599/rx.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <bit>

#include "nic82599/link_rate.hpp"

namespace vfpool::nic82599 {

using enum pcie::FlowClass;

namespace {

constexpr std::size_t kPacketBuffer = 512 * 1024;
constexpr std::size_t kQueueShare = kPacketBuffer / 4;  // so that a queue nobody empties leaves room for the others
constexpr std::size_t kPauseAbove = kPacketBuffer / 2, kPauseBelow = kPacketBuffer / 4;
constexpr unsigned kFcs = 4, kTag = 4;
constexpr unsigned kMinFrame = 60, kMaxStandardFrame = 1518;
constexpr unsigned kTurnBudget = 128;  // frames or visits of a queue in a turn, so that sockets are looked at too

// Write-back status and error bits (dword 2) and packet types (dword 0, 15:4).
constexpr std::uint32_t kDone = bit(0), kEop = bit(1), kVlanPresent = bit(3), kL4Checked = bit(5), kIpChecked = bit(6),
                        kFlowMatch = bit(2), kNotUnicastExact = bit(7), kStamped = bit(16), kLoopedBack = bit(18),
                        kL4Error = bit(30), kIpError = bit(31);
constexpr std::uint16_t kTypeIpv4 = 0x10, kTypeIpv4Ext = 0x20, kTypeIpv6 = 0x40, kTypeIpv6Ext = 0x80, kTypeTcp = 0x100,
                        kTypeUdp = 0x200, kTypeSctp = 0x400, kTypeL2 = 0x8000;

// Bits of the ring registers that are fields (8.2.3.8, 8.2.3.11); BSIZEPACKET counts KB.
constexpr std::uint32_t kSrrctlFields = 0x1fc03f1f, kBufferSize = 0x1f, kRscctlFields = 0x0000000d,
                        kDcaRxctrlFields = 0xff00a2e0, kRxdctlFields = reg::kDctlEnable | reg::kRxdctlVme;

// MRQC fields that switch RSS input sets on, and the RSS types they report.
constexpr std::uint32_t kRssTcp4 = bit(16), kRssIp4 = bit(17), kRssIp6 = bit(20), kRssTcp6 = bit(21),
                        kRssUdp4 = bit(22), kRssUdp6 = bit(23);
enum RssType : std::uint8_t {
  kNoHash = 0,
  kTcp4 = 1,
  kIp4 = 2,
  kTcp6 = 3,
  kIp6 = 5,
  kUdp4 = 7,
  kUdp6 = 8,
  kFlowFilter = 0xf
};

bool rss_mode(std::uint32_t mrqc) {
  const unsigned mode = mrqc & 0xf;
  return mode == 1 || mode == 4 || mode == 5 || mode == 0xa || mode == 0xb;
}

}  // namespace

RxEngine::RxEngine(Hardware& hardware)
    : hw_(hardware),
      turn_(hardware.scheduler, [this] { run(); }),
      line_turn_(hardware.scheduler, [this] { ingress(); }),
      retries_(hardware.scheduler, [this](unsigned queue) { retry(queue); }) {
  for (auto& q : queues_) q = std::make_unique<Queue>();
}

// ---- From the wire ----------------------------------------------------------------------------------------------

void RxEngine::from_wire(wire::Frame frame) {
  if (hw_.registers.test(reg::kHlreg0, reg::kHlreg0Loopback)) {
    ++hw_.counters.rx_filtered;
    return;
  }
  take(std::move(frame));
}

void RxEngine::take(wire::Frame frame) {
  if (frame.size() < 14) {
    ++hw_.counters.rx_undersize;
    hw_.statistics.undersize();
    return;
  }
  if (ingress_bytes_ + buffered_ + frame.size() > 2 * kPacketBuffer) {
    ++hw_.counters.rx_buffer_full;
    hw_.statistics.missed();
    return;
  }
  ingress_bytes_ += frame.size();
  ingress_.push_back(std::move(frame));
  line_turn_.ask_at(std::max(line_free_, hw_.scheduler.now()));
  update_pause();
}

// Takes frames off the line at the link's rate.
void RxEngine::ingress() {
  const SimTime now = hw_.scheduler.now();
  line_free_ = std::max(line_free_, now - catch_up(hw_.scheduler));
  unsigned budget = kTurnBudget;
  while (!ingress_.empty() && line_free_ <= now && budget-- > 0) {
    wire::Frame frame = std::move(ingress_.front());
    ingress_.pop_front();
    ingress_bytes_ -= frame.size();
    line_free_ += wire_time(frame.size(), hw_.options.link_mbps);
    accept(std::move(frame));
  }
  if (!ingress_.empty()) line_turn_.ask_at(std::max(line_free_, now));
  update_pause();
}

// Filters of the MAC and of the destination (7.1.1).
void RxEngine::accept(wire::Frame frame) {
  if (!receiving()) {
    ++hw_.counters.rx_filtered;
    return;
  }
  if (frame.size() < kMinFrame) frame.resize(kMinFrame);  // what a sender's MAC would have padded
  auto f = std::make_shared<RxFrame>();
  f->bytes = std::move(frame);
  f->parsed = parse(f->bytes, static_cast<std::uint16_t>(hw_.registers[reg::kVlnctrl]));
  const std::size_t size = f->bytes.size() + kFcs;
  const std::size_t tags = f->parsed.tagged ? kTag : 0;
  const std::size_t limit =
      hw_.registers.test(reg::kHlreg0, reg::kHlreg0Jumbo) ? hw_.registers[reg::kMaxfrs] >> 16 : kMaxStandardFrame;
  if (size > limit + tags) {
    ++hw_.counters.rx_oversize;
    hw_.statistics.oversize();
    hw_.statistics.wire_rx(size, f->parsed.dst, false);
    return;
  }
  if (f->parsed.ethertype == 0x8808 && f->bytes.size() > f->parsed.l3 + 4 && be16(f->bytes.data() + f->parsed.l3) == 1)
    hw_.statistics.pause_seen(be16(f->bytes.data() + f->parsed.l3 + 2) == 0);
  const PoolMask pools = hw_.l2.from_wire(f->parsed);
  hw_.statistics.wire_rx(size, f->parsed.dst, pools != 0);
  if (pools == 0) {
    ++hw_.counters.rx_filtered;
    return;
  }
  ++hw_.counters.rx_frames;
  classify(*f);
  f->stamped = hw_.time_sync.received(f->bytes, f->parsed);
  to_pools(f, pools);
}

void RxEngine::from_switch(wire::Frame frame, const Parsed& parsed, PoolMask pools) {
  if (!receiving()) {
    ++hw_.counters.rx_filtered;
    return;
  }
  auto f = std::make_shared<RxFrame>();
  f->bytes = std::move(frame);
  f->parsed = parsed;
  f->local = true;
  classify(*f);
  if (!hw_.registers.test(reg::kMrqc, reg::kMrqcTxSwitchChecksum)) f->sums = {};
  to_pools(f, pools);
}

// Packet type (7.1.6.2), RSS hash (7.1.2.8) and checksums (7.1.11), once for all copies.
void RxEngine::classify(RxFrame& f) {
  const Parsed& p = f.parsed;
  if (p.ipv4) f.packet_type = p.extensions ? kTypeIpv4Ext | kTypeIpv4 : kTypeIpv4;
  if (p.ipv6) f.packet_type = p.extensions ? kTypeIpv6Ext | kTypeIpv6 : kTypeIpv6;
  if (p.l4 == L4::kTcp) f.packet_type |= kTypeTcp;
  if (p.l4 == L4::kUdp) f.packet_type |= kTypeUdp;
  if (p.l4 == L4::kSctp) f.packet_type |= kTypeSctp;
  for (unsigned i = 0; i < 8 && !p.ipv4 && !p.ipv6; ++i) {
    const std::uint32_t filter = hw_.registers[reg::kEtqf + 4 * i];
    if ((filter & reg::kEtqfEnable) && (filter & 0xffff) == p.ethertype) {
      f.packet_type = static_cast<std::uint16_t>(kTypeL2 | i << 4);
      break;
    }
  }
  f.sums = verify_checksums(f.bytes, p);

  const std::uint32_t mrqc = hw_.registers[reg::kMrqc];
  if (!rss_mode(mrqc) || (!p.ipv4 && !p.ipv6)) return;
  if (key_stale_) {
    std::array<std::uint8_t, 40> key{};
    for (unsigned i = 0; i < 40; ++i)
      key[i] = static_cast<std::uint8_t>(hw_.registers[reg::kRssrk + i / 4 * 4] >> 8 * (i % 4));
    toeplitz_.set_key(key);
    key_stale_ = false;
  }
  std::array<std::uint8_t, 36> input;
  const unsigned addresses = p.ipv4 ? 8 : 32;
  std::copy_n(f.bytes.begin() + p.l3 + (p.ipv4 ? 12 : 8), addresses, input.begin());
  bool ports = false;
  if (p.l4 == L4::kTcp && (mrqc & (p.ipv4 ? kRssTcp4 : kRssTcp6))) {
    f.rss_type = p.ipv4 ? kTcp4 : kTcp6;
    ports = true;
  } else if (p.l4 == L4::kUdp && (mrqc & (p.ipv4 ? kRssUdp4 : kRssUdp6))) {
    f.rss_type = p.ipv4 ? kUdp4 : kUdp6;
    ports = true;
  } else if (mrqc & (p.ipv4 ? kRssIp4 : kRssIp6)) {
    f.rss_type = p.ipv4 ? kIp4 : kIp6;
  } else {
    return;
  }
  if (ports) std::copy_n(f.bytes.begin() + p.l4_at, 4, input.begin() + addresses);
  f.hash = toeplitz_.hash(std::span(input).first(addresses + (ports ? 4 : 0)));
}

// Queue assignment (7.1.2): EtherType filters, Flow Director, RSS.
unsigned RxEngine::pick_queue(RxFrame& f, unsigned pool) {
  if (f.packet_type & kTypeL2) {
    const std::uint32_t steer = hw_.registers[reg::kEtqs + (f.packet_type >> 4 & 7) * 4];
    if (steer & reg::kEtqsQueueEnable) return steer >> 16 & 0x7f;
  }
  if (const auto match = hw_.flow_director.look_up(f.bytes, f.parsed, pool)) {
    if (match->report) f.flow = match;
    return match->queue;
  }
  const unsigned entry = f.hash & 0x7f;
  const unsigned from_table = hw_.registers[reg::kReta + entry / 4 * 4] >> 8 * (entry % 4) & 0xf;
  const bool hashed = f.rss_type != kNoHash;
  const unsigned per_pool = hw_.l2.queues_per_pool();
  if (per_pool == kQueues) return hashed ? from_table : 0;
  const unsigned bits = hw_.registers[reg::kPsrtype + 4 * pool] >> 29;
  const unsigned inside = hashed ? from_table & ((1U << bits) - 1) & (per_pool - 1) : 0;
  return pool * per_pool + inside;
}

// One copy for each pool (7.10.3.3).
void RxEngine::to_pools(const std::shared_ptr<RxFrame>& f, PoolMask pools) {
  const bool vt = hw_.l2.vt_enabled() && hw_.l2.queues_per_pool() != kQueues;
  for (PoolMask left = pools; left != 0; left &= left - 1) {
    const auto pool = static_cast<unsigned>(std::countr_zero(left));
    if (vt && !hw_.l2.rx_enabled(pool)) {
      ++hw_.counters.rx_queue_off;
      continue;
    }
    const unsigned queue = pick_queue(*f, vt ? pool : 0);
    if (queue < kQueues) enqueue(queue, f);
  }
}

// ---- Queues -----------------------------------------------------------------------------------------------------

std::size_t RxEngine::buffer_size(const Queue& q) const { return (q.srrctl & kBufferSize) * 1024; }

std::size_t RxEngine::stored_size(const Queue& q, const RxFrame& f) const {
  const bool strip = f.parsed.tagged && (hides_vlan(q) || (q.dctl & reg::kRxdctlVme));
  return f.bytes.size() - (strip ? kTag : 0) + (hw_.registers.test(reg::kHlreg0, reg::kHlreg0CrcStrip) ? 0 : kFcs);
}

unsigned RxEngine::needed(const Queue& q, const RxFrame& f) const {
  const std::size_t buffer = buffer_size(q);
  return buffer == 0 ? 0 : static_cast<unsigned>((stored_size(q, f) + buffer - 1) / buffer);
}

void RxEngine::enqueue(unsigned queue, const std::shared_ptr<RxFrame>& f) {
  Queue& q = *queues_[queue];
  if (!q.enabled()) {
    ++hw_.counters.rx_queue_off;
    return;
  }
  const unsigned need = needed(q, *f);
  if (need == 0 || need > kCache || need >= q.count()) {
    ++hw_.counters.rx_unusable_buffers;
    hw_.statistics.queue_drop(queue);
    return;
  }
  if (q.drop_enable || (q.srrctl & reg::kSrrctlDropEnable)) {
    const unsigned available =
        q.usable() && !q.stalled ? q.distance(q.fetch_next % q.count(), q.tail) + q.cached : q.cached;
    if (available < q.fifo_descriptors + need) {
      ++hw_.counters.rx_no_descriptor;
      hw_.statistics.queue_drop(queue);
      return;
    }
  }
  if (buffered_ + f->bytes.size() > kPacketBuffer || q.fifo_bytes + f->bytes.size() > kQueueShare) {
    ++hw_.counters.rx_buffer_full;
    hw_.statistics.missed();
    hw_.interrupts.raise_other(reg::kCauseRxMiss);
    return;
  }
  buffered_ += f->bytes.size();
  q.fifo_bytes += f->bytes.size();
  q.fifo_descriptors += need;
  q.fifo.push_back(f);
  active_.set(queue);
  turn_.ask();
}

void RxEngine::run() {
  unsigned budget = kTurnBudget;
  QueueSet blocked;
  while (budget-- > 0) {
    const unsigned queue = active_.without(blocked).next(next_);
    if (queue == kQueues) break;
    next_ = queue + 1;
    if (!serve(queue)) blocked.set(queue);
  }
  for (unsigned queue = blocked.next(0); queue != kQueues; blocked.clear(queue), queue = blocked.next(0)) {
    if (!hw_.room(kPosted)) continue;  // resume() comes back to it
    active_.clear(queue);
  }
  if (active_.any() && budget + 1 == 0) turn_.ask();
  update_pause();
}

// Stores what can be stored for a queue. False: nothing more until an event (fetch done, tail written, resume).
bool RxEngine::serve(unsigned queue) {
  Queue& q = *queues_[queue];
  const FunctionId fn = hw_.owner(queue);
  bool stored = false;
  for (unsigned n = 0; n < kFetch && !q.fifo.empty() && q.enabled(); ++n) {
    if (!hw_.room(kPosted)) break;
    const std::shared_ptr<RxFrame> f = q.fifo.front();
    const unsigned need = needed(q, *f);  // SRRCTL may have been rewritten meanwhile
    if (need == 0 || need > kCache) {
      ++hw_.counters.rx_unusable_buffers;
    } else if (need > q.cached) {
      break;
    } else {
      store(queue, q, *f, fn);
      stored = true;
    }
    q.fifo.pop_front();
    q.fifo_descriptors -= std::min(q.fifo_descriptors, need);
    if (q.fifo.empty()) q.fifo_descriptors = 0;
    buffered_ -= f->bytes.size();
    q.fifo_bytes -= f->bytes.size();
  }
  q.write_back.flush(hw_.dma);
  if (stored) hw_.raise(queue, Direction::kRx);
  const unsigned before = q.cached;
  fetch(queue, q);
  if (q.fifo.empty()) {
    active_.clear(queue);
    return true;
  }
  return (stored || q.cached > before) && hw_.room(kPosted);
}

// Writes one frame and its descriptors (7.1.4 to 7.1.6, 7.1.8).
void RxEngine::store(unsigned queue, Queue& q, const RxFrame& f, FunctionId fn) {
  const Parsed& p = f.parsed;
  const bool hidden = p.tagged && hides_vlan(q);
  const bool strip = hidden || (p.tagged && (q.dctl & reg::kRxdctlVme));
  Bytes bytes = f.bytes;
  const bool with_fcs = !hw_.registers.test(reg::kHlreg0, reg::kHlreg0CrcStrip);
  if (strip || with_fcs) {
    scratch_.assign(f.bytes.begin(), f.bytes.end());
    if (strip) scratch_.erase(scratch_.begin() + 12, scratch_.begin() + 12 + kTag);
    if (with_fcs) {
      const std::uint32_t fcs = crc32_ethernet(f.bytes);
      for (unsigned i = 0; i < kFcs; ++i) scratch_.push_back(static_cast<std::uint8_t>(fcs >> 8 * i));
    }
    bytes = scratch_;
  }

  std::uint32_t status = kDone;
  if (p.tagged && !hidden) status |= kVlanPresent;
  if (f.local) status |= kLoopedBack;
  if (is_multicast(p.dst)) status |= kNotUnicastExact;
  if (f.flow) status |= kFlowMatch;
  if (f.stamped) status |= kStamped;
  if (f.sums.ip_checked) status |= kIpChecked | (f.sums.ip_bad ? kIpError : 0);
  if (f.sums.l4_checked) status |= kL4Checked | (f.sums.l4_bad ? kL4Error : 0);
  const bool hash = hw_.registers.test(reg::kRxcsum, reg::kRxcsumPcsd);
  const std::uint32_t vlan = p.tagged && !hidden ? static_cast<std::uint32_t>(p.tci) << 16 : 0;
  const bool legacy = (q.srrctl >> 25 & 7) == 0;

  const std::size_t buffer = buffer_size(q);
  std::size_t at = 0;
  do {
    Descriptor& d = q.cache[q.cache_at];
    const std::size_t here = std::min(buffer, bytes.size() - at);
    hw_.dma.write(fn, qword(d, 0), bytes.subspan(at, here));
    at += here;
    const bool last = at == bytes.size();
    Descriptor out{};
    if (legacy) {
      out = d;
      set_dword(out, 2, static_cast<std::uint32_t>(here));
      set_dword(out, 3,
                (status & 0xff) | (last ? kEop : 0) | (status & kL4Error ? bit(14) : 0) |
                    (status & kIpError ? bit(15) : 0) | vlan);
    } else {
      const std::uint32_t type = f.flow ? std::uint32_t{kFlowFilter} : f.rss_type;
      set_dword(out, 0, static_cast<std::uint32_t>(f.packet_type) | (hash ? type : 0U));
      set_dword(out, 1, !hash ? 0 : f.flow ? f.flow->id : f.hash);
      set_dword(out, 2, last ? status | kEop : kDone);
      set_dword(out, 3, static_cast<std::uint32_t>(here) | vlan);
    }
    q.write_back.add(hw_.dma, fn, q.base(), q.head, out);
    q.head = (q.head + 1) % q.count();
    q.cache_at = (q.cache_at + 1) % kCache;
    --q.cached;
  } while (at < bytes.size());

  hw_.statistics.queue_rx(queue, bytes.size());
  if (fn != 0) hw_.statistics.vf_rx(fn - 1, bytes.size(), is_multicast(p.dst));
}

// Reads descriptors ahead (7.1.7).
void RxEngine::fetch(unsigned queue, Queue& q) {
  if (!q.enabled() || q.fetching || q.stalled || q.cached > kCache - kFetch || !receiving()) return;
  if (!q.usable()) {
    if (q.count() == 0) return;  // not set up yet
    q.stalled = true;
    if (++hw_.counters.bad_ring <= kMostWarnings)
      spdlog::warn("{}: rx queue {} has tail {} in a ring of {}", hw_.options.name, queue, q.tail, q.count());
    return;
  }
  const unsigned n = std::min({kFetch, q.distance(q.fetch_next, q.tail), q.count() - q.fetch_next});
  if (n == 0) return;
  q.fetching = true;
  const FunctionId fn = hw_.owner(queue);
  hw_.dma.read(fn, q.base() + q.fetch_next * kDescriptorSize, n * kDescriptorSize,
               [this, queue, n, generation = q.generation](bool ok, std::span<const std::uint8_t> data) {
                 Queue& r = *queues_[queue];
                 if (generation != r.generation) {
                   --r.old_fetches;
                   return;
                 }
                 r.fetching = false;
                 if (!ok || data.size() != n * kDescriptorSize) {
                   r.stalled = true;
                   retries_.failed(queue);
                   if (++hw_.counters.dma_read_errors <= kMostWarnings)
                     spdlog::warn("{}: rx queue {} cannot read its descriptors", hw_.options.name, queue);
                   return;
                 }
                 for (unsigned i = 0; i < n; ++i)
                   std::copy_n(data.data() + i * kDescriptorSize, kDescriptorSize,
                               r.cache[(r.cache_at + r.cached + i) % kCache].begin());
                 retries_.forget(queue);
                 r.cached += n;
                 r.fetch_next = (r.fetch_next + n) % r.count();
                 active_.set(queue);
                 turn_.ask();
               });
}

void RxEngine::retry(unsigned queue) {
  queues_[queue]->stalled = false;
  active_.set(queue);
  turn_.ask();
}

void RxEngine::enable(Queue& q) {
  q.fetch_next = q.count() == 0 ? 0 : q.head % q.count();
  q.head = q.fetch_next;
  q.cached = q.cache_at = 0;
  q.stalled = false;
}

void RxEngine::clear_fifo(Queue& q) {
  for (const auto& f : q.fifo) buffered_ -= f->bytes.size();
  q.fifo.clear();
  q.fifo_bytes = 0;
  q.fifo_descriptors = 0;
}

// Ends a queue's activity: what was read ahead is forgotten, a fetch on its way is ignored when it comes.
void RxEngine::stop(Queue& q) {
  ++q.generation;
  if (q.fetching) ++q.old_fetches;
  q.fetching = false;
  q.cached = 0;
  q.write_back.drop();
  clear_fifo(q);
}

// ---- Registers --------------------------------------------------------------------------------------------------

std::optional<std::uint32_t> RxEngine::read(unsigned queue, unsigned place) const {
  const Queue& q = *queues_[queue];
  switch (place) {
    case reg::kRingSrrctl: return q.srrctl;
    // ENABLE reads 1 until DMA on behalf of the queue has ended.
    case reg::kRingDctl: return q.dctl | (q.old_fetches > 0 ? reg::kDctlEnable : 0);
    case reg::kRingRsc: return q.rsc;
    default: return q.Ring::read(place);
  }
}

bool RxEngine::write(unsigned queue, unsigned place, std::uint32_t value) {
  Queue& q = *queues_[queue];
  switch (place) {
    case reg::kRingLen:
      if ((value & reg::kRingLenMask) != q.len && q.enabled()) stop(q);  // indices of the old ring mean nothing
      q.len = value & reg::kRingLenMask;
      if (q.enabled()) enable(q);
      return true;
    case reg::kRingSrrctl: q.srrctl = value & kSrrctlFields; return true;
    case reg::kRingTail:
      q.tail = value & 0xffff;
      q.stalled = false;
      if (q.enabled()) {
        active_.set(queue);
        turn_.ask();
      }
      return true;
    case reg::kRingDctl: {
      const bool was = q.enabled();
      q.dctl = value & kRxdctlFields;
      if (was && !q.enabled()) stop(q);
      if (!was && q.enabled()) {
        enable(q);
        active_.set(queue);
        turn_.ask();
      }
      return true;
    }
    case reg::kRingRsc: q.rsc = value & kRscctlFields; return true;
    default: return q.Ring::write(place, value, kDcaRxctrlFields);
  }
}

// QDE (8.2.3.27): one register for all queues.
void RxEngine::write_qde(std::uint32_t value) {
  Queue& q = *queues_[value >> 8 & 0x7f];
  if (value & bit(16)) {
    q.drop_enable = value & bit(0);
    q.hide_vlan = value & bit(1);
  }
  qde_ = (value & 0x7f00) | (q.drop_enable ? bit(0) : 0) | (q.hide_vlan ? bit(1) : 0);
}

void RxEngine::key_changed() { key_stale_ = true; }

void RxEngine::resume() {
  for (unsigned i = 0; i < kQueues; ++i)
    if (queues_[i]->enabled()) active_.set(i);
  if (active_.any()) turn_.ask();
}

void RxEngine::reset() {
  for (unsigned i = 0; i < kQueues; ++i) reset_pool(i, 1, false);
  for (auto& q : queues_) q->drop_enable = q->hide_vlan = false;
  active_.clear();
  qde_ = 0;
  key_stale_ = true;
  ingress_.clear();
  ingress_bytes_ = 0;
  update_pause();
}

void RxEngine::reset_pool(unsigned first_queue, unsigned count, bool keep_rings) {
  for (unsigned i = first_queue; i < first_queue + count && i < kQueues; ++i) {
    Queue& q = *queues_[i];
    stop(q);
    if (keep_rings) {
      if (q.enabled()) enable(q);
      continue;
    }
    static_cast<Ring&>(q) = Ring{};
    q.srrctl = q.rsc = 0;
    q.stalled = false;
  }
}

void RxEngine::forget_prefetched() {
  for (auto& q : queues_) {
    stop(*q);
    if (q->enabled()) enable(*q);
  }
}

void RxEngine::update_pause() {
  const std::size_t held = buffered_ + ingress_bytes_;
  const bool want = paused_ ? held > kPauseBelow : held > kPauseAbove;
  if (want == paused_) return;
  paused_ = want;
  if (wire_ != nullptr) wire_->set_paused(want);
}

std::string RxEngine::state() const {
  std::string out;
  for (unsigned i = 0; i < kQueues; ++i) {
    const Queue& q = *queues_[i];
    if (!q.enabled()) continue;
    out += fmt::format("  rx queue {} (function {}): head {} tail {} of {}, {} prefetched, {} frames waiting{}{}\n", i,
                       hw_.owner(i), q.head, q.tail, q.count(), q.cached, q.fifo.size(), q.fetching ? ", fetching" : "",
                       q.stalled ? ", STALLED" : "");
  }
  return out;
}

}  // namespace vfpool::nic82599
