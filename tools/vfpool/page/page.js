// SPDX-License-Identifier: Apache-2.0
// The page: asks for the state twice a second, draws it, and has VFs dragged, or chosen by keyboard or finger. A VF is
// one element for as long as the page is open; when it goes to another place the element goes there and glides.
const kEveryMs = 500;
const kShownMs = 60_000;  // of the plots
const kColours = ["#2f7ed8", "#d9822b", "#3a9b57", "#b04a9a", "#c2443c", "#5f6fd0", "#8a7a1f", "#2a9a9a"];

const $ = (id) => document.getElementById(id);
const colour = (n) => kColours[n % kColours.length];
// A VF's number in the whole pool, as people have it: its own, behind the card's but for the first one.
const kCardVfs = 64;
const cardOf = (vf) => Math.floor(vf / kCardVfs);
const vfName = (vf) => (cardOf(vf) ? `${cardOf(vf)}.${vf % kCardVfs}` : String(vf));
const vfColour = (vf) => colour((vf % kCardVfs) + 4 * cardOf(vf));

function element(tag, classes, text) {
  const e = document.createElement(tag);
  if (classes) e.className = classes;
  if (text !== undefined) e.textContent = text;
  return e;
}

// ---- who may move VFs: the token comes behind the address's # or is typed, and stays in this tab ----
let token = sessionStorage.getItem("token") || "";
if (location.hash.startsWith("#token=")) {
  token = decodeURIComponent(location.hash.slice(7));
  sessionStorage.setItem("token", token);
  history.replaceState(null, "", location.pathname);
}
let control = false;  // whether the server takes tokens at all
const mayMove = () => control && token !== "";

$("access").addEventListener("submit", (event) => event.preventDefault());
$("token").addEventListener("input", () => {
  token = $("token").value.trim();
  sessionStorage.setItem("token", token);
  showAccess();
});

function showAccess() {
  $("access").hidden = !control;
  if ($("token").value.trim() !== token) $("token").value = token;
  $("may").textContent = !control ? "read only" : mayMove() ? "VFs can be moved: drag one, or choose it" : "read only without token";
  $("may").classList.toggle("yes", mayMove());
  for (const vf of vfs.values()) allow(vf);
  if (!mayMove()) choose(null);
}

function allow(vf) {
  vf.draggable = mayMove();
  vf.tabIndex = mayMove() ? 0 : -1;
  if (mayMove()) vf.setAttribute("role", "button");
  else vf.removeAttribute("role");
}

// ---- the picture ----
const vfs = new Map();  // number: element
let drawn = "";         // which servers and slots are drawn

function place(user, title) {
  const box = element("article", "place");
  box.dataset.user = user;
  const head = element("h2", "", title);
  head.append(element("span", "rate"));
  box.append(head, element("p", "about"));
  box.addEventListener("dragover", (event) => {
    if (!mayMove() || !event.dataTransfer.types.includes("application/x-vfpool-vf")) return;
    event.preventDefault();
    box.classList.add("over");
  });
  box.addEventListener("dragleave", (event) => {
    if (!box.contains(event.relatedTarget)) box.classList.remove("over");
  });
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    box.classList.remove("over");
    const slot = event.target.closest(".slot");
    const wanted = slot && !slot.querySelector(".vf") ? Number(slot.dataset.slot) : undefined;
    move(Number(event.dataTransfer.getData("application/x-vfpool-vf")), user, wanted);
  });
  return box;
}

function drawPlaces(pool) {
  const wanted = JSON.stringify([pool.info.role, pool.info.cards, pool.slots.map((s) => [s.user, s.slot])]);
  if (wanted === drawn) return;
  drawn = wanted;
  vfs.clear();
  $("pool").replaceChildren();
  if (pool.vfs) {
    const box = place(0, "Pool");
    for (const c of pool.cards) {
      const free = element("div", "free");
      free.dataset.card = c.card;
      if (pool.cards.length > 1) box.append(element("p", "card"));
      box.append(free);
    }
    $("pool").append(box);
  }
  for (const s of pool.slots) {
    let box = $("pool").querySelector(`.place[data-user="${s.user}"]`);
    if (!box) $("pool").append(box = place(s.user, `Server ${s.user}`));
    const slot = element("div", "slot");
    slot.dataset.slot = s.slot;
    slot.append(element("div", "state"));
    box.append(slot);
  }
}

function slotText(s) {
  const words = [s.present ? "taken" : "empty"];
  if (s.powered) words.push("on");
  if (s.power_led === "blinking") words.push("blinking");
  if (s.releasing) words.push("being released");
  if (s.requested) words.push("asks for a VF");
  return `slot ${s.slot}, the kernel's ${s.physical}: ${words.join(", ")}`;
}

function cardText(c) {
  const words = [`card ${c.card}`, c.address, `${c.vfs} VFs`];
  if (!c.link) words.push("no link");
  else if (c.no_vfs && c.no_vfs !== "disabled") words.push(c.no_vfs);
  return words.filter(Boolean).join(" · ");
}

