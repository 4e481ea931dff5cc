// SPDX-License-Identifier: Apache-2.0
// Whether a completion is the last of its request: any status but success ends it at once, and so does one without
// data; otherwise the bytes that remain must fit into this packet (PCIe Base Spec 2.1, 2.2.9). Combinational.
module vfp_cpl_final (
  input  logic [127:0] hdr_i,
  output logic         final_o
);

  logic [12:0] remaining, room;
  assign remaining = {hdr_i[43:32] == 12'd0, hdr_i[43:32]};
  assign room      = {hdr_i[9:0] == 10'd0, hdr_i[9:0], 2'b00} - {11'd0, hdr_i[65:64]};
  assign final_o   = hdr_i[47:45] != vfp_pkg::CplSc || !hdr_i[30] || remaining <= room;

  logic unused;
  assign unused = ^hdr_i;

endmodule
