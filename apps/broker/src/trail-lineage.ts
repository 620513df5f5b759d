import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { formatVerifierKey, parseVerifierKeys, type VerifierKey, verifierKeyOf } from "@agentwrit/audit"
import {
  type AuditCustody,
  auditOrigin,
  type CheckpointAnchor,
  type DeclaredRestore,
  type Store,
} from "@agentwrit/authority"
import { auditKeyPaths, isCredential } from "@agentwrit/config-file"
import type { SigningKey } from "@agentwrit/core"
import { fileAuditCustody } from "./audit-custody.ts"
import { checkpointPath, fileAnchor } from "./checkpoint-anchor.ts"
import type { Config } from "./config/config.ts"
import {
  createNamedKey,
  KeyFileError,
  type KeySealing,
  keepVerifierKey,
  loadAuditKey,
  loadKey,
  verifierKeyPathOf,
  wasRotated,
} from "./key-files.ts"
import { type RestoreRecord, readRestores, writeRestores } from "./restores.ts"

/**
 * Who signs the trail's checkpoints, and under which name. Each declared restore ends one lineage and begins the next,
 * with its own key, origin and checkpoint file, so that no key ever signs two histories.
 */
export interface TrailLineage {
  readonly key: SigningKey
  /** The first key of the lineage, from which the key of the records' seals derives. */
  readonly firstKey: SigningKey
  readonly custody: AuditCustody
  readonly origin: string
  readonly anchor: CheckpointAnchor
  /** The C2SP verifier key, which others pin. */
  readonly verifierKey: string
  /** The file that holds the verifier key. */
  readonly verifierKeyPath: string
  /** A restore that this start has to carry out. */
  readonly restore?: DeclaredRestore
  /**
   * Records that the restore was carried out, so that its name does not count again. Call it before anything is served.
   */
  readonly recordRestore?: () => void
  /** The name of a declared restore that was carried out before, and is therefore ignored. */
  readonly spentName?: string
}

type LineageConfig = Pick<Config, "auditKeyPath" | "dbPath" | "trustDomain" | "declareRestore">

/** The audit key's path, beside which everything else is written. The folder of systemd's credentials is read-only. */
const writablePath = ({ auditKeyPath, dbPath }: LineageConfig): string =>
  isCredential(auditKeyPath) ? join(dirname(dbPath), basename(auditKeyPath)) : auditKeyPath

/** The files of one lineage. */
interface LineageFiles {
  readonly origin: string
  readonly key: string
  readonly checkpoint: string
}

/**
 * Opens the current lineage or, when a restore is declared, creates the next one. The file `audit.restores` beside the
 * audit key says which lineage is current. It is written last, so that a start that breaks off leaves the old lineage
 * current and the declaration unspent.
 * @param trailExists whether the trail has events. Then a missing key is never replaced.
 * @throws KeyFileError or RestoresFileError
 */
export function openLineage(config: LineageConfig, trailExists: boolean, sealing?: KeySealing): TrailLineage {
  const { trustDomain, declareRestore: name } = config
  const beside = writablePath(config)
  const recordPath = join(dirname(beside), "audit.restores")
  const records = readRestores(recordPath)
  const id = records.at(-1)?.id
  const files = filesOf(config, id)
  if (name === undefined) return currentLineage(config, files, id, trailExists, sealing)
  if (records.some((record) => record.name === name))
    return { ...currentLineage(config, files, id, trailExists, sealing), spentName: name }

  const ended = endedVerifierKey(files, beside, sealing)
  const key = createNamedKey((publicKey) => filesOf(config, idOf(publicKey)).key, sealing)
  const nextId = idOf(key.publicKey)
  const endedText = ended === undefined ? undefined : formatVerifierKey(ended)
  const record: RestoreRecord = { name, id: nextId, ...(endedText !== undefined && { endedVerifierKey: endedText }) }
  const origin = auditOrigin(trustDomain, nextId)
  const verifierKey = formatVerifierKey(verifierKeyOf(origin, key.publicKey))
  const verifierKeyPath = verifierKeyPathOf(beside)
  const { key: path } = filesOf(config, nextId)
  return {
    key,
    firstKey: key,
    custody: fileAuditCustody({ path, origin, verifierKeyPath, sealing }),
    origin,
    verifierKey,
    verifierKeyPath,
    anchor: fileAnchor(filesOf(config, nextId).checkpoint),
    restore: { name, anchor: fileAnchor(files.checkpoint), ...(ended && { verifierKey: ended }) },
    recordRestore() {
      writeRestores(recordPath, [...records, record])
      keepVerifierKey(verifierKeyPath, verifierKey)
    },
  }
}

