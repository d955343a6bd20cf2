// Builds the dashboard into ../Generated, which is committed: a plain `dotnet build` needs no npm. Names carry a hash of
// the content; `sources.txt` holds a digest of what it was built from, which a test compares with what is there.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const output = '../Generated';

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? sources(path) : [path];
  });
}

rmSync(output, { recursive: true, force: true });
mkdirSync(output);
const result = await build({
  entryPoints: ['src/main.ts', 'src/style.css'],
  outdir: output,
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  metafile: true,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  legalComments: 'none',
  loader: { '.svg': 'dataurl' },
});

const { outputs } = result.metafile;
const pathOf = source => Object.keys(outputs).find(path => outputs[path].entryPoint === source);
const nameOf = path => path.split('/').pop();
const importsOf = (path, kind) => outputs[path].imports.filter(i => i.kind === kind).map(i => i.path);
// All that the page begins with comes at once, and not each when another has named it.
const main = pathOf('src/main.ts');
const modules = new Set([main, ...importsOf(main, 'dynamic-import')]);
modules.forEach(path => importsOf(path, 'import-statement').forEach(found => modules.add(found)));
modules.delete(main);
const html = readFileSync('src/index.html', 'utf8')
  .replace('style.css', nameOf(pathOf('src/style.css')))
  .replace('main.js', nameOf(main))
  .replace(/^( *)(.*)modules\.js(.*)$/m, (_, indent, before, after) =>
    [...modules].map(path => `${indent}${before}${nameOf(path)}${after}`).join('\n'));
writeFileSync(join(output, 'index.html'), html);

const files = ['build.mjs', 'package-lock.json', 'package.json', 'tsconfig.json', ...sources('src')].sort();
const digest = createHash('sha256');
for (const file of files) {
  digest.update(file).update('\n').update(readFileSync(file));
}
writeFileSync(join(output, 'sources.txt'), digest.digest('hex') + '\n');
