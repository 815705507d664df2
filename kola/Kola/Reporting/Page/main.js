// Start, keys, deep links.

const KEYS = [["/", "filter the tests"], ["j  k", "next, previous test"], ["Enter", "open it"], ["f", "next test that failed, is broken or was not run"], ["l", "search the logs"], ["t", "dark or light"], ["Esc", "close; clear the filter"], ["?", "this"]];

function toggleTheme() {
  const root = document.documentElement, dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  remember("theme", root.dataset.theme);
}

function showHelp() {
  const dialog = $("help-dialog");
  dialog.replaceChildren(h("div", { class: "dialog-head" }, h("h2", { id: "help-dialog-title" }, "Keys"), h("button", { type: "button", class: "close", "aria-label": "Close", click: () => dialog.close() }, "×")),
    h("dl", { class: "keys" }, KEYS.map(([key, text]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, text)))));
  dialog.showModal();
}

function follow() {
  const [, kind, rest] = /^#(test|log)=(.*)$/.exec(location.hash) || [];
  if (kind !== "log" && $("log-dialog").open) quietly($("log-dialog"));
  if (kind !== "test" && kind !== "log" && $("test-dialog").open) quietly($("test-dialog"));
  if (!kind) return;
  let text;
  try { text = decodeURIComponent(rest); } catch { return; }
  if (kind === "test") {
    const i = TESTS.findIndex(test => test.id === text);
    if (i >= 0) showTest(i);
    else announce(`This run has no test ${text}`);
    return;
  }
  const [, path, line] = /^(.*?)(?::(\d+))?$/.exec(text);
  if (sight.log?.path === path && $("log-dialog").open) { sight.at = Number(line) || 0; toLine(sight.at || 1); }
  else openLog(path, Number(line) || 0);
}

function quietly(dialog) {
  dialog.dataset.quiet = "yes";
  dialog.close();
}

// What a person closes must not come back with the next reload; below a log lies the test it was opened from.
function closed(event) {
  if (event.target.dataset.quiet) { delete event.target.dataset.quiet; return; }
  if (event.target.id === "log-dialog" && $("test-dialog").open) history.replaceState(null, "", testHash(TESTS[shownTest].id));
  else if (event.target.id !== "help-dialog") history.replaceState(null, "", location.pathname + location.search);
  if (event.target.id === "test-dialog" && view.rows[view.at]) view.rows[view.at].focus({ preventScroll: true });
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "Escape" && typing && !event.target.closest("dialog")) { if (event.target.id === "filter") clearFilter(); event.target.blur(); return; }
  if (typing || $("log-dialog").open || $("help-dialog").open) return;
  const inTest = $("test-dialog").open;
  const go = at => { if (at < 0 || at >= view.rows.length) return; if (inTest) openTest(indexOf(view.rows[at])); else mark(at, true); };
  const act = {
    "/": () => { if (inTest) $("test-dialog").close(); $("filter").focus(); $("tests").scrollIntoView(); },
    j: () => go(view.at + 1), k: () => go(Math.max(0, view.at - 1)), f: () => go(nextRow(view.at, test => isBad(test.outcome))),
    l: () => { if (inTest) $("test-dialog").close(); $("logs").scrollIntoView(); $("log-words").focus(); },
    t: toggleTheme, "?": showHelp,
    Enter: () => { if (!inTest && view.at >= 0 && event.target.closest("tr[data-i]")) openTest(indexOf(view.rows[view.at])); else return true; },
    Escape: () => { if (!inTest && (view.text || view.tag || view.outcomes.size)) clearFilter(); else return true; },
  }[event.key];
  if (act && act() !== true) event.preventDefault();
}

function start() {
  const theme = remember("theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  const dialog = id => { const d = h("dialog", { id, "aria-labelledby": `${id}-title` }); d.addEventListener("close", closed); d.addEventListener("click", event => { if (event.target === d) d.close(); }); return d; };
  header();
  $("main").append(verdict(), failures(), ...[changes()].filter(Boolean), testTable(), timeline(), logSearch(), facts(),
    h("p", { id: "status", class: "hidden", role: "status", "aria-live": "polite" }), dialog("test-dialog"), dialog("log-dialog"), dialog("help-dialog"));
  list();
  addEventListener("hashchange", follow);
  document.addEventListener("keydown", onKey);
  // After two frames what was made above has been painted: the time of that stays readable.
  requestAnimationFrame(() => requestAnimationFrame(() => {
    document.documentElement.dataset.painted = performance.now().toFixed(1);
    follow();
    setTimeout(() => logIndex().then(all => { if (!all.length) $("log-status").textContent = "This run kept no logs."; else { $("log-status").textContent = `${count(all.length, "log")}, ${bytes(all.reduce((sum, log) => sum + log.bytes, 0))}`; return logText(all.find(log => log.lines) || all[0]).then(() => {}, () => {}); } }, fault => announce(fault.message)), 50);
  }));
}

start();
