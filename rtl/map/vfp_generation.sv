// SPDX-License-Identifier: Apache-2.0
// Generation numbers of the VFs of one device (docs/bridge-inside.md). Each VF is visited once in 1,024 cycles, and its
// number goes up if a change was asked for since: so no number changes more often, any number of VFs change in the same
// round, and several changes of one VF that come together count as one.
//
// Whoever changes something first makes the change, then asks, and is sure of it when `pending_o` has fallen. Until then
// nothing of the VF's passes a check.
module vfp_generation #(
  parameter int unsigned Looks  = 2,  // readers
  parameter int unsigned Checks = 2,  // who compares
  parameter int unsigned VfW    = 6,  // 2^VfW VFs
  parameter int unsigned VisitW = 4   // a visit takes 2^VisitW cycles: with 64 VFs 1,024 for all
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,
  output logic                       init_done_o,  // all numbers are 0

  input  logic [2**VfW-1:0]          bump_i,     // pulse for each VF; at any time
  output logic [2**VfW-1:0]          pending_o,  // asked for, not yet done

  input  logic [Looks-1:0][VfW-1:0]  look_vf_i,
  output logic [Looks-1:0][15:0]     look_gen_o,  // in the same cycle

  input  logic [Checks-1:0][VfW-1:0] check_vf_i,
  input  logic [Checks-1:0][15:0]    check_gen_i,
  output logic [Checks-1:0]          check_ok_o   // a cycle later: the number is the VF's, and no other one was asked for
);

  if (VfW < 1 || VfW > 6 || VisitW < 2 || VfW + VisitW > 10) begin : gen_bad_walk
    $fatal(1, "vfp_generation: 2 to 64 VFs, a visit of 4 cycles or more, a walk of 1,024 or less");
  end

  // The walk stands while nobody asks for anything.
  logic clk;
  vfp_clock_gate u_gate (.clk_i, .rst_ni, .on_i(init_q || bump_i != '0 || pending_o != '0), .clk_o(clk));

  // The first walk clears.
  logic [VfW+VisitW-1:0] walk_q;
  logic [VisitW-1:0]     nth;
  logic [VfW-1:0]        vf;
  logic                  init_q, write_q, bump_q;
  logic [15:0]           next_q;
  assign {vf, nth}   = walk_q;
  assign init_done_o = !init_q;

  // One copy of the numbers for each reader, and one for the visits.
  logic [15:0] visit_mem [2**VfW];
  always_ff @(posedge clk) begin
    if (write_q) visit_mem[vf] <= next_q;
  end

  always_ff @(posedge clk) begin
    next_q  <= init_q ? 16'd0 : visit_mem[vf] + 16'd1;
    if (!rst_ni) begin
      walk_q  <= '0;
      init_q  <= 1'b1;
      bump_q  <= 1'b0;
      write_q <= 1'b0;
    end else begin
      walk_q  <= walk_q + 1'b1;
      if (walk_q == '1) init_q <= 1'b0;
      if (nth == VisitW'(0)) bump_q <= pending_o[vf] || init_q;
      write_q <= nth == VisitW'(1) && bump_q;
    end
  end

  // What is asked for in the very cycle of the change waits for the next round.
  for (genvar v = 0; v < 2**VfW; v++) begin : gen_pending
    logic pending_q, done;
    assign pending_o[v] = pending_q;
    assign done         = write_q && vf == VfW'(v);
    always_ff @(posedge clk) begin
      if (!rst_ni) pending_q <= 1'b0;
      else pending_q <= (pending_q && !done) || bump_i[v];
    end
  end

  for (genvar r = 0; r < int'(Looks); r++) begin : gen_look
    logic [15:0] gen_mem [2**VfW];
    always_ff @(posedge clk) begin
      if (write_q) gen_mem[vf] <= next_q;
    end
    assign look_gen_o[r] = gen_mem[look_vf_i[r]];
  end

  for (genvar r = 0; r < int'(Checks); r++) begin : gen_check
    logic [15:0] gen_mem [2**VfW];
    always_ff @(posedge clk) if (write_q) gen_mem[vf] <= next_q;
    always_ff @(posedge clk_i) begin
      check_ok_o[r] <= gen_mem[check_vf_i[r]] == check_gen_i[r] && !pending_o[check_vf_i[r]];
    end
  end

`ifdef FORMAL
  `include "formal/vfp_generation.svh"
`endif

endmodule
