// SPDX-License-Identifier: Apache-2.0
// Management registers: one access at a time, from the hosts' ports and the service bus. Offsets, fields, values, and
// who may read and write what are those of tools/regs/bridge.toml, through vfp_regs_pkg.
module vfp_regs #(
  parameter int unsigned Users   = 2,
  parameter int unsigned Slots   = 2,
  parameter int unsigned SlotFns = 8,
  parameter int unsigned Vfs     = 64,
  localparam int unsigned Hosts    = Users + 1,
  localparam int unsigned HostW    = $clog2(Hosts),
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
  input  logic clk_count_i,  // clk_i, but never stopped (vfp_clock_gate): of the packet counters
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
  output logic [31:0] cmd_word_o,  // a command_t; of a user, with its own number in USER
  input  logic [3:0]  cmd_result_i,

  input  logic         sriov_i,
  input  logic [2:0]   no_vfs_i,     // a NoVfs*
  input  logic [VfW:0] num_vfs_i,
  input  logic [Vfs-1:0]           vf_assigned_i,
  input  logic [Vfs-1:0][2:0]      vf_state_i,
  input  logic [Vfs-1:0]           vf_busy_i,
  input  logic [Vfs-1:0][NFnW-1:0] vf_fn_i,
  input  logic [NumSlots-1:0]      slot_present_i,
  input  logic [NumSlots-1:0]      slot_link_i,
  input  logic [NumSlots-1:0]      slot_powered_i,
  input  logic [NumSlots-1:0]      slot_usable_i,
  input  logic [NumSlots-1:0][1:0] power_led_i,
  input  logic [NumSlots-1:0][1:0] attn_led_i,
  input  logic [NumSlots-1:0]      releasing_i,
  input  logic [NumSlots-1:0]      requested_i,
  // The log of events (vfp_events) of the host that asks.
  output logic [HostW-1:0]         event_host_o,
  output logic [3:0]               event_index_o,
  input  logic [31:0]              event_i,
  input  logic [31:0]              event_count_i,
  output logic                     event_ack_o,
  output logic [31:0]              event_ack_count_o,

  input  logic [Views-1:0][2:0] ev_rx_i,
  input  logic [Views-1:0][2:0] ev_tx_i,
  input  logic         err_valid_i,
  input  logic [7:0]   err_port_i,
  input  logic [3:0]   err_reason_i,
  input  logic [127:0] err_hdr_i,
  input  logic [1:0]   timeouts_i,   // requests that expired in this cycle

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
  vfp_arbiter #(.N(Views)) u_arbiter (
    .clk_i, .rst_ni,
    .req_i   (reg_valid_i & ~reg_ready_o),
    .weight_i({Views{8'd1}}),
    .done_i  (!active_q),
    .grant_o (next)
  );

  logic        write, owner;
  logic [15:0] addr;
  logic [31:0] wdata, rdata;
  assign addr  = reg_addr_i[view_q];
  assign wdata = reg_wdata_i[view_q];
  assign owner = view_q == '0 || view_q == ViewW'(Hosts);
  assign write = active_q && reg_write_i[view_q] && reg_be_i[view_q] == 4'hf && vfp_regs_pkg::writable(addr, owner);

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
  logic [15:0]            quiet_q;
  vfp_regs_pkg::cpl_timeout_ms_t timeout_q;
  vfp_regs_pkg::heartbeat_ms_t   heartbeat_q;
  logic                   frozen_q;
  logic [Hosts-1:0][31:0] weight_q;
  logic [31:0]            log_count_q;
  vfp_regs_pkg::log_last_t log_last_q;
  logic [127:0]           log_hdr_q;
  logic [31:0]            drops_q [16];
  logic [31:0]            rx_count, tx_count;

  vfp_regs_pkg::command_t command;
  always_comb begin
    command = wdata;
    if (!owner) command.user = 8'(view_q);
  end
  // The service bus reads the owner's log, but does not acknowledge for it.
  assign event_host_o  = view_q == ViewW'(Hosts) ? '0 : HostW'(view_q);
  assign event_index_o = vfp_regs_pkg::event_log_index(addr);
  assign event_ack_o   = write && vfp_regs_pkg::is_event_ack(addr) && view_q != ViewW'(Hosts);
  assign event_ack_count_o = wdata;
  assign cmd_o       = write && vfp_regs_pkg::is_command(addr);
  assign cmd_owner_o = owner;
  assign cmd_word_o  = command;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      scratch_q   <= {Views{vfp_regs_pkg::ScratchReset}};
      result_q    <= {Views{vfp_regs_pkg::ResultDone}};
      timeout_q   <= vfp_regs_pkg::CplTimeoutMsReset;
      heartbeat_q <= vfp_regs_pkg::HeartbeatMsReset;
      quiet_q     <= '0;
      frozen_q    <= 1'b0;
      weight_q    <= {Hosts{vfp_regs_pkg::WeightReset}};
      log_count_q <= '0;
      log_last_q  <= '0;
      log_hdr_q   <= '0;
      for (int i = 0; i < 16; i++) drops_q[i] <= '0;
    end else begin
      if (heartbeat_q.ms == '0) begin
        quiet_q  <= '0;
        frozen_q <= 1'b0;
      end else if (tick_ms_i && !frozen_q) begin
        quiet_q  <= quiet_q + 1'b1;
        frozen_q <= quiet_q >= heartbeat_q.ms;
      end

      if (cmd_o) result_q[view_q] <= cmd_result_i;
      if (write) begin
        if (vfp_regs_pkg::is_scratch(addr)) scratch_q[view_q] <= wdata;
        if (vfp_regs_pkg::is_cpl_timeout_ms(addr)) timeout_q <= vfp_regs_pkg::cpl_timeout_ms_kept(wdata);
        if (vfp_regs_pkg::is_heartbeat_ms(addr)) heartbeat_q <= vfp_regs_pkg::heartbeat_ms_kept(wdata);
        if (vfp_regs_pkg::is_heartbeat(addr)) begin
          quiet_q  <= '0;
          frozen_q <= 1'b0;
        end
        for (int h = 0; h < int'(Hosts); h++) begin
          if (vfp_regs_pkg::is_weight(addr) && vfp_regs_pkg::weight_index(addr) == 5'(h)) begin
            weight_q[h] <= vfp_regs_pkg::weight_kept(wdata);
          end
        end
      end

      log_count_q <= log_count_q + 32'(err_valid_i) + 32'(timeouts_i[0]) + 32'(timeouts_i[1]);
      drops_q[vfp_regs_pkg::DropTimeout] <= drops_q[vfp_regs_pkg::DropTimeout] + 32'(timeouts_i[0]) + 32'(timeouts_i[1]);
      if (err_valid_i) begin
        log_last_q.reason     <= err_reason_i;
        log_last_q.port       <= err_port_i;
        log_hdr_q             <= err_hdr_i;
        drops_q[err_reason_i] <= drops_q[err_reason_i] + 1'b1;
      end
    end
  end

  vfp_counters #(.Ports(Views)) u_counters (
    .clk_i(clk_count_i), .rst_ni, .rx_i(ev_rx_i), .tx_i(ev_tx_i),
    .rx_index_i(vfp_regs_pkg::rx_index(addr)), .rx_count_o(rx_count),
    .tx_index_i(vfp_regs_pkg::tx_index(addr)), .tx_count_o(tx_count)
  );

  // ---- Reading ---------------------------------------------------------------------------------------------------------
  vfp_regs_pkg::role_t           role;
  vfp_regs_pkg::geometry_t       geometry;
  vfp_regs_pkg::status_t         status;
  vfp_regs_pkg::command_result_t result;
  always_comb begin
    role              = '0;
    role.port         = 8'(view_q);
    role.kind         = view_q == '0 ? vfp_regs_pkg::PortRoleOwner :
                        view_q == ViewW'(Hosts) ? vfp_regs_pkg::PortRoleService : vfp_regs_pkg::PortRoleUser;
    geometry          = '0;
    geometry.users    = 8'(Users);
    geometry.slots    = 8'(Slots);
    geometry.slot_fns = 8'(SlotFns);
    geometry.devices  = 8'd1;
    status            = '0;
    status.sriov      = sriov_i;
    status.frozen     = frozen_q;
    status.no_vfs     = no_vfs_i;
    status.num_vfs    = 8'(num_vfs_i);
    result            = '0;
    result.code       = result_q[view_q];
  end

  // Array registers. A user's slots begin at its own.
  logic [7:0]        slot_index;
  logic [NSlotW-1:0] slot;
  logic              slot_seen;
  vfp_regs_pkg::slot_t slot_word;
  assign slot_index = vfp_regs_pkg::slot_index(addr);
  assign slot       = owner ? NSlotW'(slot_index) : NSlotW'((32'(view_q) - 32'd1) * Slots + 32'(slot_index));
  assign slot_seen  = 32'(slot_index) < (owner ? NumSlots : Slots);
  always_comb begin
    slot_word               = '0;
    slot_word.present       = slot_present_i[slot];
    slot_word.link          = slot_link_i[slot];
    slot_word.powered       = slot_powered_i[slot];
    slot_word.usable        = slot_usable_i[slot];
    slot_word.power_led     = power_led_i[slot];
    slot_word.attention_led = attn_led_i[slot];
    slot_word.releasing     = releasing_i[slot];
    slot_word.requested     = requested_i[slot];
  end

  logic [5:0]        vf_index;
  logic [VfW-1:0]    vf;
  logic [NSlotW-1:0] vf_slot;
  vfp_regs_pkg::vf_t vf_word;
  assign vf_index = vfp_regs_pkg::vf_index(addr);
  assign vf       = VfW'(vf_index);
  assign vf_slot  = vf_fn_i[vf][NFnW-1:$clog2(SlotFns)];
  always_comb begin
    vf_word          = '0;
    vf_word.assigned = vf_assigned_i[vf];
    vf_word.state    = vf_state_i[vf];
    vf_word.busy     = vf_busy_i[vf];
    if (vf_assigned_i[vf]) begin
      vf_word.user = 8'(32'(vf_slot) / Slots + 32'd1);
      vf_word.slot = 4'(32'(vf_slot) % Slots);
      vf_word.fn   = 4'(vf_fn_i[vf][$clog2(SlotFns)-1:0]);
    end
  end

  logic [31:0] value;
  always_comb begin
    value = 32'd0;
    if (vfp_regs_pkg::is_id(addr)) value = vfp_regs_pkg::IdValue;
    if (vfp_regs_pkg::is_role(addr)) value = role;
    if (vfp_regs_pkg::is_geometry(addr)) value = geometry;
    if (vfp_regs_pkg::is_scratch(addr)) value = scratch_q[view_q];
    if (vfp_regs_pkg::is_status(addr)) value = status;
    if (vfp_regs_pkg::is_cpl_timeout_ms(addr)) value = timeout_q;
    if (vfp_regs_pkg::is_heartbeat_ms(addr)) value = heartbeat_q;
    if (vfp_regs_pkg::is_command_result(addr)) value = result;
    if (vfp_regs_pkg::is_event_count(addr)) value = event_count_i;
    if (vfp_regs_pkg::is_event_log(addr)) value = event_i;
    if (vfp_regs_pkg::is_log_count(addr)) value = log_count_q;
    if (vfp_regs_pkg::is_log_last(addr)) value = log_last_q;
    if (vfp_regs_pkg::is_log_header(addr)) value = log_hdr_q[32*vfp_regs_pkg::log_header_index(addr) +: 32];
    if (vfp_regs_pkg::is_drops(addr)) value = drops_q[vfp_regs_pkg::drops_index(addr)];
    for (int h = 0; h < int'(Hosts); h++) begin
      if (vfp_regs_pkg::is_weight(addr) && vfp_regs_pkg::weight_index(addr) == 5'(h)) value = weight_q[h];
    end
    if (vfp_regs_pkg::is_slot(addr) && slot_seen) value = slot_word;
    if (vfp_regs_pkg::is_vf(addr) && 32'(vf_index) < 32'(num_vfs_i)) value = vf_word;
  end
  logic [31:0] word;  // counters apart: what depends on them is looked at in every cycle
  assign word  = vfp_regs_pkg::is_rx(addr) ? rx_count : vfp_regs_pkg::is_tx(addr) ? tx_count : value;
  assign rdata = vfp_regs_pkg::readable(addr, owner) ? word : 32'd0;

  for (genvar h = 0; h < Hosts; h++) begin : gen_weight
    vfp_regs_pkg::weight_t w;
    assign w = weight_q[h];
    assign weight_o[h] = w.packets;
    logic unused_w;
    assign unused_w = ^w;
  end
  assign cpl_timeout_ms_o = timeout_q.ms;
  assign freeze_o         = frozen_q;
  assign timer_o          = heartbeat_q.ms != '0 && !frozen_q;

endmodule
