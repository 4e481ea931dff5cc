// SPDX-License-Identifier: Apache-2.0
// Interrupt causes, masks, moderation and MSI-X of every function (82599 data sheet 7.3, 8.2.3.5).
//
// Model of one function: causes are bits, one for each vector, plus for the PF the "other" causes (EICR 30:16), which
// share the vector of IVAR_MISC. An event sets its cause; if the cause is unmasked the vector asks to be sent, waits
// until its EITR down counter is zero, and is sent once. Sending reloads the counter and applies auto-clear and
// auto-mask. A cause that comes while masked waits in the cause register and asks again at the unmask.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/scheduler.hpp"
#include "nic82599/register_file.hpp"
#include "pcie/config_space.hpp"
#include "pcie/dma.hpp"

namespace vfpool::nic82599 {

using pcie::DmaPort;
using pcie::FunctionId;

enum class Direction { kRx = 0, kTx = 1 };

class Interrupts {
 public:
  Interrupts(Scheduler& scheduler, DmaPort& dma, std::function<pcie::ConfigSpace&(FunctionId)> config);
  ~Interrupts();

  // Events of the device.
  void raise_pf_queue(unsigned queue, Direction direction);
  void raise_vf_queue(unsigned vf, unsigned queue, Direction direction);
  /// Bits 30:16 of EICR.
  void raise_other(std::uint32_t causes);
  /// The mailbox cause of a VF.
  void raise_vf_misc(unsigned vf);

  // PF registers (cause, mask, IVAR, EITR, GPIE and the PVTE* aliases). Empty or false: not an interrupt register.
  std::optional<std::uint32_t> read_pf(unsigned offset);
  bool write_pf(unsigned offset, std::uint32_t value);
  // VF registers.
  std::optional<std::uint32_t> read_vf(unsigned vf, unsigned offset);
  bool write_vf(unsigned vf, unsigned offset, std::uint32_t value);
  // MSI-X table and pending bits.
  std::optional<std::uint32_t> read_msix(FunctionId fn, unsigned offset) const;
  bool write_msix(FunctionId fn, unsigned offset, std::uint32_t value);
  /// MSI-X Control of `fn` has changed: pending vectors may go now.
  void msix_control_changed(FunctionId fn);
  /// The mask bit of the PF's MSI.
  void msi_mask_changed();

  /// Device reset: everything but the MSI-X tables.
  void reset_registers();
  /// Reset of one VF: causes, masks, mapping and moderation; `with_table` also the MSI-X table (FLR).
  void reset_vf(unsigned vf, bool with_table);
  void reset_pf_table();

  std::uint64_t sent() const { return sent_; }
  /// Gaps between the messages of a vector. The down counter lets none be shorter than the interval in force.
  struct Gaps {
    static constexpr unsigned kBins = 12;
    SimTime shortest{0};                      ///< 0: none yet
    std::array<std::uint64_t, kBins> bins{};  ///< 0: below one step of 2.048 us; n: below 2^n steps; the last: the rest
    std::uint64_t count() const;
  };
  /// Starts anew to record the gaps of all vectors of `fn`.
  void record_gaps(FunctionId fn);
  /// Recorded since then; all zero if never asked for.
  Gaps gaps(FunctionId fn, unsigned vector) const;
  std::string state(FunctionId fn) const;

 private:
  struct Vector {
    std::uint32_t eitr = 0;
    SimTime free_at{0};  ///< when the down counter reaches zero
    Scheduler::TimerId timer = 0;
    std::array<std::uint32_t, 4> entry{0, 0, 0, 1};  ///< MSI-X table entry, masked at reset
    std::uint64_t sent = 0;
    SimTime last_sent{0};  ///< 0: not since the recording of gaps began
    Gaps gaps;
  };
  struct Block {
    FunctionId fn = 0;
    std::vector<Vector> vectors;
    std::uint64_t cause = 0, mask = 0, auto_clear = 0, auto_mask = 0, pending = 0;
    std::uint32_t other_cause = 0, other_mask = 0, other_clear = 0, other_auto_mask = 0;
    std::uint64_t asking = 0;  ///< vectors with an event not sent yet
    std::array<std::uint32_t, 64> ivar{};
    std::uint32_t ivar_misc = 0;
    bool msix_enabled = false;
    bool record_gaps = false;
  };

  Block& block(FunctionId fn);
  void set_cause(Block& b, std::uint64_t causes);
  void unmask(Block& b, std::uint64_t vectors);
  void ask(Block& b, unsigned vector);
  void send(Block& b, unsigned vector);
  void deliver(Block& b, unsigned vector);
  void note_gap(Vector& v, SimTime now) const;
  bool deliverable(const Block& b) const;
  std::uint64_t active(const Block& b) const;
  unsigned other_vector(const Block& b) const;
  std::uint32_t read_eitr(const Vector& v) const;
  void write_eitr(Block& b, unsigned vector, std::uint32_t value);
  void reset_block(Block& b);
  bool msix_mode() const { return (gpie_ & reg::kGpieMsix) != 0; }

  Scheduler& scheduler_;
  DmaPort& dma_;
  std::function<pcie::ConfigSpace&(FunctionId)> config_;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::uint32_t gpie_ = 0;
  std::uint64_t sent_ = 0;
};

}  // namespace vfpool::nic82599
