// SPDX-License-Identifier: Apache-2.0
// From a neighbour that may be stopped into a port that cannot: a packet begins when there is room for its class, and then
// goes on whatever room says. A neighbour that looks at room itself is never stopped.
module vfp_link_in (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                link_i,       // low: what waits here is gone

  input  logic                in_valid_i,
  output logic                in_ready_o,
  input  vfp_cell_pkg::cell_t in_i,

  input  logic [2:0]          room_i,
  output logic [2:0]          wait_o,       // a packet of the class waits for room
  output logic                out_valid_o,
  output vfp_cell_pkg::cell_t out_o
);

  logic                            valid, go, mid_q;
  logic [vfp_cell_pkg::CellW-1:0]  word;
  vfp_slice u_slice (
    .clk_i, .rst_ni(rst_ni && link_i), .in_valid_i(in_valid_i && link_i), .in_ready_o, .in_data_i(in_i),
    .out_valid_o(valid), .out_ready_i(go), .out_data_o(word)
  );
  vfp_cell_pkg::cell_t  head;
  vfp_cell_pkg::dw0_t   dw0;
  logic [1:0]           cls;
  assign head = word;
  assign dw0  = head.hdr[31:0];
  // As vfp_port tells them apart.
  always_comb begin
    if (dw0.kind == vfp_cell_pkg::KindCpl || dw0.kind == vfp_cell_pkg::KindCplLk) cls = vfp_cell_pkg::ClsCpl;
    else if (dw0.kind[4:3] == 2'b10 || (dw0.kind == vfp_cell_pkg::KindMem && dw0.data)) cls = vfp_cell_pkg::ClsP;
    else cls = vfp_cell_pkg::ClsNp;
  end

  assign go          = valid && (mid_q ? !head.sop : room_i[cls]);
  assign out_valid_o = go && link_i;
  assign out_o       = head;
  assign wait_o      = valid && !mid_q && !room_i[cls] ? 3'(3'd1 << cls) : 3'd0;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || !link_i) mid_q <= 1'b0;
    else if (go) mid_q <= !head.eop;
    else if (valid && head.sop) mid_q <= 1'b0;  // the packet before has no end; vfp_rx_check sees to it
  end

  logic unused;
  assign unused = ^dw0;

endmodule
