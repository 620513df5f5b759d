import { formatVerifierKey, verifierKeyOf } from "@agentwrit/audit"
import { type AuditCustody, newPrivateKey, signingKeyOf } from "@agentwrit/authority"
import { auditKeyPaths } from "@agentwrit/config-file"
import { keeping, moveIfThere, requireReplaceable } from "./key-custody.ts"
import { followVerifierKey, type KeySealing, loadKey, readKeyFile, writeKeyFile } from "./key-files.ts"

/** The files of an audit key. */
export interface AuditKeyFiles {
  readonly path: string
  /** The name on the trail's checkpoints. */
  readonly origin: string
  readonly verifierKeyPath: string
  readonly sealing?: KeySealing | undefined
}

/**
 * Keeps the audit key in a file of the owner alone while it rotates (CONTRACT 9). The key that follows takes its place
 * by a rename, so that the file holds one of the two, whole.
 */
export function fileAuditCustody({ path, origin, verifierKeyPath, sealing }: AuditKeyFiles): AuditCustody {
  const { next, first } = auditKeyPaths(path)
  return {
    next: async () => loadKey(next, sealing),
    async create() {
      const privateKey = await newPrivateKey("EdDSA")
      return keeping(
        () => {
          requireReplaceable(path, "move it to a folder that the broker can write and correct AA_AUDIT_KEY_PATH")
          const present = readKeyFile(path, sealing)
          // The seals of the records stay, which derive from the first key.
          if (present !== undefined) writeKeyFile(first, present, { replace: false, sealing })
          writeKeyFile(next, privateKey, { replace: true, sealing })
        },
        () => signingKeyOf(privateKey),
      )
    },
    async promote() {
      keeping(
        () => {
          const key = loadKey(next, sealing)
          if (key === undefined) return
          // First: a start keeps a history that names its key.
          followVerifierKey(verifierKeyPath, formatVerifierKey(verifierKeyOf(origin, key.publicKey)))
          moveIfThere(next, path)
        },
        () => undefined,
      )
    },
  }
}
