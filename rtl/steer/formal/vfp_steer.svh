// SPDX-License-Identifier: Apache-2.0
// Isolation: a known requester ID that is not the PF's is exactly {first + n * stride} of a VF n that exists, and the row
// is VF n's: what leads to a chosen server can come only from a VF whose row says so.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

// The layout changes while nothing is asked only; here it does not change.
(* anyconst *) logic [15:0] f_first, f_pf;
(* anyconst *) logic [3:0]  f_shift;
(* anyconst *) logic        f_single, f_whole;
(* anyconst *) logic [7:0]  f_last;
(* anyconst *) logic [6:0]  f_num;
(* anyconst *) logic [4:0]  f_host;
(* anyconst *) logic [5:0]  f_vf;   // a VF that the server never gets
always_comb begin
  assume (first_i == f_first && pf_rid_i == f_pf && num_i == f_num && f_num <= 7'd64);
  assume (whole_i == f_whole && last_bus_i == f_last && !(f_whole && sriov_i));
  assume (stride_i == (f_single ? 16'd0 : 16'd1 << f_shift));
  if (row_we_i && row_i.open && row_i.host == f_host) assume (row_vf_i != f_vf);
end

logic [1:0]  f_age_q = '0;  // cycles since reset, up to 3: the stride's registers
logic [15:0] f_rid_1_q, f_rid_2_q, f_rid_3_q;
logic        f_was_init_q;
always_ff @(posedge clk_i) begin
  if (f_age_q != '1) f_age_q <= f_age_q + 1'b1;
  f_was_init_q <= init_q;
  f_rid_1_q  <= req_rid_i;
  f_rid_2_q  <= f_rid_1_q;
  f_rid_3_q  <= f_rid_2_q;
end

logic [15:0] f_index;  // of the requester ID in stage 2, in strides
logic [31:0] f_rid, f_rid_2;
assign f_index = f_rid_2_q - f_first;
assign f_rid_2 = {16'd0, f_first} + ({16'd0, s2_index_q} << (f_single ? 4'd0 : f_shift));
assign f_rid   = {16'd0, f_first} + (f_single ? 32'd0 : {26'd0, rsp_vf_o} << f_shift);

vfp_steer_pkg::steer_row_t f_row;
assign f_row = row_mem[f_vf];

vfp_steer_pkg::steer_row_t f_rsp;
assign f_rsp = rsp_row_o;

// The PF's, and those that the owner has like it.
logic f_owners_2, f_owners_3;
assign f_owners_2 = f_rid_2_q == f_pf || (f_whole && f_rid_2_q[15:8] <= f_last) ||
                    (f_rid_2_q[15:3] == f_pf[15:3] && f_rid_2_q < f_first);
assign f_owners_3 = f_rid_3_q == f_pf || (f_whole && f_rid_3_q[15:8] <= f_last) ||
                    (f_rid_3_q[15:3] == f_pf[15:3] && f_rid_3_q < f_first);

always_comb begin
  if (rst_ni && f_age_q == '1 && !f_start_q) begin
    assert (!(f_row.open && f_row.host == f_host) || (init_q && f_vf >= init_vf_q));
    assert (shift_q == (f_single ? 4'd0 : f_shift) && stride_q == stride_i);
    assert (off_grid_q == (f_single ? 16'd0 : stride_i - 16'd1));
    assert (!usable_q || !f_single || f_num <= 7'd1);
    if (s1_valid_q) assert (s1_distance_q == f_rid_1_q - f_first && s1_behind_q == (f_rid_1_q >= f_first));
    if (s1_valid_q) assert (!s1_beside_q || f_rid_1_q[15:3] == f_pf[15:3]);
    if (s1_valid_q) assert (!s1_pf_q || f_rid_1_q == f_pf || (f_whole && f_rid_1_q[15:8] <= f_last));
    if (s2_valid_q) assert (s2_index_q == f_index >> shift_q && (!s2_pf_q || f_owners_2));
    if (s2_valid_q && s2_on_grid_q) assert (f_rid_2 == {16'd0, f_rid_2_q} && (!f_single || f_num <= 7'd1));
    if (rsp_valid_o && rsp_known_o && !rsp_pf_o) begin
      assert (f_rid == {16'd0, f_rid_3_q});
      assert ({1'b0, rsp_vf_o} < f_num);
      assert (!f_single || f_num == 7'd1);
      if (f_was_init_q == 1'b0 && f_rsp.open && f_rsp.host == f_host) assert (rsp_vf_o != f_vf);
    end
    if (rsp_valid_o && rsp_known_o && rsp_pf_o) assert (f_owners_3);
    cover (rsp_valid_o && rsp_known_o && !rsp_pf_o && rsp_vf_o == 6'd3 && f_shift == 4'd1 && !f_single && f_rsp.open);
    cover (rsp_valid_o && !rsp_known_o && f_rid_3_q > f_first);
    cover (rsp_valid_o && rsp_pf_o && !f_whole && f_rid_3_q != f_pf);
  end
end
