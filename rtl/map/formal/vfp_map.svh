// SPDX-License-Identifier: Apache-2.0
// Isolation: whatever is asked, a response that comes from a row lies in a window of that row, in its place inside that
// window, and names the row's VF; it was asked for inside a window that the user sees; and responses come in the order of
// the requests. Of any one row, which has freely chosen windows whenever it is open; the others hold anything.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

(* anyconst *) logic [IdxW-1:0] f_idx;  // of the row
(* anyconst *) logic [51:0] f_user_a, f_user_b, f_card_a, f_card_b;
(* anyconst *) logic [3:0]  f_size;
(* anyconst *) logic [5:0]  f_vf;
(* anyconst *) logic [1:0]  f_dev;
(* anyconst *) logic [5:0]  f_place;  // of a request
(* anyconst *) logic [51:0] f_page;   // what it asks
logic [51:0] f_free;                  // bits inside a window
assign f_free = {41'd0, vfp_map_pkg::in_window(f_size)};

always_comb begin
  if (row_we_i && row_idx_i == f_idx && (row_i.has_a || row_i.has_b)) begin
    assume (row_i.size_a == f_size && row_i.size_b == f_size && row_i.vf == f_vf && row_i.dev == f_dev);
    assume (row_i.user_a == f_user_a && row_i.user_b == f_user_b && row_i.card_a == f_card_a && row_i.card_b == f_card_b);
  end
end

// The row, in the memory and on its way, is closed or has the chosen windows.
logic [1:0] f_good;
vfp_map_pkg::map_row_t f_row;
always_comb begin
  for (int i = 0; i < 2; i++) begin
    f_row = i == 1 ? s2_row_q : row_mem[f_idx];
    f_good[i] = (!f_row.has_a && !f_row.has_b) ||
                (f_row.size_a == f_size && f_row.size_b == f_size && f_row.vf == f_vf && f_row.dev == f_dev &&
                 f_row.user_a == f_user_a && f_row.user_b == f_user_b && f_row.card_a == f_card_a &&
                 f_row.card_b == f_card_b);
  end
end
logic [IdxW-1:0] f_rsp_idx_q;
always_ff @(posedge clk_i) f_rsp_idx_q <= s3_idx_q;

// Places of requests: 64 are told apart, 32 are inside at most.
logic [5:0] f_in_q, f_out_q;
always_ff @(posedge clk_i) begin
  if (!rst_ni) begin
    f_in_q  <= '0;
    f_out_q <= '0;
  end else begin
    if (take) f_in_q <= f_in_q + 1'b1;
    if (answer) f_out_q <= f_out_q + 1'b1;
  end
end
logic [5:0] f_out_2_q;  // place of the response that is shown
always_ff @(posedge clk_i) f_out_2_q <= f_out_q;

logic       f_is_inside;
logic [5:0] f_ahead;
assign f_ahead     = f_place - f_out_q;
assign f_is_inside = f_ahead < used_q;
always_comb if (take && f_in_q == f_place) assume (req_page_i == f_page);

logic [5:0] f_left;  // requests that are not under way
assign f_left = wr_q - issue_q;

// Which place a stage works for.
logic [5:0] f_at_2, f_at_1;
assign f_at_2 = f_out_q + 6'(s3_valid_q && !s3_sweep_q);
assign f_at_1 = f_at_2 + 6'(s2_valid_q && !s2_sweep_q);

logic [51:0] f_want_a, f_want_b;
assign f_want_a = (f_card_a & ~f_free) | (f_page & f_free);
assign f_want_b = (f_card_b & ~f_free) | (f_page & f_free);
logic f_in_a, f_in_b;
assign f_in_a = ((f_page ^ f_user_a) & ~f_free) == '0;
assign f_in_b = ((f_page ^ f_user_b) & ~f_free) == '0;

always_comb begin
  if (rst_ni && !f_start_q) begin
    assert (f_good[0] || (init_q && f_idx >= init_idx_q));
    assert (!s2_valid_q || s2_idx_q != f_idx || f_good[1]);
    assert (f_in_q - f_out_q == used_q && used_q <= 6'd32);
    assert (wr_q == f_in_q && done_q == f_out_q && f_left <= used_q);
    assert (!init_q || (!s1_valid_q && !s2_valid_q && !s3_valid_q && !sweep_q));
    // In a sweep everything under way is of the oldest request; else each stage has its own.
    if (sweep_q) assert (f_left == used_q && used_q != '0);
    assert (!s1_valid_q || (s1_sweep_q == sweep_q && (sweep_q || !s1_last_q)));
    assert (!s2_valid_q || (s2_sweep_q == sweep_q && (sweep_q || !s2_last_q)));
    assert (!s3_valid_q || (s3_sweep_q == sweep_q && (sweep_q || !s3_last_q)));
    if (!sweep_q) assert (used_q - f_left == 6'(s1_valid_q) + 6'(s2_valid_q) + 6'(s3_valid_q));
    if (f_is_inside) assert (ring_mem[f_place[4:0]] == f_page);
    if (s1_valid_q && f_at_1 == f_place && f_is_inside) assert (s1_page_q == f_page);
    if (s2_valid_q && f_at_2 == f_place && f_is_inside) assert (s2_page_q == f_page);
    if (s3_valid_q && s3_idx_q == f_idx && f_out_q == f_place && f_is_inside) begin
      assert (!s3_hit_a_q || (f_in_a && s3_page_a_q == f_want_a));
      assert (!s3_hit_b_q || (f_in_b && s3_page_b_q == f_want_b));
    end
    if (s3_valid_q && s3_idx_q == f_idx && (s3_hit_a_q || s3_hit_b_q)) assert (s3_vf_q == f_vf && s3_dev_q == f_dev);

    if (rsp_valid_o && rsp_hit_o && !rsp_local_o && f_rsp_idx_q == f_idx) begin
      assert (rsp_vf_o == f_vf && rsp_dev_o == f_dev);
      if (f_out_2_q == f_place) begin
        assert (f_in_a || f_in_b);
        assert ((f_in_a && rsp_page_o == f_want_a) || (f_in_b && rsp_page_o == f_want_b));
      end
    end
    cover (rsp_valid_o && rsp_hit_o && !rsp_local_o && f_out_2_q == f_place && f_rsp_idx_q == f_idx && f_place == 6'd2 && f_size == 4'd4 &&
           f_page != f_user_a);
    cover (rsp_valid_o && !rsp_hit_o);
  end
end
