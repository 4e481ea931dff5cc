// SPDX-License-Identifier: Apache-2.0
// The clock of a part that rests: it stands from Hold cycles after on_i has fallen until on_i rises. Whoever instantiates it
// promises that the part keeps its state and its outputs meanwhile, so that nobody can tell.
//
// Only the simulation (sim/bridge) has use for that: parts of a model that are not evaluated cost nothing. There the clock
// falls in the very step in which registers change (bridge_model.sv), so that no latch is needed before the AND. Everywhere
// else this is a wire, and what tells whether a part rests (busy_o) is not made.
module vfp_clock_gate #(
  parameter int unsigned Hold = 16  // 1..31
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic on_i,
  output logic clk_o
);

  if (Hold < 1 || Hold > 31) begin : gen_bad_hold
    $fatal(1, "vfp_clock_gate: Hold is 1 to 31");
  end

`ifdef VFPOOL_GATE
  // A bit for each cycle that is left, and all of them from the beginning, for the reset: what every gate does in every cycle,
  // whether its part rests or not, is to be little.
  logic            goes;
  logic [Hold-1:0] left_q = '1;
  always_ff @(posedge clk_i) left_q <= !rst_ni || on_i ? '1 : left_q << 1;
  assign goes  = on_i || left_q != '0;
  assign clk_o = clk_i && goes;
`else
  assign clk_o = clk_i;
  logic unused;
  assign unused = ^{rst_ni, on_i};
`endif

endmodule
