// SPDX-License-Identifier: Apache-2.0
// Weighted round robin: in one round every requester is granted up to `weight` packets. Combinational grant; the
// state moves when a granted packet ends.
module vfp_arbiter #(
  parameter int unsigned N = 4
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic [N-1:0]      req_i,
  input  logic [N-1:0][7:0] weight_i,  // 1..255; 0 counts as 1
  input  logic              done_i,    // the granted packet ends
  output logic [N-1:0]      grant_o    // one-hot or zero
);

  logic [N-1:0][7:0] used_q;   // packets of this round
  logic [N-1:0]      from_q;   // one-hot: where the search starts
  logic [N-1:0]      left;
  logic [N-1:0]      pool;
  logic              fresh;

  for (genvar i = 0; i < N; i++) begin : gen_left
    assign left[i] = used_q[i] < (weight_i[i] == 8'd0 ? 8'd1 : weight_i[i]);
  end
  assign fresh = (req_i & left) == '0;  // all that ask have had their share: a new round
  assign pool  = fresh ? req_i : (req_i & left);

  // First requester after the last one granted, found by subtracting the one-hot position from the doubled vector.
  logic [2*N-1:0] twice, first;
  assign twice   = {pool, pool};
  assign first   = twice & ~(twice - {{N{1'b0}}, from_q});
  assign grant_o = first[2*N-1:N] | first[N-1:0];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      used_q <= '0;
      from_q <= N'(1);
    end else if (done_i && grant_o != '0) begin
      from_q <= {grant_o[N-2:0], grant_o[N-1]};
      for (int i = 0; i < int'(N); i++) begin
        if (grant_o[i]) used_q[i] <= fresh ? 8'd1 : used_q[i] + 8'd1;
        else if (fresh) used_q[i] <= 8'd0;
      end
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      one_grant       : assert ((grant_o & (grant_o - 1'b1)) == '0);
      only_who_asks   : assert ((grant_o & ~req_i) == '0);
      someone_if_asked: assert (req_i == '0 || grant_o != '0);
    end
  end
`endif

endmodule
