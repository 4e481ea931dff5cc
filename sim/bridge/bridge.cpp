// SPDX-License-Identifier: Apache-2.0
#include "bridge/bridge.hpp"

#include <fmt/format.h>
#include <verilated.h>
#include <verilated_fst_c.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "Vbridge_model.h"
#include "bridge/coverage.hpp"
#include "pcie/tlp_queue.hpp"

// An assertion of the RTL has failed, and Verilator has said which: whoever clocks the bridge gets to know.
void vl_stop(const char* file, int line, const char* /*hierarchy*/) {
  throw std::logic_error(fmt::format("{}:{}: an assertion of the RTL failed", file, line));
}

namespace vfpool::bridge {
namespace {

constexpr Geometry kGeometry{};
constexpr unsigned kHosts = kGeometry.users + 1;
constexpr unsigned kPorts = kHosts + kGeometry.devices;
// Pins of the model are words of up to 64 bits here.
static_assert(3 * kPorts <= 64, "VFPOOL_USERS is more than this simulation takes");
static_assert(kGeometry.users * kGeometry.slots <= 64,
              "VFPOOL_USERS * VFPOOL_SLOTS is more than this simulation takes");
constexpr unsigned kBeat = 16;
// Cycles to run on after the bridge has said that it is idle.
constexpr unsigned kSettle = 2;

/// One 128-bit word of a packed array.
std::uint32_t* word(std::uint32_t* wide, unsigned port) { return wide + port * 4; }

// Packets of a class that may wait in front of a port before its sender is told that there is no room.
constexpr std::size_t kMostWaiting = 32;

// A port of the bridge and the packets in front of it.
struct Port : pcie::TlpSink {
  pcie::TlpQueue waiting;
  mutable pcie::Refusals refused;
  std::optional<pcie::Tlp> sending;
  std::size_t sent = 0;  // bytes of it
  pcie::TlpSink* neighbour = nullptr;
  unsigned neighbour_room = 7;  // asked when it can have changed, not in every cycle
  pcie::Tlp leaving;
  bool link = false;
  bool in_reset = false;  // of a device: the bridge has it so (dev_reset_o), and its link core takes the link down
  bool stalled = false;
  unsigned held = 0;  // classes without room at the neighbour, as bits

  std::size_t pending() const { return waiting.size() + (sending ? 1 : 0); }
  bool up() const { return link && !in_reset; }
  /// Its link goes down: what was on its way to the bridge is gone.
  void lose() {
    waiting.clear();
    sending.reset();
  }

  bool room(pcie::FlowClass cls) const override {
    if (!up() || waiting.size(cls) < kMostWaiting) return true;  // no link, nothing arrives
    return refused.add(cls);
  }
  void deliver(pcie::Tlp tlp) override {
    if (up()) waiting.push(std::move(tlp));
  }
  /// Tells the sender, outside of its calls, once there is room worth speaking of.
  void tell_room() {
    if (refused.end_if([this](pcie::FlowClass cls) { return waiting.size(cls) <= kMostWaiting / 2; })) room_is_back();
  }

  /// A beat can enter the bridge: its port is ready, and a packet is on its way or one of a class with room waits.
  bool can_move(bool ready, unsigned room) const { return up() && ready && (sending || waiting.can_pop(room)); }
};

}  // namespace

struct Bridge::Impl {
  Scheduler& scheduler;
  VerilatedContext context;
  Vbridge_model top{&context};
  std::unique_ptr<VerilatedFstC> trace;
  std::array<Port, kPorts> ports;
  std::vector<Tap> taps;
  std::function<void(unsigned)> hot_reset;
  std::uint64_t cycles = 0;
  unsigned settle = kSettle;
  bool given = true;  // an input waits for set_i
  bool tick = false;
  Scheduler::TimerId timer = 0;

  explicit Impl(Scheduler& s) : scheduler(s) {
    context.traceEverOn(true);
    ports[kHosts].link = true;
    take_over();  // reset
    for (int i = 0; i < 4; ++i) edge();
    give(top.rst_n_set_i, 1);
    take_over();
    check_geometry(regs::Geometry::unpack(service(false, regs::Geometry::kOffset, 0)),
                   regs::Payload::unpack(service(false, regs::Payload::offset(0), 0)), kGeometry);
  }
  ~Impl() {
    if (timer != 0) scheduler.cancel(timer);
    top.final();
    add_coverage(context);
    // The model takes its names out of the thread's context, which is that of whichever model was made last.
    Verilated::threadContextp(&context);
  }

