// SPDX-License-Identifier: Apache-2.0
// What the bridge itself takes from the configuration space of the management function, 10ee:8086: an endpoint with the
// bridge's registers in BAR0. Its other registers are words (vfp_cfg_words).
module vfp_cfg_mgmt (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic clear_i,  // link down: back to reset values

  input  logic        we_i,
  input  logic [vfp_config_pkg::Selects-1:0] sel_i,
  input  logic [31:0] word_i,      // the DW as the write leaves it
  input  logic [15:8] ones_i,      // ones that it has for Status
  input  logic        poisoned_i,  // pulse: a poisoned request to the bridge was refused

  output logic [15:8] errors_o,    // of Status
  output logic        mem_en_o,
  output logic [63:0] bar_o,       // 64 KiB
  output logic        bme_o,
  output logic        msi_en_o
);

  logic [2:1]   command_q;
  logic [63:16] bar_q;
  logic [1:0]   power_q;
  logic         msi_en_q;

  // It asks for nothing that is answered, and aborts nothing.
  vfp_cfg_errors u_errors (
    .clk_i, .rst_ni, .clear_i,
    .we_i          (we_i && sel_i['h01]),
    .ones_i, .poisoned_i,
    .master_abort_i(1'b0),
    .target_abort_i(1'b0),
    .aborts_i      (1'b0),
    .parity_i      (1'b0),
    .errors_o
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      command_q <= '0;
      bar_q     <= '0;
      power_q   <= '0;
      msi_en_q  <= 1'b0;
    end else if (we_i) begin
      if (sel_i['h01]) command_q <= word_i[2:1];
      if (sel_i['h04]) bar_q[31:16] <= word_i[31:16];
      if (sel_i['h05]) bar_q[63:32] <= word_i;
      if (sel_i['h11]) power_q <= word_i[1:0];
      if (sel_i['h14]) msi_en_q <= word_i[16];
    end
  end

  // In D3hot a function answers configuration requests and nothing else (PCI Bus Power Management 1.2, 5.4.1).
  assign mem_en_o = command_q[1] && power_q == 2'd0;
  assign bme_o    = command_q[2] && power_q == 2'd0;
  assign bar_o    = {bar_q, 16'd0};
  assign msi_en_o = msi_en_q;

  logic unused;
  assign unused = ^{sel_i, word_i};

endmodule
