// The logs of the run: side files, loaded one by one when asked for, and searched here.

const logs = { all: null, kept: new Map(), size: 0, waiting: new Map(), reading: new Map(), missing: null };
const KEEP = 96 << 20;
// Nothing but a side file of this page can be loaded as a script.
const scripts = window.trustedTypes ? trustedTypes.createPolicy("kola-logs", { createScriptURL: url => { if (!/^report-logs\/\d{1,6}\.js$/.test(url)) throw new TypeError(url); return url; } }) : { createScriptURL: url => url };

window.kolaLog = (n, path, packed) => logs.waiting.get(n)?.(path, packed);

const logIndex = () => details().then(all => logs.all ??= all.logs);

// A log that is being read for one part of the page is not loaded a second time for another.
function logText(log) {
  if (!logs.reading.has(log.n)) logs.reading.set(log.n, readLog(log).finally(() => logs.reading.delete(log.n)));
  return logs.reading.get(log.n);
}

async function readLog(log) {
  if (logs.kept.has(log.n)) {
    const text = logs.kept.get(log.n);
    logs.kept.delete(log.n);
    logs.kept.set(log.n, text);
    return text;
  }
  if (!log.lines && log.bytes) throw new Error(`${log.path} is too large to be read here; it is beside this page as a file`);
  const packed = await loadScript(log);
  const text = await inflate(packed);
  logs.kept.set(log.n, text);
  logs.size += text.length;
  for (const [n, old] of logs.kept) {
    if (logs.size <= KEEP || n === log.n) break;
    logs.kept.delete(n);
    logs.size -= old.length;
  }
  return text;
}

function loadScript(log) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    const end = (act, value) => { logs.waiting.delete(log.n); script.remove(); act(value); };
    logs.waiting.set(log.n, (path, packed) => path === log.path ? end(resolve, packed) : end(reject, new Error(`report-logs/${log.n}.js is of another run: ${path}`)));
    script.addEventListener("error", () => { sayMissing(); end(reject, new Error(`report-logs/${log.n}.js is not there`)); });
    script.src = scripts.createScriptURL(`report-logs/${log.n}.js`);
    document.head.append(script);
  });
}

function sayMissing() {
  logs.missing = true;
  const note = $("logs-missing");
  if (note) note.hidden = false;
}

function logSearch() {
  const words = h("input", { id: "log-words", type: "search", placeholder: "Search all consoles, journals and commands  ( l )", "aria-label": "Search the logs", autocomplete: "off", spellcheck: "false" });
  const scope = h("select", { id: "log-scope", "aria-label": "In which tests" }, h("option", { value: "" }, "all tests"), h("option", { value: "bad" }, "tests that did not pass"));
  const kind = h("select", { id: "log-kind", "aria-label": "In which logs" }, [["", "all logs"], ["console.txt", "consoles"], ["journal.txt", "journals"], ["ssh.log", "commands"]].map(([value, text]) => h("option", { value }, text)));
  const regex = h("input", { id: "log-regex", type: "checkbox" }), exact = h("input", { id: "log-case", type: "checkbox" });
  const form = h("form", { class: "tools", role: "search" }, words, scope, kind, h("label", {}, regex, "regular expression"), h("label", {}, exact, "Aa"), h("button", { type: "submit" }, "Search"), h("button", { type: "button", id: "log-stop", hidden: true, click: () => { searching++; } }, "Stop"));
  form.addEventListener("submit", event => { event.preventDefault(); runSearch(); });
  return section("logs", "Logs", "",
    h("p", { id: "logs-missing", class: "notice", role: "alert", hidden: true }, "The logs are not here: this page was opened without the directory report-logs that lies beside it in the run's directory. Everything else on it works."),
    form, h("progress", { id: "log-progress", value: "0", max: "1", hidden: true, "aria-label": "Searched so far" }), h("p", { id: "log-status", class: "faint", role: "status" }), h("div", { id: "hits" }));
}

function searchIn(i) {
  $("test-dialog").close();
  const scope = $("log-scope");
  scope.querySelector("[data-test]")?.remove();
  scope.append(h("option", { value: `t${i}`, "data-test": i }, TESTS[i].id));
  scope.value = `t${i}`;
  $("logs").scrollIntoView();
  $("log-words").focus();
}

const MOST_HITS = 1000, MOST_OF_ONE = 50;
let searching = 0;

