// SPDX-License-Identifier: Apache-2.0
// What the bridge itself takes from the configuration space of a switch port, and records there: a type 1 header with windows
// and bus numbers. Its other registers are words (vfp_cfg_words).
module vfp_cfg_port #(
  parameter bit Windows = 1'b0,  // its windows decide where requests go
  parameter int unsigned MaxPayload = 128
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic clear_i,

  input  logic        we_i,
  input  logic [vfp_config_pkg::Selects-1:0] sel_i,
  input  logic [31:0] word_i,     // the DW as the write leaves it
  input  logic [15:8] ones_i,     // ones that it has for Status and Secondary Status
  input  logic [3:0]  dev_ones_i, // and for Device Status

  input  logic [1:0]  refused_i,  // pulses: a posted, a non-posted request that came this way was refused
  // Pulses: a poisoned {completion, request} came through it, downstream and upstream; it has answered a request from below
  // with Completer Abort.
  input  logic [1:0]  down_poison_i,
  input  logic [1:0]  up_poison_i,
  input  logic        aborts_i,

  output logic [15:8] errors_o,            // of Status
  output logic [15:8] secondary_errors_o,  // of Secondary Status
  output logic [3:0]  dev_errors_o,        // of Device Status: correctable, non-fatal, fatal error, unsupported request
  output logic        mem_en_o,
  output logic        bme_o,
  output logic [7:0]  sec_bus_o,
  output logic [7:0]  sub_bus_o,
  output logic [31:20] mem_base_o,
  output logic [31:20] mem_limit_o,
  output logic [63:20] pref_base_o,
  output logic [63:20] pref_limit_o,
  output logic        link_disable_o,
  output logic        bus_reset_o,         // secondary bus reset
  output logic        msi_en_o,
  output logic [1:0]  payload_o            // Max_Payload_Size: 128 bytes << payload, what there is at most
);

  logic [2:1] command_q;
  logic       parity_q, secondary_parity_q;  // Parity Error Response, of Command and of Bridge Control
  logic [7:0] secondary_q, subordinate_q;
  logic [1:0] power_q;
  logic [3:0] dev_errors_q;
  logic       link_disable_q, bus_reset_q, msi_en_q;

  // Status and Secondary Status: what the two sides of the port have seen. A port asks for nothing itself, and aborts nothing
  // that its primary side is asked. A poisoned request that goes downstream is recorded by the upper side alone.
  vfp_cfg_errors u_errors (
    .clk_i, .rst_ni, .clear_i,
    .we_i          (we_i && sel_i['h01]),
    .ones_i,
    .poisoned_i    (down_poison_i != 2'b00),
    .master_abort_i(1'b0),
    .target_abort_i(1'b0),
    .aborts_i      (1'b0),
    .parity_i      (parity_q && (down_poison_i[1] || up_poison_i[0])),
    .errors_o
  );
  vfp_cfg_errors u_secondary_errors (
    .clk_i, .rst_ni, .clear_i,
    .we_i          (we_i && sel_i['h07]),
    .ones_i,
    .poisoned_i    (up_poison_i != 2'b00),
    .master_abort_i(1'b0),
    .target_abort_i(1'b0),
    .aborts_i,
    .parity_i      (secondary_parity_q && up_poison_i[1]),
    .errors_o      (secondary_errors_o)
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      command_q          <= '0;
      parity_q           <= 1'b0;
      secondary_q        <= '0;
      subordinate_q      <= '0;
      secondary_parity_q <= 1'b0;
      bus_reset_q        <= 1'b0;
      power_q            <= '0;
      dev_errors_q       <= '0;
      link_disable_q     <= 1'b0;
      msi_en_q           <= 1'b0;
    end else begin
      // Written ones clear, but news wins. A refused non-posted request is an advisory error (6.2.3.2.4).
      if (we_i && sel_i['h1e]) dev_errors_q <= dev_errors_q & ~dev_ones_i;
      if (refused_i[0]) {dev_errors_q[3], dev_errors_q[1]} <= 2'b11;
      if (refused_i[1]) {dev_errors_q[3], dev_errors_q[0]} <= 2'b11;
      if (we_i) begin
        if (sel_i['h01]) {parity_q, command_q} <= {word_i[6], word_i[2:1]};
        if (sel_i['h06]) {subordinate_q, secondary_q} <= word_i[23:8];
        if (sel_i['h0f]) {bus_reset_q, secondary_parity_q} <= {word_i[22], word_i[16]};
        if (sel_i['h11]) power_q <= word_i[1:0];
        if (sel_i['h14]) msi_en_q <= word_i[16];
        if (sel_i['h20]) link_disable_q <= word_i[4];
      end
    end
  end

  if (Windows) begin : gen_windows
    logic [31:20] mem_base_q, mem_limit_q;
    logic [63:20] pref_base_q, pref_limit_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni || clear_i) begin
        mem_base_q   <= '0;
        mem_limit_q  <= '0;
        pref_base_q  <= '0;
        pref_limit_q <= '0;
      end else if (we_i) begin
        if (sel_i['h08]) {mem_limit_q, mem_base_q} <= {word_i[31:20], word_i[15:4]};
        if (sel_i['h09]) {pref_limit_q[31:20], pref_base_q[31:20]} <= {word_i[31:20], word_i[15:4]};
        if (sel_i['h0a]) pref_base_q[63:32] <= word_i;
        if (sel_i['h0b]) pref_limit_q[63:32] <= word_i;
      end
    end
    assign mem_base_o   = mem_base_q;
    assign mem_limit_o  = mem_limit_q;
    assign pref_base_o  = pref_base_q;
    assign pref_limit_o = pref_limit_q;
  end else begin : gen_no_windows
    assign mem_base_o   = '0;
    assign mem_limit_o  = '0;
    assign pref_base_o  = '0;
    assign pref_limit_o = '0;
  end

  if (MaxPayload == 128) begin : gen_one_size
    assign payload_o = 2'd0;
  end else begin : gen_sizes
    // More than there is (7.8.4) counts as the largest.
    localparam logic [1:0] Most = MaxPayload == 512 ? 2'd2 : 2'd1;
    logic [1:0] payload_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni || clear_i) payload_q <= 2'd0;
      else if (we_i && sel_i['h1e]) payload_q <= word_i[7:5] > {1'b0, Most} ? Most : word_i[6:5];
    end
    assign payload_o = payload_q;
  end

  assign dev_errors_o   = dev_errors_q;
  assign mem_en_o       = command_q[1] && power_q == 2'd0;  // not in D3hot
  assign bme_o          = command_q[2] && power_q == 2'd0;
  assign sec_bus_o      = secondary_q;
  assign sub_bus_o      = subordinate_q;
  assign link_disable_o = link_disable_q;
  assign bus_reset_o    = bus_reset_q;
  assign msi_en_o       = msi_en_q;

  logic unused;
  assign unused = ^{sel_i, word_i};

endmodule
