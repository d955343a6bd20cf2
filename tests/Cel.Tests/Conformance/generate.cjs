// Makes vectors.jsonl and messages.jsonl of the public vectors of the language: `npm install && node generate.cjs`.
// They are of @bufbuild/cel-spec (Apache-2.0, see NOTICE). What off.txt names is left out.
const fs = require("fs");
const path = require("path");
const data = path.join(__dirname, "node_modules/@bufbuild/cel-spec/dist/cjs/testdata");
const off = fs
  .readFileSync(path.join(__dirname, "off.txt"), "utf8")
  .split("\n")
  .filter((line) => line && !line.startsWith("#"))
  .map((line) => line.split("\t")[0]);
const patterns = off.filter((entry) => entry.startsWith("~")).map((entry) => new RegExp(entry.slice(1)));
const isOff = (name, test) =>
  off.some((prefix) => name === prefix || name.startsWith(prefix + "/")) ||
  patterns.some((pattern) => pattern.test(JSON.stringify(test.original)));

function* walk(suite, prefix) {
  for (const inner of suite.suites ?? []) yield* walk(inner, prefix ? `${prefix}/${inner.name}` : inner.name);
  for (const test of suite.tests ?? []) yield [`${prefix}/${test.original.name ?? ""}`, test];
}

const read = (name) => require(path.join(data, `${name}.js`)).tests;
const vectors = [];
for (const [name, test] of walk(read("conformance"), "")) {
  if (!isOff(name, test)) vectors.push(JSON.stringify({ ...test.original, name, type: test.type }));
}
const messages = [];
for (const name of ["parsing", "checking", "comprehension"]) {
  for (const [, test] of walk(read(name), name)) {
    if (test.error && !isOff(`${name}/${test.original.expr}`, test)) {
      messages.push(JSON.stringify({ ...test.original, suite: name, error: test.error }));
    }
  }
}
fs.writeFileSync(path.join(__dirname, "vectors.jsonl"), vectors.join("\n") + "\n");
fs.writeFileSync(path.join(__dirname, "messages.jsonl"), messages.join("\n") + "\n");
console.log(`${vectors.length} vectors, ${messages.length} messages`);
