// Elements, words and links. Text of machines reaches the page through h() only, as text.

const DATA = JSON.parse(document.getElementById("data").textContent);
const TESTS = DATA.tests;

// Gravest first; the glyph says the same as the colour.
const OUTCOMES = [
  ["failed", "✗", "the image is wrong"],
  ["broken", "▲", "the place is wrong; nothing is said about the image"],
  ["not-run", "○", "planned and without a result"],
  ["flaky", "≈", "failed, and passed on a retry"],
  ["known", "◆", "failed, and a dated policy entry covers that"],
  ["skipped", "–", "not run on purpose"],
  ["passed", "✓", "everything held"],
];
const GLYPH = Object.fromEntries(OUTCOMES.map(([word, glyph]) => [word, glyph]));
const MEANING = Object.fromEntries(OUTCOMES.map(([word, , meaning]) => [word, meaning]));
const GRAVITY = Object.fromEntries(OUTCOMES.map(([word], i) => [word, i]));
const isBad = outcome => outcome === "failed" || outcome === "broken" || outcome === "not-run";
const isLoud = outcome => isBad(outcome) || outcome === "flaky" || outcome === "known";

const $ = id => document.getElementById(id);

function h(tag, props, ...kids) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "click") element.addEventListener("click", value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...kids.flat(3).filter(kid => kid !== null && kid !== undefined && kid !== false));
  return element;
}

function svg(tag, props, ...kids) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, value);
  element.append(...kids);
  return element;
}

const badge = outcome => h("span", { class: `badge o-${outcome}`, title: MEANING[outcome] }, h("span", { "aria-hidden": "true" }, GLYPH[outcome] || "?"), outcome);

function section(id, title, note, ...kids) {
  return h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title, note ? h("small", {}, note) : null), ...kids);
}

function duration(seconds) {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.round(seconds);
  if (seconds < 9.995) return `${Math.max(0, seconds).toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 3599.5) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor(whole % 3600 / 60)} min`;
}

const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
const bytes = n => n < 1024 ? `${n} B` : n < 1048576 ? `${(n / 1024).toFixed(0)} KiB` : `${(n / 1048576).toFixed(1)} MiB`;
const utc = at => at ? new Date(at).toISOString().replace("T", " ").slice(0, 19) + " UTC" : "?";

// A path of the run's directory: whatever it is called, it leads nowhere else.
const fileHref = path => "./" + path.split("/").filter(part => part !== ".." && part !== "." && part !== "").map(encodeURIComponent).join("/");
const fileLink = (path, text) => h("a", { href: fileHref(path), target: "_blank", rel: "noopener" }, text || path);

// What a policy or a message calls a link is one only if a browser may follow it.
const webLink = address => /^https?:\/\/[^\s]+$/i.test(address) ? h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, address) : h("span", {}, address);

const logHash = (path, line) => `#log=${encodeURIComponent(path)}${line ? `:${line}` : ""}`;
const testHash = id => `#test=${encodeURIComponent(id)}`;

// A place in a log: opens here when the log can be read here, and as a file else.
function placeLink(file, line, text) {
  const shown = text || `${file}${line ? `:${line}` : ""}`;
  return isLog(file) ? h("a", { href: logHash(file, line), class: "mono" }, shown) : h("span", { class: "mono" }, fileLink(file, shown));
}
const isLog = file => /\/(console\.txt|journal\.txt|ssh\.log)$/.test(file);

const testLink = id => h("a", { href: testHash(id), class: "mono" }, id);

// Details are packed so that the page is small and its first picture early.
let unpacking = null;
function details() {
  return unpacking ??= inflate($("details").textContent.trim()).then(JSON.parse);
}

async function inflate(packed) {
  if (typeof DecompressionStream === "undefined") throw new Error("this browser cannot inflate (DecompressionStream is missing)");
  const text = atob(packed), data = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) data[i] = text.charCodeAt(i);
  return await new Response(new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

// Kept between reports, where the browser lets a file keep something.
function remember(name, value) {
  try {
    if (value !== undefined) localStorage.setItem(`kola-${name}`, value);
    return localStorage.getItem(`kola-${name}`);
  } catch {
    return null;
  }
}

function announce(text) {
  const status = $("status");
  if (status) status.textContent = text;
}
