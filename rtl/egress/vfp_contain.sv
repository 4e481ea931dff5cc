// SPDX-License-Identifier: Apache-2.0
// When a port must not be waited for any longer (docs/bridge-inside.md, "Containment"). Two clocks: a class of which a packet
// waits for room and none leaves, each class by itself; and the cycles for which the port holds up others, less what it
// takes meanwhile.
module vfp_contain (
  input  logic        clk_i,
  input  logic        rst_ni,

  input  logic        tick_i,       // pulse, once a microsecond
  input  logic [12:0] stuck_i,      // ticks: limit of a class that waits; 0: never
  input  logic [23:0] patience_i,   // cycles: limit of the account; 0: never
  input  logic [5:0]  worth_i,      // cycles that a cell which leaves takes back from the account

  input  logic [2:0]  waiting_i,    // a packet of the class waits, and the link has no room for it
  input  logic [2:0]  left_i,       // pulse: a packet of the class leaves
  input  logic        held_i,       // a link is held up because of this port
  input  logic        cell_i,       // a cell leaves

  output logic        contained_o,
  output logic [3:0]  cause_o,      // which clock it was: classes, patience
  input  logic        release_i     // pulse: begin anew
);

  logic [2:0]         stuck;
  logic [23:0]        account_q;
  logic signed [24:0] next;
  logic signed [6:0]  step_q;
  logic [3:0]         over_q, cause_q;

  for (genvar c = 0; c < 3; c++) begin : gen_cls
    logic [12:0] ticks_q;
    assign stuck[c] = ticks_q >= stuck_i && stuck_i != '0;
    always_ff @(posedge clk_i) begin
      if (!rst_ni || !waiting_i[c] || left_i[c] || contained_o) ticks_q <= '0;
      else if (tick_i && ticks_q != '1) ticks_q <= ticks_q + 1'b1;
    end
  end

  assign next = $signed({1'b0, account_q}) + $signed(25'(step_q));

  always_ff @(posedge clk_i) begin
    step_q <= !rst_ni ? 7'sd0 : cell_i ? $signed(7'(held_i)) - $signed(7'(worth_i)) : $signed(7'(held_i));
    if (!rst_ni || contained_o) account_q <= '0;
    else if (next[24]) account_q <= step_q[6] ? '0 : '1;
    else account_q <= next[23:0];
  end

  assign contained_o = cause_q != '0;
  assign cause_o     = cause_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || release_i) begin
      over_q  <= '0;
      cause_q <= '0;
    end else begin
      over_q <= {account_q >= patience_i && patience_i != '0, stuck};
      if (!contained_o) cause_q <= over_q;
    end
  end

`ifdef FORMAL
  `include "formal/vfp_contain.svh"
`endif

endmodule
