// SPDX-License-Identifier: Apache-2.0
// What ends a request that got no answer, or not the right one: a completion with Unsupported Request. To a server it
// bears the name of the function that was asked, as an answer would: the VF's, while the VF is that server's.
module vfp_late (
  input  logic                   clk_i,
  input  logic                   rst_ni,

  // vfp_tags.
  input  logic                   in_valid_i,
  output logic                   in_ready_o,
  input  vfp_tags_pkg::tag_req_t in_req_i,
  input  logic [11:0]            in_left_i,    // bytes that were missing; 0 is 4096

  output logic [5:0]             vf_o,         // its row comes a cycle later (vfp_steer)
  input  vfp_steer_pkg::steer_row_t row_i,

  output logic                   out_valid_o,
  input  logic                   out_ready_i,
  output logic [4:0]             out_port_o,   // who asked
  output vfp_route_pkg::answer_t out_o,
  output logic [15:0]            out_cid_o     // completer ID, 0: the bridge's own
);

  vfp_tags_pkg::tag_req_t req_q;
  logic [11:0]            left_q;
  logic                   valid_q, is_its;
  assign in_ready_o = !valid_q;  // not in the cycle in which the one before leaves: who takes that is known late
  assign vf_o       = in_ready_o ? in_req_i.vf : req_q.vf;

  always_ff @(posedge clk_i) begin
    if (in_ready_o && in_valid_i) begin
      req_q  <= in_req_i;
      left_q <= in_left_i;
    end
    if (!rst_ni) valid_q <= 1'b0;
    else if (!valid_q) valid_q <= in_valid_i;
    else if (out_ready_i) valid_q <= 1'b0;
  end

  // The owner, host 0, knows its VFs by the device's numbers.
  assign is_its      = row_i.open && row_i.host != 5'd0 && row_i.host == req_q.port;
  assign out_cid_o   = !req_q.has_vf ? req_q.gen : is_its ? row_i.id : 16'd0;
  assign out_valid_o = valid_q;
  assign out_port_o  = req_q.port;
  always_comb begin
    out_o.status = vfp_cell_pkg::CplUr;
    out_o.lk     = 1'b0;
    out_o.rid    = req_q.rid;
    out_o.tag    = req_q.tag;
    out_o.tc     = req_q.tc;
    out_o.ido    = req_q.ido;
    out_o.ro     = req_q.ro;
    out_o.ns     = req_q.ns;
    out_o.bytes  = req_q.is_mem ? left_q : 12'd4;
    out_o.low    = req_q.is_mem ? req_q.low : 7'd0;
  end

  logic unused;
  assign unused = ^{req_q, row_i};

endmodule
