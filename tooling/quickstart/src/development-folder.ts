import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** Where a development broker keeps its configuration, keys and data. */
export interface DevelopmentFolder {
  readonly path: string
  readonly configPath: string
  /** The C2SP verifier key of the audit trail, written by the broker. */
  readonly verifierKeyPath: string
  readonly adminSecret: string
  /** The environment of the broker. */
  readonly environment: Readonly<Record<string, string>>
  /** Whether this call created it. */
  readonly created: boolean
}

/** Opens the folder. Creates it and a configuration with a random admin secret when they do not exist. */
export function openDevelopmentFolder(path: string, port: number): DevelopmentFolder {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const configPath = join(path, "config")
  const created = !existsSync(configPath)
  if (created) {
    const lines = ["# A development broker's configuration, made on its first start.", "MODE=development"]
    lines.push(`ADMIN_SECRET=${randomBytes(32).toString("hex")}`, `BROKER_URL=http://127.0.0.1:${port}`, "")
    writeFileSync(configPath, lines.join("\n"), { mode: 0o600, flag: "wx" })
  }
  const adminSecret = /^ADMIN_SECRET=(.+)$/m.exec(readFileSync(configPath, "utf8"))?.[1]
  if (adminSecret === undefined)
    throw new Error(`${configPath} has no ADMIN_SECRET: delete it, and the next start makes a new one`)
  return {
    path,
    configPath,
    adminSecret,
    created,
    verifierKeyPath: join(path, "audit.pub"),
    environment: {
      AA_CONFIG_PATH: configPath,
      AA_DB_PATH: join(path, "data.db"),
      AA_SIGNING_KEY_PATH: join(path, "signing.key"),
      AA_PORT: String(port),
    },
  }
}
