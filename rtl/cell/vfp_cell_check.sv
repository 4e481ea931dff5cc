// SPDX-License-Identifier: Apache-2.0
// The rules of a stream of cells (docs/bridge-inside.md), as assertions; with Assume, as what a proof may take for
// granted of its input. Costs nothing in an FPGA: synthesis sees an empty module.
module vfp_cell_check #(
  parameter bit          Assume   = 1'b0,
  parameter bit          Ready    = 1'b1,  // 0: nobody can stop this stream, cells need not wait
  parameter int unsigned MaxCells = 33     // of a packet, 1..255: 32 of payload and one for a digest
) (
  input logic                clk_i,
  input logic                rst_ni,
  input logic                valid_i,
  input logic                ready_i,
  input vfp_cell_pkg::cell_t cell_i,

  // For proofs: cells of the packet that have passed, 0 between packets.
  output logic [7:0]         passed_o
);

`ifndef SYNTHESIS

  logic                stalled_q;  // the cell of the last cycle was not taken
  vfp_cell_pkg::cell_t cell_q;
  logic [7:0]          passed_q;

  assign passed_o = passed_q;

  always_ff @(posedge clk_i) begin
    if (Ready && valid_i) cell_q <= cell_i;
    if (!rst_ni) begin
      stalled_q <= 1'b0;
      passed_q  <= '0;
    end else begin
      stalled_q <= valid_i && !ready_i;
      if (valid_i && ready_i) passed_q <= cell_i.eop ? 8'd0 : passed_q + 8'd1;
    end
  end

  logic stays, starts, ends, fits;
  // What is undefined may change: the header beside cells without sop.
  assign stays  = !Ready || !stalled_q ||
                  (valid_i && cell_i.sop == cell_q.sop && cell_i.eop == cell_q.eop && cell_i.nullify == cell_q.nullify &&
                   cell_i.data == cell_q.data && (!cell_i.sop || cell_i.hdr == cell_q.hdr));
  assign starts = !valid_i || cell_i.sop == (passed_q == 8'd0);
  assign ends   = !valid_i || cell_i.eop || !cell_i.nullify;
  assign fits   = !valid_i || cell_i.eop || passed_q + 8'd1 < 8'(MaxCells);

  // Where all of them hold, the simulation looks at no single one.
  always_ff @(posedge clk_i) begin
    if (rst_ni && !(stays && starts && ends && fits)) begin
      if (Assume) begin
        assume (stays);
        assume (starts);
        assume (ends);
        assume (fits);
      end else begin
        assert (stays);
        assert (starts);
        assert (ends);
        assert (fits);
      end
    end
  end

`else

  logic unused;
  assign unused = ^{clk_i, rst_ni, valid_i, ready_i, cell_i};
  assign passed_o = '0;

`endif

endmodule
