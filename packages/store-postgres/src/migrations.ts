/** The schema's migrations, in order: name and SQL. A released one never changes. */
export const MIGRATIONS: readonly (readonly [name: string, sql: string])[] = [
  [
    "0001-foundation",
    // A record is stored as JSON, beside the columns that queries and conditions use. Instants are milliseconds since
    // the Unix epoch. `event` is the event that last set a row which gives rights.
    `
    -- One row. Whoever commits locks it, so that all brokers append to one chain and one list of revocations.
    create table head (
      id smallint primary key check (id = 1),
      size bigint not null,
      hash bytea not null,
      edge bytea not null,
      revocations bigint not null,
      key_rings bigint not null,
      key_ring_by text
    );

    create table events (
      seq bigint primary key,
      timestamp bigint not null,
      event_type text not null,
      actor text,
      agent_id text,
      task_id text,
      outcome text not null,
      gives_rights boolean not null,
      event json not null
    );
    create index events_by_type on events (event_type, seq);
    create index events_by_timestamp on events (timestamp);
    create index events_by_actor on events (actor, seq) where actor is not null;
    create index events_by_agent_id on events (agent_id, seq) where agent_id is not null;
    create index events_by_task_id on events (task_id, seq) where task_id is not null;
    create index events_denied on events (seq) where outcome = 'denied';

    create table checkpoints (
      size bigint primary key,
      root bytea not null,
      note text not null,
      edge bytea not null,
      head_hash bytea not null
    );

    create table apps (
      seq bigint generated always as identity primary key,
      app_id text not null unique,
      name text not null unique,
      client_id text not null unique,
      orch_ids text[] not null,
      deregistered_at bigint,
      revision bigint not null,
      record json not null,
      mac bytea,
      event bigint
    );
    create index apps_by_orch_id on apps using gin (orch_ids);

    create table launch_tokens (
      hash text collate "C" primary key,
      app_id text,
      created_at bigint not null,
      expires_at bigint not null,
      single_use boolean not null,
      uses bigint not null,
      spent_at bigint,
      record json not null,
      mac bytea,
      event bigint
    );
    create index launch_tokens_by_expiry on launch_tokens (expires_at);
    create index launch_tokens_by_creation on launch_tokens (created_at);

    create table spent_nonces (
      nonce bytea primary key,
      expires_at bigint not null
    );
    create index spent_nonces_by_expiry on spent_nonces (expires_at);

    create table agents (
      seq bigint generated always as identity primary key,
      agent_id text not null unique,
      orch_id text not null,
      task_id text not null,
      app_id text,
      public_key bytea not null,
      jti text not null unique,
      registered_at bigint not null,
      expires_at bigint not null,
      released_at bigint,
      revoked_at bigint,
      expired_at bigint,
      record json not null,
      mac bytea,
      event bigint
    );
    create index agents_by_task_id on agents (task_id, seq);
    create index agents_by_orch_id on agents (orch_id, seq);
    create index agents_by_app_id on agents (app_id, seq) where app_id is not null;
    create index agents_unfinished on agents (expires_at) where released_at is null and expired_at is null;
    create index agents_unsealed on agents (seq) where mac is null;

    create table tokens (
      jti text primary key,
      issued_at bigint,
      expires_at bigint not null,
      revoked_by text[] not null,
      event bigint
    );
    create index tokens_by_expiry on tokens (expires_at);
    create index tokens_by_target on tokens using gin (revoked_by);

    create table revocations (
      seq bigint primary key,
      level text not null,
      target text not null,
      digest bytea not null,
      revoked_at bigint not null,
      before bigint,
      alone boolean not null,
      expires_at bigint,
      prune_after bigint,
      event bigint,
      unique (level, target)
    );
    create index revocations_by_pruning on revocations (prune_after) where prune_after is not null;

    create table key_ring (
      id smallint primary key check (id = 1),
      revision bigint not null,
      record json not null,
      mac bytea,
      event bigint
    );

    create table private_keys (
      name text primary key,
      sealed bytea not null
    );

    -- The brokers that follow the list of revocations.
    create table brokers (
      id text primary key,
      version text not null,
      until timestamptz not null,
      applied bigint not null,
      key_rings bigint not null
    );

    create table leases (
      name text primary key,
      broker text not null,
      until timestamptz not null
    );`,
  ],
]
