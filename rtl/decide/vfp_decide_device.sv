// SPDX-License-Identifier: Apache-2.0
// What becomes of a device's packets (docs/bridge-inside.md, "Decisions"): memory requests to the server that has the VF,
// or the owner if they are the PF's; messages of the PF and of the owner's VFs to the owner; completions as the tag table
// says; nothing else.
module vfp_decide_device (
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
  input  logic [5:0]  next_vf_i,       // what res_req_i.vf is in the next cycle
  input  logic [12:0] res_left_i,

  // Steering (vfp_steer).
  input  logic        pf_known_i,
  input  logic [15:0] pf_rid_i,
  input  logic        pf_master_i,     // Bus Master Enable of the PF and of the ports above it
  input  logic        whole_i,         // see vfp_steer
  input  logic [7:0]  last_bus_i,
  input  logic        sriov_i,
  input  logic        closed_i,        // where the VFs are is not known, or nobody may reach them: why a sender is nobody
  input  logic [15:0] first_i,
  input  logic [15:0] stride_i,
  input  logic [6:0]  num_i,
  output logic [5:0]  look_vf_o,
  input  logic [15:0] look_gen_i,
  input  logic [5:0]  late_vf_i,
  output vfp_steer_pkg::steer_row_t late_row_o,
  input  logic        row_we_i,
  input  logic [5:0]  row_vf_i,
  input  vfp_steer_pkg::steer_row_t row_i
);

  // --- what the header alone says ---

  vfp_cell_pkg::req_hdr_t req;
  assign req = in_hdr_i;

  logic       is_msg;
  logic [3:0] what;
  logic [3:0] reason;
  // Routed to the root complex (errors, power management), or to the port and INTx: 2.2.8. The code of a message is where
  // other requests have byte enables.
  assign is_msg = req.dw0.kind == 5'b10_000 ||
                  (req.dw0.kind == 5'b10_100 && {req.last_be, req.first_be[3]} == 5'b00100);

  always_comb begin
    what   = vfp_look_pkg::DoRefuse;
    reason = vfp_regs_pkg::DropUnsupported;
    if ((req.dw0.kind == vfp_cell_pkg::KindMem && req.dw0.at == 2'd0) || is_msg) what = vfp_look_pkg::DoLook;
    else if (req.dw0.kind == vfp_cell_pkg::KindCpl) what = vfp_look_pkg::DoMatch;
    else if (req.dw0.kind == vfp_cell_pkg::KindCplLk) reason = vfp_regs_pkg::DropUnexpected;
  end

  // --- whose a request is ---

  logic        rsp_valid, known, is_pf;
  logic [5:0]  vf, id_vf;
  logic [15:0] gen;
  vfp_steer_pkg::steer_row_t row, id_row;
  vfp_steer u_steer (
    .clk_i, .rst_ni, .init_done_o, .pf_known_i, .pf_rid_i, .whole_i, .last_bus_i, .sriov_i, .first_i, .stride_i, .num_i,
    .req_valid_i(in_valid_i && what == vfp_look_pkg::DoLook),
    .req_rid_i  (req.rid),
    .rsp_valid_o(rsp_valid),
    .rsp_known_o(known),
    .rsp_pf_o   (is_pf),
    .rsp_vf_o   (vf),
    .rsp_gen_o  (gen),
    .rsp_row_o  (row),
    .vf_i       (id_vf),
    .vf_row_o   (id_row),
    .late_vf_i, .late_row_o, .look_vf_o, .look_gen_i, .row_we_i, .row_vf_i, .row_i
  );

  // Beside the three stages of vfp_steer.
  logic [2:0]       msg_q;
  logic [2:0][15:0] rid_q;
  always_ff @(posedge clk_i) begin
    msg_q <= {msg_q[1:0], is_msg};
    rid_q <= {rid_q[1:0], req.rid};
  end

  vfp_look_pkg::look_t look;
  logic                owners;  // a VF that nobody was given
  assign owners = row.open && row.host == 5'd0;
  always_comb begin
    look.reason = vfp_regs_pkg::DropNone;
    if (!known) look.reason = closed_i ? vfp_regs_pkg::DropBlocked : vfp_regs_pkg::DropNoTarget;
    // A user's VF may not speak for the device; and Bus Master Enable does not gate messages (7.5.1.1).
    else if (msg_q[2]) look.reason = is_pf || owners ? vfp_regs_pkg::DropNone : vfp_regs_pkg::DropUnsupported;
    else if (is_pf) look.reason = pf_master_i ? vfp_regs_pkg::DropNone : vfp_regs_pkg::DropBusMaster;
    else if (!row.open) look.reason = closed_i ? vfp_regs_pkg::DropBlocked : vfp_regs_pkg::DropNotAssigned;
    else if (!row.master) look.reason = vfp_regs_pkg::DropBusMaster;
    look.refuse = look.reason != vfp_regs_pkg::DropNone;
    look.port   = is_pf ? 5'd0 : row.host;
    look.has_vf = !is_pf;
    look.vf     = vf;
    look.gen    = is_pf ? 16'd0 : gen;  // without a VF it would be taken for a name (vfp_tags_pkg)
    look.remap  = 1'b0;
    look.place  = {36'd0, is_pf ? rid_q[2] : row.id};
  end

  // --- completions: a user's server knows the VF by another name than the card ---

  logic        match_valid, match_ready, match_cid_use;
  logic [2:0]  match_act;
  logic [11:0] match_left;
  logic [15:0] match_cid;
  vfp_tags_pkg::tag_req_t match_req;
  assign id_vf = next_vf_i;  // its row comes a cycle later
  vfp_match u_match (
    .clk_i, .rst_ni,
    .in_valid_i   (in_valid_i && what == vfp_look_pkg::DoMatch),
    .in_hdr_i,
    .cpl_valid_o, .cpl_ready_i, .cpl_hdr_o, .res_valid_i, .res_act_i, .res_req_i, .res_left_i,
    .id_known_i   (res_req_i.has_vf && id_row.open && id_row.host != 5'd0),
    .id_i         (id_row.id),
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
    .look_valid_i   (rsp_valid),
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
  assign unused = ^{req, id_row};

endmodule
