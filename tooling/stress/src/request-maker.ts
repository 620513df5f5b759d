import type { Credentials } from "./credentials.ts"
import type { Operation, Parameter } from "./documented-operations.ts"
import { mutated, mutatedQuery, mutatedToken, oddText } from "./mutators.ts"
import type { Random } from "./random.ts"

/** A request to be sent. */
export interface Asked {
  /** Method and path as the OpenAPI document names them. */
  readonly operation: string
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string | undefined
  /** The operation, and each of its optional parameters that is set, as {@link triesOf} names them. */
  readonly tries: readonly string[]
}

/** All that has to come to its end once: each operation, and each with each of its optional parameters. */
export const triesOf = ({ name, parameters }: Operation): readonly string[] => [
  name,
  ...parameters.filter((one) => one.in !== "path").map((one) => tryOf(name, one)),
]

const tryOf = (operation: string, { name, in: place }: Parameter): string => `${operation} with the ${place} ${name}`

/** Draws requests. */
export function requestMaker(operations: readonly Operation[], credentials: Credentials, random: Random): () => Asked {
  return () => {
    const { name, bodies, parameters } = random.pick(operations) ?? { name: "GET /", bodies: [], parameters: [] }
    const [documented = "GET", path = "/"] = name.split(" ")
    // Without some that are right in every way, hardly any would get behind all guards.
    const isRight = random.chance(0.2)
    const errs = (chance: number): boolean => !isRight && random.chance(chance)
    const base = errs(0.6) ? random.pick(bodies) : (credentials.bodyOf(name) ?? random.pick(bodies))
    // A release ends the token that asks for it.
    const isFitting = path === "/v1/token/release" || !errs(0.5)
    const bearer = isFitting ? credentials.bearerOf(name) : (random.pick(credentials.bearers) ?? "")
    const token = errs(0.3) ? mutatedToken(bearer, random) : bearer
    const method = errs(0.03) ? (random.pick(["PATCH", "OPTIONS", "HEAD", "PUT", "DELETE"]) ?? "GET") : documented
    const value = ({ name: parameter, values }: Parameter): string =>
      (random.chance(0.5) ? credentials.valueOf(name, parameter) : undefined) ?? random.pick(values) ?? ""
    const set = parameters.filter((one) => one.in !== "path" && random.chance(0.4))
    return {
      operation: `${method} ${path}`,
      method,
      path: path.replaceAll(/\{(\w+)\}/g, (_, id: string) => pathSegment(id)) + queryOf(set),
      headers: {
        "x-forwarded-for": `198.18.${random.integer(0, 250)}.${random.integer(0, 250)}`,
        ...(!errs(0.2) && { authorization: `Bearer ${headerSafe(token)}` }),
        ...(errs(0.1) && {
          "content-type": random.pick(["text/plain", "application/xml", "x", "multipart/form-data"]) ?? "",
        }),
        ...(errs(0.05) && { "x-request-id": random.pick(["a".repeat(128), "a b", "<x>", "ok-1"]) ?? "" }),
        ...headersOf(set),
      },
      body: base === undefined ? undefined : errs(0.8) ? mutated(base, random) : JSON.stringify(base),
      tries: [`${method} ${path}`, ...set.map((one) => tryOf(`${method} ${path}`, one))],
    }

    /** Mostly one that is there; else one that might be, or none that could. */
    function pathSegment(id: string): string {
      if (!errs(0.6)) return encodeURIComponent(credentials.valueOf(name, id) ?? "")
      const drawn = random.pick(parameters.find((one) => one.name === id)?.values ?? [])
      const odd = random.pick([drawn, random.pick(credentials.secretWords), oddText(random).slice(0, 300)]) ?? ""
      return random.chance(0.1) ? (random.pick(["..", "%00", "%zz", "%ff", "."]) ?? "") : encodeURIComponent(odd)
    }

    function queryOf(set: readonly Parameter[]): string {
      const pairs = set.filter((one) => one.in === "query").map((one) => [one.name, value(one)] as const)
      const query = errs(0.5) ? mutatedQuery(pairs, random, credentials.secretWords) : encoded(pairs)
      return query === "" ? "" : `?${query}`
    }

    function headersOf(set: readonly Parameter[]): Record<string, string> {
      const odd = (one: Parameter): string => (errs(0.5) ? oddText(random) : value(one))
      const of = set.filter((one) => one.in === "header")
      return Object.fromEntries(of.map((one) => [one.name.toLowerCase(), headerSafe(odd(one)).trim()]))
    }
  }
}

const encoded = (pairs: readonly (readonly [string, string])[]): string =>
  pairs.map((pair) => pair.map(encodeURIComponent).join("=")).join("&")

/** A header takes no line breaks; Node's own client refuses to send them. */
const headerSafe = (text: string): string => text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "?")
