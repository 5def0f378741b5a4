import { inspectDatabase } from '../../store/inspect.ts';

/** `node inspect-main.js FILE`: what a look at a state database finds, as JSON; 1 and its words where it fails. */
try {
  process.stdout.write(JSON.stringify(inspectDatabase(process.argv[2] ?? '')));
} catch (error) {
  process.stdout.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
