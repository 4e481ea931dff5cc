// SPDX-License-Identifier: Apache-2.0
// The pipeline's promises: one operation of a tag at a time, one result for each completion, and a row that fits what was
// decided; and that a tag is given out only while nothing is live or rests under it. The list of free tags is cut: it shows
// tags in any order, but each only as often as it was put in (vfp_fifo_bram has its own proof).
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

(* anyseq *) logic          f_list_valid;
(* anyseq *) logic [TagW:0] f_list_head;
assign list_valid = f_list_valid;
assign list_head  = f_list_head;

// Any one tag: whether the list has it, with which toggle. The bridge's own two have a list for themselves.
(* anyconst *) logic [TagW-1:0] f_tag;
logic f_is_own, f_put, f_taken, f_listed_q, f_listed_toggle_q, f_free, f_toggle;
assign f_is_own = f_tag[TagW-1:1] == '1;
assign f_put    = free_we && free_in[TagW-1:0] == f_tag;
assign f_taken  = list_ready && free_tag == f_tag;
assign f_free   = f_is_own ? !init_q && !own_live_q[f_tag[0]] : f_listed_q;
assign f_toggle = f_is_own ? !own_toggle_q[f_tag[0]] : f_listed_toggle_q;
always_ff @(posedge clk_i) begin
  if (!rst_ni) f_listed_q <= 1'b0;
  else f_listed_q <= (f_listed_q && !f_taken) || f_put;
  if (f_put) f_listed_toggle_q <= free_in[TagW];
end
always_comb begin
  if (list_valid && free_tag == f_tag) assume (f_listed_q && alloc_toggle == f_listed_toggle_q);
  // Who asks for a tag heeds what may be had.
  if (list_ready) assume (list_valid);
  if (alloc_i) assume (!init_q);
  if (alloc_i && alloc_own) assume (own_may_o);
end

// What the memories say of it, and what the pipeline's stages think they say.
req_row_t  f_req, f_req_1;
progress_t f_progress, f_progress_1;
assign f_req        = req_mem[f_tag];
assign f_progress   = progress_mem[f_tag];
assign f_req_1      = req_ram_q;
assign f_progress_1 = progress_ram_q;
logic       f_clear;  // the walk after reset has been here
logic       f_live, f_rests;
logic [4:1] f_says_live, f_says_rests, f_says_toggle;
assign f_clear = !init_q || init_tag_q > {1'b0, f_tag};
assign f_live  = f_progress.done != f_req.live;
assign f_rests = !f_live && f_progress.rest;
assign f_says_live   = {s4_write_q, s3_live_q, s2_live_q, f_progress_1.done != f_req_1.live};
assign f_says_rests  = {1'b0, s3_rest_q, s2_rest_q, !f_says_live[1] && f_progress_1.rest};
assign f_says_toggle = {s4_toggle_q, s3_toggle_q, s2_toggle_q, f_req_1.live};

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

logic       f_twice;
logic [3:1] f_walk;
assign f_walk = {s3_walks_q, walk_q};
always_comb begin
  f_inside = 8'(res_valid_q);
  f_twice  = 1'b0;
  for (int i = 1; i <= 4; i++) begin
    if (i < 4 && valid_q[i] && !f_walk[i < 4 ? i : 1]) f_inside = f_inside + 8'd1;
    for (int j = 1; j < i; j++) begin
      if (valid_q[i] && valid_q[j] && tag_q[i] == tag_q[j]) f_twice = 1'b1;
    end
  end

  if (rst_ni) begin
    assert (!init_q || (valid_q == '0 && !s4_write_q));
    assert (valid_q[3] == (s3_walks_q || s3_comes_q) && !(s3_walks_q && s3_comes_q));
    assert (init_tag_q <= (TagW + 1)'(Tags) && (init_q == (init_tag_q < (TagW + 1)'(Tags))));
    // The tag: free, live or at rest. What is on its way through the pipeline and may change it knows it as it is.
    if (!f_clear) assert (!f_listed_q);
    if (f_clear && f_free) assert (!f_live && !f_rests && f_toggle != f_req.live);
    if (f_clear && f_is_own) assert (own_toggle_q[f_tag[0]] == f_req.live);
    if (init_q) assert (own_live_q == '0 && own_toggle_q == '0);
    if (f_is_own) assert (!f_listed_q);
    for (int i = 1; i <= 4; i++) begin
      if (valid_q[i] && tag_q[i] == f_tag && (f_says_live[i] || f_says_rests[i])) begin
        assert (!f_free && f_says_toggle[i] == f_req.live);
        assert (i == 4 || (f_says_live[i] == f_live && f_says_rests[i] == f_rests));
      end
    end
    if (s4_free_q) assert (valid_q[4]);
    if (s4_write_q) assert (valid_q[4]);
    // The contract: what is given out is free.
    if (alloc_i && (alloc_own ? own_tag == f_tag : free_tag == f_tag)) assert (!f_live && !f_rests && req_row.live != f_req.live);
    assert (!(valid_q[2] && s2_live_q && s2_rest_q) && !(valid_q[3] && s3_live_q && s3_rest_q));
    assert (!f_twice);
    assert (f_in_q - f_out_q == f_inside);
    assert (!(res_valid_q && s4_exp_q));
    // What is freed is neither live nor resting; what is not freed but ended rests.
    if (s4_free_q) assert (s4_write_q && s4_row_q.done == s4_toggle_q && !s4_row_q.rest);
    if (s4_write_q && !s4_free_q) assert (s4_row_q.rest == (s4_row_q.done == s4_toggle_q));
    if (res_valid_q && res_act_o == vfp_tags_pkg::ActForward) assert (s4_write_q && !s4_row_q.rest);
    if (res_valid_q && res_act_o == vfp_tags_pkg::ActCa) assert (s4_write_q && s4_row_q.rest);
    if (res_valid_q && res_act_o == vfp_tags_pkg::ActUr) assert (s4_write_q && (s4_free_q || s4_row_q.rest || s4_row_q.stale));
    cover (res_valid_q && res_act_o == vfp_tags_pkg::ActForward && s4_free_q);
    cover (res_valid_q && res_act_o == vfp_tags_pkg::ActCa);
    cover (f_put && !init_q && f_says_toggle[4]);
  end
end
