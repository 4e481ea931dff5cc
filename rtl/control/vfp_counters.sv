// SPDX-License-Identifier: Apache-2.0
// Counts of everything that happens, 32 bits each: packets taken and sent by each port, packets dropped by reason. All can
// count in one cycle, and always do exactly: what is read is what has happened, and never goes back.
//
// A counter's low bits are flip-flops of its own, its other bits a word of a memory, which a walk over all counters carries
// to: it finds each low part before that has counted half its range, and knows by the highest bit whether it came round.
// The low parts do not count up but go through all states of a shift register (a de Bruijn cycle), which takes two LUTs each;
// their number in it comes from a table.
//
// The walk goes on only where something counts, so that the simulation has nothing to do elsewhere.
module vfp_counters #(
  parameter int unsigned N = 38,
  localparam int unsigned IdxW = $clog2(N)
) (
  input  logic            clk_i,
  input  logic            rst_ni,

  input  logic [N-1:0]    event_i,  // pulses

  // What counters first to last come to, together: from the pulse until done, a pulse; the sum is valid from then on.
  input  logic            ask_i,
  input  logic [IdxW-1:0] first_i,
  input  logic [IdxW-1:0] last_i,
  output logic            done_o,
  output logic [31:0]     sum_o,

  output logic            busy_o    // else nothing changes 16 cycles later, but for pulses (vfp_clock_gate)
);

  // A walk takes N steps, and one of four is for who asks.
  localparam int unsigned Walk = N + (N + 2) / 3 + 8;
  localparam int unsigned Low  = $clog2(Walk) + 1;  // half the range is a walk at least
  if (Low < 4 || Low > 9) begin : gen_bad_n
    $fatal(1, "vfp_counters: N is 1 to 180");
  end

  // Feedback of the longest cycles without the state 0, which is then put in between (x^4 + x^3 + 1 and so on).
  localparam logic [8:0] Taps = Low == 4 ? 9'b0_0000_1100 : Low == 5 ? 9'b0_0001_0100 : Low == 6 ? 9'b0_0011_0000 :
                                Low == 7 ? 9'b0_0110_0000 : Low == 8 ? 9'b0_1011_1000 : 9'b1_0001_0000;
  function automatic logic [Low-1:0] next(input logic [Low-1:0] state);
    next = {state[Low-2:0], ^(state & Taps[Low-1:0]) ^ (state[Low-2:0] == '0)};
  endfunction
  // Of each state, how many steps it is from 0.
  function automatic logic [(1<<Low)*Low-1:0] places_of_states();
    logic [Low-1:0] state;
    state = '0;
    places_of_states = '0;
    for (int n = 0; n < (1 << Low); n++) begin
      places_of_states[state*Low +: Low] = Low'(n);
      state = next(state);
    end
  endfunction
  localparam logic [(1<<Low)*Low-1:0] Places = places_of_states();

  // Groups: the reset, which has many loads, comes to one after the other, before the walk does; a visit looks in all.
  localparam int unsigned Groups = (N + 15) / 16;
  logic              rst_q;
  logic [Groups-1:0] rst_group_q;
  always_ff @(posedge clk_i) begin
    rst_q       <= !rst_ni;
    rst_group_q <= Groups'({rst_group_q, rst_q});
  end

  // ---- Low parts -------------------------------------------------------------------------------------------------------
  // Unpacked: what does not count costs the simulation a comparison.
  logic [Low-1:0] low_q [N];
  logic [N-1:0]   event_q;
  always_ff @(posedge clk_i) begin
    event_q <= rst_q ? '0 : event_i;
    for (int n = 0; n < int'(N); n++) begin
      if (rst_group_q[n / 16]) low_q[n] <= '0;
      else if (event_q[n]) low_q[n] <= next(low_q[n]);
    end
  end

  // ---- Whose turn it is ------------------------------------------------------------------------------------------------
  logic [IdxW-1:0] walk_q, ask_q, turn_q;
  logic [1:0]      phase_q;
  logic            init_q, asking_q, step, asked, visit_q, asked_q, last_q;
  logic [4:0]      fresh_q;  // the memory is not written yet for what is at that stage
  assign step  = event_q != '0 || asking_q || init_q;
  assign busy_o = step || rst_group_q != '0;
  assign asked = asking_q && phase_q == '0 && fresh_q == '0;
  always_ff @(posedge clk_i) begin
    visit_q <= step;
    turn_q  <= asked ? ask_q : walk_q;
    asked_q <= asked;
    last_q  <= asked && ask_q == last_i;
    fresh_q <= {fresh_q[3:0], init_q};
    if (ask_i) ask_q <= first_i;
    else if (asked) ask_q <= ask_q + 1'b1;
    if (rst_q) begin
      init_q   <= 1'b1;
      fresh_q  <= '1;
      walk_q   <= '0;
      phase_q  <= '0;
      asking_q <= 1'b0;
    end else begin
      asking_q <= ask_i || (asking_q && !(asked && ask_q == last_i));
      if (step) phase_q <= phase_q + 1'b1;
      if (step && !asked) begin
        walk_q <= walk_q == IdxW'(N - 1) ? '0 : walk_q + 1'b1;
        if (walk_q == IdxW'(N - 1)) init_q <= 1'b0;
      end
    end
  end

  // ---- A visit: look in each group, choose, number, carry --------------------------------------------------------------
  // A counter that is visited again before its word is written finds the word of before, and counts from that.
  localparam int unsigned High = 32 - Low;
  logic [High:0]   word_mem [1<<IdxW];  // {high part, highest bit of the low part}
  logic [Groups-1:0][Low-1:0] lows_q;
  logic [High:0]   word0_q, word1_q, word2_q;
  logic [Low-1:0]  low1_q, place2_q;
  logic [IdxW-1:0] turn0_q, turn1_q, turn2_q;
  logic            visit0_q, visit1_q, visit2_q;
  logic [3:0]      askeds_q, lasts_q;
  logic [High-1:0] high;
  logic [31:0]     value3_q;
  assign high = word2_q[High:1] + High'(word2_q[0] && !place2_q[Low-1]);
  always_ff @(posedge clk_i) begin
    visit0_q <= visit_q;
    visit1_q <= visit0_q;
    visit2_q <= visit1_q && !rst_q;
    askeds_q <= {askeds_q[2:0], asked_q};
    lasts_q  <= {lasts_q[2:0], last_q};
    done_o   <= lasts_q[3] && !rst_q;
    if (visit_q) begin
      turn0_q <= turn_q;
      for (int g = 0; g < int'(Groups); g++) begin
        lows_q[g] <= 16 * g + 32'(turn_q[3:0]) < N ? low_q[16*g+32'(turn_q[3:0])] : '0;
      end
      word0_q <= fresh_q[0] ? '0 : word_mem[turn_q];
    end
    if (visit0_q) begin
      turn1_q <= turn0_q;
      low1_q  <= lows_q[turn0_q/16];
      word1_q <= word0_q;
    end
    if (visit1_q) begin
      turn2_q  <= turn1_q;
      place2_q <= Places[low1_q*Low +: Low];
      word2_q  <= word1_q;
    end
    if (visit2_q) word_mem[turn2_q] <= {high, place2_q[Low-1]};
    value3_q <= {high, place2_q};
    if (ask_i) sum_o <= '0;
    else if (askeds_q[3]) sum_o <= sum_o + value3_q;
  end

endmodule
