// SPDX-License-Identifier: Apache-2.0
// Exit of a port: grants packets of several sources to its link by their weights, looks once more whether each may still
// go, and gives non-posted requests a tag of the bridge's own. A packet passes whole or not at all.
//
// A packet whose VF has changed hands since it was decided, and every packet while the port is down, ends here: posted ones
// are counted, of the others the header goes to `ended`, so that who asked gets an answer. Nothing waits for a port
// that is down.
module vfp_egress #(
  parameter int unsigned Sources = 3  // 1..18
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic down_i,                          // the link is down, or the port contained

  // Queues: a request stands from a register and falls in the cycle after its grant, but stays for the packet that follows
  // if req_more_i stood with the grant. The first cell comes in the cycle after the grant, the others without a pause; hdr
  // and route are valid with it.
  input  logic [Sources-1:0]           req_i,
  input  logic [Sources-1:0]           req_more_i,   // another packet of the class follows
  input  logic [Sources-1:0][1:0]      req_cls_i,
  input  logic [Sources-1:0][5:0]      req_cells_i,  // valid in the cycle after the grant
  output logic [Sources-1:0]           grant_o,
  output logic [Sources-1:0][2:0]      room_o,       // a packet of the class may be asked for
  input  logic [Sources-1:0]           cell_valid_i,
  input  logic [Sources-1:0][vfp_cell_pkg::CellW-1:0]   cell_i,
  input  logic [Sources-1:0][vfp_route_pkg::RouteW-1:0] route_i,
  input  logic [Sources-1:0][4:0]      weight_i,     // 1..31

  // Link: room for two packets of the largest size, those of take_o counted as sent.
  input  logic [2:0]                   link_room_i,
  output logic [2:0]                   take_o,       // pulse: a packet of the class was granted

  // Is the packet's VF still whose it was? The answer comes a cycle later, from the table of each source.
  output logic [5:0]                   check_vf_o,
  output logic [15:0]                  check_gen_o,
  input  logic [Sources-1:0]           check_ok_i,

  // Tags; a source's index is its number as a requester.
  input  logic [Sources-1:0]           tag_may_i,
  input  logic [Sources-1:0]           tag_few_i,    // few are left for the source
  input  logic                         tag_scarce_i, // few are left for all
  input  logic [Sources-1:0]           refuse_i,     // the source gets no tag: its non-posted requests end here
  output logic                         soon_o,       // alloc_o may come in the next cycle: alloc_tag_i must hold until then
  output logic                         alloc_o,      // the cycle after sop at tx_o
  output vfp_tags_pkg::tag_req_t       alloc_req_o,
  input  logic [7:0]                   alloc_tag_i,  // what the next alloc_o takes

  // To rewrite, which has a register.
  output logic                         tx_valid_o,
  output vfp_cell_pkg::cell_t          tx_o,
  output vfp_route_pkg::route_t        tx_route_o,   // from sop to eop
  output logic [7:0]                   tx_tag_o,     // with sop of a non-posted request

  output logic                         dropped_o,    // pulse: a posted packet ended here
  output logic                         ended_valid_o,
  input  logic                         ended_ready_i,
  output logic [127:0]                 ended_hdr_o,  // of a non-posted request or completion that ended here
  output logic [1:0]                   ended_cls_o,
  output logic [4:0]                   ended_source_o,

  output logic                         busy_o        // a packet is asked for or here; else nothing changes some cycles later
);

  localparam int unsigned CellW  = vfp_cell_pkg::CellW;
  localparam int unsigned RouteW = vfp_route_pkg::RouteW;

  // --- who may be granted ---

  logic [2:0]         link;
  logic               ended_space_q;
  logic [4:0]         ended_used;
  logic [Sources-1:0] may, np, more;
  logic [Sources-1:0][2:0] room, next_room;
  logic               drr_busy;
  logic [Sources-1:0] grant, sel_q;         // who is granted; who sends since
  logic [Sources-1:0] begin_q;              // begins to send
  logic [3:0]         np_any_q;

  assign link = link_room_i | {3{down_i}};

  // The tag of a granted request is taken four cycles later, and the table shows it two cycles after that. While tags are
  // few, one request waits for that of the other; counters run from 8 to 15.
  for (genvar s = 0; s < int'(Sources); s++) begin : gen_may
    logic [3:0] np_wait_q;
    logic       np_may;
    assign np[s]   = req_cls_i[s] == vfp_cell_pkg::ClsNp;
    assign np_may  = tag_may_i[s] && !(tag_few_i[s] && np_wait_q[3]) && !(tag_scarce_i && np_any_q[3]);
    assign room[s] = {link[2] && ended_space_q, link[1] && ended_space_q && (np_may || refuse_i[s] || down_i), link[0]};
    assign may[s]  = room[s][req_cls_i[s]];
    assign more[s] = req_more_i[s] && !(np[s] && (tag_few_i[s] || tag_scarce_i));
    assign next_room[s] = {room[s][2], link[1] && ended_space_q && (tag_may_i[s] || refuse_i[s] || down_i), room[s][0]};
    always_ff @(posedge clk_i) begin
      room_o[s] <= next_room[s];
      if (!rst_ni) np_wait_q <= '0;
      else if (grant[s] && np[s]) np_wait_q <= 4'd8;
      else if (np_wait_q[3]) np_wait_q <= np_wait_q + 4'd1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) np_any_q <= '0;
    else if ((grant & np) != '0) np_any_q <= 4'd8;
    else if (np_any_q[3]) np_any_q <= np_any_q + 4'd1;
  end

  vfp_drr #(.Sources(Sources)) u_drr (
    .clk_i, .rst_ni, .req_i, .more_i(more), .may_i(may), .cells_i(req_cells_i), .weight_i, .grant_o(grant),
    .busy_o(drr_busy)
  );
  assign grant_o = grant;
`ifdef VFPOOL_GATE
  assign busy_o  = drr_busy || room_o != next_room || start_q || open_q || e1_valid_q || e2_valid_q || alloc_q || dropped_o ||
                   ended_valid_o || down_q != {2{down_i}};
`else
  assign busy_o  = drr_busy;
`endif

  logic [1:0] grant_cls;
  always_comb begin
    grant_cls = '0;
    for (int s = 0; s < int'(Sources); s++) begin
      if (grant[s]) grant_cls = grant_cls | req_cls_i[s];
    end
  end

  // --- the crossbar ---

  // Granted to nobody: the port was down when room was looked at, or since; or the source gets no tag.
  logic              sink_q;
  logic [1:0]        down_q;
  logic              cell_valid;
  logic [RouteW-1:0] mux_route;

  always_ff @(posedge clk_i) begin
    take_o <= rst_ni && grant != '0 ? 3'(3'd1 << grant_cls) : 3'd0;
    if (!rst_ni) sel_q <= '0;
    else if (grant != '0) sel_q <= grant;
    begin_q <= grant;  // without a reset, lest synthesis takes it and paid_q of vfp_drr for one, with the loads of both
    down_q  <= {down_q[0], down_i};
    start_q <= grant != '0 && rst_ni;
    open_q  <= (start_q || open_q) && more_cells != '0 && rst_ni;
    if (grant != '0) sink_q <= down_i || down_q != 2'd0 || (grant & np & refuse_i) != '0;
  end

  // What comes with the first cell alone has a selector of its own: one for all would have too many loads.
  logic [2:0]   mux_marks;
  logic [127:0] mux_hdr, mux_data;
  always_comb begin
    mux_marks = '0;
    mux_hdr   = '0;
    mux_data  = '0;
    mux_route = '0;
    for (int s = 0; s < int'(Sources); s++) begin
      if (sel_q[s]) begin
        mux_marks = mux_marks | cell_i[s][CellW-1:256];
        mux_data  = mux_data | cell_i[s][127:0];
      end
      if (begin_q[s]) begin
        mux_hdr   = mux_hdr | cell_i[s][255:128];
        mux_route = mux_route | route_i[s];
      end
    end
  end
  // The cell is not the last one of its packet: looked at beside the wide multiplexer, not behind it.
  logic [Sources-1:0] more_cells;
  for (genvar s = 0; s < int'(Sources); s++) begin : gen_open
    vfp_cell_pkg::cell_t source_cell;
    assign source_cell   = cell_i[s];
    assign more_cells[s] = sel_q[s] && cell_valid_i[s] && !source_cell.eop;
  end
  // A source sends to other exits as well: from the start of what was granted here to its end it is for this one.
  logic               start_q, open_q;
  assign cell_valid = (start_q || open_q) && (sel_q & cell_valid_i) != '0;

  logic                  e1_valid_q, e1_sink_q, e2_valid_q, e2_sink_q;
  logic [2:0]            e1_marks_q;  // sop, eop, nullify
  logic [127:0]          e1_hdr_q, e1_data_q;
  logic [CellW-1:0]      e2_cell_q;
  logic [RouteW-1:0]     e1_route_q, e2_route_q;
  logic [Sources-1:0]    e1_source_q, e2_source_q;
  vfp_cell_pkg::cell_t   e1_cell, e2_cell;
  vfp_route_pkg::route_t e1_route, e2_route;
  assign e1_cell  = {e1_marks_q, e1_hdr_q, e1_data_q};
  assign e2_cell  = e2_cell_q;
  assign e1_route = e1_route_q;
  assign e2_route = e2_route_q;

  assign check_vf_o  = e1_route.vf;
  assign check_gen_o = e1_route.gen;

  always_ff @(posedge clk_i) begin
    e1_marks_q  <= mux_marks;
    e1_data_q   <= mux_data;
    e1_source_q <= sel_q;
    e1_sink_q   <= sink_q;
    if (start_q) begin
      e1_hdr_q   <= mux_hdr;
      e1_route_q <= mux_route;
    end
    if (e1_valid_q) begin
      e2_cell_q   <= e1_cell;
      e2_route_q  <= e1_route_q;
      e2_source_q <= e1_source_q;
      e2_sink_q   <= e1_sink_q;
    end
    if (!rst_ni) begin
      e1_valid_q <= 1'b0;
      e2_valid_q <= 1'b0;
    end else begin
      e1_valid_q <= cell_valid;
      e2_valid_q <= e1_valid_q;
    end
  end

  // --- what a request asks for, beside the look at the generation ---

  vfp_cell_pkg::req_hdr_t e1_hdr, e2_hdr;
  vfp_cell_pkg::dw0_t     e1_dw0, e2_dw0;
  assign e1_hdr = e1_cell.hdr;
  assign e2_hdr = e2_cell.hdr;
  assign e1_dw0 = e1_hdr.dw0;
  assign e2_dw0 = e2_hdr.dw0;

  logic        e2_mem_q;
  logic [1:0]  e2_first_q;
  logic [2:0]  e2_less_q;   // bytes of the first and the last DW that are not asked for
  always_ff @(posedge clk_i) begin
    e2_mem_q   <= e1_dw0.kind == vfp_cell_pkg::KindMem || e1_dw0.kind == vfp_cell_pkg::KindMemLk;
    e2_first_q <= vfp_cell_pkg::first_byte(e1_hdr.first_be);
    e2_less_q  <= {1'b0, vfp_cell_pkg::first_byte(e1_hdr.first_be)} +
                  {1'b0, vfp_cell_pkg::bytes_above(e1_dw0.len == 10'd1 ? e1_hdr.first_be : e1_hdr.last_be)};
  end

  // --- the packet goes on, or ends ---

  logic              fine, pass, pass_q, goes_on, ends;
  logic [4:0]        source;
  assign fine    = !e2_sink_q && (!e2_route.has_vf || (check_ok_i & e2_source_q) != '0);
  assign pass    = e2_cell.sop ? fine : pass_q;
  assign goes_on = e2_valid_q && pass;
  assign ends    = e2_valid_q && e2_cell.sop && !fine;
  always_comb begin
    source = '0;
    for (int s = 0; s < int'(Sources); s++) begin
      if (e2_source_q[s]) source = source | 5'(s);
    end
  end

  logic                   alloc_q, soon_q;  // soon: a non-posted request is at the look
  vfp_tags_pkg::tag_req_t alloc_req_q;
  always_ff @(posedge clk_i) begin
    if (e2_valid_q) pass_q <= pass;
    soon_q    <= e1_valid_q && e1_cell.sop && e1_route.cls == vfp_cell_pkg::ClsNp && rst_ni;
    alloc_q   <= soon_q && pass && rst_ni;
    dropped_o <= ends && e2_route.cls == vfp_cell_pkg::ClsP && rst_ni;

    if (e2_valid_q) begin
      alloc_req_q.port       <= source;
      alloc_req_q.rid        <= e2_hdr.rid;
      alloc_req_q.tag        <= e2_hdr.tag;
      alloc_req_q.tc         <= e2_dw0.tc;
      alloc_req_q.ido        <= e2_dw0.ido;
      alloc_req_q.ro         <= e2_dw0.ro;
      alloc_req_q.ns         <= e2_dw0.ns;
      alloc_req_q.has_vf     <= e2_route.has_vf;
      alloc_req_q.vf         <= e2_route.vf;
      alloc_req_q.gen        <= e2_route.gen;
      alloc_req_q.is_mem     <= e2_mem_q;
      alloc_req_q.wants_data <= !e2_dw0.data;
      alloc_req_q.bytes      <= {e2_dw0.len == 10'd0, e2_dw0.len, 2'b00} - 13'(e2_less_q);
      alloc_req_q.low        <= {e2_hdr.dw3[6:2], e2_first_q};
    end
  end

  assign tx_valid_o  = goes_on;
  assign tx_o        = e2_cell_q;
  assign tx_route_o  = e2_route_q;
  assign tx_tag_o    = alloc_tag_i;
  assign soon_o      = soon_q;
  assign alloc_o     = alloc_q;
  assign alloc_req_o = alloc_req_q;

  // Four grants may be on their way when the space is found short.
  logic unused_ended_ready;
  always_ff @(posedge clk_i) ended_space_q <= ended_used < 5'd8;
  vfp_fifo #(.W(5 + 2 + 128), .Depth(16)) u_ended (
    .clk_i, .rst_ni,
    .in_valid_i (ends && e2_route.cls != vfp_cell_pkg::ClsP),
    .in_ready_o (unused_ended_ready),
    .in_data_i  ({source, e2_route.cls, e2_cell.hdr}),
    .out_valid_o(ended_valid_o),
    .out_ready_i(ended_ready_i),
    .out_data_o ({ended_source_o, ended_cls_o, ended_hdr_o}),
    .used_o     (ended_used)
  );

  logic [7:0] tx_passed;
  vfp_cell_check #(.Ready(1'b0)) u_check (
    .clk_i, .rst_ni, .valid_i(goes_on), .ready_i(1'b1), .cell_i(e2_cell), .passed_o(tx_passed)
  );
`ifdef FORMAL
  `include "formal/vfp_egress.svh"
`else
  logic unused;
  assign unused = ^tx_passed;
`endif

endmodule
