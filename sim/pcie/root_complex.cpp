// SPDX-License-Identifier: Apache-2.0
#include "pcie/root_complex.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "pcie/config_space.hpp"
#include "pcie/tlp_queue.hpp"

namespace vfpool::pcie {
namespace {

constexpr unsigned kRootTags = 32;  // 5-bit tags: no Extended Tag needed on any path (2.2.6.2)
constexpr Bdf kRootComplexId{0, 0, 0};
constexpr unsigned kPortExpress = 0x40;                      // the root port's PCI Express capability
constexpr unsigned kLinkControl = 0x10, kLinkStatus = 0x12;  // in it
constexpr std::uint16_t kLinkDisable = 0x0010, kLinkActive = 0x2000, kSecondaryBusReset = 0x0040;
constexpr std::size_t kPostedAhead = 16;      // packets of a server's writes in front of the link
constexpr std::size_t kMostCompletions = 64;  // in front of the link, before reads from below are held back
constexpr std::array<std::uint8_t, 4096> all_ones() {
  std::array<std::uint8_t, 4096> a{};
  a.fill(0xff);
  return a;
}
constexpr auto kAllOnes = all_ones();

bool is_message_address(std::uint64_t address) { return address >> 20 == 0xfee; }

}  // namespace

struct RootComplex::Impl {
  struct Request {
    Tlp tlp;
    ReadDone read_done;  // one of the two is set
    WriteDone write_done;
    unsigned size = 0;  // bytes asked for
    std::vector<std::uint8_t> data{};
    unsigned filled = 0;
    Scheduler::TimerId timer = 0;
  };

  RootComplex& self;
  Scheduler& scheduler;
  HostMemory& memory;
  TlpSink& below;
  Options options;
  Counters counters;
  ConfigSpace port;
  TlpQueue out;                               // waits for the link
  std::deque<std::function<void()>> writers;  // wait for room in it
  mutable Refusals refused;
  bool link_down = false;  // by software
  std::array<std::optional<Request>, kRootTags> outstanding;
  std::deque<Request> waiting;
  unsigned next_tag = 0;

  Impl(RootComplex& rc, Scheduler& s, HostMemory& m, TlpSink& b, Options o)
      : self(rc), scheduler(s), memory(m), below(b), options(std::move(o)) {
    below.on_room([this] { flush(); });
    memory.on_room([this] { tell_room(); });
    port.type1_header(options.vendor, options.device, 0x04, false);
    port.add_power_management(0x80, 0, false, true);
    port.add_pcie(kPortExpress, {.type = 4, .max_payload = options.max_payload});
    port.add_extended(0x000d, 1, 0x100);  // ACS: peers below stay apart unless software says otherwise
    port.init16(0x104, 0x001d);
    port.init16(0x106, 0, 0x001d);
    port.on_write(cfg::kBridgeControl, 2, [this] { link_changed(); });
    port.on_write(kPortExpress + kLinkControl, 2, [this] { link_changed(); });
  }

  // As set in Device Control of the root port (7.8.4).
  unsigned max_payload() const {
    return std::min(128U << (port.get16(kPortExpress + express::kDeviceControl) >> 5 & 7), options.max_payload);
  }

  ~Impl() {
    below.on_room({});
    memory.on_room({});
    for (const auto& o : outstanding)
      if (o && o->timer != 0) scheduler.cancel(o->timer);
  }

  // 7.5.3.6, 7.8.7. Data Link Layer Link Active follows (7.8.8).
  void link_changed() {
    const bool down =
        port.get16(cfg::kBridgeControl) & kSecondaryBusReset || port.get16(kPortExpress + kLinkControl) & kLinkDisable;
    if (down == link_down) return;
    link_down = down;
    const unsigned status = kPortExpress + kLinkStatus;
    port.set16(status, static_cast<std::uint16_t>(port.get16(status) ^ kLinkActive));
    if (options.link) options.link(!down);
  }

  // ---- The link -------------------------------------------------------------------------------------------------

  void send(Tlp tlp) {
    if (out.empty() && below.room(tlp.flow_class())) return to_link(std::move(tlp));
    out.push(std::move(tlp));
    drain();
  }
  void drain() {
    while (auto tlp = out.pop(room_of(below))) to_link(std::move(*tlp));
  }
  void to_link(Tlp tlp) {
    if (tlp.flow_class() == FlowClass::kNonPosted) start_timeout(tlp.tag());
    below.deliver(std::move(tlp));
  }

  void flush() {
    drain();
    tell_room();
    // The last thing done here: what a writer does next may switch this root complex off.
    while (!writers.empty() && out.size(FlowClass::kPosted) < kPostedAhead) {
      const auto taken = std::move(writers.front());
      writers.pop_front();
      const bool last = writers.empty();
      taken();
      if (last) return;
    }
  }

