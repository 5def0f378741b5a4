import type { Client } from '../client/client.ts';
import { connectOrStart } from '../client/connect.ts';
import { placesOf } from '../client/places.ts';

/** The client that a verb speaks through; starts the daemon where none runs. */
export function daemonClient(): Promise<Client> {
  return connectOrStart(placesOf(process.env), process.env);
}
