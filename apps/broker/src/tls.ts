import { X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import { createSecureContext, type SecureContextOptions } from "node:tls"
import type { TlsConfig } from "./config/config.ts"

/** How a TLS server is opened, and what its certificates are read into again. */
export interface TlsSettings extends SecureContextOptions {
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

/** Authenticated encryption with forward secrecy, and nothing else. */
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

/**
 * Reads certificate, key and, for mutual TLS, the CA that client certificates must be signed by.
 * @throws {@link TlsFileError} when they cannot be read or do not belong together.
 */
export function readTls(config: Exclude<TlsConfig, { mode: "none" }>): TlsSettings {
  const mutual = config.mode === "mtls"
  const files = {
    AA_TLS_CERT: config.cert,
    AA_TLS_KEY: config.key,
    ...(mutual && { AA_TLS_CLIENT_CA: config.clientCa }),
  }
  try {
    const settings: TlsSettings = {
      cert: readFileSync(config.cert),
      key: readFileSync(config.key),
      ...(mutual && { ca: readCertificates(config.clientCa) }),
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
    const named = Object.entries(files).map(([name, path]) => `${name}=${path}`)
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new TlsFileError(`the TLS files cannot be used (${why}): check ${named.join(", ")}`, { cause })
  }
}

/**
 * Node takes a CA file that holds no certificate, as one has that is being written, without a word, and then refuses every client;
 * behind one that is broken it skips the others.
 */
function readCertificates(path: string): Buffer {
  const pem = readFileSync(path)
  const blocks = pem.toString("latin1").match(/-----BEGIN [^-]+-----[^-]*(-----END [^-]+-----)?/g) ?? []
  for (const block of blocks) new X509Certificate(block)
  if (blocks.length === 0) throw new Error(`${path} holds no certificate`)
  return pem
}