  bool has_room(FlowClass cls) const {
    switch (cls) {
      case FlowClass::kPosted: return memory.room(cls);
      case FlowClass::kNonPosted: return out.size(FlowClass::kCompletion) < kMostCompletions;
      case FlowClass::kCompletion: break;
    }
    return true;
  }
  void tell_room() {
    if (refused.end_if([this](FlowClass cls) { return has_room(cls); })) self.room_is_back();
  }

  Bdf port_id() const { return Bdf(0, options.root_port_device, 0); }
  unsigned secondary() const { return port.get8(cfg::kSecondaryBus); }
  unsigned subordinate() const { return port.get8(cfg::kSubordinateBus); }

  bool in_windows(std::uint64_t address, std::uint64_t size) const {
    if (!(port.get16(cfg::kCommand) & cfg::kMemoryEnable) || size == 0) return false;
    const std::uint64_t last = address + size - 1;
    const std::uint64_t base = static_cast<std::uint64_t>(port.get16(cfg::kMemoryBase) & 0xfff0) << 16;
    const std::uint64_t limit = static_cast<std::uint64_t>(port.get16(cfg::kMemoryBase + 2) & 0xfff0) << 16 | 0xfffff;
    if (address >= base && last <= limit && base <= limit) return true;
    const std::uint64_t pbase = static_cast<std::uint64_t>(port.get32(cfg::kPrefetchBaseUpper)) << 32 |
                                static_cast<std::uint64_t>(port.get16(cfg::kPrefetchBase) & 0xfff0) << 16;
    const std::uint64_t plimit = static_cast<std::uint64_t>(port.get32(cfg::kPrefetchLimitUpper)) << 32 |
                                 static_cast<std::uint64_t>(port.get16(cfg::kPrefetchBase + 2) & 0xfff0) << 16 |
                                 0xfffff;
    return address >= pbase && last <= plimit && pbase <= plimit;
  }

  void start(Request request) {
    if (std::none_of(outstanding.begin(), outstanding.end(), [](const auto& o) { return !o; }) || !waiting.empty()) {
      waiting.push_back(std::move(request));
      return;
    }
    issue(std::move(request));
  }

  void issue(Request request) {
    while (outstanding[next_tag]) next_tag = (next_tag + 1) % kRootTags;
    const unsigned tag = next_tag;
    next_tag = (next_tag + 1) % kRootTags;
    request.tlp.set_tag(static_cast<std::uint8_t>(tag));
    ++counters.requests_out;
    Tlp tlp = request.tlp;
    outstanding[tag] = std::move(request);
    send(std::move(tlp));
  }

  // From when the request leaves (2.8); unless Completion Timeout Disable is set.
  void start_timeout(unsigned tag) {
    const bool disabled = port.get16(kPortExpress + express::kDeviceControl2) & express::kTimeoutDisable;
    if (disabled || !outstanding[tag]) return;  // a forged completion has ended it already
    outstanding[tag]->timer = scheduler.timeout_after(options.completion_timeout, [this, tag] {
      ++counters.timeouts;
      spdlog::warn("{}: no completion for {}", options.name, outstanding[tag]->tlp.str());
      outstanding[tag]->timer = 0;
      finish(tag, CplStatus::kAbort);
    });
  }

  void finish(unsigned tag, CplStatus status) {
    Request r = std::move(*outstanding[tag]);
    outstanding[tag].reset();
    if (r.timer != 0) scheduler.cancel(r.timer);
    if (!waiting.empty()) {
      Request next = std::move(waiting.front());
      waiting.pop_front();
      issue(std::move(next));
    }
    if (r.write_done) r.write_done(status);
    if (!r.read_done) return;
    if (status == CplStatus::kSuccess)
      r.read_done(status, r.data);
    else
      r.read_done(status, std::span(kAllOnes).first(r.size));
  }

