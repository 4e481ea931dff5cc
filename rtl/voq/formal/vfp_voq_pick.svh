// SPDX-License-Identifier: Apache-2.0
// One request at a time, and it stays what it was until no grant can come any more. No destination that asks is passed by
// another one twice.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

logic [Dests-1:0] f_req_q, f_req_q2;  // requests of the last two cycles that were not granted since
always_ff @(posedge clk_i) begin
  if (!rst_ni || sent_o) begin
    f_req_q  <= '0;
    f_req_q2 <= '0;
  end else begin
    f_req_q  <= req_q;
    f_req_q2 <= f_req_q;
  end
end

(* anyconst *) logic [DW-1:0] f_dst;
logic [1:0] f_passed_q;  // times that another destination was chosen while f_dst asked
logic       f_other;
assign f_other = choose && any != '0 && dst != f_dst && any[f_dst];
logic [DW+1:0] f_way;  // turns until it is f_dst's, if all ask
assign f_way = f_dst > dst_q ? (DW + 2)'(f_dst) - (DW + 2)'(dst_q) : (DW + 2)'(f_dst) + (DW + 2)'(Dests) - (DW + 2)'(dst_q);
always_ff @(posedge clk_i) begin
  if (!rst_ni || !any[f_dst] || (choose && any != '0 && dst == f_dst)) f_passed_q <= '0;
  else if (f_other && f_passed_q != 2'd3) f_passed_q <= f_passed_q + 1'b1;
end

logic [DW-1:0] f_dst_q;
logic [1:0]    f_cls_q;
logic          f_may_come_q;
always_ff @(posedge clk_i) begin
  f_dst_q      <= dst_q;
  f_cls_q      <= cls_q;
  f_may_come_q <= rst_ni && !sent_o && (req_q != '0 || f_req_q != '0);
end

always_comb begin
  if (rst_ni) begin
    assume (f_dst < DW'(Dests) || Dests == (1 << DW));
    // An exit answers a request in the next cycle but one, or later while it stands.
    assume ((grant_i & ~(f_req_q2)) == '0);

    assert ((req_q & (req_q - 1'b1)) == '0);
    assert (req_q == '0 || req_q[dst_q]);
    assert (f_req_q == '0 || f_req_q[dst_q]);
    assert (f_req_q2 == '0 || f_req_q2[dst_q]);
    assert (req_q == '0 || f_req_q == '0 || req_q == f_req_q);
    assert (f_req_q == '0 || f_req_q2 == '0 || f_req_q == f_req_q2);
    if (req_q == '0 && f_req_q != '0) assert (cross_q == 2'd2);
    if (req_q == '0 && f_req_q == '0 && f_req_q2 != '0) assert (cross_q == 2'd1);
    // Who is granted is who asked, in this form.
    if (sent_o) assert (grant_i[dst_q]);
    if (f_may_come_q) assert (dst_q == f_dst_q && cls_q == f_cls_q);
    for (int d = 0; d < int'(Dests); d++) assert (after_q[d] == (DW'(d) > dst_q));
    // The turn comes round: of three destinations two others at most go before.
    assert (dst_q < DW'(Dests) || Dests == (1 << DW));
    assert ((DW + 2)'(f_passed_q) + f_way <= (DW + 2)'(Dests));
    cover (sent_o && req_q == '0);
    cover (f_passed_q == 2'd2);
    cover (choose && any == '1 && cls == 2'd2);
  end
end
