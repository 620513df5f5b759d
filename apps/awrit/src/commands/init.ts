import { randomBytes } from "node:crypto"
import { chmodSync, statSync } from "node:fs"
import { dirname } from "node:path"
import { codeOf, userConfigPath, writeConfigFile } from "@agentwrit/config-file"
import { type Command, command } from "../command.ts"
import type { Context } from "../context.ts"
import { CommandError, UsageError } from "../errors.ts"
import { folderOpenToOthers } from "../open-folder.ts"

const MODES = { dev: "development", prod: "production" } as const

/** bcrypt's work factor: about 250 ms per guess. */
const BCRYPT_COST = 12

/** `awrit init` */
export const init: Command = command({
  name: "init",
  summary: "Write a config file with a new admin secret, for the broker and for awrit",
  details: [
    "The secret is shown once. dev, the default, also writes it to the file: awrit and a broker on this machine use it at once. prod writes only its bcrypt hash: set the secret in AACTL_ADMIN_SECRET for awrit.",
    "The file gets mode 0600, its folder mode 0700. --force replaces an existing file. Broker and awrit read the first that exists of AA_CONFIG_PATH, /etc/broker/config and ~/.broker/config.",
  ],
  args: {
    mode: {
      type: "string",
      value: "MODE",
      description: "The kind of configuration; default dev",
      choices: ["dev", "prod"],
    },
    "config-path": {
      type: "string",
      value: "PATH",
      description: "The file; default AA_CONFIG_PATH, then ~/.broker/config",
    },
    force: { type: "boolean", description: "Replace an existing file; its secret is lost" },
  },
  examples: ["awrit init", "awrit init --mode prod --config-path /etc/broker/config"],
  async run(given, context) {
    const { mode = "dev" } = given
    if (mode !== "dev" && mode !== "prod") throw new UsageError("--mode must be dev or prod")
    const own = userConfigPath()
    const path = given["config-path"] ?? (context.io.env["AA_CONFIG_PATH"] || own)
    if (path === undefined) throw new UsageError("there is no home folder: give --config-path PATH")
    if (isFolder(path)) throw new UsageError(`${path} is a folder: name the file with --config-path PATH`)
    const brokerUrl = brokerUrlFor(context)
    const secret = randomBytes(32).toString("hex")
    const kept = mode === "dev" ? secret : await hashed(secret)
    write(path, { MODE: MODES[mode], ADMIN_SECRET: kept, BROKER_URL: brokerUrl }, given.force)
    // Other folders may be shared on purpose.
    if (path === own) chmodSync(dirname(path), 0o700)
    const openFolder = folderOpenToOthers(path)
    await context.out.document({ path, mode: MODES[mode], broker_url: brokerUrl, admin_secret: secret })
    await context.out.record([
      ["config file", path],
      ["mode", MODES[mode]],
      ["broker URL", brokerUrl],
      ["admin secret", `${secret}  (shown only once)`],
    ])
    if (mode === "prod")
      context.out.note(
        "Save the admin secret now: the file contains only its hash. awrit reads the secret from AACTL_ADMIN_SECRET.",
      )
    if (openFolder !== undefined)
      context.out.warn(`Other users can replace ${path}: chmod go-w ${openFolder}`, "yellow")
  },
})

/** Ignores the current config file, because it may be the one to replace. */
function brokerUrlFor({ flags, io, settings }: Context): string {
  const said = flags["broker-url"] !== undefined || (io.env["AACTL_BROKER_URL"] ?? "") !== ""
  return said ? settings.brokerUrl() : "http://localhost:8080"
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    // The write reports the error.
    return false
  }
}

async function hashed(secret: string): Promise<string> {
  const { hash } = await import("bcrypt")
  return hash(secret, BCRYPT_COST)
}

function write(path: string, content: Parameters<typeof writeConfigFile>[1], force: boolean): void {
  let written: boolean
  try {
    written = writeConfigFile(path, content, force)
  } catch (error) {
    throw new CommandError(`${path} cannot be written (${codeOf(error)}): check the folder and its permissions`)
  }
  if (!written) throw new CommandError(`${path} exists: --force replaces it, and its secret is lost`)
}
