import type { Random } from "./random.ts"

/** What may stand in any place of a request. */
const ODD_VALUES: readonly unknown[] = [
  ...[
    null,
    "",
    [],
    {},
    true,
    -1,
    0,
    1.5,
    1e308,
    2 ** 53,
    "*",
    "admin:revoke:*",
    "read:data:*",
    "__proto__",
    "constructor",
  ],
  ...[
    "\u0000",
    "\ud800",
    "\u202e",
    "../../../etc/passwd",
    "' OR 1=1 --",
    "$\u007bjndi:ldap://x}",
    "<script>",
    "%00%0d%0a",
  ],
  ...["x".repeat(5000), "é".repeat(300), "a:b:c:d", "::", "read:data:\n", "0".repeat(64), "f".repeat(64)],
  ...[
    Array.from({ length: 200 }, () => "read:data:7"),
    { toString: "x" },
    [[[[[[]]]]]],
    { __proto__: { kind: "admin" } },
  ],
]

/** What may stand in any place of an address: well-formed, for it is percent-encoded. */
export function oddText(random: Random): string {
  const odd = random.pick(ODD_VALUES)
  return (typeof odd === "string" ? odd : (JSON.stringify(odd) ?? "")).toWellFormed()
}

/** What no encoder would write. */
const RAW = ["%", "%zz", "%ff", "%00", "%C0%AF", "+", "a=b", "%26x", "#", "?"]

/** A query that is almost right. `words`: secrets, which must not come back. */
export function mutatedQuery(
  pairs: readonly (readonly [name: string, value: string])[],
  random: Random,
  words: readonly string[],
): string {
  const encode = (text: string): string => encodeURIComponent(text.toWellFormed())
  const written = pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`)
  const at = random.integer(0, Math.max(0, pairs.length - 1))
  const [name, value] = pairs[at] ?? ["x", ""]
  const other = (text: string): string => written.with(at, `${encode(name)}=${text}`).join("&")
  if (pairs.length === 0) return random.chance(0.2) ? `x=${encode(oddText(random))}` : ""
  switch (random.integer(0, 7)) {
    case 0:
      return other(encode(oddText(random)))
    case 1:
      return other(random.pick(RAW) ?? "")
    case 2:
      return other(encode(random.pick(words) ?? ""))
    case 3:
      return other(encode(flipped(value, random)))
    case 4:
      // A name twice: which of them counts?
      return [...written, `${encode(name)}=${encode(random.pick(pairs)?.[1] ?? "")}`].join("&")
    case 5:
      return [...written, `x=${encode(oddText(random))}`].join("&")
    case 6:
      return written.with(at, encode(name)).join("&")
    default:
      return written.join("&&")
  }
}

/** Changes one place of a request's JSON, or the text that it became. */
export function mutated(value: Record<string, unknown>, random: Random): string {
  const names = Object.keys(value)
  const name = random.pick(names) ?? "x"
  const other = random.pick(names) ?? "y"
  const odd = random.pick(ODD_VALUES)
  switch (random.integer(0, 11)) {
    case 0:
      return JSON.stringify(value)
    case 1:
      return JSON.stringify({ ...value, [name]: odd })
    case 2:
      return JSON.stringify({ ...value, [name]: value[other] })
    case 3:
      return JSON.stringify({ ...value, [name]: [value[name]] })
    case 4:
      return JSON.stringify({ ...value, [name]: undefined })
    case 5:
      // A name twice: which of them counts?
      return JSON.stringify(value).replace(/\}$/, `,${JSON.stringify(name)}:${JSON.stringify(odd ?? null)}}`)
    case 6:
      return JSON.stringify(value).slice(0, random.integer(0, 60))
    case 7:
      return `${"[".repeat(random.integer(1, 2000))}${JSON.stringify(value)}`
    case 8:
      return JSON.stringify(value).replace('"', random.pick(["'", "\u0000", "\ufeff", "\\u"]) ?? "")
    case 9:
      return `{${JSON.stringify(name)}:${random.pick(["1e999", "-0", "0x10", "NaN", "Infinity", "01", "1e-400", "9".repeat(400)])}}`
    case 10:
      return JSON.stringify({ ...value, ["__proto__"]: { kind: "admin" }, constructor: { prototype: {} } })
    default:
      return flipped(JSON.stringify(value), random)
  }
}

/** One character of it is another. */
function flipped(text: string, random: Random): string {
  const at = random.integer(0, Math.max(0, text.length - 1))
  return text.slice(0, at) + String.fromCharCode(random.integer(0, 255)) + text.slice(at + 1)
}

/** A token that is almost the one that was given. */
export function mutatedToken(token: string, random: Random): string {
  const parts = token.split(".")
  const [header = "", payload = "", signature = ""] = parts
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
  switch (random.integer(0, 9)) {
    case 0:
      return `${encode({ alg: "none", typ: "JWT" })}.${payload}.`
    case 1:
      return `${encode({ alg: "HS256", typ: "JWT", kid: random.integer(0, 9) })}.${payload}.${signature}`
    case 2:
      return `${header}.${payload}.${signature}=`
    case 3:
      return `${header}.${payload}.${signature.slice(0, -1)}`
    case 4:
      return `${header}..${signature}`
    case 5: {
      const claims = JSON.parse(Buffer.from(payload, "base64url").toString() || "{}")
      return `${header}.${encode({ ...claims, exp: random.pick([1e300, -1, null, "x", 4e9]) })}.${signature}`
    }
    case 6:
      return [signature, payload, header].join(".")
    case 7:
      return `${token}.${token}`
    case 8:
      return ` ${token}`
    default:
      return flipped(token, random)
  }
}
