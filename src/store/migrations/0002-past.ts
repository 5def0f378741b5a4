/**
 * The fold of a session moves out of its row into a snapshot of its own, which is written now and then; the row
 * keeps what lists and look-ups need. Folds of before are not taken over: each is made anew from its facts.
 */
export const PAST = `
alter table sessions add column ended_at integer;
alter table sessions add column archived integer not null default 0;
alter table sessions add column removed_at integer;
alter table sessions add column view_version integer;
alter table sessions add column view_json text;
update sessions set ended_at = coalesce(json_extract(session_json, '$.run.endedAt'), updated_at) where ended = 1;
alter table sessions drop column session_json;

create table snapshots (
  session text primary key references sessions (id),
  seq integer not null,
  version integer not null,
  session_json text not null
) strict;

create index sessions_due on sessions (id) where ended = 1 and wake_at is not null;
create index sessions_identity on sessions (identity, ended);
create index sessions_shown on sessions (created_at) where archived = 0 and removed_at is null;
create index sessions_ended on sessions (ended_at) where ended = 1 and archived = 0 and removed_at is null;
create index sessions_removed on sessions (removed_at) where removed_at is not null;
create index requests_session on requests (session);
create index receipts_session on receipts (session);
`;
