// SPDX-License-Identifier: Apache-2.0
// One stream of words out of several, each source in its turn; one word a cycle, three cycles later, of one source every other
// cycle. The caller selects the word: words of all sources side by side would have to be put together in every cycle, which in a
// simulation costs more than all the rest, and mostly there are none. Who has one is known late, and much follows from whose
// turn it is, so that each has a cycle of its own; who takes its word back meanwhile loses its turn.
module vfp_gather #(
  parameter int unsigned N = 2,
  parameter int unsigned W = 32
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic [N-1:0]        in_valid_i,
  output logic [N-1:0]        in_ready_o,
  output logic [N-1:0]        pick_o,     // whose word in_data_i is to be: of one source, or none where none has one
  input  logic [W-1:0]        in_data_i,

  output logic                out_valid_o,
  input  logic                out_ready_i,
  output logic [W-1:0]        out_data_o
);

  // Sources after the last one come first.
  logic [N-1:0] wants_q, pick_q, after_q, later, first, above;
  logic         free, take, out_valid_q;
  logic [W-1:0] out_q;
  assign later = wants_q & after_q;
  assign free  = !out_valid_q || out_ready_i;
  assign take  = in_ready_o != '0;

  vfp_turn #(.N(N)) u_turn (.able_i(wants_q), .later_i(later), .first_o(first));
  for (genvar i = 0; i < int'(N); i++) begin : gen_above
    assign above[i] = (first & ~({N{1'b1}} << i)) != '0;
  end

  assign pick_o     = pick_q;
  assign in_ready_o = free ? pick_q & in_valid_i : '0;

  always_ff @(posedge clk_i) begin
    if (free) out_q <= in_data_i;
    if (!rst_ni) begin
      out_valid_q <= 1'b0;
      wants_q     <= '0;
      pick_q      <= '0;
      after_q     <= '0;
    end else begin
      wants_q <= in_valid_i & ~in_ready_o;
      if (free) begin
        out_valid_q <= take;
        pick_q      <= first;  // whether or not the last one had a word
        after_q     <= wants_q != '0 ? above : after_q;
      end
    end
  end
  assign out_valid_o = out_valid_q;
  assign out_data_o  = out_q;

endmodule
