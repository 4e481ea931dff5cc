// SPDX-License-Identifier: Apache-2.0
// The exit toward a host and the one toward a device, with the same packets, and the maker of answers.
module rewrite_tb (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic [15:0]            id_i,
  input  logic                   in_valid_i,
  input  vfp_cell_pkg::cell_t    in_i,
  input  vfp_route_pkg::route_t  in_route_i,
  input  logic [7:0]             in_tag_i,
  output logic                   host_valid_o,
  output vfp_cell_pkg::cell_t    host_o,
  output logic                   device_valid_o,
  output vfp_cell_pkg::cell_t    device_o,
  input  vfp_route_pkg::answer_t ans_i,
  input  logic [15:0]            ans_cid_i,
  output vfp_cell_pkg::cell_t    ans_out_o
);

  vfp_rewrite #(.ToHost(1'b1)) u_host (
    .clk_i, .rst_ni, .id_i, .in_valid_i, .in_i, .in_route_i, .in_tag_i, .out_valid_o(host_valid_o), .out_o(host_o)
  );
  vfp_rewrite #(.ToHost(1'b0)) u_device (
    .clk_i, .rst_ni, .id_i, .in_valid_i, .in_i, .in_route_i, .in_tag_i, .out_valid_o(device_valid_o), .out_o(device_o)
  );
  vfp_answer u_answer (
    .own_cid_i(id_i), .in_i(ans_i), .in_cid_i(ans_cid_i), .out_o(ans_out_o)
  );

endmodule
