// SPDX-License-Identifier: Apache-2.0
// Any packet that came in while the port was down, or so soon afterwards that it may be of before, is decided before the
// port stops taking what lies in its queues for old.
logic f_start_q = 1'b1, f_link_q, f_cut_q;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_ff @(posedge clk_i) begin
  f_link_q <= link_i;  // whose loss the port knows a cycle later
  f_cut_q  <= cut_o && rst_ni;
end
always_comb assume (rst_ni == !f_start_q);

// Packets by number, modulo 64: receive and decide hold fewer.
(* anyconst *) logic [5:0] f_nth;
logic [5:0] f_in_q, f_out_q;
logic       f_old_q;  // the packet f_nth is of before and not decided
always_ff @(posedge clk_i) begin
  if (!rst_ni) begin
    f_in_q  <= '0;
    f_out_q <= '0;
    f_old_q <= 1'b0;
  end else begin
    if (arrives_i) f_in_q <= f_in_q + 1'b1;
    if (decided_i) f_out_q <= f_out_q + 1'b1;
    if (arrives_i && f_in_q == f_nth && (down_i || recent_q != '0)) f_old_q <= 1'b1;
    else if (decided_i && f_out_q == f_nth) f_old_q <= 1'b0;
  end
end

logic [5:0] f_before;  // packets that are decided before it
assign f_before = f_nth - f_out_q;
always_comb begin
  if (decided_i) assume (count_q != '0);
  if (arrives_i) assume (count_q < 6'd40);
  if (rst_ni && !f_link_q) assume (down_i);

  if (rst_ni) begin
    assert (count_q == f_in_q - f_out_q && count_q <= 6'd40 && left_q <= count_q);
    if (recent_q != '0 || left_q != '0) assert (old_q && calm_q == '0);
    if (f_old_q) assert (f_before < left_q && old_q);
    assert (old_o || !hold_o || gone_i);
    assert (old_o || !cut_o);
    if (f_cut_q && old_q) assert (cut_o);
    cover (f_old_q && f_before == 6'd2 && recent_q == '0);
    cover (!hold_o && f_out_q == 6'd3);
  end
end
