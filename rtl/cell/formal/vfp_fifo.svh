// SPDX-License-Identifier: Apache-2.0
`include "formal/vfp_order.svh"

// Where the words are that the contract speaks of: the head register, then the memory from rd_q on.
logic [PW-1:0] f_spot;
assign f_spot = rd_q + PW'(f_ahead) - PW'(head_valid_q);

always_comb begin
  if (rst_ni) begin
    assert (used_q <= (PW + 1)'(Depth));
    assert (some_q == (used_q != '0));
    assert (wr_q == rd_q + used_q[PW-1:0]);
    assert (f_held == 8'(used_q) + 8'(head_valid_q));
    if (f_inside && f_ahead == 8'd0 && head_valid_q) assert (head_q == f_word);
    if (f_inside && (f_ahead != 8'd0 || !head_valid_q)) assert (mem[f_spot] == f_word);
    cover (!in_ready_o);
    cover (f_out_q == 8'(Depth + 1) && out_valid_o);
  end
end
