// SPDX-License-Identifier: Apache-2.0
// Where packets enter the bridge. Whatever the link hands in, what leaves here obeys the rules of a stream of cells: every
// packet has as many cells as its header says, or is nullified at its end. Digests are taken off.
//
// Nobody can stop this stream, on either side: the adapter looks at the room of the packet's class before it begins.
// A cell comes out four cycles after it came in, the last one of a packet; the others when the next one has come. That a
// packet has ended well is known, and said, two cycles after its last cell came in.
module vfp_rx_check #(
  parameter int unsigned MaxPayload = 128  // bytes: 128, 256 or 512
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic [1:0]          payload_i,    // see vfp_rx_header
  input  logic                link_i,       // low: the link is down, what is under way ends nullified

  input  logic                rx_valid_i,
  input  vfp_cell_pkg::cell_t rx_i,         // payload, then the digest if TD
  input  logic                rx_void_i,    // the cell is as if it had not come; may be late in the cycle

  // Pulse: a packet has ended well, and will not be nullified any more; what decisions go by.
  output logic                well_o,
  output logic [127:0]        well_hdr_o,
  output logic [1:0]          well_cls_o,
  output logic [5:0]          well_cells_o, // with payload

  output logic                out_valid_o,
  output vfp_cell_pkg::cell_t out_o,        // hdr holds from sop to eop, in the form that vfp_rx_header describes
  // With a nullified eop: the packet broke a rule (and was not nullified by its sender, nor cut by the link).
  output logic                out_bad_o,
  output logic                stray_o       // pulse: a cell outside any packet was dropped
);

  // Two stages beside vfp_rx_header.
  logic         s1_valid_q, s1_sop_q, s1_eop_q, s1_null_q;
  logic         s2_valid_q, s2_sop_q, s2_eop_q, s2_null_q;
  logic [127:0] s1_data_q, s2_data_q, s2_hdr;
  logic         ok, single;
  logic [1:0]   cls;
  logic [5:0]   pay_cells, all_cells;

  vfp_rx_header #(.MaxPayload(MaxPayload)) u_header (
    .clk_i, .payload_i,
    .load_i     (rx_i.sop),  // of a void cell, or none, too: nothing judges it
    .judge_i    (s1_valid_q && s1_sop_q),
    .hdr_i      (rx_i.hdr),
    .hdr_o      (s2_hdr),
    .ok_o       (ok),
    .cls_o      (cls),
    .pay_cells_o(pay_cells),
    .all_cells_o(all_cells),
    .single_o   (single)
  );

  always_ff @(posedge clk_i) begin
    s1_sop_q  <= rx_i.sop;
    s1_eop_q  <= rx_i.eop;
    s1_null_q <= rx_i.nullify;
    s1_data_q <= rx_i.data;  // whatever is there: that a cell comes is known late
    s2_sop_q  <= s1_sop_q;
    s2_eop_q  <= s1_eop_q;
    s2_null_q <= s1_null_q;
    if (s1_valid_q) s2_data_q <= s1_data_q;
    if (!rst_ni || !link_i) begin
      s1_valid_q <= 1'b0;
      s2_valid_q <= 1'b0;
    end else begin
      s1_valid_q <= rx_valid_i && !rx_void_i;
      s2_valid_q <= s1_valid_q;
    end
  end

  // The cell at stage 2: does it belong to a packet, is it kept, does it end the packet?
  logic       open_q;   // between sop and eop
  logic [5:0] nth_q;    // this cell's place in the packet, from 1 up to 63, unless it has sop
  logic       fits_q;   // and it is the last one by the header
  logic [6:0] next_q;   // nth_q + 1, so that no sum is compared
  logic       stray, cut, keep, ends, bad;

  assign stray = s2_valid_q && !s2_sop_q && !open_q;
  assign cut   = s2_valid_q && s2_sop_q && open_q;  // the packet before has no end
  assign keep  = s2_valid_q && (s2_sop_q || (open_q && ok && nth_q <= pay_cells));
  assign ends  = s2_valid_q && !stray && s2_eop_q;
  assign bad   = !ok || !(s2_sop_q ? single : fits_q);

  // The link is looked at, because what it cuts here is gone.
  assign well_o       = s2_valid_q && s2_eop_q && !s2_null_q && (s2_sop_q || open_q) && !bad && link_i;
  assign well_hdr_o   = s2_hdr;
  assign well_cls_o   = cls;
  assign well_cells_o = pay_cells;

  always_ff @(posedge clk_i) begin
    stray_o <= stray && rst_ni;
    if (!rst_ni || !link_i) begin
      open_q <= 1'b0;
      nth_q  <= 6'd2;
      next_q <= 7'd3;
    end else if (s2_valid_q && !stray) begin
      open_q <= !s2_eop_q;
      if (s2_sop_q) begin
        nth_q  <= 6'd2;
        next_q <= 7'd3;
      end else if (nth_q != 6'd63) begin
        nth_q  <= next_q[5:0];
        next_q <= next_q + 7'd1;
      end
      fits_q <= (s2_sop_q ? 7'd2 : next_q) == {1'b0, all_cells};
    end
  end

  // The last kept cell waits here until it is known whether it is the packet's last: a digest may lie in a cell of its own.
  logic         h_valid_q, h_sop_q, h_eop_q, h_null_q, h_bad_q;
  logic [127:0] h_hdr_q, h_data_q;
  logic         leave, close_bad, close;

  assign close_bad = !h_eop_q && (cut || (ends && !keep && bad && !s2_null_q));
  assign close     = !h_eop_q && (cut || (ends && !keep) || !link_i);
  assign leave     = h_valid_q && (h_eop_q || keep || close);

  always_ff @(posedge clk_i) begin
    if (keep) begin
      h_sop_q   <= s2_sop_q;
      h_data_q  <= s2_data_q;
      h_eop_q   <= s2_eop_q;
      h_null_q  <= s2_eop_q && (bad || s2_null_q);
      h_bad_q   <= s2_eop_q && bad && !s2_null_q;
    end
    if (keep && s2_sop_q) h_hdr_q <= s2_hdr;
    if (!rst_ni) h_valid_q <= 1'b0;
    else if (!link_i) h_valid_q <= 1'b0;
    else h_valid_q <= keep || (h_valid_q && !leave);
  end

  logic                out_valid_q, out_bad_q;
  vfp_cell_pkg::cell_t out_q;

  always_ff @(posedge clk_i) begin
    out_valid_q   <= leave && rst_ni;
    out_q.sop     <= h_sop_q;
    out_q.eop     <= h_eop_q || close;
    out_q.nullify <= h_eop_q ? h_null_q : (close_bad || (close && (!link_i || s2_null_q)));
    if (h_valid_q) out_q.data <= h_data_q;
    out_bad_q     <= h_eop_q ? h_bad_q : close_bad;
    if (h_valid_q && h_sop_q) out_q.hdr <= h_hdr_q;
  end

  assign out_valid_o = out_valid_q;
  assign out_o       = out_q;
  assign out_bad_o   = out_bad_q;

  logic [7:0] out_passed;
  vfp_cell_check #(.Ready(1'b0), .MaxCells(MaxPayload / 16)) u_check (
    .clk_i, .rst_ni, .valid_i(out_valid_q), .ready_i(1'b1), .cell_i(out_q), .passed_o(out_passed)
  );
`ifdef FORMAL
  `include "formal/vfp_rx_check.svh"
`else
  logic unused;
  assign unused = ^out_passed;
`endif

endmodule
