import { fileURLToPath } from "node:url"
import { createContext, runInContext } from "node:vm"
import { type BuildOptions, build } from "esbuild"
import { beforeAll, describe, expect, it } from "vitest"
import {
  type Claims,
  CoreError,
  createVerifyingKey,
  decodeHex,
  encodeHex,
  encodeUtf8,
  signToken,
  verifyToken,
} from "../src/index.ts"
import { rfc8032Vectors } from "./rfc8032-vectors.ts"
import { agentClaims, chainOf, delegatedClaims, findKey, key, otherKey } from "./samples.ts"
import { type Ed25519Vectors, hasSharedVectors, readSharedVectors } from "./shared-vectors.ts"

/** One question to Ed25519, in hex. */
interface Case {
  readonly pk: string
  readonly msg: string
  readonly sig: string
}

/** The functions of the driver below, which runs in a context without Node. */
interface Sandbox {
  verdicts(cases: string): string
  sign(seed: string, message: string): string
  signToken(seed: string, claims: string): string
  verifyToken(publicKey: string, token: string): string
}

// It exchanges only text, so that no object of Node's realm gets in.
const driver = `
const { createVerifyingKey, createSigningKey, decodeHex, encodeHex, encodeUtf8 } = AgentWrit
function accepts({ pk, msg, sig }) {
  try {
    return createVerifyingKey(decodeHex(pk)).verify(decodeHex(msg), decodeHex(sig))
  } catch (error) {
    if (error instanceof AgentWrit.KeyError) return false
    throw error
  }
}
globalThis.sandbox = {
  verdicts: (cases) => JSON.stringify(JSON.parse(cases).map(accepts)),
  sign: (seed, message) => encodeHex(createSigningKey(decodeHex(seed)).sign(decodeHex(message))),
  signToken: (seed, claims) => AgentWrit.signToken(JSON.parse(claims), createSigningKey(decodeHex(seed))),
  verifyToken: (publicKey, token) => {
    const key = createVerifyingKey(decodeHex(publicKey))
    try {
      return JSON.stringify(AgentWrit.verifyToken(token, (keyId) => (keyId === key.keyId ? key : undefined)).claims)
    } catch (error) {
      return error.name + " " + error.code
    }
  },
}
`

/** Bundles the sources for a browser; a Node built-in anywhere would fail the build. */
async function bundle(options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../src/index.ts", import.meta.url))],
    bundle: true,
    write: false,
    platform: "browser",
    target: "es2024",
    conditions: ["@agentwrit/source"],
    logLevel: "silent",
    ...options,
  })
  return outputFiles?.[0]?.text ?? ""
}

describe("the bundle for browsers", () => {
  let sandbox: Sandbox

  beforeAll(async () => {
    const code = await bundle({ format: "iife", globalName: "AgentWrit", minify: true })
    const context = createContext({ TextEncoder, TextDecoder, atob, btoa }) as { sandbox: Sandbox }
    runInContext(`${code}\n${driver}`, context)
    sandbox = context.sandbox
  })

  it("has no imports and does not use Node", async () => {
    const code = await bundle({ format: "esm" })
    expect(code).not.toMatch(/\bfrom\s*"/)
    expect(code).not.toMatch(/\bimport\s*\(/)
    expect(code).not.toMatch(/\brequire\b/)
    expect(code).not.toMatch(/node:/)
    expect(code).not.toMatch(/\bBuffer\b/)
    expect(code).not.toMatch(/\bprocess\./)
  })

  it.each([
    ["scopes", "scopesWithin"],
    ["encodings", "decodeHex, encodeBase64"],
  ])("does not bundle cryptography for %s", async (_what, names) => {
    const code = await bundle({
      format: "esm",
      minify: true,
      stdin: {
        contents: `export { ${names} } from "./index.ts"`,
        resolveDir: fileURLToPath(new URL("../src", import.meta.url)),
        loader: "ts",
      },
      entryPoints: [],
    })
    expect(code.length).toBeLessThan(3000)
  })

  it.each(rfc8032Vectors)("signs RFC 8032 $name", ({ seed, publicKey, message, signature }) => {
    expect(sandbox.sign(seed, message)).toBe(signature)
    expect(sandbox.verdicts(JSON.stringify([{ pk: publicKey, msg: message, sig: signature }]))).toBe("[true]")
  })

  it.skipIf(!hasSharedVectors)("returns the same result as native on each case of wycheproof", () => {
    const { testGroups } = readSharedVectors<Ed25519Vectors>("wycheproof-ed25519_test.json")
    const cases = testGroups.flatMap(({ publicKey, tests }) =>
      tests.map(({ msg, sig, result }) => ({ pk: publicKey.pk, msg, sig, result })),
    )
    const verdicts = JSON.parse(sandbox.verdicts(JSON.stringify(cases))) as boolean[]
    expect(verdicts).toHaveLength(151)
    expect(verdicts).toEqual(cases.map(({ result }) => result === "valid"))
    expect(verdicts).toEqual(cases.map(natively))
  })

  it("returns the same result as native on damaged signatures, messages and keys", () => {
    const message = encodeUtf8("a message")
    const whole = encodeHex(Uint8Array.of(...key.publicKey, ...key.sign(message), ...message))
    const cases = Array.from({ length: whole.length }, (_, i) => {
      const damaged = whole.slice(0, i) + (whole[i] === "0" ? "1" : "0") + whole.slice(i + 1)
      return { pk: damaged.slice(0, 64), sig: damaged.slice(64, 192), msg: damaged.slice(192) }
    })
    expect(JSON.parse(sandbox.verdicts(JSON.stringify(cases)))).toEqual(cases.map(natively))
  })

  it("makes tokens that native accepts, and accepts those of native", () => {
    const seed = "07".repeat(32)
    for (const claims of [agentClaims(), delegatedClaims(chainOf("read:data:*", "read:data:*"))]) {
      const token = signToken(claims, key)
      expect(sandbox.signToken(seed, JSON.stringify(claims))).toBe(token)
      expect(JSON.parse(sandbox.verifyToken(encodeHex(key.publicKey), token))).toEqual(claims)
    }
  })

  it("refuses tokens with the same error names and codes as native, also minified", () => {
    const token = signToken(agentClaims(), key)
    const wider = delegatedClaims(chainOf("read:data:1"), { scope: ["read:data:2"] })
    for (const bad of [
      "",
      "a.b.c",
      `${token}A`,
      `${token}\n`,
      token.replace(/^./, "f"),
      token.slice(0, -4),
      token.replace(/\.(.{10})./, ".$1_"),
      signToken(agentClaims(), otherKey),
      signToken(wider, key),
      "a".repeat(70_000),
    ]) {
      expect(sandbox.verifyToken(encodeHex(key.publicKey), bad)).toBe(refusalOf(bad))
    }
  })
})

function natively({ pk, msg, sig }: Case): boolean {
  try {
    return createVerifyingKey(decodeHex(pk)).verify(decodeHex(msg), decodeHex(sig))
  } catch (error) {
    if (error instanceof CoreError) return false
    throw error
  }
}

function refusalOf(token: string): string {
  try {
    return JSON.stringify(verifyToken(token, findKey).claims satisfies Claims)
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    return `${error.name} ${error.code}`
  }
}

it("runs on Node's own cryptography in Node", async () => {
  expect((await import("#platform")).importVerifier).toBe((await import("../src/platform/node.ts")).importVerifier)
})
