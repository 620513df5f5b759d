-- A database as a broker of version 2.0.0 left it, with the signing key of 32 bytes 01 and the audit key of 32 bytes 02.
CREATE TABLE kysely_migration (name varchar(255) not null primary key, timestamp varchar(255) not null);
CREATE TABLE events ( seq integer primary key, timestamp integer not null, event_type text not null, agent_id text, task_id text, orch_id text, detail text not null, resource text, outcome text not null, deleg_depth integer, deleg_chain_hash text, bytes_transferred integer, hash blob not null, prev_hash blob not null ) strict;
CREATE INDEX events_by_agent_id on events (agent_id, seq) where agent_id is not null;
CREATE INDEX events_by_task_id on events (task_id, seq) where task_id is not null;
CREATE INDEX events_by_type on events (event_type, seq);
CREATE INDEX events_by_timestamp on events (timestamp);
CREATE TABLE checkpoints ( size integer primary key, root blob not null, note text not null, edge blob not null, head_hash blob not null ) strict;
CREATE TABLE apps ( seq integer primary key, app_id text not null unique, name text not null unique, client_id text not null unique, secret_hash blob not null, scopes text not null, token_ttl integer not null, created_at integer not null, updated_at integer not null, deregistered_at integer, revision integer not null ) strict;
CREATE TABLE launch_tokens ( hash blob primary key, agent_name text not null, allowed_scope text not null, max_ttl integer not null, single_use integer not null, orch_id text, task_id text, app_id text, created_at integer not null, expires_at integer not null, spent_at integer ) strict, without rowid;
CREATE INDEX launch_tokens_by_expiry on launch_tokens (expires_at);
CREATE TABLE spent_nonces ( nonce blob primary key, expires_at integer not null ) strict, without rowid;
CREATE INDEX spent_nonces_by_expiry on spent_nonces (expires_at);
CREATE TABLE agents ( seq integer primary key, agent_id text not null unique, orch_id text not null, task_id text not null, app_id text, public_key blob not null, scope text not null, ttl integer not null, jti text not null unique, registered_at integer not null, expires_at integer not null, released_at integer, revoked_at integer, expired_at integer ) strict;
CREATE INDEX agents_by_task_id on agents (task_id, seq);
CREATE INDEX agents_by_orch_id on agents (orch_id, seq);
CREATE INDEX agents_unfinished on agents (expires_at) where released_at is null and expired_at is null;
CREATE INDEX agents_by_app_id on agents (app_id, seq) where app_id is not null;
CREATE TABLE revocations ( seq integer primary key autoincrement, level text not null, target text not null, digest text not null, revoked_at integer not null, expires_at integer, forget_at integer, constraint revocations_by_target unique (level, target) ) strict;
CREATE INDEX revocations_by_forgetting on revocations (forget_at) where forget_at is not null;
CREATE TABLE delegated_tokens ( jti text primary key, expires_at integer not null ) strict, without rowid;
CREATE INDEX delegated_tokens_by_expiry on delegated_tokens (expires_at);
CREATE INDEX events_denied on events (outcome, seq) where outcome = 'denied';
insert into kysely_migration values ('0001-foundation', '2026-11-30T06:55:00.920Z');
insert into kysely_migration values ('0002-delegated-tokens', '2026-11-30T06:55:00.928Z');
insert into kysely_migration values ('0003-denials', '2026-11-30T06:55:00.932Z');
insert into events values (1, 1767225600000, 'admin_auth', 'admin', NULL, NULL, 'admin signed in, token f5b8ec0e68e3bf44565298eaa0841c78 for 300 s', '/test', 'success', NULL, NULL, NULL, X'0A195C7409D2F401B2E054274F180538C81B3FA27DBE87DFD0C5F2E86F8DD3CE', X'0000000000000000000000000000000000000000000000000000000000000000');
insert into events values (2, 1767225600000, 'app_registered', 'admin', NULL, NULL, 'app-crm-6441f3 registered: client crm-c09615741a7c, ceiling read:data:*, token ttl 1800 s', '/test', 'success', NULL, NULL, NULL, X'A20E7B27103A2F2AC7161B7588E2E10EC0CC1437AE78949AE4366D6FB821B963', X'0A195C7409D2F401B2E054274F180538C81B3FA27DBE87DFD0C5F2E86F8DD3CE');
insert into events values (3, 1767225600000, 'app_authenticated', 'app:app-crm-6441f3', NULL, NULL, 'app signed in, token 3c3544a91261088ad60844744f323923 for 1800 s', '/test', 'success', NULL, NULL, NULL, X'79BCF5E62AF8CA14F262DA4349862A33137C7ABB366C3F9538358CA2D1B78EE4', X'A20E7B27103A2F2AC7161B7588E2E10EC0CC1437AE78949AE4366D6FB821B963');
insert into events values (4, 1767225600000, 'launch_token_issued', 'app:app-crm-6441f3', NULL, NULL, 'launch token for worker: scope read:data:*, max ttl 3153600000 s, single use, valid 86400 s', '/test', 'success', NULL, NULL, NULL, X'92637768608466274339C76EBDA9F2B792CD8D7518E805B4E85F44014D7309D6', X'79BCF5E62AF8CA14F262DA4349862A33137C7ABB366C3F9538358CA2D1B78EE4');
insert into events values (5, 1767225600000, 'agent_registered', 'spiffe://agentwrit.local/agent/crm/t-1/8cf51fccb109d165', 't-1', 'crm', 'agent worker registered', '/test', 'success', NULL, NULL, NULL, X'7354423458A9D7041B332C8E831EC9C6F57D5F9C4DAB9106CCC60394F334F9D7', X'92637768608466274339C76EBDA9F2B792CD8D7518E805B4E85F44014D7309D6');
insert into events values (6, 1767225600000, 'token_issued', 'spiffe://agentwrit.local/agent/crm/t-1/8cf51fccb109d165', 't-1', 'crm', 'token 2d04f9b7eb7ff7dbaa5074f1ce1f85c8 issued: scope read:data:7, ttl 3153600000 s', '/test', 'success', NULL, NULL, NULL, X'19BBD072B85C1227695B210A78CF1FF47C62625FE42F30D07274BA042330751E', X'7354423458A9D7041B332C8E831EC9C6F57D5F9C4DAB9106CCC60394F334F9D7');
insert into events values (7, 1767225600000, 'launch_token_issued', 'app:app-crm-6441f3', NULL, NULL, 'launch token for worker: scope read:data:*, max ttl 3153600000 s, single use, valid 86400 s', '/test', 'success', NULL, NULL, NULL, X'F0182699335098E7D7453B2F7905EACB8D289D4FA29D5924FD2555ABBBBA6D9B', X'19BBD072B85C1227695B210A78CF1FF47C62625FE42F30D07274BA042330751E');
insert into events values (8, 1767225600000, 'agent_registered', 'spiffe://agentwrit.local/agent/crm/t-2/2de7796314cb9e83', 't-2', 'crm', 'agent worker registered', '/test', 'success', NULL, NULL, NULL, X'5753D6A62E586B54894D5935B1162899EAE3035DD230503FD64CDF3C9A729DF9', X'F0182699335098E7D7453B2F7905EACB8D289D4FA29D5924FD2555ABBBBA6D9B');
insert into events values (9, 1767225600000, 'token_issued', 'spiffe://agentwrit.local/agent/crm/t-2/2de7796314cb9e83', 't-2', 'crm', 'token e90058fc8d87bec56ea57beda5eef8b1 issued: scope read:data:7, ttl 3153600000 s', '/test', 'success', NULL, NULL, NULL, X'FA16173D4202D7DD4B2653ACF0EFFEDC09E450210DD1F7D17B1B42E35780649A', X'5753D6A62E586B54894D5935B1162899EAE3035DD230503FD64CDF3C9A729DF9');
insert into events values (10, 1767225600000, 'launch_token_issued', 'app:app-crm-6441f3', NULL, NULL, 'launch token for worker: scope read:data:*, max ttl 3153600000 s, single use, valid 86400 s', '/test', 'success', NULL, NULL, NULL, X'A0035E21E92DD0A07DA647E8EC393CEC54EC125D21A6B417AEBFCE5D61017E4B', X'FA16173D4202D7DD4B2653ACF0EFFEDC09E450210DD1F7D17B1B42E35780649A');
insert into events values (11, 1767225600000, 'agent_registered', 'spiffe://agentwrit.local/agent/crm/t-9/b7fb6cd2c9e1b088', 't-9', 'crm', 'agent worker registered', '/test', 'success', NULL, NULL, NULL, X'92A0F1D46DB80E7C8246074DB30ACEB6B5E49453FD04F8F133BA5F775712C056', X'A0035E21E92DD0A07DA647E8EC393CEC54EC125D21A6B417AEBFCE5D61017E4B');
insert into events values (12, 1767225600000, 'token_issued', 'spiffe://agentwrit.local/agent/crm/t-9/b7fb6cd2c9e1b088', 't-9', 'crm', 'token 941eaa7a8fbad1d29494f4afd0284375 issued: scope read:data:7, ttl 3153600000 s', '/test', 'success', NULL, NULL, NULL, X'5B2767D3A54E6A19DA510BDA050E2A1E33264236A56ED3D713786631EB3AACC6', X'92A0F1D46DB80E7C8246074DB30ACEB6B5E49453FD04F8F133BA5F775712C056');
insert into events values (13, 1767225600000, 'delegation_created', 'spiffe://agentwrit.local/agent/crm/t-1/8cf51fccb109d165', 't-1', 'crm', 'token 39c0801fcbfe73ab414c960ece368e6d delegated to spiffe://agentwrit.local/agent/crm/t-2/2de7796314cb9e83: scope read:data:7, ttl 3153600000 s', '/test', 'success', 1, 'b619bde47eca9a6c172f7bfd20f83ddafa1d089be1c334031ba905cd9816b3d7', NULL, X'60F3B5C1F4DD1472F78B0B14855880BA4B3FE9912A75B6E95F1F55FB9BB3FF7B', X'5B2767D3A54E6A19DA510BDA050E2A1E33264236A56ED3D713786631EB3AACC6');
insert into events values (14, 1767225600000, 'token_revoked', 't-9', 't-9', NULL, 'revoked at level task by admin', '/test', 'success', NULL, NULL, NULL, X'C9609FCADF4D5DDDE9FC7F6FAA67FF435CA28D44CFFEB09E4DB466340A215A16', X'60F3B5C1F4DD1472F78B0B14855880BA4B3FE9912A75B6E95F1F55FB9BB3FF7B');
insert into checkpoints values (14, X'5399F7BC3485B70D5C2048FDC158F5C6A75B85EBC1115250272B38BA8F8EBBC4', 'agentwrit.local/audit
14
U5n3vDSFtw1cIEj9wVj1xqdbhevBEVJQJys4uo+Ou8Q=

— agentwrit.local/audit iSF5LgDp1dYiRlksIHJzpX74aKw1LNovnUub4ZWHfKO51g5Rl+vgyWRDt3ba38Q0KC3LHOoVZQxASiSC5m0JdHMeXws=
', X'000000000000000E0A18BA05AB9DCF7900960F686E9AE7ECB184C7967149BBB0A641C71679ABCDB67104A31C7E02B7ED77108B623212E809831F150A222AD3F9F97F94C8A71A5E65A09C28F464662D6A790575E93F4CD169ABE3EDE1B8E0CA870549E97438813CCD', X'C9609FCADF4D5DDDE9FC7F6FAA67FF435CA28D44CFFEB09E4DB466340A215A16');
insert into apps values (1, 'app-crm-6441f3', 'crm', 'crm-c09615741a7c', X'8ECC62E8390A8C6A2B1540590F18439D05D82CA7145B29D5557CE069D53C0AED', '["read:data:*"]', 1800, 1767225600000, 1767225600000, NULL, 1);
insert into launch_tokens values (X'115FFC59C6AB9F2AB405E2603F3EB49146A2AD8AB6CEB76EB1D94E17D8B857CD', 'worker', '["read:data:*"]', 3153600000, 1, NULL, NULL, 'app-crm-6441f3', 1767225600000, 1767312000000, 1767225600000);
insert into launch_tokens values (X'14FD85498E29780BDB2EB9D4817FC324A71B4414D91DA4F11ABB321FE5E5399F', 'worker', '["read:data:*"]', 3153600000, 1, NULL, NULL, 'app-crm-6441f3', 1767225600000, 1767312000000, 1767225600000);
insert into launch_tokens values (X'5F618099F9223F548E98C17C79A456620853BD5B1391CD35550E40386334F144', 'worker', '["read:data:*"]', 3153600000, 1, NULL, NULL, 'app-crm-6441f3', 1767225600000, 1767312000000, 1767225600000);
insert into spent_nonces values (X'019B76DB1D305B2C28A1FAD88E018248885C87F440BB293DF511C2E920FAEC0A', 1767225630000);
insert into spent_nonces values (X'019B76DB1D308DAC7030707BCBD0081A6FB544BEABA2B36FAF00AEF2BFBA94B6', 1767225630000);
insert into spent_nonces values (X'019B76DB1D30D435991636710E019C43044647C91E1D6A241EB0379E6972D2A5', 1767225630000);
insert into agents values (1, 'spiffe://agentwrit.local/agent/crm/t-1/8cf51fccb109d165', 'crm', 't-1', 'app-crm-6441f3', X'2515D39A2DF844EA485BA5DD2148A0C978A1B0E577EBAE6CA73F4541810126AD', '["read:data:7"]', 3153600000, '2d04f9b7eb7ff7dbaa5074f1ce1f85c8', 1767225600000, 4920825600000, NULL, NULL, NULL);
insert into agents values (2, 'spiffe://agentwrit.local/agent/crm/t-2/2de7796314cb9e83', 'crm', 't-2', 'app-crm-6441f3', X'667FD19A0DDC731E55FC12DBD48D6E526ECA2E8FC93FA35EECFBD10697184E14', '["read:data:7"]', 3153600000, 'e90058fc8d87bec56ea57beda5eef8b1', 1767225600000, 4920825600000, NULL, NULL, NULL);
insert into agents values (3, 'spiffe://agentwrit.local/agent/crm/t-9/b7fb6cd2c9e1b088', 'crm', 't-9', 'app-crm-6441f3', X'0929CDC8A3F5C1753112A6027BA7B19F9287DDD01D47336F538E8A5EEEC2F18A', '["read:data:7"]', 3153600000, '941eaa7a8fbad1d29494f4afd0284375', 1767225600000, 4920825600000, NULL, NULL, NULL);
insert into revocations values (1, 'task', 't-9', 'kqeRcOoGqsFMAUmrDcuKOoUAU1j0NdsMPhUpQkjOsFY', 1767225600000, NULL, NULL);
insert into delegated_tokens values ('39c0801fcbfe73ab414c960ece368e6d', 4920825600000);
pragma application_id = 1096241748;
