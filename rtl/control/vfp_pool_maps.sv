// SPDX-License-Identifier: Apache-2.0
// What the pool's rows come to for others: which functions and slots have something, which VFs are somebody's, and whose VF
// or function is which.
//
// What must show of all at once is in flip-flops, two cycles after a row was written; whose bits change is known one hot, a
// cycle before. Numbers are looked up in memories, a cycle after: so who finds a function usable finds its VF, too.
module vfp_pool_maps #(
  parameter int unsigned Users   = 2,
  parameter int unsigned Slots   = 2,
  parameter int unsigned SlotFns = 8,
  parameter int unsigned Devices = 1,
  parameter int unsigned Vfs     = 64,  // of a device
  localparam int unsigned NumSlots = Users * Slots,
  localparam int unsigned UserFns  = Slots * SlotFns,
  localparam int unsigned NumFns   = Users * UserFns,
  localparam int unsigned FiW      = $clog2(SlotFns),
  localparam int unsigned UFnW     = $clog2(UserFns),
  localparam int unsigned NFnW     = $clog2(NumFns),
  localparam int unsigned NumVfs   = Devices * Vfs,  // numbered device * Vfs + VF
  localparam int unsigned VfW      = $clog2(NumVfs),
  localparam int unsigned Looks    = 1 + Devices
) (
  input  logic clk_i,
  input  logic rst_ni,

  // A row is written: VF vf_i is assigned to fn_i, or was (kept_i), and has to be cleaned or not (idle_i). of_fn_i: with it
  // changes what the function has. count_i: fn_i has, or had, vf_i, and nothing changes but that the device may have it now.
  input  logic            write_i,
  input  logic            of_fn_i,
  input  logic            count_i,
  input  logic            kept_i,
  input  logic            idle_i,
  input  logic            has_i,    // the device has the VF
  input  logic [VfW-1:0]  vf_i,
  input  logic [NFnW-1:0] fn_i,

  // Of each slot: the device whose VFs it has says so of all; the VFs leave it; they have to be cleaned.
  input  logic [NumSlots-1:0] live_i,
  input  logic [NumSlots-1:0] counted_i,
  input  logic [NumSlots-1:0] usable_i,
  input  logic [NumSlots-1:0] unseen_i,
  input  logic [NumSlots-1:0] leaving_i,
  input  logic [NumSlots-1:0] closed_i,
  output logic [NumSlots-1:0] slot_present_o,
  output logic [NumSlots-1:0] slot_ready_o,
  output logic [NumFns-1:0]   fn_there_o,
  output logic [NumFns-1:0]   fn_active_o,
  output logic [NumVfs-1:0]   vf_owned_o,

  // In the same cycle: the VF of a function, of any or of each user's own; the function of a VF. Of those that there are.
  input  logic [Looks-1:0][NFnW-1:0] look_fn_i,
  output logic [Looks-1:0][VfW-1:0]  look_vf_o,
  input  logic [Users-1:0][UFnW-1:0] user_fn_i,
  output logic [Users-1:0][VfW-1:0]  user_vf_o,
  input  logic [Looks-1:0][VfW-1:0]  whose_vf_i,
  output logic [Looks-1:0][NFnW-1:0] whose_fn_o,

  output logic busy_o
);

  // ---- Whose bits ------------------------------------------------------------------------------------------------------
  localparam int unsigned LowW  = VfW > 1 ? VfW / 2 : 1;
  localparam int unsigned Lows  = 1 << LowW;
  localparam int unsigned Highs = (NumVfs + Lows - 1) / Lows;
  logic [NumSlots-1:0] row_q, count_q;  // slots of which a function changes, may have come or gone
  logic [SlotFns-1:0]  at_fn_q;
  logic [Highs-1:0]    high_q;          // none if no row is written
  logic [Lows-1:0]     low_q;
  logic                kept_q, dirty_q, owned_q, has_q;
  always_ff @(posedge clk_i) begin
    for (int s = 0; s < int'(NumSlots); s++) begin
      row_q[s]   <= rst_ni && write_i && of_fn_i && 32'(fn_i >> FiW) == s;
      count_q[s] <= rst_ni && ((write_i && of_fn_i) || count_i) && 32'(fn_i >> FiW) == s;
    end
    for (int f = 0; f < int'(SlotFns); f++) at_fn_q[f] <= fn_i[FiW-1:0] == FiW'(f);
    for (int h = 0; h < int'(Highs); h++) high_q[h] <= rst_ni && write_i && 32'(vf_i >> LowW) == h;
    for (int l = 0; l < int'(Lows); l++) low_q[l] <= vf_i[LowW-1:0] == LowW'(l);
    kept_q  <= kept_i;
    dirty_q <= kept_i && !idle_i;
    owned_q <= kept_i || !idle_i;
    has_q   <= has_i;
  end
  logic busy_q;
  always_ff @(posedge clk_i) busy_q <= rst_ni && (write_i || count_i);
  assign busy_o = busy_q;

  // ---- VFs: assigned, or still to be cleaned after it was --------------------------------------------------------------
  for (genvar v = 0; v < NumVfs; v++) begin : gen_vf
    logic bit_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) bit_q <= 1'b0;
      else if (high_q[v/Lows] && low_q[v%Lows]) bit_q <= owned_q;
    end
    assign vf_owned_o[v] = bit_q;
  end

  // ---- Functions and slots ---------------------------------------------------------------------------------------------
  for (genvar s = 0; s < NumSlots; s++) begin : gen_slot
    logic [SlotFns-1:0] here, unready;
    logic               there, active;
    for (genvar f = 0; f < SlotFns; f++) begin : gen_fn
      logic taken_q, reset_q, offered_q;  // it has a VF; which needs a reset; whose number the device has
      always_ff @(posedge clk_i) begin
        if (!rst_ni) begin
          taken_q <= 1'b0;
          reset_q <= 1'b0;
        end else if (row_q[s] && at_fn_q[f]) begin
          taken_q <= kept_q;
          reset_q <= dirty_q;
        end
        if (count_q[s] && at_fn_q[f]) offered_q <= has_q;
      end
      assign here[f]    = taken_q && offered_q;
      assign unready[f] = reset_q && offered_q;
      assign fn_there_o[s*SlotFns+f]  = here[f] && there;
      assign fn_active_o[s*SlotFns+f] = here[f] && !reset_q && active;
    end
    assign there             = live_i[s] && usable_i[s] && !leaving_i[s];
    assign active            = live_i[s] && usable_i[s] && counted_i[s] && !closed_i[s];
    assign slot_present_o[s] = live_i[s] && here != '0 && !leaving_i[s] && !unseen_i[s];
    assign slot_ready_o[s]   = unready == '0 && !closed_i[s];
  end

  // ---- Numbers: a copy for each reader ---------------------------------------------------------------------------------
  for (genvar k = 0; k < Looks; k++) begin : gen_look
    logic [VfW-1:0]  vf_mem [NumFns];
    logic [NFnW-1:0] fn_mem [NumVfs];
    always_ff @(posedge clk_i) begin
      if (write_i && of_fn_i) vf_mem[fn_i] <= vf_i;
      if (write_i) fn_mem[vf_i] <= fn_i;
    end
    assign look_vf_o[k]  = vf_mem[look_fn_i[k]];
    assign whose_fn_o[k] = fn_mem[whose_vf_i[k]];
  end
  for (genvar u = 0; u < Users; u++) begin : gen_user
    logic [VfW-1:0] vf_mem [UserFns];
    always_ff @(posedge clk_i) if (write_i && of_fn_i && 32'(fn_i >> UFnW) == u) vf_mem[fn_i[UFnW-1:0]] <= vf_i;
    assign user_vf_o[u] = vf_mem[user_fn_i[u]];
  end

endmodule
