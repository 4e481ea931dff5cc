// SPDX-License-Identifier: Apache-2.0
// Configuration requests to the device that do not come through the queues: those that a host's configuration space hands
// on, and the bridge's own. Each gets a tag, and leaves when the device has room; one at a time.
//
// Who asks may take its request back until its turn comes (lock_o): then the request is copied, and is tried for some cycles.
// That it has left shows a cycle later.
//
// A write of the owner to the PF is announced before it leaves, early enough for what was granted by then to be ahead of it.
module vfp_local_device #(
  parameter int unsigned Hosts = 3
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,
  input  logic                      link_i,       // of the device
  input  logic                      room_i,       // for non-posted requests, or they end on the way
  input  logic                      takes_i,      // else hosts' requests are refused where they come from
  input  logic [15:0]               id_i,         // the bridge's requester ID there

  // vfp_local_host.
  input  logic [Hosts-1:0]          fwd_valid_i,
  output logic [Hosts-1:0]          fwd_lock_o,   // its turn: it is not to be taken back
  output logic [Hosts-1:0]          fwd_ready_o,  // pulse: it has left
  input  logic [Hosts-1:0][127:0]   fwd_hdr_i,
  input  logic [Hosts-1:0][31:0]    fwd_data_i,
  input  logic [Hosts-1:0][15:0]    fwd_cpl_id_i,

  // The bridge's own (vfp_ctrl).
  input  logic                      int_valid_i,
  output logic                      int_lock_o,
  output logic                      int_ready_o,
  input  logic                      int_write_i,
  input  logic [15:0]               int_bdf_i,
  input  logic                      int_type1_i,
  input  logic [11:0]               int_reg_i,
  input  logic [3:0]                int_be_i,
  input  logic [31:0]               int_wdata_i,
  output logic                      int_done_o,
  output logic [2:0]                int_status_o,
  output logic [31:0]               int_rdata_o,

  // The owner's writes to the PF: pulse, one is about to leave, to DW reg; one is under way; pulse, one has ended.
  output logic                      warn_o,
  output logic [9:0]                warn_reg_o,
  output logic                      writing_o,
  output logic                      written_o,

  // vfp_plane, of the device's port.
  output logic                      tag_valid_o,
  input  logic                      tag_ready_i,
  output vfp_tags_pkg::tag_req_t    tag_req_o,
  input  logic [7:0]                tag_i,
  output logic                      out_valid_o,
  input  logic                      out_ready_i,
  output vfp_cell_pkg::cell_t       out_o,
  input  logic                      over_i,
  input  vfp_tags_pkg::tag_req_t    over_req_i,
  input  logic                      late_i,       // the bridge's own request had no answer
  input  logic                      in_valid_i,   // its completion
  input  vfp_cell_pkg::cell_t       in_i,
  output logic                      asks_o,       // requests wait here
  output logic                      busy_o        // the next cycles change something, whatever others do
);

  localparam int unsigned HW = $clog2(Hosts + 1);
  localparam logic [5:0]  Notify = 6'd1;  // in the place of a VF: a write of the owner to the PF
  localparam logic [4:0]  Ahead  = 5'd20; // cycles from a grant to the link

  // --- whose turn it is: index Hosts is the bridge itself ---

  localparam logic [2:0] StIdle = 3'd0, StLook = 3'd1, StWarn = 3'd2, StTag = 3'd3, StSend = 3'd4;
  logic [2:0]       state_q;
  logic [HW-1:0]    turn_q;
  logic [4:0]       wait_q;
  logic             wants, wants_q, is_int, notify, notify_q;
  logic [127:0]     hdr;
  logic [31:0]      data, data_q;
  logic [15:0]      cpl_id, cpl_id_q;
  logic [7:0]       sent_tag_q;
  vfp_cell_pkg::req_hdr_t req_q, sent;  // as it was asked; as it leaves

  assign is_int = turn_q == HW'(Hosts);
  always_comb begin
    wants  = is_int && int_valid_i;
    hdr    = {32'd0, int_bdf_i, 4'd0, int_reg_i[11:2], 2'b00, id_i, 8'd0, 4'd0, int_be_i,
              1'b0, int_write_i, 1'b0, 4'b0010, int_type1_i, 14'd0, 10'd1};
    data   = int_wdata_i;
    cpl_id = '0;
    for (int h = 0; h < int'(Hosts); h++) begin
      if (turn_q == HW'(h)) begin
        wants  = fwd_valid_i[h];
        hdr    = fwd_hdr_i[h];
        data   = fwd_data_i[h];
        cpl_id = h == 0 ? 16'd0 : fwd_cpl_id_i[h];  // the owner knows the device by its own names
      end
    end
  end
  // Function 0 of the bus below, by a Type 0 request.
  assign notify = turn_q == '0 && req_q.dw0.data && req_q.dw0.kind == vfp_cell_pkg::KindCfg0 && req_q.dw2[23:16] == 8'd0;

  // For whom there is no tag: until a request has its end, or a tag its rest, that is with a tick.
  logic [Hosts:0] no_tag_q, asks, now;
  logic           gives_up;
  assign asks     = {int_valid_i, fwd_valid_i};
  assign asks_o   = asks != '0;
  assign gives_up = state_q == StTag && !notify_q && wait_q == 5'd7 && !tag_ready_i;
  for (genvar t = 0; t <= int'(Hosts); t++) begin : gen_now
    assign now[t] = turn_q == HW'(t);
  end

  // Without a device the bridge's own request has its end at once.
  logic           room_q, takes_q;  // a cycle late: what leaves meanwhile waits at the link
  logic           take, tries, alone, alone_q;
  logic [Hosts:0] left_q;  // whose request has left
  assign tag_valid_o = state_q == StTag && room_q && takes_q;
  assign take        = tag_valid_o && tag_ready_i;
  assign tries       = state_q == StLook || state_q == StWarn || state_q == StTag;
  assign alone       = !link_i && state_q == StIdle && int_valid_i && !left_q[Hosts];
  assign int_ready_o = left_q[Hosts];
  assign int_lock_o  = tries && now[Hosts];
  assign fwd_ready_o = left_q[Hosts-1:0];
  assign fwd_lock_o  = tries ? now[Hosts-1:0] : '0;

  always_comb begin
    tag_req_o            = '0;
    tag_req_o.port       = is_int ? vfp_tags_pkg::PortOwn : 5'(turn_q);
    tag_req_o.rid        = req_q.rid;
    tag_req_o.tag        = req_q.tag;
    tag_req_o.vf         = notify_q ? Notify : 6'd0;
    tag_req_o.gen        = cpl_id_q;
    tag_req_o.wants_data = !req_q.dw0.data;
    tag_req_o.bytes      = 13'd4;
  end

  assign out_valid_o = state_q == StSend;
  always_comb begin
    out_o      = '0;
    out_o.sop  = 1'b1;
    out_o.eop  = 1'b1;
    out_o.hdr  = sent;
    out_o.data = {96'd0, data_q};
  end
  always_comb begin
    sent     = req_q;
    sent.rid = id_i;
    sent.tag = sent_tag_q;
  end

  assign warn_o     = state_q == StWarn && wait_q == '0;
  assign warn_reg_o = req_q.dw2[11:2];

  // One that was announced and does not leave after all has an end, too.
  logic [7:0] writing_q;
  logic       begins_q, ends, ended_q, warned_q, quits;
  assign quits     = state_q == StTag && !take && (!wants_q || !takes_q || !link_i || (!room_q && !notify_q) || gives_up);
  assign ends      = over_i && !over_req_i.has_vf && over_req_i.port == '0 && over_req_i.vf == Notify;

  always_ff @(posedge clk_i) begin
    room_q    <= room_i && link_i;
    takes_q   <= takes_i || is_int;
    begins_q  <= rst_ni && take && notify_q;
    written_o <= rst_ni && (ends || (quits && warned_q));
    writing_o <= rst_ni && (writing_q != '0 || begins_q || state_q == StWarn || (state_q == StTag && notify_q));
    ended_q  <= rst_ni && ends;
    warned_q <= rst_ni && (state_q == StWarn || (warned_q && state_q == StTag));
    alone_q  <= rst_ni && alone;
    left_q   <= take && rst_ni ? now : {alone && rst_ni, {Hosts{1'b0}}};
    wants_q  <= wants;  // as long as it is locked, only who has lost its link, or is held, takes it back
    wait_q <= state_q == StWarn || state_q == StTag ? wait_q + 1'b1 : '0;
    no_tag_q <= gives_up ? no_tag_q | now : take || over_i || !rst_ni ? '0 : no_tag_q;
    if (state_q == StIdle) begin
      req_q    <= hdr;
      data_q   <= data;
      cpl_id_q <= cpl_id;
    end
    if (state_q == StLook) notify_q <= notify;
    if (take) sent_tag_q <= tag_i;
    if (!rst_ni) begin
      state_q   <= StIdle;
      turn_q    <= '0;
      writing_q <= '0;
    end else begin
      if (begins_q != ended_q) writing_q <= begins_q ? writing_q + 1'b1 : writing_q - 1'b1;
      if ((state_q == StIdle && !(wants && link_i)) || quits || (state_q == StSend && (out_ready_i || !link_i))) begin
        turn_q <= turn_q == HW'(Hosts) ? '0 : turn_q + 1'b1;  // another one may go meanwhile
      end
      case (state_q)
        StIdle: if (wants && link_i) state_q <= StLook;
        StLook: state_q <= notify ? StWarn : StTag;
        StWarn: if (wait_q == Ahead) state_q <= StTag;
        StTag:  if (take || quits) state_q <= take ? StSend : StIdle;
        StSend: if (out_ready_i || !link_i) state_q <= StIdle;
        default: state_q <= StIdle;
      endcase
    end
  end

  // --- the completion of the bridge's own request ---

  vfp_cell_pkg::cpl_hdr_t cpl;
  logic                   done_q;
  logic [2:0]             status_q;
  logic [31:0]            rdata_q;
  assign cpl          = in_i.hdr;
  assign int_done_o   = done_q;
  assign int_status_o = status_q;
  assign int_rdata_o  = rdata_q;
  always_ff @(posedge clk_i) begin
    done_q   <= rst_ni && (in_valid_i || late_i || alone_q);
    status_q <= in_valid_i ? cpl.status : vfp_cell_pkg::CplUr;
    rdata_q  <= in_i.data[31:0];
  end
  assign busy_o = state_q == StLook || state_q == StWarn || (state_q == StTag && !notify_q) || left_q != '0 || alone_q ||
                  done_q || written_o || (!link_i && int_valid_i) ||
                  (room_i && link_i && (state_q == StSend || (asks & ~no_tag_q) != '0));

  logic unused;
  assign unused = ^{in_i, cpl, over_req_i, int_reg_i[1:0]};

endmodule
