// SPDX-License-Identifier: Apache-2.0
// Management registers (tools/regs/bridge.toml): one access at a time, from the hosts' ports and the service bus.
module vfp_regs #(
  parameter int unsigned Users   = 2,
  parameter int unsigned Slots   = 2,
  parameter int unsigned SlotFns = 8,
  parameter int unsigned Vfs     = 64,
  localparam int unsigned Hosts    = Users + 1,
  localparam int unsigned Views    = Hosts + 1,  // the last one: service bus
  localparam int unsigned ViewW    = $clog2(Views),
  localparam int unsigned NumSlots = Users * Slots,
  localparam int unsigned NumFns   = NumSlots * SlotFns,
  localparam int unsigned NSlotW   = $clog2(NumSlots),
  localparam int unsigned NFnW     = $clog2(NumFns),
  localparam int unsigned VfW      = $clog2(Vfs)
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic tick_ms_i,

  input  logic [Views-1:0]       reg_valid_i,
  output logic [Views-1:0]       reg_ready_o,
  input  logic [Views-1:0]       reg_write_i,
  input  logic [Views-1:0][15:0] reg_addr_i,
  input  logic [Views-1:0][3:0]  reg_be_i,
  input  logic [Views-1:0][31:0] reg_wdata_i,
  output logic [Views-1:0][31:0] reg_rdata_o,

  output logic        cmd_o,
  output logic        cmd_owner_o,
  output logic [31:0] cmd_word_o,
  input  logic [3:0]  cmd_result_i,

  input  logic         sriov_i,
  input  logic [VfW:0] num_vfs_i,
  input  logic [Vfs-1:0]           vf_assigned_i,
  input  logic [Vfs-1:0][1:0]      vf_state_i,
  input  logic [Vfs-1:0]           vf_busy_i,
  input  logic [Vfs-1:0][NFnW-1:0] vf_fn_i,
  input  logic [NumSlots-1:0]      slot_present_i,
  input  logic [NumSlots-1:0]      slot_link_i,
  input  logic [NumSlots-1:0]      slot_powered_i,
  input  logic [NumSlots-1:0]      slot_usable_i,
  input  logic [NumSlots-1:0][1:0] power_led_i,
  input  logic [NumSlots-1:0][1:0] attn_led_i,
  input  logic [NumSlots-1:0]      releasing_i,

  input  logic [Views-1:0][2:0] ev_rx_i,
  input  logic [Views-1:0][2:0] ev_tx_i,
  input  logic         err_valid_i,
  input  logic [3:0]   err_port_i,
  input  logic [3:0]   err_reason_i,
  input  logic [127:0] err_hdr_i,

  output logic [Hosts-1:0][7:0] weight_o,
  output logic [15:0] cpl_timeout_ms_o,
  output logic        freeze_o,
  output logic        busy_o,
  output logic        timer_o
);

  // ---- One access: chosen, then carried out -----------------------------------------------------------------------------
  logic             active_q;
  logic [ViewW-1:0] view_q;
  logic [Views-1:0] next;
  assign next = reg_valid_i & ~reg_ready_o & (~(reg_valid_i & ~reg_ready_o) + 1'b1);

  logic        write, owner;
  logic [15:0] addr;
  logic [31:0] wdata, rdata, mask;
  logic [3:0]  be;
  assign addr  = {reg_addr_i[view_q][15:2], 2'b00};
  assign wdata = reg_wdata_i[view_q];
  assign be    = reg_be_i[view_q];
  assign mask  = {{8{be[3]}}, {8{be[2]}}, {8{be[1]}}, {8{be[0]}}};
  assign write = active_q && reg_write_i[view_q];
  assign owner = view_q == '0 || view_q == ViewW'(Hosts);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      active_q    <= 1'b0;
      reg_ready_o <= '0;
    end else begin
      reg_ready_o <= '0;
      active_q    <= !active_q && next != '0;
      for (int v = 0; v < int'(Views); v++) if (next[v]) view_q <= ViewW'(v);
      if (active_q) reg_ready_o[view_q] <= reg_valid_i[view_q];
    end
    for (int v = 0; v < int'(Views); v++) if (active_q) reg_rdata_o[v] <= rdata;
  end
  assign busy_o = (|reg_valid_i) || active_q;

  // ---- State -----------------------------------------------------------------------------------------------------------
  logic [Views-1:0][31:0] scratch_q;
  logic [Views-1:0][3:0]  result_q;
  logic [15:0]            timeout_q, heartbeat_ms_q, quiet_q;
  logic                   frozen_q;
  logic [Hosts-1:0][7:0]  weight_q;
  logic [31:0]            log_count_q;
  logic [3:0]             log_reason_q, log_port_q;
  logic [127:0]           log_hdr_q;
  logic [31:0]            drops_q [16];
  logic [Views-1:0][2:0][31:0] rx_q, tx_q;

  assign cmd_o       = write && addr == vfp_regs_pkg::CommandOffset;
  assign cmd_owner_o = owner;
  assign cmd_word_o  = owner ? wdata : {wdata[31:20], 4'(view_q), wdata[15:0]};

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      scratch_q      <= '0;
      result_q       <= '0;
      timeout_q      <= 16'd30;
      heartbeat_ms_q <= '0;
      quiet_q        <= '0;
      frozen_q       <= 1'b0;
      weight_q       <= {Hosts{8'd1}};
      log_count_q    <= '0;
      log_reason_q   <= '0;
      log_port_q     <= '0;
      log_hdr_q      <= '0;
      rx_q           <= '0;
      tx_q           <= '0;
      for (int i = 0; i < 16; i++) drops_q[i] <= '0;
    end else begin
      if (heartbeat_ms_q == '0) begin
        quiet_q  <= '0;
        frozen_q <= 1'b0;
      end else if (tick_ms_i && !frozen_q) begin
        quiet_q  <= quiet_q + 1'b1;
        frozen_q <= quiet_q >= heartbeat_ms_q;
      end

      if (write && addr == vfp_regs_pkg::ScratchOffset) scratch_q[view_q] <= (scratch_q[view_q] & ~mask) | (wdata & mask);
      if (cmd_o) result_q[view_q] <= cmd_result_i;
      if (write && owner) begin
        if (addr == vfp_regs_pkg::CplTimeoutMsOffset) timeout_q <= wdata[15:0] == '0 ? 16'd1 : wdata[15:0];
        if (addr == vfp_regs_pkg::HeartbeatMsOffset) heartbeat_ms_q <= wdata[15:0];
        if (addr == vfp_regs_pkg::HeartbeatOffset) begin
          quiet_q  <= '0;
          frozen_q <= 1'b0;
        end
        for (int h = 0; h < int'(Hosts); h++) begin
          if (addr == vfp_regs_pkg::WeightOffset + 16'(4 * h)) weight_q[h] <= wdata[7:0] == '0 ? 8'd1 : wdata[7:0];
        end
      end

      if (err_valid_i) begin
        log_count_q           <= log_count_q + 1'b1;
        log_reason_q          <= err_reason_i;
        log_port_q            <= err_port_i;
        log_hdr_q             <= err_hdr_i;
        drops_q[err_reason_i] <= drops_q[err_reason_i] + 1'b1;
      end
      for (int p = 0; p < int'(Views); p++) begin
        for (int c = 0; c < 3; c++) begin
          if (ev_rx_i[p][c]) rx_q[p][c] <= rx_q[p][c] + 1'b1;
          if (ev_tx_i[p][c]) tx_q[p][c] <= tx_q[p][c] + 1'b1;
        end
      end
    end
  end

  // ---- Reading ---------------------------------------------------------------------------------------------------------
  logic [5:0]        index;      // of an array register
  logic [VfW-1:0]    vf;
  logic [NSlotW-1:0] slot;
  logic              slot_seen;
  logic [NSlotW-1:0] vf_slot;
  assign index     = addr[7:2];
  assign vf        = index[VfW-1:0];
  assign slot      = owner ? NSlotW'(index) : NSlotW'((32'(view_q) - 32'd1) * Slots + 32'(index));
  assign slot_seen = 32'(index) < (owner ? NumSlots : Slots);
  assign vf_slot   = vf_fn_i[vf][NFnW-1:$clog2(SlotFns)];

  always_comb begin
    rdata = 32'd0;
    case (addr)
      vfp_regs_pkg::IdOffset:       rdata = 32'h5646_5031;
      vfp_regs_pkg::RoleOffset:     rdata = {23'd0, owner, view_q == ViewW'(Hosts) ? 8'hff : 8'(view_q)};
      vfp_regs_pkg::GeometryOffset: rdata = {8'd1, 8'(SlotFns), 8'(Slots), 8'(Users)};
      vfp_regs_pkg::ScratchOffset:  rdata = scratch_q[view_q];
      vfp_regs_pkg::StatusOffset:   rdata = {16'd0, 8'(num_vfs_i), 6'd0, frozen_q, sriov_i};
      vfp_regs_pkg::CommandResultOffset: rdata = {28'd0, result_q[view_q]};
      default: ;
    endcase
    if (addr[15:8] == vfp_regs_pkg::SlotOffset[15:8] && slot_seen) begin
      rdata = {23'd0, releasing_i[slot], attn_led_i[slot], power_led_i[slot], slot_usable_i[slot], slot_powered_i[slot],
               slot_link_i[slot], slot_present_i[slot]};
    end
    if (owner) begin
      case (addr)
        vfp_regs_pkg::CplTimeoutMsOffset: rdata = {16'd0, timeout_q};
        vfp_regs_pkg::HeartbeatMsOffset:  rdata = {16'd0, heartbeat_ms_q};
        vfp_regs_pkg::LogCountOffset:     rdata = log_count_q;
        vfp_regs_pkg::LogLastOffset:      rdata = {24'd0, log_port_q, log_reason_q};
        default: ;
      endcase
      if (addr[15:4] == vfp_regs_pkg::LogHeaderOffset[15:4]) rdata = log_hdr_q[32*addr[3:2] +: 32];
      if (addr[15:6] == vfp_regs_pkg::DropsOffset[15:6]) rdata = drops_q[addr[5:2]];
      for (int h = 0; h < int'(Hosts); h++) begin
        if (addr == vfp_regs_pkg::WeightOffset + 16'(4 * h)) rdata = {24'd0, weight_q[h]};
      end
      if (addr[15:8] == vfp_regs_pkg::VfOffset[15:8] && 32'(index) < Vfs && 32'(index) < 32'(num_vfs_i)) begin
        rdata = {28'd0, vf_busy_i[vf], vf_state_i[vf], vf_assigned_i[vf]};
        if (vf_assigned_i[vf]) begin
          rdata[15:4] = {4'(vf_fn_i[vf][$clog2(SlotFns)-1:0]), 4'(32'(vf_slot) % Slots), 4'(32'(vf_slot) / Slots + 32'd1)};
        end
      end
      for (int p = 0; p < int'(Views); p++) begin
        for (int c = 0; c < 3; c++) begin
          if (addr == vfp_regs_pkg::RxOffset + 16'(16 * p + 4 * c)) rdata = rx_q[p][c];
          if (addr == vfp_regs_pkg::TxOffset + 16'(16 * p + 4 * c)) rdata = tx_q[p][c];
        end
      end
    end
  end

  assign weight_o         = weight_q;
  assign cpl_timeout_ms_o = timeout_q;
  assign freeze_o         = frozen_q;
  assign timer_o          = heartbeat_ms_q != '0 && !frozen_q;

  logic unused;
  assign unused = ^reg_addr_i;

endmodule
