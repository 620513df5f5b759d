import { AgentWritAdmin, type Fetch } from "@agentwrit/sdk/admin"
import type { Context } from "../context.ts"
import { failureOf } from "../failure.ts"
import { span } from "../time.ts"
import { VERSION } from "../version.ts"
import { type Finding, ok, problem, warning } from "./finding.ts"

/** Milliseconds by which clocks may differ: an answer's Date has whole seconds, and takes its time to come. */
const CLOCK_TOLERANCE = 2000

/** The broker: whether it answers, its clock, the sign-in and its trail. */
export async function brokerFindings(context: Context, brokerUrl: string): Promise<Finding[]> {
  const { settings } = context
  let skew: number | undefined
  const plain = await context.fetch()
  const fetch: Fetch = async (url, init) => {
    const answer = await plain(url, init)
    const date = Date.parse(answer.headers.get("date") ?? "")
    if (!Number.isNaN(date)) skew = date + 500 - Date.now()
    return answer
  }
  const admin = new AgentWritAdmin({ brokerUrl, adminSecret: () => settings.adminSecret(), fetch, retries: 0 })
  try {
    const health = await admin.health()
    return [
      ok("broker", `${health.status}, version ${health.version}, up for ${span(health.uptime * 1000)}`),
      ...(health.dbConnected
        ? []
        : [problem("database", "the broker cannot commit", "look at its log, its disk and its database")]),
      versionFinding(health.version),
      clockFinding(skew),
      ...(await signInFindings(admin, health.auditChain)),
    ]
  } catch (error) {
    return [unanswered("broker", error)]
  }
}

function versionFinding(version: string): Finding {
  const [ours, theirs] = [VERSION, version].map((text) => text.split(".")[0])
  if (ours === theirs) return ok("version", `awrit ${VERSION}, broker ${version}`)
  return warning("version", `awrit ${VERSION} speaks to a broker ${version}`, "use an awrit of the broker's version")
}

function clockFinding(skew: number | undefined): Finding {
  if (skew === undefined) return warning("clock", "the broker tells no time", "check what stands before it")
  if (Math.abs(skew) <= CLOCK_TOLERANCE) return ok("clock", "the broker's and ours agree")
  const words = `the broker's clock is ${span(Math.abs(skew))} ${skew > 0 ? "ahead of" : "behind"} ours`
  return problem("clock", words, "set both by NTP: tokens are judged by the second, without leeway")
}

async function signInFindings(admin: AgentWritAdmin, chain: "ok" | "verifying" | "broken"): Promise<Finding[]> {
  try {
    const checkpoint = await admin.checkpoint()
    const size = checkpoint.split("\n")[1] ?? "?"
    return [ok("sign-in", "the admin secret is right"), chainFinding(chain, size)]
  } catch (error) {
    return [unanswered("sign-in", error)]
  }
}

function chainFinding(chain: "ok" | "verifying" | "broken", size: string): Finding {
  if (chain === "broken")
    return problem("audit chain", "it is broken", "awrit audit verify says where; the broker's log says since when")
  return ok("audit chain", `${chain}, signed up to event ${size}`)
}

function unanswered(about: string, error: unknown): Finding {
  const line = failureOf(error).line?.replace(/^awrit: /, "") ?? ""
  const [found = line, ...advice] = line.split("; ")
  return problem(about, found, advice.join("; ") || "look at the broker's log")
}
