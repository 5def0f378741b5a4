/** The client SDK: `import { connectOrStart, placesOf } from 'coxswain'`. */
export { CoxError, ERROR_CATALOGUE, type ErrorCode, type Failure } from '../core/errors.ts';
export type { AnswerBody, EndBody, RunBody } from '../protocol/commands.ts';
export type {
  AnswerView,
  DaemonView,
  ErrorView,
  EventView,
  Inbox,
  InboxEntry,
  NeedView,
  SessionList,
  SessionView,
} from '../protocol/view.ts';
export { Client } from './client.ts';
export { connectIfRunning, connectOrStart } from './connect.ts';
export { type Places, placesOf } from './places.ts';
export { type Transport, unixTransport } from './transport.ts';
