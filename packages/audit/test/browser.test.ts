import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { formatVerifierKey, signCheckpoint, verifierKeyOf } from "@agentwrit/audit"
import { encodeHex } from "@agentwrit/core"
import { expect, test } from "vitest"
import { auditKey, trail } from "./trail.ts"

const { events, edge } = trail(9)
const origin = "agentwrit.local/audit"

/** Makes a process like a browser: no built-in modules, no Node globals; packages resolve as usual. */
const likeABrowser = `
  import { isBuiltin, registerHooks } from "node:module"
  const print = console.log.bind(console)
  registerHooks({
    resolve(specifier, context, next) {
      if (isBuiltin(specifier)) throw new Error("a browser has no " + specifier)
      return next(specifier, { ...context, conditions: context.conditions.filter((name) => name !== "node") })
    },
  })
`

const program = `
  const audit = await import("@agentwrit/audit")
  for (const name of ["Buffer", "process", "global", "setImmediate"]) delete globalThis[name]
  const { lines, note, vkey } = JSON.parse(atob("INPUT"))
  const report = await audit.verifyTrail(lines, { checkpoint: audit.openCheckpoint(note, audit.parseVerifierKey(vkey)) })
  let forged = "opened"
  try {
    audit.openCheckpoint(note.replace("9", "8"), audit.parseVerifierKey(vkey))
  } catch (error) {
    forged = error.code
  }
  print(JSON.stringify({ ...report, root: [...report.root], forged, redacted: audit.createRedactor()("a eyJh.b.c") }))
`

async function run(script: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@agentwrit/source", "--input-type=module", "--eval", script],
    { cwd: fileURLToPath(new URL("..", import.meta.url)) },
  )
  return stdout
}

test("verifies without Node's modules and globals what was signed here", async () => {
  const note = signCheckpoint({ origin, size: 9, root: edge.root() }, auditKey)
  const input = JSON.stringify({
    // The dash of the note and other text beyond Latin-1 as escapes, for atob.
    lines: events.map((event) => JSON.stringify(event)),
    note,
    vkey: formatVerifierKey(verifierKeyOf(origin, auditKey.publicKey)),
  }).replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
  const output = JSON.parse(await run(likeABrowser + program.replace("INPUT", btoa(input))))
  expect(output).toMatchObject({
    ok: true,
    count: 9,
    headHash: events[8]?.hash,
    forged: "bad_note_signature",
    redacted: "a [redacted]",
  })
  expect(encodeHex(Uint8Array.from(output.root))).toBe(encodeHex(edge.root()))
})

test("the test would notice a module that needs a built-in", async () => {
  await expect(run(`${likeABrowser} await import("node:fs")`)).rejects.toThrow("a browser has no node:fs")
})
