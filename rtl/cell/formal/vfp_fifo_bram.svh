// SPDX-License-Identifier: Apache-2.0
`include "formal/vfp_order.svh"

// Where the words are that the contract speaks of: the head register, the memory's output, then the memory from rd_q on.
logic [7:0]    f_behind;  // words in the two registers
logic [PW-1:0] f_spot;
assign f_behind = 8'(head_valid_q) + 8'(ram_valid_q);
assign f_spot   = rd_q + PW'(f_ahead - f_behind);

always_comb begin
  if (rst_ni) begin
    assert (used_q <= (PW + 1)'(Depth));
    assert (some_q == (used_q != '0));
    assert (wr_q == rd_q + used_q[PW-1:0]);
    assert (f_held == 8'(used_q) + f_behind);
    if (f_inside && f_ahead == 8'd0 && head_valid_q) assert (head_q == f_word);
    if (f_inside && f_ahead == 8'(head_valid_q) && ram_valid_q) assert (ram_q == f_word);
    if (f_inside && f_ahead >= f_behind) assert (mem[f_spot] == f_word);
    cover (used_q == 4 && ram_valid_q && head_valid_q);
    cover (f_out_q == 8'd5 && out_valid_o);
  end
end
