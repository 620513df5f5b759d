import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { codeOf, writeWhole } from "@agentwrit/config-file"
import { CommandError } from "./errors.ts"

/** A file with a token, with mode 0600, in a folder of its own that is removed at the end of the scope. */
export class TokenFile implements Disposable {
  readonly path: string

  constructor(token: string) {
    this.path = join(newFolder(), "token")
    this.write(token)
  }

  /** Replaces the token. A reader sees the old or the new one, never a part. */
  write(token: string): void {
    writeWhole(this.path, token, { mode: 0o600, replace: true })
  }

  [Symbol.dispose](): void {
    rmSync(dirname(this.path), { recursive: true, force: true })
  }
}

function newFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), "awrit-"))
  } catch (error) {
    throw new CommandError(
      `the agent's token cannot be kept in ${tmpdir()} (${codeOf(error)}): set TMPDIR to a folder that you can write`,
    )
  }
}
