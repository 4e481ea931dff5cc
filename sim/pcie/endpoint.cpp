// SPDX-License-Identifier: Apache-2.0
#include "pcie/endpoint.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "core/turn.hpp"
#include "pcie/tlp_queue.hpp"

namespace vfpool::pcie {
namespace {

constexpr unsigned kTags = 64, kTagsWithoutExtended = 32;
constexpr unsigned kPage = 4096;
constexpr unsigned kMostWarnings = 20;  // of a kind; counters go on

}  // namespace

struct Endpoint::Impl : DmaPort {
  // A read of the model: one or more requests on the link.
  struct ReadOperation {
    FunctionId fn = 0;
    std::vector<std::uint8_t> data;
    ReadDone done;
    unsigned open = 0;  // requests not finished
    bool failed = false;
  };
  struct PendingRead {
    std::shared_ptr<ReadOperation> operation;
    std::uint64_t address = 0;
    unsigned offset = 0, size = 0;  // part of the operation's data
  };
  struct Outstanding {
    PendingRead read;
    Bdf requester;
    unsigned filled = 0;
    std::uint64_t serial = 0;
  };
  Endpoint& self;
  Scheduler& scheduler;
  TlpSink& link;
  Options options;
  Counters counters;
  Device* device = nullptr;
  unsigned express_at = 0;  // the PF's PCI Express capability
  unsigned bus = 0;         // captured from configuration writes (2.2.6.2)
  TlpQueue out;
  std::array<std::optional<Outstanding>, kTags> outstanding;
  std::deque<PendingRead> waiting;
  std::deque<std::shared_ptr<ReadOperation>> refused;  // to be told so, outside the caller's stack
  unsigned in_flight = 0, next_tag = 0;
  std::uint64_t next_serial = 0;
  struct Deadline {
    SimTime when;
    unsigned tag;
    std::uint64_t serial;
  };
  std::deque<Deadline> deadlines;  // in order: all requests have the same time-out
  mutable Refusals refused_device, refused_link;
  Scheduler::TimerId timeout = 0;
  Turn flush_turn, wake_turn, refuse_turn;

  Impl(Endpoint& e, Scheduler& s, TlpSink& l, Options o)
      : self(e),
        scheduler(s),
        link(l),
        options(o),
        flush_turn(s, [this] { flush(); }),
        wake_turn(s, [this] { wake_device(); }),
        refuse_turn(s, [this] {
          for (auto all = std::exchange(refused, {}); !all.empty(); all.pop_front()) part_done(all.front());
        }) {
    link.on_room([this] { flush(); });
  }
  ~Impl() override {
    link.on_room({});
    scheduler.cancel(timeout);
  }

  // ---- Sending --------------------------------------------------------------------------------------------------

  // Packets leave in a turn of their own, or when the link has room again: a neighbour is never called from inside
  // deliver().
  void send(Tlp tlp) {
    out.push(std::move(tlp));
    flush_turn.ask();
  }

  void flush() {
    while (auto tlp = out.pop(room_of(link))) {
      if (tlp->flow_class() == FlowClass::kNonPosted) start_timeout(tlp->tag());
      link.deliver(std::move(*tlp));
    }
    watch_deadlines();
    const auto has_room = [this](FlowClass) { return completions() <= options.most_completions / 2; };
    if (refused_link.end_if(has_room)) self.room_is_back();
    wake_device();
  }

  std::size_t completions() const { return out.size(FlowClass::kCompletion); }
  std::size_t posted() const { return out.size(FlowClass::kPosted); }

  void wake_device() {
    const auto has_room = [this](FlowClass cls) {
      return cls == FlowClass::kPosted ? posted() <= options.most_posted / 2 : waiting.size() <= options.most_reads / 2;
    };
    if (refused_device.end_if(has_room)) room_is_back();
  }

  // DmaPort.
  bool room(FlowClass cls) const override {
    if (cls == FlowClass::kPosted ? posted() < options.most_posted : waiting.size() < options.most_reads) return true;
    return refused_device.add(cls);
  }
  // The link's sender. Posted packets and completions need nothing of us that could be short.
  bool room_for_link(FlowClass cls) const {
    if (cls != FlowClass::kNonPosted || completions() < options.most_completions) return true;
    return refused_link.add(cls);
  }

  Bdf pf_id() const { return Bdf(bus, 0, 0); }
  Bdf id_of(FunctionId fn) const { return Bdf(static_cast<std::uint16_t>(pf_id().raw + device->rid_offset(fn))); }

  std::uint16_t device_control() const { return device->config(0).get16(express_at + express::kDeviceControl); }
  unsigned max_payload() const { return std::min(128U << (device_control() >> 5 & 7), 512U); }
  unsigned max_read_request() const { return std::min(128U << (device_control() >> 12 & 7), kPage); }

