// SPDX-License-Identifier: Apache-2.0
// A link between two neighbours that need each other's address to be made: they are given its ends, and joined
// afterwards. A packet costs no time on it.
#pragma once

#include "pcie/tlp.hpp"

namespace vfpool::pcie {

class Link {
 public:
  /// What the neighbour above sends into, and the one below. Whoever sends before connect() is not heard.
  TlpSink& down() { return down_; }
  TlpSink& up() { return up_; }
  /// Both outlive the last packet; the link is their one sender.
  void connect(TlpSink& above, TlpSink& below) {
    up_.lead_to(above);
    down_.lead_to(below);
  }

 private:
  class End : public TlpSink {
   public:
    void lead_to(TlpSink& neighbour) {
      neighbour_ = &neighbour;
      neighbour.on_room([this] { room_is_back(); });
    }
    bool room(FlowClass cls) const override { return neighbour_ == nullptr || neighbour_->room(cls); }
    void deliver(Tlp tlp) override {
      if (neighbour_ != nullptr) neighbour_->deliver(std::move(tlp));
    }

   private:
    TlpSink* neighbour_ = nullptr;
  };

  End down_, up_;
};

}  // namespace vfpool::pcie
