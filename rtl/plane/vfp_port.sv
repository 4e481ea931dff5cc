// SPDX-License-Identifier: Apache-2.0
// A port of the bridge but for what it decides and how headers look on its link: entrance, queues towards the ports of the
// other side (`Peers`), exit for what they send here, tags, containment. Hosts and devices have the same.
module vfp_port #(
  parameter int unsigned Peers      = 1,    // 1..17
  parameter int unsigned Slots      = 64,
  parameter int unsigned Tags       = 256,
  parameter int unsigned MaxPayload = 128,
  parameter bit          Local      = 1'b0,  // packets may go to PortLocal
  parameter bit          Refuse     = 1'b0,  // a request that waits too long for a tag is refused: others may wait behind it
  parameter bit          RouteIds   = 1'b0,  // a request leaves under the ID of its route, as to a server; else under id_i
  localparam int unsigned Dests = Peers + 32'(Local)
) (
  input  logic clk_i,
  input  logic rst_ni,
  output logic init_done_o,

  // Link.
  input  logic [1:0]          payload_i,       // largest payload: 128 bytes << payload
  input  logic                link_i,
  input  logic                rx_valid_i,
  input  vfp_cell_pkg::cell_t rx_i,
  input  logic [2:0]          rx_wait_i,       // a packet of the class waits for room
  output logic [2:0]          rx_room_o,       // look at it when a packet begins
  input  logic [2:0]          link_room_i,     // vfp_egress
  output logic [2:0]          take_o,
  input  logic [2:0]          link_waits_i,    // something for the link waits behind this exit, by class
  output logic                tx_valid_o,      // to rewrite
  output vfp_cell_pkg::cell_t tx_o,
  output vfp_route_pkg::route_t tx_route_o,
  output logic [7:0]          tx_tag_o,

  // decide: each packet that ended well.
  output logic                dec_valid_o,
  output logic [127:0]        dec_hdr_o,
  output logic [1:0]          dec_cls_o,
  output logic [5:0]          dec_cells_o,
  input  logic [2:0]          dec_room_i,
  input  logic                route_valid_i,
  input  vfp_route_pkg::route_t route_i,
  input  logic [127:0]        route_hdr_i,
  input  logic [5:0]          route_cells_i,

  // To the peers: what one queue asks for, and what is sent.
  output logic [Peers-1:0]      req_o,
  output logic                  req_more_o,
  output logic [1:0]            req_cls_o,
  output logic [5:0]            req_cells_o,
  input  logic [Peers-1:0]      grant_i,
  input  logic [Peers-1:0][2:0] exit_room_i,
  output logic [Peers-1:0][2:0] waiting_o,
  output logic [Peers-1:0]      held_o,
  output logic                  out_valid_o,
  output vfp_cell_pkg::cell_t   out_o,
  output vfp_route_pkg::route_t out_route_o,

  // With Local, packets for the bridge itself: one cell each, and none of a class while its ready is low. Ready must fall
  // in the cycle after the packet at the latest.
  input  logic [2:0]            local_ready_i,
  output logic                  local_valid_o,  // the cell is out_o

  // From the peers: the same the other way round.
  input  logic [Peers-1:0]      req_i,
  input  logic [Peers-1:0]      req_more_i,
  input  logic [Peers-1:0][1:0] req_cls_i,
  input  logic [Peers-1:0][5:0] req_cells_i,
  output logic [Peers-1:0]      grant_o,
  output logic [Peers-1:0][2:0] room_o,
  input  logic [Peers-1:0][2:0] waiting_i,
  input  logic [Peers-1:0]      held_i,
  input  logic [Peers-1:0]      cell_valid_i,
  input  logic [Peers-1:0][vfp_cell_pkg::CellW-1:0]   cell_i,
  input  logic [Peers-1:0][vfp_route_pkg::RouteW-1:0] cell_route_i,
  input  logic [Peers-1:0]      peer_gone_i,   // what the peer asked is answered to nobody
  output logic [Peers-1:0]      gone_o,        // it is being forgotten
  output logic                  np_some_o,     // non-posted requests lie in this port's queues
  output logic                  local_some_o,  // posted packets for the bridge itself do

  // Is the VF of a packet that leaves still whose it was? A cycle later, from the table of each peer.
  output logic [5:0]            check_vf_o,
  output logic [15:0]           check_gen_o,
  input  logic [Peers-1:0]      check_ok_i,

  // Tags (vfp_tags).
  input  logic                   tick_ms_i,
  input  logic [14:0]            timeout_i,
  input  logic [15:0]            id_i,         // the bridge's requester ID, without RouteIds
  input  logic [Peers-1:0][8:0]  quota_i,
  input  logic                   cpl_valid_i,
  output logic                   cpl_ready_o,
  input  logic [127:0]           cpl_hdr_i,
  output logic                   res_valid_o,
  output logic [2:0]             res_act_o,
  output vfp_tags_pkg::tag_req_t res_req_o,
  output logic [5:0]             next_vf_o,    // what res_req_o.vf is in the next cycle
  output logic [12:0]            res_left_o,
  output logic [4:0]             tag_port_o,
  output logic [5:0]             tag_vf_o,
  input  logic [15:0]            tag_gen_i,
  output logic                   exp_valid_o,
  input  logic                   exp_ready_i,
  output vfp_tags_pkg::tag_req_t exp_req_o,
  output logic [12:0]            exp_left_o,
  output logic                   alloc_o,      // pulse: a request got a tag; then over_o comes once for it
  output vfp_tags_pkg::tag_req_t alloc_req_o,
  output logic                   over_o,       // with res_req_o
  output logic                   over_late_o,
  output logic                   tags_some_o,
  output logic                   busy_o,       // else nothing changes 16 cycles later (vfp_clock_gate)

  // A tag for a request that does not come through the queues: the same until ready, or until valid has fallen; and not twice
  // in four cycles.
  input  logic                   own_valid_i,
  output logic                   own_ready_o,
  input  vfp_tags_pkg::tag_req_t own_req_i,
  output logic [7:0]             own_tag_o,    // with ready

  input  logic [Peers-1:0][4:0]  weight_i,

  // Containment (vfp_contain).
  input  logic        tick_us_i,
  input  logic [12:0] stuck_i,
  input  logic [23:0] patience_i,
  input  logic        release_i,
  output logic        contained_o,
  output logic        down_o,       // contained, or its link is or was lost: takes everything, sends nothing

  // What was lost, and what needs an answer.
  output logic        overrun_o,    // pulse: a packet came without room
  output logic        bad_o,        // pulse: a packet broke a rule
  output logic [127:0] bad_hdr_o,
  output logic        stray_o,      // pulse: a cell outside any packet
  output logic        dropped_o,    // pulse: a posted packet ended at the exit
  output logic        ended_valid_o,
  input  logic        ended_ready_i,
  output logic [127:0] ended_hdr_o,
  output logic [1:0]  ended_cls_o,
  output logic [4:0]  ended_source_o
);

  // --- parts rest while nothing is there for them (vfp_clock_gate) ---

  // What is no part of its own: while one of them has something, the clocks of containment run, or this port or a peer is gone
  // or back. The others' clocks stand when this one does.
  logic clk_port, port_on;
  logic clk_receive, clk_queues, clk_exit, clk_tags;
  logic link_q, queues_busy, exit_busy, tags_busy, tags_walk, receive_on, queues_on, exit_on, tags_on;
  always_ff @(posedge clk_port) link_q <= link_i;
  // The walker of the tags has nothing to see where none is held, unless a peer or this link is back and waits for it.
  logic walk_matters;
  assign walk_matters = tags_some_o || (gone_q & ~peer_gone_i) != '0 || (cut_q && link_i);
  assign receive_on = rx_valid_i || link_q != link_i;
  assign queues_on  = queues_busy || route_valid_i;
  assign exit_on    = exit_busy || waiting_i != '0;
  assign tags_on    = tags_busy || (tags_walk && walk_matters);
  assign busy_o     = receive_on || queues_on || exit_on || tags_on;
  assign port_on    = busy_o || tick_ms_i || tick_us_i || own_valid_i || exp_valid || contained_o || gone_q != peer_gone_i ||
                      (cut_q && link_i) || link_waits_i != 3'd0 || held_i != '0;
  vfp_clock_gate             u_port_gate    (.clk_i, .rst_ni, .on_i(port_on), .clk_o(clk_port));
  vfp_clock_gate #(.Hold(8)) u_receive_gate (.clk_i(clk_port), .rst_ni, .on_i(receive_on), .clk_o(clk_receive));
  vfp_clock_gate #(.Hold(8)) u_queues_gate  (.clk_i(clk_port), .rst_ni, .on_i(queues_on), .clk_o(clk_queues));
  vfp_clock_gate             u_exit_gate    (.clk_i(clk_port), .rst_ni, .on_i(exit_on), .clk_o(clk_exit));
  vfp_clock_gate #(.Hold(8)) u_tags_gate    (.clk_i(clk_port), .rst_ni, .on_i(tags_on), .clk_o(clk_tags));

  // --- entrance: a packet without room is as if it had not come ---

  vfp_cell_pkg::dw0_t   dw0;
  logic [2:0]           queue_room;
  logic                 refuse, refuse_q, rx_valid, late_q, overrun;
  assign dw0       = rx_i.hdr[31:0];
  assign rx_room_o = queue_room & dec_room_i;

  always_comb begin
    if (!rx_i.sop) refuse = refuse_q;
    else if (dw0.kind == vfp_cell_pkg::KindCpl || dw0.kind == vfp_cell_pkg::KindCplLk) refuse = !rx_room_o[2];
    else if (dw0.kind[4:3] == 2'b10 || (dw0.kind == vfp_cell_pkg::KindMem && dw0.data)) refuse = !rx_room_o[0];
    else refuse = !rx_room_o[1];
  end
  assign rx_valid = rx_valid_i && !refuse;

  always_ff @(posedge clk_port) begin
    if (!rst_ni) refuse_q <= 1'b0;
    else if (rx_valid_i) refuse_q <= refuse && !rx_i.eop;
    late_q    <= rx_valid_i && rx_i.sop && refuse && rst_ni;
    overrun_o <= late_q || overrun;
  end

  vfp_cell_pkg::cell_t in;
  logic                in_valid, bad;
  vfp_rx_check #(.MaxPayload(MaxPayload)) u_receive (
    .clk_i(clk_receive), .rst_ni, .payload_i, .link_i, .rx_valid_i, .rx_i, .rx_void_i(refuse),
    .well_o(dec_valid_o), .well_hdr_o(dec_hdr_o), .well_cls_o(dec_cls_o), .well_cells_o(dec_cells_o),
    .out_valid_o(in_valid), .out_o(in), .out_bad_o(bad), .stray_o
  );
  assign bad_o       = in_valid && in.eop && bad;
  assign bad_hdr_o   = in.hdr;

  logic queues_ready, tags_ready;
  logic [Dests-1:0]      q_held, q_req, q_grant, q_cpl;
  logic [Dests-1:0][2:0] q_room, q_waiting;
  vfp_voq #(.Dests(Dests), .Local(Local), .Slots(Slots), .MaxPayload(MaxPayload)) u_queues (
    .clk_i(clk_queues), .rst_ni, .init_done_o(queues_ready),
    .in_valid_i(in_valid), .in_i(in), .route_valid_i, .route_i, .route_hdr_i, .route_cells_i,
    .rx_end_i(rx_valid && rx_i.eop), .rx_wait_i, .room_o(queue_room), .held_o(q_held), .overrun_o(overrun),
    .exit_room_i(q_room), .waiting_o(q_waiting), .np_some_o, .cpl_some_o(q_cpl),
    .req_o(q_req), .req_more_o, .req_cls_o, .req_cells_o,
    .grant_i(q_grant),
    .out_valid_o, .out_o, .out_route_o, .busy_o(queues_busy)
  );
  assign init_done_o = queues_ready && tags_ready;
  assign held_o      = q_held[Peers-1:0];
  assign waiting_o   = q_waiting[Peers-1:0];
  assign req_o       = q_req[Peers-1:0];

  // The bridge itself takes a packet when it can; there is nobody to share with.
  if (Local) begin : gen_local
    logic       grant, granted_q;
    logic [2:1] asked_q;
    logic [2:0] room, ready_q;
    assign room    = granted_q ? 3'd0 : ready_q;
    assign q_room  = {room, exit_room_i};
    assign grant   = asked_q[2] && q_req[Peers] && room[req_cls_o];
    assign q_grant = {grant, grant_i};
    always_ff @(posedge clk_port) begin
      asked_q   <= rst_ni && q_req[Peers] && !grant ? {asked_q[1], 1'b1} : 2'd0;
      granted_q <= grant && rst_ni;
      ready_q   <= local_ready_i;  // known again when the next one may be granted
    end
    assign local_valid_o = granted_q;
    assign local_some_o  = q_waiting[Peers][vfp_cell_pkg::ClsP];
    logic unused_local;
    assign unused_local = ^{q_held[Peers], q_waiting[Peers], q_cpl[Peers]};
  end else begin : gen_no_local
    assign q_room        = exit_room_i;
    assign q_grant       = grant_i;
    assign local_valid_o = 1'b0;
    assign local_some_o  = 1'b0;
    logic unused_local;
    assign unused_local = ^local_ready_i;
  end

  // --- exit ---

  logic [Peers-1:0]       tag_may, tag_few;
  logic                   tag_scarce;
  logic                   alloc, alloc_soon;
  vfp_tags_pkg::tag_req_t alloc_req;
  logic [7:0]             alloc_tag;
  vfp_egress #(.Sources(Peers)) u_exit (
    .clk_i(clk_exit), .rst_ni, .down_i(down_o),
    .req_i, .req_more_i, .req_cls_i, .req_cells_i, .grant_o, .room_o, .cell_valid_i, .cell_i, .route_i(cell_route_i), .weight_i,
    .link_room_i, .take_o, .check_vf_o, .check_gen_o, .check_ok_i,
    .tag_may_i(tag_may), .tag_few_i(tag_few), .tag_scarce_i(tag_scarce), .refuse_i(refuse_np), .soon_o(alloc_soon), .alloc_o(alloc),
    .alloc_req_o(alloc_req), .alloc_tag_i(alloc_tag),
    .tx_valid_o, .tx_o, .tx_route_o, .tx_tag_o,
    .dropped_o, .ended_valid_o, .ended_ready_i, .ended_hdr_o, .ended_cls_o, .ended_source_o, .busy_o(exit_busy)
  );

  // A peer that was gone is so for the tags until the walker has seen them all twice.
  logic [Peers-1:0]      gone_q;
  logic [Peers-1:0][1:0] walks_q;
  logic                  walk_done;
  for (genvar p = 0; p < int'(Peers); p++) begin : gen_gone
    always_ff @(posedge clk_port) begin
      if (!rst_ni) begin
        gone_q[p]  <= 1'b0;
        walks_q[p] <= 2'd0;
      end else if (peer_gone_i[p]) begin
        gone_q[p]  <= 1'b1;
        walks_q[p] <= 2'd2;
      end else if (walk_done) begin
        gone_q[p]  <= walks_q[p] > 2'd1;
        walks_q[p] <= walks_q[p] != 2'd0 ? walks_q[p] - 2'd1 : 2'd0;
      end
    end
  end

  assign gone_o = gone_q;

  // A neighbour that answers no requests holds all tags that a peer may have. The peer's further requests are refused when one
  // has waited for the half of `stuck_i` to all of it, until a tag comes back: what is for others may lie behind them.
  logic [Peers-1:0] refuse_np;
  if (Refuse) begin : gen_refuse
    logic [12:0]      period_q;
    logic             turn;
    logic [Peers-1:0] starves_q, refused_q;
    assign turn      = tick_us_i && period_q >= {1'b0, stuck_i[12:1]};
    assign refuse_np = refused_q;
    always_ff @(posedge clk_port) begin
      if (!rst_ni || turn) period_q <= 13'd1;
      else if (tick_us_i) period_q <= period_q + 1'b1;
      for (int p = 0; p < int'(Peers); p++) begin
        if (!rst_ni || tag_may[p] || stuck_i == '0) begin
          starves_q[p]  <= 1'b0;
          refused_q[p] <= 1'b0;
        end else if (turn) begin
          starves_q[p]  <= waiting_i[p][vfp_cell_pkg::ClsNp];
          refused_q[p] <= refused_q[p] || starves_q[p];
        end
      end
    end
  end else begin : gen_no_refuse
    assign refuse_np = '0;
  end

  // A request of the bridge's own takes a tag when none that came through the queues does. Whether it may is seen a cycle before:
  // that it takes one goes far.
  logic                   own_may, own_is_own, own_fits, own_fits_q, tag_take;
  logic [7:0]             own_tag;
  vfp_tags_pkg::tag_req_t tag_req;
  logic                   exp_valid, exp_ready;
  assign own_is_own  = own_req_i.port == vfp_tags_pkg::PortOwn;
  always_comb begin
    own_fits = own_is_own && own_may;
    for (int p = 0; p < int'(Peers); p++) if (own_req_i.port == 5'(p) && tag_may[p]) own_fits = 1'b1;
  end
  assign own_ready_o = own_valid_i && own_fits_q && !alloc && !alloc_soon;
  always_ff @(posedge clk_port) own_fits_q <= rst_ni && own_valid_i && !own_ready_o && own_fits;
  assign own_tag_o   = own_is_own ? own_tag : alloc_tag;
  assign tag_take    = alloc || own_ready_o;
  assign tag_req     = alloc ? alloc_req : own_req_i;
  assign alloc_o     = tag_take;
  assign alloc_req_o = tag_req;
  // The exit shows a request's ID in the cycle before it takes its tag.
  logic        cpl_right;
  logic [15:0] exit_id_q;
  always_ff @(posedge clk_exit) if (tx_valid_o) exit_id_q <= tx_route_o.id;
  vfp_sent #(.Tags(Tags)) u_sent (
    .clk_i(clk_tags), .sent_i(tag_take), .sent_tag_i(alloc ? alloc_tag : own_tag_o), .sent_id_i(RouteIds ? exit_id_q : id_i),
    .hdr_i(cpl_hdr_i), .right_o(cpl_right)
  );
  vfp_tags #(.Tags(Tags), .Requesters(Peers)) u_tags (
    .clk_i(clk_tags), .rst_ni, .init_done_o(tags_ready),
    .tick_i(tick_ms_i), .timeout_i, .quota_i, .gone_i(gone_q), .walk_done_o(walk_done), .cut_i(cut_q),
    .may_o(tag_may), .few_o(tag_few), .scarce_o(tag_scarce), .own_may_o(own_may),
    .alloc_i(tag_take), .alloc_req_i(tag_req), .alloc_tag_o(alloc_tag), .own_tag_o(own_tag),
    .cpl_valid_i, .cpl_ready_o, .cpl_hdr_i, .cpl_right_i(cpl_right),
    .res_valid_o, .res_act_o, .res_req_o, .next_vf_o, .res_left_o,
    .over_o, .over_late_o, .some_o(tags_some_o),
    .gen_port_o(tag_port_o), .gen_vf_o(tag_vf_o), .gen_i(tag_gen_i),
    .exp_valid_o(exp_valid), .exp_ready_i(exp_ready), .exp_req_o, .exp_left_o,
    .walking_o(tags_walk), .busy_o(tags_busy)
  );
`ifndef SYNTHESIS
  // A request has left with the tag that it takes now.
  logic [7:0] said_tag_q;
  always_ff @(posedge clk_port) begin
    said_tag_q <= tx_tag_o;
    if (rst_ni) begin
      takes_what_it_said: assert (!alloc || alloc_tag == said_tag_q);
    end
  end
`endif
  vfp_behind #(.Peers(Peers), .Slots(Slots)) u_behind (
    .clk_i(clk_port), .rst_ni, .in_valid_i(exp_valid), .in_ready_o(exp_ready), .in_req_i(exp_req_o), .in_left_i(exp_left_o),
    .out_valid_o(exp_valid_o), .out_ready_i(exp_ready_i),
    .arrives_i(dec_valid_o), .decided_i(route_valid_i),
    .waits_i(q_cpl[Peers-1:0]), .sends_i(grant_i & {Peers{req_cls_o == vfp_cell_pkg::ClsCpl}})
  );

  // --- containment ---

  logic [2:0] waits, waits_q;
  logic       holds_q;
  logic [3:0] unused_cause;
  always_comb begin
    waits = '0;
    for (int p = 0; p < int'(Peers); p++) waits = waits | waiting_i[p];
  end
  // A cycle late is soon enough for clocks of microseconds.
  always_ff @(posedge clk_port) begin
    waits_q <= ((waits & ~link_room_i) | link_waits_i) & {3{link_i && rst_ni}};
    holds_q <= held_i != '0 && link_i && rst_ni;
  end
  vfp_contain u_contain (
    .clk_i(clk_port), .rst_ni, .tick_i(tick_us_i), .stuck_i, .patience_i, .worth_i(6'd32),
    .waiting_i(waits_q), .left_i(take_o), .held_i(holds_q), .cell_i(tx_valid_o),
    .contained_o, .cause_o(unused_cause), .release_i
  );

  // --- a link that was lost: what was on its way to it ends here, however soon it is back ---

  // Until the walker has seen all tags twice, and nothing of before can lie in the peers' queues: they were empty for 32 cycles,
  // or have been emptied for 2,048.
  logic        cut_q;
  logic [1:0]  seen_q;
  logic [5:0]  empty_q;
  logic [11:0] since_q;
  always_ff @(posedge clk_port) begin
    if (!rst_ni || !link_i) begin
      cut_q   <= rst_ni;
      seen_q  <= 2'd0;
      empty_q <= '0;
      since_q <= '0;
    end else begin
      if (walk_done && !seen_q[1]) seen_q <= seen_q + 1'b1;
      if (waits != '0) empty_q <= '0;
      else if (!empty_q[5]) empty_q <= empty_q + 1'b1;
      if (!since_q[11]) since_q <= since_q + 1'b1;
      if (seen_q[1] && (empty_q[5] || since_q[11])) cut_q <= 1'b0;
    end
    down_o <= !rst_ni || !link_i || cut_q || contained_o;
  end

endmodule
