// SPDX-License-Identifier: Apache-2.0
// The end that the bridge itself makes of a request goes to its asker past the queues. If a part of the answer has come
// before, that part may be in them yet, and after the end it would be a completion that nobody waits for (PCIe Base
// Specification 2.1, 2.3.2): the end waits here until all that came before is decided, and has been sent (vfp_passed).
module vfp_behind #(
  parameter int unsigned Peers = 1,
  parameter int unsigned Slots = 64   // packets that can be queued
) (
  input  logic clk_i,
  input  logic rst_ni,

  input  logic                   in_valid_i,
  output logic                   in_ready_o,
  input  vfp_tags_pkg::tag_req_t in_req_i,
  input  logic [12:0]            in_left_i,    // bytes that are missing
  output logic                   out_valid_o,
  input  logic                   out_ready_i,

  input  logic                   arrives_i,    // pulse: a packet ended well at receive
  input  logic                   decided_i,    // pulse: so did its decision; in the order of the packets
  input  logic [Peers-1:0]       waits_i,      // completions are queued for the peer
  input  logic [Peers-1:0]       sends_i       // pulse: one of them goes
);

  logic [5:0] count_q, count, left_q;  // packets that wait for their decision; those of them that are older
  logic       arrives_q, decided_q, begun_q, parted_q, waits, sends, over, counts;

  always_comb begin
    count = count_q;
    if (arrives_q != decided_q) count = arrives_q ? count_q + 1'b1 : count_q - 1'b1;
    waits = 1'b0;
    sends = 1'b0;
    for (int p = 0; p < int'(Peers); p++) begin
      if (in_req_i.port == 5'(p)) begin
        waits = waits_i[p];
        sends = sends_i[p];
      end
    end
  end

  vfp_passed #(.Slots(Slots)) u_passed (
    .clk_i, .rst_ni, .begin_i(begun_q && left_q == '0), .waits_i(waits), .sends_i(sends), .over_o(over),
    .counts_o(counts)
  );
  assign out_valid_o = begun_q && (!parted_q || (left_q == '0 && over));
  assign in_ready_o  = out_valid_o && out_ready_i;

  // A cycle late: what came before the end did so some cycles earlier.
  always_ff @(posedge clk_i) begin
    arrives_q <= arrives_i && rst_ni;
    decided_q <= decided_i && rst_ni;
    if (!begun_q) parted_q <= in_req_i.is_mem && in_left_i != in_req_i.bytes;
    if (!rst_ni) begin
      count_q <= '0;
      left_q  <= '0;
      begun_q <= 1'b0;
    end else begin
      count_q <= count;
      begun_q <= in_valid_i && !in_ready_o;
      if (!begun_q) left_q <= count;
      else if (decided_q && left_q != '0) left_q <= left_q - 1'b1;
    end
  end

  logic unused;
  assign unused = ^{in_req_i, counts};

`ifdef FORMAL
  `include "formal/vfp_behind.svh"
`endif

endmodule
