// SPDX-License-Identifier: Apache-2.0
// What becomes of a host's packets (docs/bridge-inside.md, "Decisions"): memory requests as the address map says,
// configuration requests to the bridge's own configuration space, completions as the tag table says, and nothing else.
module vfp_decide_host #(
  parameter bit          Owner   = 1'b0,  // its ports' windows instead of a map
  parameter int unsigned Slots   = 8,
  parameter int unsigned Devices = 1,
  localparam int unsigned IdxW = $clog2(8 * Slots)
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  output logic        init_done_o,
  output logic [2:0]  room_o,          // by class, for the packets' sender

  // From receive: a packet that ended well.
  input  logic        in_valid_i,
  input  logic [127:0] in_hdr_i,
  input  logic [1:0]  in_cls_i,
  input  logic [5:0]  in_cells_i,

  // To the queues, one for each packet.
  output logic        route_valid_o,
  output vfp_route_pkg::route_t route_o,
  output logic [127:0] route_hdr_o,
  output logic [5:0]  route_cells_o,

  output logic        ans_valid_o,
  input  logic        ans_ready_i,
  output vfp_route_pkg::answer_t ans_o,
  output logic        err_valid_o,     // pulse; the header is route_hdr_o
  output logic [3:0]  err_reason_o,

  // This port's tag table.
  output logic        cpl_valid_o,
  input  logic        cpl_ready_i,
  output logic [127:0] cpl_hdr_o,
  input  logic        res_valid_i,
  input  logic [2:0]  res_act_i,
  input  vfp_tags_pkg::tag_req_t res_req_i,
  input  logic [12:0] res_left_i,
  input  logic [Devices-1:0][15:0] own_id_i,  // the bridge itself as completer at each device

  input  logic        local_en_i,      // the registers' window
  input  logic [47:0] local_bar_i,

  // A user: its map.
  output logic [1:0]  look_dev_o,
  output logic [5:0]  look_vf_o,
  input  logic [15:0] look_gen_i,
  input  logic        row_we_i,
  input  logic [IdxW-1:0] row_idx_i,
  input  vfp_map_pkg::map_row_t row_i,

  input  logic        closed_i,        // a device's VFs may not be reached: why an address leads nowhere

  // The owner: its ports' windows.
  input  logic [Devices-1:0]       win_en_i,
  input  logic [Devices-1:0][11:0] mem_base_i,
  input  logic [Devices-1:0][11:0] mem_limit_i,
  input  logic [Devices-1:0][43:0] pref_base_i,
  input  logic [Devices-1:0][43:0] pref_limit_i
);

  // --- what the header alone says ---

  vfp_cell_pkg::req_hdr_t req;
  assign req = in_hdr_i;

  logic       is_cfg;
  logic [3:0] what;
  logic [3:0] reason;
  assign is_cfg = req.dw0.kind == vfp_cell_pkg::KindCfg0 || req.dw0.kind == vfp_cell_pkg::KindCfg1;

  always_comb begin
    what   = vfp_look_pkg::DoRefuse;
    reason = vfp_regs_pkg::DropUnsupported;
    // Translated addresses are for who has address translation; nobody here has.
    if (req.dw0.kind == vfp_cell_pkg::KindMem && req.dw0.at == 2'd0) what = vfp_look_pkg::DoLook;
    else if (req.dw0.kind == vfp_cell_pkg::KindCpl) what = vfp_look_pkg::DoMatch;
    else if (req.dw0.kind == vfp_cell_pkg::KindCplLk) reason = vfp_regs_pkg::DropUnexpected;  // no locked read leaves the bridge
    else if (req.dw0.kind[4:3] == 2'b10) what = vfp_look_pkg::DoSink;
    else if (is_cfg && !req.dw0.ep) what = vfp_look_pkg::DoLocal;
    else if (is_cfg) reason = vfp_regs_pkg::DropPoisoned;
  end

  // --- where an address leads ---

  logic                look_valid, hit, is_local;
  vfp_look_pkg::look_t look;
  logic [1:0]          dev;

  always_comb begin
    look.refuse = !hit;
    look.reason = closed_i ? vfp_regs_pkg::DropBlocked : vfp_regs_pkg::DropNoTarget;
    look.port   = is_local ? vfp_route_pkg::PortLocal : {3'd0, dev};
  end

  if (Owner) begin : gen_owner
    vfp_windows #(.Devices(Devices)) u_windows (
      .clk_i, .rst_ni,
      .en_i       (win_en_i),
      .mem_base_i, .mem_limit_i, .pref_base_i, .pref_limit_i, .local_en_i, .local_bar_i,
      .req_valid_i(in_valid_i && what == vfp_look_pkg::DoLook),
      .req_page_i ({req.dw2, req.dw3[31:12]}),
      .rsp_valid_o(look_valid),
      .rsp_hit_o  (hit),
      .rsp_local_o(is_local),
      .rsp_dev_o  (dev)
    );
    assign look.has_vf = 1'b0;
    assign look.vf     = '0;
    assign look.gen    = '0;
    assign look.remap  = 1'b0;
    assign look.place  = '0;
    assign init_done_o = 1'b1;
    assign look_dev_o  = '0;
    assign look_vf_o   = '0;
    logic unused_map;
    assign unused_map = ^{look_gen_i, row_we_i, row_idx_i, row_i};
  end else begin : gen_user
    logic map_ready;
    vfp_map #(.Slots(Slots)) u_map (
      .clk_i, .rst_ni, .init_done_o,
      .req_valid_i(in_valid_i && what == vfp_look_pkg::DoLook),
      .req_ready_o(map_ready),  // it has a place for every packet that there is room for
      .req_page_i ({req.dw2, req.dw3[31:12]}),
      .rsp_valid_o(look_valid),
      .rsp_hit_o  (hit),
      .rsp_local_o(is_local),
      .rsp_dev_o  (dev),
      .rsp_vf_o   (look.vf),
      .rsp_gen_o  (look.gen),
      .rsp_page_o (look.place),
      .local_en_i, .local_bar_i, .look_dev_o, .look_vf_o, .look_gen_i, .row_we_i, .row_idx_i, .row_i
    );
    assign look.has_vf = !is_local;
    assign look.remap  = !is_local;
`ifndef SYNTHESIS
    always_ff @(posedge clk_i) begin
      if (rst_ni) begin
        map_has_place: assert (map_ready || !in_valid_i);
      end
    end
`endif
    logic unused_windows;
    assign unused_windows = ^{map_ready, win_en_i, mem_base_i, mem_limit_i, pref_base_i, pref_limit_i};
  end

  // --- completions ---

  logic        match_valid, match_ready, match_cid_use;
  logic [2:0]  match_act;
  logic [11:0] match_left;
  logic [15:0] match_cid;
  vfp_tags_pkg::tag_req_t match_req;

  // An end in place of a server's answer is the bridge's own: the port above the device's function has made it. Otherwise
  // a device knows the completers of its reads by their own names.
  logic        ends;
  logic [15:0] own_id;
  assign ends = res_act_i == vfp_tags_pkg::ActUr || res_act_i == vfp_tags_pkg::ActCa;
  always_comb begin
    own_id = own_id_i[0];
    for (int d = 1; d < int'(Devices); d++) if (res_req_i.port == 5'(d)) own_id = own_id_i[d];
  end
  vfp_match u_match (
    .clk_i, .rst_ni,
    .in_valid_i   (in_valid_i && what == vfp_look_pkg::DoMatch),
    .in_hdr_i,
    .cpl_valid_o, .cpl_ready_i, .cpl_hdr_o, .res_valid_i, .res_act_i, .res_req_i, .res_left_i,
    .id_known_i   (ends),
    .id_i         (own_id),
    .out_valid_o  (match_valid),
    .out_ready_i  (match_ready),
    .out_act_o    (match_act),
    .out_req_o    (match_req),
    .out_left_o   (match_left),
    .out_cid_use_o(match_cid_use),
    .out_cid_o    (match_cid)
  );

  vfp_verdict u_verdict (
    .clk_i, .rst_ni, .room_o,
    .in_valid_i,
    .in_hdr_i,
    .in_cls_i, .in_cells_i,
    .in_do_i        (what),
    .in_reason_i    (reason),
    .look_valid_i   (look_valid),
    .look_i         (look),
    .match_valid_i  (match_valid),
    .match_ready_o  (match_ready),
    .match_act_i    (match_act),
    .match_req_i    (match_req),
    .match_left_i   (match_left),
    .match_cid_use_i(match_cid_use),
    .match_cid_i    (match_cid),
    .route_valid_o, .route_o, .route_hdr_o, .route_cells_o, .ans_valid_o, .ans_ready_i, .ans_o, .err_valid_o, .err_reason_o
  );

  logic unused;
  assign unused = ^req;

endmodule
