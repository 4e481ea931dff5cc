-- SPDX-License-Identifier: Apache-2.0
-- Wireshark and tshark: shows the TLPs that vfpool-sim records (link type USER0). Format: docs/records.md.
--
--   wireshark -X lua_script:sim/record/vfpool_tlp.lua tlp.pcapng
--
-- Registers itself for USER0; no preference is needed. Bits are taken with masks and bitfield(), because the Lua 5.2 of
-- Wireshark before 4.4 has no operators for them. Section numbers: PCI Express Base Specification 2.1.

local HEADER = 16   -- pseudo header
local VERSION = 1

local tlp = Proto("vfpool_tlp", "PCIe TLP recorded by vfpool")

local directions = { [0] = "from the bridge", [1] = "toward the bridge" }
local formats = { [0] = "3 DW, no data", [1] = "4 DW, no data", [2] = "3 DW, data", [3] = "4 DW, data", [4] = "prefix" }
local address_types = { [0] = "untranslated", [1] = "translation request", [2] = "translated", [3] = "reserved" }
local statuses = {  -- 2.2.9, table 2-21
  [0] = "Successful Completion", [1] = "Unsupported Request", [2] = "Configuration Request Retry Status",
  [4] = "Completer Abort",
}
local status_short = { [0] = "SC", [1] = "UR", [2] = "CRS", [4] = "CA" }
local routings = {  -- 2.2.8, table 2-11
  [0] = "to the root complex", [1] = "by address", [2] = "by ID", [3] = "broadcast from the root complex",
  [4] = "local", [5] = "gathered to the root complex",
}
local codes = {  -- 2.2.8.1 to 2.2.8.8
  [0x00] = "Unlock", [0x10] = "LTR", [0x12] = "OBFF", [0x14] = "PM_Active_State_Nak", [0x18] = "PM_PME",
  [0x19] = "PME_Turn_Off", [0x1b] = "PME_TO_Ack", [0x20] = "Assert_INTA", [0x21] = "Assert_INTB",
  [0x22] = "Assert_INTC", [0x23] = "Assert_INTD", [0x24] = "Deassert_INTA", [0x25] = "Deassert_INTB",
  [0x26] = "Deassert_INTC", [0x27] = "Deassert_INTD", [0x30] = "ERR_COR", [0x31] = "ERR_NONFATAL",
  [0x33] = "ERR_FATAL", [0x50] = "Set_Slot_Power_Limit", [0x7e] = "Vendor_Defined Type 0",
  [0x7f] = "Vendor_Defined Type 1",
}

