/** The schema's migrations, in order: name and SQL. A released one never changes. */
export const MIGRATIONS: readonly (readonly [name: string, sql: string])[] = [
  [
    "0001-foundation",
    // The trail's indexes leave out NULL: most filters then cost what they match, and most events cost one or two index
    // entries.
    `
    create table events (
      seq integer primary key,
      timestamp integer not null,
      event_type text not null,
      agent_id text,
      task_id text,
      orch_id text,
      detail text not null,
      resource text,
      outcome text not null,
      deleg_depth integer,
      deleg_chain_hash text,
      bytes_transferred integer,
      hash blob not null,
      prev_hash blob not null
    ) strict;
    create index events_by_agent_id on events (agent_id, seq) where agent_id is not null;
    create index events_by_task_id on events (task_id, seq) where task_id is not null;
    create index events_by_type on events (event_type, seq);
    create index events_by_timestamp on events (timestamp);

    create table checkpoints (
      size integer primary key,
      root blob not null,
      note text not null,
      edge blob not null,
      head_hash blob not null
    ) strict;

    create table apps (
      seq integer primary key,
      app_id text not null unique,
      name text not null unique,
      client_id text not null unique,
      secret_hash blob not null,
      scopes text not null,
      token_ttl integer not null,
      created_at integer not null,
      updated_at integer not null,
      deregistered_at integer,
      revision integer not null
    ) strict;

    create table launch_tokens (
      hash blob primary key,
      agent_name text not null,
      allowed_scope text not null,
      max_ttl integer not null,
      single_use integer not null,
      orch_id text,
      task_id text,
      app_id text,
      created_at integer not null,
      expires_at integer not null,
      spent_at integer
    ) strict, without rowid;
    create index launch_tokens_by_expiry on launch_tokens (expires_at);

    create table spent_nonces (
      nonce blob primary key,
      expires_at integer not null
    ) strict, without rowid;
    create index spent_nonces_by_expiry on spent_nonces (expires_at);

    create table agents (
      seq integer primary key,
      agent_id text not null unique,
      orch_id text not null,
      task_id text not null,
      app_id text,
      public_key blob not null,
      scope text not null,
      ttl integer not null,
      jti text not null unique,
      registered_at integer not null,
      expires_at integer not null,
      released_at integer,
      revoked_at integer,
      expired_at integer
    ) strict;
    create index agents_by_task_id on agents (task_id, seq);
    create index agents_by_orch_id on agents (orch_id, seq);
    -- Agents that may be active, or whose expiry maintenance has yet to record: few, however many there were.
    create index agents_unfinished on agents (expires_at) where released_at is null and expired_at is null;
    create index agents_by_app_id on agents (app_id, seq) where app_id is not null;

    -- Followers resume by seq, so no number may be assigned twice, not even after pruning: hence autoincrement.
    create table revocations (
      seq integer primary key autoincrement,
      level text not null,
      target text not null,
      digest text not null,
      revoked_at integer not null,
      expires_at integer,
      forget_at integer,
      constraint revocations_by_target unique (level, target)
    ) strict;
    create index revocations_by_forgetting on revocations (forget_at) where forget_at is not null;`,
  ],
  [
    "0002-delegated-tokens",
    `
    create table delegated_tokens (
      jti text primary key,
      expires_at integer not null
    ) strict, without rowid;
    create index delegated_tokens_by_expiry on delegated_tokens (expires_at);`,
  ],
  ["0003-denials", "create index events_denied on events (outcome, seq) where outcome = 'denied';"],
  [
    "0004-laws-of-authority",
    `
    alter table events add column actor text;
    alter table events add column source text;
    alter table events add column request_id text;
    alter table events add column data text;
    create index events_by_actor on events (actor, seq) where actor is not null;

    alter table apps add column orch_ids text not null default '[]';
    alter table apps add column roles text not null default '["launcher"]';
    alter table apps add column previous_secret_hash blob;
    alter table apps add column previous_valid_until integer;
    alter table apps add column revoked_at integer;
    create index apps_with_orch_ids on apps (seq) where orch_ids <> '[]';

    alter table launch_tokens add column max_lifetime integer;
    alter table launch_tokens add column uses integer not null default 0;
    create index launch_tokens_by_creation on launch_tokens (created_at);

    alter table agents add column bound integer not null default 0;
    alter table agents add column ends_at integer;

    create table tokens (
      jti text primary key,
      expires_at integer not null,
      revoked_by text not null
    ) strict, without rowid;
    create index tokens_by_expiry on tokens (expires_at);
    insert into tokens select jti, expires_at, '[]' from delegated_tokens;
    drop table delegated_tokens;

    alter table revocations add column before integer;
    alter table revocations add column alone integer not null default 0;

    -- The seal of a row that gives rights, and the event that last set the row; NULL before this migration.
    alter table apps add column mac blob;
    alter table apps add column event integer;
    alter table launch_tokens add column mac blob;
    alter table launch_tokens add column event integer;
    alter table agents add column mac blob;
    alter table agents add column event integer;
    create index agents_unsealed on agents (seq) where mac is null;
    alter table tokens add column event integer;
    alter table revocations add column event integer;`,
  ],
  [
    "0005-affected",
    // Finds the tokens that a revocation ends. Tokens of version 2.0.0 are only found by their jti: it did not store
    // more.
    `
    alter table tokens add column issued_at integer;
    create table token_targets (
      target text not null,
      jti text not null,
      primary key (target, jti)
    ) strict, without rowid;
    insert into token_targets select distinct value, jti from tokens, json_each(revoked_by) where value <> 'all:*';`,
  ],
  [
    "0006-key-ring",
    // One row: the ring changes as a whole.
    `
    create table key_ring (
      id integer primary key check (id = 1),
      revision integer not null,
      keys text not null,
      retired text not null,
      mac blob,
      event integer
    ) strict;`,
  ],
  [
    "0007-table-seal",
    `
    create table table_seal (
      id integer primary key,
      nonce blob not null,
      sum blob not null,
      mac blob not null
    ) strict;`,
  ],
]
