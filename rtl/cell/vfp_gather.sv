// SPDX-License-Identifier: Apache-2.0
// One stream of words out of several, each source in its turn; one word a cycle, a cycle later.
module vfp_gather #(
  parameter int unsigned N = 2,
  parameter int unsigned W = 32
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic [N-1:0]        in_valid_i,
  output logic [N-1:0]        in_ready_o,
  input  logic [N-1:0][W-1:0] in_data_i,

  output logic                out_valid_o,
  input  logic                out_ready_i,
  output logic [W-1:0]        out_data_o
);

  // Sources after the last one come first.
  logic [N-1:0] after_q, later, pick, above;
  logic         free, out_valid_q;
  logic [W-1:0] data, out_q;
  assign later = in_valid_i & after_q;
  assign free  = !out_valid_q || out_ready_i;

  vfp_turn #(.N(N)) u_turn (.able_i(in_valid_i), .later_i(later), .first_o(pick));
  for (genvar i = 0; i < int'(N); i++) begin : gen_above
    assign above[i] = (pick & ~({N{1'b1}} << i)) != '0;
  end

  always_comb begin
    data = '0;
    // Most of the time there is nothing: then the simulation looks at no source.
    if (in_valid_i != '0) begin
      for (int i = 0; i < int'(N); i++) if (pick[i]) data = data | in_data_i[i];
    end
  end
  assign in_ready_o = free ? pick : '0;

  always_ff @(posedge clk_i) begin
    if (free && in_valid_i != '0) out_q <= data;
    if (!rst_ni) begin
      out_valid_q <= 1'b0;
      after_q     <= '0;
    end else begin
      if (free) out_valid_q <= in_valid_i != '0;
      if (free && in_valid_i != '0) after_q <= above;
    end
  end
  assign out_valid_o = out_valid_q;
  assign out_data_o  = out_q;

endmodule
