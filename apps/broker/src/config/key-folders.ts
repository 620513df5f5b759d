import { type Stats, statSync } from "node:fs"
import { dirname } from "node:path"
import { escapeInvisible } from "../log/escape.ts"
import type { Reading } from "./reading.ts"
import { VARIABLES, type VariableValues } from "./variables.ts"

const STICKY = 0o1000

/**
 * A key that others can replace signs what they like: that stops production. Who reads the key is checked when it is
 * opened.
 */
export function checkKeyFolders(
  reading: Reading,
  paths: Readonly<Record<"signingKeyPath" | "auditKeyPath", string>>,
  { mode }: Pick<VariableValues, "mode">,
): void {
  const warned = new Set<string>()
  for (const key of ["signingKeyPath", "auditKeyPath"] as const) {
    const folder = dirname(paths[key])
    const replaceable = openToOthers(folder)
    if (replaceable !== undefined && mode === "production") reading.refuse(key, replaceable)
    else if (replaceable !== undefined) warned.add(`${VARIABLES[key].name}: ${replaceable} (production refuses it)`)
    for (const path of [paths[key], folder]) {
      const owner = otherOwner(path)
      if (owner !== undefined)
        warned.add(`${VARIABLES[key].name}: ${escapeInvisible(path)} belongs to user ${owner}, who can replace the key`)
    }
  }
  reading.warnings.push(...[...warned].map((message) => ({ message })))
}

/**
 * Why other users can replace files of a folder. A group that the broker is in may: container platforms lay volumes so.
 */
function openToOthers(folder: string): string | undefined {
  const { mode = 0, gid = 0 } = stats(folder) ?? {}
  if ((mode & STICKY) !== 0) return undefined
  const groups = [process.getegid?.(), ...(process.getgroups?.() ?? [])]
  const writable = mode & (groups.includes(gid) ? 0o002 : 0o022)
  if (writable === 0) return undefined
  const shown = escapeInvisible(folder)
  return `other users can replace files in ${shown} (mode 0${(mode & 0o777).toString(8)}): run chmod go-w ${shown}`
}

/** The owner of a file that is neither the broker's user nor root. */
function otherOwner(path: string): number | undefined {
  const uid = stats(path)?.uid
  return uid === undefined || uid === 0 || uid === process.geteuid?.() ? undefined : uid
}

/** `undefined` where there is no such file: the start says what is wrong with it. */
function stats(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}
