/**
 * Run as a process: follows the events of the daemon that COX_HOME names until so many runs have ended (first
 * argument), then prints how long each event was under way, in milliseconds, as one JSON list. Says `ready` first.
 * A process of its own, so that what else the bench does delays nothing here.
 */
import { connectIfRunning, placesOf } from '../src/client/index.ts';

const wanted = Number(process.argv[2]);
const client = await connectIfRunning(placesOf(process.env));
if (client === null) throw new Error('no daemon runs');
const abort = new AbortController();
const lags: number[] = [];
let ended = 0;
const events = await client.events('now', abort.signal);
process.stdout.write('ready\n');
for await (const { at, type } of events) {
  lags.push(Date.now() - Date.parse(at));
  if (type === 'run-ended') ended += 1;
  if (ended === wanted) break;
}
abort.abort();
process.stdout.write(`${JSON.stringify(lags)}\n`);
