import { createHash, generateKeyPairSync, sign } from "node:crypto"
import { shareTestBroker } from "@agentwrit/testing/broker"
import { agent } from "@agentwrit/testing/client"
import { fakeTimeOfFile } from "@agentwrit/testing/fake-time"
import { tokenPart } from "@agentwrit/testing/forged-tokens"
import { type Proxy as BrokerProxy, closedAddress, startProxy } from "@agentwrit/testing/proxy"
import { testVerifier, verdict } from "@agentwrit/testing/verifying"
import { describe, expect, test, vi } from "vitest"
import type { Verifier } from "../../src/verify/index.ts"
import { NO_TIMEOUT } from "./feed-proxy.ts"

const time = fakeTimeOfFile()
let url: string
let admin: string
shareTestBroker(
  (shared) => {
    ;({ url, admin } = shared)
  },
  { clock: time.clock, settings: { adminTokenTtl: 86_400 } },
)

/** The verdict on a token. Advances the time until it is there. */
const settled = (verifier: Verifier, token: string) => time.passUntilSettled(verdict(verifier, token))

const JWKS = "/.well-known/jwks.json"
const fetches = (proxy: BrokerProxy) => proxy.seen.filter((line) => line.endsWith(JWKS)).length

/** A well-formed token, signed by an unknown key with a new key id. */
function strangersToken(like: string): string {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519")
  const { x = "" } = publicKey.export({ format: "jwk" })
  const kid = createHash("sha256").update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest("base64url")
  const header = Buffer.from(`{"alg":"EdDSA","typ":"JWT","kid":"${kid}"}`).toString("base64url")
  const input = `${header}.${like.split(".")[1]}`
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString("base64url")}`
}

describe("unknown keys", () => {
  test("cause one fetch together, and do not delay known keys", async () => {
    await using proxy = await startProxy(url)
    const verifier = testVerifier({ brokerUrl: proxy.url, ...NO_TIMEOUT })
    await verifier.ready()
    const { access_token, agent_id } = await agent(url, admin)
    const before = fetches(proxy)
    const flood = Array.from({ length: 300 }, () => verdict(verifier, strangersToken(access_token)))
    // The time stands still, so the flood still waits for the next fetch.
    expect(await verdict(verifier, access_token)).toBe(agent_id)
    expect(fetches(proxy)).toBe(before)
    const verdicts = await time.passUntilSettled(Promise.all(flood))
    expect(new Set(verdicts)).toEqual(new Set(["unknown_key"]))
    expect(fetches(proxy)).toBe(before + 1)
  })

  test("cause no further fetch until the next one is due", async () => {
    await using proxy = await startProxy(url)
    const verifier = testVerifier({ brokerUrl: proxy.url, ...NO_TIMEOUT })
    await verifier.ready()
    const token = strangersToken(admin)
    expect(await settled(verifier, token)).toBe("unknown_key")
    const before = fetches(proxy)
    for (let at = 0; at < 50; at++) expect(await verdict(verifier, token)).toBe("unknown_key")
    expect(fetches(proxy)).toBe(before)
    await time.pass(3_000)
    expect(await settled(verifier, token)).toBe("unknown_key")
    expect(fetches(proxy)).toBe(before + 1)
  })

  test("do not prevent a genuine new key from being found", async () => {
    await using proxy = await startProxy(url)
    // The key is published after its first token is seen, as after a rotation behind a cache.
    const other = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" })
    const published = JSON.stringify({ keys: [{ kty: "OKP", crv: "Ed25519", x: other.x }] })
    proxy.intercept = (incoming, answer) => {
      if (incoming.url !== JWKS) return "pass"
      answer.writeHead(200, { "content-type": "application/json" }).end(published)
      return "taken"
    }
    const verifier = testVerifier({ brokerUrl: proxy.url, revocation: "none", ...NO_TIMEOUT })
    await verifier.ready()
    const flood = new Set<Promise<string>>()
    const { access_token, agent_id } = await agent(url, admin)
    expect(await settled(verifier, access_token)).toBe("unknown_key")
    proxy.intercept = () => "pass"
    await time.passUntil(async () => {
      for (let at = 0; at < 3; at++) flood.add(verdict(verifier, strangersToken(admin)))
      return (await verdict(verifier, access_token)) === agent_id
    })
    await time.passUntilSettled(Promise.all(flood))
  })
})

describe("a failed fetch of keys", () => {
  const broken: [name: string, status: number, body: string][] = [
    ["a failure", 500, "oops"],
    ["HTML", 200, "<html></html>"],
    ["not a set", 200, "[]"],
    [
      "a set of another size than keys have",
      200,
      JSON.stringify({
        keys: [generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" })],
        x: "x".repeat(300_000),
      }),
    ],
    ["an empty set", 200, '{"keys":[]}'],
    ["a set without a key of ours", 200, '{"keys":[{"kty":"RSA"}]}'],
    [
      "a private key",
      200,
      JSON.stringify({ keys: [generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" })] }),
    ],
    ["a key of small order", 200, JSON.stringify({ keys: [{ kty: "OKP", crv: "Ed25519", x: "A".repeat(43) }] })],
  ]

  test.each(broken)("keeps the known keys: %s", async (_, status, body) => {
    await using proxy = await startProxy(url)
    const verifier = testVerifier({ brokerUrl: proxy.url, retries: 0, ...NO_TIMEOUT })
    await verifier.ready()
    const { access_token, agent_id } = await agent(url, admin)
    proxy.intercept = (incoming, answer) => {
      if (incoming.url !== JWKS) return "pass"
      answer.writeHead(status, { "content-type": "application/json" }).end(body)
      return "taken"
    }
    // The verifier cannot know whether the key is new, so this is not a verdict on the token.
    expect(await settled(verifier, strangersToken(access_token))).toBe("keys_unavailable")
    expect(await verdict(verifier, access_token)).toBe(agent_id)
  })

  test.each(["feed", "introspect", "none"] as const)(
    "leave a new verifier shut, and the reason names the broker: %s",
    async (revocation) => {
      const brokerUrl = await closedAddress()
      const verifier = testVerifier({ brokerUrl, revocation, retries: 0 })
      const error = await time.passUntilSettled(verifier.ready({ timeoutMs: 4_000 }).catch((error: unknown) => error))
      expect(error).toMatchObject({ status: 503, message: expect.stringContaining(brokerUrl) })
      expect(await settled(verifier, admin)).toBe(revocation === "feed" ? "feed_not_joined" : "keys_unavailable")
    },
  )
})

test("a withdrawn key ends cached tokens too", async () => {
  await using proxy = await startProxy(url)
  const verifier = testVerifier({ brokerUrl: proxy.url, revocation: "none", ...NO_TIMEOUT })
  await verifier.ready()
  expect(await verdict(verifier, admin)).toBe(tokenPart(admin, 1).sub)
  const other = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" })
  proxy.intercept = (incoming, answer) => {
    if (incoming.url !== JWKS) return "pass"
    answer.writeHead(200).end(JSON.stringify({ keys: [{ kty: "OKP", crv: "Ed25519", x: other.x }] }))
    return "taken"
  }
  // An unknown key triggers a fetch. Without one, a fetch happens every minute.
  expect(await settled(verifier, strangersToken(admin))).toBe("unknown_key")
  expect(await settled(verifier, admin)).toBe("unknown_key")
})

test("invalid options are a TypeError", () => {
  const warn = vi.spyOn(console, "warn")
  const rows: object[] = [
    { brokerUrl: "broker.example" },
    { brokerUrl: "ftp://broker.example" },
    { revocation: "feeds" },
    { revocation: null },
    { audience: "" },
    { audience: ["crm"] },
    { issuer: 7 },
    { maxStalenessMs: 0 },
    { maxStalenessMs: 30_001 },
    { maxStalenessMs: Number.NaN },
    { clockToleranceS: -1 },
    { clockToleranceS: 301 },
    { clockToleranceS: "5" },
    { timeoutMs: 0 },
  ]
  for (const row of rows)
    expect(() => testVerifier({ brokerUrl: url, ...row } as never), JSON.stringify(row)).toThrow(TypeError)
  expect(warn).not.toHaveBeenCalled()
})
