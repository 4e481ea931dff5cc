// SPDX-License-Identifier: Apache-2.0
// What a TLP header says, in two register stages: whether it is well formed (PCIe Base Specification 2.1, 2.2 and 2.3), its
// flow class, how many cells it must have; and the header as the bridge carries it on.
//
// Carried on: memory addresses at the places of the 4 DW format; no digest; the bits of features that the bridge does not
// offer (10-bit tags, LN, processing hints) cleared. A read with a processing hint has its byte enables implied (2.2.7.1).
module vfp_rx_header #(
  parameter int unsigned MaxPayload = 128  // bytes: 128, 256 or 512; what the bridge is built for
) (
  input  logic         clk_i,
  input  logic [1:0]   payload_i,  // its Max_Payload_Size: 128 bytes << payload, MaxPayload at most (2.2.2)

  input  logic         load_i,   // first stage takes hdr_i
  input  logic         judge_i,  // second stage takes what the first holds; the results stay until the next judge_i
  input  logic [127:0] hdr_i,

  output logic [127:0] hdr_o,
  output logic         ok_o,
  output logic [1:0]   cls_o,
  output logic [5:0]   pay_cells_o,  // cells with payload, 0..32; meaningless if not ok
  output logic [5:0]   all_cells_o,  // payload and digest, at least 1
  output logic         single_o      // all_cells_o is 1
);

  if (MaxPayload != 128 && MaxPayload != 256 && MaxPayload != 512) begin : gen_bad_payload
    $fatal(1, "vfp_rx_header: MaxPayload is 128, 256 or 512");
  end

  // First stage: the header's kind, and sums.
  vfp_cell_pkg::req_hdr_t raw;
  vfp_cell_pkg::dw0_t     dw0;
  assign raw = hdr_i;
  assign dw0 = raw.dw0;

  logic is_mem, is_read, is_one_dw, is_msg, is_cpl, is_atomic, hint;
  assign is_mem    = dw0.kind == vfp_cell_pkg::KindMem || (dw0.kind == vfp_cell_pkg::KindMemLk && !dw0.data);
  assign is_read   = is_mem && !dw0.data;
  assign is_one_dw = dw0.kind == vfp_cell_pkg::KindIo || dw0.kind == vfp_cell_pkg::KindCfg0 ||
                     dw0.kind == vfp_cell_pkg::KindCfg1;
  assign is_msg    = dw0.kind[4:3] == 2'b10;
  assign is_cpl    = dw0.kind == vfp_cell_pkg::KindCpl || dw0.kind == vfp_cell_pkg::KindCplLk;
  assign is_atomic = dw0.data && (dw0.kind == vfp_cell_pkg::KindFetch || dw0.kind == vfp_cell_pkg::KindSwap ||
                                  dw0.kind == vfp_cell_pkg::KindCas);
  assign hint      = dw0.th && is_read;

  vfp_cell_pkg::req_hdr_t clean;
  always_comb begin
    clean             = raw;
    clean.dw0.prefix  = 1'b0;
    clean.dw0.t9      = 1'b0;
    clean.dw0.t8      = 1'b0;
    clean.dw0.ln      = 1'b0;
    clean.dw0.th      = 1'b0;
    clean.dw0.td      = 1'b0;
    if (is_mem && !dw0.dw4) begin
      clean.dw2 = 32'd0;
      clean.dw3 = raw.dw2;
    end
    if (hint) begin
      clean.first_be = 4'hf;
      clean.last_be  = dw0.len == 10'd1 ? 4'h0 : 4'hf;
    end
  end

  logic [10:0] length, most;  // DW, 1..1024; of payload
  assign length = {dw0.len == 10'd0, dw0.len};
  assign most   = MaxPayload == 128 ? 11'd32 : 11'd32 << payload_i;

  // Operands of 4 or 8 bytes, compare-and-swap has two of 4, 8 or 16; where operands lie naturally (2.2.7).
  logic [1:0] place;  // DW
  logic       fit;
  assign place = dw0.dw4 ? raw.dw3[3:2] : raw.dw2[3:2];
  always_comb begin
    if (dw0.kind == vfp_cell_pkg::KindCas)
      fit = dw0.len == 10'd2 || (dw0.len == 10'd4 && !place[0]) || (dw0.len == 10'd8 && place == 2'd0);
    else fit = dw0.len == 10'd1 || (dw0.len == 10'd2 && !place[0]);
  end

  logic [127:0] hdr_q;
  logic         known_q, mem_q, one_dw_q, msg_q, data_q, hint_q, digest_q, dw_is_1_q, too_long_q, tc_0_q, plain_q;
  logic         atomic_q, atomic_fit_q, first_0_q, last_0_q, vendor_msg_q;
  logic [1:0]   cls_q;
  logic [7:0]   len_q;       // enough for what is not too long
  logic [11:0]  page_end_q;  // DW behind the last one, from the start of the 4 KB page

  always_ff @(posedge clk_i) begin
    if (load_i) begin
      hdr_q      <= clean;
      known_q    <= !dw0.prefix && (is_mem || is_atomic || (is_msg && dw0.dw4) || ((is_one_dw || is_cpl) && !dw0.dw4));
      mem_q      <= is_mem;
      one_dw_q   <= is_one_dw;
      msg_q      <= is_msg;
      atomic_q   <= is_atomic;
      atomic_fit_q <= fit;
      hint_q     <= hint;
      data_q     <= dw0.data;
      digest_q   <= dw0.td;
      len_q      <= dw0.len[7:0];
      dw_is_1_q  <= dw0.len == 10'd1;
      too_long_q <= dw0.data && length > most;
      tc_0_q     <= dw0.tc == 3'd0;
      plain_q    <= !dw0.ro && !dw0.ns && dw0.at == 2'd0;
      first_0_q  <= raw.first_be == 4'd0;
      last_0_q   <= raw.last_be == 4'd0;
      // Message Codes 7Eh, 7Fh: the only messages that may use another traffic class than 0 (2.2.8).
      vendor_msg_q <= {raw.last_be, raw.first_be[3:1]} == 7'h3f;
      page_end_q <= {2'b00, dw0.dw4 ? raw.dw3[11:2] : raw.dw2[11:2]} + {1'b0, length};
      if (is_cpl) cls_q <= vfp_cell_pkg::ClsCpl;
      else if (is_msg || (dw0.kind == vfp_cell_pkg::KindMem && dw0.data)) cls_q <= vfp_cell_pkg::ClsP;
      else cls_q <= vfp_cell_pkg::ClsNp;
    end
  end

  // Second stage: the verdict, and cells from DW.
  logic bad_be, bad_fixed, bad_page, bad_msg, bad_atomic;
  assign bad_be     = mem_q && !hint_q && (dw_is_1_q ? !last_0_q : (first_0_q || last_0_q));
  assign bad_fixed  = one_dw_q && (!dw_is_1_q || !last_0_q || !tc_0_q || !plain_q);
  assign bad_page   = mem_q && page_end_q > 12'd1024;
  assign bad_msg    = msg_q && !vendor_msg_q && !tc_0_q;
  assign bad_atomic = atomic_q && !atomic_fit_q;

  logic [7:0] pay_dw;
  logic       rest;  // DW, payload or digest, that do not fill a cell
  assign pay_dw = data_q ? len_q : 8'd0;
  assign rest   = pay_dw[1:0] != 2'd0;

  logic [127:0] out_hdr_q;
  logic         ok_q;
  logic [1:0]   out_cls_q;
  logic [5:0]   pay_cells_q, all_cells_q;
  logic         single_q;

  always_ff @(posedge clk_i) begin
    if (judge_i) begin
      out_hdr_q   <= hdr_q;
      out_cls_q   <= cls_q;
      ok_q        <= known_q && !too_long_q && !bad_be && !bad_fixed && !bad_page && !bad_msg && !bad_atomic;
      pay_cells_q <= pay_dw[7:2] + 6'(rest);
      all_cells_q <= pay_dw[7:2] + 6'(rest || digest_q || pay_dw == 8'd0);
      single_q    <= pay_dw[7:2] == 6'd0 || (pay_dw == 8'd4 && !digest_q);
    end
  end

  assign hdr_o       = out_hdr_q;
  assign ok_o        = ok_q;
  assign cls_o       = out_cls_q;
  assign pay_cells_o = pay_cells_q;
  assign all_cells_o = all_cells_q;
  assign single_o    = single_q;

`ifdef FORMAL
  `include "formal/vfp_rx_header.svh"
`endif

endmodule
