// SPDX-License-Identifier: Apache-2.0
// Which queue asks next: the destinations in turn, and the classes of each in turn, among those that have a packet which may
// go and find room at their exit. One queue at a time: its request stands while packets follow, and for a quarter of a
// turn at most while another queue could go. A request that is not granted within a turn while another queue could go, or
// for which there is no room any more, is withdrawn; a grant that crosses the withdrawal is honoured.
//
// A choice takes two cycles: in the first one it is seen which destinations ask, in the second one whose turn it is. Where
// nobody asks, a packet that comes is asked for at once.
module vfp_voq_pick #(
  parameter int unsigned Dests = 1,
  parameter int unsigned TurnW = 6   // a turn is 2^TurnW cycles, 2 or more
) (
  input  logic clk_i,
  input  logic rst_ni,

  input  logic [Dests-1:0][2:0] ask_i,    // a packet of the class may go, and there is room
  input  logic [Dests-1:0][2:0] two_i,    // two packets of the class may go
  // A packet of class new_cls_i, which may go and finds room, comes to the queue of one destination: ask_i shows it in two
  // cycles at the latest.
  input  logic [Dests-1:0]      new_i,
  input  logic [1:0]            new_cls_i,
  input  logic                  free_i,   // a packet that is granted in two cycles or later finds the sender free
  output logic [Dests-1:0]      req_o,    // at the exit of the destination, from a register
  output logic                  more_o,   // with req_o: it stands after a grant, for the packet that follows
  output logic [1:0]            req_cls_o,
  output logic [Dests-1:0]      req_dst_o,  // as req_o, but until a grant can have come
  input  logic [Dests-1:0]      grant_i,
  output logic                  sent_o    // the packet {req_dst_o, req_cls_o} was granted
);

  if (Dests < 1 || Dests > 18) begin : gen_bad_dests
    $fatal(1, "vfp_voq_pick: Dests is 1 to 18");
  end

  logic [Dests-1:0]      req_q, dst_q, other_q;
  logic [Dests-1:0]      after_q;         // destinations after dst_q, a cycle after it
  logic [Dests-1:0][2:0] ask_q;
  logic [Dests-1:0]      any_q, later_q;  // destinations that ask; those of them after dst_q
  logic                  on_q;        // req_q is not 0
  logic [1:0]            cls_q, cls;
  logic [Dests-1:0]      first;
  logic [Dests-1:0][1:0] cls_of;
  logic                  fresh_q;     // ask_q does not know yet what the last grant took
  logic [1:0]            cross_q;     // a grant may still come for what was withdrawn
  logic [TurnW:0]        age_q;
  logic [Dests-1:0]      still, two;  // what is asked for finds room; is followed by another one
  logic                  two_q;       // as of a cycle ago, which a grant in between does not matter to: it leaves one
  logic                  others_q, choose, withdraw;
  logic                  idle, at_once;
  logic [1:0]            young_q;     // ask_q may not know yet what was asked for at once

  assign more_o    = on_q && two_q && !(age_q[TurnW:TurnW-2] != '0 && others_q);
  assign req_o     = req_q;
  assign req_cls_o = cls_q;
  assign req_dst_o = dst_q;
  assign sent_o    = grant_i != '0;

  for (genvar d = 0; d < int'(Dests); d++) begin : gen_dest
    logic [1:0] last_q;
    logic [2:0] ask;
    assign ask      = ask_q[d];
    assign still[d] = req_q[d] && ask_q[d][cls_q];
    assign two[d]   = req_q[d] && two_i[d][cls_q];
    // The next class after its last one.
    always_comb begin
      case (last_q)
        2'd0:    cls_of[d] = ask[1] ? 2'd1 : ask[2] ? 2'd2 : 2'd0;
        2'd1:    cls_of[d] = ask[2] ? 2'd2 : ask[0] ? 2'd0 : 2'd1;
        default: cls_of[d] = ask[0] ? 2'd0 : ask[1] ? 2'd1 : 2'd2;
      endcase
    end
    always_ff @(posedge clk_i) begin
      any_q[d]   <= ask_i[d] != 3'd0;
      later_q[d] <= ask_i[d] != 3'd0 && after_q[d];
      other_q[d] <= (ask & ~(req_q[d] ? 3'(3'd1 << cls_q) : 3'd0)) != 3'd0;
      after_q[d] <= rst_ni ? (dst_q & ~({Dests{1'b1}} << d)) != '0 : d != 0;
      if (!rst_ni) last_q <= '0;
      else if (choose && first[d]) last_q <= cls_of[d];
      else if (at_once && new_i[d]) last_q <= new_cls_i;
    end
  end

  // A choice is two cycles old at least when the next one is made: later_q goes by it then.
  vfp_turn #(.N(Dests)) u_turn (.able_i(any_q), .later_i(later_q), .first_o(first));
  always_comb begin
    cls = '0;
    for (int d = 0; d < int'(Dests); d++) begin
      if (first[d]) cls = cls | cls_of[d];
    end
  end

  assign idle     = !on_q && !fresh_q && cross_q == 2'd0 && free_i;
  assign choose   = idle && any_q != '0;
  assign at_once  = idle && any_q == '0 && new_i != '0;
  assign withdraw = on_q && young_q == 2'd0 && ((age_q[TurnW] && others_q) || still == '0);

  always_ff @(posedge clk_i) begin
    ask_q    <= ask_i;
    two_q    <= two != '0 && rst_ni;
    others_q <= other_q != '0;
    if (choose) cls_q <= cls;
    else if (at_once) cls_q <= new_cls_i;
    young_q  <= rst_ni ? {young_q[0], at_once} : 2'd0;
    if (!rst_ni) begin
      req_q   <= '0;
      on_q    <= 1'b0;
      age_q   <= '0;
      fresh_q <= 1'b0;
      cross_q <= 2'd0;
      dst_q   <= Dests'(1);
    end else begin
      fresh_q <= sent_o;
      if (choose) dst_q <= first;
      else if (at_once) dst_q <= new_i;
      if (sent_o ? !more_o : withdraw) begin
        req_q <= '0;
        on_q  <= 1'b0;
      end else if (choose || at_once) begin
        req_q <= choose ? first : new_i;
        on_q  <= 1'b1;
      end
      cross_q <= sent_o ? 2'd0 : withdraw ? 2'd2 : cross_q != 2'd0 ? cross_q - 2'd1 : 2'd0;
      if (!on_q) age_q <= '0;
      else if (!age_q[TurnW]) age_q <= age_q + 1'b1;
    end
  end

`ifdef FORMAL
  `include "formal/vfp_voq_pick.svh"
`endif

endmodule
