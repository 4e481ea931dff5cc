// SPDX-License-Identifier: Apache-2.0
// Decides from a raw header whether a TLP is well formed (PCIe Base Spec 2.1, 2.2 and 2.3), which flow class it
// belongs to and how many beats it must have. Combinational.
module vfp_tlp_check #(
  parameter int unsigned MaxPayload = 128  // bytes; larger payloads are malformed here
) (
  input  logic [127:0] hdr_i,
  output logic [1:0]   cls_o,
  output logic         ok_o,
  output logic [8:0]   pay_beats_o,  // beats that carry payload
  output logic [8:0]   tot_beats_o   // beats on the stream: payload and digest, at least 1
);

  logic       data, four, known;
  logic [4:0] kind;
  logic [10:0] len;
  logic [3:0] first_be, last_be;
  logic is_mem, is_cfg, is_io, is_msg, is_cpl, is_atomic, one_dw;

  assign four     = hdr_i[29];
  assign data     = hdr_i[30];
  assign kind     = hdr_i[28:24];
  assign len      = {hdr_i[9:0] == 10'd0, hdr_i[9:0]};
  assign first_be = hdr_i[35:32];
  assign last_be  = hdr_i[39:36];

  assign is_mem    = kind == 5'd0 || (kind == 5'd1 && !data);
  assign is_io     = kind == 5'd2;
  assign is_cfg    = kind == 5'd4 || kind == 5'd5;
  assign is_msg    = kind[4:3] == 2'b10;
  assign is_cpl    = kind == 5'd10 || kind == 5'd11;
  assign is_atomic = data && (kind == 5'd12 || kind == 5'd13 || kind == 5'd14);
  assign one_dw    = is_io || is_cfg;

  // Bit 31 of DW0: a TLP prefix; none is negotiated.
  assign known = !hdr_i[31] && ((is_mem || is_atomic) || (is_msg && four) || ((one_dw || is_cpl) && !four));

  always_comb begin
    if (is_cpl) cls_o = vfp_pkg::ClsCpl;
    else if (is_msg || (kind == 5'd0 && data)) cls_o = vfp_pkg::ClsP;
    else cls_o = vfp_pkg::ClsNp;
  end

  logic        bad_be, bad_fixed, crosses, too_long;
  logic [12:0] end_in_page;

  assign end_in_page = {1'b0, four ? hdr_i[107:98] : hdr_i[75:66], 2'b00} + {len, 2'b00};
  assign crosses     = is_mem && end_in_page > 13'd4096;
  assign bad_be      = is_mem && (len == 11'd1 ? last_be != 4'd0 : (first_be == 4'd0 || last_be == 4'd0));
  assign bad_fixed   = one_dw && (len != 11'd1 || last_be != 4'd0 || hdr_i[22:20] != 3'd0 || hdr_i[13:12] != 2'd0);
  assign too_long    = data && len > 11'(MaxPayload / 4);

  assign ok_o = known && !crosses && !bad_be && !bad_fixed && !too_long;

  logic [10:0] pay_dw, tot_dw;
  assign pay_dw      = data ? len : 11'd0;
  assign tot_dw      = pay_dw + {10'd0, hdr_i[15]};
  assign pay_beats_o = 9'((pay_dw + 11'd3) >> 2);
  assign tot_beats_o = tot_dw == 11'd0 ? 9'd1 : 9'((tot_dw + 11'd3) >> 2);

endmodule
