// Who ran when, on how many machines, and beside whom.

const time = { items: null, from: 0, to: 1, end: 1, mode: "machines", peak: 0 };
const LANE = 15, LABEL = 210, AXIS = 20, LOAD = 44;

function timeline() {
  const button = (text, label, act) => h("button", { type: "button", "aria-label": label, title: label, click: act }, text);
  const modes = h("div", { class: "chips", role: "group", "aria-label": "How it is drawn" }, [["machines", "By machine"], ["tests", "By test"]].map(([mode, text]) =>
    h("button", { type: "button", class: "chip", "data-mode": mode, "aria-pressed": String(mode === time.mode), click: () => { time.mode = mode; drawTime(); } }, text)));
  const key = h("p", { class: "legend faint" }, [["wait", "waiting for its turn"], ["boot", "boot or reboot"], ["test", "test"], ["gone", "after its last command"]].map(([name, text]) => h("span", {}, h("i", { class: `s-${name}` }), text)), "  The lower edge has the outcome's colour.");
  const part = section("timeline", "Timeline", "", h("div", { class: "tools" }, modes, button("+", "Zoom in", () => zoom(0.5)), button("−", "Zoom out", () => zoom(2)), button("←", "Earlier", () => pan(-0.3)), button("→", "Later", () => pan(0.3)), button("all", "The whole run", () => zoom(Infinity)), h("span", { id: "beside", class: "faint" })), key,
    h("div", { id: "time-scroll", class: "time-scroll", tabindex: "0", role: "group", "aria-label": "Timeline; + and - zoom, arrows move, drag selects" }, h("div", { id: "time" })), h("div", { id: "tip", role: "tooltip", hidden: true }));
  new IntersectionObserver((entries, watch) => {
    if (!entries.some(entry => entry.isIntersecting)) return;
    watch.disconnect();
    details().then(all => { time.items = timeItems(all); zoom(Infinity); bindTime(); }, () => $("time").append("The details of this page cannot be unpacked."));
  }, { rootMargin: "400px" }).observe(part);
  return part;
}

const ms = at => new Date(at).getTime();

function timeItems(all) {
  const zero = DATA.run ? ms(DATA.run.at) : Math.min(...all.tests.flat().filter(a => a.started).map(a => ms(a.started)));
  const since = at => (ms(at) - zero) / 1000;
  const items = [];
  all.tests.forEach((list, i) => list.forEach(attempt => {
    if (!attempt.started) return;
    const start = since(attempt.started), last = Math.max(start, ...attempt.deeds.map(deed => since(deed.at)));
    const machines = attempt.machines.filter(m => m.started).map(m => {
      const begin = since(m.started), ready = (m.ready || []).map(since), end = m.gone ? since(m.gone) : Math.max(begin, start + attempt.seconds, last);
      const busy = Math.min(end, Math.max(last, ready.at(-1) ?? begin));
      const parts = [["boot", begin, ready[0] ?? end]];
      if (ready.length) parts.push(["test", ready[0], busy], ["gone", busy, end]);
      ready.slice(1).forEach((at, k) => parts.push(["boot", at - m.bootSeconds[k + 1], at]));
      return { name: m.name, begin, end, parts, copy: Boolean(m.template), boots: m.bootSeconds || [] };
    });
    const end = Math.max(start + attempt.seconds, ...machines.map(m => m.end), last);
    items.push({ i, attempt, start, end, machines, outcome: attempt.outcome });
  }));
  items.sort((a, b) => a.start - b.start);
  time.end = Math.max(1, DATA.seconds, ...items.map(item => item.end));
  // Machines of one attempt stay together, in the first lanes that are free for all of it.
  const free = [];
  for (const item of items) {
    const width = Math.max(1, item.machines.length);
    let lane = 0;
    while ([...Array(width).keys()].some(k => (free[lane + k] ?? 0) > item.start)) lane++;
    for (let k = 0; k < width; k++) free[lane + k] = item.end;
    item.lane = lane;
  }
  time.peak = free.length;
  return items;
}

function zoom(by, at = 0.5) {
  const span = Math.min(time.end, Math.max(1, (time.to - time.from) * by)), middle = time.from + (time.to - time.from) * at;
  time.from = Number.isFinite(by) ? Math.max(0, Math.min(time.end - span, middle - span * at)) : 0;
  time.to = Number.isFinite(by) ? time.from + span : time.end;
  drawTime();
}

function pan(by) {
  const span = time.to - time.from;
  time.from = Math.max(0, Math.min(time.end - span, time.from + span * by));
  time.to = time.from + span;
  drawTime();
}

