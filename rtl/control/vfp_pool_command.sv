// SPDX-License-Identifier: Apache-2.0
// A command (COMMAND in tools/regs/bridge.toml) from its word to its result: kept, decoded, judged by what the engine of
// vfp_pool has looked up for it, and split into what is to be done.
module vfp_pool_command #(
  parameter int unsigned Users   = 2,
  parameter int unsigned Slots   = 2,
  parameter int unsigned SlotFns = 8,
  parameter int unsigned Devices = 1,
  parameter int unsigned Vfs     = 64,  // of a device
  localparam int unsigned NumSlots = Users * Slots,
  localparam int unsigned SlotW    = NumSlots > 1 ? $clog2(NumSlots) : 1,
  localparam int unsigned FiW      = $clog2(SlotFns),
  localparam int unsigned DevVfW   = $clog2(Vfs),
  localparam int unsigned VfW      = $clog2(Devices * Vfs)
) (
  input  logic clk_i,
  input  logic rst_ni,

  input  logic        cmd_i,
  input  logic        owner_i,
  input  logic [31:0] word_i,

  output logic             waits_o,   // there is one that is not carried out
  output logic [VfW-1:0]   vf_o,      // what it is about: device * Vfs + VF
  output logic [SlotW-1:0] slot_o,
  output logic [FiW-1:0]   fn_o,      // function of the slot
  output logic             button_o,  // its bit BUTTON

  // Taken in the cycle of look_i: the slot. The rest is looked at a cycle later: the VF's row, the slot's functions.
  input  logic               look_i,
  input  logic               powered_i,
  input  logic               blinking_i,
  input  logic               releasing_i,
  input  logic               requested_i,
  input  logic               other_card_i,  // if there is something in it, it is not of this device
  input  logic               kept_i,
  input  logic [2:0]         state_i,
  input  logic [SlotFns-1:0] fns_i,

  // Two cycles after look_i: it is carried out. What follows, but the result and what it will empty, goes with it.
  input  logic        commit_i,
  output logic [3:0]  result_o,
  output logic        empties_o,  // the slot's VFs leave it now
  output logic        assign_o,
  output logic        release_o,  // when the server has switched the slot off
  output logic        press_o,
  output logic        request_o,
  output logic        answered_o,
  output logic        reset_o,
  output logic        event_o,
  output logic [31:0] event_word_o
);

  logic [31:0]            word_q;
  vfp_regs_pkg::command_t cmd;
  assign cmd = word_q;

  logic fresh_q, waits_q, owner_q;
  logic [SlotW-1:0] slot_q;
  logic assigning_q, releasing_q, forcing_q, pressing_q, requesting_q, denying_q, detaching_q, resetting_q, known_q, may_q;
  logic bad_slot_q, bad_fn_q, bad_vf_q, any_vf_q, bad_reason_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      fresh_q <= 1'b0;
      waits_q <= 1'b0;
    end else begin
      fresh_q <= cmd_i;
      waits_q <= fresh_q || (waits_q && !commit_i);
    end
    if (cmd_i) begin
      word_q  <= word_i;
      owner_q <= owner_i;
    end
    if (fresh_q) begin
      slot_q       <= SlotW'((32'(cmd.user) - 32'd1) * Slots + 32'(cmd.slot));
      assigning_q  <= cmd.op == vfp_regs_pkg::OpAssign;
      releasing_q  <= cmd.op == vfp_regs_pkg::OpRelease;
      forcing_q    <= cmd.op == vfp_regs_pkg::OpForce;
      pressing_q   <= cmd.op == vfp_regs_pkg::OpButton;
      requesting_q <= cmd.op == vfp_regs_pkg::OpRequest;
      denying_q    <= cmd.op == vfp_regs_pkg::OpDeny;
      detaching_q  <= cmd.op == vfp_regs_pkg::OpDetach;
      resetting_q  <= cmd.op == vfp_regs_pkg::OpReset;
      known_q      <= cmd.op >= vfp_regs_pkg::OpAssign && cmd.op <= vfp_regs_pkg::OpReset;
      may_q        <= cmd.op == vfp_regs_pkg::OpRequest ? !owner_q :
                      owner_q || cmd.op == vfp_regs_pkg::OpRelease || cmd.op == vfp_regs_pkg::OpButton ||
                      cmd.op == vfp_regs_pkg::OpDetach;
      bad_slot_q   <= cmd.user == '0 || 32'(cmd.user) > Users || 32'(cmd.slot) >= Slots;
      bad_fn_q     <= 32'(cmd.fn) >= SlotFns;
      // The last VF of device 3 has no number: that means any.
      bad_vf_q     <= 32'(cmd.vf[5:0]) >= Vfs || 32'(cmd.vf[7:6]) >= Devices || cmd.vf == 8'hff;
      any_vf_q     <= cmd.vf == 8'hff;
      bad_reason_q <= cmd.vf == '0 || cmd.vf > 8'd15;
    end
  end

  // ---- What it finds ---------------------------------------------------------------------------------------------------
  logic found_q, powered_q, blinking_q, slot_releasing_q, requested_q, other_card_q, full, fn_used;
  always_ff @(posedge clk_i) begin
    found_q <= look_i && rst_ni;
    if (look_i) begin
      powered_q        <= powered_i;
      blinking_q       <= blinking_i;
      slot_releasing_q <= releasing_i;
      requested_q      <= requested_i;
      other_card_q     <= other_card_i;
    end
  end
  assign full    = fns_i != '0;
  assign fn_used = fns_i[cmd.fn[FiW-1:0]];

  logic [3:0] result, result_q;
  always_comb begin
    result = vfp_regs_pkg::ResultDone;
    if (!known_q) result = vfp_regs_pkg::ResultUnknownOp;
    else if (!may_q) result = vfp_regs_pkg::ResultNotAllowed;
    else if (resetting_q) begin
      if (bad_vf_q || state_i != vfp_regs_pkg::VfStateBroken) result = vfp_regs_pkg::ResultNoSuch;
    end else if (bad_slot_q || (assigning_q && (bad_fn_q || bad_vf_q))) result = vfp_regs_pkg::ResultNoSuch;
    else if (requesting_q) begin
      if (full || slot_releasing_q) result = vfp_regs_pkg::ResultSlotBusy;
      else if (bad_vf_q && !any_vf_q) result = vfp_regs_pkg::ResultNoSuch;
    end else if (denying_q) begin
      if (!requested_q) result = vfp_regs_pkg::ResultNoRequest;
      else if (bad_reason_q) result = vfp_regs_pkg::ResultNoSuch;
    end else if (releasing_q && requested_q) result = vfp_regs_pkg::ResultDone;
    else if (assigning_q) begin
      if (state_i == vfp_regs_pkg::VfStateBroken) result = vfp_regs_pkg::ResultVfBroken;
      else if (kept_i || state_i != vfp_regs_pkg::VfStateIdle) result = vfp_regs_pkg::ResultVfInUse;
      else if (fn_used) result = vfp_regs_pkg::ResultFnInUse;
      else if (full && other_card_q) result = vfp_regs_pkg::ResultOtherCard;
      else if (slot_releasing_q || (full && powered_q)) result = vfp_regs_pkg::ResultSlotBusy;
    end else if (!full) result = vfp_regs_pkg::ResultSlotEmpty;
    // A press while the indicator blinks would take back the one before it: that is meant only for a release.
    else if (!forcing_q && !(pressing_q && slot_releasing_q) && (slot_releasing_q || blinking_q)) begin
      result = vfp_regs_pkg::ResultSlotBusy;
    end
  end
  always_ff @(posedge clk_i) if (found_q) result_q <= result;

  // ---- What is done ----------------------------------------------------------------------------------------------------
  logic ok, withdraws, leaves;
  assign ok         = result_q == vfp_regs_pkg::ResultDone;
  assign withdraws  = releasing_q && requested_q;
  assign leaves     = (releasing_q && !requested_q) || detaching_q;
  assign empties_o  = ok && (forcing_q || (leaves && !powered_q));
  assign assign_o   = commit_i && ok && assigning_q;
  assign release_o  = commit_i && ok && leaves && powered_q;
  assign press_o    = commit_i && ok && (pressing_q || (leaves && powered_q && releasing_q));
  assign request_o  = commit_i && ok && requesting_q;
  assign answered_o = commit_i && ok && (assigning_q || denying_q || withdraws);
  assign reset_o    = commit_i && ok && resetting_q;
  assign event_o    = commit_i && ok && (assigning_q || requesting_q || denying_q);

  vfp_regs_pkg::event_log_t told;
  always_comb begin
    told      = '0;
    told.user = cmd.user;
    told.slot = cmd.slot;
    told.vf   = denying_q ? 8'hff : cmd.vf;
    told.fn   = cmd.fn;
    if (assigning_q) told.kind = vfp_regs_pkg::EventKindAssigned;
    else if (requesting_q) begin
      told.kind   = vfp_regs_pkg::EventKindRequest;
      told.reason = {3'd0, cmd.button};
    end else begin
      told.kind   = vfp_regs_pkg::EventKindDenied;
      told.reason = 4'(cmd.vf);
    end
  end
  assign event_word_o = told;

  assign waits_o  = waits_q;
  assign vf_o     = VfW'((32'(cmd.vf[7:6]) << DevVfW) | (32'(cmd.vf[5:0]) % Vfs));
  assign slot_o   = slot_q;
  assign fn_o     = FiW'(cmd.fn);
  assign button_o = cmd.button;
  assign result_o = result_q;

  logic unused;
  assign unused = ^cmd;

endmodule
