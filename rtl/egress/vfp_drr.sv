// SPDX-License-Identifier: Apache-2.0
// Weighted deficit round robin over the sources of one exit, in cells. A source may send while its deficit is not negative
// and is charged with the cells afterwards, so that no size is compared. A new round gives every source its quantum,
// weight x 4 cells, and begins when nobody who may send has a deficit of 0 or more.
//
// A request takes two cycles to a grant; grants are as many cycles apart as the packet has cells, two at least.
module vfp_drr #(
  parameter int unsigned Sources = 3   // 1..18
) (
  input  logic                    clk_i,
  input  logic                    rst_ni,

  input  logic [Sources-1:0]      req_i,     // from registers; falls in the cycle after the grant
  input  logic [Sources-1:0]      may_i,     // there is room for what the source asks for
  input  logic [Sources-1:0]      stop_i,    // a cycle later: not now
  input  logic [Sources-1:0][5:0] cells_i,   // of the packet, valid in the cycle after its grant
  input  logic [Sources-1:0][4:0] weight_i,  // 1..31
  output logic [Sources-1:0]      grant_o
);

  if (Sources < 1 || Sources > 18) begin : gen_bad_sources
    $fatal(1, "vfp_drr: Sources is 1 to 18");
  end

  logic [Sources-1:0] ask_q;    // asks, and there is room
  logic [Sources-1:0] rich;     // the deficit is not negative
  logic [Sources-1:0] grant_q, paid_q, charge_q;  // granted in this cycle, in the last one, in the one before
  logic [Sources-1:0] upto_q;   // up to the one that was granted last: they come after the others
  logic [Sources-1:0] loop_q;   // was granted, and has not asked since
  logic [Sources-1:0] waits, able, later, first;
  logic [5:0]         cells, left_q;
  logic signed [8:0]  charge_cells_q;
  logic [Sources-1:0] near;     // owes little
  logic               go, round, lend_q;

  assign grant_o = grant_q;

  // For two cycles the register still shows a request that is granted.
  assign waits = ask_q & ~stop_i & ~grant_q & ~paid_q;
  assign able  = (waits & rich) != '0 ? waits & rich : lend_q ? waits & near : '0;
  assign later = able & ~upto_q;

  always_comb begin
    first = later != '0 ? later : able;
    for (int s = 0; s < int'(Sources); s++) begin
      for (int t = 0; t < s; t++) begin
        if (later != '0 ? later[t] : able[t]) first[s] = 1'b0;
      end
    end
    cells = '0;
    for (int s = 0; s < int'(Sources); s++) begin
      if (paid_q[s]) cells = cells | cells_i[s];
    end
  end

  // The next packet may follow the one that is leaving.
  assign go = grant_q == '0 && (paid_q != '0 ? cells <= 6'd2 : left_q == 6'd0);

  // Who was granted needs some cycles for its next request. If all such are poor, everyone gets rounds meanwhile. If one is
  // rich, a poor one may go before it on credit, so that the link does not run dry; if that has no end, a round begins.
  logic settled;  // the deficits count all that was granted
  assign settled = grant_q == '0 && paid_q == '0 && charge_q == '0;
  assign round   = able == '0 && settled &&
                   ((loop_q & rich) == '0 ? (waits | loop_q) != '0 : go && waits != '0 && (waits & near) == '0);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ask_q    <= '0;
      grant_q  <= '0;
      paid_q   <= '0;
      charge_q <= '0;
      loop_q   <= '0;
      upto_q   <= '0;
      left_q   <= '0;
      lend_q   <= 1'b0;
    end else begin
      ask_q    <= req_i & may_i;
      grant_q  <= go ? first : '0;
      paid_q   <= grant_q;
      charge_q <= paid_q;
      lend_q   <= settled && (waits & rich) == '0 && (loop_q & rich) != '0;
      loop_q   <= (loop_q & ~waits & ~{Sources{round && go}}) | grant_q;
      if (paid_q != '0) left_q <= cells > 6'd3 ? cells - 6'd3 : 6'd0;
      else if (left_q != 6'd0) left_q <= left_q - 6'd1;
      if (grant_q != '0) begin
        for (int s = 0; s < int'(Sources); s++) upto_q[s] <= (grant_q >> s) != '0;
      end
    end
  end

  always_ff @(posedge clk_i) charge_cells_q <= -$signed({3'b000, cells});

  for (genvar s = 0; s < int'(Sources); s++) begin : gen_source
    logic signed [8:0] deficit_q, quantum, change;
    logic              keeps;
    assign rich[s] = !deficit_q[8];
    assign near[s] = deficit_q[7];  // if it is negative: -128 or more
    assign quantum = $signed({2'b00, weight_i[s], 2'b00});
    assign change  = charge_q[s] ? charge_cells_q : quantum;
    // What is not used is not saved up, but for who could not ask in time.
    assign keeps   = !rich[s] || (loop_q[s] && !deficit_q[7]);
    always_ff @(posedge clk_i) begin
      if (!rst_ni) deficit_q <= '0;
      else if (charge_q[s]) deficit_q <= deficit_q + change;
      else if (round) deficit_q <= keeps ? deficit_q + change : rich[s] && loop_q[s] ? deficit_q : quantum;
    end
  end

`ifdef FORMAL
  `include "formal/vfp_drr.svh"
`endif

endmodule