  void completion_in(const Tlp& tlp) {
    const unsigned tag = tlp.tag();
    if (tlp.requester() != kRootComplexId || tag >= kRootTags || !outstanding[tag]) {
      ++counters.unexpected_completions;
      spdlog::warn("{}: unexpected completion {}", options.name, tlp.str());
      return;
    }
    ++counters.completions_in;
    Request& r = *outstanding[tag];
    if (tlp.status() != CplStatus::kSuccess || tlp.poisoned())
      return finish(tag, tlp.poisoned() ? CplStatus::kAbort : tlp.status());
    if (r.write_done) return finish(tag, CplStatus::kSuccess);
    if (!tlp.has_data()) return finish(tag, CplStatus::kUnsupported);
    // Bytes of this completion start in its first DW at the lower address (memory) or at the first enabled byte.
    const bool config = r.tlp.kind() != TlpKind::kMemRead;
    const unsigned lead = config ? static_cast<unsigned>(first_byte(r.tlp) & 3) : tlp.lower_address() & 3;
    const unsigned here = std::min<unsigned>(static_cast<unsigned>(tlp.data.size()) - lead, r.size - r.filled);
    std::copy_n(tlp.data.begin() + lead, here, r.data.begin() + r.filled);
    r.filled += here;
    if (r.filled == r.size) finish(tag, CplStatus::kSuccess);
  }

  void request_in(const Tlp& tlp) {
    const TlpKind kind = tlp.kind();
    const bool bus_master = port.get16(cfg::kCommand) & cfg::kBusMaster;
    if (kind == TlpKind::kMemWrite) {
      if (!bus_master || tlp.poisoned()) {
        ++counters.unsupported_in;
        return;
      }
      write_in(tlp);
    } else if (kind == TlpKind::kMemRead) {
      ++counters.reads_in;
      std::vector<std::uint8_t> bytes(byte_length(tlp));
      const bool zero_length = tlp.length_dw() == 1 && tlp.first_be() == 0;
      if (!bus_master || (!zero_length && !memory.read(first_byte(tlp), bytes))) {
        ++counters.unsupported_in;
        send(completion(tlp, port_id(), CplStatus::kUnsupported));
        return;
      }
      for (Tlp& c : completions_with_data(tlp, port_id(), bytes, max_payload(), options.rcb)) send(std::move(c));
    } else if (tlp.flow_class() == FlowClass::kNonPosted) {
      ++counters.unsupported_in;
      send(completion(tlp, port_id(), CplStatus::kUnsupported));
    }
    // Messages (errors, power management events) end here.
  }

