// SPDX-License-Identifier: Apache-2.0
#include "host/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace vfpool::host {
namespace {

using pcie::CplStatus;

struct Answer {
  CplStatus status = CplStatus::kSuccess;
  std::uint32_t value = 0;
};

std::uint32_t little_endian(std::span<const std::uint8_t> bytes) {
  std::uint32_t v = 0;
  for (std::size_t i = 0; i < bytes.size() && i < 4; ++i) v |= static_cast<std::uint32_t>(bytes[i]) << 8 * i;
  return v;
}

std::array<std::uint8_t, 4> bytes_of(std::uint32_t v) {
  return {static_cast<std::uint8_t>(v), static_cast<std::uint8_t>(v >> 8), static_cast<std::uint8_t>(v >> 16),
          static_cast<std::uint8_t>(v >> 24)};
}

// Awaits one callback. `begin` starts the operation and is given the function to call when it is done. The coroutine is
// resumed from the event loop, not from inside the callback: its next request must not nest in the completion's path.
// A program may be destroyed while it waits; the answer then goes nowhere.
template <class Begin>
class Operation {
 public:
  Operation(Scheduler& s, Begin begin) : scheduler_(s), begin_(std::move(begin)) {}
  ~Operation() { state_->waiting = nullptr; }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> h) {
    state_->waiting = h;
    begin_([state = state_, &scheduler = scheduler_](Answer a) {
      state->answer = a;
      scheduler.after(SimTime{0}, [state] {
        if (state->waiting) state->waiting.resume();
      });
    });
  }
  Answer await_resume() const { return state_->answer; }

 private:
  struct State {
    std::coroutine_handle<> waiting;
    Answer answer;
  };
  Scheduler& scheduler_;
  Begin begin_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace

Server::Server(Scheduler& scheduler, pcie::TlpSink& below, Options options)
    : scheduler_(scheduler),
      options_(std::move(options)),
      memory_(options_.memory),
      root_(scheduler, *this, below, {.name = options_.name, .link = options_.link}) {}

Task<std::uint32_t> Server::config_read(pcie::Bdf target, unsigned reg, unsigned size) {
  const Answer a = co_await Operation(scheduler_, [&](auto done) {
    root_.config_read(target, reg, size,
                      [done](CplStatus s, std::span<const std::uint8_t> d) { done(Answer{s, little_endian(d)}); });
  });
  co_return a.value;
}

Task<> Server::config_write(pcie::Bdf target, unsigned reg, std::uint32_t value, unsigned size) {
  const auto bytes = bytes_of(value);
  co_await Operation(scheduler_, [&](auto done) {
    root_.config_write(target, reg, std::span(bytes).first(size), [done](CplStatus s) { done(Answer{s, 0}); });
  });
}

Task<std::uint32_t> Server::read32(std::uint64_t address) {
  const Answer a = co_await Operation(scheduler_, [&](auto done) {
    root_.mem_read(address, 4,
                   [done](CplStatus s, std::span<const std::uint8_t> d) { done(Answer{s, little_endian(d)}); });
  });
  if (a.status != CplStatus::kSuccess)
    throw PcieError(
        fmt::format("{}: read of 0x{:x} ended with status {}", name(), address, static_cast<unsigned>(a.status)));
  co_return a.value;
}

Task<CplStatus> Server::probe32(std::uint64_t address) {
  const Answer a = co_await Operation(scheduler_, [&](auto done) {
    root_.mem_read(address, 4, [done](CplStatus s, std::span<const std::uint8_t>) { done(Answer{s, 0}); });
  });
  co_return a.status;
}

void Server::write32(std::uint64_t address, std::uint32_t value) {
  constexpr std::size_t kMostPosted = 1000;
  if (root_.posted_waiting() >= kMostPosted)
    throw PcieError(
        fmt::format("{}: {} writes wait for the link, and one more to 0x{:x}", name(), kMostPosted, address));
  root_.mem_write(address, bytes_of(value));
}

Task<> Server::posted() {
  co_await Operation(scheduler_, [&](auto done) { root_.when_taken([done] { done(Answer{}); }); });
}

Task<> Server::sleep(SimTime duration) {
  co_await Operation(scheduler_, [&](auto done) { scheduler_.after(duration, [done] { done(Answer{}); }); });
}

std::uint64_t Server::allocate(std::size_t size, std::size_t alignment) {
  next_free_ = (next_free_ + alignment - 1) & ~static_cast<std::uint64_t>(alignment - 1);
  const std::uint64_t address = next_free_;
  next_free_ += size;
  if (next_free_ > memory_.size()) throw std::runtime_error(name() + ": out of memory");
  return address;
}

std::span<std::uint8_t> Server::at(std::uint64_t address, std::size_t size) {
  return std::span(memory_).subspan(address, size);
}

Server::Vector Server::new_vector() { return {0xfee00000, next_vector_++}; }

void Server::on_interrupt(const Vector& v, std::function<void()> fn) { handlers_[v.data] = std::move(fn); }

std::uint64_t Server::count(const Vector& v) const {
  return static_cast<std::uint64_t>(
      std::count_if(messages_.begin(), messages_.end(), [&](const Message& m) { return m.data == v.data; }));
}

bool Server::read(std::uint64_t address, std::span<std::uint8_t> out) {
  if (address > memory_.size() || out.size() > memory_.size() - address) return false;
  std::copy_n(memory_.begin() + static_cast<std::ptrdiff_t>(address), out.size(), out.begin());
  return true;
}

bool Server::write(std::uint64_t address, std::span<const std::uint8_t> data) {
  if (address > memory_.size() || data.size() > memory_.size() - address) return false;
  std::copy(data.begin(), data.end(), memory_.begin() + static_cast<std::ptrdiff_t>(address));
  return true;
}

void Server::interrupt(pcie::Bdf from, std::uint64_t address, std::uint32_t data) {
  messages_.push_back({from, address, data});
  if (!handlers_.contains(data)) return;
  scheduler_.after(SimTime{0}, [this, data] {
    if (handlers_[data]) handlers_[data]();
  });
}

}  // namespace vfpool::host