function vfElement(n) {
  let e = vfs.get(n);
  if (e) return e;
  e = element("div", "vf");
  e.dataset.vf = n;
  e.style.setProperty("--vf", vfColour(n));
  e.append(element("b", "", `VF ${vfName(n)}`), element("span", "rate"), element("small"));
  e.setAttribute("aria-pressed", "false");
  allow(e);
  e.addEventListener("click", () => choose(chosen === n ? null : n));
  e.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose(n);
    if (chosen === n) $("choice").querySelector("button").focus();
  });
  e.addEventListener("dragstart", (event) => {
    event.dataTransfer.setData("application/x-vfpool-vf", String(n));
    event.dataTransfer.effectAllowed = "move";
  });
  vfs.set(n, e);
  return e;
}

// ---- a VF is chosen, then where it goes: for keyboards, and for fingers, which cannot drag ----
let chosen = null;  // number of a VF

function choose(n) {
  chosen = mayMove() ? n : null;
  for (const [number, e] of vfs) e.setAttribute("aria-pressed", String(number === chosen));
  $("choice").hidden = chosen === null;
  if (chosen === null) return;
  $("chosen").textContent = `Move VF ${vfName(chosen)} to`;
  $("targets").replaceChildren();
  const here = vfs.get(chosen).closest(".place");
  for (const box of document.querySelectorAll(".place")) {
    if (box === here) continue;
    const target = element("button", "", box.querySelector("h2").firstChild.textContent);
    target.type = "button";
    target.addEventListener("click", () => {
      move(chosen, Number(box.dataset.user));
      leaveChoice();
    });
    $("targets").append(target);
  }
}

function leaveChoice() {
  const vf = vfs.get(chosen);
  choose(null);
  if (vf) vf.focus();
}
$("stay").addEventListener("click", leaveChoice);
$("choice").addEventListener("keydown", (event) => {
  if (event.key === "Escape") leaveChoice();
});

function glide(e, from) {
  const to = e.getBoundingClientRect();
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  e.animate([{ transform: `translate(${from.left - to.left}px, ${from.top - to.top}px)` }, { transform: "none" }],
            { duration: 700, easing: "ease-in-out" });
}

function draw(state) {
  const pool = state.pool;
  drawPlaces(pool);
  const moving = new Set(state.moves.filter((m) => m.state === "running").map((m) => m.vf));
  for (const s of pool.slots) {
    const slot = slotElement(s.user, s.slot);
    slot.classList.toggle("on", s.powered);
    slot.querySelector(".state").textContent = slotText(s);
  }
  document.querySelectorAll(".place > .card").forEach((p, card) => {
    p.textContent = cardText(pool.cards[card]);
  });
  for (const v of pool.vfs || []) {
    const e = vfElement(v.vf);
    const home = v.user ? slotElement(v.user, v.slot) : $("pool").querySelector(`.free[data-card="${v.card}"]`);
    e.querySelector("small").textContent = [v.use, v.address, v.reserved_for ? `for server ${v.reserved_for}` : ""]
      .filter(Boolean).join(" · ");
    e.classList.toggle("moving", moving.has(v.vf) || v.use === "draining" || v.use === "resetting");
    if (e.parentElement === home) continue;
    const from = e.isConnected ? e.getBoundingClientRect() : null;
    const focused = e === document.activeElement;  // which an element loses when it goes elsewhere
    home.append(e);
    if (focused) e.focus();
    if (chosen === v.vf) choose(v.vf);
    if (from) glide(e, from);
  }
  const there = new Set((pool.vfs || []).map((v) => v.vf));
  for (const [n, e] of vfs)
    if (!there.has(n)) {
      e.remove();
      vfs.delete(n);
      if (chosen === n) choose(null);
    }
  for (const u of pool.users || [])
    $("pool").querySelector(`.place[data-user="${u.user}"] .about`).textContent =
      `${u.held} of at most ${u.quota} VFs, weight ${u.weight}`;
  const i = pool.info;
  const cards = i.cards > 1 ? [`${i.cards} cards`] : [];
  const vfCount = pool.vfs ? [`${pool.vfs.length} VFs`] : i.cards > 1 ? [] : [`${i.vfs} VFs`];
  $("about").textContent =
    `${i.role} at port ${i.port}; ${i.users} servers with ${i.slots} slots; ${[...cards, ...vfCount].join(", ")}`;
}

function slotElement(user, slot) {
  return $("pool").querySelector(`.place[data-user="${user}"] .slot[data-slot="${slot}"]`);
}

// ---- plots: lines of Mbit/s over the last minute ----
const kPlots = [
  { canvas: "servers", list: "servers", key: "user", name: (n) => `server ${n}`, shade: (n) => colour(n + 3) },
  { canvas: "vfs", list: "vfs", key: "vf", name: (n) => `VF ${vfName(n)}`, shade: vfColour },
];

