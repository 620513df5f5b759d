import { createHash, createPublicKey, verify } from "node:crypto"
import { readFileSync } from "node:fs"

// Written from CONTRACT 4 alone, so that it shares no bug with the broker's own verification.

const sha256 = (...parts: (string | Uint8Array)[]): Buffer => {
  const hash = createHash("sha256")
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** RFC 8785 for events: objects, arrays, strings, booleans, null and whole numbers. */
function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(",")}}`
}

function merkleRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256("")
  if (leaves.length === 1) return leaves[0] as Buffer
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return sha256(Uint8Array.of(1), merkleRoot(leaves.slice(0, split)), merkleRoot(leaves.slice(split)))
}

/** The faults of a trail; empty when it is sound. */
export function auditProblems(events: readonly Record<string, unknown>[]): string[] {
  const problems: string[] = []
  let previous = "0".repeat(64)
  for (const [at, event] of events.entries()) {
    const { hash, ...rest } = event
    const id = `evt-${String(at + 1).padStart(6, "0")}`
    if (event["id"] !== id) problems.push(`${id}: id is ${event["id"]}`)
    if (event["prev_hash"] !== previous) problems.push(`${id}: does not follow the event before it`)
    if (sha256(canonical(rest)).toString("hex") !== hash) problems.push(`${id}: hash does not match`)
    if (Number.isNaN(Date.parse(String(event["timestamp"])))) problems.push(`${id}: timestamp`)
    previous = String(hash)
  }
  return problems
}

/** The faults of a checkpoint, compared with the whole trail and the pinned verifier key. */
export function checkpointProblems(
  note: string,
  events: readonly Record<string, unknown>[],
  verifierKeyFile: string,
): string[] {
  const [origin, size, root, blank, ...signatureLines] = note.split("\n")
  // While one key follows another, both sign. The file has the newest first, then those that it followed.
  const pinned = readFileSync(verifierKeyFile, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split("+"))
  const hashOf = (line: string) => Buffer.from(line.split(" ")[2] ?? "", "base64").toString("hex", 0, 4)
  const signatureLine = signatureLines.find((line) => pinned.some(([, keyHash]) => keyHash === hashOf(line)))
  const [name, , ...encodedKey] =
    pinned.find(([, keyHash]) => keyHash === hashOf(signatureLine ?? "")) ?? pinned[0] ?? []
  const problems: string[] = []
  const leaves = events.slice(0, Number(size)).map(({ hash, ...rest }) => sha256(Uint8Array.of(0), canonical(rest)))
  if (blank !== "") problems.push("no blank line before the signature")
  if (origin !== name) problems.push(`origin ${origin} is not the key's name ${name}`)
  if (Number(size) > events.length) problems.push(`covers ${size} events, the trail has ${events.length}`)
  if (merkleRoot(leaves).toString("base64") !== root) problems.push("root does not match")
  const publicKey = Buffer.from(encodedKey.join("+"), "base64").subarray(1)
  const key = createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: publicKey.toString("base64url") },
    format: "jwk",
  })
  const signed = Buffer.from(signatureLine?.split(" ")[2] ?? "", "base64")
  if (!signatureLine?.startsWith(`— ${name} `)) problems.push("no signature by the pinned key and name")
  if (!verify(null, Buffer.from(`${origin}\n${size}\n${root}\n`), key, signed.subarray(4)))
    problems.push("signature is false")
  return problems
}
