// SPDX-License-Identifier: Apache-2.0
// One request at a time, and it stays what it was until no grant can come any more; no packet is granted that is not there.
// No destination that asks is passed by another one twice.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

localparam int unsigned FW = Dests < 2 ? 1 : $clog2(Dests);
logic [FW-1:0] f_turn, f_first;  // numbers of dst_q and first
always_comb begin
  f_turn  = '0;
  f_first = '0;
  for (int d = 0; d < int'(Dests); d++) begin
    if (dst_q[d]) f_turn = f_turn | FW'(d);
    if (first[d]) f_first = f_first | FW'(d);
  end
end

logic [Dests-1:0] f_req_q, f_req_q2;  // requests of the last two cycles that were not granted since
always_ff @(posedge clk_i) begin
  if (!rst_ni) begin
    f_req_q  <= '0;
    f_req_q2 <= '0;
  end else begin
    f_req_q  <= sent_o && !more_o ? '0 : req_q;
    f_req_q2 <= sent_o ? '0 : f_req_q;
  end
end

// Packets of one queue, any one, that may go.
(* anyconst *) logic [FW-1:0] f_queue_dst;
(* anyconst *) logic [1:0]    f_queue_cls;
(* anyseq *) logic            f_push;
logic [2:0] f_count_q;
logic       f_is_queue, f_sent_q;
assign f_is_queue = f_turn == f_queue_dst && cls_q == f_queue_cls;
always_ff @(posedge clk_i) begin
  f_sent_q <= rst_ni && sent_o;
  if (!rst_ni) f_count_q <= '0;
  else f_count_q <= f_count_q + 3'(f_push) - 3'(sent_o && f_is_queue);
end

(* anyconst *) logic [FW-1:0] f_dst;
logic [1:0] f_passed_q;  // times that another destination was chosen while f_dst asked
logic       f_other;
assign f_other = choose && f_first != f_dst && any_q[f_dst];
logic [FW+1:0] f_way;  // turns until it is f_dst's, if all ask
assign f_way = (FW + 2)'(f_dst) - (FW + 2)'(f_turn) + (f_dst > f_turn ? (FW + 2)'(0) : (FW + 2)'(Dests));
always_ff @(posedge clk_i) begin
  if (!rst_ni || !any_q[f_dst] || (choose && f_first == f_dst)) f_passed_q <= '0;
  else if (f_other && f_passed_q != 2'd3) f_passed_q <= f_passed_q + 1'b1;
end

logic [Dests-1:0] f_dst_q;
logic [1:0]    f_cls_q;
logic          f_chosen_q, f_chosen_q2;
logic          f_may_come_q;
always_ff @(posedge clk_i) begin
  f_dst_q      <= dst_q;
  f_cls_q      <= cls_q;
  f_chosen_q   <= rst_ni && (choose || at_once);
  f_chosen_q2  <= rst_ni && f_chosen_q;
  f_may_come_q <= rst_ni && !(sent_o && !more_o) && (req_q != '0 || f_req_q != '0);
end

always_comb begin
  if (!rst_ni) assume (ask_i == '0);
  if (rst_ni) begin
    assume (f_dst < FW'(Dests) || Dests == (1 << FW));
    // An exit answers a request in the next cycle but one, or later while it stands.
    assume ((grant_i & ~(f_req_q2)) == '0);
    assume (f_queue_dst < FW'(Dests) || Dests == (1 << FW));
    assume (f_queue_cls != 2'd3);
    if (f_count_q == '1) assume (!f_push);
    assume (!ask_i[f_queue_dst][f_queue_cls] || f_count_q != 3'd0);
    assume (two_i[f_queue_dst][f_queue_cls] == (f_count_q > 3'd1));
    assume ((new_i & (new_i - 1'b1)) == '0 && new_cls_i != 2'd3);
    if (new_i[f_queue_dst] && new_cls_i == f_queue_cls) assume (f_push);

    if (sent_o && f_is_queue) assert (f_count_q != 3'd0);
    if (f_is_queue && (req_q != '0 || f_req_q != '0 || f_req_q2 != '0)) assert (f_count_q != 3'd0);
    if (f_is_queue && on_q && two_q) assert (f_count_q > 3'd1 || f_sent_q);
    if (!fresh_q && ask_q[f_queue_dst][f_queue_cls]) assert (f_count_q != 3'd0);
    assert (fresh_q == f_sent_q);
    assert (on_q == (req_q != '0));
    if (on_q) assert (cls_q != 2'd3);
    assert (dst_q != '0 && (dst_q & (dst_q - 1'b1)) == '0);
    assert (req_q == '0 || req_q == dst_q);
    assert (f_req_q == '0 || f_req_q == dst_q);
    assert (f_req_q2 == '0 || f_req_q2 == dst_q);
    assert (req_q == '0 || f_req_q == '0 || req_q == f_req_q);
    assert (f_req_q == '0 || f_req_q2 == '0 || f_req_q == f_req_q2);
    if (req_q == '0 && f_req_q != '0) assert (cross_q == 2'd2);
    if (req_q == '0 && f_req_q == '0 && f_req_q2 != '0) assert (cross_q == 2'd1);
    // Who is granted is who asked, in this form.
    if (sent_o) assert (grant_i == dst_q);
    if (f_may_come_q) assert (dst_q == f_dst_q && cls_q == f_cls_q);
    for (int d = 0; d < int'(Dests); d++) begin
      assert (any_q[d] == (ask_q[d] != '0));
      if (!f_chosen_q) assert (after_q[d] == (FW'(d) > f_turn));
    end
    // The row of later ones goes by the last choice when there is another one.
    if (!f_chosen_q && !f_chosen_q2) assert (later_q == (any_q & after_q));
    if (f_chosen_q || f_chosen_q2) assert (!choose && !at_once);
    if (young_q[0]) assert (on_q && f_chosen_q);
    if (young_q[1]) assert (on_q && f_chosen_q2);
    // The turn comes round: of three destinations two others at most go before.
    assert ((FW + 2)'(f_passed_q) + f_way <= (FW + 2)'(Dests));
    cover (sent_o && req_q == '0);
    cover (sent_o && more_o && f_is_queue && f_count_q == 3'd2);
    cover (f_passed_q == 2'd2);
    cover (choose && any_q == '1 && cls == 2'd2);
    cover (sent_o && f_is_queue && age_q == (TurnW + 1)'(2));
  end
end
