// All tests: sort, filter, keys.

const view = { outcomes: new Set(), text: "", tag: "", sort: "outcome", down: false, rows: [], at: -1 };
const COLUMNS = [
  ["outcome", "Outcome", t => GRAVITY[t.outcome]], ["id", "Test", t => t.id], ["seconds", "Time", t => t.seconds],
  ["attempts", "Tries", t => t.attempts], ["machines", "Machines", t => t.machines], ["waited", "Waited", t => t.waited],
];

function testTable() {
  const tags = [...new Set(TESTS.flatMap(test => test.tags))].sort();
  const text = h("input", { id: "filter", type: "search", placeholder: "Filter by id, words or message  ( / )", "aria-label": "Filter tests by text", autocomplete: "off", spellcheck: "false" });
  text.addEventListener("input", () => { view.text = text.value; list(); });
  const tag = h("select", { id: "tag", "aria-label": "Only tests with this tag" }, h("option", { value: "" }, "all tags"), tags.map(name => h("option", { value: name }, name)));
  tag.addEventListener("change", () => { view.tag = tag.value; list(); });
  const chips = h("div", { class: "chips", role: "group", "aria-label": "Only these outcomes" }, OUTCOMES.filter(([word]) => DATA.counts[word]).map(([word, glyph]) =>
    h("button", { type: "button", class: `chip o-${word}`, "data-outcome": word, "aria-pressed": "false", click: () => flip(word) }, h("span", { "aria-hidden": "true" }, glyph), word, h("small", {}, String(DATA.counts[word])))));
  const head = h("tr", {}, COLUMNS.map(([key, title]) => h("th", { scope: "col", class: `c-${key}`, "data-key": key }, h("button", { type: "button", click: () => sortBy(key) }, title))));
  const table = h("table", { id: "table" }, h("caption", { class: "hidden" }, "All tests of the run"), h("thead", {}, head), h("tbody", { id: "rows" }));
  table.addEventListener("click", event => { const row = event.target.closest("tr[data-i]"); if (row && !event.target.closest("a") && !getSelection().toString()) openTest(Number(row.dataset.i)); });
  table.addEventListener("focusin", event => { const row = event.target.closest("tr[data-i]"); if (row) mark(view.rows.indexOf(row), false); });
  return section("tests", "All tests", "", h("div", { class: "tools" }, text, tags.length ? tag : null, chips, h("span", { id: "shown", class: "faint", role: "status" })), h("div", { class: "scroll" }, table), slowest());
}

function row(test, i) {
  const under = test.message?.first || test.sentence;
  return h("tr", { "data-i": i, tabindex: "-1", class: `r-${test.outcome}` },
    h("td", { class: "c-outcome" }, badge(test.outcome)),
    h("td", { class: "c-id" }, h("a", { href: testHash(test.id), class: "mono", tabindex: "-1" }, test.id), h("span", { class: "under" }, under)),
    h("td", { class: "num" }, test.seconds ? duration(test.seconds) : ""), h("td", { class: "num" }, test.attempts > 1 ? String(test.attempts) : ""),
    h("td", { class: "num" }, test.machines > 1 ? String(test.machines) : ""), h("td", { class: "num" }, test.waited >= 1 ? duration(test.waited) : ""));
}

let made = null;
const search = TESTS.map(test => [test.id, test.sentence, test.message?.first || "", test.tags.join(" ")].join("\n").toLowerCase());

function list() {
  made ??= TESTS.map(row);
  const words = view.text.toLowerCase().split(/\s+/).filter(Boolean);
  const key = COLUMNS.find(([name]) => name === view.sort)[2];
  const order = TESTS.map((_, i) => i).filter(i =>
    (!view.outcomes.size || view.outcomes.has(TESTS[i].outcome)) && (!view.tag || TESTS[i].tags.includes(view.tag)) && words.every(word => search[i].includes(word)));
  order.sort((a, b) => { const x = key(TESTS[a]), y = key(TESTS[b]); return (x < y ? -1 : x > y ? 1 : a - b) * (view.down ? -1 : 1); });
  view.rows = order.map(i => made[i]);
  view.at = -1;
  $("rows").replaceChildren(...view.rows);
  if (!view.rows.length) $("rows").append(h("tr", {}, h("td", { colspan: "6", class: "faint" }, "No test is like that.")));
  else view.rows[0].tabIndex = 0;
  $("shown").textContent = order.length === TESTS.length ? count(TESTS.length, "test") : `${order.length} of ${count(TESTS.length, "test")}`;
  for (const th of document.querySelectorAll("#table th")) th.setAttribute("aria-sort", th.dataset.key !== view.sort ? "none" : view.down ? "descending" : "ascending");
  for (const chip of document.querySelectorAll(".chip")) chip.setAttribute("aria-pressed", String(view.outcomes.has(chip.dataset.outcome)));
}

