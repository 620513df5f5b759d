import { decode, delegationChain } from "@agentwrit/contract"
import * as v from "valibot"
import { parseAllowedOrigins } from "./allowed-origins.ts"
import { BROKER_OPTIONS, BrokerClient, type BrokerOptions } from "./broker-client.ts"
import { type Agent, CREDENTIAL_OPTIONS, type CredentialOptions, DelegatedCredential, termsOf } from "./credential.ts"
import { CredentialError } from "./credential-error.ts"
import { isBound, TOKEN_FORM, unverifiedClaims } from "./issued-token.ts"
import { requireKnownOptions } from "./known-options.ts"
import { Lifetime } from "./lifetime.ts"

/** A delegated token that this process received, and the agent of this process that it was delegated to. */
export interface DelegationToAgent extends CredentialOptions {
  /** The result of `await delegated.token()` at the delegator. */
  readonly token: string
  /**
   * Its key proves that the token is used by its holder. Its broker and options are the defaults of the new credential.
   */
  readonly agent: Agent
}

/** A delegated bearer token, which needs no key. */
export interface BearerDelegation extends BrokerOptions, CredentialOptions {
  /** The result of `await delegated.token()` at the delegator. */
  readonly token: string
  readonly agent?: undefined
}

/** A delegated token that this process received. */
export type AcceptDelegationOptions = DelegationToAgent | BearerDelegation

const TO_AGENT: Readonly<Record<keyof DelegationToAgent, true>> = { ...CREDENTIAL_OPTIONS, token: true, agent: true }
const BEARER: Readonly<Record<keyof BearerDelegation, true>> = { ...BROKER_OPTIONS, ...TO_AGENT }

/**
 * Makes a credential from a token that another process delegated to an agent of this one. It sends nothing and verifies
 * nothing: that is the task of the services that receive the token. Its expiry is measured by this machine's clock.
 * @throws {@link CredentialError} `malformed_token` when it is not a delegated token; `other_delegate` when it was
 * delegated to another agent; `key_missing` when it is bound to the key of an agent and `agent` is not given
 * @example
 * ```ts
 * const credential = acceptDelegation({ agent, token })
 * ```
 */
export function acceptDelegation(options: AcceptDelegationOptions): DelegatedCredential {
  const { token, agent } = options
  if (agent === undefined) requireKnownOptions<BearerDelegation>("acceptDelegation", options, BEARER)
  else requireKnownOptions<DelegationToAgent>("acceptDelegation with an agent", options, TO_AGENT)
  const { sub, orch_id: orchId, task_id: taskId, scope, exp, delegation_chain: chain } = claimsOf(token)
  if (agent !== undefined && agent.id !== sub)
    throw new CredentialError("other_delegate", `the token was delegated to ${sub}, not to ${agent.id}`, {
      hint: "pass it to the agent that it was delegated to",
    })
  if (agent === undefined && isBound(token))
    throw new CredentialError("key_missing", `the token is bound to the key of ${sub}`, {
      hint: "pass that agent: `acceptDelegation({ agent, token })`",
    })
  const terms =
    agent === undefined
      ? { client: new BrokerClient(options), allowedOrigins: undefined, onError: undefined, prover: undefined }
      : termsOf(agent)
  return new DelegatedCredential(
    { id: sub, orchId, taskId, scope },
    { value: token, lifetime: new Lifetime(exp - Date.now() / 1000) },
    chain,
    {
      ...terms,
      allowedOrigins: parseAllowedOrigins(options.allowedOrigins) ?? terms.allowedOrigins,
      onError: options.onError ?? terms.onError,
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
  const isToken = typeof token === "string" && TOKEN_FORM.test(token)
  const read = decode(delegatedClaims, isToken ? unverifiedClaims(token) : undefined)
  if (read.ok) return read.value
  throw new CredentialError("malformed_token", "this is not a delegated token", {
    hint: "pass the result of `await delegated.token()` from the delegator",
  })
}
