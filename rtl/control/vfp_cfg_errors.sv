// SPDX-License-Identifier: Apache-2.0
// Error bits of a Status or Secondary Status register (PCIe Base 2.1, 7.5.1.2 and 7.5.3.4): a written one clears, but news
// wins.
module vfp_cfg_errors (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic clear_i,

  input  logic        we_i,      // of the DW whose upper half is the register
  input  logic [15:8] ones_i,    // ones that were written

  input  logic poisoned_i,       // Detected Parity Error: a poisoned packet came in
  input  logic master_abort_i,   // Received Master Abort: a request of its own was answered as unsupported
  input  logic target_abort_i,   // Received Target Abort: the same with Completer Abort
  input  logic aborts_i,         // Signaled Target Abort: it has answered so
  input  logic parity_i,         // Master Data Parity Error: poisoned data of a master that wants to know
  output logic [15:8] errors_o
);

  logic [15:8] set, q;
  always_comb begin
    set     = '0;
    set[15] = poisoned_i;
    set[13] = master_abort_i;
    set[12] = target_abort_i;
    set[11] = aborts_i;
    set[8]  = parity_i;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) q <= '0;
    else q <= (q & ~(we_i ? ones_i : 8'd0)) | set;
  end
  assign errors_o = q;

endmodule
