// SPDX-License-Identifier: Apache-2.0
// FIFO in block RAM. The memory's output and a register behind it hold up to two words more; the register is there
// because a block RAM's output is late in the cycle. A word comes out three cycles after it went in, one cycle with Fast where
// nothing waits; one word a cycle.
module vfp_fifo_bram #(
  parameter int unsigned W     = 72,
  parameter int unsigned Depth = 512,  // words in the memory, a power of two from 128 up
  parameter bit          Fast  = 1'b0,  // a word that meets nothing in the memory goes to a free head register at once
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

  output logic [PW:0]  used_o  // words in the memory, without the two behind it
);

  if (Depth < 128 || Depth != (1 << PW)) begin : gen_bad_depth
    $fatal(1, "vfp_fifo_bram: Depth is not a power of two from 128 up");
  end

  (* ram_style = "block" *) logic [W-1:0] mem [Depth];
  logic [PW-1:0] wr_q, rd_q;
  logic [PW:0]   used_q;
  logic          some_q;        // used_q is not 0
  logic          ram_valid_q, head_valid_q;
  logic [W-1:0]  ram_q, head_q;
  logic          write, read, load, free, past;  // past: the memory

  assign in_ready_o  = !used_q[PW];  // used_q is Depth at most
  assign used_o      = used_q;
  assign out_valid_o = head_valid_q;
  assign out_data_o  = head_q;
  assign free        = !head_valid_q || out_ready_i;
  assign past        = Fast && in_valid_i && !some_q && !ram_valid_q && free;
  assign write       = in_valid_i && in_ready_o && !past;
  assign load        = ram_valid_q && free;
  assign read        = some_q && (!ram_valid_q || load);

  // A word is read at the earliest in the cycle after it was written: no read meets a write of the same word.
  always_ff @(posedge clk_i) begin
    if (write) mem[wr_q] <= in_data_i;
    if (read) ram_q <= mem[rd_q];
    if (Fast ? free : load) head_q <= Fast && !ram_valid_q ? in_data_i : ram_q;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      wr_q         <= '0;
      rd_q         <= '0;
      used_q       <= '0;
      some_q       <= 1'b0;
      ram_valid_q  <= 1'b0;
      head_valid_q <= 1'b0;
    end else begin
      if (write) wr_q <= wr_q + 1'b1;
      if (read) rd_q <= rd_q + 1'b1;
      if (write != read) used_q <= write ? used_q + 1'b1 : used_q - 1'b1;
      some_q       <= write || (some_q && !(read && used_q == (PW + 1)'(1)));
      ram_valid_q  <= read || (ram_valid_q && !load);
      head_valid_q <= load || past || (head_valid_q && !out_ready_i);
    end
  end

`ifdef FORMAL
  `include "formal/vfp_fifo_bram.svh"
`endif

endmodule
