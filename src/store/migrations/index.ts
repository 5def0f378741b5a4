import { FIRST } from './0001-first.ts';
import { PAST } from './0002-past.ts';

/** Every migration in order; the database's user_version counts how many have been applied. */
export const MIGRATIONS: readonly string[] = [FIRST, PAST];
