import { lstatSync } from "node:fs"
import { dirname, join } from "node:path"
import { codeOf, keyFiles } from "@agentwrit/config-file"
import type { Context } from "../context.ts"
import { type Finding, ok, problem } from "./finding.ts"

/** Checks files with secrets: the client key, and the files of a broker with this working folder and environment. */
export function fileFindings({ io: { env }, settings }: Context): Finding[] {
  const signingKey = env["AA_SIGNING_KEY_PATH"] || "./signing.key"
  const auditKey = env["AA_AUDIT_KEY_PATH"] || join(dirname(signingKey), "audit.key")
  const files: readonly (readonly [about: string, path: string | undefined, isNamed: boolean])[] = [
    ["client key", clientKey(settings), true],
    ["signing key", signingKey, (env["AA_SIGNING_KEY_PATH"] ?? "") !== ""],
    ...keyFiles(signingKey, auditKey)
      .filter((path) => path !== signingKey && path !== auditKey)
      .map((path) => ["key", path, true] as const),
    ["audit key", auditKey, (env["AA_AUDIT_KEY_PATH"] ?? "") !== ""],
    ["database", env["AA_DB_PATH"] || "./data.db", (env["AA_DB_PATH"] ?? "") !== ""],
  ]
  return files.flatMap(([about, path, isNamed]) => (path === undefined ? [] : fileFinding(about, path, isNamed)))
}

function clientKey(settings: Context["settings"]): string | undefined {
  try {
    return settings.tlsFile("key")?.value
  } catch {
    // A context that cannot be read has its own finding.
    return undefined
  }
}

/** Says nothing about a missing file at a default path. */
function fileFinding(about: string, path: string, isNamed: boolean): Finding[] {
  try {
    const file = lstatSync(path)
    const mode = `0${(file.mode & 0o777).toString(8)}`
    if (!file.isFile() && !file.isSymbolicLink())
      return [problem(about, `${path} is not a file`, "give the path of the file")]
    if (!file.isSymbolicLink() && (file.mode & 0o077) !== 0)
      return [problem(about, `${path} can be read by other users (mode ${mode})`, `chmod 600 ${path}`)]
    return [ok(about, `${path} (mode ${mode})`)]
  } catch (error) {
    if (!isNamed && codeOf(error) === "ENOENT") return []
    return [problem(about, `${path} cannot be read (${codeOf(error)})`, "correct the path, or restore the file")]
  }
}
