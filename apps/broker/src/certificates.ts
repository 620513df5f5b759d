import { X509Certificate } from "node:crypto"
import { statSync } from "node:fs"
import type { TlsConfig } from "./config/checks.ts"
import { nextUpdateOf } from "./crl.ts"
import type { Log } from "./log/log.ts"
import { readTls, type TlsSettings, tlsFiles } from "./tls.ts"

/** Milliseconds between two looks at the files. Polling follows the symbolic links that container platforms swap. */
const POLL_INTERVAL_MS = 2_000

const DAY_MS = 86_400_000

/** How long before its end a file is warned of. Authorities sign revocation lists for days, certificates for months. */
const WARNING_MS = { certificate: 14 * DAY_MS, revocationList: DAY_MS }

/** The options of {@link Certificates}. */
export interface CertificatesOptions {
  readonly tls: Exclude<TlsConfig, { mode: "none" }>
  readonly log: Log
  /** Called with the end of each file's validity, in Unix seconds. */
  readonly onExpiry: (variable: string, at: number) => void
}

/** The TLS files of a running broker: notices when they change, and warns before they expire. */
export class Certificates {
  #settings: TlsSettings
  readonly #options: CertificatesOptions
  #use: (settings: TlsSettings) => void = () => undefined
  /** The versions of the files that were read last, and of those that were seen last. */
  #read: string
  #seen: string
  #poll: NodeJS.Timeout | undefined
  #reminder: NodeJS.Timeout | undefined

  /** @throws {@link TlsFileError} when the files cannot be used. */
  constructor(options: CertificatesOptions) {
    this.#options = options
    this.#read = this.#seen = this.#versions()
    this.#settings = readTls(options.tls)
    this.#reportExpiry()
  }

  /** The files as they were when they were last read without a fault. */
  get settings(): TlsSettings {
    return this.#settings
  }

  /** Gives changed files to `use`, from now until {@link Certificates.close}. */
  watch(use: (settings: TlsSettings) => void): void {
    this.#use = use
    this.#poll = setInterval(() => this.#renewChanged(), POLL_INTERVAL_MS).unref()
    this.#reminder = setInterval(() => this.#reportExpiry(), DAY_MS).unref()
  }

  /** Reads the files now. Files that cannot be used are logged, and the old ones stay in use. */
  renew(): void {
    const { tls, log } = this.#options
    this.#read = this.#versions()
    try {
      this.#settings = readTls(tls)
      this.#use(this.#settings)
      log.ok("tls", "certificates read again")
      this.#reportExpiry()
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error)
      log.fail("tls", "certificates kept as they were", { cause })
    }
  }

  close(): void {
    clearInterval(this.#poll)
    clearInterval(this.#reminder)
  }

  /** Waits until two looks see the same: certificate and key are rarely written at the same moment. */
  #renewChanged(): void {
    const versions = this.#versions()
    if (versions !== this.#read && versions === this.#seen) this.renew()
    this.#seen = versions
  }

  #versions(): string {
    return Object.values(tlsFiles(this.#options.tls)).map(versionOf).join()
  }

  /** Reports what is in use. The files may be gone or half-written by now. */
  #reportExpiry(): void {
    const { cert, ca, crl } = this.#settings
    this.#report("AA_TLS_CERT", firstExpiry(cert), WARNING_MS.certificate, "clients refuse the broker")
    if (ca !== undefined)
      this.#report("AA_TLS_CLIENT_CA", firstExpiry(ca), WARNING_MS.certificate, "no client can connect")
    const at = crl && nextUpdateOf(crl)
    if (at !== undefined) this.#report("AA_TLS_CLIENT_CRL", at, WARNING_MS.revocationList, "no client can connect")
  }

  #report(variable: string, at: number, warningMs: number, then: string): void {
    const { tls, log, onExpiry } = this.#options
    onExpiry(variable, at / 1000)
    if (at - Date.now() >= warningMs) return
    log.warn("tls", `${variable} expires soon: renew the file, or ${then}`, {
      file: tlsFiles(tls)[variable] ?? "",
      expires: new Date(at).toISOString(),
    })
  }
}

/** Changes when the file is written, replaced, or reached through another link. */
function versionOf(path: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(path)
    return `${ino}:${mtimeMs}:${size}`
  } catch {
    return "unreadable"
  }
}

/** When the first certificate of a PEM file expires, in milliseconds. */
function firstExpiry(pem: Buffer): number {
  const blocks = pem.toString("latin1").match(/-----BEGIN [^-]+-----[^-]*-----END [^-]+-----/g) ?? []
  return Math.min(...blocks.map((block) => new X509Certificate(block).validToDate.getTime()))
}
