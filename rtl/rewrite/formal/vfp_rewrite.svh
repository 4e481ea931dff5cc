// SPDX-License-Identifier: Apache-2.0
// What leaves keeps the rules of a stream of cells if what comes does; its header is the one that came, at the same
// address, in the format that the address asks for, with the right identity. Written from the wire's side.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

logic [7:0] f_in_passed;
vfp_cell_check #(.Assume(1'b1), .Ready(1'b0)) u_f_in (
  .clk_i, .rst_ni, .valid_i(in_valid_i), .ready_i(1'b1), .cell_i(in_i), .passed_o(f_in_passed)
);

// Route and header hold from sop to eop.
logic         f_bare_q;
logic         f_seen_q = 1'b0;  // a packet was here
logic [127:0] f_hdr_q;
logic [63:0]  f_address_q;
logic         f_mem_q;
logic [1:0]   f_cls_q;
logic [15:0]  f_id_q;
logic [7:0]   f_tag_q, f_old_tag_q;
always_ff @(posedge clk_i) begin
  f_seen_q <= rst_ni && (f_seen_q || in_valid_i);
  if (in_valid_i) begin
    f_bare_q    <= in_route_i.bare;
    f_hdr_q     <= in_i.hdr;
    f_cls_q     <= in_route_i.cls;
    f_mem_q     <= in_i.hdr[28:24] == 5'd0 && in_route_i.cls != 2'd2;
    f_address_q <= {in_i.hdr[95:64], in_i.hdr[127:98], 2'b00};
    f_id_q      <= ToHost ? in_route_i.id : id_i;
    f_tag_q     <= in_tag_i;
  end
end
always_comb begin
  if (rst_ni && in_valid_i && !in_i.sop && f_in_passed != 8'd0) begin
    assume (in_route_i.bare == f_bare_q && in_i.hdr == f_hdr_q && in_route_i.cls == f_cls_q);
  end
end

logic [127:0] f_out;
assign f_out = out_q.hdr;
always_comb begin
  if (rst_ni && !f_start_q) begin
    assert (f_in_passed < 8'd33);
    if (f_in_passed != 8'd0) assert (ended_q == f_bare_q);
    if (f_in_passed != 8'd0 && !f_bare_q) assert (out_passed + 8'(out_valid_q) == f_in_passed);
    assert (f_seen_q || (f_in_passed == 8'd0 && out_passed == 8'd0 && !out_valid_q));
    if (f_seen_q && f_bare_q) assert (out_passed == 8'd0 && (!out_valid_q || (out_q.sop && out_q.eop)));
    if (f_in_passed == 8'd0) assert (out_valid_q ? out_q.eop : out_passed == 8'd0);
    if (out_valid_q) assert (out_q.sop == (out_passed == 8'd0));
    if (out_valid_q && f_in_passed != 8'd0 && !f_bare_q) assert (!out_q.eop && !out_q.nullify);
    if (out_valid_q && f_mem_q) begin
      if (f_out[29]) assert ({f_out[95:64], f_out[127:96]} == f_address_q && f_address_q[63:32] != 32'd0);
      else assert ({32'd0, f_out[95:64]} == f_address_q);
    end
    if (out_valid_q) begin
      assert (f_out[31] == 1'b0 && f_out[23] == 1'b0 && f_out[19] == 1'b0 && f_out[17:15] == 3'd0 && f_out[11:10] == 2'd0);
      assert (f_out[9:0] == f_hdr_q[9:0] && f_out[28:24] == f_hdr_q[28:24] && f_out[30] == f_hdr_q[30]);
      if (f_cls_q != 2'd2) assert (f_out[63:48] == f_id_q && f_out[39:32] == f_hdr_q[39:32]);
      if (f_cls_q == 2'd1) assert (f_out[47:40] == f_tag_q);
      if (f_cls_q == 2'd2) assert (f_out[95:72] == f_hdr_q[95:72] && f_out[63:45] == f_hdr_q[63:45]);
    end
    cover (out_valid_q && f_mem_q && f_out[29] && out_q.eop && !out_q.sop);
    cover (out_valid_q && f_bare_q && f_in_passed == 8'd1);
    cover (f_in_passed == 8'd0 && f_bare_q && !out_valid_q);
  end
end
