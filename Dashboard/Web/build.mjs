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
  entryPoints: ['src/main.tsx', 'src/style.css'],
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

const named = Object.entries(result.metafile.outputs);
const built = source => named.find(([, made]) => made.entryPoint === source)[0].split('/').pop();
const html = readFileSync('src/index.html', 'utf8')
  .replace('main.js', built('src/main.tsx'))
  .replace('style.css', built('src/style.css'));
writeFileSync(join(output, 'index.html'), html);

const files = ['build.mjs', 'package-lock.json', 'package.json', 'tsconfig.json', ...sources('src')].sort();
const digest = createHash('sha256');
for (const file of files) {
  digest.update(file).update('\n').update(readFileSync(file));
}
writeFileSync(join(output, 'sources.txt'), digest.digest('hex') + '\n');
