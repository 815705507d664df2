// The verdict, the facts of the run, and everything that did not just pass.

const EXIT = {
  0: "Exit code 0: every planned test has a result, and none stands against the image.",
  1: "Exit code 1: the image is wrong, or a rule of the policy is not kept.",
  3: "Exit code 3: the results prove nothing about the image.",
};

function header() {
  const bar = $("top");
  const nav = [["failures", "Failures"], ["tests", "Tests"], ["timeline", "Timeline"], ["logs", "Logs"], ["facts", "Facts"]];
  if (DATA.diff) nav.splice(1, 0, ["diff", "Changes"]);
  bar.append(
    h("a", { href: "#verdict", class: "brand" }, "kola"),
    h("span", { class: "run mono" }, DATA.title),
    h("nav", { "aria-label": "Parts of this page" }, nav.map(([id, text]) => h("a", { href: `#${id}` }, text))),
    h("button", { id: "theme", type: "button", click: toggleTheme, "aria-label": "Dark or light" }, "◐"),
    h("button", { id: "help-button", type: "button", click: showHelp, "aria-label": "Keys", title: "Keys (?)" }, "?"));
}

function verdict() {
  const run = DATA.run, image = run?.image;
  const words = DATA.open ? "Gate open" : "Gate closed";
  const state = DATA.open ? "open" : DATA.exitCode === 1 ? "failed" : "broken";
  return h("section", { id: "verdict", class: `verdict v-${state}`, "aria-labelledby": "verdict-title" },
    h("div", { class: "headline" },
      h("span", { class: "sign", "aria-hidden": "true" }, DATA.open ? "✓" : DATA.exitCode === 1 ? "✗" : "▲"),
      h("div", {},
        h("h1", { id: "verdict-title" }, words),
        h("p", { class: "exit" }, EXIT[DATA.exitCode] || `Exit code ${DATA.exitCode}`))),
    h("p", { class: "subject" },
      image ? h("strong", {}, `${image.name} ${image.version || ""}`) : "an unknown image", image ? ` (${[image.channel, image.architecture].filter(Boolean).join(", ")})` : "",
      ` on ${run?.platform || "an unknown platform"}`, run?.facts?.acceleration ? ` (${run.facts.acceleration})` : "",
      ` · ${count(TESTS.length, "test")} in ${duration(DATA.seconds)}`, run ? ` · ${utc(run.at)}` : "", run?.shard ? ` · shard ${run.shard}` : ""),
    bullets("reasons", "Why it is closed", DATA.reasons), bullets("problems", "Problems of the run", DATA.problems),
    h("div", { class: "bar", role: "img", "aria-label": DATA.line }, OUTCOMES.filter(([word]) => DATA.counts[word]).map(([word]) => share(word))),
    h("div", { class: "counts", role: "group", "aria-label": "Outcomes; press one to see only its tests" }, OUTCOMES.map(([word, glyph, meaning]) =>
      h("button", { type: "button", class: `count o-${word}${DATA.counts[word] ? "" : " none"}`, title: meaning, "data-outcome": word, click: () => only(word) },
        h("b", {}, String(DATA.counts[word])), h("span", {}, h("i", { "aria-hidden": "true" }, glyph), word)))),
    brief(),
    DATA.diff ? h("p", { class: "since" }, "Since the earlier run: ", h("a", { href: "#diff" }, DATA.diffLine)) : null);
}

function share(word) {
  const part = h("span", { class: `o-${word}` });
  part.style.flexGrow = DATA.counts[word];
  return part;
}

const bullets = (id, title, lines) => lines.length ? h("div", { id, class: "lines" }, h("h3", {}, title), h("ul", {}, lines.map(line => h("li", {}, line)))) : null;

