// SPDX-License-Identifier: Apache-2.0
// Which VFs have requests under way, to them or from them. Each port counts what begins and what ends, each in a memory
// with one writer; a walk compares the two for every VF. A VF is quiet when two walks found it so: what was on its way to a
// port when the first one passed has been counted by the second.
module vfp_vf_busy #(
  parameter int unsigned Ports = 4,
  parameter int unsigned Vfs   = 64,
  localparam int unsigned VfW  = $clog2(Vfs)
) (
  input  logic clk_i,
  input  logic rst_ni,

  input  logic [Ports-1:0]          begin_i,     // pulse: a request that concerns VF begin_vf_i
  input  logic [Ports-1:0][VfW-1:0] begin_vf_i,
  input  logic [Ports-1:0]          end_i,       // pulse: its end
  input  logic [Ports-1:0][VfW-1:0] end_vf_i,
  input  logic                      unsure_i,    // whose VFs are is changing: nobody is quiet; the caller adds it to busy_o

  output logic [Vfs-1:0]            busy_o
);

  if (Vfs < 2 || Vfs != (1 << VfW)) begin : gen_bad_vfs
    $fatal(1, "vfp_vf_busy: Vfs is a power of two, 2 or more");
  end

  localparam int unsigned CountW = 9;  // a port has 256 tags at most

  logic [VfW-1:0]   at_q;
  logic             init_q;
  logic [Vfs-1:0]   seen_at_q;  // whose counts were compared a cycle ago: a one that goes round with at_q
  logic             differ_q;
  logic [Ports-1:0] differ;
  logic [Vfs-1:0]   seen_q;  // quiet in the last walk

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      at_q   <= '0;
      init_q <= 1'b1;
    end else begin
      at_q   <= at_q + 1'b1;
      if (at_q == '1) init_q <= 1'b0;
    end
  end

  for (genvar p = 0; p < int'(Ports); p++) begin : gen_port
    logic [CountW-1:0] begun_mem [Vfs];
    logic [CountW-1:0] ended_mem [Vfs];
    logic              we, wb;
    logic [VfW-1:0]    ae, ab;
    assign wb = init_q || begin_i[p];
    assign we = init_q || end_i[p];
    assign ab = init_q ? at_q : begin_vf_i[p];
    assign ae = init_q ? at_q : end_vf_i[p];
    always_ff @(posedge clk_i) begin
      if (wb) begun_mem[ab] <= init_q ? '0 : begun_mem[ab] + 1'b1;
      if (we) ended_mem[ae] <= init_q ? '0 : ended_mem[ae] + 1'b1;
    end
    assign differ[p] = begun_mem[at_q] != ended_mem[at_q];
  end

  logic [Vfs-1:0] busy_q;
  always_ff @(posedge clk_i) begin
    seen_at_q <= rst_ni ? {seen_at_q[Vfs-2:0], seen_at_q[Vfs-1]} : {1'b1, {(Vfs - 1){1'b0}}};
    differ_q  <= differ != '0 || init_q;
    if (!rst_ni || init_q || unsure_i) begin
      seen_q <= '0;
      busy_q <= '1;
    end else begin
      // All at once: bit by bit it takes the simulation 64 decisions a cycle.
      seen_q <= (seen_q & ~seen_at_q) | (differ_q ? '0 : seen_at_q);
      busy_q <= (busy_q & ~seen_at_q) | (differ_q ? seen_at_q : seen_at_q & ~seen_q);
    end
  end
  assign busy_o = busy_q;

endmodule