local f = {
  version = ProtoField.uint8("vfpool_tlp.version", "Version"),
  port = ProtoField.uint8("vfpool_tlp.port", "Port"),
  direction = ProtoField.uint8("vfpool_tlp.direction", "Direction", base.DEC, directions),
  sequence = ProtoField.uint32("vfpool_tlp.sequence", "Sequence number"),
  cycle = ProtoField.uint64("vfpool_tlp.cycle", "RTL cycle"),

  kind = ProtoField.string("vfpool_tlp.kind", "Kind"),
  fmt = ProtoField.uint32("vfpool_tlp.fmt", "Format", base.DEC, formats, 0xe0000000),
  type = ProtoField.uint32("vfpool_tlp.type", "Type", base.HEX, nil, 0x1f000000),
  tc = ProtoField.uint32("vfpool_tlp.tc", "Traffic class", base.DEC, nil, 0x00700000),
  ido = ProtoField.bool("vfpool_tlp.attr.ido", "ID-based ordering", 32, nil, 0x00040000),
  th = ProtoField.bool("vfpool_tlp.th", "Processing hints", 32, nil, 0x00010000),
  td = ProtoField.bool("vfpool_tlp.td", "Digest (ECRC)", 32, nil, 0x00008000),
  ep = ProtoField.bool("vfpool_tlp.ep", "Poisoned", 32, nil, 0x00004000),
  ro = ProtoField.bool("vfpool_tlp.attr.ro", "Relaxed ordering", 32, nil, 0x00002000),
  ns = ProtoField.bool("vfpool_tlp.attr.ns", "No snoop", 32, nil, 0x00001000),
  at = ProtoField.uint32("vfpool_tlp.at", "Address type", base.DEC, address_types, 0x00000c00),
  length = ProtoField.uint32("vfpool_tlp.length", "Length (DW)"),

  requester = ProtoField.string("vfpool_tlp.requester", "Requester ID"),
  tag = ProtoField.uint8("vfpool_tlp.tag", "Tag"),
  last_be = ProtoField.uint8("vfpool_tlp.last_be", "Last DW byte enables", base.HEX, nil, 0xf0),
  first_be = ProtoField.uint8("vfpool_tlp.first_be", "First DW byte enables", base.HEX, nil, 0x0f),
  address = ProtoField.uint64("vfpool_tlp.address", "Address", base.HEX),
  ph = ProtoField.uint8("vfpool_tlp.ph", "Processing hint", base.DEC, nil, 0x03),
  target = ProtoField.string("vfpool_tlp.target", "Target ID"),
  register = ProtoField.uint16("vfpool_tlp.register", "Register", base.HEX),
  bytes = ProtoField.uint32("vfpool_tlp.bytes", "Bytes asked for or written"),

  code = ProtoField.uint8("vfpool_tlp.msg.code", "Message code", base.HEX, codes),
  routing = ProtoField.uint32("vfpool_tlp.msg.routing", "Routing", base.DEC, routings, 0x07000000),
  msg_bytes = ProtoField.bytes("vfpool_tlp.msg.header", "Header bytes 8 to 15"),

  completer = ProtoField.string("vfpool_tlp.completer", "Completer ID"),
  status = ProtoField.uint16("vfpool_tlp.status", "Completion status", base.DEC, statuses, 0xe000),
  bcm = ProtoField.bool("vfpool_tlp.bcm", "Byte count modified", 16, nil, 0x1000),
  byte_count = ProtoField.uint16("vfpool_tlp.byte_count", "Byte count, with this packet's"),
  lower_address = ProtoField.uint8("vfpool_tlp.lower_address", "Lower address", base.HEX, nil, 0x7f),

  data = ProtoField.bytes("vfpool_tlp.data", "Data"),
  ecrc = ProtoField.uint32("vfpool_tlp.ecrc", "ECRC", base.HEX),
  rest = ProtoField.bytes("vfpool_tlp.undecoded", "Not decoded"),

  request_frame = ProtoField.framenum("vfpool_tlp.request_frame", "Request in", base.NONE, frametype.REQUEST),
  completion_frame = ProtoField.framenum("vfpool_tlp.completion_frame", "Completion in", base.NONE, frametype.RESPONSE),
  latency = ProtoField.relative_time("vfpool_tlp.latency", "Time since the request"),
  latency_cycles = ProtoField.uint64("vfpool_tlp.latency_cycles", "RTL cycles since the request"),
}
tlp.fields = f

local e = {
  version = ProtoExpert.new("vfpool_tlp.bad_version", "Unknown version of the record's header",
                            expert.group.UNDECODED, expert.severity.WARN),
  short = ProtoExpert.new("vfpool_tlp.short", "Too short for its header", expert.group.MALFORMED, expert.severity.ERROR),
  unknown = ProtoExpert.new("vfpool_tlp.unknown", "Unknown format and type", expert.group.MALFORMED,
                            expert.severity.ERROR),
  payload = ProtoExpert.new("vfpool_tlp.bad_length", "Length does not agree with the data", expert.group.MALFORMED,
                            expert.severity.ERROR),
  crossing = ProtoExpert.new("vfpool_tlp.crosses_4k", "Crosses a 4 KiB boundary", expert.group.MALFORMED,
                             expert.severity.ERROR),
  poisoned = ProtoExpert.new("vfpool_tlp.poisoned", "Poisoned data", expert.group.PROTOCOL, expert.severity.WARN),
  status = ProtoExpert.new("vfpool_tlp.not_successful", "Completion is not successful", expert.group.RESPONSE_CODE,
                           expert.severity.NOTE),
  unasked = ProtoExpert.new("vfpool_tlp.unasked", "Completion of no request in this record", expert.group.SEQUENCE,
                            expert.severity.NOTE),
}
tlp.experts = { e.version, e.short, e.unknown, e.payload, e.crossing, e.poisoned, e.status, e.unasked }

