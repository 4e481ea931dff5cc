// SPDX-License-Identifier: Apache-2.0
// All ports of the bridge, each host joined with each device and with nobody else. Ports are hosts 0 (the owner) to Users,
// then the devices; every vector of ports is in this order. What is decided and rewritten is plugged in from outside.
module vfp_crossbar #(
  parameter int unsigned Users      = 2,    // 1..16
  parameter int unsigned Devices    = 1,    // 1..4
  parameter int unsigned HostSlots  = 64,   // of a host's port
  parameter int unsigned DevSlots   = 128,  // of a device's
  parameter int unsigned Tags       = 256,
  parameter int unsigned MaxPayload = 128,
  parameter bit          Local      = 1'b0, // packets go to the bridge itself as well
  localparam int unsigned H = Users + 1,
  localparam int unsigned P = H + Devices,
  localparam int unsigned CellW  = vfp_cell_pkg::CellW,
  localparam int unsigned RouteW = vfp_route_pkg::RouteW,
  localparam int unsigned ReqW   = vfp_tags_pkg::ReqW
) (
  input  logic clk_i,
  input  logic rst_ni,
  output logic init_done_o,

  input  logic [P-1:0][1:0]        payload_i,  // largest payload that comes in: 128 bytes << payload
  input  logic [P-1:0]             link_i,
  input  logic [P-1:0]             rx_valid_i,
  input  logic [P-1:0][CellW-1:0]  rx_i,
  input  logic [P-1:0][2:0]        rx_wait_i,
  output logic [P-1:0][2:0]        rx_room_o,
  input  logic [P-1:0][2:0]        link_room_i,
  output logic [P-1:0][2:0]        take_o,
  input  logic [P-1:0][2:0]        link_waits_i,
  output logic [P-1:0]             tx_valid_o,
  output logic [P-1:0][CellW-1:0]  tx_o,
  output logic [P-1:0][RouteW-1:0] tx_route_o,
  output logic [P-1:0][7:0]        tx_tag_o,

  output logic [P-1:0]             dec_valid_o,
  output logic [P-1:0][127:0]      dec_hdr_o,
  output logic [P-1:0][1:0]        dec_cls_o,
  output logic [P-1:0][5:0]        dec_cells_o,
  input  logic [P-1:0][2:0]        dec_room_i,
  input  logic [P-1:0]             route_valid_i,
  input  logic [P-1:0][RouteW-1:0] route_i,
  input  logic [P-1:0][127:0]      route_hdr_i,
  input  logic [P-1:0][5:0]        route_cells_i,

  output logic [P-1:0][5:0]        check_vf_o,
  output logic [P-1:0][15:0]       check_gen_o,
  input  logic [P-1:0][Devices-1:0] check_ok_i,   // a cycle later, from the table of each device

  input  logic                     tick_ms_i,
  input  logic [14:0]              timeout_i,
  input  logic [Devices-1:0][15:0] id_i,          // the bridge's requester ID on a device's link
  input  logic [8:0]               quota_i,       // tags that a port may hold at another
  input  logic [P-1:0]             cpl_valid_i,
  output logic [P-1:0]             cpl_ready_o,
  input  logic [P-1:0][127:0]      cpl_hdr_i,
  output logic [P-1:0]             res_valid_o,
  output logic [P-1:0][2:0]        res_act_o,
  output logic [P-1:0][ReqW-1:0]   res_req_o,
  output logic [P-1:0][5:0]        next_vf_o,
  output logic [P-1:0][12:0]       res_left_o,
  output logic [P-1:0][1:0]        tag_dev_o,     // generation of VF tag_vf_o of this device, in the same cycle
  output logic [P-1:0][5:0]        tag_vf_o,
  input  logic [P-1:0][15:0]       tag_gen_i,
  output logic [P-1:0]             exp_valid_o,
  input  logic [P-1:0]             exp_ready_i,
  output logic [P-1:0][ReqW-1:0]   exp_req_o,
  output logic [P-1:0][12:0]       exp_left_o,

  // What follows tags: vfp_port.
  output logic [P-1:0]             alloc_o,
  output logic [P-1:0][ReqW-1:0]   alloc_req_o,
  output logic [P-1:0]             over_o,
  output logic [P-1:0]             over_late_o,
  output logic [P-1:0]             tags_some_o,
  output logic [P-1:0]             busy_o,
  input  logic [P-1:0]             own_valid_i,
  output logic [P-1:0]             own_ready_o,
  input  logic [P-1:0][ReqW-1:0]   own_req_i,
  output logic [P-1:0][7:0]        own_tag_o,

  // Packets for the bridge itself (vfp_port).
  input  logic [P-1:0][2:0]         local_ready_i,
  output logic [P-1:0]              local_valid_o,
  output logic [P-1:0][CellW-1:0]   local_o,
  output logic [P-1:0][RouteW-1:0]  local_route_o,
  input  logic [H-1:0][Devices-1:0] hold_i,        // this host's requests wait before the device

  input  logic [P-1:0][4:0]        weight_i,      // of a port at each exit

  input  logic                     tick_us_i,
  input  logic [12:0]              stuck_i,
  input  logic [23:0]              patience_i,
  input  logic [P-1:0]             release_i,
  output logic [P-1:0]             contained_o,
  output logic [P-1:0]             down_o,
  input  logic [P-1:0]             old_i,         // this port's queues may hold requests that nobody waits for (vfp_session)
  output logic [P-1:0]             np_some_o,     // non-posted requests lie in its queues
  output logic [P-1:0]             local_some_o,  // posted packets for the bridge itself do
  output logic [H-1:0]             p_waits_o,     // posted packets of a host are queued for the devices
  output logic [H-1:0]             p_sends_o,     // pulse: one of them goes
  output logic [P-1:0]             gone_o,        // a tag table is forgetting its requests
  output logic [P-1:0]             waiting_o,     // something waits for this exit
  output logic [P-1:0]             overrun_o,
  output logic [P-1:0]             bad_o,
  output logic [P-1:0][127:0]      bad_hdr_o,
  output logic [P-1:0]             stray_o,
  output logic [P-1:0]             dropped_o,
  output logic [P-1:0]             ended_valid_o,
  input  logic [P-1:0]             ended_ready_i,
  output logic [P-1:0][127:0]      ended_hdr_o,
  output logic [P-1:0][1:0]        ended_cls_o,
  output logic [P-1:0][4:0]        ended_source_o
);

  if (Users < 1 || Users > 16) begin : gen_bad_users
    $fatal(1, "vfp_crossbar: Users is 1 to 16");
  end
  if (Devices < 1 || Devices > 4) begin : gen_bad_devices
    $fatal(1, "vfp_crossbar: Devices is 1 to 4");
  end

  logic [P-1:0]             ready, down, gone, out_valid, req_more;
  logic [P-1:0][1:0]        req_cls;
  logic [P-1:0][5:0]        req_cells;
  logic [P-1:0][CellW-1:0]  out;
  logic [P-1:0][RouteW-1:0] out_route;
  logic [H-1:0][4:0]        tag_port;

  // Each pair of ports. What one says (req, waiting, held; as exit: grant, offer) the other one hears under another name.
  logic [H-1:0][Devices-1:0]      host_req, host_held, host_grant, host_asked, host_holding, host_granted;
  logic [H-1:0][Devices-1:0][2:0] host_waiting, host_offer, host_awaited, host_room;
  logic [Devices-1:0][H-1:0]      dev_req, dev_held, dev_grant, dev_asked, dev_holding, dev_granted;
  logic [Devices-1:0][H-1:0][2:0] dev_waiting, dev_offer, dev_awaited, dev_room;
  logic [H-1:0][Devices-1:0]      host_forgets, host_forgotten;
  logic [Devices-1:0][H-1:0]      dev_forgets, dev_forgotten;

  assign init_done_o   = ready == '1;
  assign down_o        = down;
  assign gone          = down | old_i;
  assign local_o       = out;
  assign local_route_o = out_route;

  for (genvar h = 0; h < int'(H); h++) begin : gen_host
    vfp_port #(
      .Peers(Devices), .Slots(HostSlots), .Tags(Tags), .MaxPayload(MaxPayload), .Local(Local), .Refuse(1'b1),
      .RouteIds(1'b1)
    ) u_port (
      .clk_i, .rst_ni, .init_done_o(ready[h]),
      .payload_i(payload_i[h]), .link_i(link_i[h]), .rx_valid_i(rx_valid_i[h]), .rx_i(rx_i[h]), .rx_wait_i(rx_wait_i[h]),
      .rx_room_o(rx_room_o[h]),
      .link_room_i(link_room_i[h]), .take_o(take_o[h]), .link_waits_i(link_waits_i[h]),
      .tx_valid_o(tx_valid_o[h]), .tx_o(tx_o[h]), .tx_route_o(tx_route_o[h]), .tx_tag_o(tx_tag_o[h]),
      .dec_valid_o(dec_valid_o[h]), .dec_hdr_o(dec_hdr_o[h]), .dec_cls_o(dec_cls_o[h]), .dec_cells_o(dec_cells_o[h]),
      .dec_room_i(dec_room_i[h]), .route_valid_i(route_valid_i[h]), .route_i(route_i[h]),
      .route_hdr_i(route_hdr_i[h]), .route_cells_i(route_cells_i[h]),
      .req_o(host_req[h]), .req_more_o(req_more[h]), .req_cls_o(req_cls[h]), .req_cells_o(req_cells[h]),
      .grant_i(host_granted[h]),
      .exit_room_i(host_room[h]), .waiting_o(host_waiting[h]), .held_o(host_held[h]),
      .out_valid_o(out_valid[h]), .out_o(out[h]), .out_route_o(out_route[h]),
      .req_i(host_asked[h]), .req_more_i(req_more[H +: Devices]), .req_cls_i(req_cls[H +: Devices]),
      .req_cells_i(req_cells[H +: Devices]),
      .grant_o(host_grant[h]), .room_o(host_offer[h]), .waiting_i(host_awaited[h]), .held_i(host_holding[h]),
      .cell_valid_i(out_valid[H +: Devices]), .cell_i(out[H +: Devices]), .cell_route_i(out_route[H +: Devices]),
      .peer_gone_i(gone[H +: Devices]), .gone_o(host_forgets[h]), .np_some_o(np_some_o[h]),
      .local_some_o(local_some_o[h]),
      .check_vf_o(check_vf_o[h]), .check_gen_o(check_gen_o[h]), .check_ok_i(check_ok_i[h]),
      .tick_ms_i, .timeout_i, .id_i(16'd0), .quota_i({Devices{quota_i}}),
      .cpl_valid_i(cpl_valid_i[h]), .cpl_ready_o(cpl_ready_o[h]), .cpl_hdr_i(cpl_hdr_i[h]),
      .res_valid_o(res_valid_o[h]), .res_act_o(res_act_o[h]), .res_req_o(res_req_o[h]),
      .next_vf_o(next_vf_o[h]), .res_left_o(res_left_o[h]),
      .tag_port_o(tag_port[h]), .tag_vf_o(tag_vf_o[h]), .tag_gen_i(tag_gen_i[h]),
      .alloc_o(alloc_o[h]), .alloc_req_o(alloc_req_o[h]), .over_o(over_o[h]), .over_late_o(over_late_o[h]),
      .tags_some_o(tags_some_o[h]), .busy_o(busy_o[h]), .own_valid_i(own_valid_i[h]), .own_ready_o(own_ready_o[h]),
      .own_req_i(own_req_i[h]), .own_tag_o(own_tag_o[h]),
      .local_ready_i(local_ready_i[h]), .local_valid_o(local_valid_o[h]),
      .exp_valid_o(exp_valid_o[h]), .exp_ready_i(exp_ready_i[h]), .exp_req_o(exp_req_o[h]),
      .exp_left_o(exp_left_o[h]),
      .weight_i(weight_i[H +: Devices]),
      .tick_us_i, .stuck_i, .patience_i, .release_i(release_i[h]), .contained_o(contained_o[h]), .down_o(down[h]),
      .overrun_o(overrun_o[h]), .bad_o(bad_o[h]), .bad_hdr_o(bad_hdr_o[h]), .stray_o(stray_o[h]), .dropped_o(dropped_o[h]),
      .ended_valid_o(ended_valid_o[h]), .ended_ready_i(ended_ready_i[h]), .ended_hdr_o(ended_hdr_o[h]),
      .ended_cls_o(ended_cls_o[h]), .ended_source_o(ended_source_o[h])
    );

    assign tag_dev_o[h] = tag_port[h][1:0];
    for (genvar d = 0; d < int'(Devices); d++) begin : gen_pair
      assign host_forgotten[h][d] = dev_forgets[d][h];
      assign dev_forgotten[d][h]  = host_forgets[h][d];
      assign dev_asked[d][h]  = host_req[h][d];
      assign host_asked[h][d] = dev_req[d][h];
      assign dev_awaited[d][h]  = host_waiting[h][d];
      assign host_awaited[h][d] = dev_waiting[d][h];
      assign dev_holding[d][h]  = host_held[h][d];
      assign host_holding[h][d] = dev_held[d][h];
      assign dev_granted[d][h]  = host_grant[h][d];
      assign host_granted[h][d] = dev_grant[d][h];
      assign dev_room[d][h]  = host_offer[h][d];
      assign host_room[h][d] = dev_offer[d][h] & {1'b1, {2{!hold_i[h][d]}}};
    end
    always_comb begin
      p_waits_o[h] = 1'b0;
      for (int d = 0; d < int'(Devices); d++) if (host_waiting[h][d][vfp_cell_pkg::ClsP]) p_waits_o[h] = 1'b1;
    end
    assign p_sends_o[h] = host_granted[h] != '0 && req_cls[h] == vfp_cell_pkg::ClsP;
    assign waiting_o[h] = host_awaited[h] != '0;
    assign gone_o[h]    = host_forgotten[h] != '0;
  end

  for (genvar d = 0; d < int'(Devices); d++) begin : gen_device
    logic [4:0] unused_tag_port;  // whoever asked, the VF is this device's
    vfp_port #(.Peers(H), .Slots(DevSlots), .Tags(Tags), .MaxPayload(MaxPayload), .Local(Local)) u_port (
      .clk_i, .rst_ni, .init_done_o(ready[H + d]),
      .payload_i(payload_i[H + d]), .link_i(link_i[H + d]),
      .rx_valid_i(rx_valid_i[H + d]), .rx_i(rx_i[H + d]), .rx_wait_i(rx_wait_i[H + d]),
      .rx_room_o(rx_room_o[H + d]),
      .link_room_i(link_room_i[H + d]), .take_o(take_o[H + d]), .link_waits_i(link_waits_i[H + d]),
      .tx_valid_o(tx_valid_o[H + d]), .tx_o(tx_o[H + d]), .tx_route_o(tx_route_o[H + d]), .tx_tag_o(tx_tag_o[H + d]),
      .dec_valid_o(dec_valid_o[H + d]), .dec_hdr_o(dec_hdr_o[H + d]), .dec_cls_o(dec_cls_o[H + d]),
      .dec_cells_o(dec_cells_o[H + d]),
      .dec_room_i(dec_room_i[H + d]), .route_valid_i(route_valid_i[H + d]), .route_i(route_i[H + d]),
      .route_hdr_i(route_hdr_i[H + d]), .route_cells_i(route_cells_i[H + d]),
      .req_o(dev_req[d]), .req_more_o(req_more[H + d]), .req_cls_o(req_cls[H + d]), .req_cells_o(req_cells[H + d]),
      .grant_i(dev_granted[d]),
      .exit_room_i(dev_room[d]), .waiting_o(dev_waiting[d]), .held_o(dev_held[d]),
      .out_valid_o(out_valid[H + d]), .out_o(out[H + d]), .out_route_o(out_route[H + d]),
      .req_i(dev_asked[d]), .req_more_i(req_more[0 +: H]), .req_cls_i(req_cls[0 +: H]), .req_cells_i(req_cells[0 +: H]),
      .grant_o(dev_grant[d]), .room_o(dev_offer[d]), .waiting_i(dev_awaited[d]), .held_i(dev_holding[d]),
      .cell_valid_i(out_valid[0 +: H]), .cell_i(out[0 +: H]), .cell_route_i(out_route[0 +: H]),
      .peer_gone_i(gone[0 +: H]), .gone_o(dev_forgets[d]), .np_some_o(np_some_o[H + d]),
      .local_some_o(local_some_o[H + d]),
      .check_vf_o(check_vf_o[H + d]), .check_gen_o(check_gen_o[H + d]), .check_ok_i({H{check_ok_i[H + d][d]}}),
      .tick_ms_i, .timeout_i, .id_i(id_i[d]), .quota_i({H{quota_i}}),
      .cpl_valid_i(cpl_valid_i[H + d]), .cpl_ready_o(cpl_ready_o[H + d]), .cpl_hdr_i(cpl_hdr_i[H + d]),
      .res_valid_o(res_valid_o[H + d]), .res_act_o(res_act_o[H + d]), .res_req_o(res_req_o[H + d]), .next_vf_o(next_vf_o[H + d]),
      .res_left_o(res_left_o[H + d]),
      .tag_port_o(unused_tag_port), .tag_vf_o(tag_vf_o[H + d]), .tag_gen_i(tag_gen_i[H + d]),
      .alloc_o(alloc_o[H + d]), .alloc_req_o(alloc_req_o[H + d]), .over_o(over_o[H + d]),
      .over_late_o(over_late_o[H + d]),
      .tags_some_o(tags_some_o[H + d]), .busy_o(busy_o[H + d]), .own_valid_i(own_valid_i[H + d]), .own_ready_o(own_ready_o[H + d]),
      .own_req_i(own_req_i[H + d]), .own_tag_o(own_tag_o[H + d]),
      .local_ready_i(local_ready_i[H + d]), .local_valid_o(local_valid_o[H + d]),
      .exp_valid_o(exp_valid_o[H + d]), .exp_ready_i(exp_ready_i[H + d]), .exp_req_o(exp_req_o[H + d]),
      .exp_left_o(exp_left_o[H + d]),
      .weight_i(weight_i[0 +: H]),
      .tick_us_i, .stuck_i, .patience_i, .release_i(release_i[H + d]), .contained_o(contained_o[H + d]),
      .down_o(down[H + d]),
      .overrun_o(overrun_o[H + d]), .bad_o(bad_o[H + d]), .bad_hdr_o(bad_hdr_o[H + d]), .stray_o(stray_o[H + d]),
      .dropped_o(dropped_o[H + d]),
      .ended_valid_o(ended_valid_o[H + d]), .ended_ready_i(ended_ready_i[H + d]), .ended_hdr_o(ended_hdr_o[H + d]),
      .ended_cls_o(ended_cls_o[H + d]), .ended_source_o(ended_source_o[H + d])
    );
    assign tag_dev_o[H + d] = 2'(d);
    assign waiting_o[H + d] = dev_awaited[d] != '0;
    assign gone_o[H + d]    = dev_forgotten[d] != '0;
  end

endmodule