async function runSearch() {
  const mine = ++searching, words = $("log-words").value, hits = $("hits"), status = $("log-status"), progress = $("log-progress");
  hits.replaceChildren();
  if (!words) { status.textContent = ""; return; }
  let pattern;
  try {
    pattern = new RegExp($("log-regex").checked ? words : words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), $("log-case").checked ? "gm" : "gim");
  } catch (fault) { status.textContent = fault.message; return; }
  const scope = $("log-scope").value, kind = $("log-kind").value;
  const all = (await logIndex()).filter(log => (!kind || log.path.endsWith("/" + kind)) &&
    (scope === "" || (scope === "bad" ? log.test >= 0 && isLoud(TESTS[log.test].outcome) : log.test === Number(scope.slice(1)))));
  const total = all.reduce((sum, log) => sum + log.bytes, 0);
  let done = 0, read = 0, found = 0, lost = 0, next = 0, last = 0;
  progress.hidden = $("log-stop").hidden = false;
  const say = end => { status.textContent = `${end ? "Searched" : "Searching"} ${done} of ${count(all.length, "log")}, ${bytes(read)} of ${bytes(total)}: ${count(found, "line")} found${found >= MOST_HITS ? `, the first ${MOST_HITS} shown` : ""}${lost ? `; ${count(lost, "log")} could not be read` : ""}`; progress.value = total ? read / total : 1; };
  const worker = async () => {
    while (next < all.length && mine === searching && found < MOST_HITS) {
      const log = all[next++];
      try {
        const text = await logText(log);
        if (mine !== searching) return;
        const lines = matches(text, pattern);
        if (lines.length) { found += lines.length; hits.append(hitList(log, lines)); }
      } catch { lost++; }
      done++;
      read += log.bytes;
      if (performance.now() - last > 100) { last = performance.now(); say(false); await new Promise(go => setTimeout(go)); }
      if (logs.missing && lost > 3 && lost === done) return;
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  if (mine !== searching && found === 0 && !hits.childNodes.length) { progress.hidden = $("log-stop").hidden = true; status.textContent = "Stopped."; return; }
  progress.hidden = $("log-stop").hidden = true;
  say(mine === searching);
  status.dataset.done = String(found);
}

// Each matching line once: its number, the line and its neighbours.
function matches(text, pattern) {
  const found = [];
  let line = 1, counted = 0, more = 0;
  pattern.lastIndex = 0;
  for (let match; (match = pattern.exec(text));) {
    for (let at = text.indexOf("\n", counted); at >= 0 && at < match.index; at = text.indexOf("\n", counted)) { line++; counted = at + 1; }
    const end = text.indexOf("\n", match.index), stop = end < 0 ? text.length : end;
    if (found.length >= MOST_OF_ONE) more++;
    else {
      const before = counted > 0 ? text.slice(text.lastIndexOf("\n", counted - 2) + 1, counted - 1) : null;
      const after = end >= 0 && end + 1 < text.length ? text.slice(end + 1, text.indexOf("\n", end + 1) < 0 ? text.length : text.indexOf("\n", end + 1)) : null;
      found.push({ line, text: text.slice(counted, stop), before, after, from: match.index - counted, to: Math.min(match.index + match[0].length, stop) - counted });
    }
    if (stop >= text.length) break;
    pattern.lastIndex = stop + 1;
    if (pattern.lastIndex > text.length) break;
  }
  found.more = more;
  return found;
}

const CUT = 400;

function hitList(log, lines) {
  const owner = log.test >= 0 ? [badge(TESTS[log.test].outcome), " ", testLink(TESTS[log.test].id), log.attempt > 1 ? ` attempt ${log.attempt}` : log.attempt ? "" : " (cold)", " · ", h("span", { class: "mono" }, log.machine)] : h("span", { class: "mono" }, log.path);
  return h("div", { class: "hit" }, h("h3", {}, owner, h("small", {}, log.path.split("/").pop())), h("ol", {}, lines.map(hit => {
    // A long line is shown round what was found.
    const start = Math.max(0, hit.from - CUT / 2), from = hit.from - start, text = hit.text.slice(start, start + CUT), to = Math.min(text.length, hit.to - start);
    return h("li", {}, hit.before !== null ? h("span", { class: "near" }, plain(hit.before).slice(0, CUT)) : null,
      h("a", { href: logHash(log.path, hit.line), class: "found" }, h("span", { class: "no" }, String(hit.line)), start ? "…" : "", plain(text.slice(0, from)), h("mark", {}, plain(text.slice(from, to))), plain(text.slice(to))),
      hit.after !== null ? h("span", { class: "near" }, plain(hit.after).slice(0, CUT)) : null);
  })), lines.more ? h("p", { class: "faint" }, `and ${lines.more} more in this log`) : null);
}

// As a terminal would not show it: without colours, bells and moves of the cursor.
const plain = line => line.replace(/\x1b(?:\[[0-?]*[ -\/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[()].|[@-Z\\^-~])/g, "").replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "");
