// One log, of any length: only the lines in sight are in the page.

const LINE = 18;
const sight = { lines: [], log: null, at: 0, hits: [], hit: -1 };

async function openLog(path, line) {
  const dialog = $("log-dialog"), note = h("p", { id: "log-note", class: "faint", role: "status" }, "Reading …");
  const find = h("input", { id: "log-find", type: "search", placeholder: "Find in this log", "aria-label": "Find in this log", autocomplete: "off", spellcheck: "false" });
  const lines = h("div", { id: "log-lines", class: "log-lines", tabindex: "0", role: "region", "aria-label": path }, h("div", { class: "log-room" }));
  dialog.replaceChildren(h("div", { class: "dialog-head" }, h("h2", { id: "log-dialog-title", class: "mono" }, path), fileLink(path, "as a file"), find,
    h("button", { type: "button", "aria-label": "The one before", click: () => toHit(-1) }, "↑"), h("button", { type: "button", "aria-label": "The next one", click: () => toHit(1) }, "↓"),
    h("button", { type: "button", class: "close", "aria-label": "Close", click: () => dialog.close() }, "×")), note, lines);
  find.addEventListener("input", () => findAll(find.value));
  find.addEventListener("keydown", event => { if (event.key === "Enter") { event.preventDefault(); toHit(event.shiftKey ? -1 : 1); } });
  lines.addEventListener("scroll", () => requestAnimationFrame(drawLines), { passive: true });
  if (!dialog.open) dialog.showModal();
  try {
    const log = (await logIndex()).find(one => one.path === path);
    if (!log) throw new Error(`This page has no log ${path}`);
    const text = await logText(log);
    Object.assign(sight, { lines: text.split("\n"), log, at: line || 0, hits: [], hit: -1 });
    if (sight.lines.at(-1) === "") sight.lines.pop();
    const whose = log.test >= 0 ? `${TESTS[log.test].id}${log.attempt > 1 ? `, attempt ${log.attempt}` : ""}, ${log.machine}: ` : "";
    note.textContent = `${whose}${count(sight.lines.length, "line")}, ${bytes(log.bytes)}`;
    lines.firstChild.style.height = `${sight.lines.length * LINE}px`;
    toLine(line || 1);
    if (!line) lines.scrollTop = 0;
    lines.focus();
  } catch (fault) {
    note.className = "notice";
    note.textContent = logs.missing ? "This log is not here: the page was opened without the directory report-logs that lies beside it in the run's directory." : fault.message;
  }
}

function toLine(line) {
  const box = $("log-lines");
  box.scrollTop = Math.max(0, (line - 1) * LINE - box.clientHeight / 3);
  drawLines();
}

function drawLines() {
  const box = $("log-lines");
  if (!box || !sight.log) return;
  const first = Math.max(0, Math.floor(box.scrollTop / LINE) - 20), last = Math.min(sight.lines.length, first + Math.ceil(box.clientHeight / LINE) + 40);
  const words = $("log-find").value.toLowerCase();
  const rows = [];
  for (let k = first; k < last; k++) {
    const text = plain(sight.lines[k]), found = words ? text.toLowerCase().indexOf(words) : -1;
    const row = h("div", { class: k + 1 === sight.at ? "log-line at" : "log-line", "data-line": k + 1, "aria-current": k + 1 === sight.at ? "location" : null }, h("a", { class: "no", href: logHash(sight.log.path, k + 1), tabindex: "-1", "aria-label": `Line ${k + 1}` }, String(k + 1)),
      found < 0 ? text : [text.slice(0, found), h("mark", {}, text.slice(found, found + words.length)), text.slice(found + words.length)]);
    row.style.top = `${k * LINE}px`;
    rows.push(row);
  }
  box.firstChild.replaceChildren(...rows);
}

function findAll(words) {
  const lower = words.toLowerCase();
  sight.hits = words ? sight.lines.flatMap((line, k) => plain(line).toLowerCase().includes(lower) ? [k + 1] : []) : [];
  sight.hit = sight.hits.findIndex(line => line >= sight.at) - 1;
  $("log-note").textContent = words ? `${count(sight.hits.length, "line")} with it` : count(sight.lines.length, "line");
  if (sight.hits.length) toHit(1);
  else drawLines();
}

function toHit(by) {
  if (!sight.hits.length) return;
  sight.hit = (sight.hit + by + sight.hits.length) % sight.hits.length;
  sight.at = sight.hits[sight.hit];
  $("log-note").textContent = `${sight.hit + 1} of ${count(sight.hits.length, "line")} with it`;
  toLine(sight.at);
}
