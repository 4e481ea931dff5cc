// SPDX-License-Identifier: Apache-2.0
// What becomes of a VF that was let go: it is drained, gets a function-level reset, rests, and is looked at. The engine of
// vfp_pool brings the row of one VF after the other; here is said what its next state is, and the device is asked.
//
// One question at a time: it is offered until the device's port takes it, and withdrawn when it makes no sense any more.
// Its answer counts only while the VF is in the state that it was asked in.
module vfp_pool_reset #(
  parameter int unsigned Vfs = 64,
  parameter logic [11:0] VfDevCtl = 12'h0a8,
  localparam int unsigned VfW = $clog2(Vfs)
) (
  input  logic clk_i,
  input  logic rst_ni,

  // The row that is being looked at, one cycle after its number, and what is so of this VF.
  input  logic [VfW-1:0] vf_i,
  input  logic [2:0]     state_i,
  input  logic [2:0]     failed_i,    // resets that have failed, and then looks
  input  logic           offered_i,   // the device has it
  input  logic           vf_busy_i,
  input  logic [15:0]    drain_ms_i,
  // How old its state must be for what comes next; three cycles after the row, whether it is.
  output logic [15:0]    limit_o,
  input  logic           old_i,

  // The device: see vfp_pool. usable: VFs may be asked.
  input  logic        known_i,
  input  logic        off_i,
  input  logic        usable_i,
  input  logic [15:0] vf_first_i,
  input  logic [15:0] vf_stride_i,
  output logic        ask_o,
  input  logic        ask_ready_i,
  output logic        ask_write_o,
  output logic [15:0] ask_bdf_o,
  output logic [11:0] ask_reg_o,
  input  logic        answer_i,
  input  logic [2:0]  status_i,
  input  logic [31:0] rdata_i,

  // The visit of a round, when old_i is there: the VF has nothing to be reset of; it is as after power-on.
  input  logic           judge_i,
  output logic           to_reset_o,
  output logic           fresh_o,
  // The engine has let this VF go anew: what was to be asked about it has to wait.
  input  logic           again_i,
  // An answer waits for the row of its VF, and is done with it.
  output logic           answered_o,
  output logic [VfW-1:0] answer_vf_o,
  input  logic           done_i,
  output logic           counts_o,    // it changes something
  output logic           mended_o,    // the VF is as after power-on; else its next state is:
  output logic [2:0]     state_o,
  output logic [2:0]     failed_o,

  output logic busy_o
);

  localparam logic [15:0] FlrMs = 16'd100;  // PCIe Base Spec 2.1, 6.6.2
  // The write that starts a reset is answered before the reset begins (6.6.2), so that a VF which hangs in it shows only
  // afterwards. Device Status tells: in the same DW as Device Control, Transactions Pending clear (7.8.5). IDs do not:
  // those of a VF read all ones (SR-IOV 1.1, 3.4.1).
  localparam int unsigned TransactionsPending = 16 + 5;
  // A reset or a look that fails is tried again after a while; the last time, the VF is broken.
  localparam logic [15:0] RetryMs = 16'd16;
  localparam logic [2:0]  LastTry = 3'd7;

  // ---- The visit -------------------------------------------------------------------------------------------------------
  logic draining, resting, first, ripe, rested, gone;
  assign draining = state_i == vfp_regs_pkg::VfStateDraining;
  assign resting  = state_i == vfp_regs_pkg::VfStateReset;
  assign first    = failed_i == '0;
  assign limit_o  = !first ? RetryMs : resting ? FlrMs : drain_ms_i;
  assign ripe     = draining && (old_i || (first && !vf_busy_i));
  assign rested   = resting && old_i;
  assign gone     = off_i || (known_i && !offered_i);
  // What went with VF Enable has nothing left that could be reset.
  assign to_reset_o = (ripe && gone) || (state_i == vfp_regs_pkg::VfStateBroken && off_i);
  assign fresh_o    = rested && gone;

  // ---- The question ----------------------------------------------------------------------------------------------------
  logic           wanted_q, offer_q, asked_q, write_q, answered_q, well_q;
  logic [VfW-1:0] ask_vf_q;
  logic [15:0]    bdf_q, place;
  logic           withdrawn;
  assign withdrawn = !usable_i || !known_i || ((again_i || (judge_i && !ripe && !rested)) && vf_i == ask_vf_q);
  // The stride is a power of two (vfp_discover).
  always_comb begin
    place = '0;
    for (int s = 0; s < 8; s++) if (vf_stride_i[s]) place = place | (16'(ask_vf_q) << s);
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      wanted_q   <= 1'b0;
      offer_q    <= 1'b0;
      asked_q    <= 1'b0;
      answered_q <= 1'b0;
    end else begin
      offer_q <= wanted_q && !withdrawn && !(ask_o && ask_ready_i);
      if (ask_o && ask_ready_i) asked_q <= 1'b1;
      if (withdrawn || (ask_o && ask_ready_i)) wanted_q <= 1'b0;
      if (judge_i && (ripe || rested) && known_i && usable_i && offered_i && !wanted_q && !asked_q) begin
        wanted_q <= 1'b1;
        write_q  <= draining;
        ask_vf_q <= vf_i;
      end
      if (answer_i) begin
        answered_q <= 1'b1;
        well_q     <= status_i == vfp_cell_pkg::CplSc && (write_q || !rdata_i[TransactionsPending]);
      end
      if (done_i) begin
        answered_q <= 1'b0;
        asked_q    <= 1'b0;
      end
    end
    if (wanted_q) bdf_q <= vf_first_i + place;
  end
  assign ask_o       = offer_q && known_i && usable_i;
  assign ask_write_o = write_q;
  assign ask_bdf_o   = bdf_q;
  assign ask_reg_o   = VfDevCtl;

  // ---- The answer ------------------------------------------------------------------------------------------------------
  // Where it is not a good one, the VF stays where it is, and a later round asks again.
  assign answered_o  = answered_q;
  assign answer_vf_o = ask_vf_q;
  assign counts_o    = write_q ? draining : resting;
  assign mended_o    = well_q && !write_q;
  assign state_o     = well_q ? vfp_regs_pkg::VfStateReset :
                       failed_i == LastTry ? vfp_regs_pkg::VfStateBroken : state_i;
  assign failed_o    = well_q ? '0 : failed_i == LastTry ? failed_i : failed_i + 1'b1;

  assign busy_o = (wanted_q && (!offer_q || withdrawn)) || (offer_q && !wanted_q) || answered_q;

  logic unused;
  assign unused = ^{rdata_i, vf_stride_i};

endmodule
