// SPDX-License-Identifier: Apache-2.0
// Order of the packets for one destination (PCIe Base Specification 2.1, table 2-24). Each packet puts a token of its class
// at the end of a row. Posted packets may always go; their token stays at the head until one of them has gone. A token of a
// non-posted request or a completion that comes to the head has thus no older posted packet before it: one packet of
// its class may go, once and for all, however many younger posted packets pass it afterwards. Nothing is compared. Where
// the row is empty, such a token does not go through it.
module vfp_tokens #(
  parameter int unsigned Depth = 64,  // packets that the destination can have queued; a power of two, 4 to 1024
  localparam int unsigned PW   = $clog2(Depth)
) (
  input  logic       clk_i,
  input  logic       rst_ni,

  input  logic       arrive_i,  // a packet of class cls_i is queued
  input  logic [1:0] cls_i,
  input  logic [2:0] left_i,    // pulse: a packet of the class leaves its queue
  output logic [2:1] may_o,     // the oldest non-posted request, completion may leave
  output logic [2:1] two_o,     // the next one as well
  output logic       free_o     // the row is empty: what arrives may leave
);

  if (Depth < 4 || Depth > 1024 || Depth != (1 << PW)) begin : gen_bad_depth
    $fatal(1, "vfp_tokens: Depth is not a power of two from 4 to 1024");
  end

  logic [1:0]    mem [Depth];
  logic [PW-1:0] wr_q, rd_q;
  logic [PW:0]   used_q;
  logic          head_valid_q;
  logic [1:0]    head_q;
  logic [PW:0]   gone_q;  // posted packets that have left, but whose token is still in the row
  logic          head_p, done, room, write, load, past;  // past: the row

  // The row is no longer than the packets that are queued: while it waits at the head, none behind has left, and while it
  // moves, it moves one a cycle, as fast as packets come.
  assign head_p = head_q == vfp_cell_pkg::ClsP;
  assign done   = head_valid_q && (!head_p || gone_q != '0);
  assign room   = !head_valid_q || done;
  assign load   = room && used_q != '0;
  assign free_o = !head_valid_q;
  assign past   = arrive_i && !head_valid_q && cls_i != vfp_cell_pkg::ClsP;
  assign write  = arrive_i && !(room && used_q == '0);  // else it comes to the head at once

  always_ff @(posedge clk_i) begin
    if (write) mem[wr_q] <= cls_i;
    if (room) head_q <= used_q != '0 ? mem[rd_q] : cls_i;
    if (!rst_ni) begin
      wr_q         <= '0;
      rd_q         <= '0;
      used_q       <= '0;
      head_valid_q <= 1'b0;
      gone_q       <= '0;
    end else begin
      if (write) wr_q <= wr_q + 1'b1;
      if (load) rd_q <= rd_q + 1'b1;
      if (write != load) used_q <= write ? used_q + 1'b1 : used_q - 1'b1;
      if (room) head_valid_q <= load || (arrive_i && !past);
      if (left_i[0] != (done && head_p)) gone_q <= left_i[0] ? gone_q + 1'b1 : gone_q - 1'b1;
    end
  end

  for (genvar c = 1; c <= 2; c++) begin : gen_cls
    logic [PW:0] may_q;  // packets of this class that may leave
    logic        some_q, two_q, more;  // one of them at least, two
    assign more     = (done && head_q == 2'(c)) || (past && cls_i == 2'(c));
    assign may_o[c] = some_q;
    assign two_o[c] = two_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        may_q  <= '0;
        some_q <= 1'b0;
        two_q  <= 1'b0;
      end else if (more != left_i[c]) begin
        may_q  <= more ? may_q + 1'b1 : may_q - 1'b1;
        some_q <= more || two_q;
        two_q  <= more ? some_q : may_q > (PW + 1)'(2);
      end
    end
  end

`ifdef FORMAL
  `include "formal/vfp_tokens.svh"
`endif

endmodule
