/** Holds the repository against its own rules; prints each violation and ends with 1 when there is one. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { corePurity } from './checks/core-purity.ts';
import { documents } from './checks/documents.ts';
import { fileSize } from './checks/file-size.ts';
import { layers } from './checks/layers.ts';
import { sleeps } from './checks/sleeps.ts';
import { startPath } from './checks/start-path.ts';
import { words } from './checks/words.ts';
import { readTree } from './read-tree.ts';

const checks = [fileSize, layers, startPath, corePurity, documents, words, sleeps];

const tree = readTree(dirname(dirname(fileURLToPath(import.meta.url))));
const violations = checks.flatMap((check) => check(tree));
for (const { file, line, rule, message, remedy } of violations) {
  console.log(`${file}:${line} ${rule}: ${message} (${remedy})`);
}
console.log(`${checks.length} checks, ${tree.files.size} files, ${violations.length} violations`);
process.exitCode = violations.length === 0 ? 0 : 1;
