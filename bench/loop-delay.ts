/**
 * Loaded into a daemon with `--import`: tells its parent, when asked, how late its event loop came to what was due
 * since it was last asked.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Milliseconds between two looks; what is measured holds them, so they are taken off. */
const RESOLUTION_MS = 10;

/** How late the event loop was, milliseconds. */
export type LoopDelay = { p50: number; p99: number };

const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
histogram.enable();
process.on('message', () => {
  const late = (percentile: number): number =>
    Math.max(0, histogram.percentile(percentile) / 1e6 - RESOLUTION_MS);
  const said: LoopDelay = { p50: late(50), p99: late(99) };
  histogram.reset();
  process.send?.(said);
});
// The daemon ends when it likes.
process.channel?.unref();
