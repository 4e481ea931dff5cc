// SPDX-License-Identifier: Apache-2.0
// The pipeline's promises: one operation of a tag at a time, one result for each completion, and a row that fits what was
// decided. The list of free tags is cut: it may show any tag at any time (vfp_fifo_bram has its own proof).
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

(* anyseq *) logic          f_list_valid;
(* anyseq *) logic [TagW:0] f_list_head;
assign list_valid = f_list_valid;
assign list_head  = f_list_head;

logic [7:0] f_in_q, f_out_q, f_inside;
always_ff @(posedge clk_i) begin
  if (!rst_ni) begin
    f_in_q  <= '0;
    f_out_q <= '0;
  end else begin
    if (cpl_valid_i && cpl_ready_o) f_in_q <= f_in_q + 1'b1;
    if (res_valid_o) f_out_q <= f_out_q + 1'b1;
  end
end

logic f_twice;
always_comb begin
  f_inside = 8'(s0_valid_q && !s0_walk_q) + 8'(res_valid_q);
  f_twice  = 1'b0;
  for (int i = 1; i <= 5; i++) begin
    if (i < 5 && valid_q[i] && !walk_q[i < 5 ? i : 1]) f_inside = f_inside + 8'd1;
    for (int j = 1; j < i; j++) begin
      if (valid_q[i] && valid_q[j] && tag_q[i] == tag_q[j]) f_twice = 1'b1;
    end
  end

  if (rst_ni) begin
    assert (!init_q || !s0_valid_q);
    assert (!(valid_q[3] && s3_live_q && s3_rest_q) && !(valid_q[4] && s4_live_q && s4_rest_q));
    assert (!f_twice);
    assert (f_in_q - f_out_q == f_inside);
    assert (!(res_valid_q && s5_exp_q));
    // What is freed is neither live nor resting; what is not freed but ended rests.
    if (s5_free_q) assert (s5_write_q && s5_row_q.done == s5_toggle_q && !s5_row_q.rest);
    if (s5_write_q && !s5_free_q) assert (s5_row_q.rest == (s5_row_q.done == s5_toggle_q));
    if (res_valid_q && res_act_o == vfp_tags_pkg::ActForward) assert (s5_write_q && !s5_row_q.rest);
    if (res_valid_q && res_act_o == vfp_tags_pkg::ActCa) assert (s5_write_q && s5_row_q.rest);
    if (res_valid_q && res_act_o == vfp_tags_pkg::ActUr) assert (s5_write_q && (s5_free_q || s5_row_q.rest || s5_row_q.stale));
    cover (res_valid_q && res_act_o == vfp_tags_pkg::ActForward && s5_free_q);
    cover (res_valid_q && res_act_o == vfp_tags_pkg::ActCa);
  end
end
