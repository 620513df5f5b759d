import { randomBytes } from "node:crypto"
import { chmodSync, statSync } from "node:fs"
import { dirname } from "node:path"
import { codeOf, userConfigPath, writeConfigFile } from "@agentwrit/config-file"
import type { Command } from "../command.ts"
import type { Context } from "../context.ts"
import { command } from "../define-command.ts"
import { CommandError, UsageError } from "../errors.ts"
import { folderOpenToOthers } from "../open-folder.ts"

const MODES = { dev: "development", prod: "production" } as const

/** bcrypt's work factor: some 250 ms for each guess. */
const BCRYPT_COST = 12

/** `awrit init` */
export const init: Command = command({
  name: "init",
  summary: "Write a config file with a new admin secret, for the broker and for awrit",
  details: [
    "dev keeps the secret in the file, so that awrit and a broker on this machine work at once. prod keeps only its bcrypt hash and shows the secret this once; awrit then reads it from AACTL_ADMIN_SECRET.",
    "The file is written with mode 0600 in a folder with mode 0700, and one that exists is not replaced without --force. Broker and awrit read the first that exists of AA_CONFIG_PATH, /etc/broker/config and ~/.broker/config.",
  ],
  args: {
    mode: { type: "string", value: "MODE", description: "What it is for", choices: ["dev", "prod"] },
    "config-path": {
      type: "string",
      value: "PATH",
      description: "The file; default AA_CONFIG_PATH, else ~/.broker/config",
    },
    force: { type: "boolean", description: "Replace a file that exists; its secret is lost" },
  },
  examples: ["awrit init --mode dev", "awrit init --mode prod --config-path /etc/broker/config"],
  async run(given, context) {
    const mode = given.mode === "dev" || given.mode === "prod" ? given.mode : undefined
    if (mode === undefined)
      throw new UsageError(`--mode ${given.mode === undefined ? "is missing: it " : ""}must be dev or prod`)
    const own = userConfigPath()
    const path = given["config-path"] ?? (context.io.env["AA_CONFIG_PATH"] || own)
    if (path === undefined) throw new UsageError("there is no home folder: say where with --config-path PATH")
    if (isFolder(path)) throw new UsageError(`${path} is a folder: name the file with --config-path PATH`)
    const brokerUrl = brokerUrlFor(context)
    const secret = randomBytes(32).toString("hex")
    const kept = mode === "dev" ? secret : await hashed(secret)
    write(path, { MODE: MODES[mode], ADMIN_SECRET: kept, BROKER_URL: brokerUrl }, given.force)
    // Ours alone; another folder may be shared for a reason.
    if (path === own) chmodSync(dirname(path), 0o700)
    const openFolder = folderOpenToOthers(path)
    const shown = mode === "prod" ? secret : undefined
    await context.out.document({
      path,
      mode: MODES[mode],
      broker_url: brokerUrl,
      ...(shown && { admin_secret: shown }),
    })
    await context.out.record([
      ["config file", path],
      ["mode", MODES[mode]],
      ["broker URL", brokerUrl],
      ...(shown === undefined ? [] : [["admin secret", `${shown}  (shown this once)`] as const]),
    ])
    if (shown !== undefined)
      context.out.note(
        "Keep the admin secret now: the file holds only its hash. awrit reads it from AACTL_ADMIN_SECRET.",
      )
    if (openFolder !== undefined)
      context.out.warn(`Others may put a file in the place of ${path}: chmod go-w ${openFolder}`, "yellow")
  },
})

/** Only what was said outright: an older config file may be the one that is replaced. */
function brokerUrlFor({ flags, io, settings }: Context): string {
  const said = flags["broker-url"] !== undefined || (io.env["AACTL_BROKER_URL"] ?? "") !== ""
  return said ? settings.brokerUrl() : "http://localhost:8080"
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    // Writing says what is wrong with it.
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
    throw new CommandError(`${path} cannot be written (${codeOf(error)}): check the folder and your rights to it`)
  }
  if (!written) throw new CommandError(`${path} exists: --force replaces it, and its secret is lost then`)
}
