// SPDX-License-Identifier: Apache-2.0
// Whatever had come before the bridge ended a request that was answered in part is decided before the end goes on.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

// Packets by number, modulo 64: receive and decide hold fewer.
(* anyconst *) logic [5:0] f_nth;
logic [5:0] f_in_q, f_out_q, f_before;
logic       f_there_q, f_there, f_older_q;  // the packet f_nth waits for its decision; and came before the end
assign f_before = f_nth - f_out_q;          // packets that are decided before it
always_comb begin
  f_there = f_there_q;
  if (arrives_q && f_in_q == f_nth) f_there = 1'b1;
  else if (decided_q && f_out_q == f_nth) f_there = 1'b0;
end
always_ff @(posedge clk_i) begin
  if (!rst_ni) begin
    f_in_q    <= '0;
    f_out_q   <= '0;
    f_there_q <= 1'b0;
    f_older_q <= 1'b0;
  end else begin
    if (arrives_q) f_in_q <= f_in_q + 1'b1;
    if (decided_q) f_out_q <= f_out_q + 1'b1;
    f_there_q <= f_there;
    f_older_q <= f_there && (f_older_q || !begun_q);
  end
end

always_comb begin
  if (decided_q) assume (count_q != '0);
  if (arrives_q) assume (count_q < 6'd40);

  if (rst_ni) begin
    assert (count_q == f_in_q - f_out_q && count_q <= 6'd40 && left_q <= count_q);
    if (f_there_q) assert (f_before < count_q);
    if (f_older_q) assert (f_there_q);
    if (f_older_q && begun_q) assert (f_before < left_q);
    if (out_valid_o && parted_q) assert (!f_older_q);
    cover (out_valid_o && parted_q && f_out_q == 6'd2);
    cover (f_older_q && begun_q && f_before == 6'd2);
  end
end
