import { createRedactor } from "@agentwrit/audit"
import { type Authority, createAdminSecret, openAuthority, systemClock } from "@agentwrit/authority"
import { createKeyRing } from "@agentwrit/core"
import { SqliteStore } from "@agentwrit/store-sqlite"
import { answerLog } from "./answer-log.ts"
import { openAuditLine } from "./audit-line.ts"
import { createBroker } from "./broker.ts"
import type { Config } from "./config/config.ts"
import { eventLog } from "./event-log.ts"
import { loadOrCreateKey } from "./key-files.ts"
import type { Log } from "./log.ts"
import { Metrics } from "./metrics.ts"
import { tellAll } from "./observers.ts"
import { serve } from "./server.ts"
import { readTls } from "./tls.ts"
import { VERSION } from "./version.ts"

/** Exit code after a fault that left a commit's outcome unknown (sysexits: EX_SOFTWARE). */
export const FAULT_EXIT = 70

/** Milliseconds for which reads and denials go on after such a fault (CONTRACT 4). */
const FAULT_GRACE = 5_000

/** A broker that serves. */
export interface RunningBroker {
  /** Where it listens, as `address:port`, and how: `(TLS)` or `(mTLS)` behind it. */
  readonly listening: string
  /** Lines that `AA_SEED_TOKENS` wants on stdout; empty without it. */
  readonly seedLines: readonly string[]
  /** Reads the certificates again; open connections stay as they are. */
  renewCertificates(): void
  /** Lets requests in flight finish, signs a last checkpoint, closes the database. */
  stop(): Promise<void>
}

/** Puts the broker together: store, keys, authority, app, server. What cannot be put together is closed again. */
export async function start(config: Config, log: Log, onFault: () => void): Promise<RunningBroker> {
  const metrics = new Metrics()
  metrics.watchProcess()
  const { key: signingKey, created } = loadOrCreateKey(config.signingKeyPath)
  if (created) log.ok("keys", "signing key created", { path: config.signingKeyPath })
  const store = await SqliteStore.open({
    path: config.dbPath,
    onFailure: (cause) => {
      onFault()
      endAfterFault(cause, log)
    },
    onStalled: (fault) =>
      log.fail("store", "the database cannot commit: nothing is issued until it can", { cause: fault.message }),
    onRecovered: () => log.ok("store", "the database commits again"),
  })
  let authority: Authority | undefined
  try {
    const line = openAuditLine(config, store.housekeeping.health().trailSize > 0)
    if (line.spentName !== undefined)
      log.warn("CFG", `AA_DECLARE_RESTORE=${line.spentName} has counted already and is ignored: unset it`)
    authority = await openAuthority({
      settings: config,
      store,
      keys: createKeyRing({ current: signingKey }),
      auditKey: line.key,
      origin: line.origin,
      anchor: line.anchor,
      ...(line.restore !== undefined && { restore: line.restore }),
      adminSecret: createAdminSecret(config.adminSecret),
      clock: systemClock,
      observer: tellAll(eventLog(log), metrics.observer),
    })
    if (line.restore !== undefined) {
      line.restored?.()
      log.warn("audit", "restore declared: tell those who keep checkpoints of the new verifier key", {
        restore: line.restore.name,
      })
    }
    log.ok("audit", "checkpoints verify with", { verifier_key: line.verifierKey, file: line.verifierKeyPath })
    reportTrail(authority, log)
    metrics.started(authority.health().auditEventsCount)
    return await listen(config, log, authority, metrics)
  } catch (error) {
    // Closes the store too.
    await (authority ?? store.housekeeping).close()
    throw error
  }
}

async function listen(config: Config, log: Log, authority: Authority, metrics: Metrics): Promise<RunningBroker> {
  const { tls } = config
  const settings = tls.mode === "none" ? undefined : readTls(tls)
  const app = createBroker({
    authority,
    metrics,
    secureTransport: settings !== undefined,
    version: VERSION,
    isTrustedProxy: config.isTrustedProxy,
    ...(config.logLevel === "trace" && { onAnswer: answerLog(log) }),
    onBug: (error, { requestId, path }) =>
      log.fail("http", "a request ran into a bug", {
        request_id: requestId,
        path,
        error: error instanceof Error ? error : String(error),
      }),
  })
  const seeds = config.seedTokens
    ? await authority.seedTokens({ resource: "AA_SEED_TOKENS", source: "local" })
    : undefined
  const server = await serve(app, {
    port: config.port,
    address: config.bindAddress,
    isTrustedProxy: config.isTrustedProxy,
    ...(settings !== undefined && { tls: settings }),
  })
  return {
    seedLines:
      seeds === undefined ? [] : [`SEED_LAUNCH_TOKEN=${seeds.launchToken}`, `SEED_ADMIN_TOKEN=${seeds.adminToken}`],
    listening: addressText(server.address.address, server.address.port) + LISTENING_MODE[tls.mode],
    renewCertificates() {
      if (tls.mode !== "none") server.renewCertificates(readTls(tls))
    },
    async stop() {
      // Streams have no end of their own: they would hold up the stop.
      authority.endFollowing()
      await server.stop()
      await authority.close()
    },
  }
}

const LISTENING_MODE = { none: "", tls: " (TLS)", mtls: " (mTLS)" } as const

/** Address and port as one writes them in a URL. */
export function addressText(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`
}

function reportTrail(authority: Authority, log: Log): void {
  const { auditChain, auditEventsCount, trailProblem } = authority.health()
  if (auditChain === "broken")
    log.fail("audit", "the audit trail does not verify", { events: auditEventsCount, problem: trailProblem })
  else log.ok("audit", "audit trail loaded", { events: auditEventsCount })
}

function endAfterFault(cause: unknown, log: Log): void {
  log.fail("store", "the database failed and the outcome of a commit is unknown: stopping, the next start verifies", {
    cause: cause instanceof Error ? cause : String(cause),
  })
  setTimeout(() => {
    log.flush()
    process.exit(FAULT_EXIT)
  }, FAULT_GRACE)
}

/** Secrets that no log line may hold. */
export const logRedactor = ({ adminSecret }: Pick<Config, "adminSecret">): ((text: string) => string) =>
  createRedactor({ secrets: [adminSecret] })
