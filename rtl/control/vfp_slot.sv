// SPDX-License-Identifier: Apache-2.0
// One hot-plug slot as a port shows it (PCIe Base Spec 2.1, 6.7 and 7.8.9-7.8.11): attention button, power controller,
// indicators, presence, link state. No Command Completed: commands take effect at once (Slot Capabilities bit 18).
//
// A function that arrives brings presence and link up together, even while the slot's power is off (the link is
// trained on auxiliary power): the driver then switches the slot on at once instead of after the button's 5 seconds.
// Where `quiet_i` says so it only gets present, and the button does the rest.
module vfp_slot (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic clear_i,  // link of the server down

  input  logic        we_i,  // write to Slot Control / Slot Status
  input  logic [3:0]  be_i,
  input  logic [31:0] wdata_i,
  output logic [31:0] reg_o,

  input  logic button_i,        // pulse
  input  logic present_i,       // a function is in the slot
  input  logic ready_i,         // all its functions may be used (none is being reset)
  input  logic quiet_i,         // what arrives is announced by the button alone: neither link nor presence is an event
  input  logic link_disable_i,
  input  logic msi_en_i,
  input  logic again_i,         // pulse: messages may have been lost, what there is to tell is told again

  output logic present_o,
  output logic link_o,
  output logic powered_o,
  output logic usable_o,        // powered, link up: requests may pass
  output logic [1:0] power_led_o,
  output logic [1:0] attn_led_o,
  output logic pressed_o,       // pulse: a press of its own for the server, not one more before it has seen the last
  output logic off_o,           // pulse: the server has switched the slot off
  output logic msi_o            // pulse: send the hot-plug interrupt
);

  logic [12:0] control_q;
  logic        abp_q, pdc_q, dllsc_q;  // events, cleared by writing one
  logic        present_q, link_q, event_q;

  localparam int unsigned Pcc = 10;

  logic [12:0] control_d;
  logic        link_d, event_now;
  always_comb begin
    control_d = control_q;
    if (we_i && be_i[0]) control_d[7:0] = wdata_i[7:0];
    if (we_i && be_i[1]) control_d[12:8] = wdata_i[12:8];
    control_d[11] = 1'b0;  // no electromechanical interlock
  end

  // The link: comes up with a function, or when a full slot is switched on; goes down with either.
  always_comb begin
    link_d = link_q;
    if (!present_i || link_disable_i) link_d = 1'b0;
    else if (!present_q) link_d = ready_i && !quiet_i;
    else if (control_d[Pcc] && !control_q[Pcc]) link_d = 1'b0;
    else if (!control_d[Pcc]) link_d = ready_i;
  end

  // A function that is not ready when it appears counts as not there yet.
  logic present_d;
  assign present_d = present_i && (present_q || ready_i);

  assign event_now = control_q[5] && ((abp_q && control_q[0]) || (pdc_q && control_q[3]) || (dllsc_q && control_q[12]));

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      control_q <= {2'b00, 1'b1, vfp_regs_pkg::LedOff, vfp_regs_pkg::LedOff, 6'd0};  // power off
      abp_q     <= 1'b0;
      pdc_q     <= 1'b0;
      dllsc_q   <= 1'b0;
      present_q <= present_i && ready_i;
      link_q    <= present_i && ready_i;
      event_q   <= 1'b0;
    end else begin
      control_q <= control_d;
      present_q <= present_d;
      link_q    <= link_d && present_d;
      // Setting wins over clearing: an event between the driver's read and its write is not lost.
      if (we_i && be_i[2] && wdata_i[16]) abp_q <= 1'b0;
      if (we_i && be_i[2] && wdata_i[19]) pdc_q <= 1'b0;
      if (we_i && be_i[3] && wdata_i[24]) dllsc_q <= 1'b0;
      if (button_i) abp_q <= 1'b1;
      if (present_d != present_q && !(present_d && quiet_i)) pdc_q <= 1'b1;
      if ((link_d && present_d) != link_q) dllsc_q <= 1'b1;
      // One message for each time that "any enabled event" becomes true (6.7.3.4).
      event_q <= event_now && msi_en_i && !again_i;
    end
  end

  assign msi_o       = event_now && msi_en_i && !event_q;
  assign off_o       = control_d[Pcc] && !control_q[Pcc] && !clear_i;
  assign present_o   = present_q;
  assign link_o      = link_q;
  assign pressed_o   = button_i && !abp_q;
  assign powered_o   = !control_q[Pcc];
  assign usable_o    = link_q && !control_q[Pcc];
  assign power_led_o = control_q[9:8];
  assign attn_led_o  = control_q[7:6];
  // Status: ABP 0, PDC 3, PDS 6, DLLSC 8.
  assign reg_o = {7'd0, dllsc_q, 1'b0, present_q, 2'd0, pdc_q, 2'd0, abp_q, 3'd0, control_q};

  logic unused;
  assign unused = ^{be_i, wdata_i};

endmodule
