// SPDX-License-Identifier: Apache-2.0
// Weighted deficit round robin over the sources of one exit, in cells. A source may send while its deficit is not negative
// and is charged with the cells afterwards, so that no size is compared. A new round gives every source its quantum,
// weight x 4 cells, and begins when nobody who asks has a deficit of 0 or more.
//
// A request takes two cycles to a grant: in the first one it is seen who may send, in the second one whose turn it is. Grants
// are as many cycles apart as the packet has cells, two at least. The deficit knows of a grant two cycles later: a source
// that is granted every two or three cycles may send one short packet more than its due, and pays for it.
module vfp_drr #(
  parameter int unsigned Sources = 3   // 1..18
) (
  input  logic                    clk_i,
  input  logic                    rst_ni,

  input  logic [Sources-1:0]      req_i,     // from registers; falls in the cycle after the grant, but for more_i
  input  logic [Sources-1:0]      more_i,    // with req_i: another packet follows, so the request stands after a grant
  input  logic [Sources-1:0]      may_i,     // there is room for what the source asks for
  input  logic [Sources-1:0][5:0] cells_i,   // of the packet, valid in the cycle after its grant
  input  logic [Sources-1:0][4:0] weight_i,  // 1..31
  output logic [Sources-1:0]      grant_o,
  output logic                    busy_o     // somebody asks, or deficits change; else nothing changes some cycles later
);

  if (Sources < 1 || Sources > 18) begin : gen_bad_sources
    $fatal(1, "vfp_drr: Sources is 1 to 18");
  end

  logic [Sources-1:0] grant_q, paid_q;  // granted in this cycle, in the last one
  logic               granted_q, charged_q;  // the same of any source
  logic [Sources-1:0] rich;     // the deficit is not negative
  logic [Sources-1:0] near;     // owes little
  logic [Sources-1:0] less;     // owes half of that
  logic [Sources-1:0] soon;     // will not owe anything with the next quantum
  logic [5:0]         cells;
  logic [5:0]         left_q;   // cells of the packet that leaves, counted down to 3: the next one may be chosen
  logic               long, go, idle;

  assign grant_o = grant_q;

  // --- who may send ---

  logic [Sources-1:0] asks, ask_q;      // asks, and there is room; not what is granted in this cycle
  logic [Sources-1:0] able;
  logic [Sources-1:0] able_q, later_q;  // those of able_q that come after the one granted last
  logic [Sources-1:0] upto, upto_q;     // up to the one that was granted last
  logic               round, hold_q, add_q, boost, lend_q;

  assign asks  = may_i & ((req_i & ~grant_q) | (more_i & grant_q));
  assign boost = round || hold_q || add_q;
  assign able  = asks & (rich | (soon & {Sources{boost}}) | (near & {Sources{lend_q}}));

  always_comb begin
    for (int s = 0; s < int'(Sources); s++) upto[s] = granted_q ? (grant_q >> s) != '0 : upto_q[s];
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ask_q   <= '0;
      able_q  <= '0;
      later_q <= '0;
      upto_q  <= '0;
    end else begin
      ask_q   <= asks;
      able_q  <= able;
      later_q <= able & ~upto;
      upto_q  <= upto;
    end
  end

  // --- whose turn it is: the first of the later ones, or of all ---

  logic [Sources-1:0] first;
  vfp_turn #(.N(Sources)) u_turn (.able_i(able_q), .later_i(later_q), .first_o(first));

  // The next packet may follow the one that is leaving.
  always_comb begin
    cells = '0;
    long  = 1'b0;
    for (int s = 0; s < int'(Sources); s++) begin
      if (paid_q[s]) cells = cells | cells_i[s];
      if (paid_q[s] && cells_i[s] > 6'd2) long = 1'b1;
    end
  end
  assign idle = left_q[5:2] == 4'd0;
  assign go   = !granted_q && (charged_q ? !long : idle);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      grant_q   <= '0;
      granted_q <= 1'b0;
      paid_q    <= '0;
      charged_q <= 1'b0;
      left_q    <= '0;
    end else begin
      grant_q   <= go ? first : '0;
      granted_q <= go && able_q != '0;
      paid_q    <= grant_q;
      charged_q <= granted_q;
      if (charged_q) left_q <= cells;
      else if (!idle) left_q <= left_q - 6'd1;
    end
  end

  // --- rounds ---

  // Who was granted needs some cycles for its next request, if nothing followed. If all such are poor, everyone gets rounds
  // meanwhile. A poor one may go on credit, so that the link does not run dry: before a rich one that does not ask, and when
  // rounds have made nobody rich in time. If that has no end, rounds begin before the credit ends. Nobody is waited for longer
  // than two turns of 64 cycles: who has nothing more to ask would let the others run into debts that they pay when it asks
  // again.
  logic [Sources-1:0] loop_q;   // was granted, and has not asked since
  logic [Sources-1:0] late_q;   // since the last turn, at least
  logic [5:0]         turn_q;
  logic               turn;
  logic               settled;  // the deficits count all that was granted
  logic               dry_q, forget_q;
  assign settled = !granted_q && !charged_q;
  assign turn    = turn_q == '1;
`ifdef VFPOOL_GATE
  assign busy_o  = req_i != '0 || !settled || !idle || round || hold_q || add_q || loop_q != '0;
`else
  assign busy_o  = 1'b1;
`endif
  assign round   = !hold_q && !add_q &&
                   (dry_q || (((ask_q | loop_q) & rich) == '0 && (ask_q | loop_q) != '0));

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      loop_q   <= '0;
      late_q   <= '0;
      turn_q   <= '0;
      hold_q   <= 1'b0;
      add_q    <= 1'b0;
      lend_q   <= 1'b0;
      dry_q    <= 1'b0;
      forget_q <= 1'b0;
    end else begin
      lend_q   <= settled && (ask_q & rich) == '0;
      dry_q    <= settled && idle && !hold_q && !add_q && ask_q != '0 && (ask_q & (rich | less)) == '0;
      forget_q <= round && go;
      turn_q   <= turn_q + 1'b1;
      late_q   <= (turn ? loop_q : late_q) & ~grant_q;
      loop_q   <= (loop_q & ~ask_q & ~{Sources{forget_q}} & ~(late_q & {Sources{turn}})) | grant_q;
      // Not in the cycle in which somebody is charged.
      add_q    <= (round || hold_q) && !granted_q;
      hold_q   <= (round || hold_q) && granted_q;
    end
  end

  for (genvar s = 0; s < int'(Sources); s++) begin : gen_source
    logic signed [8:0] deficit_q, quantum, sum;
    logic [7:0]        unused_raised;
    logic              keeps, unused_carry, owes;
    assign quantum = $signed({2'b00, weight_i[s], 2'b00});
    // Less the cells, or with the quantum: one adder, whose lowest bit is the carry of the complement.
    assign {sum, unused_carry} = {deficit_q, 1'b1} + {paid_q[s] ? ~{3'b000, cells_i[s]} : quantum, paid_q[s]};
    assign rich[s] = !deficit_q[8];
    assign near[s] = deficit_q[7];  // if it is negative: -128 or more
    assign less[s] = deficit_q[7:6] == 2'b11;  // if it is negative: -64 or more
    assign {owes, unused_raised} = deficit_q + quantum;
    assign soon[s] = !owes;  // if it is negative
    // What is not used is not saved up, but for who could not ask in time.
    assign keeps   = !rich[s] || (loop_q[s] && !deficit_q[7]);
    always_ff @(posedge clk_i) begin
      if (!rst_ni) deficit_q <= '0;
      else if (paid_q[s]) deficit_q <= sum;
      else if (add_q) deficit_q <= keeps ? sum : rich[s] && loop_q[s] ? deficit_q : quantum;
    end
  end

`ifdef FORMAL
  `include "formal/vfp_drr.svh"
`endif

endmodule
