// SPDX-License-Identifier: Apache-2.0
// A header that is called good keeps the rules on which the rest of the bridge builds: bounded payload, no memory request
// across a 4 KB boundary, the stated number of cells. Written once more from the header that goes on.
// As if a header of a read had been there before the first one: nobody looks at a verdict before there was a header.
initial begin
  hdr_q      = '0;
  mem_q      = 1'b1;
  data_q     = 1'b0;
  len_q      = '0;
  too_long_q = 1'b0;
  page_end_q = 12'd1024;
  ok_q       = 1'b0;
end

vfp_cell_pkg::req_hdr_t f_hdr, f_one;
logic [10:0] f_len, f_one_len;
logic        f_is_mem, f_one_mem;
assign f_hdr     = out_hdr_q;
assign f_one     = hdr_q;
assign f_len     = {f_hdr.dw0.len == 10'd0, f_hdr.dw0.len};
assign f_one_len = {f_one.dw0.len == 10'd0, f_one.dw0.len};
assign f_is_mem  = f_hdr.dw0.kind == 5'd0 || (f_hdr.dw0.kind == 5'd1 && !f_hdr.dw0.data);
assign f_one_mem = f_one.dw0.kind == 5'd0 || (f_one.dw0.kind == 5'd1 && !f_one.dw0.data);

// The setting may change at any time: a header is judged by what it was when the header came.
logic [10:0] f_most_q = 11'd32, f_judged_q = 11'd1024;
always_comb assume (128 << payload_i <= MaxPayload);
always_ff @(posedge clk_i) begin
  if (load_i) f_most_q <= 11'd32 << payload_i;
  if (judge_i) f_judged_q <= f_most_q;
end

always_comb begin
  assert (!f_one.dw0.prefix && !f_one.dw0.td);
  assert (mem_q == f_one_mem);
  assert (data_q == f_one.dw0.data);
  assert (len_q == f_one.dw0.len[7:0]);
  assert (f_most_q <= 11'(MaxPayload / 4));
  assert (too_long_q == (f_one.dw0.data && f_one_len > f_most_q));
  if (f_one_mem) assert (page_end_q == {2'b00, f_one.dw3[11:2]} + {1'b0, f_one_len});
  if (f_one_mem && !f_one.dw0.dw4) assert (f_one.dw2 == 32'd0);

  if (ok_q) begin
    assert (!f_hdr.dw0.prefix && !f_hdr.dw0.td);
    if (f_is_mem) assert ({2'b00, f_hdr.dw3[11:2]} + {1'b0, f_len} <= 12'd1024);
    if (f_is_mem && !f_hdr.dw0.dw4) assert (f_hdr.dw2 == 32'd0);
    assert (!f_hdr.dw0.data || f_len <= MaxPayload / 4);
    assert (!f_hdr.dw0.data || f_len <= f_judged_q);
    assert (pay_cells_q == (f_hdr.dw0.data ? (f_len + 3) / 4 : 0));
    assert (single_q == (all_cells_q == 6'd1));
    assert (all_cells_q == (pay_cells_q == 0 ? 6'd1 : pay_cells_q) || all_cells_q == pay_cells_q + 6'd1);
    cover (f_is_mem && f_hdr.dw3[11:2] == 10'h3ff && !f_hdr.dw0.data);
    cover (f_hdr.dw0.data && f_len == MaxPayload / 4 && all_cells_q == pay_cells_q + 6'd1);
  end
end