  // One clock cycle of the model (bridge_model.sv). Outputs then show the state after it.
  void edge() {
    if (trace) trace->dump(cycles * 4);
    top.step_i = !top.step_i;
    top.eval();
    if (trace) trace->dump(cycles * 4 + 2);
    ++cycles;
  }

  // Gives an input of bridge_model.sv that is taken over by set_i.
  template <class T>
  void give(T& pin, std::uint64_t value) {
    if (pin == value) return;
    pin = static_cast<T>(value);
    given = true;
  }
  void take_over() {
    if (!given) return;
    given = false;
    top.set_i = 1;
    top.eval();
    top.set_i = 0;
    top.eval();
  }

  void drive_inputs() {
    std::uint64_t link = 0, ready = 0, valid = 0, sop = 0, eop = 0, room = 0;
    for (unsigned p = 0; p < kPorts; ++p) {
      Port& port = ports[p];
      link |= std::uint64_t{port.up()} << p;
      ready |= std::uint64_t{!port.stalled} << p;
      room |= std::uint64_t{port.stalled ? 0U : port.neighbour_room & ~port.held} << 3 * p;
      if (!port.sending) {
        port.sending = port.waiting.pop(top.rx_room_o >> 3 * p & 7);
        port.sent = 0;
        if (port.sending)
          for (const Tap& tap : taps) tap(p, true, *port.sending);
      }
      if (!port.sending) continue;
      const pcie::Tlp& t = *port.sending;
      valid |= std::uint64_t{1} << p;
      sop |= std::uint64_t{port.sent == 0} << p;
      eop |= std::uint64_t{port.sent + kBeat >= t.data.size()} << p;
      if (port.sent == 0) std::memcpy(word(top.rx_hdr_i.data(), p), t.hdr.data(), kBeat);
      std::array<std::uint8_t, kBeat> beat{};
      if (port.sent < t.data.size())
        std::memcpy(beat.data(), t.data.data() + port.sent, std::min<std::size_t>(kBeat, t.data.size() - port.sent));
      std::memcpy(word(top.rx_data_i.data(), p), beat.data(), kBeat);
    }
    give(top.link_set_i, link);
    give(top.tx_ready_set_i, ready);
    give(top.tx_room_set_i, room);
    give(top.tick_ms_set_i, std::exchange(tick, false));
    const auto set = []<class T>(T& pin, std::uint64_t value) { pin = static_cast<T>(value); };
    set(top.rx_valid_i, valid);
    set(top.rx_sop_i, sop);
    set(top.rx_eop_i, eop);
    take_over();
  }

  // What bridge_model.sv promises: packets at the inputs change no output before the clock has risen.
  void check_outputs() {
    const auto content = [](const auto& wide) {  // Verilator's wide words compare as pointers
      std::array<std::uint32_t, kPorts * 4> words;
      static_assert(sizeof words == sizeof wide);
      std::memcpy(words.data(), wide.data(), sizeof words);
      return words;
    };
    const auto outputs = [&] {
      return std::tuple(top.rx_ready_o, top.rx_room_o, top.tx_valid_o, top.tx_sop_o, top.tx_eop_o,
                        content(top.tx_hdr_o), content(top.tx_data_o), top.svc_ready_o, top.svc_rdata_o, top.timer_o);
    };
    const auto before = outputs();
    top.eval();
    if (outputs() != before)
      throw std::logic_error("bridge: an output depends on a packet input without a register between them");
  }

