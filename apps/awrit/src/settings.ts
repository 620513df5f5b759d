import { type ConfigFile, readConfigFile } from "@agentwrit/config-file"
import { CommandError, UsageError } from "./errors.ts"
import type { GlobalFlags } from "./global-flags.ts"
import type { Environment } from "./io.ts"
import { readFile } from "./read-file.ts"

/** The contents of the PEM files for TLS. */
export interface TlsFiles {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** A TLS file, and the flag or variable that names it. */
interface TlsFile {
  readonly from: string
  readonly path: string
}

const DEFAULT_BROKER_URL = "http://localhost:8080"

/** How to reach the broker. Flags win over the environment, which wins over the config file. Each is read on use. */
export class Settings {
  readonly #flags: GlobalFlags
  readonly #env: Environment
  #config: ConfigFile | undefined

  constructor(flags: GlobalFlags, env: Environment) {
    this.#flags = flags
    this.#env = env
  }

  /** The config file in use. @throws CommandError if it is unsafe or invalid. */
  config(): ConfigFile {
    this.#config ??= readConfigFile({ named: this.#variable("AA_CONFIG_PATH") })
    const { problems } = this.#config
    if (problems.length > 0) throw new CommandError(problems.join("; "))
    return this.#config
  }

  /** @throws UsageError or CommandError if the URL is invalid. */
  brokerUrl(): string {
    const flag = this.#flags["broker-url"]
    if (flag !== undefined) return checkedUrl(flag, (fault) => new UsageError(`--broker-url ${fault}`))
    const variable = this.#variable("AACTL_BROKER_URL")
    if (variable !== undefined) return checkedUrl(variable, (fault) => new CommandError(`AACTL_BROKER_URL ${fault}`))
    const text = this.config().values.BROKER_URL?.text ?? ""
    return text === ""
      ? DEFAULT_BROKER_URL
      : checkedUrl(text, (fault) => new CommandError(`BROKER_URL of ${this.config().path} ${fault}`))
  }

  /** Whether secrets may go to a broker without TLS on another machine. */
  allowsHttp(): boolean {
    return this.#flags["dangerously-allow-http"] === true
  }

  /** @throws CommandError if there is no secret, or only its hash. */
  adminSecret(): string {
    const variable = this.#variable("AACTL_ADMIN_SECRET")
    if (variable !== undefined) return variable
    const { path, values } = this.config()
    const secret = values.ADMIN_SECRET?.text ?? ""
    if (secret === "")
      throw new CommandError("there is no admin secret: set AACTL_ADMIN_SECRET, or write a config file with awrit init")
    if (/^\$2[aby]\$\d\d\$/.test(secret))
      throw new CommandError(
        `${path} holds only a hash of the admin secret: set AACTL_ADMIN_SECRET to the secret itself`,
      )
    return secret
  }

  /** @throws UsageError or CommandError if a file cannot be read, or only one of certificate and key is given. */
  tls(): TlsFiles {
    const files = { ca: this.#tlsFile("ca"), cert: this.#tlsFile("cert"), key: this.#tlsFile("key") }
    if ((files.cert === undefined) !== (files.key === undefined))
      throw new UsageError(
        "a client certificate needs its key: give both --cert and --key (or AACTL_CERT and AACTL_KEY)",
      )
    return Object.fromEntries(
      Object.entries(files).flatMap(([name, file]) => (file === undefined ? [] : [[name, pem(file)]])),
    )
  }

  /** The path of a TLS file, if given. */
  tlsPath(name: "ca" | "cert" | "key"): string | undefined {
    return this.#tlsFile(name)?.path
  }

  #tlsFile(name: "ca" | "cert" | "key"): TlsFile | undefined {
    const flag = this.#flags[name]
    if (flag !== undefined) return { from: `--${name}`, path: flag }
    const from = `AACTL_${name.toUpperCase()}`
    const path = this.#variable(from)
    if (path !== undefined) return { from, path }
    // The whole system's variable must not break calls that do not use TLS.
    if (name !== "ca" || !this.brokerUrl().startsWith("https:")) return undefined
    const shared = this.#variable("SSL_CERT_FILE")
    return shared === undefined ? undefined : { from: "SSL_CERT_FILE", path: shared }
  }

  #variable(name: string): string | undefined {
    const text = this.#env[name]
    return text === "" ? undefined : text
  }
}

function checkedUrl(text: string, failure: (fault: string) => Error): string {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw failure("must be an http or https URL such as https://broker.example")
  // The message does not repeat the URL: it may contain a password.
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw failure("must be without user, password, query and fragment")
  return text.trim()
}

function pem({ from, path }: TlsFile): string {
  const text = readFile(from, path)
  if (!text.includes("-----BEGIN ")) throw new CommandError(`${from}: ${path} is not a PEM file`)
  return text
}
