// SPDX-License-Identifier: Apache-2.0
// Queue of whole packets. Payload beats are written as they arrive and become visible, with the header, only when
// the packet is committed; an aborted packet leaves no trace.
module vfp_pkt_queue #(
  parameter int unsigned MetaW    = 8,
  parameter int unsigned Packets  = 16,  // power of two
  parameter int unsigned Beats    = 64,  // power of two
  parameter int unsigned MaxBeats = 8    // payload beats of the largest packet
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic clear_i,  // empties the queue

  output logic room_o,   // two packets of any size fit
  output logic space_o,  // one beat and one header fit
  input  logic beat_i,   // write one payload beat
  input  logic [127:0] data_i,
  input  logic commit_i,  // ends the packet; may come with its last beat
  input  logic abort_i,
  input  logic [127:0] hdr_i,
  input  logic [MetaW-1:0] meta_i,

  output logic valid_o,
  output logic [127:0] hdr_o,
  output logic [MetaW-1:0] meta_o,
  output logic [127:0] data_o,
  output logic last_o,
  input  logic pop_i  // takes one beat of the head packet
);

  localparam int unsigned PW = $clog2(Packets);
  localparam int unsigned BW = $clog2(Beats);

  logic [127:0]     data_mem [Beats];
  logic [127:0]     hdr_mem  [Packets];
  logic [MetaW-1:0] meta_mem [Packets];

  logic [PW:0] hdr_wr_q, hdr_rd_q;
  logic [BW:0] beat_wr_q, beat_commit_q, beat_rd_q;
  logic [7:0]  taken_q;  // beats of the head packet already taken

  logic [PW:0] hdr_used;
  logic [BW:0] beat_used;
  assign hdr_used  = hdr_wr_q - hdr_rd_q;
  assign beat_used = beat_wr_q - beat_rd_q;
  assign space_o   = hdr_used < (PW + 1)'(Packets) && beat_used < (BW + 1)'(Beats);
  assign room_o    = hdr_used < (PW + 1)'(Packets - 1) && beat_used <= (BW + 1)'(Beats - 2 * MaxBeats);

  assign valid_o = hdr_wr_q != hdr_rd_q;
  assign hdr_o   = hdr_mem[hdr_rd_q[PW-1:0]];
  assign meta_o  = meta_mem[hdr_rd_q[PW-1:0]];
  assign data_o  = data_mem[beat_rd_q[BW-1:0]];

  logic has_data;
  logic [8:0] beats;
  assign has_data = hdr_o[30];
  assign beats    = 9'(({1'b0, hdr_o[9:0]} + 11'd3) >> 2);
  assign last_o   = !has_data || {1'b0, taken_q} + 9'd1 == beats;

  always_ff @(posedge clk_i) begin
    if (beat_i) data_mem[beat_wr_q[BW-1:0]] <= data_i;
    if (commit_i) begin
      hdr_mem[hdr_wr_q[PW-1:0]]  <= hdr_i;
      meta_mem[hdr_wr_q[PW-1:0]] <= meta_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      hdr_wr_q      <= '0;
      hdr_rd_q      <= '0;
      beat_wr_q     <= '0;
      beat_commit_q <= '0;
      beat_rd_q     <= '0;
      taken_q       <= '0;
    end else begin
      if (abort_i) beat_wr_q <= beat_commit_q;
      else if (beat_i) beat_wr_q <= beat_wr_q + 1'b1;
      if (commit_i) begin
        hdr_wr_q      <= hdr_wr_q + 1'b1;
        beat_commit_q <= beat_wr_q + (BW + 1)'(beat_i);
      end
      if (pop_i) begin
        if (has_data) beat_rd_q <= beat_rd_q + 1'b1;
        if (last_o) begin
          hdr_rd_q <= hdr_rd_q + 1'b1;
          taken_q  <= '0;
        end else begin
          taken_q <= taken_q + 1'b1;
        end
      end
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && !clear_i) begin
      no_beat_overflow  : assert (!beat_i || beat_used < (BW + 1)'(Beats));
      no_packet_overflow: assert (!commit_i || hdr_used < (PW + 1)'(Packets));
      no_underflow      : assert (!pop_i || valid_o);
      beats_are_there   : assert (!(pop_i && has_data) || beat_rd_q != beat_commit_q);
    end
  end
`endif

endmodule