  // What was accepted and what leaves is seen before the clock edge.
  void sample() {
    for (unsigned p = 0; p < kPorts; ++p) {
      Port& port = ports[p];
      if (port.sending && top.rx_ready_o >> p & 1) {
        port.sent += kBeat;
        if (port.sent >= port.sending->data.size()) port.sending.reset();
      }
      if ((top.tx_valid_o >> p & 1) && !port.stalled) {
        if (top.tx_sop_o >> p & 1) {
          port.leaving = {};
          std::memcpy(port.leaving.hdr.data(), word(top.tx_hdr_o.data(), p), kBeat);
        }
        const auto* beat = reinterpret_cast<const std::uint8_t*>(word(top.tx_data_o.data(), p));
        if (port.leaving.has_data()) port.leaving.data.insert(port.leaving.data.end(), beat, beat + kBeat);
        if (top.tx_eop_o >> p & 1) departures.push_back(p);
      }
    }
  }
  std::vector<unsigned> departures;
  void hand_over() {
    for (unsigned p : std::exchange(departures, {})) {
      Port& port = ports[p];
      pcie::Tlp tlp = std::move(port.leaving);
      if (tlp.has_data()) tlp.data.resize(tlp.length_dw() * 4);
      for (const Tap& tap : taps) tap(p, false, tlp);
      if (port.neighbour == nullptr) continue;
      port.neighbour->deliver(std::move(tlp));
      port.neighbour_room = room_of(*port.neighbour);
    }
  }

  void cycle() {
    drive_inputs();
#ifndef NDEBUG
    check_outputs();
#endif
    sample();
    edge();
    hand_over();  // what has left arrives before a reset that begins now
    for (unsigned d = 0; d < kGeometry.devices; ++d) {
      Port& port = ports[kHosts + d];
      const bool before = std::exchange(port.in_reset, (top.dev_reset_o >> d & 1) != 0);
      if (before == port.in_reset) continue;
      settle = kSettle;
      if (before) continue;
      port.lose();
      if (hot_reset) hot_reset(d);
    }
    if (top.busy_o)
      settle = kSettle;
    else if (settle > 0)
      --settle;
    give(top.button_set_i, 0);
    if (top.timer_o && timer == 0)  // what the bridge counts milliseconds for is patience with its neighbours
      timer = scheduler.timeout_after(std::chrono::milliseconds(1), [this] {
        timer = 0;
        if (!top.timer_o) return;  // what it waited for has come
        tick = true;
        settle = kSettle;
      });
    for (Port& port : ports) port.tell_room();
  }

