import {
  KeyRingError,
  Refusal,
  RestoreError,
  type RestoreErrorCode,
  type TrailContradictionCode,
  TrailContradictionError,
  UnavailableError,
} from "@agentwrit/authority"
import { DatabaseError } from "@agentwrit/store-sqlite"
import { CheckpointFileError } from "./checkpoint-anchor.ts"
import { ConfigError } from "./config/config.ts"
import { KeyFileError } from "./key-files.ts"
import { RestoresFileError } from "./restores.ts"
import { TlsFileError } from "./tls.ts"

const EXPECTED = [ConfigError, KeyFileError, CheckpointFileError, RestoresFileError, DatabaseError, TlsFileError]

/** What to do. The authority knows no variables and no files, so its errors cannot say. */
const ADVICE: Record<TrailContradictionCode | RestoreErrorCode, string> = {
  trail_contradicts_checkpoint:
    ". Start it with the database that the checkpoint belongs to; if you restored a backup, declare it: start once with " +
    "AA_DECLARE_RESTORE set to a name for this restore, such as the date",
  audit_key_rotated_out: "",
  kept_checkpoint_foreign: ": put back the file, the key, and AA_TRUST_DOMAIN that belong to this trail",
  nothing_restored: ": unset AA_DECLARE_RESTORE, or correct AA_DB_PATH",
  restored_trail_broken: "",
}

/** What the operator reads when the start fails: what is wrong and what to do. Only a bug shows its stack. */
export function startFailure(error: unknown): string {
  if (error instanceof TrailContradictionError || error instanceof RestoreError)
    return `agentwrit-broker: ${error.message}${ADVICE[error.code]}`
  if (error instanceof KeyRingError)
    return `agentwrit-broker: ${error.message}: put the newest key of AA_SIGNING_KEY_PATH back, or delete that file to begin with a new key, which ends every token`
  if (EXPECTED.some((kind) => error instanceof kind)) return `agentwrit-broker: ${(error as Error).message}`
  // The event that records the start could not be written to the trail.
  if (error instanceof Refusal) return `agentwrit-broker: ${error.reason}`
  if (error instanceof UnavailableError)
    return `agentwrit-broker: ${error.message}: check the disk of AA_DB_PATH, and restore the latest backup`
  if (!(error instanceof Error)) return `agentwrit-broker: ${String(error)}`
  const { code, port } = error as NodeJS.ErrnoException & { port?: number }
  if (code === "EADDRINUSE")
    return `agentwrit-broker: port ${port} is taken by another program: set AA_PORT to a free one`
  if (code === "EACCES")
    return "agentwrit-broker: the port may not be opened by this user: set AA_PORT to 1024 or above"
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return "agentwrit-broker: AA_BIND_ADDRESS is not an address of this machine"
  return `agentwrit-broker: ${error.stack ?? error.message}`
}
