// SPDX-License-Identifier: Apache-2.0
// What is verilated: the bridge with a clock that takes one evaluation of the model a cycle, not two. Each change of
// step_i is a whole cycle: it makes the clock rise, and the rise itself flips phase_q, which makes it fall again.
// Inputs from which combinational paths start rarely change: they are taken over when set_i rises, so that those paths
// are evaluated then and not every cycle. What is left are inputs that end in registers; the outputs that a step leaves
// are therefore those of the next cycle whatever its packets are (but busy_o, which looks at rx_valid_i).
module bridge_model #(
  parameter int unsigned Users   = 2,
  parameter int unsigned Slots   = 2,
  parameter int unsigned SlotFns = 8,
  parameter int unsigned Devices = 1,
  parameter int unsigned MaxPayload = 128,
  localparam int unsigned Ports    = Users + 1 + Devices,
  localparam int unsigned NumSlots = Users * Slots
) (
  input  logic step_i,
  input  logic set_i,

  // vfp_bridge's, by set_i.
  input  logic                     rst_n_set_i,
  input  logic                     tick_ms_set_i,
  input  logic [Ports-1:0]         link_set_i,
  input  logic [Ports-1:0]         tx_ready_set_i,
  input  logic [Ports-1:0][2:0]    tx_room_set_i,
  input  logic [NumSlots-1:0]      button_set_i,
  input  logic                     svc_valid_set_i,
  input  logic                     svc_write_set_i,
  input  logic [15:0]              svc_addr_set_i,
  input  logic [31:0]              svc_wdata_set_i,

  // As vfp_bridge's.
  input  logic [Ports-1:0]         rx_valid_i,
  output logic [Ports-1:0]         rx_ready_o,
  output logic [Ports-1:0][2:0]    rx_room_o,
  input  logic [Ports-1:0]         rx_sop_i,
  input  logic [Ports-1:0]         rx_eop_i,
  input  logic [Ports-1:0][127:0]  rx_hdr_i,
  input  logic [Ports-1:0][127:0]  rx_data_i,
  output logic [Ports-1:0]         tx_valid_o,
  output logic [Ports-1:0]         tx_sop_o,
  output logic [Ports-1:0]         tx_eop_o,
  output logic [Ports-1:0][127:0]  tx_hdr_o,
  output logic [Ports-1:0][127:0]  tx_data_o,
  output logic [NumSlots-1:0][1:0] power_led_o,
  output logic [NumSlots-1:0][1:0] attn_led_o,
  output logic [Devices-1:0]       dev_reset_o,
  output logic                     svc_ready_o,
  output logic [31:0]              svc_rdata_o,
  output logic                     busy_o,
  output logic                     timer_o,

  // Which ports have a part that is clocked in this cycle, and whether the control plane is (vfp_clock_gate).
  output logic [Ports-1:0]         awake_o,
  output logic                     control_awake_o
);

  logic clk_i;
  logic phase_q = 1'b0;
  assign clk_i = step_i ^ phase_q;
  always @(posedge clk_i) phase_q <= !phase_q;

  logic                     rst_ni, tick_ms_i, svc_valid_i, svc_write_i;
  logic [Ports-1:0]         link_i, tx_ready_i;
  logic [Ports-1:0][2:0]    tx_room_i;
  logic [NumSlots-1:0]      button_i;
  logic [15:0]              svc_addr_i;
  logic [31:0]              svc_wdata_i;

  always @(posedge set_i) begin
    rst_ni      <= rst_n_set_i;
    tick_ms_i   <= tick_ms_set_i;
    link_i      <= link_set_i;
    tx_ready_i  <= tx_ready_set_i;
    tx_room_i   <= tx_room_set_i;
    button_i    <= button_set_i;
    svc_valid_i <= svc_valid_set_i;
    svc_write_i <= svc_write_set_i;
    svc_addr_i  <= svc_addr_set_i;
    svc_wdata_i <= svc_wdata_set_i;
  end

  vfp_bridge #(
    .Users(Users), .Slots(Slots), .SlotFns(SlotFns), .Devices(Devices), .MaxPayload(MaxPayload)
  ) u_bridge (.*);

  for (genvar h = 0; h <= int'(Users); h++) begin : gen_host
    assign awake_o[h] = u_bridge.u_fabric.u_plane.gen_link[h].u_link_gate.goes ||
                        u_bridge.u_fabric.u_plane.u_crossbar.gen_host[h].u_port.u_port_gate.goes;
  end
  assign awake_o[Users+1] = u_bridge.u_fabric.u_plane.gen_link[Users+1].u_link_gate.goes ||
                            u_bridge.u_fabric.u_plane.u_crossbar.gen_device[0].u_port.u_port_gate.goes;
  assign control_awake_o  = u_bridge.u_gate.goes;

endmodule