  // ---- DMA ------------------------------------------------------------------------------------------------------

  void read(FunctionId fn, std::uint64_t address, std::size_t size, ReadDone done) override {
    auto operation = std::make_shared<ReadOperation>();
    operation->fn = fn;
    operation->done = std::move(done);
    if (!device->bus_master(fn) || size == 0) {
      ++counters.blocked_no_bus_master;
      operation->failed = true;
      operation->open = 1;
      refused.push_back(std::move(operation));
      refuse_turn.ask();
      return;
    }
    operation->data.resize(size);
    for (unsigned at = 0; at < size;) {
      const unsigned here = std::min({static_cast<unsigned>(size) - at, max_read_request(),
                                      kPage - static_cast<unsigned>((address + at) % kPage)});
      waiting.push_back({operation, address + at, at, here});
      ++operation->open;
      at += here;
    }
    issue();
  }

  void part_done(const std::shared_ptr<ReadOperation>& operation) {
    if (--operation->open > 0) return;
    const ReadDone done = std::move(operation->done);
    if (operation->failed)
      done(false, {});
    else
      done(true, operation->data);
  }

  unsigned tag_limit() const { return device_control() & express::kExtendedTagEnable ? kTags : kTagsWithoutExtended; }

  void issue() {
    const unsigned limit = tag_limit();
    while (!waiting.empty() && in_flight < limit) {
      PendingRead r = std::move(waiting.front());
      waiting.pop_front();
      if (r.operation->failed ||
          !device->bus_master(r.operation->fn)) {  // an earlier part failed, or bus mastering was taken
        r.operation->failed = true;
        part_done(r.operation);
        continue;
      }
      unsigned tried = 0;
      while (tried < limit && outstanding[next_tag % limit]) ++tried, ++next_tag;
      if (tried == limit) {
        waiting.push_front(std::move(r));
        break;
      }
      const unsigned tag = next_tag++ % limit;
      const Bdf requester = id_of(r.operation->fn);
      ++counters.reads_out;
      ++in_flight;
      send(mem_read(requester, static_cast<std::uint8_t>(tag), r.address, r.size));
      outstanding[tag] = Outstanding{std::move(r), requester, 0, ++next_serial};
    }
    if (!refused_device.empty()) wake_turn.ask();
  }

  // From when the request leaves (2.8); unless Completion Timeout Disable is set (7.8.16).
  void start_timeout(unsigned tag) {
    const bool disabled = device->config(0).get16(express_at + express::kDeviceControl2) & express::kTimeoutDisable;
    if (disabled || !outstanding[tag]) return;  // a forged completion has ended it already
    deadlines.push_back({scheduler.running() + options.completion_timeout, tag, outstanding[tag]->serial});
  }

  void watch_deadlines() {
    if (timeout != 0 || deadlines.empty()) return;
    timeout = scheduler.timeout_after(deadlines.front().when - scheduler.running(), [this] {
      timeout = 0;
      expire();
    });
  }

  void expire() {
    const SimTime now = scheduler.running();
    while (!deadlines.empty() && (!is_live(deadlines.front()) || deadlines.front().when <= now)) {
      const Deadline d = deadlines.front();
      deadlines.pop_front();
      if (!is_live(d)) continue;
      const auto& o = outstanding[d.tag];
      if (++counters.timeouts <= kMostWarnings)
        spdlog::warn("{}: no completion for a read of {} at 0x{:x}", device->name(), o->requester.str(),
                     o->read.address);
      finish(d.tag, false);
    }
    watch_deadlines();
  }

  void finish(unsigned tag, bool ok) {
    const std::shared_ptr<ReadOperation> operation = std::move(outstanding[tag]->read.operation);
    outstanding[tag].reset();
    --in_flight;
    if (!ok) operation->failed = true;
    part_done(operation);
    issue();
    while (!deadlines.empty() && !is_live(deadlines.front())) deadlines.pop_front();
  }
  bool is_live(const Deadline& d) const { return outstanding[d.tag] && outstanding[d.tag]->serial == d.serial; }

  void write(FunctionId fn, std::uint64_t address, std::span<const std::uint8_t> data) override {
    if (!device->bus_master(fn)) {
      ++counters.blocked_no_bus_master;
      return;
    }
    const unsigned limit = max_payload();
    while (!data.empty()) {
      const std::size_t here =
          std::min<std::size_t>({data.size(), limit - address % 4, kPage - static_cast<std::size_t>(address % kPage)});
      ++counters.writes_out;
      send(mem_write(id_of(fn), address, data.first(here)));
      address += here;
      data = data.subspan(here);
    }
  }

