import { decode, delegationChain } from "@agentwrit/contract"
import * as v from "valibot"
import { parseAllowedOrigins } from "./allowed-origins.ts"
import { BrokerClient, type BrokerOptions } from "./broker-client.ts"
import { type CredentialOptions, DelegatedCredential } from "./credential.ts"
import { CredentialError } from "./credential-error.ts"
import { TOKEN_FORM } from "./issued-token.ts"
import { Lifetime } from "./lifetime.ts"

/** A delegated token that this process received. */
export interface AcceptDelegationOptions extends BrokerOptions, CredentialOptions {
  /** The result of `await delegated.token()` at the delegator. */
  readonly token: string
}

/**
 * Makes a credential from a token that another process delegated to an agent of this one. It sends nothing and verifies nothing:
 * that is the task of the services that receive the token. Its expiry is measured by this machine's clock.
 * @throws {@link CredentialError} `malformed_token` when it is not a delegated token
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

/** The claims of a delegated token that its holder needs. */
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
    // The claims that are read here are ASCII, so that each byte is a character.
    const read = decode(delegatedClaims, JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))))
    if (read.ok) return read.value
  } catch {
    // The parser's message would repeat a part of the token.
  }
  throw malformed()
}

function malformed(): CredentialError {
  return new CredentialError("malformed_token", "this is not a delegated token", {
    hint: "pass the result of `await delegated.token()` from the delegator",
  })
}