local interface_name = Field.new("frame.interface_name")

-- Requests that wait for completions, and what was found; filled on the first pass through the file.
local waiting, request_of, completions_of = {}, {}, {}
function tlp.init()
  waiting, request_of, completions_of = {}, {}, {}
end

-- Kind of a packet by format and type (2.2.1, table 2-3): name and how the header is read.
local atomics = { [0x0c] = "FetchAdd", [0x0d] = "Swap", [0x0e] = "CAS" }
local three_dw = {
  [0x02] = { "IORd", "IOWr", "address" }, [0x04] = { "CfgRd0", "CfgWr0", "config" },
  [0x05] = { "CfgRd1", "CfgWr1", "config" }, [0x0a] = { "Cpl", "CplD", "completion" },
  [0x0b] = { "CplLk", "CplDLk", "completion" },
}
local function kind_of(fmt, type)
  if fmt < 4 then
    local with_data, four = fmt >= 2, fmt % 2 == 1
    if type >= 0x10 and type <= 0x17 and four then return with_data and "MsgD" or "Msg", "message" end
    if type == 0x00 then return with_data and "MWr" or "MRd", "address" end
    if type == 0x01 and not with_data then return "MRdLk", "address" end
    if atomics[type] and with_data then return atomics[type], "address" end
    local t = three_dw[type]
    if t and not four then return with_data and t[2] or t[1], t[3] end
  end
  return string.format("Unknown 0x%02x", fmt * 32 + type), "unknown"
end

local function bdf(range)
  return string.format("%02x:%02x.%d", range:bitfield(0, 8), range:bitfield(8, 5), range:bitfield(13, 3))
end

-- Lanes of the first and last enabled byte; nothing if none is.
local function lanes(be)
  local first, last
  for lane = 0, 3 do
    if math.floor(be / 2 ^ lane) % 2 == 1 then
      first = first or lane
      last = lane
    end
  end
  return first, last
end

-- First byte's lane and number of bytes between the first and last enabled one (2.2.5).
local function extent(length, first_be, last_be)
  local first, last = lanes(first_be)
  if length == 1 then
    if not first then return 0, 0 end
    return first, last - first + 1
  end
  local _, tail = lanes(last_be)
  return first or 0, length * 4 - (first or 0) - (3 - (tail or 3))
end

local function hex_address(high, low)
  if high == 0 then return string.format("0x%08x", low) end
  return string.format("0x%x%08x", high, low)
end

local function key_of(port, request_direction, requester, tag)
  return string.format("%d/%d/%s/%d", port, request_direction, requester, tag)
end

-- `p`: what is known of the packet so far; here its header DW1 onward is read, each reader returning the text for the
-- info column.
local read = {}

local function read_requester(p, tree)
  p.requester, p.tag = bdf(p.tvb(4, 2)), p.tvb(6, 1):uint()
  tree:add(f.requester, p.tvb(4, 2), p.requester)
  tree:add(f.tag, p.tvb(6, 1))
end

local function read_byte_enables(p, tree)
  tree:add(f.last_be, p.tvb(7, 1))
  tree:add(f.first_be, p.tvb(7, 1))
  local lane, count = extent(p.length, p.tvb(7, 1):bitfield(4, 4), p.tvb(7, 1):bitfield(0, 4))
  tree:add(f.bytes, p.tvb(7, 1), count):set_generated()
  return lane, count
end

function read.address(p, tree)
  read_requester(p, tree)
  local lane, count = read_byte_enables(p, tree)
  local at = p.four and 12 or 8
  local high = p.four and p.tvb(8, 4):uint() or 0
  local low = p.tvb(at, 4):uint()
  low = low - low % 4
  tree:add(f.address, p.tvb(8, at - 4), UInt64.new(low, high))
  if p.th then tree:add(f.ph, p.tvb(at + 3, 1)) end
  p.waits = p.kind ~= "MWr"
  if low % 4096 + p.length * 4 > 4096 then tree:add_proto_expert_info(e.crossing) end
  local tag = p.waits and string.format(" tag %d", p.tag) or ""
  return string.format("%s%s %s %d B", p.requester, tag, hex_address(high, low + lane), count)
