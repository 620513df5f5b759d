import { AgentWritError } from "./errors.ts"

/** An agent's Ed25519 key. `SigningKey` of @agentwrit/core is one. */
export interface AgentKey {
  /** 32 bytes (RFC 8032 section 5.1.5). */
  readonly publicKey: Uint8Array
  /** @returns the 64 bytes of the signature. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** An Ed25519 key pair of WebCrypto, such as a `CryptoKeyPair`. */
export interface AgentKeyPair {
  readonly privateKey: WebCryptoKey
  readonly publicKey: WebCryptoKey
}

/** `CryptoKey`, in a form that the types of browsers and of Node both have. */
type WebCryptoKey = Parameters<typeof crypto.subtle.exportKey>[1]

/**
 * Makes a new key in memory whose private half cannot be exported.
 * @throws {@link AgentWritError} `key_unavailable` when WebCrypto has no Ed25519, or a page is not a secure context.
 */
export async function generateAgentKey(): Promise<AgentKey> {
  try {
    return await agentKeyOf((await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as AgentKeyPair)
  } catch (cause) {
    throw new AgentWritError("key_unavailable", "this platform cannot make Ed25519 keys", {
      cause,
      hint: "pass a key, for example from createSigningKey of @agentwrit/core; web pages need https",
    })
  }
}

/** Makes an agent's key from a WebCrypto key pair whose public half can be exported. */
export async function agentKeyOf({ privateKey, publicKey }: AgentKeyPair): Promise<AgentKey> {
  return {
    publicKey: new Uint8Array(await crypto.subtle.exportKey("raw", publicKey)),
    sign: async (message) => new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, message.slice())),
  }
}
