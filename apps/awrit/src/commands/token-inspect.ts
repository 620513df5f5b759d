import { type Claims, type CoreError, checkClaims, decodeToken, parseJwkSet, verifyToken } from "@agentwrit/core"
import { type Command, command } from "../command.ts"
import { CommandError } from "../errors.ts"
import { expiry, since } from "../time.ts"
import { TOKEN_FLAG, tokenOf } from "../token-input.ts"

/** The possible results: the JSON value and its text. */
const STANDINGS = {
  good: "good",
  not_signed: "not signed by this broker",
  not_valid_now: "not valid now",
  refused: "revoked, released or refused",
} as const

/** `awrit token inspect` */
export const tokenInspect: Command = command({
  name: "token inspect",
  summary: "Show a token's subject, scope, expiry and delegation chain, and whether it is valid",
  details: [
    "Decodes the token, verifies it with the broker's keys, and asks the broker whether it is still valid. Exits with 1 if it is not good: the standing in the JSON is then not_signed, not_valid_now or refused.",
  ],
  args: { token: TOKEN_FLAG },
  examples: ["awrit token inspect --token - < token.txt"],
  async run(given, context) {
    const token = await tokenOf(given.token, context.io)
    const { claims, header } = decoded(token)
    const admin = await context.admin()
    const signal = context.out.gone
    const keys = parseJwkSet(await admin.keys({ signal }))
    const fault = faultOf(() => verifyToken(token, (keyId) => keys.find((key) => key.keyId === keyId)))
    let standing: keyof typeof STANDINGS = "good"
    let reason = fault
    if (fault !== undefined) standing = "not_signed"
    else {
      reason = faultOf(() => checkClaims(claims, { now: Math.floor(Date.now() / 1000) }))
      if (reason !== undefined) standing = "not_valid_now"
      else if (!(await admin.validateToken(token, { signal })).valid) standing = "refused"
    }
    const { out } = context
    await out.document({ standing, ...(reason !== undefined && { reason }), header, claims })
    await out.record([
      ["standing", STANDINGS[standing] + (reason === undefined ? "" : `: ${reason}`)],
      ...parts(claims),
      ["key id", header.kid],
    ])
    if (standing === "good") return 0
    if (fault !== undefined) out.warn("Do not trust anything that this token claims.", "red")
    if (standing === "refused")
      out.warn(
        "The broker does not accept this token: it was revoked or released, or has another issuer or audience.",
        "red",
      )
    return 1
  },
})

function decoded(token: string): ReturnType<typeof decodeToken> {
  try {
    return decodeToken(token)
  } catch (error) {
    throw new CommandError(`this is not an AgentWrit token: ${(error as CoreError).message}`)
  }
}

/** The message of the error that a check throws. */
function faultOf(check: () => unknown): string | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    return (error as CoreError).message
  }
}

/** The claims as name and value pairs. */
function parts(claims: Claims): (readonly [string, string])[] {
  const { delegation_chain: chain = [], exp, iat, iss, jti, kind, scope, sub } = claims
  const optional = (name: string, value: string | undefined): (readonly [string, string])[] =>
    value === undefined || value === "" ? [] : [[name, value]]
  return [
    ["subject", `${sub} (${kind})`],
    ...scope.map((allowed, at) => [at === 0 ? "may" : "", inWords(allowed)] as const),
    ["expires", expiry(exp * 1000)],
    ["issued", since(iat * 1000)],
    ...optional("task", claims.task_id),
    ...optional("orchestration", claims.orch_id),
    ...optional("issuer", iss),
    ...optional("audience", claims.aud?.join(" ")),
    ["jti", jti],
    ...(chain.length === 0 ? [["delegated", "by nobody"] as const] : []),
    ...chain.map(
      ({ agent, delegated_at, scope: held }, at) =>
        [at === 0 ? "delegated" : "", `by ${agent}, which held ${held.join(" ")}, at ${delegated_at}`] as const,
    ),
  ]
}

function inWords(scope: string): string {
  const [action = "", resource = "", ...identifier] = scope.split(":")
  const which = identifier.join(":")
  return `${action} ${which === "*" ? `any ${resource}` : `${resource} ${which}`}  (${scope})`
}
