import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { formatVerifierKey, parseVerifierKey, type VerifierKey, verifierKeyOf } from "@agentwrit/audit"
import { auditOrigin, type CheckpointAnchor, type DeclaredRestore } from "@agentwrit/authority"
import type { SigningKey } from "@agentwrit/core"
import { type CountedRestore, readRestores, writeRestores } from "./audit-restores.ts"
import { checkpointPath, fileAnchor } from "./checkpoint-witness.ts"
import type { Config } from "./config/config.ts"
import { createNamedKey, KeyFileError, keepVerifierKey, loadAuditKey, loadKey, verifierKeyPathOf } from "./key-files.ts"

/**
 * Who signs the trail, and under which name. Each declared restore ends a line and begins the next, with a key, an origin and a
 * kept checkpoint of its own, so that no key ever signs two histories.
 */
export interface AuditLine {
  readonly key: SigningKey
  readonly origin: string
  readonly anchor: CheckpointAnchor
  /** The C2SP verifier key, and the file that holds it. */
  readonly verifierKey: string
  readonly verifierKeyPath: string
  /** A restore that this start has to carry out. */
  readonly restore?: DeclaredRestore
  /** Records that it was carried out: from then on its name counts no more. To be called before anything is served. */
  readonly restored?: () => void
  /** A declared restore that counted before and is therefore none. */
  readonly spentName?: string
}

type LineConfig = Pick<Config, "auditKeyPath" | "trustDomain" | "declareRestore">

/** The files of one line. */
interface LineFiles {
  readonly origin: string
  readonly key: string
  readonly checkpoint: string
}

/**
 * Reads the line that is in force; with a restore declared, makes the one that follows it. Which line is in force is said by
 * `audit.restores` beside the audit key, written last of all: a start that breaks off before that leaves the old line in force and
 * the declaration unspent.
 * @param trailExists whether the trail has events; then a missing key is never replaced.
 * @throws KeyFileError or RestoresFileError
 */
export function openAuditLine(config: LineConfig, trailExists: boolean): AuditLine {
  const { auditKeyPath, trustDomain, declareRestore: name } = config
  const recordPath = join(dirname(auditKeyPath), "audit.restores")
  const record = readRestores(recordPath)
  const id = record.at(-1)?.id
  const files = filesOf(config, id)
  if (name === undefined || record.some((restore) => restore.name === name))
    return { ...presentLine(config, files, id, trailExists), ...(name !== undefined && { spentName: name }) }

  const ended = endedKey(files, auditKeyPath)
  const key = createNamedKey((publicKey) => filesOf(config, idOf(publicKey)).key)
  const next: CountedRestore = {
    name,
    id: idOf(key.publicKey),
    ...(ended && { endedVerifierKey: formatVerifierKey(ended) }),
  }
  const origin = auditOrigin(trustDomain, next.id)
  const verifierKey = formatVerifierKey(verifierKeyOf(origin, key.publicKey))
  const verifierKeyPath = verifierKeyPathOf(auditKeyPath)
  return {
    ...{ key, origin, verifierKey, verifierKeyPath },
    anchor: fileAnchor(filesOf(config, next.id).checkpoint),
    restore: { name, anchor: fileAnchor(files.checkpoint), ...(ended && { verifierKey: ended }) },
    restored() {
      writeRestores(recordPath, [...record, next])
      keepVerifierKey(verifierKeyPath, verifierKey)
    },
  }
}

function filesOf({ auditKeyPath, trustDomain }: LineConfig, id: string | undefined): LineFiles {
  const origin = auditOrigin(trustDomain, id)
  if (id === undefined) return { origin, key: auditKeyPath, checkpoint: checkpointPath(auditKeyPath) }
  const folder = dirname(auditKeyPath)
  return { origin, key: join(folder, `audit.${id}.key`), checkpoint: join(folder, `audit.${id}.checkpoint`) }
}

/** The key names its line, so that a key of another line is never taken for it. */
const idOf = (publicKey: Uint8Array): string => createHash("sha256").update(publicKey).digest("hex").slice(0, 16)

function presentLine(
  { auditKeyPath }: LineConfig,
  { origin, key: path, checkpoint }: LineFiles,
  id: string | undefined,
  trailExists: boolean,
): AuditLine {
  const verifierKeyPath = verifierKeyPathOf(auditKeyPath)
  const { key, verifierKey } = loadAuditKey({
    ...{ path, origin, verifierKeyPath },
    trailExists: trailExists || id !== undefined,
  })
  if (id !== undefined && idOf(key.publicKey) !== id)
    throw new KeyFileError("key_corrupt", path, "holds another key than its name says: put the right file back")
  return { key, origin, verifierKey, verifierKeyPath, anchor: fileAnchor(checkpoint) }
}

/** The verifier key of the line that ends: by its key, or where that is lost, by the file that others pin. */
function endedKey({ origin, key: path }: LineFiles, auditKeyPath: string): VerifierKey | undefined {
  const key = loadKey(path)
  if (key !== undefined) return verifierKeyOf(origin, key.publicKey)
  try {
    return parseVerifierKey(readFileSync(verifierKeyPathOf(auditKeyPath), "utf8").trim())
  } catch {
    return undefined
  }
}
