// Packs the package as npm would publish it, and has the tarball judged: publint for its package.json, are-the-types-wrong for how its types
// resolve, and our own look at what is inside.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'libssl-package-'));
try {
  const [packed] = JSON.parse(npm('pack', '--ignore-scripts', '--json', '--pack-destination', folder));
  const tarball = join(folder, packed.filename);
  const failures = [
    ...strangers(packed.files.map((/** @type {{ path: string }} */ file) => file.path)),
    ...judged('publint', 'run', tarball, '--strict'),
    ...judged('attw', tarball, '--profile', 'esm-only', '--no-emoji', '--no-color', '--format', 'table-flipped'),
  ];
  console.log(`${packed.filename}: ${packed.entryCount} files, ${Math.round(packed.size / 1024)} kB packed`);
  if (failures.length > 0) {
    console.log(failures.join('\n\n'));
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}

/**
 * Files that nobody needs who uses the package, and the ones that must be there.
 * @param {string[]} paths
 */
function strangers(paths) {
  const wanted = /^(dist|src)\/.*(?<!\.test)\.(ts|js|map)$|^(package\.json|README\.md|LICENSE|NOTICE|CHANGELOG\.md|SECURITY\.md)$/;
  const unwanted = paths.filter((path) => !wanted.test(path) || path.includes('.test.')).map((path) => `packed by mistake: ${path}`);
  const missing = ['README.md', 'LICENSE', 'dist/index.js', 'dist/cli/main.js'].filter((path) => !paths.includes(path));
  return [...unwanted, ...missing.map((path) => `missing from the package: ${path}`)];
}

/**
 * @param {string} tool
 * @param {string[]} args
 */
function judged(tool, ...args) {
  try {
    execFileSync(join('node_modules', '.bin', tool), args, { encoding: 'utf8', stdio: 'pipe', shell: process.platform === 'win32' });
    return [];
  } catch (error) {
    const { stdout = '', stderr = '' } = /** @type {{ stdout?: string, stderr?: string }} */ (error);
    return [`${tool}:\n${stdout}${stderr}`.trim()];
  }
}

/** @param {string[]} args */
function npm(...args) {
  return execFileSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], shell: process.platform === 'win32' });
}
