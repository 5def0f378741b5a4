import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  assertOwnedByUs,
  assertSocketPath,
  ensurePrivateDirectory,
  maxSocketPathBytes,
  UnsafePathError,
} from '../../../src/machine/private-directory.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cox-private-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const mode = (path: string) => statSync(path).mode & 0o777;
const isRoot = process.getuid?.() === 0;

function codeOf(act: () => void): unknown {
  try {
    act();
    return 'safe';
  } catch (error) {
    return error instanceof UnsafePathError ? error.code : error;
  }
}

test('a missing directory is made 0700, its missing parents too, whatever the umask', () => {
  const path = join(root, 'a', 'b');
  const before = process.umask(0);
  try {
    ensurePrivateDirectory(path);
  } finally {
    process.umask(before);
  }
  expect([mode(join(root, 'a')), mode(path)]).toEqual([0o700, 0o700]);
  ensurePrivateDirectory(path);
});

test.each([0o755, 0o777, 0o770, 0o500])('one of ours with other permissions is corrected (%o)', (wrong) => {
  const path = join(root, 'open');
  mkdirSync(path);
  chmodSync(path, wrong);
  ensurePrivateDirectory(path);
  expect(mode(path)).toBe(0o700);
});

test('a symlink is refused, with a trailing slash as well, and its target is left alone', () => {
  const target = join(root, 'target');
  const link = join(root, 'link');
  mkdirSync(target);
  chmodSync(target, 0o755);
  symlinkSync(target, link);
  expect(codeOf(() => ensurePrivateDirectory(link))).toBe('symlink');
  expect(codeOf(() => ensurePrivateDirectory(`${link}/`))).toBe('symlink');
  expect(mode(target)).toBe(0o755);
});

test('files, paths below files and relative paths are refused', () => {
  const file = join(root, 'file');
  writeFileSync(file, '');
  expect(codeOf(() => ensurePrivateDirectory(file))).toBe('not-a-directory');
  expect(codeOf(() => ensurePrivateDirectory(join(file, 'below')))).toBe('not-a-directory');
  expect(codeOf(() => ensurePrivateDirectory('relative'))).toBe('not-absolute');
});

test.runIf(isRoot)('a directory or file of another uid is refused', () => {
  const path = join(root, 'theirs');
  mkdirSync(path, { mode: 0o700 });
  chownSync(path, 65_534, 65_534);
  expect(codeOf(() => ensurePrivateDirectory(path))).toBe('owned-by-other');
  const file = join(root, 'file');
  writeFileSync(file, '', { mode: 0o600 });
  chownSync(file, 65_534, 65_534);
  expect(codeOf(() => assertOwnedByUs(file, 'file'))).toBe('owned-by-other');
});

test('a socket path counts in bytes', () => {
  const fits = `/${'x'.repeat(maxSocketPathBytes - 1)}`;
  expect(codeOf(() => assertSocketPath(fits))).toBe('safe');
  expect(codeOf(() => assertSocketPath(`${fits}x`))).toBe('too-long');
  expect(codeOf(() => assertSocketPath(`/${'ä'.repeat(60)}`))).toBe('too-long');
  expect(codeOf(() => assertSocketPath('relative.sock'))).toBe('not-absolute');
});

test('a file is ours only when nobody else may open it', () => {
  const file = join(root, 'file');
  writeFileSync(file, '', { mode: 0o600 });
  expect(codeOf(() => assertOwnedByUs(file, 'file'))).toBe('safe');
  expect(codeOf(() => assertOwnedByUs(file, 'socket'))).toBe('not-a-socket');
  expect(codeOf(() => assertOwnedByUs(root, 'file'))).toBe('not-a-file');
  expect(codeOf(() => assertOwnedByUs(join(root, 'none'), 'file'))).toBe('missing');
  symlinkSync(file, join(root, 'link'));
  expect(codeOf(() => assertOwnedByUs(join(root, 'link'), 'file'))).toBe('symlink');
  chmodSync(file, 0o640);
  expect(codeOf(() => assertOwnedByUs(file, 'file'))).toBe('too-open');
});

test('a socket is ours only when nobody else may connect', async () => {
  const path = join(root, 's');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    chmodSync(path, 0o600);
    expect(codeOf(() => assertOwnedByUs(path, 'socket'))).toBe('safe');
    chmodSync(path, 0o666);
    expect(codeOf(() => assertOwnedByUs(path, 'socket'))).toBe('too-open');
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
