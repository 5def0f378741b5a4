/** The first schema. Times are milliseconds since the epoch; `*_json` columns are JSON text. */
export const FIRST = `
create table meta (key text primary key, value text not null) strict;

create table launches (
  identity text primary key,
  launch_json text not null
) strict;

create table servers (
  instance text primary key,
  identity text not null references launches (identity),
  server_json text not null,
  started_at integer not null,
  ended_at integer
) strict;
create index servers_live on servers (identity) where ended_at is null;

create table sessions (
  id text primary key,
  name text,
  thread text,
  identity text not null references launches (identity),
  phase text not null,
  ended integer not null,
  attention_since integer,
  created_at integer not null,
  updated_at integer not null,
  wake_at integer,
  seq integer not null,
  session_json text not null,
  policy_json text not null
) strict;
create index sessions_name on sessions (name) where name is not null;
create index sessions_thread on sessions (thread) where thread is not null;
create index sessions_open on sessions (created_at) where ended = 0;
create index sessions_attention on sessions (attention_since) where attention_since is not null;
create index sessions_created on sessions (created_at);

create table facts (
  seq integer primary key autoincrement,
  session text not null references sessions (id) deferrable initially deferred,
  at integer not null,
  source text not null,
  type text not null,
  cause integer,
  body_json text not null
) strict;
create index facts_session on facts (session, seq);

create table requests (
  id text primary key,
  session text not null references sessions (id) deferrable initially deferred,
  open integer not null
) strict;
create index requests_open on requests (session) where open = 1;

create table receipts (
  command text primary key,
  session text not null,
  at integer not null,
  reply_json text not null
) strict;

create table outbox (
  id integer primary key autoincrement,
  session text not null references sessions (id) deferrable initially deferred,
  key text not null,
  cause integer not null,
  action_json text not null,
  queued_at integer not null,
  leased_by text,
  leased_at integer
) strict;
create unique index outbox_key on outbox (session, key);
`;
