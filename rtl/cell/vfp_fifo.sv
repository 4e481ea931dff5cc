// SPDX-License-Identifier: Apache-2.0
// FIFO in LUTRAM with a head register, so that what follows starts from a flip-flop. A word comes out two cycles after
// it went in, one cycle with Fast; one word a cycle.
module vfp_fifo #(
  parameter int unsigned W     = 32,
  parameter int unsigned Depth = 16,  // words in the memory, 4 to 64, a power of two; the head register holds one more
  parameter bit          Fast  = 1'b0,  // a word that meets an empty memory goes to a free head register at once
  localparam int unsigned PW   = $clog2(Depth)
) (
  input  logic         clk_i,
  input  logic         rst_ni,

  input  logic         in_valid_i,
  output logic         in_ready_o,
  input  logic [W-1:0] in_data_i,

  output logic         out_valid_o,
  input  logic         out_ready_i,
  output logic [W-1:0] out_data_o,

  output logic [PW:0]  used_o  // words in the memory, without the head
);

  if (Depth < 4 || Depth > 64 || Depth != (1 << PW)) begin : gen_bad_depth
    $fatal(1, "vfp_fifo: Depth is not a power of two from 4 to 64");
  end

  logic [W-1:0]  mem [Depth];
  logic [PW-1:0] wr_q, rd_q;
  logic [PW:0]   used_q;
  logic          some_q;        // used_q is not 0
  logic          head_valid_q;
  logic [W-1:0]  head_q;
  logic          write, load, free, past;  // past: the memory

  assign in_ready_o  = !used_q[PW];  // used_q is Depth at most
  assign used_o      = used_q;
  assign out_valid_o = head_valid_q;
  assign out_data_o  = head_q;
  assign free        = !head_valid_q || out_ready_i;
  assign past        = Fast && in_valid_i && !some_q && free;
  assign write       = in_valid_i && in_ready_o && !past;
  assign load        = some_q && free;

  always_ff @(posedge clk_i) begin
    if (write) mem[wr_q] <= in_data_i;
    if (free) head_q <= Fast && !some_q ? in_data_i : mem[rd_q];
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      wr_q         <= '0;
      rd_q         <= '0;
      used_q       <= '0;
      some_q       <= 1'b0;
      head_valid_q <= 1'b0;
    end else begin
      if (write) wr_q <= wr_q + 1'b1;
      if (load) rd_q <= rd_q + 1'b1;
      if (write != load) used_q <= write ? used_q + 1'b1 : used_q - 1'b1;
      some_q       <= write || (some_q && !(load && used_q == (PW + 1)'(1)));
      head_valid_q <= load || past || (head_valid_q && !out_ready_i);
    end
  end

`ifdef FORMAL
  `include "formal/vfp_fifo.svh"
`endif

endmodule
