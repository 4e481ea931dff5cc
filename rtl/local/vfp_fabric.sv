// SPDX-License-Identifier: Apache-2.0
// The data plane with the ports of vfp_bridge: links outside, the contract with the control plane (vfp_ctrl) inside. One packet
// at a time of each host goes between the two; what they share of maps becomes rows.
module vfp_fabric #(
  parameter int unsigned Users      = 2,
  parameter int unsigned UserFns    = 16,  // Slots * SlotFns
  parameter int unsigned Devices    = 1,
  parameter int unsigned Vfs        = 64,  // of a device
  parameter int unsigned Tags       = 256,
  parameter int unsigned MaxPayload = 128,
  localparam int unsigned Hosts  = Users + 1,
  localparam int unsigned Ports  = Hosts + Devices,
  localparam int unsigned NumFns = Users * UserFns,
  localparam int unsigned NFnW   = $clog2(NumFns),
  localparam int unsigned NumVfs = Devices * Vfs,  // numbered device * Vfs + VF
  localparam int unsigned VfW    = $clog2(NumVfs),
  localparam int unsigned DevVfW = $clog2(Vfs),
  localparam int unsigned DevW   = Devices > 1 ? $clog2(Devices) : 1,
  localparam int unsigned CellW  = vfp_cell_pkg::CellW,
  localparam int unsigned RouteW = vfp_route_pkg::RouteW,
  localparam int unsigned ReqW   = vfp_tags_pkg::ReqW
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic clk_ctrl_i,  // of the control plane; stands while that rests (vfp_clock_gate)
  input  logic ctrl_on_i,   // it does not
  input  logic tick_ms_i,

  // Streams; ports from Hosts on are the devices.
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
  input  logic [Hosts-1:0]         rsp_blocked_i,
  input  logic [Hosts-1:0][31:0]   rsp_data_i,
  input  logic [Hosts-1:0][15:0]   rsp_cpl_id_i,
  input  logic [Hosts-1:0][15:0]   rsp_fwd_bdf_i,
  input  logic [Hosts-1:0]         rsp_fwd_type1_i,
  input  logic [Hosts-1:0]         rsp_fwd_live_i,
  input  logic [Hosts-1:0][DevW-1:0] rsp_fwd_dev_i,
  output logic [Hosts-1:0]         reg_valid_o,
  input  logic [Hosts-1:0]         reg_ready_i,
  output logic [Hosts-1:0]         reg_write_o,
  output logic [Hosts-1:0][15:0]   reg_addr_o,
  output logic [Hosts-1:0][3:0]    reg_be_o,
  output logic [Hosts-1:0][31:0]   reg_wdata_o,
  input  logic [Hosts-1:0][31:0]   reg_rdata_i,
  input  logic [Devices-1:0]       int_valid_i,
  output logic [Devices-1:0]       int_lock_o,
  output logic [Devices-1:0]       int_ready_o,
  input  logic [Devices-1:0]       int_write_i,
  input  logic [Devices-1:0][15:0] int_bdf_i,
  input  logic [Devices-1:0]       int_type1_i,
  input  logic [Devices-1:0][11:0] int_reg_i,
  input  logic [Devices-1:0][3:0]  int_be_i,
  input  logic [Devices-1:0][31:0] int_wdata_i,
  output logic [Devices-1:0]       int_done_o,
  output logic [Devices-1:0][2:0]  int_status_o,
  output logic [Devices-1:0][31:0] int_rdata_o,
  input  logic [Hosts-1:0]         msi_valid_i,
  output logic [Hosts-1:0]         msi_ready_o,
  input  logic [Hosts-1:0][15:0]   msi_rid_i,
  input  logic [Hosts-1:0][63:0]   msi_addr_i,
  input  logic [Hosts-1:0][31:0]   msi_data_i,
  input  logic [Ports-1:0][1:0]    payload_i,
  input  logic [Hosts-1:0]         mgmt_en_i,
  input  logic [Hosts-1:0][63:0]   mgmt_bar_i,
  input  logic [Hosts-1:0][15:0]   mgmt_bdf_i,
  input  logic [Devices-1:0]       own_mem_en_i,
  input  logic [Devices-1:0]       own_bme_i,
  input  logic [Devices-1:0][31:0] own_mem_base_i,
  input  logic [Devices-1:0][31:0] own_mem_limit_i,
  input  logic [Devices-1:0][63:0] own_pref_base_i,
  input  logic [Devices-1:0][63:0] own_pref_limit_i,
  input  logic [Devices-1:0][15:0] own_dsp_bdf_i,
  input  logic [Devices-1:0][7:0]  own_sec_bus_i,
  input  logic [Devices-1:0][7:0]  own_sub_bus_i,
  input  logic [NumFns-1:0]          fn_active_i,
  input  logic [NumFns-1:0]          fn_mse_i,
  input  logic [NumFns-1:0]          fn_bme_i,
  output logic [NFnW-1:0]            id_fn_o,
  input  logic [15:0]                fn_id_i,
  input  logic [VfW-1:0]             fn_vf_i,
  output logic [NFnW-1:0]            bar_fn_o,
  output logic                       bar_3_o,
  input  logic [63:14]               fn_bar_i,
  input  logic [Devices-1:0]           dev_known_i,
  input  logic [Devices-1:0]           dev_wait_i,
  input  logic [Devices-1:0]           dev_sriov_i,
  input  logic [Devices-1:0]           dev_vf_mse_i,
  input  logic [Devices-1:0][2:0]      dev_vf_shift_i,
  input  logic [Devices-1:0][15:0]     dev_vf_first_i,
  input  logic [Devices-1:0][15:0]     dev_vf_stride_i,
  input  logic [Devices-1:0][DevVfW:0] dev_num_vfs_i,
  input  logic [Devices-1:0][63:0]     dev_bar0_i,
  input  logic [Devices-1:0][63:0]     dev_bar3_i,
  input  logic [NumVfs-1:0]            vf_owned_i,
  output logic [VfW-1:0]               whose_vf_o,
  input  logic [NFnW-1:0]              whose_fn_i,
  input  logic [Hosts-1:0][4:0]    weight_i,
  input  logic [15:0]              cpl_timeout_ms_i,
  input  logic                     freeze_i,
  output logic [NumVfs-1:0]        vf_busy_o,
  output logic [Devices-1:0]       own_cfg_write_o,
  output logic [Devices-1:0][9:0]  own_cfg_reg_o,
  output logic [Devices-1:0]       own_cfg_writing_o,
  output logic [Devices-1:0]       own_cfg_written_o,
  output logic [Ports-1:0][2:0]    ev_rx_o,
  output logic [Ports-1:0][2:0]    ev_tx_o,
  output logic                     err_valid_o,
  output logic [7:0]               err_port_o,
  output logic [3:0]               err_reason_o,
  output logic [127:0]             err_hdr_o,
  output logic [1:0]               timeouts_o,
  output logic [Hosts-1:0]         host_lost_o,
  output logic [Devices-1:0]       dev_stuck_o,
  output logic [Hosts-1:0][1:0]    host_refused_o,

  output logic busy_o,
  output logic timer_o
);

  localparam int unsigned MapSlots = UserFns <= 8 ? 1 : UserFns / 8;
  localparam int unsigned IdxW     = $clog2(8 * MapSlots);
  // Each host's share of the tags toward a device, and a device's of those toward a host; some are for requests that the control
  // plane hands on.
  localparam int unsigned Quota    = (Tags - 16) / (Hosts > Devices ? Hosts : Devices);

  logic                       ready;
  logic [Ports-1:0][CellW-1:0] rx, tx, local_cell, own_cpl, own_req;
  logic [Ports-1:0][2:0]      local_ready;
  logic [Ports-1:0]           local_valid, own_cpl_valid, own_cpl_ready, own_req_valid, own_req_ready;
  logic [Ports-1:0][1:0]      own_req_cls;
  logic [Ports-1:0][RouteW-1:0] local_route;
  logic [Ports-1:0]           tag_valid, tag_ready, late, alloc, over, over_late;
  logic [Ports-1:0][ReqW-1:0] tag_req, alloc_req, over_req;
  logic [Ports-1:0][7:0]      tag;
  logic [Ports-1:0][2:0]      refused;
  logic [Ports-1:0]           contained, lost, waits, deciding, old, cut, renews, own_waits, local_np;
  logic [Hosts-1:0]           err_valid, err_ready, host_refused, answer_lost, msi_wide_q;
  logic [Hosts-1:0][3:0]      err_reason;
  logic [Hosts-1:0][127:0]    err_hdr;
  logic [Ports-1:0][15:0]     id;
  logic [Ports-1:0][4:0]      weight;
  logic [Hosts-1:0][47:0]     local_bar;
  logic [Hosts-1:0]           hold;
  logic [Hosts-1:0][Devices-1:0] hold_dev;
  logic [Devices-1:0][63:0]   bump, pending;
  logic [Users-1:0]           map_we;
  logic [5:0]                 map_idx, steer_vf;
  logic [vfp_map_pkg::MapRowW-1:0]     map_row;
  logic [Devices-1:0]         steer_we;
  logic [vfp_steer_pkg::SteerRowW-1:0] steer_row;
  logic                       kick, settled, moving, plane_busy;
  logic [Hosts-1:0]           kicks, p_waits, p_sends;

  // A packet that was dropped at a stuck port still has its own time-out before it: together they must stay below the
  // time-outs of the hosts, from 50 ms on.
  logic [12:0] stuck_q;
  always_ff @(posedge clk_i) begin
    stuck_q <= cpl_timeout_ms_i[15:2] == '0 ? 13'd1 : cpl_timeout_ms_i[15] ? '1 : cpl_timeout_ms_i[14:2];
  end

  // What is known of each device. A user's address that leads nowhere may be of a card that nobody may reach: of the only one,
  // or of one with users' VFs.
  logic                     users_closed;
  logic [Devices-1:0]       pf_known, shut;
  logic [Devices-1:0][15:0] pf_rid;
  logic [Devices-1:0][6:0]  num;
  logic [Devices-1:0][11:0] mem_base, mem_limit;
  logic [Devices-1:0][43:0] pref_base, pref_limit;
  assign users_closed = freeze_i || shut != '0;
  for (genvar d = 0; d < int'(Devices); d++) begin : gen_known
    assign shut[d]       = !dev_known_i[d] && (Devices == 1 || vf_owned_i[d*Vfs +: Vfs] != '0);
    assign pf_known[d]   = own_sec_bus_i[d] != 8'd0;
    assign pf_rid[d]     = {own_sec_bus_i[d], 8'd0};
    assign num[d]        = 7'(dev_num_vfs_i[d]);
    assign mem_base[d]   = own_mem_base_i[d][31:20];
    assign mem_limit[d]  = own_mem_limit_i[d][31:20];
    assign pref_base[d]  = own_pref_base_i[d][63:20];
    assign pref_limit[d] = own_pref_limit_i[d][63:20];
  end

  for (genvar p = 0; p < int'(Ports); p++) begin : gen_stream
    vfp_cell_pkg::cell_t in, out;
    always_comb begin
      in      = '0;
      in.sop  = rx_sop_i[p];
      in.eop  = rx_eop_i[p];
      in.hdr  = rx_hdr_i[p];
      in.data = rx_data_i[p];
    end
    assign rx[p]        = in;
    assign out          = tx[p];
    assign tx_sop_o[p]  = out.sop;
    assign tx_eop_o[p]  = out.eop;
    assign tx_hdr_o[p]  = out.hdr;
    assign tx_data_o[p] = out.data;
    logic unused;
    assign unused = out.nullify;
  end

  vfp_plane #(
    .Users(Users), .Devices(Devices), .Slots(MapSlots), .Tags(Tags), .MaxPayload(MaxPayload)
  ) u_plane (
    .clk_i, .rst_ni, .init_done_o(ready), .tick_ms_i, .payload_i, .link_i,
    .rx_valid_i, .rx_ready_o, .rx_i(rx), .rx_room_o, .tx_valid_o, .tx_ready_i, .tx_o(tx), .tx_room_i,
    .id_i(id), .timeout_i(cpl_timeout_ms_i[15] ? 15'h7fff : cpl_timeout_ms_i[14:0]), .quota_i(9'(Quota)),
    .weight_i(weight), .tick_stuck_i(tick_ms_i), .stuck_i(stuck_q), .patience_i(24'd0),
    .map_we_i(map_we), .map_idx_i(map_idx[IdxW-1:0]), .map_row_i(map_row),
    .steer_we_i(steer_we), .steer_vf_i(steer_vf), .steer_row_i(steer_row), .bump_i(bump), .pending_o(pending),
    .local_en_i(mgmt_en_i), .local_bar_i(local_bar), .hold_i(hold), .hold_dev_i(hold_dev),
    .pf_known_i(pf_known), .pf_rid_i(pf_rid), .pf_master_i(own_bme_i),
    .whole_i(dev_known_i & ~dev_sriov_i), .last_bus_i(own_sub_bus_i),
    .sriov_i(dev_sriov_i & dev_known_i), .closed_i(~dev_known_i | {Devices{freeze_i}}), .users_closed_i(users_closed),
    .first_i(dev_vf_first_i), .stride_i(dev_vf_stride_i), .num_i(num), .win_en_i(own_mem_en_i),
    .mem_base_i(mem_base), .mem_limit_i(mem_limit), .pref_base_i(pref_base), .pref_limit_i(pref_limit),
    .local_ready_i(local_ready), .local_valid_o(local_valid), .local_o(local_cell), .local_route_o(local_route),
    .own_cpl_valid_i(own_cpl_valid), .own_cpl_ready_o(own_cpl_ready), .own_cpl_i(own_cpl),
    .own_req_valid_i(own_req_valid), .own_req_ready_o(own_req_ready), .own_req_cls_i(own_req_cls), .own_req_i(own_req),
    .own_tag_valid_i(tag_valid), .own_tag_ready_o(tag_ready), .own_tag_req_i(tag_req), .own_tag_o(tag),
    .p_waits_o(p_waits), .p_sends_o(p_sends),
    .own_late_o(late), .own_waits_i(own_waits), .local_np_i(local_np),
    .own_err_valid_i(err_valid), .own_err_ready_o(err_ready), .own_err_reason_i(err_reason), .own_err_hdr_i(err_hdr),
    .alloc_o(alloc), .alloc_req_o(alloc_req), .over_o(over), .over_late_o(over_late),
    .over_req_o(over_req), .ev_rx_o, .ev_tx_o, .refused_o(refused),
    .err_valid_o, .err_ready_i(1'b1), .err_port_o, .err_reason_o, .err_hdr_o,
    .contained_o(contained), .lost_o(lost), .timer_o(waits), .busy_o(plane_busy), .deciding_o(deciding),
    .old_o(old), .cut_o(cut), .renews_o(renews)
  );

  // --- hosts ---

  logic [Hosts-1:0]         fwd_valid, fwd_lock, fwd_ready, host_busy, counts;
  logic [Hosts-1:0][127:0]  fwd_hdr;
  logic [Hosts-1:0][31:0]   fwd_data;
  logic [Hosts-1:0][15:0]   fwd_cpl_id;
  logic [Hosts-1:0][DevW-1:0] fwd_dev;

  for (genvar h = 0; h < int'(Hosts); h++) begin : gen_host
    logic live, passed, clk;
    vfp_clock_gate u_gate (
      .clk_i, .rst_ni,
      .on_i(local_valid[h] || local_ready[h] != 3'b111 || link_q[h] != link_i[h] || old_q[h] != old[h]), .clk_o(clk)
    );
    vfp_local_host #(.Owner(h == 0), .Devices(Devices)) u_local (
      .clk_i(clk), .rst_ni, .link_i(link_i[h] && !cut[h]), .old_i(old_q[h]),
      .in_ready_o(local_ready[h]), .in_valid_i(local_valid[h]), .in_i(local_cell[h]), .in_route_i(local_route[h]),
      .cfg_valid_o(cfg_valid_o[h]), .cfg_ready_i(cfg_ready_i[h]), .cfg_hdr_o(cfg_hdr_o[h]), .cfg_data_o(cfg_data_o[h]),
      .rsp_valid_i(rsp_valid_i[h]), .rsp_ready_o(rsp_ready_o[h]), .rsp_fwd_i(rsp_fwd_i[h]), .rsp_blocked_i(rsp_blocked_i[h]),
      .rsp_status_i(rsp_status_i[h]), .rsp_data_i(rsp_data_i[h]), .rsp_cpl_id_i(rsp_cpl_id_i[h]),
      .rsp_fwd_bdf_i(rsp_fwd_bdf_i[h]), .rsp_fwd_type1_i(rsp_fwd_type1_i[h]), .rsp_fwd_live_i(rsp_fwd_live_i[h]),
      .rsp_fwd_dev_i(rsp_fwd_dev_i[h]),
      .reg_valid_o(reg_valid_o[h]), .reg_ready_i(reg_ready_i[h]), .reg_write_o(reg_write_o[h]),
      .reg_addr_o(reg_addr_o[h]), .reg_be_o(reg_be_o[h]), .reg_wdata_o(reg_wdata_o[h]), .reg_rdata_i(reg_rdata_i[h]),
      .reg_id_i(mgmt_bdf_i[h]), .kick_o(kicks[h]), .settled_i(settled),
      .dev_takes_i(link_i[Hosts +: Devices] & ~contained[Hosts +: Devices]), .fwd_dev_o(fwd_dev[h]), .fwd_valid_o(live),
      .fwd_lock_i(fwd_lock[h]), .fwd_ready_i(fwd_ready[h]), .fwd_hdr_o(fwd_hdr[h]), .fwd_data_o(fwd_data[h]), .fwd_cpl_id_o(fwd_cpl_id[h]),
      .out_valid_o(own_cpl_valid[h]), .out_ready_i(own_cpl_ready[h]), .out_o(own_cpl[h]),
      .err_valid_o(err_valid[h]), .err_ready_i(err_ready[h]), .err_reason_o(err_reason[h]), .err_hdr_o(err_hdr[h]),
      .refused_o(host_refused[h]), .lost_o(answer_lost[h]), .np_o(local_np[h]), .busy_o(host_busy[h])
    );
    assign own_waits[h] = 1'b0;
    assign hold[h]      = h != 0 && waits_q != '0 && patient;
    assign hold_dev[h]  = h != 0 ? waits_q : '0;
    // What goes on to the device passes no posted packet of its sender (PCIe Base Specification 2.1, table 2-24).
    vfp_passed #(.Slots(128)) u_passed (
      .clk_i(clk), .rst_ni, .begin_i(live), .waits_i(p_waits[h]), .sends_i(p_sends[h]), .over_o(passed), .counts_o(counts[h])
    );
    assign fwd_valid[h] = live && passed && !hold_dev[h][fwd_dev[h]];

    vfp_cell_pkg::cell_t    msi;
    vfp_cell_pkg::req_hdr_t msi_hdr;
    always_comb begin
      msi_hdr          = '0;
      msi_hdr.dw0.data = 1'b1;
      msi_hdr.dw0.dw4  = msi_wide_q[h];
      msi_hdr.dw0.len  = 10'd1;
      msi_hdr.rid      = msi_rid_i[h];
      msi_hdr.first_be = 4'hf;
      msi_hdr.dw2      = msi_hdr.dw0.dw4 ? msi_addr_i[h][63:32] : msi_addr_i[h][31:0];
      msi_hdr.dw3      = msi_hdr.dw0.dw4 ? msi_addr_i[h][31:0] : 32'd0;
      msi              = '0;
      msi.sop          = 1'b1;
      msi.eop          = 1'b1;
      msi.hdr          = msi_hdr;
      msi.data         = {96'd0, msi_data_i[h]};
    end
    assign own_req_valid[h] = msi_valid_i[h];
    assign own_req_cls[h]   = vfp_cell_pkg::ClsP;
    assign own_req[h]       = msi;
    assign msi_ready_o[h]   = own_req_ready[h];
    assign tag_valid[h]     = 1'b0;
    assign tag_req[h]       = '0;
    assign id[h]            = mgmt_bdf_i[h];
    assign local_bar[h]     = mgmt_bar_i[h][63:16];
    assign weight[h]        = weight_i[h];
    always_ff @(posedge clk_i) begin
      msi_wide_q[h]     <= msi_addr_i[h][63:32] != 32'd0;  // 3 DW below 4 GiB (2.2.4.1); the address is there long before
      host_refused_o[h] <= {2{rst_ni}} & (refused[h][1:0] | {host_refused[h], 1'b0});
      host_lost_o[h] <= rst_ni && link_i[h] && (lost[h] || answer_lost[h] || (host_lost_o[h] && old[h]));
    end
  end

  // What the owner writes may move the VFs, and a pool that thaws opens them: users' requests wait for what comes of it,
  // until the tables say so.
  // Those to the device wait before it, and all requests at the link, so that their addresses are looked up in the new tables.
  // With several devices these wait no longer than a look at a card usually takes: one that does not answer must not hold up
  // requests to the others.
  logic [Devices-1:0] held, held_q, waits_q, closed, closed_q, opens;  // waits: held, a cycle late
  logic               patient, runs_out;
  assign closed = dev_wait_i | {Devices{freeze_i}};
  assign opens  = closed_q & ~closed;
  assign held   = dev_wait_i | opens | held_q;
  always_ff @(posedge clk_i) begin
    kick     <= rst_ni && (kicks != '0 || opens != '0);
    closed_q <= closed;
    waits_q  <= held;
    held_q   <= {Devices{rst_ni}} & (dev_wait_i | opens | (held_q & {Devices{!settled}}));
  end
  if (Devices > 1) begin : gen_patience
    logic [12:0] patience_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni || held == '0) patience_q <= '1;
      else if (patience_q != '0) patience_q <= patience_q - 1'b1;
    end
    assign patient  = patience_q != '0;
    assign runs_out = held != '0 && patient;
  end else begin : gen_patient
    assign patient  = 1'b1;
    assign runs_out = 1'b0;
  end

  // --- the devices ---

  logic [Devices-1:0]            devs_busy;
  logic [Devices-1:0][Hosts-1:0] dev_fwd_lock, dev_fwd_ready;
  for (genvar d = 0; d < int'(Devices); d++) begin : gen_device
    localparam int unsigned P = Hosts + d;
    logic [Hosts-1:0]       valid;
    vfp_cell_pkg::cell_t    dev_req;
    vfp_tags_pkg::tag_req_t dev_tag;
    logic                   clk_device, takes, asks;
    for (genvar h = 0; h < int'(Hosts); h++) begin : gen_forward
      assign valid[h] = fwd_valid[h] && fwd_dev[h] == DevW'(d);
    end
    vfp_clock_gate u_device_gate (
      .clk_i, .rst_ni,
      .on_i(int_valid_i[d] || valid != '0 || tag_valid[P] || own_req_valid[P] || local_valid[P] || over[P] || late[P] ||
            devs_busy[d] || own_cfg_writing_o[d] || link_q[P] != link_i[P]),
      .clk_o(clk_device)
    );
    vfp_local_device #(.Hosts(Hosts)) u_device (
      .clk_i(clk_device), .rst_ni, .link_i(link_i[P]), .room_i(takes && !renews[P]), .takes_i(!contained[P]),
      .id_i(own_dsp_bdf_i[d]),
      .fwd_valid_i(valid), .fwd_lock_o(dev_fwd_lock[d]), .fwd_ready_o(dev_fwd_ready[d]), .fwd_hdr_i(fwd_hdr), .fwd_data_i(fwd_data),
      .fwd_cpl_id_i(fwd_cpl_id),
      .int_valid_i(int_valid_i[d]), .int_lock_o(int_lock_o[d]), .int_ready_o(int_ready_o[d]),
      .int_write_i(int_write_i[d]), .int_bdf_i(int_bdf_i[d]),
      .int_type1_i(int_type1_i[d]), .int_reg_i(int_reg_i[d]), .int_be_i(int_be_i[d]), .int_wdata_i(int_wdata_i[d]),
      .int_done_o(int_done_o[d]), .int_status_o(int_status_o[d]), .int_rdata_o(int_rdata_o[d]),
      .warn_o(own_cfg_write_o[d]), .warn_reg_o(own_cfg_reg_o[d]), .writing_o(own_cfg_writing_o[d]),
      .written_o(own_cfg_written_o[d]),
      .tag_valid_o(tag_valid[P]), .tag_ready_i(tag_ready[P]), .tag_req_o(dev_tag), .tag_i(tag[P]),
      .out_valid_o(own_req_valid[P]), .out_ready_i(own_req_ready[P]), .out_o(dev_req),
      .over_i(over[P]), .over_req_i(over_req[P]), .late_i(late[P]),
      .in_valid_i(local_valid[P]), .in_i(local_cell[P]), .asks_o(asks), .busy_o(devs_busy[d])
    );
    assign takes         = tx_room_i[P][1] || contained[P];
    logic waits_for_room_q;
    always_ff @(posedge clk_i) waits_for_room_q <= rst_ni && asks && !takes && link_i[P];
    assign own_waits[P]  = waits_for_room_q;
    assign local_np[P]   = 1'b0;
    assign own_req[P]       = dev_req;
    assign tag_req[P]       = dev_tag;
    assign own_req_cls[P]   = vfp_cell_pkg::ClsNp;
    assign own_cpl_valid[P] = 1'b0;
    assign own_cpl[P]       = '0;
    assign local_ready[P]   = 3'b111;  // completions of the bridge's own requests, one at a time
    assign id[P]            = own_dsp_bdf_i[d];
    assign weight[P]        = 5'd1;
    logic unused;
    assign unused = ^{local_route[P], refused[P], old[P], cut[P], lost[P], own_cpl_ready[P]};
  end
  always_comb begin
    fwd_lock  = '0;
    fwd_ready = '0;
    for (int d = 0; d < int'(Devices); d++) begin
      fwd_lock  = fwd_lock | dev_fwd_lock[d];
      fwd_ready = fwd_ready | dev_fwd_ready[d];
    end
  end

  assign dev_stuck_o = contained[Hosts +: Devices];

  // --- tables ---

  // Two walks after what the control plane does last there is nothing new to find.
  localparam int unsigned TwoWalks = 6 * (NumFns + NumVfs);
  localparam int unsigned LookW = $clog2(TwoWalks + 1);
  logic             clk_rows;
  logic [LookW-1:0] look_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || ctrl_on_i) look_q <= LookW'(TwoWalks);
    else if (look_q != '0) look_q <= look_q - 1'b1;
  end
  vfp_clock_gate u_rows_gate (
    .clk_i, .rst_ni, .on_i(look_q != '0 || !settled || moving || pending != '0), .clk_o(clk_rows)
  );
  vfp_rows #(.Users(Users), .UserFns(UserFns), .Devices(Devices), .Vfs(Vfs), .MaxPayload(MaxPayload)) u_rows (
    .clk_i(clk_rows), .rst_ni, .ready_i(ready),
    .fn_active_i, .fn_mse_i, .fn_bme_i, .id_fn_o, .fn_id_i, .fn_vf_i, .bar_fn_o, .bar_3_o, .fn_bar_i,
    .vf_owned_i, .whose_vf_o, .whose_fn_i,
    .open_i(dev_known_i & ~{Devices{freeze_i}}), .vf_mse_i(dev_vf_mse_i), .vf_shift_i(dev_vf_shift_i), .dev_bar0_i, .dev_bar3_i,
    .vf_first_i(dev_vf_first_i), .vf_stride_i(dev_vf_stride_i), .own_master_i(own_bme_i),
    .user_payload_i(payload_i[Hosts-1:1]), .dev_payload_i(payload_i[Ports-1:Hosts]),
    .pending_i(pending), .bump_o(bump), .map_we_o(map_we), .map_idx_o(map_idx), .map_row_o(map_row),
    .steer_we_o(steer_we), .steer_vf_o(steer_vf), .steer_row_o(steer_row),
    .kick_i(kick), .settled_o(settled), .moving_o(moving)
  );

  // Of each device: at its own port, and those of its requests at the hosts'.
  logic [Devices-1:0][Hosts:0]             begins, ends;
  logic [Devices-1:0][Hosts:0][DevVfW-1:0] begin_vf, end_vf;
  for (genvar d = 0; d < int'(Devices); d++) begin : gen_busy
    for (genvar h = 0; h <= int'(Hosts); h++) begin : gen_count
      localparam bit          Own = h == int'(Hosts);
      localparam int unsigned P   = Own ? Hosts + d : h;
      vfp_tags_pkg::tag_req_t first, last;
      assign first       = alloc_req[P];
      assign last        = over_req[P];
      assign begins[d][h]   = alloc[P] && first.has_vf && (Own || Devices == 1 || first.port == 5'(d));
      assign begin_vf[d][h] = DevVfW'(first.vf);
      assign ends[d][h]     = over[P] && last.has_vf && (Own || Devices == 1 || last.port == 5'(d));
      assign end_vf[d][h]   = DevVfW'(last.vf);
      logic unused;
      assign unused = ^{first, last};
    end
    vfp_vf_busy #(.Ports(Hosts + 1), .Vfs(Vfs)) u_busy (
      .clk_i, .rst_ni, .begin_i(begins[d]), .begin_vf_i(begin_vf[d]), .end_i(ends[d]), .end_vf_i(end_vf[d]),
      .unsure_i(moving),
      .busy_o(busy[d*Vfs +: Vfs])
    );
  end
  // The walk goes on in every cycle; the control plane looks at its result in its own ones, of which each use of it has had
  // one before.
  logic [NumVfs-1:0] busy, busy_q;
  always_ff @(posedge clk_ctrl_i) busy_q <= rst_ni && !moving ? busy : '1;
  assign vf_busy_o = busy_q;

  // Requests that nobody answered in time, toward a device and toward a host. What a lost link ends is not of them.
  assign timeouts_o[0] = (over_late[Ports-1:Hosts] & link_i[Ports-1:Hosts]) != '0;
  assign timeouts_o[1] = (over_late[Hosts-1:0] & link_i[Hosts-1:0]) != '0;

  // --- for a clock that may stop: after anything that happens some cycles more ---

  localparam logic [9:0] Walk   = 10'd400;  // through all tags, each millisecond and when a link is lost
  localparam logic [9:0] Wait   = 10'd112;  // while something waits: a walk of vfp_vf_busy, a turn of vfp_voq_pick
  localparam logic [9:0] Pass   = 10'd40;   // through the bridge, where nothing else tells that something is under way
  localparam logic [7:0] Looks  = 8'(2 * Vfs + 2);  // vfp_vf_busy knows again who is quiet
  logic [9:0]              quiet_q, tail;
  logic [7:0]              looks_q;
  logic                    comes, moves;
  logic [Ports-1:0]        link_q, tx_ready_q;
  logic [Hosts-1:0]        old_q;
  logic [Ports-1:0][2:0]   tx_room_q;
  // By itself, so that the simulation computes what follows once a cycle, and not for its inputs as well.
  assign comes = rx_valid_i != '0;
  assign moves = (tx_valid_o & tx_ready_i) != '0 || local_valid != '0 || alloc != '0 || over != '0 ||
                 (own_req_valid & own_req_ready) != '0 || (own_cpl_valid & own_cpl_ready) != '0 || devs_busy != '0 || looks_q != '0 ||
                 (host_busy | counts) != '0 || deciding != '0 || err_valid_o || tick_ms_i || !settled || pending != '0 ||
                 renews != '0 || runs_out ||
                 link_q != link_i || tx_ready_q != tx_ready_i || tx_room_q != tx_room_i || !ready;
  assign tail = waits != '0 ? Wait : Pass;
  always_ff @(posedge clk_i) begin
    link_q     <= link_i;
    old_q      <= old[Hosts-1:0];
    tx_ready_q <= tx_ready_i;
    tx_room_q  <= tx_room_i;
    looks_q    <= !rst_ni ? '0 : moving ? Looks : looks_q != '0 ? looks_q - 8'd1 : '0;
    if (!rst_ni || (tick_ms_i && waits != '0) || link_q != link_i) quiet_q <= Walk;
    else if ((comes || moves) && quiet_q < tail) quiet_q <= tail;
    else if (waits == '0 && quiet_q > Pass) quiet_q <= Pass;
    else if (quiet_q != '0) quiet_q <= quiet_q - 1'b1;
  end
  // Where all parts rest, nothing is under way. (A part that waits for a neighbour does not rest.)
  logic [4:0] rest_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || comes || moves || plane_busy) rest_q <= 5'd20;
    else if (rest_q != '0) rest_q <= rest_q - 1'b1;
  end
  assign busy_o  = comes || moves || (quiet_q != '0 && rest_q != '0);
  assign timer_o = waits != '0;

  logic unused;
  assign unused = ^{map_idx, own_mem_base_i, own_mem_limit_i, own_pref_base_i, own_pref_limit_i, mgmt_bar_i, late[Hosts-1:0],
                    tag[Hosts-1:0], tag_ready[Hosts-1:0], cpl_timeout_ms_i[1:0]};

endmodule
