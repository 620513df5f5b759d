import { decode, delegationChain } from "@agentwrit/contract"
import * as v from "valibot"
import { parseAllowedOrigins } from "./allowed-origins.ts"
import { BrokerClient, type BrokerOptions } from "./broker-client.ts"
import { type CredentialOptions, DelegatedCredential } from "./credential.ts"
import { CredentialError } from "./credential-error.ts"
import { TOKEN_FORM } from "./issued-token.ts"
import { Lifetime } from "./lifetime.ts"

/** A delegated token that reached this process. */
export interface AcceptDelegationOptions extends BrokerOptions, CredentialOptions {
  /** What `await delegated.token()` gave its delegator. */
  readonly token: string
}

/**
 * The credential of a token that another process delegated to an agent of this one. Nothing is sent, and nothing is proved: that is for
 * those who are shown the token. How long it lives is counted by this machine's clock.
 * @throws {@link CredentialError} `malformed_token` for anything but a delegated token
 */
export function acceptDelegation(options: AcceptDelegationOptions): DelegatedCredential {
  const { token, allowedOrigins, onError } = options
  const { sub, orch_id: orchId, task_id: taskId, scope, exp, delegation_chain: chain } = claimsOf(token)
  return new DelegatedCredential(
    { id: sub, orchId, taskId, scope },
    { value: token, lifetime: new Lifetime(exp - Date.now() / 1000) },
    chain,
    {
      client: new BrokerClient(options),
      allowedOrigins: parseAllowedOrigins(allowedOrigins),
      onError,
      renewal: "never",
    },
  )
}

/** What of a delegated token's claims its holder goes by. */
const delegatedClaims = v.looseObject({
  sub: v.string(),
  orch_id: v.string(),
  task_id: v.string(),
  scope: v.array(v.string()),
  exp: v.number(),
  delegation_chain: delegationChain("The chain"),
})

function claimsOf(token: string): v.InferOutput<typeof delegatedClaims> {
  if (typeof token !== "string" || !TOKEN_FORM.test(token)) throw malformed()
  const [, payload = ""] = token.split(".")
  try {
    // Of what is read here all is ASCII; so the bytes are the characters.
    const read = decode(delegatedClaims, JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))))
    if (read.ok) return read.value
  } catch {
    // What the parser says would repeat a part of the token.
  }
  throw malformed()
}

function malformed(): CredentialError {
  return new CredentialError("malformed_token", "this is not a delegated token", {
    hint: "hand over what `await delegated.token()` gives its delegator",
  })
}
