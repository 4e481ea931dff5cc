// SPDX-License-Identifier: Apache-2.0
// The device's side of the bridge: steers what the device sends to the server that owns the function, under the
// identity that this server knows, and gives completions back to whoever asked.
module vfp_dev_port #(
  parameter int unsigned Users      = 2,
  parameter int unsigned UserFns    = 16,
  parameter int unsigned Vfs        = 64,
  parameter int unsigned MaxPayload = 128,
  localparam int unsigned Hosts  = Users + 1,
  localparam int unsigned HostW  = $clog2(Hosts),
  localparam int unsigned NumFns = Users * UserFns,
  localparam int unsigned NFnW   = $clog2(NumFns),
  localparam int unsigned VfW    = $clog2(Vfs)
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic link_i,
  input  logic freeze_i,

  input  logic         rx_valid_i,
  output logic         rx_ready_o,
  output logic [2:0]   rx_room_o,
  input  logic         rx_sop_i,
  input  logic         rx_eop_i,
  input  logic [127:0] rx_hdr_i,
  input  logic [127:0] rx_data_i,

  // Maps.
  input  logic         dev_known_i,
  input  logic         sriov_i,
  input  logic [15:0]  vf_first_i,
  input  logic [15:0]  vf_stride_i,
  input  logic [VfW:0] num_vfs_i,
  input  logic [7:0]   sec_bus_i,
  input  logic [7:0]   sub_bus_i,
  input  logic [Hosts-1:0] mute_i,  // this host answers no reads: more of them are refused
  input  logic         own_bme_i,
  input  logic [15:0]  port_id_i,  // completer ID of the bridge toward the device
  input  logic [Vfs-1:0]           vf_owned_i,
  input  logic [Vfs-1:0][NFnW-1:0] vf_fn_i,
  input  logic [NumFns-1:0]        fn_active_i,
  input  logic [NumFns-1:0][VfW-1:0] fn_vf_i,
  input  logic [NumFns-1:0]        fn_bme_i,
  input  logic [NumFns-1:0][15:0]  fn_bdf_i,

  // Toward the hosts, by class. Requests carry tag 0, the host's tag table puts its own in.
  output logic [2:0]             fwd_valid_o,
  output logic [2:0][HostW-1:0]  fwd_host_o,
  input  logic [2:0]             fwd_ready_i,
  output logic [2:0][127:0]      fwd_hdr_o,
  output logic [2:0][127:0]      fwd_data_o,
  output logic [2:0]             fwd_last_o,
  // Beside a forwarded read: for its entry in the tag table.
  output logic [15:0]    np_rid_o,
  output logic [7:0]     np_tag_o,
  output logic [15:0]    np_sent_rid_o,
  output logic [23:0]    np_cpl_o,  // {TC, attributes, Lower Address, Byte Count}
  output logic [VfW-1:0] np_vf_o,
  output logic           np_is_vf_o,

  // Tag table of the hosts' requests: {.., internal, host, completer ID, requester ID, tag}.
  output logic               dn_look_o,
  output logic [7:0]         dn_look_tag_o,
  input  logic               dn_hit_i,
  input  logic               dn_stale_i,     // the asking host has gone meanwhile
  input  logic               dn_int_i,       // request of the bridge itself
  input  logic [HostW-1:0]   dn_host_i,
  input  logic [15:0]        dn_cpl_id_i,
  input  logic [23:0]        dn_id_i,        // {requester ID, tag}
  input  logic [15:0]        dn_rid_i,       // as which it was sent: the owner may have renumbered its buses since
  input  logic [20:0]        dn_left_i,      // what is still to come, see vfp_cpl_check
  output logic               dn_free_o,
  output logic               dn_part_o,
  output logic [20:0]        dn_part_left_o,
  output logic               dn_fail_o,
  output logic               int_done_o,     // pulse: completion of the bridge's own request
  output logic [2:0]         int_status_o,
  output logic [31:0]        int_rdata_o,

  // Completions of the bridge's own making, for the device: refused requests. One beat.
  output logic         own_valid_o,
  input  logic         own_ready_i,
  output logic [127:0] own_hdr_o,

  output logic [2:0]   ev_rx_o,
  output logic         err_valid_o,
  input  logic         err_ready_i,
  output logic [3:0]   err_reason_o,
  output logic [127:0] err_hdr_o,
  output logic         busy_o
);

  // Decided at ingress: only the type. Whose it is is looked up when it leaves, since that may change.
  localparam int unsigned MetaW = 3;

  logic [127:0]          look_hdr;
  logic [MetaW-1:0]      look_act;
  logic [2:0]            q_valid, q_last, q_pop;
  logic [2:0][127:0]     q_hdr, q_data;
  logic [2:0][MetaW-1:0] act;
  logic                  in_err_valid, in_err_ready, in_busy;
  logic [127:0]          in_err_hdr;
  logic [2:0]            ok, fwd, drop, mid_fwd_q, mid_drop_q;

  // As in vfp_host_port.
  logic lost_q, up;
  assign up = link_i && !lost_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) lost_q <= 1'b0;
    else lost_q <= !link_i || (lost_q && mid_fwd_q != 3'b000);
  end

  vfp_ingress #(.MetaW(MetaW), .MaxPayload(MaxPayload)) u_ingress (
    .clk_i, .rst_ni,
    .link_i     (up),
    .flush_i    (!up && mid_fwd_q == 3'b000),
    .rx_valid_i, .rx_ready_o, .rx_room_o, .rx_sop_i, .rx_eop_i, .rx_hdr_i, .rx_data_i,
    .look_hdr_o (look_hdr),
    .look_meta_i(look_act),
    .q_valid_o  (q_valid),
    .q_hdr_o    (q_hdr),
    .q_meta_o   (act),
    .q_data_o   (q_data),
    .q_last_o   (q_last),
    .q_pop_i    (q_pop),
    .ev_rx_o,
    .err_valid_o(in_err_valid),
    .err_ready_i(in_err_ready),
    .err_hdr_o  (in_err_hdr),
    .busy_o     (in_busy)
  );

  logic [6:0] kind;
  assign kind = vfp_pkg::tlp_type(look_hdr);
  always_comb begin
    look_act = vfp_pkg::ActDrop;
    if (kind == vfp_pkg::TlpCpl || kind == vfp_pkg::TlpCplD) look_act = vfp_pkg::ActFwd;
    else if ((kind == vfp_pkg::TlpMWr || kind == vfp_pkg::TlpMRd) && look_hdr[11:10] == 2'd0) look_act = vfp_pkg::ActFwd;
    // Error and PME messages, and INTx (2.2.8.1): see below.
    else if (look_hdr[28:24] == 5'b10_000 || (look_hdr[28:24] == 5'b10_100 && look_hdr[39:35] == 5'b00100)) look_act = vfp_pkg::ActSink;
    else if (look_hdr[28:27] != 2'b10 && kind != vfp_pkg::TlpMWr && look_hdr[28:24] != 5'd11) look_act = vfp_pkg::ActUr;
  end

  // Whose the heads of the posted and non-posted queues are.
  logic [1:0]             known, is_vf, to_user, master;
  logic [1:0][VfW-1:0]    vf;
  logic [1:0][HostW-1:0]  host;
  logic [1:0][NFnW-1:0]   fn;
  logic [2:0][HostW-1:0]  way, way_q;  // port to take, by class
  logic [1:0][3:0]        refusal, refusal_q, why;  // why: of a packet that is being dropped already, as it began

  for (genvar c = 0; c < 2; c++) begin : gen_head
    vfp_dev_steer #(.Users(Users), .UserFns(UserFns), .Vfs(Vfs)) u_steer (
      .rid_i(q_hdr[c][63:48]),
      .dev_known_i, .sriov_i, .vf_first_i, .vf_stride_i, .num_vfs_i, .sec_bus_i, .sub_bus_i, .vf_owned_i, .vf_fn_i,
      .known_o  (known[c]),
      .is_vf_o  (is_vf[c]),
      .vf_o     (vf[c]),
      .to_user_o(to_user[c]),
      .host_o   (host[c]),
      .fn_o     (fn[c])
    );
    assign master[c] = to_user[c] ? fn_bme_i[fn[c]] : own_bme_i;
    // Messages (errors, interrupts of the device) concern the owner alone: a user's VF may not speak for the device there
    // either. Bus Master Enable does not hold them back (7.5.1.1).
    always_comb begin
      refusal[c] = vfp_regs_pkg::DropNone;
      if (act[c] != vfp_pkg::ActFwd && !(act[c] == vfp_pkg::ActSink && !to_user[c])) refusal[c] = vfp_regs_pkg::DropUnsupported;
      else if (is_vf[c] && (!dev_known_i || (to_user[c] && freeze_i))) refusal[c] = vfp_regs_pkg::DropBlocked;
      else if (!known[c]) refusal[c] = vfp_regs_pkg::DropNoTarget;
      // The function may hold another VF by now, while this one is being cleaned.
      else if (to_user[c] && !(fn_active_i[fn[c]] && fn_vf_i[fn[c]] == vf[c])) refusal[c] = vfp_regs_pkg::DropNotAssigned;
      else if (!master[c] && act[c] == vfp_pkg::ActFwd) refusal[c] = vfp_regs_pkg::DropBusMaster;
      else if (c == 1 && mute_i[host[c]]) refusal[c] = vfp_regs_pkg::DropBlocked;
    end
    assign ok[c] = refusal[c] == vfp_regs_pkg::DropNone;
    assign why[c] = mid_drop_q[c] ? refusal_q[c] : refusal[c];
    always_ff @(posedge clk_i) if (!mid_drop_q[c]) refusal_q[c] <= refusal[c];
    assign way[c] = host[c];
    logic [127:0] renamed;
    assign renamed = {q_hdr[c][127:64], to_user[c] ? fn_bdf_i[fn[c]] : q_hdr[c][63:48],
                      c == 1 ? 8'd0 : q_hdr[c][47:40], q_hdr[c][39:0]};
    assign fwd_hdr_o[c] = act[c] == vfp_pkg::ActFwd ? vfp_pkg::with_address(renamed, vfp_pkg::tlp_address(renamed)) : renamed;
  end

  assign np_rid_o      = q_hdr[1][63:48];
  assign np_tag_o      = q_hdr[1][47:40];
  assign np_sent_rid_o = fwd_hdr_o[1][63:48];
  assign np_cpl_o      = {q_hdr[1][22:20], q_hdr[1][13:12], vfp_pkg::lower_address(q_hdr[1]), vfp_pkg::read_bytes(q_hdr[1])};
  assign np_vf_o       = vf[1];
  assign np_is_vf_o    = is_vf[1];

  // Completions: by tag alone, then the requester ID must be ours. Never by completer ID (82599 erratum 36).
  logic match, fits, cpl_final, cpl_int;
  assign dn_look_o     = q_valid[2];
  assign dn_look_tag_o = q_hdr[2][79:72];
  assign match         = act[2] == vfp_pkg::ActFwd && dn_hit_i && q_hdr[2][95:80] == dn_rid_i;
  assign cpl_int       = match && fits && dn_int_i;
  assign ok[2]         = match && fits && !dn_int_i && !dn_stale_i;
  assign way[2]        = dn_host_i;
  assign fwd_hdr_o[2]  = {32'd0, dn_id_i, q_hdr[2][71:64], dn_host_i == '0 ? q_hdr[2][63:48] : dn_cpl_id_i, q_hdr[2][47:0]};
  vfp_cpl_check u_check (
    .hdr_i  (q_hdr[2]),
    .left_i (dn_left_i),
    .fits_o (fits),
    .final_o(cpl_final),
    .left_o (dn_part_left_o)
  );

  for (genvar c = 0; c < 3; c++) begin : gen_way
    assign fwd[c]  = mid_fwd_q[c] || (up && q_valid[c] && ok[c] && !mid_drop_q[c]);
    assign drop[c] = up && q_valid[c] && !fwd[c];
    // The rest of a packet follows its first beat, whoever has the function meanwhile.
    assign fwd_host_o[c] = mid_fwd_q[c] ? way_q[c] : way[c];
    always_ff @(posedge clk_i) if (!mid_fwd_q[c]) way_q[c] <= way[c];
  end
  assign fwd_valid_o = fwd;
  assign fwd_data_o  = q_data;
  assign fwd_last_o  = q_last;

  assign int_done_o   = drop[2] && cpl_int && q_last[2];
  assign int_status_o = q_hdr[2][47:45];
  assign int_rdata_o  = q_data[2][31:0];

  // Refused requests: non-posted ones get their answer.
  logic own_valid_q, own_free;
  logic [127:0] own_hdr_q;
  assign own_free = !own_valid_q;

  logic [2:0] err_sel;
  logic       quiet_cpl, last_sel;
  assign quiet_cpl = match && fits && (dn_int_i || dn_stale_i);  // ends here as it should
  assign err_sel = drop[0] ? 3'b001 : (drop[1] && own_free) ? 3'b010 : (drop[2] && !quiet_cpl) ? 3'b100 : 3'b000;
  assign last_sel = err_sel[0] ? q_last[0] : err_sel[1] ? q_last[1] : q_last[2];
  assign in_err_ready = err_ready_i && err_sel == 3'b000;
  always_comb begin
    err_valid_o  = err_sel != 3'b000 ? last_sel : in_err_valid;
    err_hdr_o    = in_err_hdr;
    err_reason_o = vfp_regs_pkg::DropMalformed;
    if (err_sel[0]) begin
      err_hdr_o    = q_hdr[0];
      err_reason_o = why[0];
    end else if (err_sel[1]) begin
      err_hdr_o    = q_hdr[1];
      err_reason_o = why[1];
    end else if (err_sel[2]) begin
      err_hdr_o    = q_hdr[2];
      err_reason_o = match ? vfp_regs_pkg::DropMismatch : vfp_regs_pkg::DropUnexpected;
    end
  end

  always_comb begin
    q_pop[0] = fwd[0] ? fwd_ready_i[0] : (err_sel[0] && (!q_last[0] || err_ready_i));
    q_pop[1] = fwd[1] ? fwd_ready_i[1] : (err_sel[1] && (!q_last[1] || err_ready_i));
    q_pop[2] = fwd[2] ? fwd_ready_i[2]
                      : (drop[2] && quiet_cpl) || (err_sel[2] && (!q_last[2] || err_ready_i));
  end
  assign dn_free_o = q_pop[2] && q_last[2] && match && fits && cpl_final;
  assign dn_part_o = q_pop[2] && q_last[2] && match && fits && !cpl_final;
  assign dn_fail_o = q_pop[2] && q_last[2] && match && !fits;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      mid_fwd_q   <= '0;
      mid_drop_q  <= '0;
      own_valid_q <= 1'b0;
    end else begin
      mid_fwd_q  <= (mid_fwd_q | (q_pop & fwd)) & ~(q_pop & q_last);
      mid_drop_q <= (mid_drop_q | (q_pop & drop)) & ~(q_pop & q_last) & {3{up}};
      if (err_sel[1] && err_ready_i && q_last[1]) own_valid_q <= 1'b1;
      else if (own_ready_i) own_valid_q <= 1'b0;
    end
    if (err_sel[1] && own_free) own_hdr_q <= vfp_pkg::cpl_header(q_hdr[1], port_id_i, vfp_pkg::CplUr, 1'b0);
  end

  assign own_valid_o = own_valid_q;
  assign own_hdr_o   = own_hdr_q;
  assign busy_o      = in_busy || (own_valid_q && own_ready_i) || (lost_q && link_i);

endmodule