  void write_in(const Tlp& tlp) {
    if (tlp.first_be() == 0 && tlp.length_dw() == 1) return;
    if (is_message_address(tlp.address())) {
      ++counters.interrupts_in;
      std::uint32_t data = 0;
      for (unsigned i = 0; i < 4; ++i) data |= static_cast<std::uint32_t>(tlp.data[i]) << 8 * i;
      memory.interrupt(tlp.requester(), tlp.address(), data);
      return;
    }
    ++counters.writes_in;
    const std::uint64_t address = first_byte(tlp);
    const std::span<const std::uint8_t> all(tlp.data);
    bool ok = true;
    if (tlp.length_dw() == 1) {  // the only case whose enables may have holes together with the last DW of QW writes
      for (unsigned i = 0; i < 4; ++i)
        if (tlp.first_be() >> i & 1) ok = memory.write(tlp.address() + i, all.subspan(i, 1)) && ok;
    } else {
      ok = memory.write(address, all.subspan(address & 3, byte_length(tlp)));
    }
    if (!ok) {
      ++counters.unsupported_in;
      spdlog::warn("{}: write outside memory: {}", options.name, tlp.str());
    }
  }
};

RootComplex::RootComplex(Scheduler& scheduler, HostMemory& memory, TlpSink& below, Options options)
    : impl_(std::make_unique<Impl>(*this, scheduler, memory, below, std::move(options))) {}

RootComplex::~RootComplex() = default;

void RootComplex::config_read(Bdf target, unsigned reg, unsigned size, ReadDone done) {
  Impl& i = *impl_;
  if (target == i.port_id()) {
    const std::uint32_t value = i.port.read(reg, size);
    std::array<std::uint8_t, 4> bytes{};
    for (unsigned b = 0; b < 4; ++b) bytes[b] = static_cast<std::uint8_t>(value >> 8 * b);
    return done(CplStatus::kSuccess, std::span(bytes).first(size));
  }
  const unsigned bus = target.bus();
  // Only device 0 can be on the link below a root port (7.3.1).
  if (bus == 0 || bus < i.secondary() || bus > i.subordinate() || (bus == i.secondary() && target.dev() != 0))
    return done(CplStatus::kUnsupported, std::span(kAllOnes).first(size));
  i.start({.tlp = cfg_read(kRootComplexId, 0, target, reg, size, bus != i.secondary()),
           .read_done = std::move(done),
           .write_done = {},
           .size = size,
           .data = std::vector<std::uint8_t>(size)});
}

void RootComplex::config_write(Bdf target, unsigned reg, std::span<const std::uint8_t> data, WriteDone done) {
  Impl& i = *impl_;
  if (target == i.port_id()) {
    std::uint32_t value = 0;
    for (std::size_t b = 0; b < data.size(); ++b) value |= static_cast<std::uint32_t>(data[b]) << 8 * b;
    i.port.write(reg, value, static_cast<unsigned>(data.size()));
    return done(CplStatus::kSuccess);
  }
  const unsigned bus = target.bus();
  if (bus == 0 || bus < i.secondary() || bus > i.subordinate() || (bus == i.secondary() && target.dev() != 0))
    return done(CplStatus::kUnsupported);
  i.start({.tlp = cfg_write(kRootComplexId, 0, target, reg, data, bus != i.secondary()),
           .read_done = {},
           .write_done = std::move(done)});
}

void RootComplex::mem_read(std::uint64_t address, unsigned size, ReadDone done) {
  Impl& i = *impl_;
  if (!i.in_windows(address, size)) return done(CplStatus::kUnsupported, std::span(kAllOnes).first(size));
  const unsigned first = std::min<unsigned>(size, 4096 - static_cast<unsigned>(address & 0xfff));
  if (first == size) {
    i.start({.tlp = pcie::mem_read(kRootComplexId, 0, address, size),
             .read_done = std::move(done),
             .write_done = {},
             .size = size,
             .data = std::vector<std::uint8_t>(size)});
    return;
  }
  // Two reads in order; the answer is whole or failed.
  auto head = std::make_shared<std::vector<std::uint8_t>>();
  mem_read(address, first, [head](CplStatus s, std::span<const std::uint8_t> d) {
    if (s == CplStatus::kSuccess) head->assign(d.begin(), d.end());
  });
  mem_read(address + first, size - first,
           [head, first, size, done = std::move(done)](CplStatus s, std::span<const std::uint8_t> d) {
             if (s != CplStatus::kSuccess || head->size() != first)
               return done(CplStatus::kUnsupported, std::span(kAllOnes).first(size));
             head->insert(head->end(), d.begin(), d.end());
             done(s, *head);
           });
}

void RootComplex::mem_write(std::uint64_t address, std::span<const std::uint8_t> data) {
  Impl& i = *impl_;
  if (!i.in_windows(address, data.size())) {
    ++i.counters.unsupported_in;
    return;
  }
  while (!data.empty()) {
    const std::size_t to_page = 4096 - (address & 0xfff), to_payload = i.max_payload() - (address & 3);
    const auto part = data.first(std::min({data.size(), to_page, to_payload}));
    ++i.counters.requests_out;
    i.send(pcie::mem_write(kRootComplexId, address, part));
    address += part.size();
    data = data.subspan(part.size());
  }
}

void RootComplex::when_taken(std::function<void()> taken) {
  if (posted_waiting() < kPostedAhead) return taken();
  impl_->writers.push_back(std::move(taken));
}

std::size_t RootComplex::posted_waiting() const { return impl_->out.size(FlowClass::kPosted); }

bool RootComplex::room(FlowClass cls) const { return impl_->has_room(cls) || impl_->refused.add(cls); }

void RootComplex::deliver(Tlp tlp) {
  Impl& i = *impl_;
  auto bad = malformed(tlp);
  if (!bad && tlp.data.size() > i.max_payload())
    bad = fmt::format("{} B of payload, maximum {}", tlp.data.size(), i.max_payload());
  if (bad) {
    ++i.counters.malformed_in;
    spdlog::warn("{}: malformed packet ({}): {}", i.options.name, *bad, tlp.str());
    return;
  }
  if (tlp.flow_class() == FlowClass::kCompletion)
    i.completion_in(tlp);
  else
    i.request_in(tlp);
}

bool RootComplex::idle() const {
  return impl_->waiting.empty() && std::none_of(impl_->outstanding.begin(), impl_->outstanding.end(),
                                                [](const auto& o) { return o.has_value(); });
}

const RootComplex::Counters& RootComplex::counters() const { return impl_->counters; }

std::vector<std::string> RootComplex::waits_for() const {
  std::vector<std::string> out;
  for (const auto& o : impl_->outstanding)
    if (o) out.push_back("no answer yet to " + o->tlp.str());
  if (!impl_->out.empty()) out.push_back(fmt::format("{} packets wait for room at the link", impl_->out.size()));
  return out;
}

std::string RootComplex::state() const {
  const Impl& i = *impl_;
  std::string out = fmt::format("{}: buses {}..{}, {} requests wait for a tag, {} packets for the link\n",
                                i.options.name, i.secondary(), i.subordinate(), i.waiting.size(), i.out.size());
  for (const auto& o : i.outstanding)
    if (o) out += fmt::format("  outstanding {}\n", o->tlp.str());
  return out;
}

}  // namespace vfpool::pcie
