// SPDX-License-Identifier: Apache-2.0
// What the registers RX, TX, DROPS and LOG_COUNT show: which of the counters each pulse and each of these registers is.
//
// Time-outs come as pulses of their own, up to two a cycle, beside a drop: each has its counter. They stand between those of
// the drops, behind that of their reason, so that DROPS of it and LOG_COUNT are sums of counters in a row.
module vfp_counts #(
  parameter int unsigned Ports = 4
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic clk_count_i,  // clk_i, but never stopped (vfp_clock_gate): of what counts

  input  logic [Ports-1:0][2:0] ev_rx_i,  // pulses
  input  logic [Ports-1:0][2:0] ev_tx_i,
  input  logic       err_valid_i,         // pulse
  input  logic [3:0] err_reason_i,        // a Drop*
  input  logic [1:0] timeouts_i,          // pulses

  // A register: its address, a cycle later what it is, then the asking, which takes effect if it is known here.
  input  logic [15:0]        addr_i,
  input  vfp_regs_pkg::hit_t hit_i,
  output logic               known_o,
  input  logic               ask_i,
  output logic               done_o,  // pulse
  output logic [31:0]        count_o  // valid from then on
);

  localparam int unsigned Reasons = 32'(vfp_regs_pkg::DropStale) + 1;  // the last one
  localparam int unsigned Tx      = 3 * Ports;
  localparam int unsigned Drops   = 6 * Ports;
  localparam int unsigned Late    = Drops + 32'(vfp_regs_pkg::DropTimeout) + 1;
  localparam int unsigned N       = Drops + Reasons + 2;
  localparam int unsigned IdxW    = $clog2(N);

  logic [N-1:0] pulses;
  assign pulses[Tx-1:0]     = ev_rx_i;
  assign pulses[Drops-1:Tx] = ev_tx_i;
  assign pulses[Late+1:Late] = timeouts_i;
  for (genvar r = 0; r < Reasons; r++) begin : gen_drop
    localparam int unsigned At = Drops + r + (r > 32'(vfp_regs_pkg::DropTimeout) ? 2 : 0);
    assign pulses[At] = err_valid_i && err_reason_i == 4'(r);
  end

  // ---- Which ones a register shows ---------------------------------------------------------------------------------------
  logic [6:0]      packets;  // of RX and TX: port, class
  logic [3:0]      reason;
  logic            packets_known_q, drops_known_q, late_q, ask_q;
  logic [IdxW-1:0] packet_q, drop_q, first_q, last_q;  // packet, drop: what the address says, before it is known what of
  assign packets = vfp_regs_pkg::rx_index(addr_i);
  assign reason  = vfp_regs_pkg::drops_index(addr_i);
  assign known_o = ((hit_i.rx || hit_i.tx) && packets_known_q) || (hit_i.drops && drops_known_q) || hit_i.log_count;
  always_ff @(posedge clk_i) begin
    packets_known_q <= packets[1:0] != 2'd3 && 32'(packets[6:2]) < Ports;
    drops_known_q   <= 32'(reason) < Reasons;
    packet_q        <= IdxW'(3 * 32'(packets[6:2]) + 32'(packets[1:0]));
    drop_q          <= IdxW'(Drops + 32'(reason) + (reason > vfp_regs_pkg::DropTimeout ? 2 : 0));
    late_q          <= reason == vfp_regs_pkg::DropTimeout;
    ask_q           <= rst_ni && ask_i && known_o;
    if (ask_i) begin
      if (hit_i.rx || hit_i.tx) begin
        first_q <= packet_q + (hit_i.tx ? IdxW'(Tx) : IdxW'(0));
        last_q  <= packet_q + (hit_i.tx ? IdxW'(Tx) : IdxW'(0));
      end else if (hit_i.drops) begin
        first_q <= drop_q;
        last_q  <= drop_q + (late_q ? IdxW'(2) : IdxW'(0));
      end else begin
        first_q <= IdxW'(Drops);
        last_q  <= IdxW'(N - 1);
      end
    end
  end

  logic clk_count, counts;
  vfp_clock_gate u_gate (.clk_i(clk_count_i), .rst_ni, .on_i(pulses != '0 || ask_q || counts), .clk_o(clk_count));
  vfp_counters #(.N(N)) u_counters (
    .clk_i(clk_count), .rst_ni, .event_i(pulses),
    .ask_i(ask_q), .first_i(first_q), .last_i(last_q), .done_o, .sum_o(count_o), .busy_o(counts)
  );

  logic unused;
  assign unused = ^{addr_i, hit_i};

`ifndef SYNTHESIS
  always_ff @(posedge clk_count_i) begin
    if (rst_ni) begin
      known_reason: assert (!err_valid_i || 32'(err_reason_i) < Reasons);
    end
  end
`endif

endmodule
