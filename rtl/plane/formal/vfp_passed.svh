// SPDX-License-Identifier: Apache-2.0
// Nothing was queued for as long as a packet takes to leave, or a whole memory of packets and sixteen more have left.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

logic [4:0]       f_quiet_q;  // cycles since begin_i in which nothing was queued, and nothing went, up to the end
logic [SentW-1:0] f_sent_q;
always_ff @(posedge clk_i) begin
  if (!rst_ni || !begin_i) begin
    f_quiet_q <= '0;
    f_sent_q  <= '0;
  end else if (!over_o) begin
    if (waits_q || sends_q) f_quiet_q <= '0;
    else if (f_quiet_q != '1) f_quiet_q <= f_quiet_q + 1'b1;
    if (sends_q) f_sent_q <= f_sent_q + 1'b1;
  end
end

always_comb begin
  if (rst_ni) begin
    assert (calm_q == f_quiet_q && sent_q == f_sent_q && f_sent_q <= SentW'(Slots + 16));
    if (over_o) assert (f_quiet_q == '1 || f_sent_q == SentW'(Slots + 16));
    cover (over_o && f_sent_q == SentW'(2));
  end
end
