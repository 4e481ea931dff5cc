// SPDX-License-Identifier: Apache-2.0
// What the pool keeps of each slot, in flip-flops: what happens to slots happens to any number of them in one cycle.
// A slot whose VFs must be let go says so from the next cycle on, until the engine (vfp_pool) has taken it up.
module vfp_pool_slots #(
  parameter int unsigned NumSlots = 4
) (
  input  logic clk_i,
  input  logic rst_ni,

  // What happens to the slots, and what they look like: see vfp_pool.
  input  logic [NumSlots-1:0]      seen_i,
  input  logic [NumSlots-1:0]      pressed_i,
  input  logic [NumSlots-1:0]      off_i,
  input  logic [NumSlots-1:0]      gone_i,
  input  logic [NumSlots-1:0]      lost_i,
  input  logic [NumSlots-1:0]      reset_i,
  input  logic [NumSlots-1:0][1:0] power_led_i,
  input  logic [NumSlots-1:0]      card_lost_i,  // pulse: its VFs may run on
  input  logic [NumSlots-1:0]      ready_i,      // slot_ready_o

  // The slot at work, one hot, and what the engine does with it: pulses.
  input  logic [NumSlots-1:0] at_i,
  input  logic arrive_i,    // a VF comes into it
  input  logic button_i,    // with arrive_i: and into an empty one it comes with the button
  input  logic press_i,     // its button is pressed
  input  logic release_i,   // when it is switched off, its VFs leave it
  input  logic force_i,     // they leave it now
  input  logic request_i,   // its server waits for a VF
  input  logic answered_i,  // and waits no more
  input  logic take_i,      // what it has to let go is taken up
  input  logic left_i,      // it is empty
  input  logic rested_i,    // it was switched off long enough ago

  output logic [NumSlots-1:0] clean_o,     // its VFs have to be drained and reset
  output logic                clean_at_o,  // the same of the slot that was at work a cycle ago
  output logic [NumSlots-1:0] empty_o,     // and to leave it
  output logic [NumSlots-1:0] was_off_o,   // switched off since it was last taken up
  output logic [NumSlots-1:0] resting_o,   // switched off a while ago
  output logic [NumSlots-1:0] full_o,
  output logic [NumSlots-1:0] releasing_o,
  output logic [NumSlots-1:0] requested_o,
  output logic [NumSlots-1:0] quiet_o,
  output logic [NumSlots-1:0] unseen_o,    // what is in it does not show
  output logic [NumSlots-1:0] blinking_o,  // its power indicator
  output logic [NumSlots-1:0] button_o,
  output logic busy_o
);

  logic [NumSlots-1:0] clean_q, empty_q, was_off_q, resting_q, full_q, releasing_q, requested_q, quiet_q;
  logic [NumSlots-1:0] press_q;     // to be pressed as soon as the server can see the VF
  logic [NumSlots-1:0] hidden_q;    // what came while it rested shows only afterwards
  logic [NumSlots-1:0] lost_q;      // seen as removed until the port works and the VFs are reset
  logic [NumSlots-1:0] gone_q, blinking_q;

  // A second press within the server's 5 seconds takes a release back (6.7.1.5). Its indicator, where the server drives it,
  // tells also of a press that came before that of the release.
  logic [NumSlots-1:0] blinking, kept;
  for (genvar s = 0; s < NumSlots; s++) begin : gen_kept
    assign blinking[s] = power_led_i[s] == vfp_regs_pkg::LedBlinking;
    assign kept[s]     = pressed_i[s] || (blinking_q[s] && power_led_i[s] == vfp_regs_pkg::LedOn);
  end

  logic [NumSlots-1:0] to_release, clean, next_clean, empty, arrives;
  logic                clean_at_q;
  assign to_release = {NumSlots{release_i}} & at_i;
  assign arrives    = {NumSlots{arrive_i}} & at_i & ~full_q;
  // A release that begins in the cycle in which its slot is switched off counts as one that came before.
  assign empty = ((releasing_q | to_release) & (off_i | gone_i)) | ({NumSlots{force_i}} & at_i);
  assign clean = off_i | reset_i | (gone_i & ~gone_q) | (lost_i & ~lost_q) | card_lost_i | empty;
  assign next_clean = (clean_q & ~({NumSlots{take_i}} & at_i)) | clean;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      clean_q     <= '0;
      clean_at_q  <= 1'b0;
      empty_q     <= '0;
      was_off_q   <= '0;
      resting_q   <= '0;
      full_q      <= '0;
      releasing_q <= '0;
      requested_q <= '0;
      quiet_q     <= '0;
      press_q     <= '0;
      hidden_q    <= '0;
      lost_q      <= '0;
      gone_q      <= '0;
      blinking_q  <= '0;
    end else begin
      clean_at_q <= (next_clean & at_i) != '0;
      gone_q     <= gone_i;
      blinking_q <= blinking;
      lost_q     <= lost_i | (lost_q & ~ready_i & ~gone_i);

      clean_q   <= next_clean;
      empty_q   <= (empty_q & ~({NumSlots{take_i}} & at_i)) | empty;
      was_off_q <= (was_off_q & ~({NumSlots{take_i}} & at_i)) | off_i;
      full_q    <= (full_q & ~({NumSlots{left_i}} & at_i)) | arrives;

      releasing_q <= ((releasing_q & ~kept) | to_release) & ~empty;
      // A request ends with its answer, when it is taken back, or with its server.
      requested_q <= ((requested_q & ~({NumSlots{answered_i}} & at_i)) | ({NumSlots{request_i}} & at_i)) & ~gone_i;

      // Announced by the button: only what arrives in an empty slot.
      quiet_q   <= (quiet_q & ~arrives) | (arrives & {NumSlots{button_i}});
      press_q   <= (press_q & ~seen_i & ~gone_i & ~arrives) | (arrives & {NumSlots{button_i}});
      // One that was switched off anew meanwhile rests anew.
      resting_q <= (resting_q & ~gone_i & ~({NumSlots{rested_i}} & at_i & ~was_off_q)) | off_i;
      hidden_q  <= ((hidden_q & ~arrives) | (arrives & resting_q)) & ~gone_i & ~({NumSlots{rested_i}} & at_i & ~was_off_q);
    end
  end

  assign clean_o     = clean_q;
  assign clean_at_o  = clean_at_q;
  assign empty_o     = empty_q;
  assign was_off_o   = was_off_q;
  assign resting_o   = resting_q;
  assign full_o      = full_q;
  assign releasing_o = releasing_q;
  assign requested_o = requested_q;
  assign quiet_o     = quiet_q;
  assign unseen_o    = hidden_q | lost_q;
  assign blinking_o  = blinking;
  assign button_o    = ({NumSlots{press_i}} & at_i) | (press_q & seen_i);
  assign busy_o      = (clean_q | (press_q & seen_i) | (gone_q ^ gone_i) | (blinking_q ^ blinking) |
                        (lost_q & ~lost_i & ready_i)) != '0;

endmodule
