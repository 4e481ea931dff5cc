// SPDX-License-Identifier: Apache-2.0
// What a host says to the bridge itself: configuration requests and accesses to the registers, one of each class at a time.
// Answers leave as completions of one cell; what must reach the silicon is handed on (vfp_local_device).
//
// A configuration write is answered, or handed on, when the tables of the data plane say what it changed.
//
// What a host asks whose port is stuck is done like anything else: only the answer, which nobody takes, ends here. It is
// reported, and so is what is refused.
module vfp_local_host #(
  parameter bit          Owner   = 1'b0, // what it hands on is no concern of the tables
  parameter int unsigned Devices = 1,
  localparam int unsigned DevW   = Devices > 1 ? $clog2(Devices) : 1
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 link_i,       // low: what was asked is forgotten
  input  logic                 old_i,        // answers are nobody's (vfp_session)

  // From the queues (vfp_port).
  output logic [2:0]           in_ready_o,
  input  logic                 in_valid_i,
  input  vfp_cell_pkg::cell_t  in_i,
  input  vfp_route_pkg::route_t in_route_i,

  // Configuration and registers (vfp_ctrl).
  output logic                 cfg_valid_o,
  input  logic                 cfg_ready_i,
  output logic [127:0]         cfg_hdr_o,
  output logic [31:0]          cfg_data_o,
  input  logic                 rsp_valid_i,
  output logic                 rsp_ready_o,
  input  logic                 rsp_fwd_i,
  input  logic [2:0]           rsp_status_i,
  input  logic                 rsp_blocked_i, // with a refusal: since the card is not known; else nothing is there
  input  logic [31:0]          rsp_data_i,
  input  logic [15:0]          rsp_cpl_id_i,
  input  logic [15:0]          rsp_fwd_bdf_i,
  input  logic                 rsp_fwd_type1_i,
  input  logic                 rsp_fwd_live_i,
  input  logic [DevW-1:0]      rsp_fwd_dev_i,
  output logic                 reg_valid_o,
  input  logic                 reg_ready_i,
  output logic                 reg_write_o,
  output logic [15:0]          reg_addr_o,
  output logic [3:0]           reg_be_o,
  output logic [31:0]          reg_wdata_o,
  input  logic [31:0]          reg_rdata_i,
  input  logic [15:0]          reg_id_i,     // completer ID for registers

  output logic                 kick_o,       // pulse: something may have changed
  input  logic                 settled_i,    // the tables say so; low in the cycle after kick_o

  // A request for a device, in the place of the answer. One without a link, or whose port is stuck, is not asked.
  input  logic [Devices-1:0]   dev_takes_i,
  output logic [DevW-1:0]      fwd_dev_o,
  output logic                 fwd_valid_o,  // falls when the function is nobody's any more
  input  logic                 fwd_lock_i,   // and not while its turn is tried
  input  logic                 fwd_ready_i,  // pulse: it has left
  output logic [127:0]         fwd_hdr_o,    // target and type as the device knows them; requester and tag as the asker does
  output logic [31:0]          fwd_data_o,
  output logic [15:0]          fwd_cpl_id_o,

  output logic                 out_valid_o,
  input  logic                 out_ready_i,
  output vfp_cell_pkg::cell_t  out_o,

  // A request was refused, or its answer ended here: held until ready.
  output logic                 err_valid_o,
  input  logic                 err_ready_i,
  output logic [3:0]           err_reason_o, // vfp_regs_pkg::Drop*
  output logic [127:0]         err_hdr_o,
  output logic                 refused_o,    // pulse: it was refused
  output logic                 lost_o,       // pulse: its answer ended here

  output logic                 np_o,         // a non-posted request is here
  output logic                 busy_o        // the next cycles change something, whatever others do
);

  logic up;
  assign up = rst_ni && link_i;

  // --- one posted write, one non-posted request ---

  logic         p_valid_q, np_valid_q, np_done;
  logic [127:0] p_hdr_q, np_hdr_q;
  logic [31:0]  p_data_q, np_data_q;
  logic         is_p, is_np;
  assign is_p       = in_valid_i && in_route_i.cls == vfp_cell_pkg::ClsP;
  assign is_np      = in_valid_i && in_route_i.cls == vfp_cell_pkg::ClsNp;
  assign in_ready_o = {1'b1, !np_valid_q, !p_valid_q};

  vfp_cell_pkg::req_hdr_t p, np;
  logic                   np_cfg, np_write;
  assign p        = p_hdr_q;
  assign np       = np_hdr_q;
  assign np_cfg   = np.dw0.kind != vfp_cell_pkg::KindMem;
  assign np_write = np.dw0.data;

  // --- registers: a write goes first, but never in between what is already asked ---

  localparam logic [2:0] StIdle = 3'd0, StCfg = 3'd1, StWait = 3'd2, StSettle = 3'd3, StForward = 3'd4,
                         StRead = 3'd5, StAnswer = 3'd6;
  logic [2:0] state_q;
  logic   write;
  assign write       = p_valid_q && state_q != StRead;
  assign reg_valid_o = write || state_q == StRead;
  assign reg_write_o = write;
  assign reg_addr_o  = write ? {p.dw3[15:2], 2'b00} : {np.dw3[15:2], 2'b00};
  assign reg_be_o    = write ? p.first_be : np.first_be;
  assign reg_wdata_o = p_data_q;

  // --- the non-posted request ---

  logic         fwd_q, changes, refused_q, told_q, ends;
  logic [3:0]   reason_q;
  logic [2:0]   status_q;
  logic [15:0]  id_q, bdf_q;
  logic [DevW-1:0] dev_q;
  // A cycle late: what was asked for in this one goes before what changes in it.
  logic         looked_q, live_q, takes_q, leaves, fails;
  always_ff @(posedge clk_i) begin
    looked_q <= state_q == StForward;
    live_q   <= rsp_fwd_live_i;
    takes_q  <= dev_takes_i[dev_q];
  end
  assign leaves    = state_q == StForward && fwd_ready_i;
  assign fails     = state_q == StForward && looked_q && !fwd_ready_i && !fwd_lock_i;
  assign fwd_dev_o = dev_q;
  logic         type1_q, with_data_q;
  logic [31:0]  data_q;

  assign cfg_valid_o = state_q == StCfg;
  assign cfg_hdr_o   = np_hdr_q;
  assign cfg_data_o  = np_data_q;
  assign rsp_ready_o = state_q == StWait;
  assign changes     = np_write && !(Owner && rsp_fwd_i);
  assign kick_o      = state_q == StWait && rsp_valid_i && changes;
  assign fwd_valid_o = state_q == StForward && looked_q && live_q && takes_q;
  assign fwd_hdr_o   = {32'd0, bdf_q, np_hdr_q[79:25], type1_q, np_hdr_q[23:0]};
  assign fwd_data_o  = np_data_q;
  assign fwd_cpl_id_o = id_q;
  assign out_valid_o = state_q == StAnswer && !old_i && (told_q || !refused_q);
  assign ends        = state_q == StAnswer && (old_i ? told_q : out_valid_o && out_ready_i);
  assign np_done     = ends || leaves;
  assign np_o        = np_valid_q;

  assign err_valid_o  = state_q == StAnswer && !told_q && (old_i || refused_q);
  assign err_reason_o = refused_q ? reason_q : vfp_regs_pkg::DropBlocked;
  assign err_hdr_o    = np_hdr_q;
  assign refused_o    = err_valid_o && err_ready_i && refused_q;
  assign lost_o       = ends && old_i;

  // The answer; a read of a register is of one DW (vfp_verdict), of which the enabled bytes count (table 2-22).
  vfp_cell_pkg::cpl_hdr_t cpl;
  logic [1:0]             first, above;
  logic [2:0]             bytes_q;  // these two long before they are wanted
  logic [6:0]             low_q;
  assign first = np_cfg ? 2'd0 : vfp_cell_pkg::first_byte(np.first_be);
  assign above = np_cfg ? 2'd0 : vfp_cell_pkg::bytes_above(np.first_be);
  always_ff @(posedge clk_i) begin
    bytes_q <= 3'd4 - {1'b0, first} - {1'b0, above};
    low_q   <= np_cfg ? 7'd0 : {np.dw3[6:2], first};
  end
  always_comb begin
    cpl          = '0;
    cpl.dw0.data = with_data_q;
    cpl.dw0.kind = vfp_cell_pkg::KindCpl;
    cpl.dw0.tc   = np.dw0.tc;
    cpl.dw0.ro   = np.dw0.ro;
    cpl.dw0.ns   = np.dw0.ns;
    cpl.dw0.len  = {9'd0, with_data_q};
    cpl.cid      = id_q;
    cpl.status   = status_q;
    cpl.bytes    = {9'd0, bytes_q};
    cpl.rid      = np.rid;
    cpl.tag      = np.tag;
    cpl.low      = low_q;
    out_o        = '0;
    out_o.sop    = 1'b1;
    out_o.eop    = 1'b1;
    out_o.hdr    = cpl;
    out_o.data   = {96'd0, data_q};
  end

  always_ff @(posedge clk_i) begin
    // Whatever comes, until it is one of these.
    if (!p_valid_q) begin
      p_hdr_q  <= in_i.hdr;
      p_data_q <= in_i.data[31:0];
    end
    if (!np_valid_q) begin
      np_hdr_q  <= in_i.hdr;
      np_data_q <= in_i.data[31:0];
    end
    if (state_q == StWait && rsp_valid_i) begin
      fwd_q       <= rsp_fwd_i;
      status_q    <= rsp_status_i;
      refused_q   <= rsp_status_i != vfp_cell_pkg::CplSc;
      reason_q    <= rsp_blocked_i ? vfp_regs_pkg::DropBlocked : vfp_regs_pkg::DropNoTarget;
      id_q        <= rsp_cpl_id_i;
      bdf_q       <= rsp_fwd_bdf_i;
      dev_q       <= rsp_fwd_dev_i;
      type1_q     <= rsp_fwd_type1_i;
      data_q      <= rsp_data_i;
      with_data_q <= !np_write && rsp_status_i == vfp_cell_pkg::CplSc;
    end else if (state_q == StRead && reg_ready_i) begin
      status_q    <= vfp_cell_pkg::CplSc;
      refused_q   <= 1'b0;
      id_q        <= reg_id_i;
      data_q      <= reg_rdata_i;
      with_data_q <= 1'b1;
    end
    if (fails && !takes_q) begin
      status_q    <= vfp_cell_pkg::CplUr;
      refused_q   <= 1'b1;
      reason_q    <= vfp_regs_pkg::DropBlocked;
      with_data_q <= 1'b0;
    end
    told_q <= state_q == StAnswer && (told_q || (err_valid_o && err_ready_i));
    if (!up) begin
      p_valid_q  <= 1'b0;
      np_valid_q <= 1'b0;
      state_q    <= StIdle;
    end else begin
      p_valid_q  <= is_p || (p_valid_q && !(write && reg_ready_i));
      np_valid_q <= is_np || (np_valid_q && !np_done);
      case (state_q)
        StIdle:    if (np_valid_q && np_cfg) state_q <= StCfg;
                 else if (np_valid_q && !p_valid_q) state_q <= StRead;
        StCfg:     if (cfg_ready_i) state_q <= StWait;
        StWait:    if (rsp_valid_i) state_q <= changes ? StSettle : rsp_fwd_i ? StForward : StAnswer;
        StSettle:  if (settled_i) state_q <= fwd_q ? StForward : StAnswer;
        // Whose the function is has changed while the request waited: it is decoded again.
        StForward: if (leaves) state_q <= StIdle;
                 else if (fails && !live_q) state_q <= StCfg;
                 else if (fails && !takes_q) state_q <= StAnswer;
        StRead:    if (reg_ready_i) state_q <= StAnswer;
        StAnswer:  if (ends) state_q <= StIdle;
        default: state_q <= StIdle;
      endcase
    end
  end
  // What waits for the control plane changes with it.
  logic next;
  always_comb begin
    case (state_q)
      StIdle:    next = np_valid_q;
      StCfg:     next = cfg_ready_i;
      StWait:    next = rsp_valid_i;
      StForward: next = !looked_q || !live_q || !takes_q || fwd_ready_i || !rsp_fwd_live_i || !dev_takes_i[dev_q];
      StAnswer:  next = old_i || err_valid_o;
      default:   next = 1'b1;
    endcase
  end
  assign busy_o = p_valid_q || next;

  logic unused;
  assign unused = ^{in_i, in_route_i, p, np};

endmodule
