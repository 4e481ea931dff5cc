// SPDX-License-Identifier: Apache-2.0
// A class that waits for the limit contains the port whatever the others do, and only a port that waits or holds is
// contained.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

(* anyconst *) logic [12:0] f_limit;
(* anyconst *) logic [23:0] f_patience;
(* anyconst *) logic [1:0]  f_cls;
always_comb begin
  assume (stuck_i == f_limit && patience_i == f_patience);
  assume (f_cls != 2'd3);
end

logic [13:0] f_waits_q;      // ticks for which the class has waited without a break
logic [24:0] f_held_q;       // cycles of holding up since the beginning
logic        f_late_q, f_late_q2, f_step_q;
always_ff @(posedge clk_i) begin
  if (!rst_ni || !waiting_i[f_cls] || left_i[f_cls] || contained_o) f_waits_q <= '0;
  else if (tick_i && f_waits_q != '1) f_waits_q <= f_waits_q + 1'b1;
  if (!rst_ni || contained_o) f_held_q <= '0;
  else if (f_step_q && f_held_q != '1) f_held_q <= f_held_q + 1'b1;
  f_step_q <= rst_ni && held_i;  // the account learns of it a cycle later
  f_late_q  <= rst_ni && f_limit != '0 && f_waits_q >= {1'b0, f_limit} && !contained_o && !release_i;
  f_late_q2 <= rst_ni && f_late_q && !release_i;
end

logic [12:0] f_ticks;
assign f_ticks = f_cls == 2'd0 ? gen_cls[0].ticks_q : f_cls == 2'd1 ? gen_cls[1].ticks_q : gen_cls[2].ticks_q;
logic f_over_q;  // the account was at its limit in the last cycle
always_ff @(posedge clk_i) f_over_q <= rst_ni && f_held_q >= {1'b0, f_patience};

always_comb begin
  if (rst_ni) begin
    assert (f_waits_q == {1'b0, f_ticks} || (f_ticks == '1 && f_waits_q >= {1'b0, f_ticks}));
    assert ({1'b0, account_q} <= f_held_q);
    assert (step_q <= $signed({6'd0, f_step_q}));
    if (over_q[3]) assert (f_over_q);
    if (f_late_q) assert (over_q[f_cls] || contained_o);
    if (f_late_q2) assert (contained_o);
    cover (cause_o == 4'b0100);
    cover (cause_o == 4'b1000);
    cover (!contained_o && f_held_q == 25'd12 && account_q == '0);
  end
end
