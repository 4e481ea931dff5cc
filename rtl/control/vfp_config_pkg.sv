// SPDX-License-Identifier: Apache-2.0
// What configuration spaces of all functions have in common (PCIe Base Specification 2.1).
package vfp_config_pkg;

  // Device Control (7.8.4): what can be written on our functions; where there is a choice the payload size, too. Extended
  // tags, phantom functions and auxiliary power are fixed, as Device Capabilities says; bit 15 (FLR, or reserved) never reads 1.
  localparam logic [14:0] DevCtlMask = 15'h781f;
  localparam logic [14:0] DevCtlPayload = 15'h00e0;

  // What a function is: it decides which registers it has (vfp_cfg_map).
  localparam logic [1:0] KindMgmt = 2'd0, KindUp = 2'd1, KindDown = 2'd2, KindFn = 2'd3;

  // Registers that are more than words to be read back are looked at by name: bit n of the select vector is DW n.
  localparam int unsigned Selects = 48;

  // The words that a message is made of (vfp_cfg_map).
  localparam logic [3:0] WordMsiAddr = 4'h5, WordMsiAddrHi = 4'hc, WordMsiData = 4'h7;

endpackage
