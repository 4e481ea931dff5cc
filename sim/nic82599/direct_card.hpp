// SPDX-License-Identifier: Apache-2.0
// An 82599 whose VFs are attached directly to VMs; PfPersonality runs its PF.
#pragma once

#include <string>

#include "core/scheduler.hpp"
#include "nic82599/nic82599.hpp"
#include "nic82599/pf_personality.hpp"
#include "vfio_user/direct.hpp"

namespace vfpool::nic82599 {

class DirectCard {
 public:
  /// Throws std::invalid_argument for options that cannot be. Plug a wire into nic().
  DirectCard(Scheduler& scheduler, Nic82599::Options nic, PfPersonality::Options pf)
      : port_([this](unsigned) { pf_.interrupt(); }),
        nic_(scheduler, port_, std::move(nic)),
        pf_(scheduler, nic_, pf),
        vfs_(pf.vfs) {}

  Nic82599& nic() { return nic_; }
  PfPersonality& pf() { return pf_; }
  unsigned vfs() const { return vfs_; }
  /// VF `n` < vfs(), to be served; lives as long as the card.
  vfio_user::DirectFunction& vf(unsigned n) { return port_.function(nic_, 1 + n); }
  std::string state() const { return nic_.state() + pf_.state() + port_.state(); }

 private:
  vfio_user::DirectPort port_;
  Nic82599 nic_;
  PfPersonality pf_;
  unsigned vfs_;
};

}  // namespace vfpool::nic82599