  void message(FunctionId fn, unsigned, std::uint64_t address, std::uint32_t data) override {
    if (!device->bus_master(fn)) {
      ++counters.blocked_no_bus_master;
      return;
    }
    ++counters.messages_out;
    std::array<std::uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &data, 4);
    Tlp tlp = mem_write(id_of(fn), address & ~3ULL, bytes);
    // While writes pile up, a message that still waits becomes this one, behind all writes that it now speaks for.
    if (posted() >= options.most_posted) out.remove_posted(tlp);
    send(std::move(tlp));
  }

  // ---- Completions ----------------------------------------------------------------------------------------------

  void completion_in(const Tlp& tlp) {
    const unsigned tag = tlp.tag();
    if (tag >= kTags || !outstanding[tag] || outstanding[tag]->requester != tlp.requester()) {
      if (++counters.unexpected_completions <= kMostWarnings)
        spdlog::warn("{}: unexpected completion {}", device->name(), tlp.str());
      return;
    }
    ++counters.completions_in;
    Outstanding& o = *outstanding[tag];
    if (tlp.status() != CplStatus::kSuccess || tlp.poisoned() || !tlp.has_data()) {
      ++counters.completion_errors;
      return finish(tag, false);
    }
    const std::size_t lead = tlp.lower_address() & 3;
    const unsigned left = o.read.size - o.filled;
    // Byte Count is what is still to come, this packet included; it and the start must be what was asked for.
    if (tlp.data.size() < lead || tlp.byte_count() != left || lead != ((o.read.address + o.filled) & 3)) {
      if (++counters.malformed_in <= kMostWarnings)
        spdlog::warn("{}: completion does not fit its request: {}", device->name(), tlp.str());
      return finish(tag, false);
    }
    const auto here = static_cast<unsigned>(std::min<std::size_t>(tlp.data.size() - lead, left));
    std::copy_n(tlp.data.begin() + static_cast<std::ptrdiff_t>(lead), here,
                o.read.operation->data.begin() + o.read.offset + o.filled);
    o.filled += here;
    if (o.filled == o.read.size) finish(tag, true);
  }

  // ---- Requests -------------------------------------------------------------------------------------------------

  void unsupported(const Tlp& request) {
    ++counters.unsupported_in;
    if (request.flow_class() == FlowClass::kNonPosted) send(completion(request, pf_id(), CplStatus::kUnsupported));
  }

  // A request to a function whose reset does not end is lost in it.
  bool ignores(FunctionId fn) {
    if (device->stuck(fn)) ++counters.unanswered_in;
    return device->stuck(fn);
  }

  void config_in(const Tlp& tlp) {
    const TlpKind kind = tlp.kind();
    const bool type0 = kind == TlpKind::kCfgRead0 || kind == TlpKind::kCfgWrite0;
    const bool is_write = kind == TlpKind::kCfgWrite0 || kind == TlpKind::kCfgWrite1;
    const Bdf target = tlp.cfg_target();
    // Type 0: the bus is ours whatever its number, and a write tells us. Type 1: a bus behind, where VFs lie.
    const unsigned base = type0 ? target.bus() << 8 : static_cast<unsigned>(pf_id().raw);
    const auto fn = target.raw >= base ? device->function_at(target.raw - base) : std::nullopt;
    if (!fn) return unsupported(tlp);
    if (ignores(*fn)) return;
    ++counters.config_in;
    if (type0 && is_write) bus = target.bus();
    const Bdf completer(static_cast<std::uint16_t>(base + device->rid_offset(*fn)));
    ConfigSpace& space = device->config(*fn);
    const unsigned reg = tlp.cfg_register(), be = tlp.first_be();
    if (!is_write) {
      const std::uint32_t value = space.read(reg, 4);
      std::array<std::uint8_t, 4> bytes;
      std::memcpy(bytes.data(), &value, 4);
      // The whole DW travels; byte enables say what the asker looks at.
      Tlp whole = tlp;
      whole.hdr[1] |= 0xf;
      for (Tlp& c : completions_with_data(whole, completer, bytes, max_payload(), options.rcb)) send(std::move(c));
      return;
    }
    // Runs of enabled bytes, so that a write of one byte does not touch its neighbours.
    for (unsigned at = 0; at < 4;) {
      if (!(be >> at & 1)) {
        ++at;
        continue;
      }
      unsigned size = 0;
      std::uint32_t value = 0;
      while (at + size < 4 && (be >> (at + size) & 1)) {
        value |= static_cast<std::uint32_t>(tlp.data[at + size]) << 8 * size;
        ++size;
      }
      space.write(reg + at, value, size);
      at += size;
    }
    send(completion(tlp, completer, CplStatus::kSuccess));
    issue();  // bus mastering may have ended: reads that wait for a tag fail now
  }

