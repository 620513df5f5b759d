import { generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import type { AuditEvent } from "@agentwrit/audit"
import { type Claims, createSigningKey, type TokenKind } from "@agentwrit/core"
import { MemoryStore } from "@agentwrit/store-memory"
import { type SettableClock, settableClock } from "@agentwrit/testing/settable-clock"
import { TEST_SETTINGS } from "@agentwrit/testing/settings"
import { expect } from "vitest"
import {
  type AppCreationRequest,
  type AuthorityOptions,
  type AuthoritySettings,
  createAdminSecret,
  type DelegationRequest,
  type LaunchTokenRequest,
  memoryCustody,
  openAuthority,
  Refusal,
  type RegistrationRequest,
} from "../src/index.ts"

export const SECRET = "the operator's own secret"

/** The caller of every request. */
export const CALLER = { resource: "/resource", source: "10.0.0.1" }

const seed = (fill: number) => new Uint8Array(32).fill(fill)

export const SIGNING_KEY = createSigningKey(seed(1))
export const AUDIT_KEY = createSigningKey(seed(2))

type Options = Partial<Omit<AuthorityOptions, "clock" | "settings">> & {
  readonly clock?: SettableClock
  readonly settings?: Partial<AuthoritySettings>
}

/** An authority over a store in memory, with a clock that stands still until it is set. */
export async function testAuthority({ settings, clock = settableClock(), ...options }: Options = {}) {
  const store = options.store ?? new MemoryStore({ clock })
  let note: string | undefined
  const authority = await openAuthority({
    settings: { ...TEST_SETTINGS, ...settings },
    store,
    clock,
    keys: memoryCustody(SIGNING_KEY),
    auditKey: AUDIT_KEY,
    adminSecret: createAdminSecret(SECRET),
    anchor: {
      kept: async () => note,
      keep: async (newer) => {
        note = newer
      },
    },
    ...options,
  })
  const claimsOf = (token: string, ...kinds: TokenKind[]): Promise<Claims> =>
    authority.authenticate(CALLER, token, { kinds: kinds.length === 0 ? ["agent"] : kinds })
  const operator = await claimsOf((await authority.signInAdmin(CALLER, SECRET)).accessToken, "admin")
  const events = async (): Promise<readonly AuditEvent[]> =>
    (await authority.queryEvents({ limit: 1000, offset: 0 })).events
  const launch = async (policy: Partial<LaunchTokenRequest> = {}): Promise<string> =>
    (await authority.createLaunchToken(CALLER, operator, { ...POLICY, ...policy })).launchToken
  const request = (launchToken: string, changes: Partial<RegistrationRequest> = {}): RegistrationRequest => ({
    ...registrationRequest(launchToken, authority.challenge().nonce),
    ...changes,
  })
  const agent = async (changes: Partial<RegistrationRequest> = {}, policy: Partial<LaunchTokenRequest> = {}) => {
    const registered = await authority.register(CALLER, request(await launch(policy), changes))
    return { ...registered, claims: await claimsOf(registered.accessToken) }
  }
  const app = async (
    name = "crm",
    scopes: readonly string[] = ["read:data:*"],
    more: Partial<AppCreationRequest> = {},
  ) => {
    const { appId, clientId, clientSecret } = await authority.createApp(CALLER, operator, { name, scopes, ...more })
    const { accessToken } = await authority.signInApp(CALLER, { clientId, clientSecret })
    const claims = await claimsOf(accessToken, "app")
    const appAgent = async (changes: Partial<RegistrationRequest> = {}) => {
      const { launchToken } = await authority.createAppLaunchToken(CALLER, claims, POLICY)
      const registered = await authority.register(CALLER, request(launchToken, changes))
      return { ...registered, claims: await claimsOf(registered.accessToken) }
    }
    return { appId, clientId, clientSecret, accessToken, claims, agent: appAgent }
  }
  const delegate = async (held: Claims, delegateTo: string, changes: Partial<DelegationRequest> = {}) => {
    const made = await authority.delegate(CALLER, held, { delegateTo, scope: ["read:data:7"], ttl: 60, ...changes })
    return { ...made, claims: await claimsOf(made.accessToken) }
  }
  /** Requires that a use case refuses, with these members, and with these denied events in the trail. */
  const refused = async (
    attempt: () => Promise<unknown>,
    refusal: Partial<Refusal>,
    denied: readonly Partial<AuditEvent>[],
  ): Promise<void> => {
    const before = (await events()).length
    const error = await attempt().then(
      () => expect.fail("the use case did not refuse"),
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(Refusal)
    expect(error).toMatchObject(refusal)
    const { reason } = error as Refusal
    const expected = denied.map((event) => ({ resource: CALLER.resource, outcome: "denied", detail: reason, ...event }))
    const written = (await events()).slice(before)
    expect(written).toMatchObject(expected)
    expect(written).toHaveLength(expected.length)
  }
  return {
    authority,
    clock,
    store,
    operator,
    claimsOf,
    events,
    launch,
    request,
    agent,
    app,
    delegate,
    refused,
    kept: () => note,
    [Symbol.asyncDispose]: () => authority.close(),
  }
}

const POLICY: LaunchTokenRequest = { agentName: "worker", allowedScope: ["read:data:*"], ttl: 600, maxTtl: 600 }

/** A registration with a fresh key that signs this nonce. */
export function registrationRequest(launchToken: string, nonce: string): RegistrationRequest {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519")
  return {
    launchToken,
    nonce,
    publicKey: rawKey(publicKey),
    signature: sign(null, Buffer.from(nonce, "hex"), privateKey).toString("base64"),
    orchId: "crm",
    taskId: "t-42",
    requestedScope: ["read:data:7"],
  }
}

const rawKey = (key: KeyObject): string =>
  Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url").toString("base64")