function sortBy(key) {
  view.down = view.sort === key ? !view.down : key !== "outcome" && key !== "id";
  view.sort = key;
  list();
}

function flip(word) {
  if (!view.outcomes.delete(word)) view.outcomes.add(word);
  list();
}

function only(word) {
  view.outcomes = new Set([word]);
  list();
  $("tests").scrollIntoView();
}

function clearFilter() {
  view.outcomes.clear();
  view.text = view.tag = $("filter").value = "";
  if ($("tag")) $("tag").value = "";
  list();
}

function mark(at, focus) {
  if (!view.rows.length) return;
  view.rows[view.at]?.classList.remove("at");
  for (const row of view.rows) if (row.tabIndex === 0) row.tabIndex = -1;
  view.at = Math.max(0, Math.min(view.rows.length - 1, at));
  const row = view.rows[view.at];
  row.classList.add("at");
  row.tabIndex = 0;
  if (!focus) return;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

const indexOf = row => Number(row.dataset.i);

// The next test of the list that is like that; round the end.
function nextRow(from, like) {
  for (let k = 1; k <= view.rows.length; k++) {
    const at = (from + k) % view.rows.length;
    if (like(TESTS[indexOf(view.rows[at])])) return at;
  }
  return -1;
}

function slowest() {
  const slow = TESTS.map((test, i) => [test, i]).filter(([test]) => test.seconds > 0).sort((a, b) => b[0].seconds - a[0].seconds).slice(0, 10);
  if (slow.length < 2) return null;
  return h("div", { id: "slowest" }, h("h3", {}, "Slowest"), h("ol", {}, slow.map(([test]) => {
    const bar = h("span", { class: `meter o-${test.outcome}` });
    bar.style.width = `${100 * test.seconds / slow[0][0].seconds}%`;
    return h("li", {}, testLink(test.id), h("span", { class: "num" }, duration(test.seconds)), h("span", { class: "track" }, bar));
  })));
}

const changed = change => h("li", {}, testLink(change.test), " ", change.before ? badge(change.before) : "not there", " → ", change.after ? badge(change.after) : "not there", change.message ? h("span", { class: "under" }, change.message) : null);

function changes() {
  const diff = DATA.diff;
  if (!diff) return null;
  const kinds = new Map();
  for (const change of diff.changes || []) kinds.set(change.kind, [...(kinds.get(change.kind) || []), change]);
  const side = runs => `${runs.runs.join(", ")}: ${runs.images.join(" and ")}, ${count(runs.tests, "test")}`;
  const times = (title, list) => list?.length ? h("div", { class: "change" }, h("h3", {}, title, h("small", {}, String(list.length))), h("ul", {}, list.map(t =>
    h("li", {}, testLink(t.test), ` ${duration(t.beforeSeconds)} → ${duration(t.afterSeconds)} `, h("span", { class: "faint" }, `×${t.ratio.toFixed(2)}, p ${t.p.toPrecision(2)}, corrected ${t.q.toPrecision(2)}`))))) : null;
  return section("diff", "Changes since an earlier run", DATA.diffLine, h("p", { class: "faint" }, "Base ", side(diff.base)), bullets("warnings", "The two are not alike", diff.warnings),
    h("div", { class: "changes" }, [...kinds].map(([kind, list]) => h("div", { class: `change k-${kind}` }, h("h3", {}, kind.replaceAll("-", " "), h("small", {}, String(list.length))),
      h("ul", {}, list.slice(0, 10).map(changed)), list.length > 10 ? h("details", {}, h("summary", {}, `${list.length - 10} more`), h("ul", {}, list.slice(10).map(changed))) : null)),
      times("slower", diff.times.slower), times("faster", diff.times.faster)), h("p", { class: "faint" }, diff.times.method));
}
