// SPDX-License-Identifier: Apache-2.0
// The last word on each packet that ended well, in their order: what its header alone says, what the look-up of its
// address or requester ID says, or what the tag table says of a completion. One a cycle at most.
//
// A refused request that waits for a completion gets one, made here (PCIe Base Specification 2.1, 2.2.9, 2.3.1); a refused
// posted request or completion is dropped. Both are reported with their reason.
module vfp_verdict (
  input  logic         clk_i,
  input  logic         rst_ni,
  // By class: eight more packets can come. A sender that looks at it before each packet never fills anything here.
  output logic [2:0]   room_o,

  // A packet that ended well, and what to do with it.
  input  logic         in_valid_i,
  input  logic [127:0] in_hdr_i,
  input  logic [1:0]   in_cls_i,
  input  logic [5:0]   in_cells_i,
  input  logic [3:0]   in_do_i,       // vfp_look_pkg::Do*
  input  logic [3:0]   in_reason_i,   // with DoRefuse

  // For each DoLook, in their order, some cycles later.
  input  logic                look_valid_i,
  input  vfp_look_pkg::look_t look_i,

  // For each DoMatch (vfp_match).
  input  logic         match_valid_i,
  output logic         match_ready_o,
  input  logic [2:0]   match_act_i,
  input  vfp_tags_pkg::tag_req_t match_req_i,
  input  logic [11:0]  match_left_i,
  input  logic         match_cid_use_i,
  input  logic [15:0]  match_cid_i,

  output logic         route_valid_o,
  output vfp_route_pkg::route_t route_o,
  output logic [127:0] route_hdr_o,
  output logic [5:0]   route_cells_o,

  output logic         ans_valid_o,
  input  logic         ans_ready_i,
  output vfp_route_pkg::answer_t ans_o,

  output logic         err_valid_o,   // pulse; the header is route_hdr_o
  output logic [3:0]   err_reason_o
);

  localparam int unsigned Depth = 32;
  localparam int unsigned HeadW = 146;
  localparam int unsigned LookW = vfp_look_pkg::LookW;

  // --- packets that wait for their verdict, and what was looked up for them ---

  logic         head_valid, take, head_ready;
  logic [127:0] head_hdr;
  logic [1:0]   head_cls;
  logic [5:0]   head_cells, head_used, look_used;
  logic [3:0]   head_do, head_reason;
  logic [1:0]   head_wait;  // DoMatch, DoLook once more: what `take` waits for has few loads
`ifndef FORMAL
  vfp_fifo #(.W(HeadW), .Depth(Depth)) u_head (
    .clk_i, .rst_ni,
    .in_valid_i,
    .in_ready_o (head_ready),
    .in_data_i  ({in_do_i[1:0], in_reason_i, in_do_i, in_cells_i, in_cls_i, in_hdr_i}),
    .out_valid_o(head_valid),
    .out_ready_i(take),
    .out_data_o ({head_wait, head_reason, head_do, head_cells, head_cls, head_hdr}),
    .used_o     (head_used)
  );
`endif

  logic                look_valid, look_ready;
  logic [LookW-1:0]    look_word;
  vfp_look_pkg::look_t look;
  assign look = look_word;
