// SPDX-License-Identifier: Apache-2.0
// Where the owner's memory requests go: to the device whose port's windows hold the address, or to the bridge's own
// registers (type 1 windows, PCI-to-PCI Bridge Architecture 1.2, 3.2.5.8 and 3.2.5.9). Addresses stay as they are. Two
// stages, one request a cycle.
module vfp_windows #(
  parameter int unsigned Devices = 1  // 1 to 4
) (
  input  logic        clk_i,
  input  logic        rst_ni,

  // Of each device's downstream port. Closed: base above limit, or not enabled.
  input  logic [Devices-1:0]       en_i,
  input  logic [Devices-1:0][11:0] mem_base_i,    // address[31:20]
  input  logic [Devices-1:0][11:0] mem_limit_i,
  input  logic [Devices-1:0][43:0] pref_base_i,   // address[63:20]
  input  logic [Devices-1:0][43:0] pref_limit_i,
  input  logic        local_en_i,
  input  logic [47:0] local_bar_i,                // address[63:16]

  input  logic        req_valid_i,
  input  logic [51:0] req_page_i,
  output logic        rsp_valid_o,
  output logic        rsp_hit_o,
  output logic        rsp_local_o,
  output logic [1:0]  rsp_dev_o
);

  if (Devices < 1 || Devices > 4) begin : gen_bad_devices
    $fatal(1, "vfp_windows: Devices is 1 to 4");
  end

  // Both ends apart, and in two halves.
  logic [Devices-1:0] mem_low_q, mem_high_q, pref_low_q, pref_high_q;
  logic               valid_q, below_4g_q, local_q;
  always_ff @(posedge clk_i) begin
    for (int d = 0; d < int'(Devices); d++) begin
      mem_low_q[d]   <= en_i[d] && req_page_i[19:8] >= mem_base_i[d];
      mem_high_q[d]  <= req_page_i[19:8] <= mem_limit_i[d];
      pref_low_q[d]  <= en_i[d] && req_page_i[51:8] >= pref_base_i[d];
      pref_high_q[d] <= req_page_i[51:8] <= pref_limit_i[d];
    end
    below_4g_q <= req_page_i[51:20] == 32'd0;
    local_q    <= local_en_i && req_page_i[51:4] == local_bar_i;
    valid_q    <= req_valid_i && rst_ni;
  end

  logic [Devices-1:0] hit;
  assign hit = (mem_low_q & mem_high_q & {Devices{below_4g_q}}) | (pref_low_q & pref_high_q);

  always_ff @(posedge clk_i) begin
    rsp_hit_o   <= hit != '0 || local_q;
    rsp_local_o <= local_q;
    rsp_dev_o   <= 2'd0;
    for (int d = int'(Devices) - 1; d >= 0; d--) if (hit[d]) rsp_dev_o <= 2'(d);
    rsp_valid_o <= valid_q && rst_ni;
  end

  logic unused;
  assign unused = ^req_page_i[3:0];

`ifdef FORMAL
  `include "formal/vfp_windows.svh"
`endif

endmodule
