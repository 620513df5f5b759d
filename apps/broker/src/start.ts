import { createRedactor } from "@agentwrit/audit"
import { type Authority, createAdminSecret, deriveRecordsKey, openAuthority, systemClock } from "@agentwrit/authority"
import { SqliteStore } from "@agentwrit/store-sqlite"
import { answerLog } from "./answer-log.ts"
import { createBroker } from "./broker.ts"
import { Certificates } from "./certificates.ts"
import { type Config, refuseExampleHash } from "./config/config.ts"
import { eventLog } from "./event-log.ts"
import { fileCustody, requireReplaceable } from "./key-custody.ts"
import { KeyFileError, type KeySealing } from "./key-files.ts"
import type { Log } from "./log/log.ts"
import { Metrics } from "./metrics.ts"
import { combineObservers } from "./observers.ts"
import { serve } from "./server.ts"
import { openLineage, requireFirstKey } from "./trail-lineage.ts"
import { VERSION } from "./version.ts"

/** Exit code after a fault that left a commit's outcome unknown (sysexits: EX_SOFTWARE). */
const FAULT_EXIT = 70

/** How long reads and denials continue after such a fault (CONTRACT 4). */
const FAULT_GRACE_MS = 5_000

/** A broker that serves. */
export interface RunningBroker {
  /** Its `address:port`, followed by `(TLS)` or `(mTLS)`. */
  readonly listening: string
  /** What `AA_SEED_TOKENS` prints on stdout; empty without it. */
  readonly seedLines: readonly string[]
  /** Reads the TLS files again, if there are any; open connections keep the old certificates. */
  renewCertificates(): void
  /** Lets requests in flight finish, signs a last checkpoint, closes the database. */
  stop(): Promise<void>
}

/** Opens store, keys and authority, then serves the API. A start that fails closes everything that it opened. */
export async function start(config: Config, log: Log): Promise<RunningBroker> {
  await refuseExampleHash(config)
  const metrics = new Metrics()
  metrics.watchProcess()
  const authority = await startAuthority(config, log, metrics)
  try {
    reportTrail(authority, log)
    metrics.started(authority.health().auditEventsCount)
    return await listen(config, log, authority, metrics)
  } catch (error) {
    await authority.close()
    throw error
  }
}

async function startAuthority(config: Config, log: Log, metrics: Metrics): Promise<Authority> {
  const { signingKeyPath: path } = config
  const sealing = sealingOf(config, log)
  const keys = fileCustody(path, { sealing, onCreated: () => log.ok("keys", "signing key created", { path }) })
  const { native } = await keys.load()
  if (config.keyRotationDays > 0) requireReplaceable(path)
  const store = await openStore(config, log)
  let authority: Authority | undefined
  try {
    const lineage = openLineage(config, store.housekeeping.health().trailSize > 0, sealing)
    await requireFirstKey(lineage, config, store)
    const { restore, spentName } = lineage
    if (lineage.key.keyId === native.current.keyId)
      throw new KeyFileError(
        "key_shared",
        config.auditKeyPath,
        "holds the key of AA_SIGNING_KEY_PATH, so who signs tokens could forge the trail: if it is the signing key's copy, move " +
          "the signing key away, and every token ends",
      )
    if (spentName !== undefined)
      log.warn("CFG", `AA_DECLARE_RESTORE=${spentName} was carried out before and is ignored: unset it`)
    authority = await openAuthority({
      settings: config,
      store,
      keys,
      auditKey: lineage.key,
      auditCustody: lineage.custody,
      recordsKey: deriveRecordsKey(lineage.firstKey),
      origin: lineage.origin,
      anchor: lineage.anchor,
      ...(restore !== undefined && { restore }),
      adminSecret: createAdminSecret(config.adminSecret),
      clock: systemClock,
      observer: combineObservers(eventLog(log), metrics.observer),
    })
    if (restore !== undefined) {
      lineage.recordRestore?.()
      log.warn("audit", "restore declared: give the new verifier key to everyone who keeps checkpoints", {
        restore: restore.name,
      })
    }
    log.ok("audit", "checkpoints verify with", { verifier_key: lineage.verifierKey, file: lineage.verifierKeyPath })
    return authority
  } catch (error) {
    // Closing the authority closes the store.
    await (authority ?? store.housekeeping).close()
    throw error
  }
}

