import { createHash, generateKeyPairSync, sign } from "node:crypto"
import { agent } from "@agentwrit/testing/client"
import { tokenPart } from "@agentwrit/testing/forged-tokens"
import { type Proxy as BrokerProxy, startProxy } from "@agentwrit/testing/proxy"
import { shareBroker } from "@agentwrit/testing/shared-broker"
import { testVerifier, verdict } from "@agentwrit/testing/verifying"
import { describe, expect, test, vi } from "vitest"

let url: string
let admin: string
shareBroker((shared) => {
  ;({ url, admin } = shared)
})

const JWKS = "/.well-known/jwks.json"
const fetches = (proxy: BrokerProxy) => proxy.seen.filter((line) => line.endsWith(JWKS)).length

/** A token of a stranger, well made but for its key: each has a key id of its own. */
function strangersToken(like: string): string {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519")
  const { x = "" } = publicKey.export({ format: "jwk" })
  const kid = createHash("sha256").update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest("base64url")
  const header = Buffer.from(`{"alg":"EdDSA","typ":"JWT","kid":"${kid}"}`).toString("base64url")
  const input = `${header}.${like.split(".")[1]}`
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString("base64url")}`
}

describe("keys that are not known", () => {
  test("cause few fetches, however many come at once and one after another, and delay no known key", async () => {
    await using proxy = await startProxy(url)
    const verifier = testVerifier({ brokerUrl: proxy.url })
    await verifier.ready()
    const { access_token, agent_id } = await agent(url, admin)
    const before = fetches(proxy)
    const began = performance.now()
    const flood = Array.from({ length: 600 }, () => verdict(verifier, strangersToken(access_token)))
    const during = performance.now()
    expect(await verdict(verifier, access_token)).toBe(agent_id)
    expect(performance.now() - during).toBeLessThan(1_000)
    expect(new Set(await Promise.all(flood))).toEqual(new Set(["unknown_key"]))
    expect(await verdict(verifier, strangersToken(access_token))).toBe("unknown_key")
    const intervals = Math.ceil((performance.now() - began) / 3_000)
    expect(fetches(proxy) - before).toBeGreaterThan(0)
    expect(fetches(proxy) - before).toBeLessThanOrEqual(intervals)
  })

  test("are not asked for again until the next fetch is due", async () => {
    await using proxy = await startProxy(url)
    const verifier = testVerifier({ brokerUrl: proxy.url })
    await verifier.ready()
    const token = strangersToken(admin)
    expect(await verdict(verifier, token)).toBe("unknown_key")
    const before = fetches(proxy)
    const began = performance.now()
    for (let at = 0; at < 50; at++) expect(await verdict(verifier, token)).toBe("unknown_key")
    expect(performance.now() - began).toBeLessThan(2_500)
    expect(fetches(proxy)).toBe(before)
  })

  test("do not keep a real one from being found", { timeout: 30_000 }, async () => {
    await using proxy = await startProxy(url)
    // The broker's key is published later than its first token is seen: as after a rotation, behind a cache.
    const other = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" })
    const published = JSON.stringify({ keys: [{ kty: "OKP", crv: "Ed25519", x: other.x }] })
    proxy.intercept = (incoming, answer) => {
      if (incoming.url !== JWKS) return "pass"
      answer.writeHead(200, { "content-type": "application/json" }).end(published)
      return "taken"
    }
    const verifier = testVerifier({ brokerUrl: proxy.url, revocation: "none" })
    await verifier.ready()
    const flooding = new AbortController()
    const flood = (async () => {
      while (!flooding.signal.aborted) await Promise.all([1, 2, 3].map(() => verdict(verifier, strangersToken(admin))))
    })()
    const { access_token, agent_id } = await agent(url, admin)
    expect(await verdict(verifier, access_token)).toBe("unknown_key")
    proxy.intercept = () => "pass"
    await expect.poll(() => verdict(verifier, access_token), { timeout: 10_000 }).toBe(agent_id)
    flooding.abort()
    await flood
  })
})

describe("keys that cannot be fetched", () => {
  const broken: [name: string, status: number, body: string][] = [
    ["a failure", 500, "oops"],
    ["HTML", 200, "<html></html>"],
    ["no set", 200, "[]"],
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

  const leavesKeys = async ([name, status, body]: (typeof broken)[number]) => {
    await using proxy = await startProxy(url)
    const verifier = testVerifier({ brokerUrl: proxy.url, retries: 0 })
    await verifier.ready()
    const { access_token, agent_id } = await agent(url, admin)
    proxy.intercept = (incoming, answer) => {
      if (incoming.url !== JWKS) return "pass"
      answer.writeHead(status, { "content-type": "application/json" }).end(body)
      return "taken"
    }
    // Whether a stranger's token is one of a new key cannot be told: that is no verdict on the token.
    expect([name, await verdict(verifier, strangersToken(access_token))]).toEqual([name, "keys_unavailable"])
    expect([name, await verdict(verifier, access_token)]).toEqual([name, agent_id])
  }

  // At once, because each waits for the next fetch that is due.
  test("leave those that are there", async () => {
    await Promise.all(broken.map(leavesKeys))
  })

  test("leave a verifier shut from the start, with a reason that names the broker", async () => {
    for (const revocation of ["feed", "introspect", "none"] as const) {
      const verifier = testVerifier({ brokerUrl: "http://127.0.0.1:9", revocation, retries: 0 })
      const error = await verifier.ready({ timeoutMs: 1_000 }).catch((error: unknown) => error)
      expect(error).toMatchObject({ status: 503, message: expect.stringContaining("127.0.0.1:9") })
      const began = performance.now()
      expect(await verdict(verifier, admin)).toBe(revocation === "feed" ? "feed_not_joined" : "keys_unavailable")
      expect(performance.now() - began).toBeLessThan(5_000)
    }
  })
})

test("a key that is withdrawn is withdrawn for remembered tokens too", { timeout: 30_000 }, async () => {
  await using proxy = await startProxy(url)
  const verifier = testVerifier({ brokerUrl: proxy.url, revocation: "none" })
  await verifier.ready()
  expect(await verdict(verifier, admin)).toBe(tokenPart(admin, 1).sub)
  const other = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" })
  proxy.intercept = (incoming, answer) => {
    if (incoming.url !== JWKS) return "pass"
    answer.writeHead(200).end(JSON.stringify({ keys: [{ kty: "OKP", crv: "Ed25519", x: other.x }] }))
    return "taken"
  }
  // Any unknown key makes it fetch; by itself it does so every minute.
  expect(await verdict(verifier, strangersToken(admin))).toBe("unknown_key")
  expect(await verdict(verifier, admin)).toBe("unknown_key")
})

test("options that cannot be meant are a TypeError", () => {
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
