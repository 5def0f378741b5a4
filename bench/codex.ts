import { fileURLToPath } from 'node:url';
import { findCodex } from '../src/codex/launch/binary.ts';

/** The native executable of this repository's own Codex, without the npm launcher around it. */
export async function nativeCodex(): Promise<string> {
  const flag = fileURLToPath(new URL('../node_modules/.bin/codex', import.meta.url));
  const { path } = await findCodex({ flag, environment: { PATH: process.env.PATH ?? '' }, cwd: '/' });
  return path;
}
