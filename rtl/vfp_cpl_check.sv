// SPDX-License-Identifier: Apache-2.0
// Whether a completion is what its request still waits for, and whether it is the last one (PCIe Base Spec 2.1, 2.2.9,
// 2.3.1.1, 2.3.2). Combinational.
module vfp_cpl_check (
  input  logic [127:0] hdr_i,
  input  logic [20:0]  left_i,  // of the request: configuration, wants data, Lower Address and Byte Count to come
  output logic         fits_o,
  output logic         final_o,
  output logic [20:0]  left_o   // after this one, if it is not the last
);

  logic        config_request, wants_data;
  logic [6:0]  lower;
  logic [12:0] bytes, room, over;
  assign {config_request, wants_data, lower} = left_i[20:12];
  assign bytes = {left_i[11:0] == 12'd0, left_i[11:0]};
  assign room  = {hdr_i[9:0] == 10'd0, hdr_i[9:0], 2'b00} - {11'd0, lower[1:0]};
  assign over  = room - bytes;

  // Data up to the last byte and no DW more, or up to a read completion boundary; 64 bytes is the smallest one.
  logic success, last, ends_well;
  logic [6:0] next;
  assign success   = hdr_i[47:45] == vfp_pkg::CplSc;
  assign last      = bytes <= room;
  assign next      = lower + room[6:0];
  assign ends_well = last ? over < 13'd4 : next[5:0] == 6'd0;

  always_comb begin
    if (!success) fits_o = !hdr_i[30] && (config_request || hdr_i[47:45] != vfp_pkg::CplCrs);
    else if (!wants_data) fits_o = !hdr_i[30];
    else fits_o = hdr_i[30] && hdr_i[43:32] == left_i[11:0] && hdr_i[70:64] == lower && ends_well;
  end
  assign final_o = !success || !wants_data || last;
  assign left_o  = {config_request, wants_data, next, bytes[11:0] - room[11:0]};

  logic unused;
  assign unused = ^hdr_i;

endmodule
