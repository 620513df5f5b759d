import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { writeWhole } from "@agentwrit/config-file"

/** A file with a token, with mode 0600, in a folder of its own that is removed at the end of the scope. */
export class TokenFile implements Disposable {
  readonly path: string

  constructor(token: string) {
    this.path = join(mkdtempSync(join(tmpdir(), "awrit-")), "token")
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