end

function read.config(p, tree)
  read_requester(p, tree)
  local lane, count = read_byte_enables(p, tree)
  local target, register = bdf(p.tvb(8, 2)), p.tvb(10, 2):bitfield(4, 10) * 4
  tree:add(f.target, p.tvb(8, 2), target)
  tree:add(f.register, p.tvb(10, 2), register)
  p.waits = true
  return string.format("%s tag %d to %s reg 0x%03x %d B", p.requester, p.tag, target, register + lane, count)
end

function read.message(p, tree)
  read_requester(p, tree)
  local code = p.tvb(7, 1):uint()
  tree:add(f.routing, p.tvb(0, 4))
  tree:add(f.code, p.tvb(7, 1))
  tree:add(f.msg_bytes, p.tvb(8, 8))
  if p.tvb(0, 1):bitfield(5, 3) == 2 then tree:add(f.target, p.tvb(8, 2), bdf(p.tvb(8, 2))) end
  return string.format("%s %s", p.requester, codes[code] or string.format("code 0x%02x", code))
end

function read.completion(p, tree)
  p.requester, p.tag = bdf(p.tvb(8, 2)), p.tvb(10, 1):uint()
  local completer, status = bdf(p.tvb(4, 2)), p.tvb(6, 1):bitfield(0, 3)
  local byte_count = p.tvb(6, 2):bitfield(4, 12)
  if byte_count == 0 then byte_count = 4096 end
  tree:add(f.completer, p.tvb(4, 2), completer)
  local status_item = tree:add(f.status, p.tvb(6, 2))
  tree:add(f.bcm, p.tvb(6, 2))
  tree:add(f.byte_count, p.tvb(6, 2), byte_count)
  tree:add(f.requester, p.tvb(8, 2), p.requester)
  tree:add(f.tag, p.tvb(10, 1))
  tree:add(f.lower_address, p.tvb(11, 1))
  if status ~= 0 then status_item:add_proto_expert_info(e.status) end

  local text = string.format("for %s tag %d from %s %s", p.requester, p.tag, completer,
                             status_short[status] or string.format("status %d", status))
  p.completes, p.final = true, true
  if p.with_data then
    local here = math.min(byte_count, math.max(0, p.length * 4 - p.tvb(11, 1):bitfield(1, 7) % 4))
    p.final = here == byte_count
    text = text .. string.format(" %d B", here)
    if not p.final then text = text .. string.format(" of %d", byte_count) end
  end
  return text
end

-- Joins requests and completions: a completion crosses the same port the other way, with the asker's ID and tag.
local function join(p, pinfo, tree)
  local frame = pinfo.number
  if not pinfo.visited then
    if p.waits then
      waiting[key_of(p.port, p.direction, p.requester, p.tag)] = { frame = frame, time = pinfo.rel_ts, cycle = p.cycle }
    elseif p.completes then
      local key = key_of(p.port, 1 - p.direction, p.requester, p.tag)
      local request = waiting[key]
      if request then
        request_of[frame] = request
        completions_of[request.frame] = completions_of[request.frame] or {}
        table.insert(completions_of[request.frame], frame)
        if p.final then waiting[key] = nil end
      end
    end
  end
  for _, number in ipairs(completions_of[frame] or {}) do tree:add(f.completion_frame, number):set_generated() end
  if not p.completes then return end
  local request = request_of[frame]
  if not request then
    tree:add_proto_expert_info(e.unasked)
    return
  end
  tree:add(f.request_frame, request.frame):set_generated()
  local ns = math.floor((pinfo.rel_ts - request.time) * 1e9 + 0.5)
  tree:add(f.latency, NSTime.new(math.floor(ns / 1e9), ns % 1e9)):set_generated()
  tree:add(f.latency_cycles, p.cycle - request.cycle):set_generated()
end

