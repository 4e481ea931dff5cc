// SPDX-License-Identifier: Apache-2.0
`include "formal/vfp_order.svh"

// Where the words are that the contract speaks of.
always_comb begin
  if (rst_ni) begin
    assert (f_held == 8'(out_valid_q) + 8'(skid_valid_q));
    assert (!skid_valid_q || out_valid_q);
    if (f_inside && f_ahead == 8'd0) assert (out_q == f_word);
    if (f_inside && f_ahead == 8'd1) assert (skid_q == f_word);
    cover (skid_valid_q && out_ready_i);
    cover (f_out_q == 8'd3 && f_place == 8'd3 && out_valid_o && f_word == '1);
  end
end
