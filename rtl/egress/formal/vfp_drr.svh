// SPDX-License-Identifier: Apache-2.0
// Packets never meet, nobody is granted without asking or twice for one request, deficits stay in their bounds, and who
// may send waits for every other source once at most.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

(* anyconst *) logic [Sources-1:0][5:0] f_size;    // each source has packets of one size
(* anyconst *) logic [Sources-1:0][4:0] f_weight;
(* anyconst *) logic [1:0]              f_who;

logic [Sources-1:0] f_ok_q, f_was_q;  // asked with room a cycle, two cycles ago
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
    f_ok_q     <= '0;
    f_busy_q   <= '0;
    f_passed_q <= '0;
  end else begin
    f_was_q  <= f_ok_q;
    f_ok_q   <= req_i & may_i;
    f_busy_q <= grant_q != '0 ? {1'b0, f_sent} - 7'd1 : f_busy_q != '0 ? f_busy_q - 7'd1 : 7'd0;
    if (!able[f_who]) f_passed_q <= '0;
    else if (go && first != '0) f_passed_q <= first[f_who] ? 2'd0 : f_passed_q + 2'd1;
  end
end

for (genvar s = 0; s < int'(Sources); s++) begin : gen_f
  always_comb begin
    assume (f_size[s] >= 6'd1 && f_size[s] <= 6'd32 && cells_i[s] == f_size[s]);
    assume (f_weight[s] >= 5'd1 && weight_i[s] == f_weight[s]);
    if (rst_ni) begin
      // The contract with the queues: a granted request falls, and two cycles pass before the next one.
      if (paid_q[s] || charge_q[s]) assume (!req_i[s]);
      // Never further behind than a packet, nor ahead than two quanta: no sum runs over.
      assert (gen_source[s].deficit_q >= -9'sd160);
      assert (gen_source[s].deficit_q < 9'sd128 + $signed({2'b00, f_weight[s], 2'b00}));
      if (grant_q[s] || paid_q[s] || charge_q[s]) assert (gen_source[s].deficit_q >= -9'sd128);
      assert (ask_q[s] == f_ok_q[s]);
    end
  end
end

always_comb begin
  assume (int'(f_who) < int'(Sources));
  if (rst_ni) begin
    assert ((grant_q & (grant_q - 1'b1)) == '0);
    assert (grant_q == '0 || paid_q == '0);
    assert ((grant_q & charge_q) == '0 && (paid_q & charge_q) == '0);
    if (charge_q != '0) assert (charge_cells_q <= -9'sd1 && charge_cells_q >= -9'sd32);
    // One packet has left before the next one begins.
    if (grant_q != '0) assert (f_busy_q == '0 && left_q == '0);
    if (paid_q != '0) assert (f_busy_q == {1'b0, cells} - 7'd1 && left_q == '0);
    if (grant_q == '0 && paid_q == '0) assert (f_busy_q <= {1'b0, left_q} + 7'd1);
    // Only who has just asked, with room.
    for (int s = 0; s < int'(Sources); s++) begin
      if (grant_q[s]) assert (f_was_q[s]);
    end
    assert ((upto_q & (upto_q + 1'b1)) == '0);
    assert (7'(f_passed_q) + 7'(f_way) < 7'(Sources));
    cover (f_passed_q == 2'd2);
    cover (round && gen_source[0].deficit_q < -9'sd20);
    cover (grant_q[0] && f_size[0] == 6'd1 && f_weight[0] == 5'd31);
  end
end