/** @param id the lineage's id; `undefined` for the first lineage, before any restore. */
function filesOf(config: LineageConfig, id: string | undefined): LineageFiles {
  const origin = auditOrigin(config.trustDomain, id)
  const beside = writablePath(config)
  if (id === undefined) return { origin, key: config.auditKeyPath, checkpoint: checkpointPath(beside) }
  const folder = dirname(beside)
  return { origin, key: join(folder, `audit.${id}.key`), checkpoint: join(folder, `audit.${id}.checkpoint`) }
}

/** The lineage's id comes from its key, so that the key of another lineage is never used for it. */
const idOf = (publicKey: Uint8Array): string => createHash("sha256").update(publicKey).digest("hex").slice(0, 16)

function currentLineage(
  config: LineageConfig,
  { origin, key: path, checkpoint }: LineageFiles,
  id: string | undefined,
  trailExists: boolean,
  sealing: KeySealing | undefined,
): TrailLineage {
  const verifierKeyPath = verifierKeyPathOf(writablePath(config))
  const isKeyExpected = trailExists || id !== undefined
  const { key, verifierKey } = loadAuditKey({ path, origin, verifierKeyPath, trailExists: isKeyExpected, sealing })
  const { first } = auditKeyPaths(path)
  const kept = loadKey(first, sealing)
  if (kept === undefined && wasRotated(verifierKeyPath, verifierKey)) throw firstKeyMissing(first)
  const firstKey = kept ?? key
  if (id !== undefined && idOf(firstKey.publicKey) !== id)
    throw new KeyFileError("key_corrupt", path, "holds another key than its name says: put the right file back")
  const custody = fileAuditCustody({ path, origin, verifierKeyPath, sealing })
  const anchor = fileAnchor(checkpoint)
  return { key, firstKey, custody, origin, verifierKey, verifierKeyPath, anchor }
}

/**
 * Requires the first key of a trail whose events say that the present one followed another: `audit.pub`, which says so
 * too, may be lost with it. Later lineages are named after their first key.
 * @throws KeyFileError
 */
export async function requireFirstKey(
  { firstKey, key, verifierKey }: TrailLineage,
  { auditKeyPath }: LineageConfig,
  { trail }: Store,
): Promise<void> {
  if (firstKey !== key) return
  for (let offset = 0; ; offset += PAGE_SIZE) {
    const { events } = await trail.events({ eventType: "key_rotated", outcome: "success", limit: PAGE_SIZE, offset })
    if (events.some(({ detail }) => detail.endsWith(` ${verifierKey}`)))
      throw firstKeyMissing(auditKeyPaths(auditKeyPath).first)
    if (events.length < PAGE_SIZE) return
  }
}

/** Events that one query reads. */
const PAGE_SIZE = 1000

const firstKeyMissing = (path: string): KeyFileError =>
  new KeyFileError(
    "key_missing",
    path,
    "does not exist, but the audit key was rotated: every record is sealed by the first one, so put it back from your backup",
  )

/** The verifier key of the lineage that ends: from its key or, when that is lost, from the file that others pin. */
function endedVerifierKey(
  { origin, key: path }: LineageFiles,
  beside: string,
  sealing: KeySealing | undefined,
): VerifierKey | undefined {
  const key = loadKey(path, sealing)
  if (key !== undefined) return verifierKeyOf(origin, key.publicKey)
  try {
    return parseVerifierKeys(readFileSync(verifierKeyPathOf(beside), "utf8"))[0]
  } catch {
    return undefined
  }
}