const list2 = (style, rows) => h("dl", { class: style }, rows.filter(Boolean).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", { class: "mono" }, String(value)))));

function brief() {
  const run = DATA.run;
  return run ? list2("facts brief", [
    ["command line", run.commandLine.join(" ")], ["image digest", run.image.digest], ["kola", run.kola], ["seed", run.seed ?? 0],
    ["policy", DATA.policyFile ? `${DATA.policyFile} (${(DATA.policyDigest || "").slice(0, 19)}…)` : "none: nothing may fail, be broken or be without a result"],
  ]) : null;
}

function facts() {
  const run = DATA.run;
  return section("facts", "Facts of the run", "",
    run ? list2("facts", [["run", run.run], ["image file", run.image.file], ["retries", run.retries || 0], run.stress ? ["stress", `each test ${run.stress} times`] : null, ["deadlines", `×${run.slowness}`], ...Object.entries(run.facts || {})]) : null,
    DATA.leftovers.length ? bullets("leftovers", "Left behind", DATA.leftovers) : null, templates());
}

function failures() {
  const loud = TESTS.map((test, i) => [test, i]).filter(([test]) => isLoud(test.outcome)).sort((a, b) => GRAVITY[a[0].outcome] - GRAVITY[b[0].outcome]);
  const list = h("div", { class: "cards" });
  const show = from => {
    const next = loud.slice(from, from + 40);
    list.append(...next.map(([test, i]) => card(test, i)));
    if (from + 40 < loud.length)
      list.append(h("button", { type: "button", class: "more", click: event => { event.target.remove(); show(from + 40); } }, `Show ${Math.min(40, loud.length - from - 40)} more of ${loud.length - from - 40}`));
  };
  show(0);
  const skips = skipped();
  return section("failures", "What did not just pass", loud.length ? count(loud.length, "test") : "nothing", loud.length ? list : h("p", { class: "faint" }, "Every test that ran passed at its first try."), skips);
}

function card(test, i) {
  const more = h("details", {}, h("summary", {}, "Evidence, console, commands"));
  more.addEventListener("toggle", () => { if (more.open && more.children.length === 1) fill(more, i); });
  return h("article", { class: `card o-${test.outcome}`, "data-test": test.id },
    h("header", {}, badge(test.outcome), h("h3", {}, h("a", { href: testHash(test.id), class: "mono" }, test.id)),
      h("span", { class: "faint" }, [duration(test.seconds), test.attempts > 1 ? count(test.attempts, "attempt") : null, test.stress].filter(Boolean).join(" · "))),
    said(test.message, test.see), excuse(test), more);
}

function fill(into, i) {
  const wait = h("p", { class: "faint" }, "Unpacking …");
  into.append(wait);
  details().then(all => wait.replaceWith(attempts(i, all)), fault => { wait.textContent = `Cannot be shown: ${fault.message}`; });
}

// A message, with what was wanted beside what was got.
function said(message, see) {
  if (!message) return null;
  const field = (...names) => message.fields.filter(f => names.includes(f.name));
  const pair = field("wanted", "got", "error", "copies", "cold");
  const rest = message.fields.filter(f => !pair.includes(f));
  return h("div", { class: "said" },
    h("p", { class: "first" }, message.first),
    pair.length ? h("div", { class: "pair" }, pair.map(f => h("div", { class: `field f-${f.name}` }, h("span", { class: "label" }, f.name), h("pre", {}, f.text)))) : null,
    rest.map(f => h("p", { class: "line" }, h("span", { class: "label" }, f.name), f.name === "see" && see ? placeLink(see.file, see.line) : h("span", { class: "mono" }, f.text))),
    see && !field("see").length ? h("p", { class: "line" }, h("span", { class: "label" }, "see"), placeLink(see.file, see.line)) : null,
    message.rest ? h("pre", { class: "rest" }, message.rest) : null);
}

function excuse(test) {
  const lines = [];
  if (test.known) lines.push(h("p", { class: "line" }, h("span", { class: "label" }, "policy"), h("span", {}, `known until ${test.known.until}: ${test.known.because}`, test.known.owner ? ` (${test.known.owner})` : "", test.known.link ? [" ", webLink(test.known.link)] : "")));
  if (test.enforced) lines.push(h("p", { class: "line" }, h("span", { class: "label" }, "policy"), "has to pass"));
  if (test.remedy) lines.push(h("p", { class: "line" }, h("span", { class: "label" }, "remedy"), test.remedy));
  return lines;
}

function skipped() {
  const groups = new Map();
  for (const test of TESTS.filter(t => t.outcome === "skipped")) {
    const key = JSON.stringify([test.message?.first || "", test.remedy || ""]);
    groups.set(key, [...(groups.get(key) || []), test.id]);
  }
  if (!groups.size) return null;
  return h("details", { class: "skips" }, h("summary", {}, h("span", {}, badge("skipped"), ` ${count(DATA.counts.skipped, "test")}, ${count(groups.size, "reason")}`)),
    [...groups].sort((a, b) => b[1].length - a[1].length).map(([key, ids]) => {
      const [reason, remedy] = JSON.parse(key);
      return h("div", { class: "skip-group" }, h("p", {}, h("strong", {}, reason), remedy ? ` · ${remedy}` : "", h("span", { class: "faint" }, ` · ${count(ids.length, "test")}`)), h("p", { class: "ids" }, ids.map(id => [testLink(id), " "])));
    }));
}

function templates() {
  const all = DATA.templates;
  if (!all) return null;
  const parity = all.parity || [], agreed = parity.filter(p => p.cloned === p.cold);
  const silent = p => p.cloned !== p.cold && (p.cold === "broken" || p.cold === "not-run");
  const table = (head, rows) => rows.length ? h("div", { class: "scroll" }, h("table", { class: "plain" }, h("thead", {}, h("tr", {}, head.map(text => h("th", { scope: "col" }, text)))), h("tbody", {}, rows.map(row => h("tr", {}, row.map(cell => h("td", {}, cell))))))) : null;
  return h("div", { id: "templates" }, h("h3", {}, "Templates and parity"),
    h("p", {}, `${all.made?.length || 0} made, ${all.reused} reused, ${all.dropped?.length || 0} dropped; ${count(all.tests, "test")} ran on copies, ${all.parity?.length || 0} of them repeated on machines booted cold.`),
    table(["template", "made in", "CPU s"], (all.made || []).map(t => [h("span", { class: "mono" }, t.template.slice(0, 12)), duration(t.elapsedSeconds), t.processorSeconds?.toFixed(1) ?? ""])),
    table(["dropped", "why"], (all.dropped || []).map(t => [h("span", { class: "mono" }, t.template.slice(0, 12)), t.why.split("\n")[0]])),
    table(["repeated", "on copies", "cold", ""], parity.filter(p => p.cloned !== p.cold).map(p => [testLink(p.test), badge(p.cloned), badge(p.cold), silent(p) ? "no result" : h("strong", {}, "disagree")])),
    agreed.length ? h("details", {}, h("summary", {}, `${count(agreed.length, "test")} ended alike on both`), h("p", { class: "ids" }, agreed.map(p => [testLink(p.test), " "]))) : null);
}
