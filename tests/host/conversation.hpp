// SPDX-License-Identifier: Apache-2.0
// A server behind its VF and a station on the card's wire, both with lwIP: TCP and ping in simulated time. A host takes
// no time for what it does, but may take some from an interrupt to the moment when it looks at its frames.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "host/vf_driver.hpp"
#include "ip/ping.hpp"
#include "ip/stream.hpp"
#include "wire/wire.hpp"

namespace vfpool {

class Conversation {
 public:
  enum class Sender { kServer, kStation };

  /// All outlive this object; it takes over the far end of the wire. `wake`: how late both hosts look at a frame.
  Conversation(host::Server& server, const host::Function& vf, wire::Wire& far_end, SimTime wake)
      : server_(server), driver_(server, vf, 512), wire_(far_end), wake_(wake), stack_(server.scheduler()) {}
  ~Conversation() {
    wire_.set_receiver([](wire::Frame) {});
    server_.on_interrupt(driver_.interrupt(), {});
  }

  /// Brings the VF up.
  host::Task<> start() {
    co_await driver_.start();
    behind_vf_.emplace(stack_, driver_.mac(), 1, [this](std::span<const std::uint8_t> f) { return driver_.post(f); });
    server_.on_interrupt(driver_.interrupt(), [this] { after_wake([this] { look(); }); });
    at_wire_.emplace(stack_, ip::Mac{0x02, 0, 0, 0, 0, 9}, 2, [this](std::span<const std::uint8_t> f) {
      wire_.send(f);
      return true;
    });
    wire_.set_receiver([this](wire::Frame f) { after_wake([this, frame = std::move(f)] { at_wire_->input(frame); }); });
  }

  /// Payload of one TCP stream in Gbit/s, over `length` after slow start.
  double gbps(Sender sender, unsigned window, SimTime length) {
    auto& from = sender == Sender::kServer ? *behind_vf_ : *at_wire_;
    auto& to = sender == Sender::kServer ? *at_wire_ : *behind_vf_;
    const ip::Stream stream(from, to, window);
    run(std::chrono::milliseconds(1));
    const std::uint64_t before = stream.received();
    const SimTime began = server_.scheduler().now();
    run(length);
    return static_cast<double>(stream.received() - before) * 8e3 /
           static_cast<double>((server_.scheduler().now() - began).count());
  }

  /// From the request's way to the driver to the reply's from it. Waits until nothing else is under way.
  SimTime ping(unsigned bytes) {
    run(std::chrono::milliseconds(1));
    ip::Ping p(*behind_vf_, *at_wire_);
    p.send(bytes);
    if (!server_.scheduler().run_until([&] { return p.time().has_value(); }, std::chrono::seconds(1)))
      throw std::runtime_error("no reply to a ping");
    return *p.time();
  }

 private:
  void after_wake(std::function<void()> fn) {
    server_.scheduler().after(wake_, [fn = std::move(fn), alive = std::weak_ptr(alive_)] {
      if (!alive.expired()) fn();
    });
  }
  void look() {
    while (const auto frame = driver_.take()) behind_vf_->input(*frame);
    driver_.rearm();
  }
  void run(SimTime length) { host::run(server_.scheduler(), server_.sleep(length)); }

  host::Server& server_;
  host::VfDriver driver_;
  wire::Wire& wire_;
  SimTime wake_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for frames that wait when this ends
  ip::Stack stack_;
  std::optional<ip::Interface> behind_vf_, at_wire_;
};

}  // namespace vfpool
