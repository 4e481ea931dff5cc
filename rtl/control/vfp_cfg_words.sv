// SPDX-License-Identifier: Apache-2.0
// The words of a host's configuration spaces that are read as they were written, 16 for each function, in a block RAM.
//
// A memory has no reset. A function whose registers are to be at their reset values is stale: before it is asked the next
// time its words are set to zero, one a cycle.
module vfp_cfg_words #(
  parameter int unsigned Low   = 4,   // functions from 0 on
  parameter int unsigned High  = 16,  // functions from the middle on
  parameter int unsigned UnitW = 5,
  localparam int unsigned Units = 2 ** UnitW
) (
  input  logic clk_i,
  input  logic rst_ni,

  input  logic [Units-1:0] reset_i,    // the function's registers are at their reset values
  input  logic [UnitW-1:0] unit_i,
  input  logic [3:0]       word_i,
  input  logic             we_i,
  input  logic [31:0]      data_i,
  input  logic             cleaned_i,  // with the last write of a zero
  output logic             stale_o,
  output logic [31:0]      data_o      // of the cycle before, if that did not write
);

  logic [31:0] mem [16 * Units];
  always_ff @(posedge clk_i) begin
    if (we_i) mem[{unit_i, word_i}] <= data_i;
    else data_o <= mem[{unit_i, word_i}];
  end

  logic [Units-1:0] stale;
  for (genvar u = 0; u < int'(Units); u++) begin : gen_unit
    if (u < int'(Low) || (High != 0 && u >= int'(Units / 2) && u < int'(Units / 2 + High))) begin : gen_used
      logic stale_q;
      always_ff @(posedge clk_i) begin
        if (!rst_ni || reset_i[u]) stale_q <= 1'b1;
        else if (cleaned_i && unit_i == UnitW'(u)) stale_q <= 1'b0;
      end
      assign stale[u] = stale_q;
    end else begin : gen_unused
      logic unused;
      assign unused   = reset_i[u];
      assign stale[u] = 1'b0;
    end
  end
  assign stale_o = stale[unit_i];

endmodule
