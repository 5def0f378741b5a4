import { destination, type Logger, pino } from 'pino';

/** One JSON line for each event, written before the call returns: the last line before a crash is on disk. */
export function openLog(file: string, level: string): Logger {
  return pino(
    { level, base: { pid: process.pid } },
    destination({ dest: file, mode: 0o600, sync: true, mkdir: false }),
  );
}
