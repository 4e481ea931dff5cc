// SPDX-License-Identifier: Apache-2.0
// Whatever else the source sends, to whomever: what leaves here is whole packets that were granted, none of a former
// assignment and none that was granted while the port was down; and a request leaves with a tag. One source.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

// The contract with the queues: a packet begins in the cycle after its grant, and has no gap. Packets do not meet (vfp_drr).
logic                f_grant_q, f_open_q, f_valid;
logic [7:0]          f_before;  // cells of the packet before this one
vfp_cell_pkg::cell_t f_cell;
assign f_cell  = cell_i[0];
assign f_valid = f_grant_q || f_open_q;
always_ff @(posedge clk_i) begin
  f_grant_q  <= rst_ni && grant != '0;
  f_open_q   <= rst_ni && f_valid && !f_cell.eop;
end
vfp_cell_check #(.Assume(1'b1), .Ready(1'b0)) f_in (
  .clk_i, .rst_ni, .valid_i(f_valid), .ready_i(1'b1), .cell_i(f_cell), .passed_o(f_before)
);
always_comb begin
  assume (!(f_grant_q && f_open_q));
  if (f_valid) assume (cell_valid_i[0]);
end

// The same beside each stage.
logic [7:0] f_before1_q, f_before2_q;
logic       f_takes_q;  // a request has gone on
always_ff @(posedge clk_i) begin
  f_before1_q <= rst_ni ? f_before : '0;
  f_before2_q <= rst_ni ? f_before1_q : '0;
  f_takes_q   <= rst_ni && goes_on && e2_cell.sop && e2_route.cls == vfp_cell_pkg::ClsNp;
end

// What the first cell said holds to the last one.
vfp_cell_pkg::cell_t f_tx;
logic [127:0]        f_hdr_q, f_hdr1_q, f_hdr2_q;
assign f_tx = tx_o;
always_ff @(posedge clk_i) begin
  if (f_grant_q) f_hdr_q <= f_cell.hdr;
  f_hdr1_q <= f_grant_q ? f_cell.hdr : f_hdr_q;
  f_hdr2_q <= f_hdr1_q;
end

always_comb begin
  if (rst_ni) begin
    assert (f_open_q == (f_before != '0) && f_open_q == open_q && f_grant_q == start_q);
    if (f_grant_q || f_open_q) assert (sel_q == '1);
    if (f_grant_q) assert (begin_q == '1);
    if (e1_valid_q) assert (e1_cell.sop == (f_before1_q == '0) && (e1_cell.eop || !e1_cell.nullify));
    else assert (f_before1_q == '0);
    if (e2_valid_q) assert (e2_cell.sop == (f_before2_q == '0) && (e2_cell.eop || !e2_cell.nullify));
    else assert (f_before2_q == '0);
    // What follows a cell is the next one of its packet.
    assert (f_before == (e1_valid_q && !e1_cell.eop ? f_before1_q + 8'd1 : 8'd0));
    assert (f_before1_q == (e2_valid_q && !e2_cell.eop ? f_before2_q + 8'd1 : 8'd0));
    assert (f_before <= 8'd32 && f_before1_q <= 8'd32 && f_before2_q <= 8'd32);
    if (e1_valid_q) assert (e1_cell.eop || f_before1_q < 8'd32);
    if (e2_valid_q) assert (e2_cell.eop || f_before2_q < 8'd32);
    if (f_open_q) assert (e1_hdr_q == f_hdr_q);
    if (e1_valid_q) assert (e1_hdr_q == f_hdr1_q);
    if (e2_valid_q) assert (e2_cell.hdr == f_hdr2_q);
    assert (tx_passed == (f_before2_q != '0 && pass_q ? f_before2_q : 8'd0));

    // The contract, beside the rules of a stream (u_check).
    if (tx_valid_o && f_tx.sop) assert (!e2_sink_q && (check_ok_i[0] || !e2_route.has_vf));
    if (tx_valid_o) assert (f_tx.hdr == f_hdr2_q);
    assert (alloc_q == f_takes_q);
    assert (soon_o == (e2_valid_q && e2_cell.sop && e2_route.cls == vfp_cell_pkg::ClsNp));
    cover (tx_valid_o && f_tx.eop && f_before2_q == 8'd3);
    cover (alloc_q && alloc_req_q.has_vf);
    cover (dropped_o && !tx_valid_o);
  end
end
