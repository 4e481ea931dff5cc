// SPDX-License-Identifier: Apache-2.0
// One host's side of the bridge: takes its packets, answers what concerns the bridge itself (configuration, management
// registers, errors), and offers the rest to the device port with identities and addresses of the owner's side.
module vfp_host_port #(
  parameter bit          Owner      = 1'b0,
  parameter int unsigned UserFns    = 16,
  parameter int unsigned VfW        = 6,
  parameter int unsigned MaxPayload = 128,
  parameter int unsigned UpInfoW    = 71,
  localparam int unsigned FnW = $clog2(UserFns)
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic link_i,
  input  logic freeze_i,

  input  logic         rx_valid_i,
  output logic         rx_ready_o,
  output logic [2:0]   rx_room_o,
  input  logic         rx_sop_i,
  input  logic         rx_eop_i,
  input  logic [127:0] rx_hdr_i,
  input  logic [127:0] rx_data_i,

  // Control plane: configuration requests and registers (see vfp_ctrl).
  output logic         cfg_valid_o,
  input  logic         cfg_ready_i,
  output logic [127:0] cfg_hdr_o,
  output logic [31:0]  cfg_data_o,
  input  logic         rsp_valid_i,
  output logic         rsp_ready_o,
  input  logic         rsp_fwd_i,
  input  logic [2:0]   rsp_status_i,
  input  logic [31:0]  rsp_data_i,
  input  logic [15:0]  rsp_cpl_id_i,
  input  logic [15:0]  rsp_fwd_bdf_i,
  input  logic         rsp_fwd_type1_i,
  input  logic         rsp_fwd_live_i,
  output logic         reg_valid_o,
  input  logic         reg_ready_i,
  output logic         reg_write_o,
  output logic [15:0]  reg_addr_o,
  output logic [3:0]   reg_be_o,
  output logic [31:0]  reg_wdata_o,
  input  logic [31:0]  reg_rdata_i,

  // Maps.
  input  logic        mgmt_en_i,
  input  logic [63:0] mgmt_bar_i,
  input  logic [15:0] mgmt_bdf_i,
  input  logic        mem_en_i,
  input  logic [31:0] mem_base_i,
  input  logic [31:0] mem_limit_i,
  input  logic [63:0] pref_base_i,
  input  logic [63:0] pref_limit_i,
  input  logic [UserFns-1:0]          fn_active_i,
  input  logic [UserFns-1:0][VfW-1:0] fn_vf_i,
  input  logic [UserFns-1:0]          fn_mse_i,
  input  logic [UserFns-1:0][63:0]    fn_bar0_i,
  input  logic [UserFns-1:0][63:0]    fn_bar3_i,
  input  logic [UserFns-1:0][15:0]    fn_bdf_i,
  input  logic        vf_open_i,   // the VFs' BARs below are what the device has
  input  logic        vf_wait_i,   // and may change any moment: what aims at them waits
  input  logic [2:0]  vf_shift_i,  // VF n's part of a BAR begins at n * 16 KiB << shift
  input  logic [63:0] dev_bar0_i,
  input  logic [63:0] dev_bar3_i,
  input  logic [15:0] dev_rid_i,  // requester ID of the bridge toward the device

  // Toward the device, by class; requests carry tag 0, the device port puts its own in. Single beat for NP.
  output logic [2:0]        fwd_valid_o,
  input  logic [2:0]        fwd_ready_i,
  output logic [2:0][127:0] fwd_hdr_o,
  output logic [2:0][127:0] fwd_data_o,
  output logic [2:0]        fwd_last_o,
  // Beside a forwarded non-posted request: what its completion must be given back with.
  output logic [15:0]    np_rid_o,
  output logic [7:0]     np_tag_o,
  output logic [15:0]    np_cpl_id_o,   // completer ID to show (a synthesised one for the owner)
  output logic [23:0]    np_cpl_o,      // {TC, attributes, Lower Address, Byte Count} of a synthesised completion
  output logic           np_cfg_write_o,
  output logic [VfW-1:0] np_vf_o,
  output logic           np_is_vf_o,

  // Tag table of the device's reads that went to this host.
  output logic               up_look_o,
  output logic [7:0]         up_look_tag_o,
  input  logic               up_hit_i,
  input  logic [UpInfoW-1:0] up_info_i,  // {.., sent requester ID, original requester ID, original tag}
  input  logic [20:0]        up_left_i,  // what is still to come, see vfp_cpl_check
  output logic               up_free_o,
  output logic               up_part_o,
  output logic [20:0]        up_part_left_o,
  output logic               up_fail_o,

  // Completions of the bridge's own making, for this host. One beat.
  output logic         own_valid_o,
  input  logic         own_ready_i,
  output logic [127:0] own_hdr_o,
  output logic [127:0] own_data_o,

  output logic [2:0]   ev_rx_o,
  output logic         err_valid_o,
  input  logic         err_ready_i,
  output logic [3:0]   err_reason_o,
  output logic [127:0] err_hdr_o,
  output logic [1:0]   refused_o,  // pulses: a posted, a non-posted request was refused
  output logic         busy_o
);

  localparam int unsigned MetaW = 3 + 4 + 1 + FnW;

  logic [127:0]          look_hdr;
  logic [MetaW-1:0]      look_meta;
  logic [2:0]            q_valid, q_last, q_pop;
  logic [2:0][127:0]     q_hdr, q_data;
  logic [2:0][MetaW-1:0] q_meta;
  logic                  in_err_valid, in_err_ready, in_busy;
  logic [127:0]          in_err_hdr;

  // A link that was lost, however shortly: what it had brought is thrown away before it brings more. A packet that is
  // half out goes first.
  logic lost_q, up;
  assign up = link_i && !lost_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) lost_q <= 1'b0;
    else lost_q <= !link_i || (lost_q && mid_fwd_q != 3'b000);
  end

  vfp_ingress #(.MetaW(MetaW), .MaxPayload(MaxPayload)) u_ingress (
    .clk_i, .rst_ni,
    .link_i     (up),
    .flush_i    (!up && mid_fwd_q == 3'b000),
    .rx_valid_i, .rx_ready_o, .rx_room_o, .rx_sop_i, .rx_eop_i, .rx_hdr_i, .rx_data_i,
    .look_hdr_o (look_hdr),
    .look_meta_i(look_meta),
    .q_valid_o  (q_valid),
    .q_hdr_o    (q_hdr),
    .q_meta_o   (q_meta),
    .q_data_o   (q_data),
    .q_last_o   (q_last),
    .q_pop_i    (q_pop),
    .ev_rx_o,
    .err_valid_o(in_err_valid),
    .err_ready_i(in_err_ready),
    .err_hdr_o  (in_err_hdr),
    .busy_o     (in_busy)
  );

  vfp_host_classify #(.Owner(Owner), .UserFns(UserFns)) u_classify (
    .hdr_i (look_hdr),
    .mgmt_en_i, .mgmt_bar_i,
    .mem_en_i, .mem_base_i, .mem_limit_i, .pref_base_i, .pref_limit_i,
    .fn_mse_i, .fn_bar0_i, .fn_bar3_i,
    .meta_o(look_meta)
  );

  logic       cpl_match, fits;
  logic [2:0] act_cpl;

  // Once the first beat of a packet has gone one way, the rest of it follows, whatever changes meanwhile.
  logic [2:0] ok, held, fwd, drop, mid_fwd_q, mid_drop_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      mid_fwd_q  <= '0;
      mid_drop_q <= '0;
    end else begin
      mid_fwd_q  <= (mid_fwd_q | (q_pop & fwd)) & ~(q_pop & q_last);
      mid_drop_q <= (mid_drop_q | (q_pop & drop)) & ~(q_pop & q_last) & {3{up}};
    end
  end
  for (genvar c = 0; c < 3; c++) begin : gen_way
    assign fwd[c]  = mid_fwd_q[c] || (up && q_valid[c] && ok[c] && !held[c] && !mid_drop_q[c]);
    assign drop[c] = up && q_valid[c] && !fwd[c] && !held[c];
  end

  // What the heads of the posted and non-posted queues want.
  logic [1:0][2:0]     act;
  logic [1:0][3:0]     reason;
  logic [1:0]          bar3, allowed;
  logic [1:0][FnW-1:0] fn;
  logic [1:0][127:0]   mapped;

  for (genvar c = 0; c < 2; c++) begin : gen_head
    logic [63:0] address, base;
    assign {fn[c], bar3[c], reason[c], act[c]} = q_meta[c];
    assign allowed[c] = Owner ? mem_en_i : (fn_active_i[fn[c]] && fn_mse_i[fn[c]] && !freeze_i && vf_open_i);
    assign held[c]    = !Owner && vf_wait_i && act[c] == vfp_pkg::ActFwd;
    assign base       = bar3[c] ? dev_bar3_i : dev_bar0_i;
    assign address    = Owner ? vfp_pkg::tlp_address(q_hdr[c])
                              : base + {50'(fn_vf_i[fn[c]]) << vf_shift_i, q_hdr[c][29] ? q_hdr[c][109:98] : q_hdr[c][77:66], 2'b00};
    // Toward the device every request is the bridge's: no foreign ID leaks, and users' IDs cannot collide.
    assign mapped[c]  = vfp_pkg::with_address({q_hdr[c][127:64], dev_rid_i, 8'd0, q_hdr[c][39:0]}, address);
  end

  // One thing of the bridge's own at a time: configuration, register access, error.
  localparam logic [1:0] StIdle = 2'd0, StCfgWait = 2'd1, StCfgFwd = 2'd2;
  logic [1:0] state_q;
  logic       own_valid_q;
  logic [127:0] own_hdr_q, own_data_q;
  logic [15:0] fwd_bdf_q, cpl_id_q;
  logic        fwd_type1_q;

  logic np_reg, p_reg, np_cfg, np_refuse, own_free;
  assign own_free  = !own_valid_q;
  assign ok[0]     = act[0] == vfp_pkg::ActFwd && allowed[0];
  assign ok[1]     = act[1] == vfp_pkg::ActFwd && allowed[1];
  assign ok[2]     = cpl_match && fits;
  assign held[2]   = 1'b0;
  assign np_cfg    = drop[1] && act[1] == vfp_pkg::ActCfg;
  assign np_reg    = drop[1] && act[1] == vfp_pkg::ActReg;
  assign np_refuse = drop[1] && !np_cfg && !np_reg;
  assign p_reg     = drop[0] && act[0] == vfp_pkg::ActReg;

  // Registers: a posted write goes first; a read waits in its queue until older writes are out of theirs.
  logic reg_is_read;
  assign reg_is_read = !p_reg;
  assign reg_valid_o = p_reg || (np_reg && own_free);
  assign reg_write_o = p_reg;
  assign reg_addr_o  = p_reg ? 16'(vfp_pkg::tlp_address(q_hdr[0])) : 16'(vfp_pkg::tlp_address(q_hdr[1]));
  assign reg_be_o    = p_reg ? q_hdr[0][35:32] : q_hdr[1][35:32];
  assign reg_wdata_o = q_data[0][31:0];

  assign cfg_valid_o = state_q == StIdle && np_cfg && own_free;
  assign cfg_hdr_o   = q_hdr[1];
  assign cfg_data_o  = q_data[1][31:0];
  assign rsp_ready_o = state_q == StCfgWait;

  // Errors: refused requests and dropped packets; what the ingress found waits behind them.
  logic p_drop, np_err, cpl_drop;
  assign p_drop   = drop[0] && act[0] != vfp_pkg::ActReg && act[0] != vfp_pkg::ActSink;
  assign np_err   = np_refuse && own_free;
  assign cpl_drop = drop[2];

  logic [2:0] err_sel;  // P, NP, Cpl
  assign err_sel = p_drop ? 3'b001 : np_err ? 3'b010 : cpl_drop ? 3'b100 : 3'b000;
  assign in_err_ready = err_ready_i && err_sel == 3'b000;
  logic       q_last_sel;  // reported once a packet, with its last beat
  assign q_last_sel = err_sel[0] ? q_last[0] : err_sel[1] ? q_last[1] : q_last[2];
  logic [3:0] gone;
  assign gone = freeze_i ? vfp_regs_pkg::DropBlocked : vfp_regs_pkg::DropNotAssigned;
  always_comb begin
    err_valid_o  = (err_sel != 3'b000) ? q_last_sel : in_err_valid;
    err_hdr_o    = in_err_hdr;
    err_reason_o = vfp_regs_pkg::DropMalformed;
    if (err_sel[0]) begin
      err_hdr_o    = q_hdr[0];
      err_reason_o = act[0] == vfp_pkg::ActFwd ? gone : reason[0];
    end else if (err_sel[1]) begin
      err_hdr_o    = q_hdr[1];
      err_reason_o = act[1] == vfp_pkg::ActFwd ? gone : reason[1];
    end else if (err_sel[2]) begin
      err_hdr_o    = q_hdr[2];
      // Locked reads are not carried, so that nobody waits for their completions (2.3.2).
      err_reason_o = act_cpl == vfp_pkg::ActFwd && cpl_match ? vfp_regs_pkg::DropMismatch : vfp_regs_pkg::DropUnexpected;
    end
  end

  assign refused_o = err_sel[1:0] & {2{q_last_sel && err_ready_i}};

  // Completions of this host for reads of the device.
  assign act_cpl       = q_meta[2][2:0];
  assign up_look_o     = q_valid[2];
  assign up_look_tag_o = q_hdr[2][79:72];
  assign cpl_match     = act_cpl == vfp_pkg::ActFwd && up_hit_i && up_info_i[39:24] == q_hdr[2][95:80];
  logic cpl_final;
  vfp_cpl_check u_check (
    .hdr_i  (q_hdr[2]),
    .left_i (up_left_i),
    .fits_o (fits),
    .final_o(cpl_final),
    .left_o (up_part_left_o)
  );

  // Forwarded streams.
  always_comb begin
    fwd_valid_o[0] = fwd[0];
    fwd_hdr_o[0]   = mapped[0];
    fwd_valid_o[1] = fwd[1] || (state_q == StCfgFwd && rsp_fwd_live_i && (Owner || !vf_wait_i));
    fwd_hdr_o[1]   = mapped[1];
    if (state_q == StCfgFwd) begin
      fwd_hdr_o[1] = {32'd0, fwd_bdf_q, q_hdr[1][79:64], dev_rid_i, 8'd0, q_hdr[1][39:25], fwd_type1_q, q_hdr[1][23:0]};
    end
    fwd_valid_o[2] = fwd[2];
    fwd_hdr_o[2]   = {32'd0, up_info_i[23:0], q_hdr[2][71:0]};
    fwd_data_o     = q_data;
    fwd_last_o     = q_last;
  end
  assign up_free_o = fwd_valid_o[2] && fwd_ready_i[2] && q_last[2] && cpl_final;
  assign up_part_o = fwd_valid_o[2] && fwd_ready_i[2] && q_last[2] && !cpl_final;
  assign up_fail_o = q_pop[2] && q_last[2] && cpl_match && !fits;

  assign np_rid_o       = q_hdr[1][63:48];
  assign np_tag_o       = q_hdr[1][47:40];
  assign np_cpl_id_o    = state_q == StCfgFwd ? cpl_id_q : Owner ? dev_rid_i : fn_bdf_i[fn[1]];
  assign np_cpl_o       = state_q == StCfgFwd ? {3'd0, 2'd0, 7'd0, 12'd4}
                                              : {q_hdr[1][22:20], q_hdr[1][13:12], vfp_pkg::lower_address(q_hdr[1]),
                                                 vfp_pkg::read_bytes(q_hdr[1])};
  assign np_cfg_write_o = state_q == StCfgFwd && q_hdr[1][30];
  assign np_vf_o        = fn_vf_i[fn[1]];
  assign np_is_vf_o     = !Owner && state_q != StCfgFwd;

  // Heads leave their queues.
  always_comb begin
    q_pop[0] = (fwd_valid_o[0] && fwd_ready_i[0]) || (p_reg && reg_ready_i) ||
               (drop[0] && act[0] == vfp_pkg::ActSink) || (err_sel[0] && (!q_last[0] || err_ready_i));
    q_pop[1] = (fwd_valid_o[1] && fwd_ready_i[1]) || (np_reg && own_free && reg_is_read && reg_ready_i) ||
               (err_sel[1] && (!q_last[1] || err_ready_i)) || (state_q == StCfgWait && rsp_valid_i && !rsp_fwd_i);
    q_pop[2] = (fwd_valid_o[2] && fwd_ready_i[2]) || (err_sel[2] && (!q_last[2] || err_ready_i));
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || !up) begin
      state_q     <= StIdle;
      own_valid_q <= 1'b0;
    end else begin
      if (own_ready_i) own_valid_q <= 1'b0;
      case (state_q)
        StCfgWait: begin
          if (rsp_valid_i) begin
            state_q     <= rsp_fwd_i ? StCfgFwd : StIdle;
            own_valid_q <= !rsp_fwd_i || (own_valid_q && !own_ready_i);
          end
        end
        // Whose the function is has changed while the request waited: it is decoded again.
        StCfgFwd: if (fwd_ready_i[1] || !rsp_fwd_live_i) state_q <= StIdle;
        default: begin
          if (cfg_valid_o && cfg_ready_i) state_q <= StCfgWait;
          if ((err_sel[1] && err_ready_i && q_last[1]) || (np_reg && own_free && reg_is_read && reg_ready_i)) own_valid_q <= 1'b1;
        end
      endcase
    end
    if (state_q == StCfgWait && rsp_valid_i) begin
      fwd_bdf_q   <= rsp_fwd_bdf_i;
      fwd_type1_q <= rsp_fwd_type1_i;
      cpl_id_q    <= rsp_cpl_id_i;
      if (!rsp_fwd_i) begin
        own_hdr_q  <= vfp_pkg::cpl_header(q_hdr[1], rsp_cpl_id_i, rsp_status_i,
                                          !q_hdr[1][30] && rsp_status_i == vfp_pkg::CplSc);
        own_data_q <= {96'd0, rsp_data_i};
      end
    end else if (own_free && state_q == StIdle) begin
      own_hdr_q  <= vfp_pkg::cpl_header(q_hdr[1], mgmt_bdf_i, np_reg ? vfp_pkg::CplSc : vfp_pkg::CplUr, np_reg);
      own_data_q <= {96'd0, reg_rdata_i};
    end
  end

  assign own_valid_o = own_valid_q;
  assign own_hdr_o   = own_hdr_q;
  assign own_data_o  = own_data_q;
  assign busy_o      = in_busy || (own_valid_q && own_ready_i) || (cfg_valid_o && cfg_ready_i) || rsp_valid_i ||
                       (state_q == StCfgFwd && !rsp_fwd_live_i) || (lost_q && link_i);

endmodule
