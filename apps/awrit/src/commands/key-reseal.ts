import type { KeyObject } from "node:crypto"
import { realpathSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import {
  codeOf,
  ENCRYPTION_KEY_BYTES,
  formatPrivateKey,
  isSealedKey,
  keyFiles,
  MAX_KEY_FILE_BYTES,
  PrivateFileError,
  PrivateKeyError,
  readPrivateFile,
  readPrivateKey,
  readSecretFile,
  writeWhole,
} from "@agentwrit/config-file"
import { type Command, command } from "../command.ts"
import { CommandError, UsageError } from "../errors.ts"
import type { Environment } from "../io.ts"
import { counted } from "../text.ts"

/** `awrit key reseal` */
export const keyReseal: Command = command({
  name: "key reseal",
  summary: "Seal the broker's key files by another encryption key",
  details: [
    "Works on the files of a stopped broker: the signing keys and the audit keys. Reads AA_SIGNING_KEY_PATH, AA_AUDIT_KEY_PATH, and AA_KEY_ENCRYPTION_KEY or AA_KEY_ENCRYPTION_KEY_FILE, the key that seals them now. The keys themselves stay, and so do all tokens.",
    "If a file cannot be opened, none is changed. It can be repeated: a file that the new key seals already stays.",
  ],
  args: {
    "new-key-file": {
      type: "string",
      value: "FILE",
      description: "The new encryption key: a file with 32 bytes in base64 (openssl rand -base64 32)",
    },
    plain: { type: "boolean", description: "Leave the files unsealed" },
  },
  examples: ["awrit key reseal --new-key-file /etc/agentwrit/key-encryption-key", "awrit key reseal --plain"],
  async run(given, { io: { env }, out }) {
    if ((given["new-key-file"] === undefined) === !given.plain)
      throw new UsageError("give --new-key-file or --plain, one of the two")
    const next = given["new-key-file"] === undefined ? undefined : encryptionKeyIn(given["new-key-file"])
    const present = presentKey(env)
    const signing = env["AA_SIGNING_KEY_PATH"] || "./signing.key"
    const files = keyFiles(signing, env["AA_AUDIT_KEY_PATH"] || join(dirname(signing), "audit.key"))
    if (files.length === 0)
      throw new CommandError(`there is no key file: set AA_SIGNING_KEY_PATH to the broker's, it is ${signing} now`)
    const opened = files.map((path) => ({ path, key: openKey(path, present, next) }))
    const changed = opened.flatMap(({ path, key }) => (key === undefined ? [] : [{ path, key }]))
    for (const { path, key } of changed) replace(path, formatPrivateKey(key, next))
    const resealed = changed.map(({ path }) => path)
    await out.document({ resealed, files })
    await out.lines(resealed)
    out.note(
      `${counted(resealed.length, "file")} of ${files.length} changed. Start the broker with ${next === undefined ? "AA_KEY_ENCRYPTION_KEY unset" : "the new key in AA_KEY_ENCRYPTION_KEY or its file in AA_KEY_ENCRYPTION_KEY_FILE"}.`,
      "green",
    )
  },
})

/** The private key of a file; `undefined` when the file is as it shall be. */
function openKey(path: string, present: Buffer | undefined, next: Buffer | undefined): KeyObject | undefined {
  const read = () => {
    const bytes = readPrivateFile(path, { maxBytes: MAX_KEY_FILE_BYTES })
    if (bytes === undefined) throw new CommandError(`${path} does not exist any more`)
    return bytes
  }
  try {
    if (!isSealedKey(read())) return next === undefined ? undefined : readPrivateKey(read())
    if (next !== undefined && isOpenedBy(read(), next)) return undefined
    return readPrivateKey(read(), present)
  } catch (error) {
    if (!(error instanceof PrivateFileError || error instanceof PrivateKeyError)) throw error
    throw new CommandError(`the key file ${path} ${error.message}; no file was changed`)
  }
}

/** Replaces a key file, or the one that a symbolic link names. It still belongs to the broker's user when root runs this. */
function replace(path: string, content: string): void {
  try {
    const file = realpathSync(path)
    writeWhole(file, content, { mode: 0o600, replace: true, owner: statSync(file) })
  } catch (error) {
    throw new CommandError(
      `the key file ${path} cannot be written (${codeOf(error)}); files before it are changed, so repeat the command`,
    )
  }
}

function isOpenedBy(bytes: Buffer, key: Buffer): boolean {
  try {
    readPrivateKey(bytes, key)
    return true
  } catch {
    return false
  }
}

/** The key that seals the files now. */
function presentKey(env: Environment): Buffer | undefined {
  const path = env["AA_KEY_ENCRYPTION_KEY_FILE"]
  if (path) return encryptionKeyIn(path)
  const text = env["AA_KEY_ENCRYPTION_KEY"]
  return text ? encryptionKey(text, "AA_KEY_ENCRYPTION_KEY") : undefined
}

function encryptionKeyIn(path: string): Buffer {
  try {
    return encryptionKey(readSecretFile(path), path)
  } catch (error) {
    if (!(error instanceof PrivateFileError)) throw error
    throw new CommandError(`the file ${path} ${error.message}`)
  }
}

function encryptionKey(text: string, from: string): Buffer {
  const key = Buffer.from(text, "base64")
  if (key.length !== ENCRYPTION_KEY_BYTES || key.toString("base64") !== text)
    throw new CommandError(`${from} does not hold 32 bytes in base64: make them with openssl rand -base64 32`)
  return key
}