`ifndef FORMAL
  vfp_fifo #(.W(LookW), .Depth(Depth), .Fast(1'b1)) u_look (
    .clk_i, .rst_ni,
    .in_valid_i (look_valid_i),
    .in_ready_o (look_ready),
    .in_data_i  (look_i),
    .out_valid_o(look_valid),
    .out_ready_i(take && head_wait[0]),
    .out_data_o (look_word),
    .used_o     (look_used)
  );
`endif

  // --- the verdict ---

  vfp_cell_pkg::req_hdr_t req;
  vfp_cell_pkg::cpl_hdr_t cpl;
  assign req = head_hdr;
  assign cpl = head_hdr;

  logic ans_stop_q;  // no room for an answer more
  logic looks, matching, passes, wrong;
  assign looks         = head_do[0];
  assign matching      = head_do[1];
  assign take          = head_valid && !ans_stop_q && (!head_wait[0] || look_valid) && (!head_wait[1] || match_valid_i);
  assign match_ready_o = take && head_wait[1];
  assign passes        = match_act_i == vfp_tags_pkg::ActForward;
  // What came back is not what was asked for, or not the asker's any more: it gets an error instead.
  assign wrong         = match_act_i == vfp_tags_pkg::ActUr || match_act_i == vfp_tags_pkg::ActCa;

  // Registers are 32 bits wide.
  logic unfit, to_local;
  assign to_local = look.port == vfp_route_pkg::PortLocal;
  assign unfit    = to_local && (req.dw0.len != 10'd1 || req.dw0.ep);

  logic       refuse;
  logic [3:0] reason;
  always_comb begin
    refuse = 1'b0;
    reason = vfp_regs_pkg::DropNone;
    unique case (head_do)
      vfp_look_pkg::DoLook: begin
        refuse = look.refuse || unfit;
        reason = look.refuse ? look.reason
                             : req.dw0.ep ? vfp_regs_pkg::DropPoisoned : vfp_regs_pkg::DropUnsupported;
      end
      vfp_look_pkg::DoMatch: begin
        refuse = !passes;
        reason = match_act_i == vfp_tags_pkg::ActUr ? vfp_regs_pkg::DropNotAssigned :
                 match_act_i == vfp_tags_pkg::ActCa ? vfp_regs_pkg::DropMismatch :
                 match_act_i == vfp_tags_pkg::ActSwallow ? vfp_regs_pkg::DropStale : vfp_regs_pkg::DropUnexpected;
      end
      vfp_look_pkg::DoRefuse: begin
        refuse = 1'b1;
        reason = head_reason;
      end
      default: ;
    endcase
  end

  vfp_route_pkg::route_t route;
  always_comb begin
    route         = '0;
    route.cls     = head_cls;
    unique case (head_do)
      vfp_look_pkg::DoLook: begin
        route.forward = !look.refuse && !unfit;
        route.port    = look.port;
        route.has_vf  = look.has_vf && !to_local;
        route.vf      = look.vf;
        route.gen     = look.gen;
        route.id      = look.place[15:0];
      end
      vfp_look_pkg::DoMatch: begin
        route.forward = passes || wrong;
        route.bare    = wrong;
        route.port    = match_req_i.port;  // PortOwn is PortLocal
        route.has_vf  = match_req_i.has_vf && passes;
        route.vf      = match_req_i.vf;
        route.gen     = match_req_i.gen;
      end
      vfp_look_pkg::DoLocal: begin
        route.forward = 1'b1;
        route.port    = vfp_route_pkg::PortLocal;
      end
      default: ;
    endcase
  end

  vfp_cell_pkg::req_hdr_t req_out;
  vfp_cell_pkg::cpl_hdr_t cpl_out;
  always_comb begin
    req_out = req;
    if (looks && look.remap && !look.refuse) {req_out.dw2, req_out.dw3[31:12]} = look.place;
    cpl_out = cpl;
    if (passes || wrong) begin
      cpl_out.rid = match_req_i.rid;
      cpl_out.tag = match_req_i.tag;
      if (match_cid_use_i) cpl_out.cid = match_cid_i;
    end
    if (wrong) begin
      cpl_out.dw0      = '0;
      cpl_out.dw0.kind = vfp_cell_pkg::KindCpl;
      cpl_out.dw0.tc   = match_req_i.tc;
      cpl_out.dw0.ido  = match_req_i.ido;
      cpl_out.dw0.ro   = match_req_i.ro;
      cpl_out.dw0.ns   = match_req_i.ns;
      cpl_out.status   = match_act_i == vfp_tags_pkg::ActUr ? vfp_cell_pkg::CplUr : vfp_cell_pkg::CplCa;
      cpl_out.bcm      = 1'b0;
      cpl_out.bytes    = match_left_i;
      cpl_out.low      = match_req_i.low;
    end
  end

  logic                  route_valid_q, err_valid_q, ans_want_q;
  vfp_route_pkg::route_t route_q;
  logic [127:0]          hdr_q;
  logic [5:0]            cells_q;
  logic [3:0]            err_reason_q;

  always_ff @(posedge clk_i) begin
    route_q      <= route;
    hdr_q        <= matching ? cpl_out : req_out;
    cells_q      <= head_cells;
    err_reason_q <= reason;
    if (!rst_ni) begin
      route_valid_q <= 1'b0;
      err_valid_q   <= 1'b0;
      ans_want_q    <= 1'b0;
    end else begin
      route_valid_q <= take;
      err_valid_q   <= take && refuse;
      ans_want_q    <= take && refuse && head_cls == vfp_cell_pkg::ClsNp;
    end
  end

  assign route_valid_o = route_valid_q;
  assign route_o       = route_q;
  assign route_hdr_o   = hdr_q;
  assign route_cells_o = cells_q;
  assign err_valid_o   = err_valid_q;
  assign err_reason_o  = err_reason_q;

  // --- answers to refused requests ---

  vfp_route_pkg::answer_t ans_in;
  vfp_refusal u_refusal (.clk_i, .hdr_i(hdr_q), .answer_o(ans_in));

  logic       ans_valid_q, ans_ready;
  logic [6:0] ans_used;
  always_ff @(posedge clk_i) begin
    ans_valid_q <= ans_want_q && rst_ni;
    ans_stop_q  <= ans_used >= 7'd60;  // three are on their way
  end
  vfp_fifo #(.W(vfp_route_pkg::AnswerW), .Depth(64)) u_answers (
    .clk_i, .rst_ni,
    .in_valid_i (ans_valid_q),
    .in_ready_o (ans_ready),
    .in_data_i  (ans_in),
    .out_valid_o(ans_valid_o),
    .out_ready_i(ans_ready_i),
    .out_data_o (ans_o),
    .used_o     (ans_used)
  );

  // --- room: what waits here, and what may still come of it ---

  logic [5:0] held_q;
  logic [2:0] room_q;
  assign room_o = room_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      held_q <= '0;
      room_q <= '0;
    end else begin
      if (in_valid_i != route_valid_q) held_q <= in_valid_i ? held_q + 1'b1 : held_q - 1'b1;
      room_q[vfp_cell_pkg::ClsP]   <= held_q <= 6'd20;
      room_q[vfp_cell_pkg::ClsNp]  <= held_q <= 6'd20 && ans_used <= 7'd24;  // all that are held may need an answer
      room_q[vfp_cell_pkg::ClsCpl] <= held_q <= 6'd20;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      all_fit: assert ((!in_valid_i || head_ready) && (!look_valid_i || look_ready) &&
                       (!ans_valid_q || ans_ready));
    end
  end
`endif

  logic unused;
  assign unused = ^{head_ready, look_ready, ans_ready, head_used, look_used, match_req_i};

`ifdef FORMAL
  `include "formal/vfp_verdict.svh"
`endif

endmodule