  std::uint32_t service(bool write, std::uint32_t offset, std::uint32_t value) {
    give(top.svc_valid_set_i, 1);
    give(top.svc_write_set_i, write);
    give(top.svc_addr_set_i, offset);
    give(top.svc_wdata_set_i, value);
    take_over();
    std::optional<std::uint32_t> result;
    for (int i = 0; i < 1000 && !result; ++i) {
      if (top.svc_ready_o) result = top.svc_rdata_o;
      cycle();
    }
    give(top.svc_valid_set_i, 0);
    settle = kSettle;
    if (!result) throw std::runtime_error("bridge: service bus does not answer");
    return *result;
  }
};

void check_geometry(const regs::Geometry& rtl, const regs::Payload& payload, const Geometry& program) {
  const Geometry said{.users = rtl.users,
                      .slots = rtl.slots,
                      .slot_functions = rtl.slot_fns,
                      .devices = rtl.devices,
                      .max_payload = 128U << payload.most};
  if (said == program) return;
  const auto text = [](const Geometry& g) {
    return fmt::format("{} users, {} slots each, {} functions a slot, {} devices, payloads of {} bytes", g.users,
                       g.slots, g.slot_functions, g.devices, g.max_payload);
  };
  throw std::runtime_error(
      fmt::format("bridge: the RTL is built for {}; this program for {}", text(said), text(program)));
}

Bridge::Bridge(Scheduler& scheduler) : impl_(std::make_unique<Impl>(scheduler)) { scheduler.add_clocked(*this); }
Bridge::~Bridge() = default;

Geometry Bridge::geometry() { return kGeometry; }
unsigned Bridge::tags() { return 256; }  // as rtl/ has it where nobody says otherwise
unsigned Bridge::port_count() { return kPorts; }

std::string Bridge::port_name(unsigned port) {
  if (port == 0) return "owner";
  if (port < kHosts) return fmt::format("user{}", port);
  return fmt::format("nic{}", port - kHosts);
}

void Bridge::connect(unsigned port, pcie::TlpSink& neighbour) {
  Port& p = impl_->ports.at(port);
  p.neighbour = &neighbour;
  p.neighbour_room = room_of(neighbour);
  neighbour.on_room([this, &p] {
    p.neighbour_room = room_of(*p.neighbour);
    impl_->settle = kSettle;
  });
}
pcie::TlpSink& Bridge::input(unsigned port) { return impl_->ports.at(port); }
std::size_t Bridge::pending(unsigned port) const { return impl_->ports.at(port).pending(); }
bool Bridge::neighbour_takes_all(unsigned port) const {
  const Port& p = impl_->ports.at(port);
  return !p.stalled && p.neighbour_room == 7;
}

void Bridge::set_link(unsigned port, bool up) {
  Port& p = impl_->ports.at(port);
  if (!up) {
    p.lose();
    // The bridge must see the link down even if it comes back at once.
    p.link = false;
    for (int i = 0; i < 4; ++i) impl_->cycle();
  }
  p.link = up;
  impl_->settle = kSettle;
}

void Bridge::stall(unsigned port, bool stalled) {
  impl_->ports.at(port).stalled = stalled;
  impl_->settle = kSettle;
}

void Bridge::hold(unsigned port, const std::vector<pcie::FlowClass>& classes) {
  Port& p = impl_->ports.at(port);
  p.held = 0;
  for (const auto c : classes) p.held |= 1U << static_cast<unsigned>(c);
  impl_->settle = kSettle;
}

void Bridge::on_device_reset(std::function<void(unsigned)> hot_reset) { impl_->hot_reset = std::move(hot_reset); }
void Bridge::press_button(unsigned user, unsigned slot) {
  if (user == 0 || user > kGeometry.users || slot >= kGeometry.slots)
    throw std::out_of_range(fmt::format("no slot {} at user {}", slot, user));
  impl_->give(impl_->top.button_set_i,
              impl_->top.button_set_i | std::uint64_t{1} << ((user - 1) * kGeometry.slots + slot));
  impl_->settle = kSettle;
}

std::uint32_t Bridge::service_read(std::uint32_t offset) { return impl_->service(false, offset, 0); }
void Bridge::service_write(std::uint32_t offset, std::uint32_t value) { impl_->service(true, offset, value); }

bool Bridge::awake(unsigned port) const { return impl_->top.awake_o >> port & 1; }
bool Bridge::control_awake() const { return impl_->top.control_awake_o; }

void Bridge::add_tap(Tap tap) { impl_->taps.push_back(std::move(tap)); }

void Bridge::trace_to(const std::string& path) {
  trace_stop();
  // The writer of waves removes what is there before it opens it: of a device or a pipe it would leave a plain file.
  std::error_code none;
  const auto status = std::filesystem::symlink_status(path, none);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    throw std::runtime_error("cannot write waves to " + path + ", which is no plain file");
  impl_->trace = std::make_unique<VerilatedFstC>();
  impl_->top.trace(impl_->trace.get(), 99);
  impl_->trace->open(path.c_str());
  if (!impl_->trace->isOpen()) {
    impl_->trace.reset();
    throw std::runtime_error("cannot write waves to " + path);
  }
}

void Bridge::trace_stop() {
  if (impl_->trace) impl_->trace->close();
  impl_->trace.reset();
}

bool Bridge::busy() const {
  if (impl_->settle > 0 || impl_->tick) return true;
  for (unsigned p = 0; p < kPorts; ++p)
    if (impl_->ports[p].can_move(impl_->top.rx_ready_o >> p & 1, impl_->top.rx_room_o >> 3 * p & 7)) return true;
  return false;
}

void Bridge::cycle() { impl_->cycle(); }

std::string Bridge::state() const {
  const Impl& i = *impl_;
  std::string out = fmt::format("bridge: {} cycles, {}{}\n", i.cycles, i.top.busy_o ? "busy" : "idle",
                                i.top.timer_o ? ", waiting for a timer" : "");
  for (unsigned p = 0; p < kPorts; ++p)
    out += fmt::format("  {}: link {}, {} packets waiting to enter{}\n", port_name(p), i.ports[p].link ? "up" : "down",
                       i.ports[p].pending(), neighbour_takes_all(p) ? "" : ", neighbour takes no more");
  return out;
}

}  // namespace vfpool::bridge
