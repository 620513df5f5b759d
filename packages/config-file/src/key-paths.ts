import { readdirSync } from "node:fs"
import { basename, dirname, join } from "node:path"

/** The files of one use of signing keys: the key that signs and the next one. */
export interface KeyPair {
  readonly current: string
  readonly next: string
}

/** The files of the signing keys: `signing.key`, and beside it `signing.next.key`, `signing.oauth.key` and its next. */
export function signingKeyPaths(signingKeyPath: string): Readonly<Record<"native" | "oauth", KeyPair>> {
  const stem = stemOf(signingKeyPath)
  return {
    native: { current: signingKeyPath, next: `${stem}.next.key` },
    oauth: { current: `${stem}.oauth.key`, next: `${stem}.oauth.next.key` },
  }
}

/**
 * The files beside an audit key: the key that follows it while it rotates, and the first one, from which the key of the
 * records' seals derives once another signs.
 */
export function auditKeyPaths(auditKeyPath: string): Readonly<Record<"next" | "first", string>> {
  const stem = stemOf(auditKeyPath)
  return { next: `${stem}.next.key`, first: `${stem}.first.key` }
}

/** Every key file that exists beside these two: signing keys, and the audit keys of all lineages. */
export function keyFiles(signingKeyPath: string, auditKeyPath: string): string[] {
  const { native, oauth } = signingKeyPaths(signingKeyPath)
  const audit = auditKeyPaths(auditKeyPath)
  const expected = [native.current, native.next, oauth.current, oauth.next, auditKeyPath, audit.next, audit.first]
  const isLater = (name: string) => /^audit\.[0-9a-f]{16}(\.next|\.first)?\.key$/.test(name)
  const later = namesIn(dirname(auditKeyPath)).filter(isLater)
  return [
    ...expected.filter((path) => namesIn(dirname(path)).includes(basename(path))),
    ...later.map((name) => join(dirname(auditKeyPath), name)),
  ]
}

const stemOf = (path: string): string => (path.endsWith(".key") ? path.slice(0, -".key".length) : path)

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
