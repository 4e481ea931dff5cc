// SPDX-License-Identifier: Apache-2.0
// Generated from tools/regs/bridge.toml: the management registers as the hardware sees them. Do not edit.
package vfp_regs_pkg;

  // Who reads.
  typedef enum logic [1:0] {
    PortRoleUser    = 2'd0,  // a user's server: sees its own slots
    PortRoleOwner   = 2'd1,  // the owner's server: sees and commands everything
    PortRoleService = 2'd2  // the service bus: owner's view without a server
  } port_role_e;

  // What COMMAND asks for.
  typedef enum logic [3:0] {
    OpAssign  = 4'd1,  // VF becomes function FN of the slot
    OpRelease = 4'd2,  // as the button, and back to the pool once the server has powered the slot off; a second press takes it back
    OpForce   = 4'd3,  // back to the pool now, a surprise removal
    OpButton  = 4'd4,  // press the attention button
    OpRequest = 4'd5,  // a user asks the owner for a VF in SLOT: the one that VF names, or any if VF is 0xff
    OpDeny    = 4'd6,  // the owner refuses the request of a slot; VF is the reason that the user is told, 1..15
    OpDetach  = 4'd7,  // as RELEASE, but nobody presses: the server switches the slot off by itself
    OpReset   = 4'd8  // a BROKEN VF is tried again
  } op_e;

  // How a COMMAND went.
  typedef enum logic [3:0] {
    ResultDone       = 4'd0,  // done
    ResultUnknownOp  = 4'd1,  // unknown operation
    ResultNoSuch     = 4'd2,  // no such VF, user, slot or function; RESET: the VF is not broken
    ResultVfInUse    = 4'd3,  // the VF is in use, or still being reset
    ResultFnInUse    = 4'd4,  // the function is in use
    ResultSlotBusy   = 4'd5,  // the slot is busy: powered, blinking or being released
    ResultSlotEmpty  = 4'd6,  // the slot is empty
    ResultNotAllowed = 4'd7,  // not allowed from here
    ResultNoRequest  = 4'd8,  // this slot has no request
    ResultVfBroken   = 4'd9,  // the VF was not reset: see RESET
    ResultOtherCard  = 4'd10  // the slot has functions of another card
  } result_e;

  // What a VF goes through before another server may have it.
  typedef enum logic [2:0] {
    VfStateIdle     = 3'd0,  // usable, or free
    VfStateDraining = 3'd1,  // its outstanding requests end or time out
    VfStateReset    = 3'd2,  // rests after its function-level reset
    VfStateBroken   = 3'd3  // its reset failed 8 times: nobody gets it until RESET, or VF Enable, has reset it
  } vf_state_e;

  // Why the pool has no VFs.
  typedef enum logic [2:0] {
    NoVfsNone         = 3'd0,  // it has
    // the device was not read yet, or does not answer: it is read again, and users' requests are refused until then
    NoVfsUnknown      = 3'd1,
    NoVfsDisabled     = 3'd2,  // VF Enable is off, or there are 0 VFs
    NoVfsNoCapability = 3'd3,  // the device has no SR-IOV capability
    NoVfsBars         = 3'd4,  // VF BARs 0 and 3 are not 64-bit memory of at least 16 KiB
    NoVfsPageSize     = 3'd5,  // System Page Size is none of 4 KiB to 2 MiB
    NoVfsStride       = 3'd6,  // First VF Offset is 0, or VF Stride is no power of two up to 128
    NoVfsSize         = 3'd7  // VF BARs 0 and 3 are not 16 KiB or one System Page, or had VF Enable on before they could be sized
  } no_vfs_e;

  // What happened.
  typedef enum logic [3:0] {
    EventKindNone     = 4'd0,  // nothing yet
    EventKindRequest  = 4'd1,  // a user asks for a VF (0xff: any); REASON bit 0: by the attention button. Owner only
    EventKindDenied   = 4'd2,  // the owner refuses, for REASON
    EventKindAssigned = 4'd3,  // VF is function FN of the slot
    EventKindReleased = 4'd4,  // VF has left the slot, is reset, and is free again
    EventKindPower    = 4'd5,  // the server has switched the slot on (REASON 1) or off (0)
    EventKindFrozen   = 4'd6,  // the owner is not heard of (REASON 1), or again (0)
    EventKindLink     = 4'd7  // the link of host USER is up (REASON 1) or down (0). Owner only
  } event_kind_e;

  // Indicators of a slot, coded as in Slot Control (PCIe Base Spec 2.1, 7.8.10).
  typedef enum logic [1:0] {
    LedOn       = 2'd1,  // on
    LedBlinking = 2'd2,  // blinking
    LedOff      = 2'd3  // off
  } led_e;

  // Why a packet was not forwarded, or a request was answered by the bridge.
  typedef enum logic [3:0] {
    DropNone        = 4'd0,  // it was forwarded
    DropMalformed   = 4'd1,  // format, length, byte enables, 4 KiB crossing, number of beats
    DropUnsupported = 4'd2,  // a type that the bridge does not carry
    DropNoTarget    = 4'd3,  // address or ID that leads nowhere
    DropNotAssigned = 4'd4,  // the VF is not assigned to this user, or its slot is off
    DropBusMaster   = 4'd5,  // request of a function whose bus master enable is off
    DropUnexpected  = 4'd6,  // completion that matches no outstanding request
    DropTimeout     = 4'd7,  // request without an answer for CPL_TIMEOUT_MS
    DropPoisoned    = 4'd8,  // poisoned configuration or register write
    DropBlocked     = 4'd9,  // the pool is frozen, the card is not known, or the port is stuck, answers nothing, or its link is down
    // completion that does not fit its request: kind, bytes left, lower address; the request ends with Completer Abort
    DropMismatch    = 4'd10,
    // completion of a request that the bridge has ended before: its asker has lost its link, or its VF has changed hands
    DropStale       = 4'd11
  } drop_e;

  // ID: ro, everybody.
  localparam logic [15:0] IdOffset = 16'h0000;
  localparam logic [31:0] IdValue = 32'h56465032;
  function automatic logic is_id(input logic [15:0] addr);
    is_id = addr[15:2] == IdOffset[15:2];
  endfunction

  // ROLE: ro, everybody.
  localparam logic [15:0] RoleOffset = 16'h0004;
  typedef struct packed {
    logic [21:0] reserved_31;
    logic [1:0]  kind;  // and what it is
    logic [7:0]  port;  // port that the access came in by: 0 owner, 1.. users; service bus: one more than the last user
  } role_t;
  function automatic logic is_role(input logic [15:0] addr);
    is_role = addr[15:2] == RoleOffset[15:2];
  endfunction

  // GEOMETRY: ro, everybody.
  localparam logic [15:0] GeometryOffset = 16'h0008;
  typedef struct packed {
    logic [7:0]  devices;  // device ports
    logic [7:0]  slot_fns;  // functions of each slot
    logic [7:0]  slots;  // slots of each user
    logic [7:0]  users;  // user ports
  } geometry_t;
  function automatic logic is_geometry(input logic [15:0] addr);
    is_geometry = addr[15:2] == GeometryOffset[15:2];
  endfunction

  // SCRATCH: rw, everybody.
  localparam logic [15:0] ScratchOffset = 16'h000c;
  localparam logic [31:0] ScratchReset = 32'h00000000;
  function automatic logic is_scratch(input logic [15:0] addr);
    is_scratch = addr[15:2] == ScratchOffset[15:2];
  endfunction

  // STATUS: ro, everybody.
  localparam logic [15:0] StatusOffset = 16'h0010;
  typedef struct packed {
    logic [15:0] reserved_31;
    logic [7:0]  num_vfs;  // VFs that the device offers now
    logic        reserved_7;
    logic [2:0]  no_vfs;  // if not SRIOV: why not; UNKNOWN beside SRIOV: for the moment
    logic [1:0]  reserved_3;
    logic        frozen;  // the owner's heartbeat ran out: users' requests are answered, not forwarded
    logic        sriov;  // the owner has enabled VFs, and the bridge has read the device's SR-IOV capability
  } status_t;
  function automatic logic is_status(input logic [15:0] addr);
    is_status = addr[15:2] == StatusOffset[15:2];
  endfunction

  // CPL_TIMEOUT_MS: rw, owner.
  localparam logic [15:0] CplTimeoutMsOffset = 16'h0014;
  localparam logic [31:0] CplTimeoutMsReset = 32'h0000001e;
  typedef struct packed {
    logic [15:0] reserved_31;
    logic [15:0] ms;  // milliseconds
  } cpl_timeout_ms_t;
  function automatic logic is_cpl_timeout_ms(input logic [15:0] addr);
    is_cpl_timeout_ms = addr[15:2] == CplTimeoutMsOffset[15:2];
  endfunction
  function automatic logic [31:0] cpl_timeout_ms_kept(input logic [31:0] word);
    cpl_timeout_ms_kept = word & 32'h0000ffff;
    if (word[15:0] < 16'd4) cpl_timeout_ms_kept[15:0] = 16'd4;
  endfunction

  // HEARTBEAT_MS: rw, owner.
  localparam logic [15:0] HeartbeatMsOffset = 16'h0018;
  localparam logic [31:0] HeartbeatMsReset = 32'h00000000;
  typedef struct packed {
    logic [15:0] reserved_31;
    logic [15:0] ms;  // milliseconds; 0: no watch on the owner
  } heartbeat_ms_t;
  function automatic logic is_heartbeat_ms(input logic [15:0] addr);
    is_heartbeat_ms = addr[15:2] == HeartbeatMsOffset[15:2];
  endfunction
  function automatic logic [31:0] heartbeat_ms_kept(input logic [31:0] word);
    heartbeat_ms_kept = word & 32'h0000ffff;
  endfunction

  // HEARTBEAT: wo, owner.
  localparam logic [15:0] HeartbeatOffset = 16'h001c;
  function automatic logic is_heartbeat(input logic [15:0] addr);
    is_heartbeat = addr[15:2] == HeartbeatOffset[15:2];
  endfunction

  // COMMAND: wo, everybody.
  localparam logic [15:0] CommandOffset = 16'h0020;
  typedef struct packed {
    logic [3:0]  fn;  // function of that slot, from 0
    logic [3:0]  slot;  // slot of that user, from 0
    logic [7:0]  user;  // user port, from 1
    logic [7:0]  vf;  // device * 64 + VF of the device, both from 0
    logic [2:0]  reserved_7;
    logic        button;  // ASSIGN to an empty slot, REQUEST: the attention button announces the VF (5 s), not link and presence
    logic [3:0]  op;  // operation
  } command_t;
  function automatic logic is_command(input logic [15:0] addr);
    is_command = addr[15:2] == CommandOffset[15:2];
  endfunction

  // COMMAND_RESULT: ro, everybody.
  localparam logic [15:0] CommandResultOffset = 16'h0024;
  typedef struct packed {
    logic [27:0] reserved_31;
    logic [3:0]  code;  // how it went
  } command_result_t;
  function automatic logic is_command_result(input logic [15:0] addr);
    is_command_result = addr[15:2] == CommandResultOffset[15:2];
  endfunction

  // EVENT_COUNT: ro, everybody.
  localparam logic [15:0] EventCountOffset = 16'h0028;
  function automatic logic is_event_count(input logic [15:0] addr);
    is_event_count = addr[15:2] == EventCountOffset[15:2];
  endfunction

  // EVENT_ACK: wo, everybody.
  localparam logic [15:0] EventAckOffset = 16'h002c;
  function automatic logic is_event_ack(input logic [15:0] addr);
    is_event_ack = addr[15:2] == EventAckOffset[15:2];
  endfunction

  // LOG_COUNT: ro, owner.
  localparam logic [15:0] LogCountOffset = 16'h0030;
  function automatic logic is_log_count(input logic [15:0] addr);
    is_log_count = addr[15:2] == LogCountOffset[15:2];
  endfunction

  // LOG_LAST: ro, owner.
  localparam logic [15:0] LogLastOffset = 16'h0034;
  typedef struct packed {
    logic [15:0] reserved_31;
    logic [7:0]  port;  // port it came from, or could not leave by
    logic [3:0]  reserved_7;
    logic [3:0]  reason;  // why
  } log_last_t;
  function automatic logic is_log_last(input logic [15:0] addr);
    is_log_last = addr[15:2] == LogLastOffset[15:2];
  endfunction

  // LOG_HEADER: ro, owner.
  localparam logic [15:0] LogHeaderOffset = 16'h0040;
  function automatic logic is_log_header(input logic [15:0] addr);
    is_log_header = addr[15:4] == LogHeaderOffset[15:4];
  endfunction
  function automatic logic [1:0] log_header_index(input logic [15:0] addr);
    log_header_index = addr[3:2];
  endfunction

  // DROPS: ro, owner.
  localparam logic [15:0] DropsOffset = 16'h0080;
  function automatic logic is_drops(input logic [15:0] addr);
    is_drops = addr[15:6] == DropsOffset[15:6];
  endfunction
  function automatic logic [3:0] drops_index(input logic [15:0] addr);
    drops_index = addr[5:2];
  endfunction

  // EVENT_LOG: ro, everybody.
  localparam logic [15:0] EventLogOffset = 16'h00c0;
  typedef struct packed {
    logic [3:0]  fn;  // function of that slot
    logic [3:0]  slot;  // slot of that user
    logic [7:0]  user;  // user port
    logic [7:0]  vf;  // device * 64 + VF, 0xff: none
    logic [3:0]  reason;  // see there
    logic [3:0]  kind;  // what happened
  } event_log_t;
  function automatic logic is_event_log(input logic [15:0] addr);
    is_event_log = addr[15:6] == EventLogOffset[15:6];
  endfunction
  function automatic logic [3:0] event_log_index(input logic [15:0] addr);
    event_log_index = addr[5:2];
  endfunction

  // WEIGHT: rw, owner.
  localparam logic [15:0] WeightOffset = 16'h0100;
  localparam logic [31:0] WeightReset = 32'h00000001;
  typedef struct packed {
    logic [26:0] reserved_31;
    logic [4:0]  share;  // its bytes under saturation to those of another host are as their shares
  } weight_t;
  function automatic logic is_weight(input logic [15:0] addr);
    is_weight = addr[15:7] == WeightOffset[15:7];
  endfunction
  function automatic logic [4:0] weight_index(input logic [15:0] addr);
    weight_index = addr[6:2];
  endfunction
  function automatic logic [31:0] weight_kept(input logic [31:0] word);
    weight_kept = word & 32'h0000001f;
    if (word[4:0] < 5'd1) weight_kept[4:0] = 5'd1;
  endfunction

  // DEVICE: ro, owner.
  localparam logic [15:0] DeviceOffset = 16'h0180;
  typedef struct packed {
    logic [7:0]  reserved_31;
    logic [7:0]  bus;  // the owner's number of the bus that the card is on; 0: none yet
    logic [7:0]  num_vfs;  // VFs that it offers now
    logic        reserved_7;
    logic [2:0]  no_vfs;  // if not SRIOV: why not; UNKNOWN beside SRIOV: for the moment
    logic        stranger;  // since its link came up something was dropped that it sent as no function known here, a second PF's VF say
    logic        stuck;  // it takes nothing: what is meant for it is discarded until it does
    logic        link;  // its link is up
    logic        sriov;  // the owner has enabled its VFs, and the bridge has read its SR-IOV capability
  } device_t;
  function automatic logic is_device(input logic [15:0] addr);
    is_device = addr[15:4] == DeviceOffset[15:4];
  endfunction
  function automatic logic [1:0] device_index(input logic [15:0] addr);
    device_index = addr[3:2];
  endfunction

  // PAYLOAD: ro, owner.
  localparam logic [15:0] PayloadOffset = 16'h0200;
  typedef struct packed {
    logic [25:0] reserved_31;
    logic [1:0]  most;  // 128 bytes << MOST: what this bridge was built for
    logic [1:0]  reserved_3;
    logic [1:0]  size;  // 128 bytes << SIZE; larger packets are malformed
  } payload_t;
  function automatic logic is_payload(input logic [15:0] addr);
    is_payload = addr[15:7] == PayloadOffset[15:7];
  endfunction
  function automatic logic [4:0] payload_index(input logic [15:0] addr);
    payload_index = addr[6:2];
  endfunction

  // SLOT: ro, everybody.
  localparam logic [15:0] SlotOffset = 16'h0400;
  typedef struct packed {
    logic [21:0] reserved_31;
    logic        requested;  // waits for the owner's answer to a REQUEST
    logic        releasing;  // goes back to the pool when the server has switched it off
    logic [1:0]  attention_led;  // attention indicator
    logic [1:0]  power_led;  // power indicator
    logic        usable;  // requests pass
    logic        powered;  // the server has switched it on
    logic        link;  // data link layer active
    logic        present;  // presence detect state
  } slot_t;
  function automatic logic is_slot(input logic [15:0] addr);
    is_slot = addr[15:10] == SlotOffset[15:10];
  endfunction
  function automatic logic [7:0] slot_index(input logic [15:0] addr);
    slot_index = addr[9:2];
  endfunction

  // RX: ro, owner.
  localparam logic [15:0] RxOffset = 16'h0800;
  function automatic logic is_rx(input logic [15:0] addr);
    is_rx = addr[15:9] == RxOffset[15:9];
  endfunction
  function automatic logic [6:0] rx_index(input logic [15:0] addr);
    rx_index = addr[8:2];
  endfunction

  // TX: ro, owner.
  localparam logic [15:0] TxOffset = 16'h0a00;
  function automatic logic is_tx(input logic [15:0] addr);
    is_tx = addr[15:9] == TxOffset[15:9];
  endfunction
  function automatic logic [6:0] tx_index(input logic [15:0] addr);
    tx_index = addr[8:2];
  endfunction

  // VF: ro, owner.
  localparam logic [15:0] VfOffset = 16'h0c00;
  typedef struct packed {
    logic [7:0]  reserved_31;
    logic [7:0]  user;  // user port, if assigned
    logic [3:0]  fn;  // function, if assigned
    logic [3:0]  slot;  // slot, if assigned
    logic [2:0]  reserved_7;
    logic        busy;  // requests outstanding
    logic [2:0]  state;  // where it is between two servers
    logic        assigned;  // belongs to a slot function
  } vf_t;
  function automatic logic is_vf(input logic [15:0] addr);
    is_vf = addr[15:10] == VfOffset[15:10];
  endfunction
  function automatic logic [7:0] vf_index(input logic [15:0] addr);
    vf_index = addr[9:2];
  endfunction

  // Which register an access reaches: one bit, or none if whoever asks may not read it, or write it.
  typedef struct packed {
    logic id;
    logic role;
    logic geometry;
    logic scratch;
    logic status;
    logic cpl_timeout_ms;
    logic heartbeat_ms;
    logic heartbeat;
    logic command;
    logic command_result;
    logic event_count;
    logic event_ack;
    logic log_count;
    logic log_last;
    logic log_header;
    logic drops;
    logic event_log;
    logic weight;
    logic device;
    logic payload;
    logic slot;
    logic rx;
    logic tx;
    logic vf;
  } hit_t;
  function automatic logic [23:0] hits(input logic [15:0] addr, input logic owner, input logic write);
    hits = {
      is_id(addr) && !write,
      is_role(addr) && !write,
      is_geometry(addr) && !write,
      is_scratch(addr),
      is_status(addr) && !write,
      is_cpl_timeout_ms(addr) && owner,
      is_heartbeat_ms(addr) && owner,
      is_heartbeat(addr) && owner && write,
      is_command(addr) && write,
      is_command_result(addr) && !write,
      is_event_count(addr) && !write,
      is_event_ack(addr) && write,
      is_log_count(addr) && owner && !write,
      is_log_last(addr) && owner && !write,
      is_log_header(addr) && owner && !write,
      is_drops(addr) && owner && !write,
      is_event_log(addr) && !write,
      is_weight(addr) && owner,
      is_device(addr) && owner && !write,
      is_payload(addr) && owner && !write,
      is_slot(addr) && !write,
      is_rx(addr) && owner && !write,
      is_tx(addr) && owner && !write,
      is_vf(addr) && owner && !write
    };
  endfunction

endpackage
