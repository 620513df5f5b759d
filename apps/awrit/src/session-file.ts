import { createHash } from "node:crypto"
import { mkdirSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { codeOf, PrivateFileError, readPrivateFile, userConfigPath, writeWhole } from "@agentwrit/config-file"
import type { AdminSession } from "@agentwrit/sdk/admin"
import * as v from "valibot"
import { CommandError } from "./errors.ts"

const MAX_BYTES = 64 * 1024

/** The content of a session file. The URL shows a person whose it is, and that it was not copied from another one. */
const CONTENT = v.object({
  broker_url: v.string(),
  access_token: v.string(),
  expires_at: v.pipe(v.string(), v.isoTimestamp()),
})

/**
 * The operator's session at one broker, kept by `awrit login` in `~/.broker/sessions`. It holds the token, which is
 * worth as much as the admin secret until it expires, and never the secret.
 */
export class SessionFile {
  /** Absent for a user without a home folder, who keeps no session. */
  readonly path: string | undefined
  readonly #brokerUrl: string

  constructor(brokerUrl: string) {
    this.#brokerUrl = new URL(brokerUrl).href.replace(/\/+$/, "")
    const config = userConfigPath()
    const name = createHash("sha256").update(this.#brokerUrl).digest("hex").slice(0, 16)
    this.path = config === undefined ? undefined : join(dirname(config), "sessions", `${name}.json`)
  }

  /** The session, also one that has expired. @throws CommandError when another user could have read or written it. */
  read(): AdminSession | undefined {
    const { path } = this
    if (path === undefined) return undefined
    let bytes: Buffer | undefined
    try {
      bytes = readPrivateFile(path, { maxBytes: MAX_BYTES, refuseSymlink: true, mustBeOwn: true })
    } catch (error) {
      if (!(error instanceof PrivateFileError)) throw error
      throw refused(path, error.message)
    }
    if (bytes === undefined) return undefined
    const content = v.safeParse(v.pipe(v.string(), v.parseJson(), CONTENT), bytes.toString("utf8"))
    if (!content.success) throw refused(path, "is damaged")
    const { access_token: token, broker_url: brokerUrl, expires_at: expiresAt } = content.output
    if (brokerUrl !== this.#brokerUrl) throw refused(path, "is of another broker")
    return { token, expiresAt: new Date(expiresAt) }
  }

  /** Writes the session: the file with mode 0600, a new folder with mode 0700. @throws CommandError */
  write({ token, expiresAt }: AdminSession): void {
    const { path } = this
    if (path === undefined)
      throw new CommandError("there is no home folder to keep the session in: set HOME, or set AACTL_ADMIN_SECRET")
    const content: v.InferInput<typeof CONTENT> = {
      broker_url: this.#brokerUrl,
      access_token: token,
      expires_at: expiresAt.toISOString(),
    }
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      writeWhole(path, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600, replace: true })
    } catch (error) {
      throw new CommandError(`the session cannot be kept: ${path} cannot be written (${codeOf(error)})`)
    }
  }

  /** Removes the file, also one that {@link SessionFile.read} refuses. */
  remove(): void {
    if (this.path !== undefined) rmSync(this.path, { force: true })
  }
}

const refused = (path: string, fault: string): CommandError =>
  new CommandError(`the session file ${path} ${fault}; awrit logout removes it, then sign in with awrit login`)