-- The TLP itself; returns the text for the info column.
local function dissect_tlp(p, pinfo, tree)
  local tvb = p.tvb
  if tvb:len() < 4 then
    tree:add_proto_expert_info(e.short)
    if tvb:len() > 0 then tree:add(f.rest, tvb()) end
    return "too short"
  end
  local fmt, type = tvb(0, 1):bitfield(0, 3), tvb(0, 1):bitfield(3, 5)
  local class
  p.kind, class = kind_of(fmt, type)
  p.with_data, p.four = fmt == 2 or fmt == 3, fmt % 2 == 1
  p.th = tvb(0, 4):bitfield(15, 1) == 1
  p.length = tvb(2, 2):bitfield(6, 10)
  if p.length == 0 and (p.with_data or class ~= "completion") then p.length = 1024 end
  local digest = tvb(0, 4):bitfield(16, 1) == 1
  local poisoned = tvb(0, 4):bitfield(17, 1) == 1

  tree:add(f.kind, tvb(0, 1), p.kind)
  for _, field in ipairs({ f.fmt, f.type, f.tc, f.ido, f.th, f.td, f.ep, f.ro, f.ns, f.at }) do
    tree:add(field, tvb(0, 4))
  end
  tree:add(f.length, tvb(2, 2), p.length)

  if class == "unknown" then
    tree:add_proto_expert_info(e.unknown)
    if tvb:len() > 4 then tree:add(f.rest, tvb(4)) end
    return p.kind
  end
  local size = p.four and 16 or 12
  if tvb:len() < size then
    tree:add_proto_expert_info(e.short)
    if tvb:len() > 4 then tree:add(f.rest, tvb(4)) end
    return p.kind .. " too short"
  end

  local text = p.kind .. " " .. read[class](p, tree)
  local rest = tvb:len() - size
  local expected = (p.with_data and p.length * 4 or 0) + (digest and 4 or 0)
  if tvb:reported_len() - size ~= expected then
    tree:add_proto_expert_info(e.payload)
    text = text .. string.format(" [%d B of data, %d expected]", tvb:reported_len() - size, expected)
  end
  local ecrc = digest and rest == expected and 4 or 0
  if rest > ecrc then tree:add(f.data, tvb(size, rest - ecrc)) end
  if ecrc > 0 then tree:add(f.ecrc, tvb(size + rest - 4, 4)) end
  if poisoned then
    tree:add_proto_expert_info(e.poisoned)
    text = text .. " poisoned"
  end
  join(p, pinfo, tree)
  return text
end

function tlp.dissector(tvb, pinfo, root)
  pinfo.cols.protocol = "TLP"
  local tree = root:add(tlp, tvb())
  local version = tvb:len() > 0 and tvb(0, 1):uint() or nil
  if tvb:len() < HEADER or version ~= VERSION then
    if version then tree:add(f.version, tvb(0, 1)) end
    tree:add_proto_expert_info(version and version ~= VERSION and e.version or e.short)
    if tvb:len() > 1 then tree:add(f.rest, tvb(1)) end
    pinfo.cols.info = "no TLP record of version " .. VERSION
    return tvb:len()
  end

  local p = { port = tvb(1, 1):uint(), direction = tvb(2, 1):uint(), cycle = tvb(8, 8):uint64() }
  local header = tree:add(tvb(0, HEADER), string.format("Record: port %d, %s, cycle %s", p.port,
                                                        directions[p.direction] or "unknown direction",
                                                        tostring(p.cycle)))
  header:add(f.version, tvb(0, 1))
  header:add(f.port, tvb(1, 1))
  header:add(f.direction, tvb(2, 1))
  header:add(f.sequence, tvb(4, 4))
  header:add(f.cycle, tvb(8, 8))

  local name = interface_name()
  local port = name and tostring(name) or string.format("port %d", p.port)
  pinfo.cols.src = p.direction == 1 and port or "bridge"
  pinfo.cols.dst = p.direction == 1 and "bridge" or port

  local text
  if tvb:len() > HEADER then
    p.tvb = tvb(HEADER):tvb()
    text = dissect_tlp(p, pinfo, tree)
  else
    tree:add_proto_expert_info(e.short)
    text = "no TLP"
  end
  tree:append_text(": " .. text)
  pinfo.cols.info = text
  return tvb:len()
end

DissectorTable.get("wtap_encap"):add((wtap_encaps or wtap).USER0, tlp)