function drawTime() {
  if (!time.items) return;
  for (const chip of document.querySelectorAll("#timeline [data-mode]")) chip.setAttribute("aria-pressed", String(chip.dataset.mode === time.mode));
  const wide = Math.max(320, $("time-scroll").clientWidth - 2), left = time.mode === "tests" ? Math.min(LABEL, wide * 0.35) : 30;
  const x = at => left + (wide - left - 8) * (at - time.from) / (time.to - time.from);
  const seen = time.items.filter(item => item.end >= time.from && (time.mode === "tests" ? item.start - item.attempt.waited : item.start) <= time.to);
  const drawn = [];
  let y = AXIS + LOAD;
  const lines = [load(x, wide), axis(x, wide)];
  if (time.mode === "machines") {
    for (let lane = 0; lane < time.peak; lane++) lines.push(svg("text", { x: 4, y: y + lane * LANE + 11, class: "t-label" }, String(lane + 1)));
    for (const item of seen) drawn.push(bars(item, x, y + item.lane * LANE, LANE - 3));
    y += time.peak * LANE;
  } else {
    for (const item of seen) {
      const tall = Math.max(13, item.machines.length * 8 + 3);
      const label = svg("text", { x: left - 6, y: y + 10, class: "t-label t-id" }, fitted(TESTS[item.i].id, left));
      const waiting = item.attempt.waited > 0 ? [svg("line", { x1: Math.max(left, x(item.start - item.attempt.waited)), x2: Math.max(left, x(item.start)), y1: y + tall / 2, y2: y + tall / 2, class: "s-wait" })] : [];
      drawn.push(bars(item, x, y, item.machines.length > 1 ? 7 : tall - 3, [label, ...waiting]));
      y += tall;
    }
  }
  const clip = svg("clipPath", { id: "time-clip" }, svg("rect", { x: left, y: 0, width: wide - left, height: y + 4 }));
  $("time").replaceChildren(svg("svg", { width: wide, height: y + 4, role: "img", "aria-label": `Timeline of ${count(time.items.length, "attempt")}; every time in it is also said with its test` }, svg("defs", {}, clip), ...lines, ...drawn, svg("rect", { class: "t-brush", y: 0, height: y + 4, width: 0, x: 0 })));
  $("time").dataset.drawn = String(drawn.length);
  time.scale = { left, wide };
  $("beside").textContent = `${stamp(time.from)} – ${stamp(time.to)} · at most ${count(time.peak, "machine")} at once`;
}

const fitted = (id, width) => { const most = Math.floor((width - 12) / 6.1); return id.length <= most ? id : id.slice(0, most - 1) + "…"; };

function bars(item, x, y, tall, extra = []) {
  const group = svg("g", { class: `t-item o-${item.outcome}`, "data-item": time.items.indexOf(item) }, ...extra);
  const inside = svg("g", { "clip-path": "url(#time-clip)" });
  const rows = item.machines.length ? item.machines : [{ parts: [["test", item.start, item.end]], begin: item.start, end: item.end }];
  const step = time.mode === "machines" ? LANE : 8;
  rows.forEach((machine, k) => {
    for (const [name, from, to] of machine.parts) inside.append(svg("rect", { class: `s-${name}`, x: x(from), y: y + k * step, width: Math.max(0.8, x(to) - x(from)), height: tall }));
    inside.append(svg("rect", { class: "t-outcome", x: x(machine.begin), y: y + k * step + tall - 2.5, width: Math.max(1.5, x(machine.end) - x(machine.begin)), height: 2.5 }));
  });
  if (isBad(item.outcome) && x(item.end) - x(item.start) > 9) inside.append(svg("text", { class: "t-glyph", x: Math.max(x(item.start), x(time.from)) + 2, y: y + 9 }, GLYPH[item.outcome]));
  group.append(inside);
  return group;
}

const stamp = seconds => { const s = Math.round(seconds); return s < 3600 ? `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}` : `${Math.floor(s / 3600)}:${String(Math.floor(s % 3600 / 60)).padStart(2, "0")}:${String(s % 60).padStart(2, "0")}`; };

function axis(x, wide) {
  const group = svg("g", { class: "t-axis" }), span = time.to - time.from;
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200].find(s => span / s <= wide / 90) || 14400;
  for (let at = Math.ceil(time.from / step) * step; at <= time.to; at += step) group.append(svg("line", { x1: x(at), x2: x(at), y1: 14, y2: 100000 }), svg("text", { x: x(at) + 3, y: 11 }, stamp(at)));
  return group;
}

