import { type AgentWritAdmin, BrokerError, type Fetch, type KeyList } from "@agentwrit/sdk/admin"
import type { Context } from "../context.ts"
import { failureOf } from "../failure.ts"
import type { Environment } from "../io.ts"
import { span } from "../time.ts"
import { VERSION } from "../version.ts"
import { type Finding, ok, problem, warning } from "./finding.ts"

/** The Date header has whole seconds, and the answer takes time to arrive. */
const CLOCK_TOLERANCE_MS = 2000

/** Checks the broker's health, version, clock, sign-in and audit trail. */
export async function brokerFindings(context: Context): Promise<Finding[]> {
  const { io } = context
  let skew: number | undefined
  const plain = await context.fetch()
  const fetch: Fetch = async (url, init) => {
    const answer = await plain(url, init)
    const date = Date.parse(answer.headers.get("date") ?? "")
    if (!Number.isNaN(date)) skew = date + 500 - Date.now()
    return answer
  }
  try {
    // A sign-in by the secret shows whether the secret is right. Only without one, the session is tried.
    const admin = await context.admin({ fetch, retries: 0, ...(hasSecret(context) && { sessions: undefined }) })
    const health = await admin.health()
    return [
      ok("broker", `${health.status}, version ${health.version}, up for ${span(health.uptime * 1000)}`),
      ...(health.dbConnected
        ? []
        : [problem("database", "the broker cannot commit", "check its log, disk and database")]),
      versionFinding(health.version),
      clockFinding(skew),
      ...(await signInFindings(admin, health.auditChain, io.env)),
    ]
  } catch (error) {
    return [unanswered("broker", error, io.env)]
  }
}

function hasSecret({ settings }: Context): boolean {
  try {
    return settings.adminSecret() !== ""
  } catch {
    // The configuration's findings tell of this.
    return false
  }
}

function versionFinding(version: string): Finding {
  const [ours, theirs] = [VERSION, version].map((text) => text.split(".")[0])
  if (ours === theirs) return ok("version", `awrit ${VERSION}, broker ${version}`)
  return warning(
    "version",
    `awrit ${VERSION} with broker ${version}`,
    "use the same major version of awrit and the broker",
  )
}

function clockFinding(skew: number | undefined): Finding {
  if (skew === undefined) return warning("clock", "the broker's answer has no Date header", "check the proxy before it")
  if (Math.abs(skew) <= CLOCK_TOLERANCE_MS) return ok("clock", "the clocks of the broker and this machine agree")
  const words = `the broker's clock is ${span(Math.abs(skew))} ${skew > 0 ? "ahead of" : "behind"} this one`
  return problem("clock", words, "synchronise both with NTP: verifiers tolerate 5 s, and only before a token's start")
}

async function signInFindings(
  admin: AgentWritAdmin,
  chain: "ok" | "verifying" | "broken",
  env: Environment,
): Promise<Finding[]> {
  try {
    const checkpoint = await admin.checkpoint()
    const size = checkpoint.split("\n")[1] ?? "?"
    return [
      ok("sign-in", "the broker accepts the operator"),
      chainFinding(chain, size),
      ...(await keyFindings(admin, Number(env["AA_KEY_ROTATION_DAYS"]) || 0)),
    ]
  } catch (error) {
    return [unanswered("sign-in", error, env)]
  }
}

const DAY_MS = 86_400_000
const YEAR_DAYS = 365

/** Warns of keys that sign for longer than the operator's schedule allows; without one, than a year. */
async function keyFindings(admin: AgentWritAdmin, rotationDays: number): Promise<Finding[]> {
  let keys: KeyList["keys"]
  try {
    keys = (await admin.listKeys()).keys
  } catch (error) {
    if (!(error instanceof BrokerError) || error.code !== "not_found") throw error
    return [warning("keys", "this broker does not rotate its keys", "upgrade it")]
  }
  const days = rotationDays === 0 ? YEAR_DAYS : rotationDays
  const limit = rotationDays === 0 ? "a year" : `AA_KEY_ROTATION_DAYS (${days})`
  return keys
    .filter(({ state }) => state === "current")
    .map(({ kid, alg, createdAt, signsFrom = createdAt }) => {
      const age = span(Date.now() - signsFrom)
      if (Date.now() - signsFrom <= days * DAY_MS) return ok(`${alg} key`, `${kid} signs for ${age}`)
      return warning(`${alg} key`, `${kid} signs for ${age}, longer than ${limit}`, "rotate it: awrit key rotate")
    })
}

function chainFinding(chain: "ok" | "verifying" | "broken", size: string): Finding {
  if (chain === "broken")
    return problem("audit chain", "it is broken", "awrit audit verify shows where; the broker's log shows since when")
  return ok("audit chain", `${chain}, signed up to event ${size}`)
}

function unanswered(about: string, error: unknown, env: Environment): Finding {
  const line = failureOf(error, env).line?.replace(/^awrit: /, "") ?? ""
  const [found = line, ...advice] = line.split("; ")
  return problem(about, found, advice.join("; ") || "check the broker's log")
}
