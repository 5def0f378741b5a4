import type { ServerResponse } from 'node:http';
import { sendBody } from './send.ts';

const SLICE_MS = 100;
const limits = { bytesPerSecond: { least: 10, most: 100_000_000 }, seconds: { least: 1, most: 86_400 } };

/** `GET /lab/slow?bytesPerSecond=N&seconds=M`: N × M zero bytes with their length, at that pace. 400 for other numbers. */
export function answerSlowDownload(url: URL, response: ServerResponse): void {
  const bytesPerSecond = numberIn(url, 'bytesPerSecond');
  const seconds = numberIn(url, 'seconds');
  if (bytesPerSecond === null || seconds === null) {
    const { bytesPerSecond: bytes, seconds: time } = limits;
    const message = `bytesPerSecond takes a whole number from ${bytes.least} to ${bytes.most}, seconds one from ${time.least} to ${time.most}`;
    sendBody(response, 400, { error: { message } });
    return;
  }
  let left = bytesPerSecond * seconds;
  const type = 'application/octet-stream';
  response.writeHead(200, { 'content-type': type, 'content-length': String(left) });
  response.flushHeaders();
  const slice = Buffer.alloc(Math.ceil((bytesPerSecond * SLICE_MS) / 1000));
  const timer = setInterval(() => {
    const bytes = Math.min(left, slice.length);
    left -= bytes;
    response.write(slice.subarray(0, bytes));
    if (left > 0) return;
    clearInterval(timer);
    response.end();
  }, SLICE_MS);
  response.once('close', () => clearInterval(timer));
}

function numberIn(url: URL, name: keyof typeof limits): number | null {
  const value = Number(url.searchParams.get(name) ?? '');
  const { least, most } = limits[name];
  return Number.isInteger(value) && value >= least && value <= most ? value : null;
}
