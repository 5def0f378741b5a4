/** Run as a process, since it takes up to a minute: fills a database with a past. FILE SESSIONS FACTS */
import { seedPast } from '../test/state/seed.ts';

const [file = '', sessions, facts] = process.argv.slice(2);
seedPast(file, { sessions: Number(sessions), facts: Number(facts), seed: 1 });
