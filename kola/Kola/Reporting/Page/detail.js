// One test in full: attempts, machines, evidence, commands.

function openTest(i) {
  const hash = testHash(TESTS[i].id);
  if (location.hash === hash) showTest(i);
  else location.hash = hash;
}

let shownTest = -1;

function showTest(i) {
  const test = TESTS[i], dialog = $("test-dialog");
  shownTest = i;
  const body = h("div", { class: "body" }, h("p", { class: "sentence" }, test.sentence, test.tags.map(tag => h("span", { class: "tag" }, tag))), said(test.message, test.see), excuse(test));
  dialog.replaceChildren(
    h("div", { class: "dialog-head" }, badge(test.outcome), h("h2", { id: "test-dialog-title", class: "mono", tabindex: "-1", autofocus: true }, test.id),
      h("button", { type: "button", class: "quiet", click: () => searchIn(i) }, "Search its logs"),
      h("button", { type: "button", class: "close", "aria-label": "Close", click: () => dialog.close() }, "×")), body);
  const at = view.rows.findIndex(row => indexOf(row) === i);
  if (at >= 0) mark(at, false);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  fill(body, i);
}

function attempts(i, all) {
  const list = all.tests[i];
  if (!list.length) return h("p", { class: "faint" }, "It never got its turn.");
  // The one that decided is open: the last that did not pass, or the last.
  let open = list.findLastIndex(attempt => attempt.outcome !== "passed");
  if (open < 0) open = list.length - 1;
  const logs = all.logs.filter(log => log.test === i);
  return h("div", { class: "attempts" }, list.map((attempt, k) => {
    const part = h("details", { class: "attempt", open: k === open }, h("summary", {}, h("span", {}, list.length > 1 ? `Attempt ${attempt.number} ` : "", badge(attempt.outcome), ` ${duration(attempt.seconds)}`)));
    const show = () => { if (part.children.length === 1) part.append(oneAttempt(attempt, i, logs, list.length > 1)); };
    if (k === open) show();
    part.addEventListener("toggle", () => { if (part.open) show(); });
    return part;
  }));
}

const SIGNS = { assertion: "an assertion did not hold", machine: "the machine did not do what it should", deadline: "it did not end in time", code: "the test's own code failed", plan: "decided by the plan", unstarted: "it never got its turn", unended: "it has no end on record", parity: "copies and machines booted cold disagree", end: "it ran to its end" };

function oneAttempt(attempt, i, logs, several) {
  const evidence = attempt.evidence;
  const started = attempt.started ? new Date(attempt.started).getTime() : null;
  return h("div", {},
    several && attempt.message && attempt.message.first !== TESTS[i].message?.first ? said(attempt.message, null) : null,
    h("p", { class: "times faint" }, [attempt.started ? `began ${utc(attempt.started)}` : null, attempt.waited >= 0.1 ? `waited ${duration(attempt.waited)}${attempt.waitedFor ? ` for ${attempt.waitedFor}` : ""}` : null,
      attempt.deadline ? `might take ${duration(attempt.deadline)}` : null].filter(Boolean).join(" · ")),
    evidence ? part("Decided by", h("p", { class: "line" }, h("code", { class: "sign-word" }, evidence.sign), SIGNS[evidence.sign] ? h("span", {}, SIGNS[evidence.sign]) : null, evidence.machine ? h("span", {}, `on ${evidence.machine}`) : null,
      evidence.file ? placeLink(evidence.file, evidence.line) : null, evidence.event ? h("span", { class: "faint" }, fileLink("events.jsonl", `events.jsonl:${evidence.event}`)) : null)) : null,
    attempt.findings.length ? part("Findings", h("ul", { class: "findings" }, attempt.findings.map(f => h("li", {}, h("strong", {}, f.title), ` (${f.check}, ${f.machine}) `, placeLink(f.file, f.line), f.tolerated ? h("span", { class: "faint" }, ` tolerated: ${f.tolerated}`) : null, h("pre", {}, f.text))))) : null,
    attempt.tails.map(tail => part(`Last lines: ${tail.machine}`, consoleLines(tail))),
    attempt.steps.length ? part("Steps", h("ul", { class: "steps" }, attempt.steps.map(step => h("li", {}, badge(step.outcome), " ", h("span", { class: "mono" }, step.step), h("span", { class: "faint" }, ` ${duration(step.seconds)}`), step.message ? h("pre", {}, step.message) : null)))) : null,
    attempt.machines.length ? part("Machines", machines(attempt, logs)) : null,
    attempt.kept.length ? part("Kept", h("ul", { class: "kept" }, attempt.kept.map(kept => h("li", {}, fileLink(kept.file, kept.what), h("span", { class: "faint" }, ` ${kept.machine}, by ${kept.by}`))))) : null,
    attempt.deeds.length ? part(`Commands and waits`, transcript(attempt.deeds, started)) : null,
    attempt.trace ? h("details", {}, h("summary", {}, "Stack trace"), h("pre", {}, attempt.trace)) : null);
}