function sealingOf({ keyEncryptionKey: key }: Config, log: Log): KeySealing | undefined {
  if (key === undefined) return undefined
  const onPlain = (file: string) =>
    log.warn("keys", "a key file is not sealed, although AA_KEY_ENCRYPTION_KEY is set: run awrit key reseal", { file })
  return { key, onPlain }
}

function openStore({ dbPath }: Config, log: Log): Promise<SqliteStore> {
  return SqliteStore.open({
    path: dbPath,
    onFailure: (cause) => exitAfterFault(cause, log),
    onStalled: (fault) =>
      log.fail("store", "the database cannot commit: nothing is issued until it can", { cause: fault.message }),
    onRecovered: () => log.ok("store", "the database commits again"),
  })
}

async function listen(config: Config, log: Log, authority: Authority, metrics: Metrics): Promise<RunningBroker> {
  const { tls } = config
  const onExpiry = metrics.certificateExpires.bind(metrics)
  const certificates = tls.mode === "none" ? undefined : new Certificates({ tls, log, onExpiry })
  const app = createBroker({
    authority,
    metrics,
    secureTransport: certificates !== undefined,
    version: VERSION,
    isTrustedProxy: config.isTrustedProxy,
    onNoAddress: once((entry) =>
      log.warn("http", "X-Forwarded-For of a trusted proxy holds no address: its clients share the proxy's limits", {
        entry: entry.slice(0, 100),
      }),
    ),
    recordedSource: config.auditSource,
    feedAccess: config.feedAccess,
    corsOrigins: config.corsOrigins,
    ...(config.publicUrl !== undefined && { publicUrl: config.publicUrl }),
    ...(config.logLevel === "trace" && { onAnswer: answerLog(log) }),
    onBug: (error, { requestId, path }) =>
      log.fail("http", "a request ran into a bug", {
        request_id: requestId,
        path,
        error: error instanceof Error ? error : String(error),
      }),
  })
  const server = await serve(app, {
    port: config.port,
    address: config.bindAddress,
    isTrustedProxy: config.isTrustedProxy,
    corsOrigins: config.corsOrigins,
    ...(certificates !== undefined && { tls: certificates.settings }),
  })
  certificates?.watch(server.renewCertificates)
  // After the port is bound: tokens that nobody is shown must not exist.
  const seeds = config.seedTokens
    ? await authority.seedTokens({ resource: "AA_SEED_TOKENS", source: "local" })
    : undefined
  const { address, port } = server.address
  return {
    seedLines:
      seeds === undefined ? [] : [`SEED_LAUNCH_TOKEN=${seeds.launchToken}`, `SEED_ADMIN_TOKEN=${seeds.adminToken}`],
    listening: addressText(address, port) + { none: "", tls: " (TLS)", mtls: " (mTLS)" }[tls.mode],
    renewCertificates: () => certificates?.renew(),
    async stop() {
      certificates?.close()
      // Streams never end by themselves, so they would delay the stop.
      authority.endFollowing()
      try {
        await server.stop()
      } finally {
        await authority.close()
      }
    },
  }
}

/** Calls `report` the first time only. */
function once(report: (entry: string) => void): (entry: string) => void {
  let isReported = false
  return (entry) => {
    if (!isReported) report(entry)
    isReported = true
  }
}

/** Address and port as in a URL. */
export function addressText(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`
}

function reportTrail(authority: Authority, log: Log): void {
  const { auditChain, auditEventsCount, trailProblem } = authority.health()
  if (auditChain === "broken")
    log.fail("audit", "the audit trail does not verify", { events: auditEventsCount, problem: trailProblem })
  else log.ok("audit", "audit trail loaded", { events: auditEventsCount })
}

function exitAfterFault(cause: unknown, log: Log): void {
  process.exitCode = FAULT_EXIT
  log.fail("store", "the database failed and the outcome of a commit is unknown: stopping, the next start verifies", {
    cause: cause instanceof Error ? cause : String(cause),
  })
  setTimeout(() => void log.flush().finally(() => process.exit(FAULT_EXIT)), FAULT_GRACE_MS)
}

/** Removes the admin secret, and what looks like a secret, from every log line. */
export const logRedactor = ({ adminSecret }: Pick<Config, "adminSecret">): ((text: string) => string) =>
  createRedactor({ secrets: [adminSecret] })
