// SPDX-License-Identifier: Apache-2.0
// The mailbox between the PF and each VF, with the reset indications that travel beside it (82599 data sheet
// 7.10.2, 8.2.3.27).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "nic82599/interrupts.hpp"
#include "nic82599/registers.hpp"

namespace vfpool::nic82599 {

class Mailbox {
 public:
  explicit Mailbox(Interrupts& interrupts);

  // Empty or false: not a mailbox register.
  std::optional<std::uint32_t> read_pf(unsigned offset) const;
  bool write_pf(unsigned offset, std::uint32_t value);
  std::optional<std::uint32_t> read_vf(unsigned vf, unsigned offset);
  bool write_vf(unsigned vf, unsigned offset, std::uint32_t value);

  /// The PF has been reset: VFs see RSTI until pf_ready(). The memory keeps its contents.
  void pf_reset();
  /// CTRL_EXT.PFRSTD was written: RSTI ends, RSTD and an interrupt tell every VF. Ignored unless RSTI is set.
  void pf_ready();
  /// A VF was reset (FLR or VFCTRL.RST): the PF is told, the VF's lock is released.
  void vf_reset(unsigned vf);

  std::uint64_t messages() const { return messages_; }
  std::string state(unsigned vf) const;

 private:
  struct Box {
    std::array<std::uint32_t, 16> memory{};
    bool vfu = false, pfu = false, pfsts = false, pfack = false, rstd = false;
  };

  void vf_signals(unsigned vf, std::uint32_t bits);
  void notify_pf(unsigned register_index);

  Interrupts& interrupts_;
  std::array<Box, kMaxVfs> boxes_{};
  std::array<std::uint32_t, 4> icr_{};                                                // PFMBICR
  std::array<std::uint32_t, 4> imr_{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff};  // PFMBIMR
  std::array<std::uint32_t, 2> vflre_{};
  bool rsti_ = true;
  std::uint64_t messages_ = 0;
};

}  // namespace vfpool::nic82599
