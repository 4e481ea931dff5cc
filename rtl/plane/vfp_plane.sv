// SPDX-License-Identifier: Apache-2.0
// The data plane of the bridge: ports joined with their decisions and tables. Between links that may stop in the middle of a
// packet (vfp_link_in, vfp_link_out) nothing is ever stopped. Ports are hosts 0 (the owner) to Users, then the devices.
//
// Who writes the tables: one port for rows, the windows and what is known of each device as levels. Packets for the bridge
// itself leave by local_*; what it has to say comes in by own_*, requests to a device with a tag of own_tag_*.
module vfp_plane #(
  parameter int unsigned Users      = 2,    // 1..16
  parameter int unsigned Devices    = 1,    // 1..4
  parameter int unsigned Slots      = 8,    // of a user's map, 1..8
  parameter int unsigned Tags       = 256,
  parameter int unsigned MaxPayload = 128,
  localparam int unsigned H = Users + 1,
  localparam int unsigned P = H + Devices,
  localparam int unsigned IdxW   = $clog2(8 * Slots),
  localparam int unsigned CellW  = vfp_cell_pkg::CellW,
  localparam int unsigned RouteW = vfp_route_pkg::RouteW,
  localparam int unsigned ReqW   = vfp_tags_pkg::ReqW
) (
  input  logic clk_i,
  input  logic rst_ni,
  output logic init_done_o,          // packets and rows may come
  input  logic tick_ms_i,

  // Links.
  input  logic [P-1:0][1:0]        payload_i,  // largest payload that comes in: 128 bytes << payload
  input  logic [P-1:0]             link_i,
  input  logic [P-1:0]             rx_valid_i,
  output logic [P-1:0]             rx_ready_o,
  input  logic [P-1:0][CellW-1:0]  rx_i,
  output logic [P-1:0][2:0]        rx_room_o,
  output logic [P-1:0]             tx_valid_o,
  input  logic [P-1:0]             tx_ready_i,
  output logic [P-1:0][CellW-1:0]  tx_o,
  input  logic [P-1:0][2:0]        tx_room_i,

  // Identities: of the bridge as completer on each link; of its requests on a device's link.
  input  logic [P-1:0][15:0]       id_i,
  input  logic [14:0]              timeout_i,     // ms (vfp_tags)
  input  logic [8:0]               quota_i,       // tags that a port may hold at another
  input  logic [P-1:0][4:0]        weight_i,      // 1..31, of a port at each exit
  input  logic                     tick_stuck_i,  // vfp_contain
  input  logic [12:0]              stuck_i,
  input  logic [23:0]              patience_i,

  // Tables.
  input  logic [Users-1:0]                             map_we_i,
  input  logic [IdxW-1:0]                              map_idx_i,
  input  logic [vfp_map_pkg::MapRowW-1:0]              map_row_i,
  input  logic [Devices-1:0]                           steer_we_i,
  input  logic [5:0]                                   steer_vf_i,
  input  logic [vfp_steer_pkg::SteerRowW-1:0]          steer_row_i,
  input  logic [Devices-1:0][63:0]                     bump_i,      // a new generation is asked for
  output logic [Devices-1:0][63:0]                     pending_o,
  input  logic [H-1:0]                                 local_en_i,  // registers
  input  logic [H-1:0][47:0]                           local_bar_i,
  input  logic [H-1:0]                                 hold_i,      // a host's requests wait at its link
  input  logic [H-1:0][Devices-1:0]                    hold_dev_i,  // and before this device

  // What is known of each device (vfp_steer, vfp_windows).
  input  logic [Devices-1:0]       pf_known_i,
  input  logic [Devices-1:0][15:0] pf_rid_i,
  input  logic [Devices-1:0]       pf_master_i,
  input  logic [Devices-1:0]       whole_i,     // has no VFs: its buses up to last_bus_i are the owner's
  input  logic [Devices-1:0][7:0]  last_bus_i,
  input  logic [Devices-1:0]       sriov_i,
  input  logic [Devices-1:0]       closed_i,    // nobody may reach its VFs: the reason to report
  input  logic                     users_closed_i,  // the same of users' requests that lead nowhere
  input  logic [Devices-1:0][15:0] first_i,
  input  logic [Devices-1:0][15:0] stride_i,
  input  logic [Devices-1:0][6:0]  num_i,
  input  logic [Devices-1:0]       win_en_i,
  input  logic [Devices-1:0][11:0] mem_base_i,
  input  logic [Devices-1:0][11:0] mem_limit_i,
  input  logic [Devices-1:0][43:0] pref_base_i,
  input  logic [Devices-1:0][43:0] pref_limit_i,

  // The bridge itself: packets for it, one cell each (vfp_port); its own, one cell each, completions and others.
  input  logic [P-1:0][2:0]        local_ready_i,
  output logic [P-1:0]             local_valid_o,
  output logic [P-1:0][CellW-1:0]  local_o,
  output logic [P-1:0][RouteW-1:0] local_route_o,
  input  logic [P-1:0]             own_cpl_valid_i,
  output logic [P-1:0]             own_cpl_ready_o,
  input  logic [P-1:0][CellW-1:0]  own_cpl_i,
  input  logic [P-1:0]             own_req_valid_i,
  output logic [P-1:0]             own_req_ready_o,
  input  logic [P-1:0][1:0]        own_req_cls_i,
  input  logic [P-1:0][CellW-1:0]  own_req_i,
  input  logic [P-1:0]             own_tag_valid_i,
  output logic [P-1:0]             own_tag_ready_o,
  input  logic [P-1:0][ReqW-1:0]   own_tag_req_i,
  output logic [P-1:0][7:0]        own_tag_o,
  output logic [H-1:0]             p_waits_o,     // a host's posted packets are queued for the devices
  output logic [H-1:0]             p_sends_o,     // pulse: one of them goes
  output logic [P-1:0]             own_late_o,    // pulse: the bridge's own request had no answer
  input  logic [P-1:0]             own_waits_i,   // one waits for the neighbour to take non-posted requests
  input  logic [P-1:0]             local_np_i,    // a non-posted request that came by local_* has not had its end
  // What the bridge itself refuses, or ends, of a host's requests: a report each, held until ready.
  input  logic [H-1:0]             own_err_valid_i,
  output logic [H-1:0]             own_err_ready_o,
  input  logic [H-1:0][3:0]        own_err_reason_i,
  input  logic [H-1:0][127:0]      own_err_hdr_i,

  // What follows requests: got a tag, ended (vfp_port); the answer of ended ones is over_req_o.
  output logic [P-1:0]             alloc_o,
  output logic [P-1:0][ReqW-1:0]   alloc_req_o,
  output logic [P-1:0]             over_o,
  output logic [P-1:0]             over_late_o,
  output logic [P-1:0][ReqW-1:0]   over_req_o,

  // Reports: packets taken and sent, by class; refused by a host's or device's decision; what was lost, one at a time.
  output logic [P-1:0][2:0]        ev_rx_o,
  output logic [P-1:0][2:0]        ev_tx_o,
  output logic [P-1:0][2:0]        refused_o,
  output logic                     err_valid_o,
  input  logic                     err_ready_i,
  output logic [7:0]               err_port_o,
  output logic [3:0]               err_reason_o,
  output logic [127:0]             err_hdr_o,
  output logic [P-1:0]             contained_o,
  output logic [P-1:0]             lost_o,        // pulse: a posted packet or a completion for this link is lost
  output logic [P-1:0]             timer_o,       // something waits for tick_ms_i
  output logic                     busy_o,        // else nothing changes 16 cycles later, but by what comes from outside
  output logic [P-1:0]             deciding_o,    // packets wait for their verdict
  output logic [P-1:0]             old_o,         // what comes by local_* may be of before the port was lost, or contained
  output logic [P-1:0]             cut_o,         // and then before its link was lost
  output logic [P-1:0]             renews_o       // the link is back, and the requests of before are being forgotten
);

  localparam int unsigned AnswerW = vfp_route_pkg::AnswerW;
  localparam int unsigned ReportW = 132;  // reason, header
  localparam int unsigned Looks   = Users + 2 + H;
  // Queues: three for each port of the other side and for the bridge itself, with a reserve each (vfp_voq_room).
  localparam int unsigned HostSlots = 18 * (Devices + 1) + 18 <= 64 ? 64 : 128;
  localparam int unsigned DevSlots  = 18 * (H + 1) + 18 <= 128 ? 128 : 512;

  // --- links ---

  logic                     ready_q, plane_ready, gen_ready;
  logic [P-1:0]             in_valid, exit_valid;
  logic [P-1:0][CellW-1:0]  in, exit_cell;
  logic [P-1:0][2:0]        room, wait_room, link_room, link_waits, waits, takes;
  logic [P-1:0][RouteW-1:0] exit_route;
  logic [P-1:0][7:0]        exit_tag;
  logic [P-1:0]             down, waiting, tags_some, ports_busy, queued, answers, link_lost, link_lost_told;
  logic [P-1:0]             np_some, local_some, gone, shut;

  // --- decide ---

  logic [P-1:0]             dec_valid, route_valid;
  logic [P-1:0][127:0]      dec_hdr, bad_hdr;
  logic [P-1:0][1:0]        dec_cls;
  logic [P-1:0][5:0]        dec_cells, route_cells;
  logic [P-1:0][2:0]        dec_room, verdict_room;
  logic [P-1:0][RouteW-1:0] route;
  logic [P-1:0][127:0]      route_hdr;
  logic [P-1:0]             dec_err;
  logic [P-1:0][3:0]        dec_reason;
  logic [P-1:0]             dec_ready;

  // --- tags, generations ---

  logic [P-1:0]             cpl_valid, cpl_ready, res_valid, exp_valid, exp_ready;
  logic [P-1:0][127:0]      cpl_hdr;
  logic [P-1:0][5:0]        next_vf;
  logic [P-1:0][2:0]        res_act;
  logic [P-1:0][ReqW-1:0]   res_req, exp_req;
  logic [P-1:0][4:0]        res_port;
  logic [P-1:0][12:0]       res_left, exp_left;
  logic [P-1:0][1:0]        tag_dev;
  logic [P-1:0][5:0]        tag_vf, check_vf;
  logic [P-1:0][15:0]       tag_gen, check_gen;
  logic [P-1:0][Devices-1:0] check_ok;
  logic [P-1:0]             release_port, overrun, bad, stray, dropped;
  logic [P-1:0]             ended_valid, ended_ready;
  logic [P-1:0][127:0]      ended_hdr;
  logic [P-1:0][1:0]        ended_cls;
  logic [P-1:0][4:0]        ended_source;

  vfp_crossbar #(
    .Users(Users), .Devices(Devices), .HostSlots(HostSlots), .DevSlots(DevSlots), .Tags(Tags), .MaxPayload(MaxPayload),
    .Local(1'b1)
  ) u_crossbar (
    .clk_i, .rst_ni, .init_done_o(plane_ready), .payload_i, .link_i,
    .rx_valid_i(in_valid), .rx_i(in), .rx_wait_i(wait_room), .rx_room_o(room),
    .link_room_i(link_room), .take_o(takes), .link_waits_i(waits),
    .tx_valid_o(exit_valid), .tx_o(exit_cell), .tx_route_o(exit_route), .tx_tag_o(exit_tag),
    .dec_valid_o(dec_valid), .dec_hdr_o(dec_hdr), .dec_cls_o(dec_cls), .dec_cells_o(dec_cells), .dec_room_i(dec_room),
    .route_valid_i(route_valid), .route_i(route), .route_hdr_i(route_hdr), .route_cells_i(route_cells),
    .check_vf_o(check_vf), .check_gen_o(check_gen), .check_ok_i(check_ok),
    .tick_ms_i, .timeout_i, .id_i(id_i[P-1:H]), .quota_i,
    .cpl_valid_i(cpl_valid), .cpl_ready_o(cpl_ready), .cpl_hdr_i(cpl_hdr),
    .res_valid_o(res_valid), .res_act_o(res_act), .res_req_o(res_req), .next_vf_o(next_vf), .res_left_o(res_left),
    .tag_dev_o(tag_dev), .tag_vf_o(tag_vf), .tag_gen_i(tag_gen),
    .exp_valid_o(exp_valid), .exp_ready_i(exp_ready), .exp_req_o(exp_req), .exp_left_o(exp_left),
    .alloc_o, .alloc_req_o, .over_o, .over_late_o, .tags_some_o(tags_some), .busy_o(ports_busy),
    .own_valid_i(own_tag_valid_i), .own_ready_o(own_tag_ready_o), .own_req_i(own_tag_req_i), .own_tag_o,
    .local_ready_i, .local_valid_o, .local_o, .local_route_o, .hold_i(hold_dev_i),
    .weight_i, .tick_us_i(tick_stuck_i), .stuck_i, .patience_i, .release_i(release_port),
    .contained_o, .down_o(down), .waiting_o(waiting),
    .old_i(old_o), .np_some_o(np_some), .local_some_o(local_some), .p_waits_o, .p_sends_o, .gone_o(gone),
    .overrun_o(overrun), .bad_o(bad), .bad_hdr_o(bad_hdr), .stray_o(stray), .dropped_o(dropped),
    .ended_valid_o(ended_valid), .ended_ready_i(ended_ready), .ended_hdr_o(ended_hdr), .ended_cls_o(ended_cls),
    .ended_source_o(ended_source)
  );
  assign over_req_o  = res_req;
  assign init_done_o = ready_q;
  always_ff @(posedge clk_i) ready_q <= rst_ni && plane_ready && gen_ready && dec_ready == '1;

  // --- the tables of each device's generations: for the maps, its steering, its tags, the hosts' tags ---

  logic [Devices-1:0]                  gen_init;
  logic [Devices-1:0][Looks-1:0][5:0]  look_vf;
  logic [Devices-1:0][Looks-1:0][15:0] look_gen;
  logic [Devices-1:0][H:0][5:0]        ask_vf;   // exits: the device's, the hosts'
  logic [Devices-1:0][H:0][15:0]       ask_gen;
  logic [Devices-1:0][H:0]             ask_ok;
  logic [Users-1:0][1:0]               map_dev;
  logic [Users-1:0][5:0]               map_vf;
  logic [Users-1:0][15:0]              map_gen;
  logic [Devices-1:0][5:0]             steer_vf;
  assign gen_ready = gen_init == '1;

  for (genvar d = 0; d < int'(Devices); d++) begin : gen_numbers
    vfp_generation #(.Looks(Looks), .Checks(H + 1)) u_numbers (
      .clk_i, .rst_ni, .init_done_o(gen_init[d]), .bump_i(bump_i[d]), .pending_o(pending_o[d]),
      .look_vf_i(look_vf[d]), .look_gen_o(look_gen[d]),
      .check_vf_i(ask_vf[d]), .check_gen_i(ask_gen[d]), .check_ok_o(ask_ok[d])
    );
    assign look_vf[d][Users-1:0] = map_vf;
    assign look_vf[d][Users]     = steer_vf[d];
    assign look_vf[d][Users+1]   = tag_vf[H+d];
    assign tag_gen[H+d]          = look_gen[d][Users+1];
    for (genvar h = 0; h < int'(H); h++) begin : gen_host
      assign look_vf[d][Users+2+h] = tag_vf[h];
      assign ask_vf[d][1+h]        = check_vf[h];
      assign ask_gen[d][1+h]       = check_gen[h];
      assign check_ok[h][d]        = ask_ok[d][1+h];
    end
    assign ask_vf[d][0]  = check_vf[H+d];
    assign ask_gen[d][0] = check_gen[H+d];
    for (genvar e = 0; e < int'(Devices); e++) begin : gen_own
      assign check_ok[H+d][e] = ask_ok[d][0];
    end
  end
  for (genvar u = 0; u < int'(Users); u++) begin : gen_map_gen
    always_comb begin
      map_gen[u] = '0;
      for (int d = 0; d < int'(Devices); d++) if (map_dev[u] == 2'(d)) map_gen[u] = look_gen[d][u];
    end
  end
  for (genvar h = 0; h < int'(H); h++) begin : gen_tag_gen
    always_comb begin
      tag_gen[h] = '0;
      for (int d = 0; d < int'(Devices); d++) if (tag_dev[h] == 2'(d)) tag_gen[h] = look_gen[d][Users+2+h];
    end
  end

  // --- each port's entrance and exit rest while nothing is there for them (vfp_clock_gate) ---

  logic [P-1:0] clk_in, clk_out, link_q, down_q, old_q, hears, speaks;
  always_ff @(posedge clk_i) begin
    link_q <= link_i;
    down_q <= down;
    old_q  <= old_o;
  end
  for (genvar p = 0; p < int'(P); p++) begin : gen_rest
    assign hears[p] = rx_valid_i[p] || wait_room[p] != '0 || in_valid[p] || dec_valid[p] || deciding_o[p] || route_valid[p] ||
                      ans_valid[p] || cpl_valid[p] || res_valid[p] || rep_valid[3*p] || rep_valid[3*p+1] ||
                      exp_valid[p] || late_valid[p] || map_we_i != '0 ||
                      steer_we_i != '0 || link_q[p] != link_i[p] || !ready_q;
    assign speaks[p] = exit_valid[p] || queued[p] || own_req_valid_i[p] || own_cpl_valid_i[p] || ask[p] != '0 ||
                       answers[p] || ended_valid[p] || end_valid[p] || link_q[p] != link_i[p] || down_q[p] != down[p] ||
                       old_q[p] != old_o[p];
  end
  assign busy_o = (hears | speaks | ports_busy) != '0;

  // --- decisions ---

  logic [P-1:0]              ans_valid, ans_ready;
  logic [P-1:0][AnswerW-1:0] ans;

  logic [H-1:0]              closed;  // the owner is not concerned
  assign closed = {{Users{users_closed_i}}, 1'b0};

  for (genvar h = 0; h < int'(H); h++) begin : gen_decide_host
    localparam int unsigned U = h == 0 ? 0 : h - 1;  // the owner has no map
    logic [1:0]  dev;
    logic [5:0]  vf;
    vfp_decide_host #(.Owner(h == 0), .Slots(Slots), .Devices(Devices)) u_decide (
      .clk_i(clk_in[h]), .rst_ni, .init_done_o(dec_ready[h]), .room_o(verdict_room[h]),
      .in_valid_i(dec_valid[h]), .in_hdr_i(dec_hdr[h]), .in_cls_i(dec_cls[h]), .in_cells_i(dec_cells[h]),
      .route_valid_o(route_valid[h]), .route_o(route[h]), .route_hdr_o(route_hdr[h]), .route_cells_o(route_cells[h]),
      .ans_valid_o(ans_valid[h]), .ans_ready_i(ans_ready[h]), .ans_o(ans[h]),
      .err_valid_o(dec_err[h]), .err_reason_o(dec_reason[h]),
      .cpl_valid_o(cpl_valid[h]), .cpl_ready_i(cpl_ready[h]), .cpl_hdr_o(cpl_hdr[h]),
      .res_valid_i(res_valid[h]), .res_act_i(res_act[h]), .res_req_i(res_req[h]), .res_left_i(res_left[h]),
      .own_id_i(id_i[P-1:H]),
      .local_en_i(local_en_i[h]), .local_bar_i(local_bar_i[h]),
      .look_dev_o(dev), .look_vf_o(vf), .look_gen_i(map_gen[U]),
      .row_we_i(h != 0 && map_we_i[U]), .row_idx_i(map_idx_i), .row_i(map_row_i),
      .closed_i(closed[h]), .win_en_i, .mem_base_i, .mem_limit_i, .pref_base_i, .pref_limit_i
    );
    if (h != 0) begin : gen_user
      assign map_dev[U] = dev;
      assign map_vf[U]  = vf;
    end else begin : gen_owner
      logic unused;
      assign unused = ^{dev, vf};
    end
  end

  logic [Devices-1:0][5:0]                            asked_vf;   // of requests without an answer (vfp_late)
  logic [Devices-1:0][vfp_steer_pkg::SteerRowW-1:0]   asked_row;
  for (genvar d = 0; d < int'(Devices); d++) begin : gen_decide_device
    vfp_decide_device u_decide (
      .clk_i(clk_in[H+d]), .rst_ni, .init_done_o(dec_ready[H+d]), .room_o(verdict_room[H+d]),
      .in_valid_i(dec_valid[H+d]), .in_hdr_i(dec_hdr[H+d]), .in_cls_i(dec_cls[H+d]), .in_cells_i(dec_cells[H+d]),
      .route_valid_o(route_valid[H+d]), .route_o(route[H+d]), .route_hdr_o(route_hdr[H+d]),
      .route_cells_o(route_cells[H+d]),
      .ans_valid_o(ans_valid[H+d]), .ans_ready_i(ans_ready[H+d]), .ans_o(ans[H+d]),
      .err_valid_o(dec_err[H+d]), .err_reason_o(dec_reason[H+d]),
      .cpl_valid_o(cpl_valid[H+d]), .cpl_ready_i(cpl_ready[H+d]), .cpl_hdr_o(cpl_hdr[H+d]),
      .res_valid_i(res_valid[H+d]), .res_act_i(res_act[H+d]), .res_req_i(res_req[H+d]),
      .next_vf_i(next_vf[H+d]), .res_left_i(res_left[H+d]),
      .pf_known_i(pf_known_i[d]), .pf_rid_i(pf_rid_i[d]), .pf_master_i(pf_master_i[d]),
      .whole_i(whole_i[d]), .last_bus_i(last_bus_i[d]), .sriov_i(sriov_i[d]),
      .closed_i(closed_i[d]),
      .first_i(first_i[d]), .stride_i(stride_i[d]), .num_i(num_i[d]),
      .look_vf_o(steer_vf[d]), .look_gen_i(look_gen[d][Users]),
      .late_vf_i(asked_vf[d]), .late_row_o(asked_row[d]),
      .row_we_i(steer_we_i[d]), .row_vf_i(steer_vf_i), .row_i(steer_row_i)
    );
  end

  // --- each link ---

  logic [P-1:0]              back, end_valid, end_ready, late_valid, late_ready;
  logic [P-1:0][4:0]         end_source, late_port;
  logic [P-1:0][AnswerW-1:0] end_ans, late_ans;
  logic [P-1:0][15:0]        late_cid;
  // Answers: sources of each link's, and whether it has taken one.
  localparam int unsigned N = 1 + 2 * P;
  localparam int unsigned SaidW = 16 + AnswerW;  // with the completer ID (vfp_answer)
  logic [P-1:0][N-1:0]              ask, heard;
  always_comb begin
    end_ready  = '0;
    late_ready = '0;
    for (int p = 0; p < int'(P); p++) begin
      for (int q = 0; q < int'(P); q++) begin
        if (heard[p][1+2*q]) end_ready[q] = 1'b1;
        if (heard[p][2+2*q]) late_ready[q] = 1'b1;
      end
    end
  end

  localparam int unsigned Reports = 3 * P + H;
  logic [Reports-1:0]              rep_valid, rep_ready;
  logic [P-1:0][ReportW-1:0]       dec_report, bad_report;
  for (genvar h = 0; h < int'(H); h++) begin : gen_own_reports
    assign rep_valid[3*P+h]   = own_err_valid_i[h];
    assign own_err_ready_o[h] = rep_ready[3*P+h];
  end

  for (genvar p = 0; p < int'(P); p++) begin : gen_link
    localparam bit IsHost = p < int'(H);
    localparam logic [4:0] Mine = IsHost ? 5'(p) : 5'(p - int'(H));  // this port's number on the other side

    // What is beside the two: until what is old has gone, and what ended has been reported.
    logic       clk_link, link_on;
    logic [2:0] open, open_q;  // a cycle late, which receive and vfp_session leave time for
    assign link_on = hears[p] || speaks[p] || ports_busy[p] || rep_valid[3*p+2] || (old_o[p] && !down[p]) || open_q != open;
    vfp_clock_gate #(.Hold(8)) u_link_gate (.clk_i, .rst_ni, .on_i(link_on), .clk_o(clk_link));
    vfp_clock_gate #(.Hold(8)) u_in_gate   (.clk_i(clk_link), .rst_ni, .on_i(hears[p]), .clk_o(clk_in[p]));
    vfp_clock_gate #(.Hold(8)) u_out_gate  (.clk_i(clk_link), .rst_ni, .on_i(speaks[p]), .clk_o(clk_out[p]));

    // A host that is held sends completions only; what is inside already waits before the devices. One whose link was lost
    // begins when all that came by it before is gone.
    vfp_route_pkg::route_t  verdict, leaves;
    logic        held;
    logic [6:0]  dec_used;  // reports wait without holding anything up: no packet begins while many do
    logic [4:0]  bad_used;
    if (IsHost) begin : gen_host_link
      assign held = hold_i[p];
    end else begin : gen_device_link
      assign held = 1'b0;
    end
    assign open = {3{ready_q && dec_used < 7'd16 && bad_used < 5'd4}} & {1'b1, !held && !shut[p], !held && !cut_o[p]};
    always_ff @(posedge clk_link) open_q <= open & {3{rst_ni}};
    vfp_link_in u_in (
      .clk_i(clk_in[p]), .rst_ni, .link_i(link_i[p]),
      .in_valid_i(rx_valid_i[p]), .in_ready_o(rx_ready_o[p]), .in_i(rx_i[p]),
      .room_i(room[p] & open_q), .wait_o(wait_room[p]), .out_valid_o(in_valid[p]), .out_o(in[p])
    );
    assign rx_room_o[p] = room[p] & open_q;

    logic       unused_dec_room, unused_bad_room;
    assign dec_room[p] = verdict_room[p];
    vfp_fifo #(.W(ReportW), .Depth(64)) u_dec_reports (
      .clk_i(clk_in[p]), .rst_ni, .in_valid_i(dec_err[p]), .in_ready_o(unused_dec_room),
      .in_data_i({dec_reason[p], route_hdr[p]}),
      .out_valid_o(rep_valid[3*p]), .out_ready_i(rep_ready[3*p]), .out_data_o(dec_report[p]), .used_o(dec_used)
    );
    vfp_cell_pkg::cell_t exit, wire_cell, tx;
    vfp_fifo #(.W(ReportW), .Depth(16)) u_bad_reports (
      .clk_i(clk_in[p]), .rst_ni, .in_valid_i(bad[p]), .in_ready_o(unused_bad_room),
      .in_data_i({vfp_regs_pkg::DropMalformed, bad_hdr[p]}),
      .out_valid_o(rep_valid[3*p+1]), .out_ready_i(rep_ready[3*p+1]), .out_data_o(bad_report[p]), .used_o(bad_used)
    );
    // What ended at the exit or behind it is counted, its header is not kept. Three may end at once.
    logic [7:0] ends_q;
    logic [1:0] ends;
    logic       ends_told;
    assign ends             = 2'(dropped[p]) + 2'(link_lost_told[p]) + 2'(ended_valid[p] && ended_ready[p]);
    assign rep_valid[3*p+2] = ends_q != '0;
    assign ends_told        = rep_valid[3*p+2] && rep_ready[3*p+2];
    always_ff @(posedge clk_link) begin
      if (!rst_ni) ends_q <= '0;
      else if (ends != {1'b0, ends_told}) begin
        ends_q <= ends == 2'd0 ? ends_q - 1'b1 : ends_q >= 8'hfd ? 8'hff : ends_q + 8'(ends) - 8'(ends_told);
      end
    end

    assign renews_o[p] = shut[p] && link_i[p] && !contained_o[p];
    vfp_session u_session (
      .clk_i(clk_link), .rst_ni, .link_i(link_i[p]), .down_i(down[p]), .arrives_i(dec_valid[p]), .decided_i(route_valid[p]),
      .np_some_i(np_some[p] || local_np_i[p]), .p_some_i(local_some[p]), .gone_i(gone[p]),
      .deciding_o(deciding_o[p]), .old_o(old_o[p]), .cut_o(cut_o[p]), .hold_o(shut[p])
    );

    assign verdict    = route[p];
    assign leaves     = exit_route[p];
    assign exit       = exit_cell[p];
    assign ev_rx_o[p] = dec_valid[p] ? 3'(3'd1 << dec_cls[p]) : 3'd0;
    assign refused_o[p] = dec_err[p] ? 3'(3'd1 << verdict.cls) : 3'd0;

    logic wire_valid;
    vfp_rewrite #(.ToHost(IsHost)) u_rewrite (
      .clk_i(clk_out[p]), .rst_ni, .id_i(id_i[p]),
      .in_valid_i(exit_valid[p]), .in_i(exit), .in_route_i(leaves), .in_tag_i(exit_tag[p]),
      .out_valid_o(wire_valid), .out_o(wire_cell)
    );

    // Answers for this link: its own refusals, its own completions that ended, and requests of it that ended elsewhere or got
    // no answer there. Seldom; and then wide.
    logic [N-1:0]     speaker;
    logic [SaidW-1:0] said;
    always_comb begin
      ask[p] = '0;
      if (ans_valid[p] || end_valid != '0 || late_valid != '0) begin
        ask[p][0] = ans_valid[p];
        for (int q = 0; q < int'(P); q++) begin
          ask[p][1+2*q] = end_valid[q] && (q == p ? !back[q] : (q < int'(H)) != IsHost && back[q] && end_source[q] == Mine);
          ask[p][2+2*q] = late_valid[q] && (q < int'(H)) != IsHost && late_port[q] == Mine;
        end
      end
    end
    always_comb begin
      said = '0;
      if (speaker != '0) begin
        if (speaker[0]) said = said | {16'd0, ans[p]};
        for (int q = 0; q < int'(P); q++) begin
          if (speaker[1+2*q]) said = said | {16'd0, end_ans[q]};
          if (speaker[2+2*q]) said = said | {late_cid[q], late_ans[q]};
        end
      end
    end
    assign ans_ready[p] = heard[p][0];

    // They wait here for a link that takes none, and not where others' would wait behind them. Those to requests of before
    // end here.
    logic               said_valid, said_ready, answer_valid, answer_ready;
    logic [SaidW-1:0]   one, answer;
    logic [6:0]         unused_answers;
    vfp_cell_pkg::cell_t a_cell;
    vfp_gather #(.N(N), .W(SaidW)) u_answers (
      .clk_i(clk_out[p]), .rst_ni, .in_valid_i(ask[p]), .in_ready_o(heard[p]), .pick_o(speaker), .in_data_i(said),
      .out_valid_o(said_valid), .out_ready_i(said_ready || old_q[p]), .out_data_o(one)
    );
    vfp_fifo #(.W(SaidW), .Depth(64)) u_waiting (
      .clk_i(clk_out[p]), .rst_ni(rst_ni && !old_q[p]), .in_valid_i(said_valid), .in_ready_o(said_ready), .in_data_i(one),
      .out_valid_o(answer_valid), .out_ready_i(answer_ready), .out_data_o(answer), .used_o(unused_answers)
    );
    vfp_answer u_answer (
      .own_cid_i(id_i[p]), .in_i(answer[AnswerW-1:0]), .in_cid_i(answer[SaidW-1:AnswerW]), .out_o(a_cell)
    );

    assign answers[p] = said_valid || answer_valid;

    // What ended here, and requests that got no answer here.
    vfp_ended u_ended (
      .clk_i(clk_out[p]), .rst_ni,
      .in_valid_i(ended_valid[p]), .in_ready_o(ended_ready[p]), .in_hdr_i(ended_hdr[p]), .in_cls_i(ended_cls[p]),
      .in_source_i(ended_source[p]),
      .out_valid_o(end_valid[p]), .out_ready_i(end_ready[p]), .out_back_o(back[p]), .out_source_o(end_source[p]),
      .out_o(end_ans[p])
    );
    vfp_tags_pkg::tag_req_t    late;
    logic                      late_own, late_room;
    logic [5:0]                late_vf;
    vfp_steer_pkg::steer_row_t late_row;
    assign late         = exp_req[p];
    assign late_own     = late.port == vfp_tags_pkg::PortOwn;
    assign exp_ready[p] = late_own || late_room;
    vfp_late u_late (
      .clk_i(clk_in[p]), .rst_ni, .in_valid_i(exp_valid[p] && !late_own), .in_ready_o(late_room), .in_req_i(late),
      .in_left_i(exp_left[p][11:0]), .vf_o(late_vf), .row_i(late_row),
      .out_valid_o(late_valid[p]), .out_ready_i(late_ready[p]), .out_port_o(late_port[p]), .out_o(late_ans[p]),
      .out_cid_o(late_cid[p])
    );
    if (IsHost) begin : gen_late_host  // who asked is a device: it knows the server as the bridge
      assign late_row = '0;
      logic unused_late_vf;
      assign unused_late_vf = ^late_vf;
    end else begin : gen_late_device
      assign asked_vf[p-int'(H)] = late_vf;
      assign late_row            = asked_row[p-int'(H)];
    end
    assign own_late_o[p] = exp_valid[p] && late_own;

    vfp_cell_pkg::cell_t own_req, own_cpl;
    assign own_req = own_req_i[p];
    assign own_cpl = own_cpl_i[p];
    vfp_link_out #(.Sides(3), .MaxPayload(MaxPayload)) u_out (
      .clk_i(clk_out[p]), .rst_ni, .link_i(link_i[p]), .down_i(down[p]),
      .in_valid_i(wire_valid), .in_i(wire_cell), .room_o(link_room[p]),
      .side_valid_i({own_req_valid_i[p], own_cpl_valid_i[p], answer_valid}),
      .side_ready_o({own_req_ready_o[p], own_cpl_ready_o[p], answer_ready}),
      .side_cls_i({own_req_cls_i[p], vfp_cell_pkg::ClsCpl, vfp_cell_pkg::ClsCpl}),
      .side_hdr_i({own_req.hdr, own_cpl.hdr, a_cell.hdr}), .side_data_i({own_req.data[31:0], own_cpl.data[31:0], 32'd0}),
      .out_valid_o(tx_valid_o[p]), .out_ready_i(tx_ready_i[p]), .out_room_i(tx_room_i[p]), .out_o(tx),
      .waits_o(link_waits[p]), .lost_o(link_lost[p]), .lost_told_o(link_lost_told[p]), .some_o(queued[p])
    );
    assign tx_o[p] = tx;

    logic [1:0] tx_cls;
    vfp_cell_pkg::req_hdr_t tx_req;
    assign tx_req = tx.hdr;
    assign tx_cls = tx_req.dw0.kind == vfp_cell_pkg::KindCpl || tx_req.dw0.kind == vfp_cell_pkg::KindCplLk ?
                    vfp_cell_pkg::ClsCpl :
                    tx_req.dw0.kind[4:3] == 2'b10 || (tx_req.dw0.kind == vfp_cell_pkg::KindMem && tx_req.dw0.data) ?
                    vfp_cell_pkg::ClsP : vfp_cell_pkg::ClsNp;
    assign ev_tx_o[p] = tx_valid_o[p] && tx_ready_i[p] && tx.sop ? 3'(3'd1 << tx_cls) : 3'd0;

    // A neighbour that takes everything again, or a new link, begins anew.
    assign release_port[p] = !link_i[p] || (tx_ready_i[p] && tx_room_i[p] == 3'b111);
    // An answer that comes while the port is stuck may never get as far as the exit.
    logic swallowed, astray;
    always_comb begin
      swallowed = 1'b0;
      for (int q = 0; q < int'(P); q++) begin
        swallowed = swallowed || ((q < int'(H)) != IsHost && res_valid[q] && res_act[q] == vfp_tags_pkg::ActSwallow &&
                                  res_port[q] == Mine);
      end
    end
    assign astray     = old_o[p] && !cut_o[p] && (swallowed || answers[p]);
    assign lost_o[p]  = link_i[p] && (astray || (contained_o[p] &&
                        (dropped[p] || link_lost[p] || (ended_valid[p] && ended_is_cpl))));
    assign waits[p]   = link_waits[p] | {1'b0, own_waits_i[p], 1'b0};
    assign timer_o[p] = tags_some[p] || contained_o[p] || waiting[p] || queued[p] || waits[p] != '0;
    vfp_tags_pkg::tag_req_t res_who;
    assign res_who     = res_req[p];
    assign res_port[p] = res_who.port;
    logic ended_is_cpl;
    assign ended_is_cpl = ended_cls[p] == vfp_cell_pkg::ClsCpl;

    logic unused;
    assign unused = ^{unused_dec_room, unused_bad_room, unused_answers, a_cell, own_req, own_cpl, verdict, leaves, tx_req,
                      late, res_who, exp_left[p][12], overrun[p], stray[p], takes[p]};
  end

  // What a device may not send is its own report; what ended on the way to a device is its sender's. Seldom; and then wide.
  logic [Reports-1:0] reporter;
  logic [ReportW+7:0] rep, report;
  always_comb begin
    rep = '0;
    if (reporter != '0) begin
      for (int p = 0; p < int'(P); p++) begin
        if (reporter[3*p])   rep = rep | {8'(p), dec_report[p]};
        if (reporter[3*p+1]) rep = rep | {8'(p), bad_report[p]};
        if (reporter[3*p+2]) begin
          rep = rep | {8'(p), down[p] ? vfp_regs_pkg::DropBlocked : vfp_regs_pkg::DropNotAssigned, 128'd0};
        end
      end
      for (int h = 0; h < int'(H); h++) begin
        if (reporter[3*P+h]) rep = rep | {8'(h), own_err_reason_i[h], own_err_hdr_i[h]};
      end
    end
  end
  logic               clk_reports;
  vfp_clock_gate u_reports_gate (.clk_i, .rst_ni, .on_i(rep_valid != '0 || err_valid_o), .clk_o(clk_reports));
  vfp_gather #(.N(Reports), .W(ReportW + 8)) u_reports (
    .clk_i(clk_reports), .rst_ni, .in_valid_i(rep_valid), .in_ready_o(rep_ready), .pick_o(reporter), .in_data_i(rep),
    .out_valid_o(err_valid_o), .out_ready_i(err_ready_i), .out_data_o(report)
  );
  assign {err_port_o, err_reason_o, err_hdr_o} = report;

endmodule