const part = (title, ...kids) => h("div", { class: "part" }, h("h4", {}, title), ...kids);

function consoleLines(tail) {
  return h("div", { class: "console" }, h("ol", { start: tail.line }, tail.lines.map((line, k) => h("li", { value: tail.line + k }, line))), h("p", {}, placeLink(tail.file, tail.line + tail.lines.length - 1, tail.file)));
}

function machines(attempt, logs) {
  return h("ul", { class: "machines" }, attempt.machines.map(m => {
    const own = logs.filter(log => log.attempt === attempt.number && log.machine === m.name);
    return h("li", {}, h("strong", { class: "mono" }, m.name), h("span", { class: "faint" }, ` ${m.address} `, m.template ? `copy of ${m.template.slice(0, 12)}` : "booted", m.version ? `, ${m.version}` : ""),
      h("p", {}, m.bootSeconds?.length ? m.bootSeconds.map((s, k) => `${k ? `reboot ${k}` : "ready"} in ${duration(s)}`).join(" · ") : "never ready",
        m.processorSeconds ? ` · ${m.processorSeconds.toFixed(1)} CPU s` : "", m.memoryMiB ? ` · ${m.memoryMiB} MiB` : "", m.ended && m.ended !== "disposed" ? h("strong", {}, ` · ${m.ended}`) : ""),
      h("p", { class: "links" }, own.map(log => [h("a", { href: logHash(log.path), class: "button" }, log.path.split("/").pop(), h("small", {}, bytes(log.bytes))), " "]), own.length ? null : h("span", { class: "faint" }, "no log was kept")));
  }));
}

function transcript(deeds, started) {
  const body = h("tbody", {});
  const add = from => {
    body.append(...deeds.slice(from, from + 300).map(deed => h("tr", { class: deed.wait ? (deed.held ? "wait" : "wait bad") : deed.exit === 0 ? "" : "bad" },
      h("td", { class: "num faint" }, started ? `+${((new Date(deed.at) - started) / 1000).toFixed(1)}` : ""), h("td", { class: "faint" }, deed.machine || ""),
      h("td", { class: "mono" }, deed.wait ? h("em", {}, `waited for ${deed.what}`) : deed.what, deed.seen ? h("span", { class: "under" }, `last seen: ${deed.seen}`) : null),
      h("td", { class: "num" }, deed.wait ? (deed.held ? "held" : "in vain") : deed.exit === undefined || deed.exit === null ? "lost" : `exit ${deed.exit}`), h("td", { class: "num faint" }, duration(deed.seconds)))));
    if (from + 300 < deeds.length)
      body.append(h("tr", {}, h("td", { colspan: "5" }, h("button", { type: "button", class: "more", click: event => { event.target.closest("tr").remove(); add(from + 300); } }, `${deeds.length - from - 300} more`))));
  };
  add(0);
  return h("div", { class: "scroll" }, h("table", { class: "transcript" }, h("thead", {}, h("tr", {}, ["s", "machine", "command", "result", "took"].map(text => h("th", { scope: "col" }, text)))), body));
}
