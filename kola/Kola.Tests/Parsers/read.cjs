// Prints, as JSON, what readers nobody here wrote make of a file. NODE_PATH says where they are.
//   read.cjs tap FILE              [{name, ok, skip, todo, outcome, parts}], and what the reader complains about
//   read.cjs results TYPE FILE     [{name, status, outcome, attachments}], TYPE junit or nunit
//   read.cjs ctrf FILE             {valid, errors, summary, tests}
const fs = require('node:fs');

function tap(file) {
  const { Parser } = require('tap-parser');
  const tests = [];
  const complaints = [];
  let parts = [];
  for (const [kind, value] of Parser.parse(fs.readFileSync(file, 'utf8'), { strict: true })) {
    if (kind === 'child') {
      parts = value.filter(([k]) => k === 'assert').map(([, a]) => ({ name: a.name, ok: a.ok, skip: a.skip !== false, outcome: a.diag?.outcome }));
      // Only an expectation that is not kept is a failure; the rest is about the text.
      for (const failure of value.find(([k]) => k === 'complete')[1].failures) if (failure.tapError) complaints.push(failure.tapError);
    } else if (kind === 'assert') {
      tests.push({ name: value.name, ok: value.ok, skip: value.skip, todo: value.todo, outcome: value.diag?.outcome, evidence: value.diag?.evidence, message: value.diag?.message, parts: value.closingTestPoint ? parts : [] });
    } else if (kind === 'extra') {
      complaints.push(value);
    } else if (kind === 'complete') {
      for (const failure of value.failures) if (failure.tapError) complaints.push(failure.tapError);
    }
  }

  return { tests, complaints };
}

function results(type, file) {
  const { parse } = require('test-results-parser');
  return parse({ type, files: [file] }).suites.flatMap(suite => suite.cases)
    .map(c => ({ name: c.name, status: c.status, outcome: c.metadata.outcome, failure: c.failure, attachments: c.attachments.map(a => a.path) }));
}

function ctrf(file) {
  const { parse, validate, calculateSummary } = require('ctrf');
  const report = parse(fs.readFileSync(file, 'utf8'));
  return { ...validate(report), summary: calculateSummary(report.results.tests), claimed: report.results.summary, tests: report.results.tests };
}

const [what, ...rest] = process.argv.slice(2);
process.stdout.write(JSON.stringify({ tap, results, ctrf }[what](...rest)));
