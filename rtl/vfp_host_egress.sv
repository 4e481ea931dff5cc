// SPDX-License-Identifier: Apache-2.0
// Everything that goes to one host: what the device sends it, and what the bridge itself has to say.
module vfp_host_egress #(
  parameter int unsigned TagW = 5
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic tick_ms_i,
  input  logic [15:0] stuck_ms_i,
  input  logic link_i,

  // The device's packets for this host, by class; non-posted ones need a tag of this host's table.
  input  logic [2:0]        dev_valid_i,
  output logic [2:0]        dev_ready_o,
  input  logic [2:0][127:0] dev_hdr_i,
  input  logic [2:0][127:0] dev_data_i,
  input  logic [2:0]        dev_last_i,
  input  logic              tag_ready_i,
  input  logic [TagW-1:0]   tag_i,
  // Completions for configuration, registers and refused requests.
  input  logic         own_valid_i,
  output logic         own_ready_o,
  input  logic [127:0] own_hdr_i,
  input  logic [127:0] own_data_i,
  // Interrupts of the slots.
  input  logic         msi_valid_i,
  output logic         msi_ready_o,
  input  logic [15:0]  msi_rid_i,
  input  logic [63:0]  msi_addr_i,
  input  logic [31:0]  msi_data_i,
  // Requests of this host that the device never answered.
  input  logic         exp_valid_i,
  output logic         exp_ready_o,
  input  logic [127:0] exp_hdr_i,

  output logic         tx_valid_o,
  input  logic         tx_ready_i,
  input  logic [2:0]   tx_room_i,
  output logic         tx_sop_o,
  output logic         tx_eop_o,
  output logic [127:0] tx_hdr_o,
  output logic [127:0] tx_data_o,
  output logic [2:0]   ev_tx_o,
  output logic         err_valid_o,
  input  logic         err_ready_i,
  output logic [127:0] err_hdr_o,
  output logic         lost_o,
  output logic         busy_o,
  output logic         timer_o
);

  logic [5:0] ready;
  logic [127:0] np_hdr, msi_hdr;
  assign np_hdr  = {dev_hdr_i[1][127:48], 8'(tag_i), dev_hdr_i[1][39:0]};
  // MWr of one DW, all bytes.
  assign msi_hdr = vfp_pkg::with_address({64'd0, msi_rid_i, 8'd0, 4'h0, 4'hf, 3'b010, 19'd0, 10'd1}, msi_addr_i);

  vfp_egress #(.N(6)) u_egress (
    .clk_i, .rst_ni, .tick_ms_i, .stuck_ms_i, .link_i,
    .src_valid_i({exp_valid_i, msi_valid_i, own_valid_i, dev_valid_i[2], dev_valid_i[1] && tag_ready_i, dev_valid_i[0]}),
    .src_ready_o(ready),
    .src_cls_i  ({vfp_pkg::ClsCpl, vfp_pkg::ClsP, vfp_pkg::ClsCpl, vfp_pkg::ClsCpl, vfp_pkg::ClsNp, vfp_pkg::ClsP}),
    .src_hdr_i  ({exp_hdr_i, msi_hdr, own_hdr_i, dev_hdr_i[2], np_hdr, dev_hdr_i[0]}),
    .src_data_i ({128'd0, 96'd0, msi_data_i, own_data_i, dev_data_i}),
    .src_last_i ({3'b111, dev_last_i}),
    .weight_i   ({6{8'd1}}),
    .tx_valid_o, .tx_ready_i, .tx_room_i, .tx_sop_o, .tx_eop_o, .tx_hdr_o, .tx_data_o,
    .ev_tx_o, .err_valid_o, .err_ready_i, .err_hdr_o, .lost_o, .busy_o, .timer_o
  );

  assign dev_ready_o = ready[2:0];
  assign own_ready_o = ready[3];
  assign msi_ready_o = ready[4];
  assign exp_ready_o = ready[5];

endmodule
