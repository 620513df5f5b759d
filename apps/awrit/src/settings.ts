import { type ConfigFile, PrivateFileError, readConfigFile, readSecretFile } from "@agentwrit/config-file"
import { type BrokerContext, type ContextKey, currentContext, readContext } from "./broker-context.ts"
import { CommandError, NoSecretError, UsageError } from "./errors.ts"
import type { GlobalFlags } from "./global-flags.ts"
import type { Environment } from "./io.ts"
import { readFile } from "./read-file.ts"

/** The contents of the PEM files for TLS. */
export interface TlsFiles {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** The value of a setting, and the flag, variable or file that it comes from. */
export interface Setting {
  readonly value: string
  readonly from: string
}

const DEFAULT_BROKER_URL = "http://localhost:8080"

/** What chose the context that is kept for all commands. */
const CONTEXT_USE = "awrit context use"

/**
 * How to reach the broker. Flags win over the environment, which wins over the context in use, which wins over the config
 * file. A context that `--context` names counts as a flag. A context's own secret wins over the environment's. Each is
 * read on use.
 */
export class Settings {
  readonly #flags: GlobalFlags
  readonly #env: Environment
  #config: ConfigFile | undefined
  #context: { readonly inUse: (BrokerContext & { readonly chosenBy: string }) | undefined } | undefined

  constructor(flags: GlobalFlags, env: Environment) {
    this.#flags = flags
    this.#env = env
  }

  /** The config file in use. @throws CommandError if it is unsafe or invalid. */
  config(): ConfigFile {
    this.#config ??= readConfigFile({ named: this.#variable("AA_CONFIG_PATH")?.value })
    const { problems } = this.#config
    if (problems.length > 0) throw new CommandError(problems.join("; "))
    return this.#config
  }

  /** The name of the context in use, and what chose it. @throws CommandError if its file is unsafe or invalid. */
  context(): Setting | undefined {
    const context = this.#contextInUse()
    return context && { value: context.name, from: context.chosenBy }
  }

  brokerUrl(): string {
    return this.findBrokerUrl().value
  }

  /** @throws UsageError or CommandError if the URL is invalid. */
  findBrokerUrl(): Setting {
    const config = (): Setting | undefined => fromFile(this.config(), "BROKER_URL")
    const found = this.#flag("broker-url") ?? this.#between("AACTL_BROKER_URL", "BROKER_URL") ?? config()
    return found === undefined ? { value: DEFAULT_BROKER_URL, from: "the default" } : checkedUrl(found)
  }

  /** Whether secrets may go to a broker without TLS on another machine. */
  allowsHttp(): boolean {
    return this.#flags["dangerously-allow-http"] === true
  }

  adminSecret(): string {
    return this.findAdminSecret().value
  }

  /** @throws NoSecretError if there is no secret, or only its hash; CommandError if a file is unsafe or unreadable. */
  findAdminSecret(): Setting {
    const context = this.#contextInUse()
    const ofContext = context && this.#secretOf(context)
    if (ofContext !== undefined) return ofContext
    const variable = this.#secretVariable()
    // The variable does not say whose secret it holds, and the context may have been chosen long before it was set.
    if (variable !== undefined && context?.chosenBy === CONTEXT_USE)
      throw new NoSecretError(
        `${variable.from} is not sent to the broker of context ${context.name}, which awrit context use chose: give --context ${context.name} if it is meant for that`,
      )
    if (variable !== undefined) return variable
    // The config file's secret is for the broker of this machine, not for that of a context.
    const own = context === undefined ? fromFile(this.config(), "ADMIN_SECRET") : undefined
    if (own === undefined)
      throw new NoSecretError(
        `there is no admin secret: set AACTL_ADMIN_SECRET${this.#hasBrokersSecret() ? " (AA_ADMIN_SECRET is for the broker)" : ""}, or type it to awrit login on a terminal`,
      )
    if (/^\$2[aby]\$\d\d\$/.test(own.value))
      throw new NoSecretError(
        `${this.config().path} holds only a hash of the admin secret: set AACTL_ADMIN_SECRET to the secret itself, or sign in with awrit login`,
      )
    return own
  }

  /** The variable in which a context says that the secret is. */
  contextSecretVariable(): string | undefined {
    return this.#contextInUse()?.values.ADMIN_SECRET_ENV?.text
  }

  /** @throws UsageError or CommandError if a file cannot be read, or only one of certificate and key is given. */
  tls(): TlsFiles {
    const files = { ca: this.tlsFile("ca"), cert: this.tlsFile("cert"), key: this.tlsFile("key") }
    if ((files.cert === undefined) !== (files.key === undefined))
      throw new UsageError(
        "a client certificate needs its key: give both --cert and --key (or AACTL_CERT and AACTL_KEY)",
      )
    return Object.fromEntries(
      Object.entries(files).flatMap(([name, file]) => (file === undefined ? [] : [[name, pem(file)]])),
    )
  }

