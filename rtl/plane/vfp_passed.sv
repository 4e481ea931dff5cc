// SPDX-License-Identifier: Apache-2.0
// What goes to a link past the queues waits here for what is in them: from begin_i on, until the queue has been empty for as
// long as a packet takes from its decision to its queue, and from there to the link. Where others come all the time it
// waits for a whole memory of packets to go, and no longer: those behind are younger.
module vfp_passed #(
  parameter int unsigned Slots = 64   // packets that can be queued
) (
  input  logic clk_i,
  input  logic rst_ni,

  input  logic begin_i,   // level: low, and all begins anew
  input  logic waits_i,   // packets of the class are queued
  input  logic sends_i,   // pulse: one of them goes
  output logic over_o,
  output logic counts_o   // the next cycles change something by themselves
);

  localparam int unsigned SentW = $clog2(Slots) + 1;

  logic             waits_q, sends_q;
  logic [4:0]       calm_q;  // cycles without any
  logic [SentW-1:0] sent_q;  // that went; sixteen beyond the memory take as long
  assign over_o   = calm_q == '1 || sent_q == SentW'(Slots + 16);
  assign counts_o = begin_i && !over_o && !waits_q;

  always_ff @(posedge clk_i) begin
    waits_q <= waits_i && rst_ni;
    sends_q <= sends_i && rst_ni;
    if (!rst_ni || !begin_i) begin
      calm_q <= '0;
      sent_q <= '0;
    end else if (!over_o) begin
      calm_q <= waits_q || sends_q ? '0 : calm_q + 1'b1;
      sent_q <= sent_q + SentW'(sends_q);
    end
  end

`ifdef FORMAL
  `include "formal/vfp_passed.svh"
`endif

endmodule
