import { X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import { createSecureContext, type SecureContextOptions } from "node:tls"
import type { TlsConfig } from "./config/checks.ts"

/** The options of a TLS server; the certificates can be replaced while it runs. */
export interface TlsSettings extends SecureContextOptions {
  readonly cert: Buffer
  readonly ca?: Buffer
  readonly crl?: Buffer
  readonly requestCert: boolean
  readonly rejectUnauthorized: boolean
  /** Milliseconds. */
  readonly handshakeTimeout: number
}

/** A certificate or key cannot be used; the message names the variables and files. */
export class TlsFileError extends Error {
  override readonly name = "TlsFileError"
  readonly code = "tls_file_unusable"
}

/** Only authenticated encryption with forward secrecy. */
const AEAD_SUITES = [
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_128_GCM_SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
].join(":")

/** The files of a TLS mode by their variables. */
export function tlsFiles(config: Exclude<TlsConfig, { mode: "none" }>): Record<string, string> {
  const { cert, key } = config
  const files = { AA_TLS_CERT: cert, AA_TLS_KEY: key }
  if (config.mode === "tls") return files
  const { clientCa, clientCrl } = config
  return {
    ...files,
    AA_TLS_CLIENT_CA: clientCa,
    ...(clientCrl !== undefined && { AA_TLS_CLIENT_CRL: clientCrl }),
  }
}

/**
 * Reads certificate, key and, for mutual TLS, the CA that client certificates must be signed by and its revocation
 * list.
 * @throws {@link TlsFileError} when they cannot be read or do not match.
 */
export function readTls(config: Exclude<TlsConfig, { mode: "none" }>): TlsSettings {
  const mutual = config.mode === "mtls"
  try {
    const settings: TlsSettings = {
      cert: readFileSync(config.cert),
      key: readFileSync(config.key),
      ...(mutual && { ca: readCertificates(config.clientCa) }),
      ...(mutual && config.clientCrl !== undefined && { crl: readFileSync(config.clientCrl) }),
      minVersion: "TLSv1.2",
      ciphers: AEAD_SUITES,
      honorCipherOrder: true,
      requestCert: mutual,
      rejectUnauthorized: mutual,
      handshakeTimeout: 5_000,
    }
    createSecureContext(settings)
    return settings
  } catch (cause) {
    const named = Object.entries(tlsFiles(config)).map(([name, path]) => `${name}=${path}`)
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new TlsFileError(`the TLS files cannot be used (${why}): check ${named.join(", ")}`, { cause })
  }
}

/**
 * Reads a CA file. Node itself accepts a file without certificates, such as one that is just being written, and then
 * refuses every client; it also skips all certificates after a broken one.
 */
function readCertificates(path: string): Buffer {
  const pem = readFileSync(path)
  const blocks = pem.toString("latin1").match(/-----BEGIN [^-]+-----[^-]*(-----END [^-]+-----)?/g) ?? []
  for (const block of blocks) new X509Certificate(block)
  if (blocks.length === 0) throw new Error(`${path} does not hold a certificate`)
  return pem
}
