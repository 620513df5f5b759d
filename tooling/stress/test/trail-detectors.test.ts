import { verifyTrail } from "@agentwrit/audit"
import { afterAll, beforeAll, expect, test } from "vitest"
import { withFault } from "../src/planted-fault.ts"
import { type Audit, forgetCheckpoints, type Past, REPLACEMENTS, replace, somePast, tamper } from "../src/tampering.ts"
import { TAMPERINGS } from "../src/tamperings.ts"

const LONG = { timeout: 90_000 }

let past: Past
beforeAll(async () => {
  past = await somePast()
}, LONG.timeout)
afterAll(() => past[Symbol.asyncDispose]())

function named<T extends { readonly name: string }>(all: readonly T[], name: string): T {
  const found = all.find((one) => one.name === name)
  if (found === undefined) throw new TypeError(name)
  return found
}

/** An auditor that looks at the chain and forgets what it kept. */
const forgetful: Audit = (events) => verifyTrail(events)

test("tampering sees a broker that verifies nothing behind its start", LONG, async () => {
  const problems = await tamper(past, named(TAMPERINGS, "edited"), withFault("verifies nothing behind its start"))
  expect(problems.join("\n")).toMatch(/the log does not say "audit trail broken at event 3:"/)
})

test("tampering sees a broker that tells of it falsely, and signs it", LONG, async () => {
  const faults = withFault("names another event", "says that a broken trail is sound", "signs a broken trail")
  const problems = (await tamper(past, named(TAMPERINGS, "edited"), faults)).join("\n")
  expect(problems).toMatch(/the log does not say "audit trail broken at event 3:":[\s\S]*broken at event 4:/)
  expect(problems).toMatch(/health says ok/)
  expect(problems).toMatch(/the metric agentwrit_audit_chain_ok is not 0/)
  expect(problems).toMatch(/a checkpoint is signed over it \(200\)/)
})

test.each(["rewritten with new hashes", "rewritten with new hashes and another tree"])(
  "tampering sees a broker and an auditor that ignore the root: %s",
  LONG,
  async (name) => {
    const problems = await tamper(past, named(TAMPERINGS, name), withFault("ignores the root"), forgetful)
    expect(problems.join("\n")).toMatch(
      /health says ok[\s\S]*the log does not say[\s\S]*the auditor's verifier says "it is sound"/,
    )
  },
)

test("tampering sees a broker that compares the sizes of checkpoints alone", LONG, async () => {
  const rewritten = named(REPLACEMENTS, "rewritten with new hashes, another tree and another root")
  const problems = await replace(past, rewritten, withFault("ignores the root"))
  expect(problems.join("\n")).toMatch(/a start that must be refused ends with SIGKILL/)
})

test.each(REPLACEMENTS)("tampering sees a broker that ignores the witness: $name", LONG, async (replacement) => {
  const problems = await replace(past, replacement, withFault("ignores the witness"))
  expect(problems.join("\n")).toMatch(/a start that must be refused ends with SIGKILL/)
})

test("tampering sees an auditor that forgets what it kept", LONG, async () => {
  expect((await forgetCheckpoints(past, forgetful)).join("\n")).toMatch(/the auditor's verifier says "it is sound"/)
})