  void memory_read_in(const Tlp& tlp) {
    const auto target = device->find_bar(tlp.address(), tlp.length_dw() * 4);
    if (!target) return unsupported(tlp);
    if (ignores(target->fn)) return;
    ++counters.reads_in;
    const unsigned size = byte_length(tlp);
    std::vector<std::uint8_t> whole(tlp.length_dw() * 4);
    if (tlp.first_be() != 0)  // a zero-length read touches no register
      for (unsigned i = 0; i < whole.size(); i += 4) {
        const std::uint32_t value = device->read32(target->fn, target->bar, target->offset + i);
        std::memcpy(whole.data() + i, &value, 4);
      }
    const auto lead = static_cast<std::size_t>(first_byte(tlp) & 3);
    for (Tlp& c : completions_with_data(tlp, id_of(target->fn), std::span(whole).subspan(lead, size), max_payload(),
                                        options.rcb))
      send(std::move(c));
  }

  void memory_write_in(const Tlp& tlp) {
    const auto target = device->find_bar(tlp.address(), tlp.length_dw() * 4);
    if (!target || tlp.poisoned()) return unsupported(tlp);
    if (ignores(target->fn)) return;
    ++counters.writes_in;
    const unsigned dws = tlp.length_dw();
    for (unsigned i = 0; i < dws; ++i) {
      const unsigned be = i == 0 ? tlp.first_be() : i + 1 == dws ? tlp.last_be() : 0xf;
      if (be == 0) continue;
      if (be != 0xf) {  // registers are 32 bits wide; a part of one cannot be written
        if (++counters.partial_writes == 1)
          spdlog::warn("{}: partial register write dropped: {}", device->name(), tlp.str());
        continue;
      }
      std::uint32_t value;
      std::memcpy(&value, tlp.data.data() + 4 * i, 4);
      device->write32(target->fn, target->bar, target->offset + 4 * i, value);
    }
  }

  void deliver(const Tlp& tlp) {
    if (const auto why = malformed(tlp)) {
      if (++counters.malformed_in <= kMostWarnings) spdlog::warn("{}: malformed packet: {}", device->name(), *why);
      return;
    }
    switch (tlp.kind()) {
      case TlpKind::kCpl:
      case TlpKind::kCplData: return completion_in(tlp);
      case TlpKind::kCfgRead0:
      case TlpKind::kCfgRead1:
      case TlpKind::kCfgWrite0:
      case TlpKind::kCfgWrite1: return config_in(tlp);
      case TlpKind::kMemRead: return memory_read_in(tlp);
      case TlpKind::kMemWrite: return memory_write_in(tlp);
      case TlpKind::kMsg:
      case TlpKind::kMsgData: return;  // power limits and the like
      default: return unsupported(tlp);
    }
  }
};

Endpoint::Endpoint(Scheduler& scheduler, TlpSink& link) : Endpoint(scheduler, link, Options{}) {}

Endpoint::Endpoint(Scheduler& scheduler, TlpSink& link, Options options)
    : impl_(std::make_unique<Impl>(*this, scheduler, link, options)) {}

Endpoint::~Endpoint() = default;

DmaPort& Endpoint::dma() { return *impl_; }

void Endpoint::plug(Device& device) {
  impl_->device = &device;
  impl_->express_at = device.config(0).capability(cfg::kCapPcie);
}

bool Endpoint::room(FlowClass cls) const { return impl_->room_for_link(cls); }
void Endpoint::deliver(Tlp tlp) { impl_->deliver(tlp); }
const Endpoint::Counters& Endpoint::counters() const { return impl_->counters; }

std::string Endpoint::state() const {
  const Counters& c = impl_->counters;
  const TlpQueue& out = impl_->out;
  std::string text = fmt::format(
      "  link: bus {:02x}, {} reads out, {} waiting for a tag; waiting for the link: {} posted, {} non-posted, {} "
      "completions\n",
      impl_->bus, impl_->in_flight, impl_->waiting.size(), out.size(FlowClass::kPosted),
      out.size(FlowClass::kNonPosted), out.size(FlowClass::kCompletion));
  text += fmt::format(
      "  in: config {} reads {} writes {} unsupported {} malformed {} partial {} unanswered {}; out: reads {} writes "
      "{} "
      "messages {}; completions {} unexpected {} errors {} time-outs {}; blocked without bus master {}\n",
      c.config_in, c.reads_in, c.writes_in, c.unsupported_in, c.malformed_in, c.partial_writes, c.unanswered_in,
      c.reads_out, c.writes_out, c.messages_out, c.completions_in, c.unexpected_completions, c.completion_errors,
      c.timeouts, c.blocked_no_bus_master);
  return text;
}

}  // namespace vfpool::pcie