// How many machines there were at each moment.
function load(x, wide) {
  const steps = time.items.flatMap(item => item.machines.flatMap(m => [[m.begin, 1], [m.end, -1]])).sort((a, b) => a[0] - b[0]);
  let n = 0, most = 1;
  for (const [, d] of steps) most = Math.max(most, n += d);
  const y = k => AXIS + LOAD - 8 - (LOAD - 14) * k / most;
  let path = `M${x(0)} ${y(0)}`;
  n = 0;
  for (const [at, d] of steps) { path += `H${x(at).toFixed(1)}`; n += d; path += `V${y(n).toFixed(1)}`; }
  return svg("g", { class: "t-load", "clip-path": "url(#time-clip)" }, svg("path", { d: `${path}V${y(0)}Z` }));
}

function bindTime() {
  const box = $("time"), tip = $("tip"), outer = $("time-scroll");
  const itemAt = event => { const group = event.target.closest?.("[data-item]"); return group ? time.items[Number(group.dataset.item)] : null; };
  let drag = null;
  box.addEventListener("pointermove", event => {
    if (drag !== null) return brush(drag, event.clientX);
    const item = itemAt(event);
    tip.hidden = !item;
    for (const old of box.querySelectorAll(".t-beside")) old.classList.remove("t-beside");
    box.classList.toggle("t-hover", Boolean(item));
    if (!item) return;
    const beside = time.items.filter(other => other !== item && other.start < item.end && other.end > item.start);
    for (const other of [item, ...beside]) box.querySelector(`[data-item="${time.items.indexOf(other)}"]`)?.classList.add("t-beside");
    tip.replaceChildren(...tipLines(item, beside));
    const rect = tip.getBoundingClientRect();
    tip.style.left = `${Math.min(event.clientX + 14, innerWidth - rect.width - 8)}px`;
    tip.style.top = `${event.clientY + 16 + rect.height > innerHeight ? event.clientY - rect.height - 10 : event.clientY + 16}px`;
  });
  box.addEventListener("pointerleave", () => { tip.hidden = true; box.classList.remove("t-hover"); });
  box.addEventListener("pointerdown", event => { if (event.button === 0) drag = event.clientX; });
  addEventListener("pointerup", event => {
    if (drag === null) return;
    const from = Math.min(drag, event.clientX), to = Math.max(drag, event.clientX);
    drag = null;
    if (to - from > 6) { [time.from, time.to] = [secondsAt(from), Math.max(secondsAt(to), secondsAt(from) + 1)]; drawTime(); }
    else { const item = itemAt(event); if (item) openTest(item.i); }
  });
  outer.addEventListener("wheel", event => { if (event.ctrlKey) { event.preventDefault(); zoom(event.deltaY > 0 ? 1.25 : 0.8, Math.max(0, Math.min(1, (secondsAt(event.clientX) - time.from) / (time.to - time.from)))); } }, { passive: false });
  outer.addEventListener("keydown", event => {
    const act = { "+": () => zoom(0.5), "-": () => zoom(2), 0: () => zoom(Infinity), ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2) }[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  new ResizeObserver(() => { if (Math.abs(outer.clientWidth - 2 - time.scale.wide) > 4) drawTime(); }).observe(outer);
}

function secondsAt(clientX) {
  const { left, wide } = time.scale, x = clientX - $("time").getBoundingClientRect().left;
  return Math.max(0, Math.min(time.end, time.from + (time.to - time.from) * (x - left) / (wide - left - 8)));
}

function brush(from, to) {
  const edge = $("time").getBoundingClientRect().left, mark = $("time").querySelector(".t-brush");
  mark.setAttribute("x", Math.min(from, to) - edge);
  mark.setAttribute("width", Math.abs(to - from));
}

function tipLines(item, beside) {
  const a = item.attempt;
  return [
    h("p", {}, badge(item.outcome), " ", h("strong", { class: "mono" }, TESTS[item.i].id), a.number > 1 ? ` attempt ${a.number}` : ""),
    h("p", {}, `${stamp(item.start)} – ${stamp(item.end)}, ${duration(item.end - item.start)}`, a.waited >= 0.1 ? `; waited ${duration(a.waited)}${a.waitedFor ? ` for ${a.waitedFor}` : ""}` : "; did not wait"),
    ...item.machines.map(m => h("p", {}, h("span", { class: "mono" }, m.name), ` ${m.copy ? "copy" : "booted"}`, m.boots.length ? `, ready in ${m.boots.map(duration).join(", again in ")}` : ", never ready")),
    h("p", { class: "faint" }, beside.length ? `beside ${beside.slice(0, 4).map(b => TESTS[b.i].id).join(", ")}${beside.length > 4 ? ` and ${beside.length - 4} more` : ""}` : "alone"),
  ];
}