function makePlot(canvas) {
  return new Chart($(canvas), {
    type: "line",
    data: { datasets: [] },
    options: {
      animation: false,
      maintainAspectRatio: false,
      parsing: false,
      interaction: { mode: "nearest", axis: "x", intersect: false },
      elements: { point: { radius: 0 }, line: { borderWidth: 2 } },
      scales: {
        x: { type: "linear", min: -kShownMs / 1000, max: 0, ticks: { callback: (s) => (s === 0 ? "now" : `${s} s`) } },
        y: { beginAtZero: true, suggestedMax: 1 },
      },
    },
  });
}

// The style sheet's colours, which change with the scheme.
function paintPlot(plot) {
  const style = getComputedStyle(document.documentElement);
  const text = style.getPropertyValue("--quiet"), lines = style.getPropertyValue("--line");
  for (const axis of Object.values(plot.options.scales)) {
    axis.ticks.color = text;
    axis.grid = { color: lines };
  }
  plot.options.plugins.legend.labels.color = text;
}

function drawPlots(state) {
  $("plots").hidden = state.samples.length === 0;
  if ($("plots").hidden) return;
  for (const p of kPlots) {
    const plot = Chart.getChart(p.canvas) || makePlot(p.canvas);
    const lines = new Map();
    for (const sample of state.samples)
      for (const entry of sample[p.list]) {
        const n = entry[p.key];
        if (!lines.has(n)) lines.set(n, []);
        lines.get(n).push({ x: (sample.time_ms - state.time_ms) / 1000, y: entry.mbit });
      }
    plot.data.datasets = [...lines].sort(([a], [b]) => a - b).map(([n, data]) => {
      return { label: p.name(n), data, borderColor: p.shade(n), backgroundColor: p.shade(n) };
    });
    paintPlot(plot);
    plot.update();
  }
  const last = state.samples[state.samples.length - 1];
  for (const s of last.servers) rate($("pool").querySelector(`.place[data-user="${s.user}"] .rate`), s.mbit);
  for (const v of last.vfs)
    if (vfs.has(v.vf)) rate(vfs.get(v.vf).querySelector(".rate"), v.mbit);
}

function rate(element, mbit) {
  element.textContent = `${mbit < 10 ? mbit.toFixed(1) : Math.round(mbit)} Mbit/s`;
}

// ---- lists ----
const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false });

function eventText(e) {
  const words = [e.event];
  if (e.vf !== undefined) words.push(`VF ${vfName(e.vf)}`);
  if (e.user !== undefined) words.push(`server ${e.user}`);
  if (e.slot !== undefined) words.push(`slot ${e.slot}`);
  if (e.on !== undefined) words.push(e.on ? "on" : "off");
  if (e.reason) words.push(e.reason);
  return words.join(", ");
}

function line(list, time, text, kind) {
  const li = element("li", kind);
  if (time) li.append(element("time", "", time));
  li.append(text);
  list.append(li);
}

function drawLists(state) {
  $("events").replaceChildren();
  for (const e of state.events.toReversed()) line($("events"), clock(e.time_ns / 1e6), eventText(e));
  $("moves").replaceChildren();
  for (const m of state.moves.toReversed()) {
    const to = m.user ? `to server ${m.user}` : "back to the pool";
    line($("moves"), "", `VF ${vfName(m.vf)} ${to}: ${m.state}${m.text ? ", " + m.text : ""}`, m.state);
  }
}

// ---- asking ----
let refused = "";  // why the last move could not begin

async function move(vf, user, slot) {
  refused = "";
  try {
    const answer = await fetch("api/move", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Vfpool-Token": token },
      body: JSON.stringify({ vf, user, slot }),
    });
    if (!answer.ok) refused = `VF ${vfName(vf)}: ${(await answer.json()).error}`;
  } catch (error) {
    refused = `VF ${vfName(vf)}: ${error.message}`;
  }
  await look();
}

function trouble(text) {
  $("trouble").hidden = text === "";
  $("trouble").textContent = text;
}

async function look() {
  try {
    const answer = await fetch("api/state");
    const state = await answer.json();
    if (!answer.ok) throw new Error(state.error);
    control = state.control;
    if (state.pool) {
      draw(state);
      drawLists(state);
      drawPlots(state);
    }
    showAccess();
    const frozen = state.pool && state.pool.info.frozen ? "The pool is frozen: its owner is not heard of." : "";
    trouble([state.error, frozen, refused].filter(Boolean).join(" "));
    document.body.dataset.live = "yes";
  } catch (error) {
    trouble(`No answer from vfpool serve: ${error.message}. What is shown is old.`);
    document.body.dataset.live = "no";
  }
}

async function goOn() {
  await look();
  setTimeout(goOn, kEveryMs);
}
goOn();
