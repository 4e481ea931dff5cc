// SPDX-License-Identifier: Apache-2.0
// Packets taken and sent by each port, by class: what the registers RX and TX show. They count on a clock of their own, so that
// the rest of the control plane can rest while packets pass.
module vfp_counters #(
  parameter int unsigned Ports = 4
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,

  input  logic [Ports-1:0][2:0] rx_i,        // pulses
  input  logic [Ports-1:0][2:0] tx_i,

  input  logic [6:0]            rx_index_i,  // 4 * port + class
  output logic [31:0]           rx_count_o,
  input  logic [6:0]            tx_index_i,
  output logic [31:0]           tx_count_o
);

  // Unpacked: what does not count costs the simulation a comparison.
  logic [31:0] rx_q [4*Ports];
  logic [31:0] tx_q [4*Ports];

  always_ff @(posedge clk_i) begin
    for (int p = 0; p < int'(Ports); p++) begin
      for (int c = 0; c < 4; c++) begin
        if (!rst_ni) rx_q[4*p+c] <= '0;
        else if (c < 3 && rx_i[p][c%3]) rx_q[4*p+c] <= rx_q[4*p+c] + 1'b1;
        if (!rst_ni) tx_q[4*p+c] <= '0;
        else if (c < 3 && tx_i[p][c%3]) tx_q[4*p+c] <= tx_q[4*p+c] + 1'b1;
      end
    end
  end

  assign rx_count_o = 32'(rx_index_i) < 4 * Ports ? rx_q[rx_index_i[$clog2(4*Ports)-1:0]] : '0;
  assign tx_count_o = 32'(tx_index_i) < 4 * Ports ? tx_q[tx_index_i[$clog2(4*Ports)-1:0]] : '0;

endmodule
