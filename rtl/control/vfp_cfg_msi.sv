// SPDX-License-Identifier: Apache-2.0
// Messages of a host's own functions, one at a time. Where a message goes and what it says is read from the function's words
// when it is due (PCI Local Bus 3.0, 6.8.1), and again when the host has written something meanwhile.
module vfp_cfg_msi #(
  parameter int unsigned Sources = 3
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic clear_i,  // link down

  input  logic [Sources-1:0] raise_i,    // pulses: something is to be told
  input  logic [Sources-1:0] enabled_i,  // what is not enabled is forgotten
  input  logic [Sources-1:0] may_i,      // a message is a memory write: what has no bus master enable waits
  input  logic               written_i,  // the host has written to a function

  // The words: free for a row of five cycles, of which this takes the first one.
  input  logic               free_i,
  output logic               begin_o,
  output logic [Sources-1:0] first_o,    // whose words, with begin_o
  output logic               reading_o,
  output logic               done_o,     // the last cycle of reading
  output logic [3:0]         word_o,     // to be read next
  input  logic [31:0]        data_i,

  output logic               valid_o,
  input  logic               ready_i,
  output logic [Sources-1:0] source_o,
  output logic [63:0]        addr_o,
  output logic [31:0]        data_o
);

  logic [Sources-1:0] pending_q, may_q, due, source_q;
  logic [3:0]         step_q;
  logic               known_q;
  logic [63:0]        addr_q;
  logic [15:0]        data_q;

  assign due     = pending_q & may_q;
  assign first_o = due & (~due + 1'b1);
  assign begin_o = free_i && !known_q && due != '0;
  assign valid_o = known_q && (source_q & due) != '0;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      pending_q <= '0;
      known_q   <= 1'b0;
      step_q    <= '0;
    end else begin
      pending_q <= ((pending_q & ~(valid_o && ready_i ? source_q : '0)) | raise_i) & enabled_i;
      step_q    <= {step_q[2:0], begin_o};
      known_q   <= step_q[3] || (known_q && !written_i && valid_o && !ready_i);
    end
    may_q <= may_i;
    if (begin_o) source_q <= first_o;
    if (step_q[1]) addr_q[31:0] <= data_i;
    if (step_q[2]) addr_q[63:32] <= data_i;
    if (step_q[3]) data_q <= data_i[15:0];
  end

  always_comb begin
    word_o = vfp_config_pkg::WordMsiAddr;
    if (step_q[0]) word_o = vfp_config_pkg::WordMsiAddrHi;
    if (step_q[1]) word_o = vfp_config_pkg::WordMsiData;
  end
  assign reading_o = step_q != '0;
  assign done_o    = step_q[3];
  assign source_o  = source_q;
  assign addr_o    = addr_q;
  assign data_o    = {16'd0, data_q};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && !clear_i) begin
      a_step : assert ((step_q & (step_q - 1'b1)) == '0);
      a_free : assert (!written_i || step_q == '0);  // who reads has the words for itself
    end
  end
`endif

endmodule
