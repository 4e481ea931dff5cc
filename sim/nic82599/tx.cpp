// SPDX-License-Identifier: Apache-2.0
#include "nic82599/tx.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "nic82599/link_rate.hpp"

namespace vfpool::nic82599 {

using enum pcie::FlowClass;

namespace {

// Fields of dword 2 of a descriptor.
constexpr std::uint32_t kStamp = bit(19), kEop = bit(24), kInsertChecksum = bit(26), kReport = bit(27),
                        kExtended = bit(29), kVlan = bit(30), kSegment = bit(31);
constexpr unsigned kTypeContext = 2, kTypeData = 3;
// dword 3 of a data descriptor.
constexpr std::uint32_t kIpChecksum = bit(8), kL4Checksum = bit(9), kIpsec = bit(10), kDone = bit(0);

// Bits of the ring registers that are fields (8.2.3.9 to 8.2.3.11).
constexpr std::uint32_t kTxdctlFields = reg::kDctlEnable | 0x007f7f7f, kDcaTxctrlFields = 0xff002a20,
                        kRttbcnrcFields = reg::kRateEnable | 0x00ffffff;

constexpr unsigned kMostDescriptors = 256;      // of a packet; hardware allows 40 and drivers fewer
constexpr std::size_t kMostData = 256 * 1024;   // PAYLEN has 18 bits
constexpr std::size_t kMostWhole = 15872;       // largest frame that is sent unsegmented
constexpr std::size_t kHeldAhead = 128 * 1024;  // gathered bytes of a queue before it stops reading ahead
constexpr unsigned kPacketsAhead = 64;
constexpr unsigned kReadSize = 4096;
constexpr std::size_t kLocalBurst = 32 * 1024;
constexpr unsigned kVisitBudget = 256, kFrameBudget = 256;

// A context descriptor (7.2.3.2.3).
TxContext context_of(const Descriptor& d) {
  TxContext c;
  const std::uint32_t lengths = dword(d, 0), type = dword(d, 2), sizes = dword(d, 3);
  c.vlan = static_cast<std::uint16_t>(lengths >> 16);
  c.mac_len = lengths >> 9 & 0x7f;
  c.ip_len = lengths & 0x1ff;
  c.ipv4 = type & 0x400;
  c.l4 = (type >> 11 & 3) == 0   ? L4::kUdp
         : (type >> 11 & 3) == 1 ? L4::kTcp
         : (type >> 11 & 3) == 2 ? L4::kSctp
                                 : L4::kNone;
  c.l4_len = sizes >> 8 & 0xff;
  c.mss = sizes >> 16;
  return c;
}

}  // namespace

TxEngine::TxEngine(Hardware& hardware, RxEngine& rx)
    : hw_(hardware),
      rx_(rx),
      turn_(hardware.scheduler, [this] { run(); }),
      line_turn_(hardware.scheduler, [this] { transmit(); }),
      retries_(hardware.scheduler, [this](unsigned queue) { retry(queue); }) {
  for (auto& q : queues_) q = std::make_unique<Queue>();
}

// Transmit enable of the queue's pool.
bool TxEngine::allowed(unsigned queue) const {
  if (!hw_.l2.vt_enabled() || hw_.l2.queues_per_pool() == kQueues) return true;
  const unsigned pool = hw_.pool(queue);
  return pool < kPools && hw_.l2.tx_enabled(pool);
}

// ---- Descriptors and data ---------------------------------------------------------------------------------------

void TxEngine::run() {
  unsigned budget = kVisitBudget;
  while (budget > 0) {
    const unsigned queue = active_.next(next_);
    if (queue == kQueues) break;
    next_ = queue + 1;
    active_.clear(queue);
    if (serve(queue)) active_.set(queue);
    --budget;
  }
  if (active_.any()) turn_.ask();
  transmit();
}

// True while the queue can go on at once.
bool TxEngine::serve(unsigned queue) {
  Queue& q = *queues_[queue];
  if (!q.enabled() || !sending() || !allowed(queue)) return false;
  const unsigned before = q.cached;
  parse_descriptors(queue, q);
  fetch(queue, q);
  offer(queue, q);
  return q.cached != before && q.cached > 0 && q.held < kHeldAhead && q.packets.size() < kPacketsAhead;
}

// Reads descriptors ahead (7.2.3.3).
void TxEngine::fetch(unsigned queue, Queue& q) {
  if (q.fetching || q.stalled || q.cached > kCache - kFetch) return;
  if (!q.usable()) {
    if (q.count() == 0) return;  // not set up yet
    q.stalled = true;
    if (++hw_.counters.bad_ring <= kMostWarnings)
      spdlog::warn("{}: tx queue {} has tail {} in a ring of {}", hw_.options.name, queue, q.tail, q.count());
    return;
  }
  const unsigned n = std::min({kFetch, q.distance(q.fetch_next, q.tail), q.count() - q.fetch_next});
  if (n == 0) return;
  q.fetching = true;
  ++q.reads;
  hw_.dma.read(hw_.owner(queue), q.base() + q.fetch_next * kDescriptorSize, n * kDescriptorSize,
               [this, queue, n, generation = q.generation](bool ok, std::span<const std::uint8_t> data) {
                 Queue& r = *queues_[queue];
                 if (generation != r.generation) {
                   --r.old_reads;
                   return;
                 }
                 r.fetching = false;
                 --r.reads;
                 if (!ok || data.size() != n * kDescriptorSize) {
                   r.stalled = true;
                   retries_.failed(queue);
                   if (++hw_.counters.dma_read_errors <= kMostWarnings)
                     spdlog::warn("{}: tx queue {} cannot read its descriptors", hw_.options.name, queue);
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

void TxEngine::parse_descriptors(unsigned queue, Queue& q) {
  for (unsigned n = 0; n < kFetch && q.cached > 0; ++n) {
    const bool growing = !q.packets.empty() && !q.packets.back()->complete;
    if (!growing && (q.held >= kHeldAhead || q.packets.size() >= kPacketsAhead)) break;
    if (!hw_.room(kNonPosted) || !hw_.room(kPosted)) break;
    const Descriptor d = q.cache[q.cache_at];
    q.cache_at = (q.cache_at + 1) % kCache;
    --q.cached;
    parse_one(queue, q, d);
    q.parse_next = (q.parse_next + 1) % q.count();
  }
}

// Legacy, context and data descriptors (7.2.3.2).
void TxEngine::parse_one(unsigned queue, Queue& q, const Descriptor& d) {
  const std::uint32_t command = dword(d, 2), info = dword(d, 3);
  const bool extended = command & kExtended;
  const unsigned type = command >> 20 & 0xf;
  const bool growing = !q.packets.empty() && !q.packets.back()->complete;
  if (extended && type == kTypeContext) {
    q.context[info >> 4 & 1] = context_of(d);
    if (!growing && q.packets.empty()) q.head = (q.parse_next + 1) % q.count();
    if (!growing && !q.packets.empty()) q.packets.back()->end = (q.parse_next + 1) % q.count();
    return;
  }
  if (!growing) {
    auto fresh = std::make_shared<Packet>();
    TxOffload& o = fresh->offload;
    o.insert_vlan = command & kVlan;
    if (extended) {
      o.context = q.context[info >> 4 & 1];
      o.segment = command & kSegment;
      fresh->stamp = command & kStamp;
      o.ip_checksum = info & kIpChecksum;
      o.l4_checksum = info & kL4Checksum;
      if (type != kTypeData || (info & kIpsec)) fresh->bad = true;
    } else {
      o.context.vlan = static_cast<std::uint16_t>(info >> 16);
      o.legacy_checksum = command & kInsertChecksum;
      o.cso = command >> 16 & 0xff;
      o.css = info >> 8 & 0xff;
    }
    q.packets.push_back(std::move(fresh));
  }
  const std::shared_ptr<Packet> p = q.packets.back();
  const unsigned size = command & 0xffff;
  if (++p->descriptors > kMostDescriptors || p->data.size() + size > kMostData) p->bad = true;
  p->end = (q.parse_next + 1) % q.count();
  if (command & kReport) p->report.push_back(static_cast<std::uint16_t>(q.parse_next));
  if (command & kEop) p->complete = true;
  if (!p->bad && size > 0) gather(queue, q, p, qword(d, 0), size);
  // A packet that will not be sent holds no more than its list of descriptors to report.
  if (p->bad) {
    q.held -= std::exchange(p->data, {}).size();
    if (p->report.size() > kMostDescriptors) p->report.erase(p->report.begin());
  }
}

void TxEngine::gather(unsigned queue, Queue& q, const std::shared_ptr<Packet>& p, std::uint64_t address,
                      unsigned size) {
  const FunctionId fn = hw_.owner(queue);
  std::size_t at = p->data.size();
  p->data.resize(at + size);
  q.held += size;
  while (size > 0) {
    const unsigned here = std::min(size, kReadSize);
    ++p->reads;
    ++q.reads;
    hw_.dma.read(fn, address, here,
                 [this, queue, p, at, here, generation = q.generation](bool ok, std::span<const std::uint8_t> data) {
                   Queue& r = *queues_[queue];
                   --p->reads;
                   if (generation != r.generation) {
                     --r.old_reads;
                     return;
                   }
                   --r.reads;
                   if (!ok || data.size() != here) {
                     if (++hw_.counters.dma_read_errors <= kMostWarnings)
                       spdlog::warn("{}: tx queue {} cannot read a frame", hw_.options.name, queue);
                     p->bad = true;
                   } else if (!p->bad) {
                     std::copy(data.begin(), data.end(), p->data.begin() + static_cast<std::ptrdiff_t>(at));
                   }
                   if (p->reads == 0 && p->complete) {
                     active_.set(queue);
                     turn_.ask();
                   }
                 });
    at += here;
    address += here;
    size -= here;
  }
}

// ---- Frames -----------------------------------------------------------------------------------------------------

// Offers the oldest packet to the arbiter; packets that must not be sent are finished here.
void TxEngine::offer(unsigned queue, Queue& q) {
  while (!q.packets.empty() && q.packets.front()->complete && q.packets.front()->reads == 0) {
    Packet& p = *q.packets.front();
    if (p.started) return;
    if (p.bad || !prepare(queue, p)) {
      if (p.bad) ++hw_.counters.tx_bad_descriptors;
      finish(queue, q);
      continue;
    }
    p.started = true;
    ready_.set(queue);
    p.to_wire ? needs_wire_.set(queue) : needs_wire_.clear(queue);
    p.local != 0 ? needs_local_.set(queue) : needs_local_.clear(queue);
    line_turn_.ask();
    return;
  }
  flush(queue, q);
}

// Checks, tags (7.4) and routes (7.10.3.4) a gathered packet. False: it is dropped.
bool TxEngine::prepare(unsigned queue, Packet& p) {
  TxOffload& o = p.offload;
  const std::size_t tag = o.insert_vlan ? 4 : 0;
  if (!offload_fits(o, p.data) || (!o.segment && p.data.size() > kMostWhole) ||
      (o.segment && o.context.mac_len + o.context.ip_len + o.context.l4_len + o.context.mss > kMostWhole)) {
    p.bad = true;
    return false;
  }
  const bool pools = hw_.l2.vt_enabled() && hw_.l2.queues_per_pool() != kQueues;
  const unsigned pool = pools ? hw_.pool(queue) : 0;
  const FunctionId fn = hw_.owner(queue);
  if (!o.segment) insert_checksums(o, p.data);
  const auto vlan_type = static_cast<std::uint16_t>(hw_.registers[reg::kVlnctrl]);
  std::optional<std::uint16_t> tci;
  const std::uint32_t vmvir = pools ? hw_.registers[reg::kVmvir + 4 * pool] : 0;
  if (vmvir & reg::kVmvirAlways)
    tci = static_cast<std::uint16_t>(vmvir);
  else if (tag != 0 && !(vmvir & reg::kVmvirNever))
    tci = o.context.vlan;
  if (tci) {
    insert_vlan(p.data, vlan_type, *tci);
    o.context.mac_len += 4;
  }
  p.segments = segment_count(o, p.data.size());
  p.parsed = parse(p.data, vlan_type);
  if (hw_.registers.test(reg::kHlreg0, reg::kHlreg0Loopback)) {
    p.to_wire = true;  // emit() turns it round
    return true;
  }
  const L2Switch::TxDecision d = hw_.l2.from_pool(pool, fn != 0, p.parsed);
  if (d.spoofed) {
    ++hw_.counters.tx_spoofed;
    if (hw_.registers[reg::kVmecm + pool / 32 * 4] >> pool % 32 & 1) hw_.statistics.spoofed();
    return false;
  }
  p.to_wire = d.wire;
  p.local = d.local;
  return true;
}

// The arbiter: two-level round robin, pools first.
unsigned TxEngine::pick(const QueueSet& candidates) {
  const unsigned per_pool = hw_.l2.queues_per_pool();
  if (per_pool == kQueues) {
    const unsigned q = candidates.next(last_in_pool_[0] + 1);
    last_in_pool_[0] = q;
    return q;
  }
  const unsigned first = candidates.next((last_pool_ + 1) * per_pool % kQueues);
  const unsigned pool = first / per_pool;
  last_pool_ = pool;
  unsigned inside = last_in_pool_[pool];
  for (unsigned i = 0; i < per_pool; ++i) {
    inside = (inside + 1) % per_pool;
    if (candidates.test(pool * per_pool + inside)) break;
  }
  last_in_pool_[pool] = inside;
  return pool * per_pool + inside;
}

void TxEngine::transmit() {
  const SimTime now = hw_.scheduler.now(), floor = now - catch_up(hw_.scheduler);
  wire_free_ = std::max(wire_free_, floor);
  local_free_ = std::max(local_free_, floor);
  unsigned budget = kFrameBudget;
  SimTime wake = SimTime::max();
  QueueSet limited;
  while (ready_.any()) {
    if (budget == 0) {
      wake = now;
      break;
    }
    QueueSet candidates = ready_.without(limited);
    if (wire_free_ > now) {
      candidates = candidates.without(needs_wire_);
      wake = std::min(wake, wire_free_);
    }
    // A local copy is one more DMA write: while the bus is congested it waits here (resume() comes back) and not in
    // the receive buffer, where it would be lost.
    const bool congested = !hw_.room(kPosted);
    if (local_free_ > now || congested) candidates = candidates.without(needs_local_);
    if (local_free_ > now) wake = std::min(wake, local_free_);
    if (!candidates.any()) break;
    const unsigned queue = pick(candidates);
    Queue& q = *queues_[queue];
    if (q.free_at > now) {
      limited.set(queue);
      wake = std::min(wake, q.free_at);
      continue;
    }
    --budget;
    emit(queue, q);
    if (rx_.buffered() > kLocalBurst) rx_.run();  // so that congestion of the bus shows before the buffer is full
  }
  for (unsigned queue = flush_.next(0); queue != kQueues; queue = flush_.next(0)) {
    flush_.clear(queue);
    if (!may_report_later(*queues_[queue])) flush(queue, *queues_[queue]);
  }
  if (ready_.any() && wake != SimTime::max()) line_turn_.ask_at(wake);
}

// Sends one Ethernet frame of the queue's oldest packet.
void TxEngine::emit(unsigned queue, Queue& q) {
  Packet& p = *q.packets.front();
  Bytes frame = p.data;
  if (p.offload.segment) {
    const std::uint32_t low = hw_.registers[reg::kTcpFlagsLow];
    const TcpFlagMasks masks{static_cast<std::uint16_t>(low & 0xfff), static_cast<std::uint16_t>(low >> 16 & 0xfff),
                             static_cast<std::uint16_t>(hw_.registers[reg::kTcpFlagsHigh] & 0xfff)};
    make_segment(p.offload, p.data, p.segment, masks, scratch_);
    frame = scratch_;
  } else if (p.data.size() < kMinWireFrame && hw_.registers.test(reg::kHlreg0, reg::kHlreg0TxPad)) {
    p.data.resize(kMinWireFrame);
    frame = p.data;
  }
  const bool loopback = hw_.registers.test(reg::kHlreg0, reg::kHlreg0Loopback);
  const FunctionId fn = hw_.owner(queue);
  hw_.statistics.queue_tx(queue, frame.size());
  if (fn != 0) hw_.statistics.vf_tx(fn - 1, frame.size());
  if (q.rate & reg::kRateEnable) {
    // Rate factor: link rate over the queue's rate, 10.14 fixed point.
    const std::int64_t factor = std::max<std::int64_t>(q.rate & 0xffffff, 1 << 14);
    const SimTime base = wire_time(frame.size(), hw_.options.link_mbps);
    q.free_at =
        std::max(q.free_at, hw_.scheduler.now() - catch_up(hw_.scheduler)) + SimTime{(base.count() * factor) >> 14};
  }
  if (p.to_wire) {
    ++hw_.counters.tx_frames;
    wire_free_ += wire_time(frame.size(), hw_.options.link_mbps);
    hw_.statistics.wire_tx(frame.size() + 4, p.parsed.dst);
    if (loopback)
      rx_.from_loopback(wire::Frame(frame.begin(), frame.end()));
    else if (wire_ != nullptr && wire_->link_up())
      wire_->send(frame);
    if (p.stamp) hw_.time_sync.sent();
  }
  if (p.local != 0) {
    ++hw_.counters.tx_local;
    local_free_ += wire_time(frame.size(), hw_.options.internal_mbps);
    const bool segmented = p.offload.segment;
    const auto vlan_type = static_cast<std::uint16_t>(hw_.registers[reg::kVlnctrl]);
    rx_.from_switch(wire::Frame(frame.begin(), frame.end()), segmented ? parse(frame, vlan_type) : p.parsed, p.local);
  }
  if (++p.segment < p.segments) return;
  finish(queue, q);
  offer(queue, q);
  active_.set(queue);  // room for reading ahead
  turn_.ask();
}

// The oldest packet is done with: report it (7.2.3.5).
void TxEngine::finish(unsigned queue, Queue& q) {
  const std::shared_ptr<Packet> p = std::move(q.packets.front());
  q.packets.pop_front();
  q.held = q.packets.empty() ? 0 : q.held - std::min(q.held, p->data.size());
  ready_.clear(queue);
  q.head = p->end;
  const FunctionId fn = hw_.owner(queue);
  for (const std::uint16_t index : p->report) {
    q.cause = true;
    if (q.wbal & 1) continue;
    Descriptor d{};
    set_dword(d, 3, kDone);
    q.write_back.add(hw_.dma, fn, q.base(), index, d);
  }
  if (q.cause) flush_.set(queue);
}

// Write-backs gather up to WTHRESH as long as another frame is about to leave; its end brings them along.
bool TxEngine::may_report_later(const Queue& q) const {
  if (q.wbal & 1) return false;
  return q.write_back.count() < (q.dctl >> 16 & 0x7f) && !q.packets.empty() && q.packets.front()->started;
}

void TxEngine::flush(unsigned queue, Queue& q) {
  if (!q.cause) return;
  q.cause = false;
  q.write_back.flush(hw_.dma);
  if (q.wbal & 1) {  // head write-back instead of descriptors
    const std::uint32_t head = q.head;
    std::array<std::uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &head, 4);
    hw_.dma.write(hw_.owner(queue), static_cast<std::uint64_t>(q.wbah) << 32 | (q.wbal & ~3U), bytes);
  }
  hw_.raise(queue, Direction::kTx);
}

void TxEngine::retry(unsigned queue) {
  queues_[queue]->stalled = false;
  active_.set(queue);
  turn_.ask();
}

void TxEngine::enable(Queue& q) {
  q.fetch_next = q.parse_next = q.count() == 0 ? 0 : q.head % q.count();
  q.head = q.fetch_next;
  q.cached = q.cache_at = 0;
  q.stalled = false;
}

void TxEngine::stop(unsigned queue, Queue& q) {
  ++q.generation;
  q.old_reads += std::exchange(q.reads, 0);
  q.fetching = false;
  q.cached = 0;
  q.packets.clear();
  q.held = 0;
  q.write_back.drop();
  q.cause = false;
  ready_.clear(queue);
  active_.clear(queue);
  flush_.clear(queue);
}

// ---- Registers --------------------------------------------------------------------------------------------------

std::optional<std::uint32_t> TxEngine::read(unsigned queue, unsigned place) const {
  const Queue& q = *queues_[queue];
  switch (place) {
    case reg::kRingDctl: return q.dctl | (q.old_reads > 0 ? reg::kDctlEnable : 0);
    case reg::kRingWbal: return q.wbal;
    case reg::kRingWbah: return q.wbah;
    default: return q.Ring::read(place);
  }
}

bool TxEngine::write(unsigned queue, unsigned place, std::uint32_t value) {
  Queue& q = *queues_[queue];
  switch (place) {
    case reg::kRingLen:
      if ((value & reg::kRingLenMask) != q.len && q.enabled()) stop(queue, q);
      q.len = value & reg::kRingLenMask;
      if (q.enabled()) enable(q);
      return true;
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
      if (value & reg::kDctlFlush) flush(queue, q);
      q.dctl = value & kTxdctlFields;
      if (was && !q.enabled()) stop(queue, q);
      if (!was && q.enabled()) {
        enable(q);
        active_.set(queue);
        turn_.ask();
      }
      return true;
    }
    case reg::kRingWbal: q.wbal = value; return true;
    case reg::kRingWbah: q.wbah = value; return true;
    default: return q.Ring::write(place, value, kDcaTxctrlFields);
  }
}

void TxEngine::write_rate(unsigned queue, std::uint32_t value) {
  queues_[queue]->rate = value & kRttbcnrcFields;
  queues_[queue]->free_at = SimTime{0};
  if (ready_.any()) line_turn_.ask();
}

void TxEngine::resume() {
  for (unsigned i = 0; i < kQueues; ++i)
    if (queues_[i]->enabled()) active_.set(i);
  if (active_.any() || ready_.any()) turn_.ask();  // run() ends with transmit()
}

void TxEngine::reset() {
  for (unsigned i = 0; i < kQueues; ++i) {
    reset_pool(i, 1, false);
    queues_[i]->rate = 0;
    queues_[i]->free_at = SimTime{0};
  }
}

void TxEngine::reset_pool(unsigned first_queue, unsigned count, bool keep_rings) {
  for (unsigned i = first_queue; i < first_queue + count && i < kQueues; ++i) {
    Queue& q = *queues_[i];
    stop(i, q);
    q.context.fill({});
    if (keep_rings) {
      if (q.enabled()) enable(q);
      continue;
    }
    static_cast<Ring&>(q) = Ring{};
    q.wbal = q.wbah = 0;
    q.stalled = false;
  }
}

void TxEngine::forget_prefetched() {
  for (unsigned i = 0; i < kQueues; ++i) {
    stop(i, *queues_[i]);
    if (queues_[i]->enabled()) enable(*queues_[i]);
  }
}

std::string TxEngine::state() const {
  std::string out;
  for (unsigned i = 0; i < kQueues; ++i) {
    const Queue& q = *queues_[i];
    if (!q.enabled()) continue;
    out +=
        fmt::format("  tx queue {} (function {}): head {} tail {} of {}, {} prefetched, {} packets, {} reads out{}{}\n",
                    i, hw_.owner(i), q.head, q.tail, q.count(), q.cached, q.packets.size(), q.reads,
                    q.fetching ? ", fetching" : "", q.stalled ? ", STALLED" : "");
  }
  return out;
}

}  // namespace vfpool::nic82599
