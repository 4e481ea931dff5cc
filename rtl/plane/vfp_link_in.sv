// SPDX-License-Identifier: Apache-2.0
// From a neighbour that may be stopped into a port that cannot: a packet begins when there is room for its class, and then
// goes on whatever room says. A neighbour that looks at room itself is never stopped.
//
// One register. Whether it is free next is known from registers of this port alone, so that no second one is needed for what
// comes while the first one stands (vfp_slice).
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

  logic                 valid_q, go, mid_q;
  vfp_cell_pkg::cell_t  head_q;
  vfp_cell_pkg::dw0_t   dw0;
  logic [2:0]           cls, cls_q;  // one hot
  logic                 room;
  assign in_ready_o = !valid_q || go;
  assign dw0        = in_i.hdr[31:0];
  always_ff @(posedge clk_i) begin
    if (in_ready_o && in_valid_i) begin
      head_q <= in_i;
      cls_q  <= cls;
    end
    if (!rst_ni || !link_i) valid_q <= 1'b0;
    else if (in_ready_o) valid_q <= in_valid_i;
  end

  // As vfp_port tells them apart.
  always_comb begin
    if (dw0.kind == vfp_cell_pkg::KindCpl || dw0.kind == vfp_cell_pkg::KindCplLk) cls = 3'b100;
    else if (dw0.kind[4:3] == 2'b10 || (dw0.kind == vfp_cell_pkg::KindMem && dw0.data)) cls = 3'b001;
    else cls = 3'b010;
  end

  assign room        = (room_i & cls_q) != 3'd0;
  assign go          = valid_q && (mid_q ? !head_q.sop : room);
  assign out_valid_o = go && link_i;
  assign out_o       = head_q;
  assign wait_o      = valid_q && !mid_q && !room ? cls_q : 3'd0;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || !link_i) mid_q <= 1'b0;
    else if (go) mid_q <= !head_q.eop;
    else if (valid_q && head_q.sop) mid_q <= 1'b0;  // the packet before has no end; vfp_rx_check sees to it
  end

  logic unused;
  assign unused = ^dw0;

endmodule
