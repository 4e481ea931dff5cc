// SPDX-License-Identifier: Apache-2.0
// Who may use how many slots. Each list has a reserve that no other can take; the rest is shared. `Flight` slots more are for
// packets on their way to a list: the entrance stops while they run short, and while any list of a class could not take
// all packets on their way.
module vfp_voq_room #(
  parameter int unsigned Dests   = 1,
  parameter int unsigned Slots   = 64,
  parameter int unsigned Reserve = 6,   // slots a list has for itself, 6 to 15
  parameter int unsigned Flight  = 16,  // of Slots
  localparam int unsigned Lists  = 3 * Dests,
  localparam int unsigned LW     = $clog2(Lists),
  localparam int unsigned SW     = $clog2(Slots)
) (
  input  logic          clk_i,
  input  logic          rst_ni,

  input  logic          take_i,       // a packet goes to a list, if may_o of the list allowed it a cycle ago
  input  logic [LW-1:0] take_list_i,
  input  logic          give_i,       // a packet of the list has left
  input  logic [LW-1:0] give_list_i,
  output logic [Lists-1:0] may_o,     // there were three slots for the list a cycle ago

  input  logic [5:0]    flying_i,     // packets on their way, but for what the link may begin in three cycles
  output logic [2:0]    room_o,       // two packets of the largest size of the class fit, wherever they go
  output logic [Dests-1:0][2:0] short_o  // room_o is low because of this destination, which has packets queued
);

  if (Dests < 1 || Dests > 18) begin : gen_bad_dests
    $fatal(1, "vfp_voq_room: Dests is 1 to 18");
  end
  if (Reserve < 6 || Reserve > 15) begin : gen_bad_reserve
    $fatal(1, "vfp_voq_room: Reserve is 6 to 15");
  end
  if (Lists * Reserve + Flight + 2 > Slots) begin : gen_bad_slots
    $fatal(1, "vfp_voq_room: Slots has no room for the reserves");
  end

  localparam int unsigned Shared = Slots - Lists * Reserve - Flight;
  // What the entrance can begin before room_o tells it: the packet that it is at, and one in each of three cycles. And two
  // slots, because may_o does not promise the last ones.
  localparam logic [6:0] Late = 7'd6;

  logic [SW:0]         shared_q;  // slots of the shared rest that are free
  logic [Lists-1:0]    full_q;    // the reserve is used up
  logic [Lists-1:0]    loan_q;    // the list holds slots of the shared rest
  logic signed [SW+1:0] spare_q;  // shared_q less Late
  logic                take_shared, give_shared;
  logic signed [SW+1:0] want;     // slots that a list must have itself: what may come, less what is shared
  logic [4:0]          want_q;
  logic                flight;    // packets on their way would run out of slots
  logic [Lists-1:0]    short, short_q;

  assign take_shared = take_i && full_q[take_list_i];
  assign give_shared = give_i && loan_q[give_list_i];
  assign flight = 7'(flying_i) + Late >= 7'(Flight);
  assign want = $signed((SW + 2)'(flying_i)) - spare_q;

  always_ff @(posedge clk_i) begin
    want_q   <= want < 0 ? 5'd0 : want > 31 ? 5'd31 : 5'(want);
    if (!rst_ni) begin
      shared_q <= (SW + 1)'(Shared);
      spare_q  <= $signed((SW + 2)'(Shared)) - $signed((SW + 2)'(Late));
    end else if (take_shared != give_shared) begin
      shared_q <= take_shared ? shared_q - 1'b1 : shared_q + 1'b1;
      spare_q  <= take_shared ? spare_q - $signed((SW + 2)'(1)) : spare_q + $signed((SW + 2)'(1));
    end
  end

  for (genvar l = 0; l < int'(Lists); l++) begin : gen_list
    logic        take, give, more_loan, less_loan, less_own, more_own;
    logic [3:0]  own_q;   // what is left of the reserve
    logic [SW:0] loan_count_q;
    assign take = take_i && take_list_i == LW'(l);
    assign give = give_i && give_list_i == LW'(l);
    // A list that takes and gives at once swaps one for the other. Nothing is computed for those that do neither.
    always_comb begin
      {more_loan, less_loan, less_own, more_own} = 4'd0;
      if (take || give) begin
        more_loan = take && full_q[l] && !(give && loan_q[l]);
        less_loan = give && loan_q[l] && !(take && full_q[l]);
        less_own  = take && !full_q[l] && !(give && !loan_q[l]);
        more_own  = give && !loan_q[l] && !(take && !full_q[l]);
      end
    end

    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        own_q        <= 4'(Reserve);
        full_q[l]    <= 1'b0;
        loan_count_q <= '0;
        loan_q[l]    <= 1'b0;
      end else if (take || give) begin
        if (more_loan != less_loan) loan_count_q <= more_loan ? loan_count_q + 1'b1 : loan_count_q - 1'b1;
        if (more_loan != less_loan) loan_q[l] <= more_loan || loan_count_q != (SW + 1)'(1);
        if (more_own != less_own) own_q <= more_own ? own_q + 1'b1 : own_q - 1'b1;
        if (more_own != less_own) full_q[l] <= less_own && own_q == 4'd1;
      end
      may_o[l]   <= own_q > 4'd2 || shared_q > (SW + 1)'(2) || (own_q[1] && shared_q != '0) ||
                    (own_q != 4'd0 && shared_q > (SW + 1)'(1));
      short_q[l] <= short[l];
    end
    assign short[l] = {1'b0, own_q} < want_q;
    assign short_o[l / 3][l % 3] = short_q[l] && own_q != 4'(Reserve);
  end

  for (genvar c = 0; c < 3; c++) begin : gen_room
    logic [Dests-1:0] lacks;
    for (genvar d = 0; d < int'(Dests); d++) begin : gen_dest
      assign lacks[d] = short[d * 3 + c];
    end
    always_ff @(posedge clk_i) room_o[c] <= lacks == '0 && !flight;
  end

`ifdef FORMAL
  `include "formal/vfp_voq_room.svh"
`endif

endmodule
