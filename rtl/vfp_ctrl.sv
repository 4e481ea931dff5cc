// Control plane of the bridge: configuration space of every host's tree, hot-plug slots, management registers,
// SR-IOV discovery. The data plane (vfp_bridge) brings it configuration and register requests and asks it for the
// maps; it never sees packets of the data path.
//
// Hosts: 0 is the owner, 1..Users the users. A slot function has the index
//   fi = ((user - 1) * Slots + slot) * SlotFns + function.
module vfp_ctrl #(
  parameter int unsigned Users   = 2,
  parameter int unsigned Slots   = 2,
  parameter int unsigned SlotFns = 8,
  parameter int unsigned Vfs     = 64,
  localparam int unsigned Hosts    = Users + 1,
  localparam int unsigned NumSlots = Users * Slots,
  localparam int unsigned NumFns   = NumSlots * SlotFns,
  localparam int unsigned VfW      = $clog2(Vfs)
) (
  input  logic clk_i,
  input  logic rst_ni,
  // One pulse a millisecond (board clock or simulator): time base of slots, FLR and heartbeat.
  input  logic tick_ms_i,
  // Bit h: the link to host h is up.
  input  logic [Hosts-1:0] host_link_i,

  // Board pins of the slots, index (user - 1) * Slots + slot. button: one clock pulse a press.
  input  logic [NumSlots-1:0]      button_i,
  output logic [NumSlots-1:0][1:0] power_led_o,  // Slot Control encoding: 1 on, 2 blink, 3 off
  output logic [NumSlots-1:0][1:0] attn_led_o,

  // Configuration requests, one outstanding a host. hdr: the raw TLP (CfgRd/CfgWr 0/1); data: the payload DW.
  input  logic [Hosts-1:0]         cfg_valid_i,
  output logic [Hosts-1:0]         cfg_ready_o,
  input  logic [Hosts-1:0][127:0]  cfg_hdr_i,
  input  logic [Hosts-1:0][31:0]   cfg_data_i,
  // Answer: either a completion (fwd 0) or "send this to the device, its completion is the answer" (fwd 1, target
  // fwd_bdf, as Type 1 if fwd_type1, register number, byte enables and payload as in the request).
  output logic [Hosts-1:0]         rsp_valid_o,
  input  logic [Hosts-1:0]         rsp_ready_i,
  output logic [Hosts-1:0]         rsp_fwd_o,
  output logic [Hosts-1:0][2:0]    rsp_status_o,
  output logic [Hosts-1:0][31:0]   rsp_data_o,
  output logic [Hosts-1:0][15:0]   rsp_cpl_id_o,  // completer ID as this host knows the function
  output logic [Hosts-1:0][15:0]   rsp_fwd_bdf_o,
  output logic [Hosts-1:0]         rsp_fwd_type1_o,

  // Management registers: requests of the hosts' BAR0 (32-bit accesses) and of the service bus (index Hosts).
  // Held until ready; rdata is valid in the cycle of ready. Offsets are bytes; see the generated package.
  input  logic [Hosts:0]           reg_valid_i,
  output logic [Hosts:0]           reg_ready_o,
  input  logic [Hosts:0]           reg_write_i,
  input  logic [Hosts:0][15:0]     reg_addr_i,
  input  logic [Hosts:0][3:0]      reg_be_i,
  input  logic [Hosts:0][31:0]     reg_wdata_i,
  output logic [Hosts:0][31:0]     reg_rdata_o,

  // Requests of the bridge itself to the device: SR-IOV discovery, FLR. One outstanding.
  output logic                     int_valid_o,
  input  logic                     int_ready_i,
  output logic                     int_write_o,
  output logic [15:0]              int_bdf_o,
  output logic                     int_type1_o,
  output logic [11:0]              int_reg_o,     // byte offset, DW aligned
  output logic [3:0]               int_be_o,
  output logic [31:0]              int_wdata_o,
  input  logic                     int_done_i,    // one pulse: completed (also on time-out)
  input  logic [2:0]               int_status_i,
  input  logic [31:0]              int_rdata_i,

  // Message-signalled interrupts of the bridge's own functions, posted on the host's egress.
  output logic [Hosts-1:0]         msi_valid_o,
  input  logic [Hosts-1:0]         msi_ready_i,
  output logic [Hosts-1:0][15:0]   msi_rid_o,
  output logic [Hosts-1:0][63:0]   msi_addr_o,
  output logic [Hosts-1:0][31:0]   msi_data_o,

  // Maps for the data plane.
  output logic [Hosts-1:0]         mgmt_en_o,       // memory space enabled on the management function
  output logic [Hosts-1:0][63:0]   mgmt_bar_o,      // base of its BAR0 (64 KiB)
  output logic [Hosts-1:0][15:0]   mgmt_bdf_o,      // captured ID of function 0
  output logic                     own_mem_en_o,    // owner's upstream and downstream port: memory space enable
  output logic                     own_bme_o,       // and bus master enable
  output logic [31:0]              own_mem_base_o,  // both ports' windows intersected; limit inclusive
  output logic [31:0]              own_mem_limit_o,
  output logic [63:0]              own_pref_base_o,
  output logic [63:0]              own_pref_limit_o,
  output logic [15:0]              own_dsp_bdf_o,   // requester ID toward the device for users' requests
  output logic [7:0]               own_sec_bus_o,   // buses below the owner's downstream port
  output logic [7:0]               own_sub_bus_o,
  // Slot functions, index fi.
  output logic [NumFns-1:0]          fn_active_o,   // assigned, slot powered, not draining: requests may pass
  output logic [NumFns-1:0][VfW-1:0] fn_vf_o,
  output logic [NumFns-1:0]          fn_mse_o,      // memory space enable, windows of both ports included
  output logic [NumFns-1:0]          fn_bme_o,
  output logic [NumFns-1:0][63:0]    fn_bar0_o,     // 16 KiB, as the user's enumeration set it
  output logic [NumFns-1:0][63:0]    fn_bar3_o,     // 16 KiB
  output logic [NumFns-1:0][15:0]    fn_bdf_o,      // captured ID on the user's side
  // The device, as the owner set it up.
  output logic                     dev_sriov_o,     // VF Enable and VF MSE are set
  output logic [15:0]              dev_pf_rid_o,
  output logic [15:0]              dev_vf_first_o,  // routing ID of VF 0
  output logic [15:0]              dev_vf_stride_o,
  output logic [VfW:0]             dev_num_vfs_o,
  output logic [63:0]              dev_bar0_o,      // VF BAR 0 and 3 of the SR-IOV capability; VF n at + n * 16 KiB
  output logic [63:0]              dev_bar3_o,
  // VF n to slot function: valid while the VF belongs to a user (also while draining).
  output logic [Vfs-1:0]                      vf_owned_o,
  output logic [Vfs-1:0][$clog2(NumFns)-1:0]  vf_fn_o,
  // Weights and limits of the ports.
  output logic [Hosts-1:0][7:0]    weight_o,        // weighted round robin toward the device, 1..255
  output logic [15:0]              cpl_timeout_ms_o,
  output logic                     freeze_o,        // owner lost: users' requests are answered, not forwarded

  // From the data plane.
  input  logic [Vfs-1:0]           vf_busy_i,       // requests of or to this VF are outstanding or queued
  input  logic                     own_cfg_write_i, // pulse: an owner's configuration write to the PF completed
  input  logic [Hosts:0][2:0]      ev_rx_i,         // pulses, index Hosts = device: accepted {Cpl, NP, P}
  input  logic [Hosts:0][2:0]      ev_tx_i,         // pulses: sent {Cpl, NP, P}
  input  logic                     err_valid_i,     // pulse: a packet was dropped or answered with an error
  input  logic [3:0]               err_port_i,      // 0..Hosts-1, Hosts = device
  input  logic [3:0]               err_reason_i,    // vfp_pkg::drop_e
  input  logic [127:0]             err_hdr_i,

  // A cycle can change state without new input: keep clocking. timer: only tick_ms_i is awaited.
  output logic busy_o,
  output logic timer_o
);
endmodule
