// SPDX-License-Identifier: Apache-2.0
// Data plane of the bridge: ports, tag tables and the paths between hosts and device. Hosts never reach each other
// here: there is no path. The control plane (vfp_ctrl) holds the maps and answers configuration and registers; the
// meaning of the shared signals is declared there.
module vfp_fabric #(
  parameter int unsigned Users      = 2,
  parameter int unsigned UserFns    = 16,  // Slots * SlotFns
  parameter int unsigned Vfs        = 64,
  parameter int unsigned Tags       = 32,
  parameter int unsigned MaxPayload = 128,
  localparam int unsigned Hosts  = Users + 1,
  localparam int unsigned Ports  = Hosts + 1,
  localparam int unsigned HostW  = $clog2(Hosts),
  localparam int unsigned NumFns = Users * UserFns,
  localparam int unsigned NFnW   = $clog2(NumFns),
  localparam int unsigned VfW    = $clog2(Vfs),
  localparam int unsigned TagW   = $clog2(Tags),
  localparam int unsigned AskerW = $clog2(Hosts + 1)
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic tick_ms_i,

  // Streams; port Hosts is the device.
  input  logic [Ports-1:0]        link_i,
  input  logic [Ports-1:0]        rx_valid_i,
  output logic [Ports-1:0]        rx_ready_o,
  output logic [Ports-1:0][2:0]   rx_room_o,
  input  logic [Ports-1:0]        rx_sop_i,
  input  logic [Ports-1:0]        rx_eop_i,
  input  logic [Ports-1:0][127:0] rx_hdr_i,
  input  logic [Ports-1:0][127:0] rx_data_i,
  output logic [Ports-1:0]        tx_valid_o,
  input  logic [Ports-1:0]        tx_ready_i,
  input  logic [Ports-1:0][2:0]   tx_room_i,
  output logic [Ports-1:0]        tx_sop_o,
  output logic [Ports-1:0]        tx_eop_o,
  output logic [Ports-1:0][127:0] tx_hdr_o,
  output logic [Ports-1:0][127:0] tx_data_o,

  // Control plane.
  output logic [Hosts-1:0]         cfg_valid_o,
  input  logic [Hosts-1:0]         cfg_ready_i,
  output logic [Hosts-1:0][127:0]  cfg_hdr_o,
  output logic [Hosts-1:0][31:0]   cfg_data_o,
  input  logic [Hosts-1:0]         rsp_valid_i,
  output logic [Hosts-1:0]         rsp_ready_o,
  input  logic [Hosts-1:0]         rsp_fwd_i,
  input  logic [Hosts-1:0][2:0]    rsp_status_i,
  input  logic [Hosts-1:0][31:0]   rsp_data_i,
  input  logic [Hosts-1:0][15:0]   rsp_cpl_id_i,
  input  logic [Hosts-1:0][15:0]   rsp_fwd_bdf_i,
  input  logic [Hosts-1:0]         rsp_fwd_type1_i,
  input  logic [Hosts-1:0]         rsp_fwd_live_i,
  output logic [Hosts-1:0]         reg_valid_o,
  input  logic [Hosts-1:0]         reg_ready_i,
  output logic [Hosts-1:0]         reg_write_o,
  output logic [Hosts-1:0][15:0]   reg_addr_o,
  output logic [Hosts-1:0][3:0]    reg_be_o,
  output logic [Hosts-1:0][31:0]   reg_wdata_o,
  input  logic [Hosts-1:0][31:0]   reg_rdata_i,
  input  logic                     int_valid_i,
  output logic                     int_ready_o,
  input  logic                     int_write_i,
  input  logic [15:0]              int_bdf_i,
  input  logic                     int_type1_i,
  input  logic [11:0]              int_reg_i,
  input  logic [3:0]               int_be_i,
  input  logic [31:0]              int_wdata_i,
  output logic                     int_done_o,
  output logic [2:0]               int_status_o,
  output logic [31:0]              int_rdata_o,
  input  logic [Hosts-1:0]         msi_valid_i,
  output logic [Hosts-1:0]         msi_ready_o,
  input  logic [Hosts-1:0][15:0]   msi_rid_i,
  input  logic [Hosts-1:0][63:0]   msi_addr_i,
  input  logic [Hosts-1:0][31:0]   msi_data_i,
  input  logic [Hosts-1:0]         mgmt_en_i,
  input  logic [Hosts-1:0][63:0]   mgmt_bar_i,
  input  logic [Hosts-1:0][15:0]   mgmt_bdf_i,
  input  logic                     own_mem_en_i,
  input  logic                     own_bme_i,
  input  logic [31:0]              own_mem_base_i,
  input  logic [31:0]              own_mem_limit_i,
  input  logic [63:0]              own_pref_base_i,
  input  logic [63:0]              own_pref_limit_i,
  input  logic [15:0]              own_dsp_bdf_i,
  input  logic [7:0]               own_sec_bus_i,
  input  logic [7:0]               own_sub_bus_i,
  input  logic [NumFns-1:0]          fn_active_i,
  input  logic [NumFns-1:0][VfW-1:0] fn_vf_i,
  input  logic [NumFns-1:0]          fn_mse_i,
  input  logic [NumFns-1:0]          fn_bme_i,
  input  logic [NumFns-1:0][63:0]    fn_bar0_i,
  input  logic [NumFns-1:0][63:0]    fn_bar3_i,
  input  logic [NumFns-1:0][15:0]    fn_bdf_i,
  input  logic                     dev_known_i,
  input  logic                     dev_wait_i,
  input  logic                     dev_sriov_i,
  input  logic                     dev_vf_mse_i,
  input  logic [2:0]               dev_vf_shift_i,
  input  logic [15:0]              dev_vf_first_i,
  input  logic [15:0]              dev_vf_stride_i,
  input  logic [VfW:0]             dev_num_vfs_i,
  input  logic [63:0]              dev_bar0_i,
  input  logic [63:0]              dev_bar3_i,
  input  logic [Vfs-1:0]           vf_owned_i,
  input  logic [Vfs-1:0][NFnW-1:0] vf_fn_i,
  input  logic [Hosts-1:0][7:0]    weight_i,
  input  logic [15:0]              cpl_timeout_ms_i,
  input  logic                     freeze_i,
  output logic [Vfs-1:0]           vf_busy_o,
  output logic                     own_cfg_write_o,
  output logic [9:0]               own_cfg_reg_o,
  output logic                     own_cfg_writing_o,
  output logic                     own_cfg_written_o,
  output logic [Ports-1:0][2:0]    ev_rx_o,
  output logic [Ports-1:0][2:0]    ev_tx_o,
  output logic                     err_valid_o,
  output logic [7:0]               err_port_o,
  output logic [3:0]               err_reason_o,
  output logic [127:0]             err_hdr_o,
  output logic [1:0]               timeouts_o,
  output logic [Hosts-1:0]         host_lost_o,
  output logic [Hosts-1:0][1:0]    host_refused_o,

  output logic busy_o,
  output logic timer_o
);

  // Entry of a request toward the device, and of a read toward a host.
  localparam int unsigned DnInfoW = 3 + VfW + HostW + 16 + 5 + 16 + 24;
  localparam int unsigned UpInfoW = 1 + VfW + 5 + 16 + 24;
  localparam int unsigned LeftW   = 21;  // see vfp_cpl_check
  // Each host's share of the tags toward the device; one at least is for the bridge's own requests.
  localparam int unsigned Quota   = (Tags - 1) / Hosts;
  localparam int unsigned NDev    = 3 * Hosts + 3;  // sources of the device egress

  logic [Ports-1:0]        port_busy, egress_busy, egress_timer;
  logic [2*Ports-1:0]        e_valid, e_ready;
  logic [2*Ports-1:0][3:0]   e_reason;
  logic [2*Ports-1:0][127:0] e_hdr;

  // A packet that was dropped at a stuck port still has its own time-out before it: together they must stay below the
  // time-outs of the hosts, from 50 ms on.
  logic [15:0] stuck_ms;
  assign stuck_ms = {2'b00, cpl_timeout_ms_i[15:2]};

  // ---- Tag table of everything that is asked of the device -----------------------------------------------------------
  logic               dn_alloc, dn_look, dn_hit, dn_free, dn_part, dn_fail, dn_exp, dn_exp_taken, dn_exp_failed, dn_live, dn_busy;
  logic [Hosts:0]     dn_alloc_ready, dn_exp_ready;  // by host; the last: the bridge itself
  logic [AskerW-1:0]  dn_alloc_asker;
  logic [LeftW-1:0]   dn_alloc_left, dn_left, dn_part_left, dn_exp_left;
  logic [TagW-1:0]    dn_tag, dn_exp_tag;
  logic [HostW-1:0]   dn_alloc_host;
  logic [DnInfoW-1:0] dn_alloc_info, dn_info, dn_exp_info;
  logic [7:0]         dn_look_tag;

  vfp_tag_table #(.Tags(Tags), .InfoW(DnInfoW), .Askers(Hosts + 1), .Quota(Quota)) u_down_tags (
    .clk_i, .rst_ni, .tick_ms_i,
    .timeout_ms_i (cpl_timeout_ms_i),
    .expire_all_i (!link_i[Hosts]),
    .alloc_ready_o(dn_alloc_ready),
    .alloc_tag_o  (dn_tag),
    .alloc_i      (dn_alloc),
    .alloc_asker_i(dn_alloc_asker),
    .alloc_info_i (dn_alloc_info),
    .alloc_left_i (dn_alloc_left),
    .look_valid_i (dn_look),
    .look_tag_i   (dn_look_tag),
    .look_hit_o   (dn_hit),
    .look_info_o  (dn_info),
    .look_left_o  (dn_left),
    .free_i       (dn_free),
    .part_i       (dn_part),
    .part_left_i  (dn_part_left),
    .fail_i       (dn_fail),
    .exp_valid_o  (dn_exp),
    .exp_taken_o  (dn_exp_taken),
    .exp_tag_o    (dn_exp_tag),
    .exp_info_o   (dn_exp_info),
    .exp_left_o   (dn_exp_left),
    .exp_failed_o (dn_exp_failed),
    .exp_ready_i  (dn_exp_ready),
    .live_o       (dn_live),
    .busy_o       (dn_busy)
  );

  logic             d_notify, d_int, d_is_vf, x_notify, x_int, x_is_vf;
  logic [VfW-1:0]   d_vf, x_vf;
  logic [HostW-1:0] d_host, x_host;
  logic [4:0]       d_cpl, x_cpl;  // TC, attributes
  logic [23:0]      d_id, x_id;
  logic [15:0]      d_rid, unused_x_rid, d_cpl_id, x_cpl_id;
  assign {d_notify, d_int, d_is_vf, d_vf, d_host, d_rid, d_cpl, d_cpl_id, d_id} = dn_info;
  assign {x_notify, x_int, x_is_vf, x_vf, x_host, unused_x_rid, x_cpl, x_cpl_id, x_id} = dn_exp_info;

  // What a server asked before its link was lost is answered to nobody, for good: the link may be up again by then.
  logic [Tags-1:0]            stale_q;
  logic [Tags-1:0][HostW-1:0] asker_q;
  logic [Hosts-1:0]           host_link;
  assign host_link = link_i[Hosts-1:0];
  always_ff @(posedge clk_i) begin
    for (int t = 0; t < int'(Tags); t++) if (!host_link[asker_q[t]]) stale_q[t] <= 1'b1;
    if (dn_alloc) begin
      asker_q[dn_tag] <= dn_alloc_host;
      stale_q[dn_tag] <= !host_link[dn_alloc_host];
    end
    if (!rst_ni) begin
      stale_q <= '0;
      asker_q <= '0;
    end
  end
  logic d_stale, x_stale;
  assign d_stale = stale_q[dn_look_tag[TagW-1:0]] || !host_link[d_host];
  assign x_stale = stale_q[dn_exp_tag] || !host_link[x_host];

  // ---- Hosts -----------------------------------------------------------------------------------------------------------
  logic [Hosts-1:0][2:0]         h_valid, h_ready, h_last;
  logic [Hosts-1:0][2:0][127:0]  h_hdr, h_data;
  logic [Hosts-1:0][15:0]        h_np_rid, h_np_cpl_id;
  logic [Hosts-1:0][7:0]         h_np_tag;
  logic [Hosts-1:0][23:0]        h_np_cpl;
  logic [Hosts-1:0]              h_np_cfg_write, h_np_is_vf;
  logic [Hosts-1:0][VfW-1:0]     h_np_vf;
  logic [Hosts-1:0]              o_valid, o_ready;
  logic [Hosts-1:0][127:0]       o_hdr, o_data;
  logic [Hosts-1:0]              up_alloc_ready, up_alloc, up_look, up_hit, up_free, up_part, up_fail, up_live, up_busy;
  logic [Hosts-1:0]              up_exp, up_exp_taken, up_exp_failed, up_exp_ready;
  logic [Hosts-1:0][LeftW-1:0]   up_left, up_part_left, up_exp_left;
  logic [Hosts-1:0][TagW-1:0]    up_tag, up_exp_tag;
  logic [Hosts-1:0][UpInfoW-1:0] up_info, up_exp_info;
  logic [Hosts-1:0][7:0]         up_look_tag;
  logic [UpInfoW-1:0]            up_alloc_info;

  logic [2:0]             v_valid, v_ready, v_last;  // device side
  logic [2:0][HostW-1:0]  v_host;
  logic [2:0][127:0]      v_hdr, v_data;
  logic [Hosts-1:0][2:0]  v_to, v_taken;     // by host
  logic [Hosts-1:0]       ended_q, ended_sent;  // the end of a request without an answer waits; is sent

  for (genvar h = 0; h < Hosts; h++) begin : gen_host
    // The owner has no slot functions: its port gets the first user's and does not look at them.
    localparam int unsigned First = h == 0 ? 0 : (h - 1) * UserFns;

    vfp_host_port #(
      .Owner(h == 0), .UserFns(UserFns), .VfW(VfW), .MaxPayload(MaxPayload), .UpInfoW(UpInfoW)
    ) u_port (
      .clk_i, .rst_ni,
      .link_i         (link_i[h]),
      .freeze_i,
      .rx_valid_i     (rx_valid_i[h]),
      .rx_ready_o     (rx_ready_o[h]),
      .rx_room_o      (rx_room_o[h]),
      .rx_sop_i       (rx_sop_i[h]),
      .rx_eop_i       (rx_eop_i[h]),
      .rx_hdr_i       (rx_hdr_i[h]),
      .rx_data_i      (rx_data_i[h]),
      .cfg_valid_o    (cfg_valid_o[h]),
      .cfg_ready_i    (cfg_ready_i[h]),
      .cfg_hdr_o      (cfg_hdr_o[h]),
      .cfg_data_o     (cfg_data_o[h]),
      .rsp_valid_i    (rsp_valid_i[h]),
      .rsp_ready_o    (rsp_ready_o[h]),
      .rsp_fwd_i      (rsp_fwd_i[h]),
      .rsp_status_i   (rsp_status_i[h]),
      .rsp_data_i     (rsp_data_i[h]),
      .rsp_cpl_id_i   (rsp_cpl_id_i[h]),
      .rsp_fwd_bdf_i  (rsp_fwd_bdf_i[h]),
      .rsp_fwd_type1_i(rsp_fwd_type1_i[h]),
      .rsp_fwd_live_i (rsp_fwd_live_i[h]),
      .reg_valid_o    (reg_valid_o[h]),
      .reg_ready_i    (reg_ready_i[h]),
      .reg_write_o    (reg_write_o[h]),
      .reg_addr_o     (reg_addr_o[h]),
      .reg_be_o       (reg_be_o[h]),
      .reg_wdata_o    (reg_wdata_o[h]),
      .reg_rdata_i    (reg_rdata_i[h]),
      .mgmt_en_i      (mgmt_en_i[h]),
      .mgmt_bar_i     (mgmt_bar_i[h]),
      .mgmt_bdf_i     (mgmt_bdf_i[h]),
      .mem_en_i       (own_mem_en_i),
      .mem_base_i     (own_mem_base_i),
      .mem_limit_i    (own_mem_limit_i),
      .pref_base_i    (own_pref_base_i),
      .pref_limit_i   (own_pref_limit_i),
      .fn_active_i    (fn_active_i[First +: UserFns]),
      .fn_vf_i        (fn_vf_i[First +: UserFns]),
      .fn_mse_i       (fn_mse_i[First +: UserFns]),
      .fn_bar0_i      (fn_bar0_i[First +: UserFns]),
      .fn_bar3_i      (fn_bar3_i[First +: UserFns]),
      .fn_bdf_i       (fn_bdf_i[First +: UserFns]),
      .vf_open_i      (dev_known_i && dev_vf_mse_i),
      .vf_wait_i      (dev_wait_i),
      .vf_shift_i     (dev_vf_shift_i),
      .dev_bar0_i, .dev_bar3_i,
      .dev_rid_i      (own_dsp_bdf_i),
      .fwd_valid_o    (h_valid[h]),
      .fwd_ready_i    (h_ready[h]),
      .fwd_hdr_o      (h_hdr[h]),
      .fwd_data_o     (h_data[h]),
      .fwd_last_o     (h_last[h]),
      .np_rid_o       (h_np_rid[h]),
      .np_tag_o       (h_np_tag[h]),
      .np_cpl_id_o    (h_np_cpl_id[h]),
      .np_cpl_o       (h_np_cpl[h]),
      .np_cfg_write_o (h_np_cfg_write[h]),
      .np_vf_o        (h_np_vf[h]),
      .np_is_vf_o     (h_np_is_vf[h]),
      .up_look_o      (up_look[h]),
      .up_look_tag_o  (up_look_tag[h]),
      .up_hit_i       (up_hit[h]),
      .up_info_i      (up_info[h]),
      .up_left_i      (up_left[h]),
      .up_free_o      (up_free[h]),
      .up_part_o      (up_part[h]),
      .up_part_left_o (up_part_left[h]),
      .up_fail_o      (up_fail[h]),
      .own_valid_o    (o_valid[h]),
      .own_ready_i    (o_ready[h]),
      .own_hdr_o      (o_hdr[h]),
      .own_data_o     (o_data[h]),
      .ev_rx_o        (ev_rx_o[h]),
      .err_valid_o    (e_valid[h]),
      .err_ready_i    (e_ready[h]),
      .err_reason_o   (e_reason[h]),
      .err_hdr_o      (e_hdr[h]),
      .refused_o      (host_refused_o[h]),
      .busy_o         (port_busy[h])
    );

    vfp_tag_table #(.Tags(Tags), .InfoW(UpInfoW)) u_up_tags (
      .clk_i, .rst_ni, .tick_ms_i,
      .timeout_ms_i (cpl_timeout_ms_i),
      .expire_all_i (!link_i[h]),
      .alloc_ready_o(up_alloc_ready[h]),
      .alloc_tag_o  (up_tag[h]),
      .alloc_i      (up_alloc[h]),
      .alloc_asker_i(1'b0),
      .alloc_info_i (up_alloc_info),
      .alloc_left_i ({2'b01, v_np_cpl[18:0]}),
      .look_valid_i (up_look[h]),
      .look_tag_i   (up_look_tag[h]),
      .look_hit_o   (up_hit[h]),
      .look_info_o  (up_info[h]),
      .look_left_o  (up_left[h]),
      .free_i       (up_free[h]),
      .part_i       (up_part[h]),
      .part_left_i  (up_part_left[h]),
      .fail_i       (up_fail[h]),
      .exp_valid_o  (up_exp[h]),
      .exp_taken_o  (up_exp_taken[h]),
      .exp_tag_o    (up_exp_tag[h]),
      .exp_info_o   (up_exp_info[h]),
      .exp_left_o   (up_exp_left[h]),
      .exp_failed_o (up_exp_failed[h]),
      .exp_ready_i  (up_exp_ready[h]),
      .live_o       (up_live[h]),
      .busy_o       (up_busy[h])
    );

    vfp_host_egress #(.TagW(TagW)) u_egress (
      .clk_i, .rst_ni, .tick_ms_i,
      .stuck_ms_i (stuck_ms),
      .link_i     (link_i[h]),
      .dev_valid_i(v_to[h]),
      .dev_ready_o(v_taken[h]),
      .dev_hdr_i  (v_hdr),
      .dev_data_i (v_data),
      .dev_last_i (v_last),
      .tag_ready_i(up_alloc_ready[h]),
      .tag_i      (up_tag[h]),
      .own_valid_i(o_valid[h]),
      .own_ready_o(o_ready[h]),
      .own_hdr_i  (o_hdr[h]),
      .own_data_i (o_data[h]),
      .msi_valid_i(msi_valid_i[h]),
      .msi_ready_o(msi_ready_o[h]),
      .msi_rid_i  (msi_rid_i[h]),
      .msi_addr_i (msi_addr_i[h]),
      .msi_data_i (msi_data_i[h]),
      .exp_valid_i(ended_q[h]),
      .exp_ready_o(ended_sent[h]),
      .exp_hdr_i  (ended_hdr_q[h]),
      .tx_valid_o (tx_valid_o[h]),
      .tx_ready_i (tx_ready_i[h]),
      .tx_room_i  (tx_room_i[h]),
      .tx_sop_o   (tx_sop_o[h]),
      .tx_eop_o   (tx_eop_o[h]),
      .tx_hdr_o   (tx_hdr_o[h]),
      .tx_data_o  (tx_data_o[h]),
      .ev_tx_o    (ev_tx_o[h]),
      .err_valid_o(e_valid[Ports+h]),
      .err_ready_i(e_ready[Ports+h]),
      .err_hdr_o  (e_hdr[Ports+h]),
      .lost_o     (host_lost_o[h]),
      .busy_o     (egress_busy[h]),
      .timer_o    (egress_timer[h])
    );
    for (genvar c = 0; c < 3; c++) begin : gen_to
      assign v_to[h][c] = v_valid[c] && v_host[c] == HostW'(h);
    end
    assign up_alloc[h] = v_taken[h][1];
    assign e_reason[Ports+h] = vfp_regs_pkg::DropBlocked;
  end

  // A host that answers no reads of the device gets no more of them, so that the other hosts' go on behind them.
  logic [Hosts-1:0][15:0] starved_q;
  logic [Hosts-1:0]       mute_q;
  for (genvar h = 0; h < Hosts; h++) begin : gen_mute
    logic starved;
    assign starved = v_to[h][1] && !up_alloc_ready[h] && !up_free[h];
    always_ff @(posedge clk_i) begin
      if (!rst_ni || !starved) starved_q[h] <= '0;
      else if (tick_ms_i) starved_q[h] <= starved_q[h] + 1'b1;
      if (!rst_ni || up_free[h] || !up_live[h]) mute_q[h] <= 1'b0;
      else if (starved_q[h] >= stuck_ms) mute_q[h] <= 1'b1;
    end
  end

  // A packet of the device goes to one host; the others' readies are zero.
  always_comb begin
    v_ready = '0;
    for (int h = 0; h < int'(Hosts); h++) v_ready = v_ready | v_taken[h];
  end

  // ---- Device ----------------------------------------------------------------------------------------------------------
  logic [15:0]    v_np_rid, v_np_sent;
  logic [7:0]     v_np_tag;
  logic [23:0]    v_np_cpl;
  logic [VfW-1:0] v_np_vf;
  logic           v_np_is_vf, v_own_valid, v_own_ready, c_int_done;
  logic [127:0]   v_own_hdr;
  logic [2:0]     c_int_status;

  vfp_dev_port #(.Users(Users), .UserFns(UserFns), .Vfs(Vfs), .MaxPayload(MaxPayload)) u_device (
    .clk_i, .rst_ni,
    .link_i      (link_i[Hosts]),
    .freeze_i,
    .rx_valid_i  (rx_valid_i[Hosts]),
    .rx_ready_o  (rx_ready_o[Hosts]),
    .rx_room_o   (rx_room_o[Hosts]),
    .rx_sop_i    (rx_sop_i[Hosts]),
    .rx_eop_i    (rx_eop_i[Hosts]),
    .rx_hdr_i    (rx_hdr_i[Hosts]),
    .rx_data_i   (rx_data_i[Hosts]),
    .dev_known_i,
    .sriov_i     (dev_sriov_i),
    .vf_first_i  (dev_vf_first_i),
    .vf_stride_i (dev_vf_stride_i),
    .num_vfs_i   (dev_num_vfs_i),
    .sec_bus_i   (own_sec_bus_i),
    .sub_bus_i   (own_sub_bus_i),
    .mute_i      (mute_q & ~up_alloc_ready),
    .own_bme_i,
    .port_id_i   (own_dsp_bdf_i),
    .vf_owned_i, .vf_fn_i, .fn_active_i, .fn_vf_i, .fn_bme_i, .fn_bdf_i,
    .fwd_valid_o (v_valid),
    .fwd_host_o  (v_host),
    .fwd_ready_i (v_ready),
    .fwd_hdr_o   (v_hdr),
    .fwd_data_o  (v_data),
    .fwd_last_o  (v_last),
    .np_rid_o    (v_np_rid),
    .np_tag_o    (v_np_tag),
    .np_sent_rid_o(v_np_sent),
    .np_cpl_o    (v_np_cpl),
    .np_vf_o     (v_np_vf),
    .np_is_vf_o  (v_np_is_vf),
    .dn_look_o   (dn_look),
    .dn_look_tag_o(dn_look_tag),
    .dn_hit_i    (dn_hit),
    .dn_stale_i  (d_stale && !d_int),
    .dn_int_i    (d_int),
    .dn_host_i   (d_host),
    .dn_cpl_id_i (d_cpl_id),
    .dn_id_i     (d_id),
    .dn_rid_i    (d_rid),
    .dn_left_i   (dn_left),
    .dn_free_o   (dn_free),
    .dn_part_o   (dn_part),
    .dn_part_left_o(dn_part_left),
    .dn_fail_o   (dn_fail),
    .int_done_o  (c_int_done),
    .int_status_o(c_int_status),
    .int_rdata_o,
    .own_valid_o (v_own_valid),
    .own_ready_i (v_own_ready),
    .own_hdr_o   (v_own_hdr),
    .ev_rx_o     (ev_rx_o[Hosts]),
    .err_valid_o (e_valid[Hosts]),
    .err_ready_i (e_ready[Hosts]),
    .err_reason_o(e_reason[Hosts]),
    .err_hdr_o   (e_hdr[Hosts]),
    .busy_o      (port_busy[Hosts])
  );

  assign up_alloc_info = {v_np_is_vf, v_np_vf, v_np_cpl[23:19], v_np_sent, v_np_rid, v_np_tag};

  // Reads of the device that no host answered, or wrongly: the first host with one gets its turn. What ends them waits
  // here for the egress.
  logic [UpInfoW-1:0] late_info;
  logic [LeftW-1:0]   late_left;
  logic [Hosts-1:0]   late_sel;
  logic               late_q, late_sent, late_taken, late_failed;
  logic [127:0]       late_hdr_q;
  always_comb begin
    late_sel    = '0;
    late_info   = '0;
    late_left   = '0;
    up_exp_ready = '0;
    late_failed = 1'b0;
    for (int h = int'(Hosts) - 1; h >= 0; h--) begin
      up_exp_ready[h] = !late_q;
      for (int i = 0; i < h; i++) if (up_exp[i]) up_exp_ready[h] = 1'b0;
      if (up_exp[h]) begin
        late_sel    = Hosts'(1) << h;
        late_info   = up_exp_info[h];
        late_left   = up_exp_left[h];
        late_failed = up_exp_failed[h];
      end
    end
  end
  assign late_taken   = up_exp_taken != '0;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) late_q <= 1'b0;
    else late_q <= late_taken || (late_q && !late_sent);
    if (late_taken) begin
      late_hdr_q <= vfp_pkg::end_header({late_info[44:40], late_left[18:0]}, late_info[23:0], own_dsp_bdf_i,
                                        late_failed ? vfp_pkg::CplCa : vfp_pkg::CplUr);
    end
  end

  // Requests of a host or the bridge that ended like that: each host has its own place to wait in.
  logic [Hosts-1:0][127:0] ended_hdr_q;
  assign dn_exp_ready = {!c_int_done, ~ended_q};
  for (genvar h = 0; h < Hosts; h++) begin : gen_ended
    logic load;
    assign load = dn_exp_taken && !x_int && !x_stale && x_host == HostW'(h);
    always_ff @(posedge clk_i) begin
      if (!rst_ni || !host_link[h]) ended_q[h] <= 1'b0;
      else ended_q[h] <= load || (ended_q[h] && !ended_sent[h]);
      if (load) begin
        ended_hdr_q[h] <= vfp_pkg::end_header({x_cpl, dn_exp_left[18:0]}, x_id, x_cpl_id,
                                              dn_exp_failed ? vfp_pkg::CplCa : vfp_pkg::CplUr);
      end
    end
  end
  assign int_done_o   = c_int_done || (dn_exp_taken && x_int);
  assign int_status_o = c_int_done ? c_int_status : vfp_pkg::CplUr;

  logic [NDev-1:0]        s_valid, s_ready, s_last;
  logic [NDev-1:0][1:0]   s_cls;
  logic [NDev-1:0][127:0] s_hdr, s_data;
  logic [NDev-1:0][7:0]   s_weight;

  always_comb begin
    for (int h = 0; h < int'(Hosts); h++) begin
      for (int c = 0; c < 3; c++) begin
        s_valid[3*h+c]  = h_valid[h][c] && (c != 1 || dn_alloc_ready[h]);
        s_cls[3*h+c]    = 2'(c);
        s_hdr[3*h+c]    = c == 1 ? {h_hdr[h][c][127:48], 8'(dn_tag), h_hdr[h][c][39:0]} : h_hdr[h][c];
        s_data[3*h+c]   = h_data[h][c];
        s_last[3*h+c]   = h_last[h][c];
        s_weight[3*h+c] = weight_i[h];
      end
    end

    s_valid[NDev-3]  = int_valid_i && dn_alloc_ready[Hosts];
    s_cls[NDev-3]    = vfp_pkg::ClsNp;
    s_hdr[NDev-3]    = {32'd0, int_bdf_i, 4'd0, int_reg_i[11:2], 2'b00, own_dsp_bdf_i, 8'(dn_tag), 4'd0, int_be_i,
                        1'b0, int_write_i, 1'b0, 4'b0010, int_type1_i, 14'd0, 10'd1};
    s_data[NDev-3]   = {96'd0, int_wdata_i};
    s_last[NDev-3]   = 1'b1;
    s_weight[NDev-3] = 8'd1;

    s_valid[NDev-2]  = v_own_valid;
    s_cls[NDev-2]    = vfp_pkg::ClsCpl;
    s_hdr[NDev-2]    = v_own_hdr;
    s_data[NDev-2]   = '0;
    s_last[NDev-2]   = 1'b1;
    s_weight[NDev-2] = 8'd1;

    s_valid[NDev-1]  = late_q;
    s_cls[NDev-1]    = vfp_pkg::ClsCpl;
    s_hdr[NDev-1]    = late_hdr_q;
    s_data[NDev-1]   = '0;
    s_last[NDev-1]   = 1'b1;
    s_weight[NDev-1] = 8'd1;
  end

  always_comb begin
    dn_alloc       = 1'b0;
    dn_alloc_asker = '0;
    dn_alloc_info  = '0;
    dn_alloc_left  = '0;
    dn_alloc_host  = '0;
    for (int h = 0; h < int'(Hosts); h++) begin
      for (int c = 0; c < 3; c++) h_ready[h][c] = s_ready[3*h+c];
      if (s_ready[3*h+1]) begin
        dn_alloc       = 1'b1;
        dn_alloc_host  = HostW'(h);
        dn_alloc_asker = AskerW'(h);
        dn_alloc_left  = {h_hdr[h][1][26], !h_hdr[h][1][30], h_np_cpl[h][18:0]};  // 26: configuration
        // The owner's writes to the PF's configuration space (function 0 of the bus below) are of interest.
        dn_alloc_info = {h == 0 && h_np_cfg_write[h] && !h_hdr[h][1][24] && h_hdr[h][1][87:80] == 8'd0,
                         1'b0, h_np_is_vf[h], h_np_vf[h], HostW'(h), h_hdr[h][1][63:48], h_np_cpl[h][23:19], h_np_cpl_id[h],
                         h_np_rid[h], h_np_tag[h]};
      end
    end
    if (s_ready[NDev-3]) begin
      dn_alloc       = 1'b1;
      dn_alloc_asker = AskerW'(Hosts);
      dn_alloc_left  = {1'b1, !int_write_i, 7'd0, 12'd4};
      dn_alloc_info  = '0;
      dn_alloc_info[DnInfoW-2] = 1'b1;
      dn_alloc_info[24+16+5 +: 16] = own_dsp_bdf_i;
    end
  end
  assign int_ready_o = s_ready[NDev-3];
  assign v_own_ready = s_ready[NDev-2];
  assign late_sent   = s_ready[NDev-1];

  logic dev_lost;  // only a host has slots to lose
  vfp_egress #(.N(NDev)) u_egress (
    .clk_i, .rst_ni, .tick_ms_i,
    .stuck_ms_i (stuck_ms),
    .link_i     (link_i[Hosts]),
    .src_valid_i(s_valid),
    .src_ready_o(s_ready),
    .src_cls_i  (s_cls),
    .src_hdr_i  (s_hdr),
    .src_data_i (s_data),
    .src_last_i (s_last),
    .weight_i   (s_weight),
    .tx_valid_o (tx_valid_o[Hosts]),
    .tx_ready_i (tx_ready_i[Hosts]),
    .tx_room_i  (tx_room_i[Hosts]),
    .tx_sop_o   (tx_sop_o[Hosts]),
    .tx_eop_o   (tx_eop_o[Hosts]),
    .tx_hdr_o   (tx_hdr_o[Hosts]),
    .tx_data_o  (tx_data_o[Hosts]),
    .ev_tx_o    (ev_tx_o[Hosts]),
    .err_valid_o(e_valid[Ports+Hosts]),
    .err_ready_i(e_ready[Ports+Hosts]),
    .err_hdr_o  (e_hdr[Ports+Hosts]),
    .lost_o     (dev_lost),
    .busy_o     (egress_busy[Hosts]),
    .timer_o    (egress_timer[Hosts])
  );
  assign e_reason[Ports+Hosts] = vfp_regs_pkg::DropBlocked;

  // The owner's writes to the PF: from when one leaves until it is answered, or never will be.
  logic [Tags-1:0] writing_q;
  assign own_cfg_write_o   = dn_alloc && dn_alloc_info[DnInfoW-1];
  assign own_cfg_reg_o     = h_hdr[0][1][75:66];
  assign own_cfg_writing_o = writing_q != '0;
  assign own_cfg_written_o = (dn_free && d_notify) || (dn_exp_taken && x_notify);
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      writing_q <= '0;
    end else begin
      if (dn_free) writing_q[dn_look_tag[TagW-1:0]] <= 1'b0;
      if (dn_exp_taken) writing_q[dn_exp_tag] <= 1'b0;
      if (own_cfg_write_o) writing_q[dn_tag] <= 1'b1;
    end
  end

  // Requests that nobody answered in time, toward the device and toward a host. What a lost link ends is not of them.
  assign timeouts_o[0] = dn_exp_taken && !dn_exp_failed && link_i[Hosts] && (x_int || !x_stale);
  assign timeouts_o[1] = late_taken && !late_failed && (late_sel & host_link) != '0;

  // ---- Requests outstanding for each VF, either way ---------------------------------------------------------------------
  logic [Vfs-1:0][6:0] vf_count_q, vf_count_d;
  always_comb begin
    vf_count_d = vf_count_q;
    if (dn_alloc && dn_alloc_info[DnInfoW-3]) begin
      vf_count_d[dn_alloc_info[DnInfoW-4 -: VfW]] = vf_count_d[dn_alloc_info[DnInfoW-4 -: VfW]] + 7'd1;
    end
    if (up_alloc != '0 && v_np_is_vf) vf_count_d[v_np_vf] = vf_count_d[v_np_vf] + 7'd1;
    if (dn_free && d_is_vf) vf_count_d[d_vf] = vf_count_d[d_vf] - 7'd1;
    if (dn_exp_taken && x_is_vf) vf_count_d[x_vf] = vf_count_d[x_vf] - 7'd1;
    for (int h = 0; h < int'(Hosts); h++) begin
      if (up_free[h] && up_info[h][UpInfoW-1]) begin
        vf_count_d[up_info[h][UpInfoW-2 -: VfW]] = vf_count_d[up_info[h][UpInfoW-2 -: VfW]] - 7'd1;
      end
    end
    if (late_taken && late_info[UpInfoW-1]) begin
      vf_count_d[late_info[UpInfoW-2 -: VfW]] = vf_count_d[late_info[UpInfoW-2 -: VfW]] - 7'd1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) vf_count_q <= '0;
    else vf_count_q <= vf_count_d;
  end
  for (genvar v = 0; v < Vfs; v++) begin : gen_vf_busy
    assign vf_busy_o[v] = vf_count_q[v] != 7'd0;
  end

  // ---- Errors: one report a cycle, none lost: who has one waits for its turn ---------------------------------------------
  vfp_arbiter #(.N(2 * Ports)) u_errors (
    .clk_i, .rst_ni,
    .req_i   (e_valid),
    .weight_i({(2 * Ports) {8'd1}}),
    .done_i  (1'b1),
    .grant_o (e_ready)
  );
  always_comb begin
    err_port_o   = '0;
    err_reason_o = '0;
    err_hdr_o    = '0;
    for (int i = 0; i < int'(2 * Ports); i++) begin
      if (e_ready[i]) begin
        err_port_o   = 8'(i % int'(Ports));
        err_reason_o = e_reason[i];
        err_hdr_o    = e_hdr[i];
      end
    end
  end
  assign err_valid_o = e_valid != '0;

  assign busy_o  = (|port_busy) || (|egress_busy) || dn_busy || (|up_busy);
  assign timer_o = dn_live || (|up_live) || (|egress_timer);

  logic unused;
  assign unused = dev_lost;

`ifndef SYNTHESIS
  // Every end belongs to a request that was counted.
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      counted_down: assert (!(dn_free && d_is_vf) || vf_count_q[d_vf] != 7'd0);
      expired_down: assert (!(dn_exp_taken && x_is_vf) || vf_count_q[x_vf] != 7'd0);
      counted_up  : assert (!(late_taken && late_info[UpInfoW-1]) || vf_count_q[late_info[UpInfoW-2 -: VfW]] != 7'd0);
    end
  end
`endif

endmodule
