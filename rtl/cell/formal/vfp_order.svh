// SPDX-License-Identifier: Apache-2.0
// Contract of everything that queues words: the word at a freely chosen place of the input stream comes out at the same
// place of the output stream, so nothing is lost, doubled, changed or swapped. The including module has the ports
// in_valid_i, in_ready_o, in_data_i, out_valid_o, out_ready_i, out_data_o.
// Counters wrap at 256; what a module holds is far less, so that places are told apart.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

(* anyconst *) logic [7:0]   f_place;
(* anyconst *) logic [W-1:0] f_word;
logic [7:0] f_in_q, f_out_q, f_held;

assign f_held = f_in_q - f_out_q;

logic [7:0] f_ahead;  // words that leave before the chosen one, if it is inside
logic       f_inside;
assign f_ahead  = f_place - f_out_q;
assign f_inside = f_ahead < f_held;

always_ff @(posedge clk_i) begin
  if (!rst_ni) begin
    f_in_q  <= '0;
    f_out_q <= '0;
  end else begin
    if (in_valid_i && in_ready_o) f_in_q <= f_in_q + 1'b1;
    if (out_valid_o && out_ready_i) f_out_q <= f_out_q + 1'b1;
  end
end

always_comb begin
  if (rst_ni && in_valid_i && in_ready_o && f_in_q == f_place) assume (in_data_i == f_word);
  if (rst_ni && out_valid_o) begin
    assert (f_held != '0);
    if (f_out_q == f_place) assert (out_data_o == f_word);
  end
end

// What is offered stays.
logic         f_waits_q;
logic [W-1:0] f_offer_q;
always_ff @(posedge clk_i) begin
  f_waits_q <= rst_ni && out_valid_o && !out_ready_i;
  f_offer_q <= out_data_o;
  if (rst_ni && f_waits_q) assert (out_valid_o && out_data_o == f_offer_q);
end
