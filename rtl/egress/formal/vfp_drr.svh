// SPDX-License-Identifier: Apache-2.0
// Packets never meet, nobody is granted without asking or twice for one request, deficits stay in their bounds, and who
// may send waits for every other source once at most.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

(* anyconst *) logic [Sources-1:0][5:0] f_size;    // each source has packets of one size
(* anyconst *) logic [Sources-1:0][4:0] f_weight;
(* anyconst *) logic [1:0]              f_who;

logic [Sources-1:0] f_ok_q, f_was_q;  // asked with room a cycle, two cycles ago, beside what was granted then
logic [Sources-1:0] f_more_q;         // was granted a cycle ago, and said that another packet follows
logic [Sources-1:0] f_grant_q2;       // was granted two cycles ago
logic [6:0]         f_busy_q;  // cycles for which the exit is taken
logic [5:0]         f_sent;
logic [1:0]         f_passed_q;
always_comb begin
  f_sent = '0;
  for (int s = 0; s < int'(Sources); s++) begin
    if (grant_q[s]) f_sent = f_size[s];
  end
end

logic [2:0] f_way, f_last;  // turns until it is f_who's, if all ask
always_comb begin
  f_last = 3'd0;
  for (int s = 0; s < int'(Sources); s++) begin
    if (grant_q != '0 ? grant_q[s] : upto_q[s]) f_last = 3'(s + 1);
  end
  f_way = 3'(f_who) >= f_last ? 3'(f_who) - f_last : 3'(f_who) + 3'(Sources) - f_last;
end

always_ff @(posedge clk_i) begin
  if (!rst_ni) begin
    f_was_q    <= '0;
    f_more_q   <= '0;
    f_grant_q2 <= '0;
    f_ok_q     <= '0;
    f_busy_q   <= '0;
    f_passed_q <= '0;
  end else begin
    f_was_q    <= f_ok_q;
    f_more_q   <= grant_o & more_i;
    f_grant_q2 <= paid_q;
    f_busy_q <= grant_q != '0 ? {1'b0, f_sent} - 7'd1 : f_busy_q != '0 ? f_busy_q - 7'd1 : 7'd0;
    for (int s = 0; s < int'(Sources); s++) f_ok_q[s] <= may_i[s] && (grant_o[s] ? more_i[s] : req_i[s]);
    if (!able_q[f_who]) f_passed_q <= '0;
    else if (go && first != '0) f_passed_q <= first[f_who] ? 2'd0 : f_passed_q + 2'd1;
  end
end

for (genvar s = 0; s < int'(Sources); s++) begin : gen_f
  always_comb begin
    assume (f_size[s] >= 6'd1 && f_size[s] <= 6'd32 && cells_i[s] == f_size[s]);
    assume (f_weight[s] >= 5'd1 && weight_i[s] == f_weight[s]);
    if (rst_ni) begin
      // The contract with the queues: a granted request falls, if nothing was to follow.
      if (paid_q[s] && !f_more_q[s]) assume (!req_i[s]);
      if (!req_i[s]) assume (!more_i[s]);
      // Never further behind than a packet, nor ahead than two quanta: no sum runs over. Who is granted in the second or
      // third cycle after a packet of two or three cells has not paid for that one when it is chosen.
      assert (gen_source[s].deficit_q >= -9'sd163);
      assert (gen_source[s].deficit_q < 9'sd128 + $signed({2'b00, f_weight[s], 2'b00}));
      if (grant_q[s] || paid_q[s]) assert (gen_source[s].deficit_q >= -9'sd131);
      if (able_q[s] && go) assert (gen_source[s].deficit_q - (paid_q[s] ? $signed({3'd0, f_size[s]}) : 9'sd0) >= -9'sd131);
    end
  end
end

always_comb begin
  assume (int'(f_who) < int'(Sources));
  if (rst_ni) begin
    assert ((grant_q & (grant_q - 1'b1)) == '0);
    assert (grant_q == '0 || paid_q == '0);
    assert ((paid_q & (paid_q - 1'b1)) == '0);
    assert (granted_q == (grant_q != '0) && charged_q == (paid_q != '0));
    assert (!(add_q && charged_q) && !(add_q && hold_q));
    assert (later_q == (able_q & ~upto_q));
    // One packet has left before the next one begins.
    if (grant_q != '0) assert (f_busy_q == '0 && idle);
    if (paid_q != '0) assert (f_busy_q == {1'b0, cells} - 7'd1 && idle);
    if (grant_q == '0 && paid_q == '0) assert (f_busy_q <= (idle ? 7'd1 : {1'b0, left_q} - 7'd2));
    // Only who has just asked, with room, and for a packet that was not granted before.
    for (int s = 0; s < int'(Sources); s++) begin
      if (grant_q[s]) assert (f_was_q[s]);
    end
    assert ((upto_q & (upto_q + 1'b1)) == '0);
    assert (7'(f_passed_q) + 7'(f_way) < 7'(Sources));
    cover (f_passed_q == 2'd2);
    cover (round && gen_source[0].deficit_q < -9'sd20);
    cover (grant_q[0] && f_size[0] == 6'd1 && f_weight[0] == 5'd31);
    cover (grant_q[1] && f_grant_q2[1]);
  end
end
