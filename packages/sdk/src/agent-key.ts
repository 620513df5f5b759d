import { AgentWritError } from "./errors.ts"

/** An agent's Ed25519 key, as far as this package needs it; core's `SigningKey` is one. */
export interface AgentKey {
  /** The 32 bytes of RFC 8032 section 5.1.5. */
  readonly publicKey: Uint8Array
  /** The 64 bytes of the signature over the message. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** Two halves of an Ed25519 key in WebCrypto; `CryptoKeyPair` is one. */
export interface AgentKeyPair {
  readonly privateKey: WebCryptoKey
  readonly publicKey: WebCryptoKey
}

/** `CryptoKey`, under the name by which browsers and Node both know its type. */
type WebCryptoKey = Parameters<typeof crypto.subtle.exportKey>[1]

/**
 * A new key in memory. Its private half cannot be exported, by no one.
 * @throws {@link AgentWritError} `key_unavailable` where WebCrypto has no Ed25519, or a page is not a secure context.
 */
export async function generateAgentKey(): Promise<AgentKey> {
  try {
    return await agentKeyOf((await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as AgentKeyPair)
  } catch (cause) {
    throw new AgentWritError("key_unavailable", "this platform makes no Ed25519 keys", {
      cause,
      hint: "give a key, such as createSigningKey of @agentwrit/core makes; pages need https",
    })
  }
}

/** A WebCrypto key pair, whose public half can be exported, as an agent's key. */
export async function agentKeyOf({ privateKey, publicKey }: AgentKeyPair): Promise<AgentKey> {
  return {
    publicKey: new Uint8Array(await crypto.subtle.exportKey("raw", publicKey)),
    sign: async (message) => new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, message.slice())),
  }
}
