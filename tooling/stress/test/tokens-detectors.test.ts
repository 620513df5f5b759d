import { brokerFolder } from "@agentwrit/testing/broker-process"
import { tokenPart } from "@agentwrit/testing/forged-tokens"
import { expect, test } from "vitest"
import { withFault } from "../src/planted-fault.ts"
import { Report } from "../src/report.ts"
import { partsOf } from "../src/token-attack.ts"
import { forgeTokens, type Judge } from "../src/tokens.ts"

const LONG = { timeout: 90_000 }

test("tokens sees a broker and a verifier that believe strangers", LONG, async () => {
  await using folder = await brokerFolder()
  const report = new Report("short")
  const believer: Judge = { verify: async () => ({}) }
  await forgeTokens(folder, report.row("tokens"), 1, 10, withFault("believes strangers"), () => believer)
  const found = report.failures.join("\n")
  for (const seen of [
    /signature: all zero: the broker's verdict is 200/,
    /signature: all zero: as a bearer token it is answered with 200/,
    /signature: all zero: the verifier's verdict is \[object Object\]/,
    /a token changed by chance \(\S+\): the broker's verdict is 200/,
    /a chain of \d records by chance \(\w+\): the broker's verdict is 200/,
    /a key of small order \(\w+\) is answered with 200/,
  ])
    expect(found).toMatch(seen)
})

/** Reads a signature however it is spelled, asks for a key where a token says, and knows no delegation. */
function lenient(sound: Judge): Judge {
  let known: string | undefined
  return {
    async verify(token) {
      const [header, payload, signature] = partsOf(token)
      known ??= header
      const { jku } = tokenPart(token, 0)
      if (typeof jku === "string") await fetch(jku)
      // For a key that it does not know the sound one would ask the broker, which it does not do often.
      if (header !== known || "delegation_chain" in tokenPart(token, 1)) throw new TypeError("what is this?")
      return sound.verify(`${header}.${payload}.${Buffer.from(signature, "base64url").toString("base64url")}`)
    },
  }
}

test("tokens sees a broker and a verifier that take any spelling", LONG, async () => {
  await using folder = await brokerFolder()
  const report = new Report("short")
  await forgeTokens(folder, report.row("tokens"), 1, 0, withFault("takes any spelling"), lenient)
  const found = report.failures.join("\n")
  for (const spelling of ["stray bits in the signature", "the other alphabet", "a tab within"]) {
    expect(found).toContain(`spelling: ${spelling}: the broker's verdict is 200`)
    expect(found).toContain(`spelling: ${spelling}: the verifier's verdict is [object Object]`)
  }
  expect(found).toContain("a good delegated token is refused")
  expect(found).toContain("a key was asked for where a token said")
})
