import { type Claims, createSigningKey } from "@agentwrit/core"
import { expect, test } from "vitest"
import { VerifiedTokens } from "../../src/verify/verified-tokens.ts"

const key = createSigningKey(new Uint8Array(32).fill(1))
const claims = (): Claims => ({
  iss: "",
  sub: "admin",
  exp: 2,
  nbf: 1,
  iat: 1,
  jti: "0".repeat(32),
  kind: "admin",
  scope: ["admin:audit:*"],
})

/** Texts of the maximum length of a token, so that a few hundred exceed the cache. */
const text = (at: number) => `${at}`.padEnd(64 * 1024, "x")
const MORE_THAN_A_GENERATION = 200

test("used tokens stay, unused ones make room, so memory is bounded", () => {
  const tokens = new VerifiedTokens()
  const used = tokens.remember("used", { claims: claims(), key })
  tokens.remember("unused", { claims: claims(), key })
  for (let at = 0; at < 10 * MORE_THAN_A_GENERATION; at++) {
    tokens.remember(text(at), { claims: claims(), key })
    expect(tokens.get("used")).toBe(used)
  }
  expect(tokens.get("unused")).toBeUndefined()
  const kept = Array.from({ length: 10 * MORE_THAN_A_GENERATION }, (_, at) => tokens.get(text(at)))
  expect(kept.filter((one) => one !== undefined).length).toBeLessThan(2 * MORE_THAN_A_GENERATION)
})

test("a deleted token is gone from both generations, and a token added twice counts once", () => {
  const tokens = new VerifiedTokens()
  tokens.remember("old", { claims: claims(), key })
  for (let at = 0; at < MORE_THAN_A_GENERATION; at++) tokens.remember(text(at), { claims: claims(), key })
  tokens.get("old")
  tokens.forget("old")
  expect(tokens.get("old")).toBeUndefined()
  const first = tokens.remember("first", { claims: claims(), key })
  for (let at = 0; at < 10 * MORE_THAN_A_GENERATION; at++) tokens.remember(text(0), { claims: claims(), key })
  expect(tokens.get("first")).toBe(first)
  tokens.clear()
  expect(tokens.get("first")).toBeUndefined()
})
