/** The client SDK: `import { connectOrStart, placesOf } from 'coxswain'`. */
export { CoxError, ERROR_CATALOGUE, type ErrorCode, type Failure } from '../core/errors.ts';
export type { AnswerBody, EndBody, ResumeBody, RunBody, SendBody } from '../protocol/commands.ts';
export type { AttachView, DiffView } from '../protocol/diff-view.ts';
export { type LogEntry, type LogView, logEntry, logLines } from '../protocol/log.ts';
export type { ReportView } from '../protocol/report-view.ts';
export type {
  AnswerView,
  DaemonView,
  ErrorView,
  EventPage,
  EventView,
  Inbox,
  InboxEntry,
  NeedView,
  RemovedView,
  SendView,
  SessionList,
  SessionView,
} from '../protocol/view.ts';
export { Client } from './client.ts';
export { connectIfRunning, connectOrStart } from './connect.ts';
export { type Places, placesOf } from './places.ts';
export { type Transport, unixTransport } from './transport.ts';
