// SPDX-License-Identifier: Apache-2.0
// Of any one VF: the number changes by one, at most once in a walk (1,024 cycles); a change that was asked for comes within a
// walk and two cycles;
// every reader sees the same number; and it is done when `pending_o` falls.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

localparam int unsigned WalkW = VfW + VisitW;
(* anyconst *) logic [VfW-1:0] f_vf;
always_comb assume (look_vf_i[0] == f_vf && check_vf_i[0] == f_vf);

logic        f_change;
logic [15:0] f_gen_q, f_checked_q;
logic [WalkW-1:0] f_since_q, f_place;  // cycles since the last change, up to a walk less one; since the last visit
logic [WalkW:0]   f_wait_q;            // cycles that a change has been waited for
logic        f_pending_q;
assign f_change = write_q && vf == f_vf;
assign f_place  = walk_q - {f_vf, VisitW'(3)};

always_ff @(posedge clk_i) begin
  f_pending_q <= pending_o[f_vf];
  f_checked_q <= check_gen_i[0];
  if (!rst_ni) begin
    f_gen_q   <= '0;
    f_since_q <= '1;
    f_wait_q  <= '0;
  end else begin
    if (f_change) f_gen_q <= init_q ? 16'd0 : f_gen_q + 16'd1;
    if (f_change) f_since_q <= '0;
    else if (f_since_q != '1) f_since_q <= f_since_q + 1'b1;
    if (pending_o[f_vf] && !f_change) f_wait_q <= f_wait_q + 1'b1;
    else f_wait_q <= '0;
  end
end

always_comb begin
  if (rst_ni && !f_start_q) begin
    assert (!write_q || nth == VisitW'(2));
    assert (nth == VisitW'(0) || nth > VisitW'(2) || bump_q || !f_change);
    if (f_place == WalkW'(-2) || f_place == WalkW'(-1)) assert (!bump_q || init_q || pending_o[f_vf]);
    if (f_change) assert (f_since_q == '1);
    assert (f_since_q == '1 || f_since_q == f_place);
    if (f_place == WalkW'(-1)) assert (write_q == bump_q);
    assert (f_wait_q <= (WalkW + 1)'(f_place) + 2);
    if (f_place == WalkW'(-2) && f_wait_q > 0) assert (bump_q || init_q);
    if (f_place == WalkW'(-1) && f_wait_q > 1) assert (bump_q || init_q);
    if (!init_q || walk_q > {f_vf, VisitW'(2)}) begin
      assert (look_gen_o[0] == f_gen_q);
      assert (visit_mem[f_vf] == f_gen_q);
      if (f_change) assert (next_q == f_gen_q + 16'd1);
      if (f_pending_q && !pending_o[f_vf]) assert (f_since_q == '0);
    end
    cover (!init_q && f_gen_q == 16'd1);
  end
end
