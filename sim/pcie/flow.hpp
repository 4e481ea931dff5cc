// SPDX-License-Identifier: Apache-2.0
// Back-pressure has one form: whoever takes packets, or work that becomes packets, tells its sender for each flow class
// (PCIe Base Spec 2.1, 2.6) whether there is room, and calls back when room has returned. No queue grows without bound.
#pragma once

#include <functional>
#include <utility>

namespace vfpool::pcie {

enum class FlowClass { kPosted, kNonPosted, kCompletion };

/// What a receiver offers to its one sender.
class FlowControl {
 public:
  virtual ~FlowControl() = default;
  /// False: the sender keeps what it has of this class until on_room(). What was already on its way, a packet or two or
  /// the rest of one piece of work, is still taken, so a receiver says no a little before it is full.
  virtual bool room(FlowClass cls) const = 0;
  /// `fn` is called when a class for which room() has said no may have room again; never from inside a call of the
  /// sender. One sender: the last `fn` counts, an empty one ends it.
  void on_room(std::function<void()> fn) { room_is_back_ = std::move(fn); }

 protected:
  void room_is_back() const {
    if (room_is_back_) room_is_back_();
  }

 private:
  std::function<void()> room_is_back_;
};

/// A receiver's memory of the classes for which it has said no.
class Refusals {
 public:
  /// Says no: false, for room() to return.
  bool add(FlowClass cls) {
    classes_ |= 1U << static_cast<unsigned>(cls);
    return false;
  }
  /// Forgets each class that has room again; true if there was one, so that the sender is to be told.
  template <class HasRoom>
  bool end_if(HasRoom has_room) {
    const unsigned before = classes_;
    for (unsigned c = 0; classes_ >> c != 0; ++c)
      if (classes_ >> c & 1 && has_room(static_cast<FlowClass>(c))) classes_ &= ~(1U << c);
    return classes_ != before;
  }
  bool empty() const { return classes_ == 0; }

 private:
  unsigned classes_ = 0;
};

}  // namespace vfpool::pcie