  /** The path of a TLS file, if given. */
  tlsFile(name: "ca" | "cert" | "key"): Setting | undefined {
    const upper = name.toUpperCase() as Uppercase<typeof name>
    const found = this.#flag(name) ?? this.#between(`AACTL_${upper}`, upper)
    if (found !== undefined) return found
    // The whole system's variable must not break calls that do not use TLS.
    return name === "ca" && this.brokerUrl().startsWith("https:") ? this.#variable("SSL_CERT_FILE") : undefined
  }

  #contextInUse(): (BrokerContext & { readonly chosenBy: string }) | undefined {
    this.#context ??= { inUse: this.#findContext() }
    return this.#context.inUse
  }

  #findContext(): (BrokerContext & { readonly chosenBy: string }) | undefined {
    const named = this.#flag("context")
    const url = this.#flag("broker-url")
    if (named !== undefined && url !== undefined)
      throw new UsageError("--context and --broker-url both name a broker: give one of them")
    // The secret and certificates of a context are for its own broker only.
    if (named === undefined && (url ?? this.#variable("AACTL_BROKER_URL")) !== undefined) return undefined
    const chosen = named ?? this.#variable("AACTL_CONTEXT") ?? inUse()
    return chosen && { ...readContext(chosen.value), chosenBy: chosen.from }
  }

  /** From the environment or the context, in their order. */
  #between(variable: string, key: ContextKey): Setting | undefined {
    const context = this.#contextInUse()
    const [outer, inner] = [this.#variable(variable), context && fromFile(context, key)]
    return context?.chosenBy === "--context" ? (inner ?? outer) : (outer ?? inner)
  }

  /** The secret from where a context says that it is. */
  #secretOf(context: BrokerContext): Setting | undefined {
    const variable = fromFile(context, "ADMIN_SECRET_ENV")
    if (variable !== undefined) {
      const secret = this.#variable(variable.value)
      if (secret === undefined) throw new NoSecretError(`${variable.from} names ${variable.value}, which is not set`)
      return secret
    }
    const file = fromFile(context, "ADMIN_SECRET_FILE")
    return file && { value: secretIn(file), from: file.value }
  }

  #hasBrokersSecret(): boolean {
    return (this.#variable("AA_ADMIN_SECRET") ?? this.#variable("AA_ADMIN_SECRET_FILE")) !== undefined
  }

  #secretVariable(): Setting | undefined {
    const secret = this.#variable("AACTL_ADMIN_SECRET")
    const file = this.#variable("AACTL_ADMIN_SECRET_FILE")
    if (secret !== undefined && file !== undefined)
      throw new CommandError("AACTL_ADMIN_SECRET and AACTL_ADMIN_SECRET_FILE are both set: unset one of them")
    return file === undefined ? secret : { value: secretIn(file), from: file.from }
  }

  #flag(name: "broker-url" | "ca" | "cert" | "key" | "context"): Setting | undefined {
    const value = this.#flags[name]
    return value === undefined ? undefined : { value, from: `--${name}` }
  }

  #variable(name: string): Setting | undefined {
    const value = this.#env[name] ?? ""
    return value === "" ? undefined : { value, from: name }
  }
}

function inUse(): Setting | undefined {
  const value = currentContext()
  return value === undefined ? undefined : { value, from: CONTEXT_USE }
}

/** A value of a file; an empty one is absent. */
function fromFile<K extends string>(
  { path, values }: { readonly path?: string; readonly values: { readonly [Key in K]?: { readonly text: string } } },
  key: K,
): Setting | undefined {
  const value = values[key]?.text ?? ""
  return value === "" ? undefined : { value, from: `${key} of ${path}` }
}

function checkedUrl({ from, value }: Setting): Setting {
  const failure = (fault: string): Error =>
    from.startsWith("--") ? new UsageError(`${from} ${fault}`) : new CommandError(`${from} ${fault}`)
  const url = URL.parse(value)
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw failure("must be an http or https URL such as https://broker.example")
  // The message does not repeat the URL: it may contain a password.
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw failure("must be without user, password, query and fragment")
  return { value: value.trim(), from }
}

/** The path is not told: by mistake it may be the secret itself. */
function secretIn({ from, value: path }: Setting): string {
  try {
    return readSecretFile(path)
  } catch (error) {
    if (!(error instanceof PrivateFileError)) throw error
    throw new CommandError(`${from}: the file ${error.message}`)
  }
}

function pem({ from, value: path }: Setting): string {
  const text = readFile(from, path)
  if (!text.includes("-----BEGIN ")) throw new CommandError(`${from}: ${path} is not a PEM file`)
  return text
}
