import { revocationRequest } from "@agentwrit/contract"
import { REVOCATION_LEVELS, REVOKE_ALL_TARGET } from "@agentwrit/core"
import type { AgentWritAdmin, Revocation, RevocationPreview } from "@agentwrit/sdk/admin"
import { appIdOf, subjectOf } from "../app-id.ts"
import { type Command, command } from "../command.ts"
import { UsageError } from "../errors.ts"
import { readFlags } from "../flags.ts"
import { counted } from "../text.ts"

/** `awrit revoke` */
export const revoke: Command = command({
  name: "revoke",
  summary: "Revoke a token, an agent, a task, a delegation chain, an app, or everything",
  details: [
    "token: one token, by its jti. agent: every token of an agent, and every token delegated from them. task: every token of a task. chain: every token delegated from an agent, but not its own tokens. app: every token of an app and its agents, and every token delegated from them; the app cannot sign in, and its launch tokens are void. all: every token of agents and apps, and every launch token.",
    "Revocation is permanent. On a terminal, the levels other than token ask first, --all for the word all; --yes skips the question.",
    "A warning tells that nothing live matched. With --expect-match the exit code is then 1, also when a busy broker did not count; the revocation is recorded all the same.",
  ],
  args: {
    level: {
      type: "string",
      value: "LEVEL",
      description: "What to revoke",
      choices: [...REVOCATION_LEVELS],
    },
    target: {
      type: "string",
      value: "TARGET",
      description:
        "A jti, an agent id or app:{id or name}, a task id, the delegator's agent id, an app's id or name, or * for level all",
    },
    "expect-match": { type: "boolean", description: "Exit with 1 if nothing live matched" },
    all: { type: "boolean", description: "Revoke everything; the same as --level all --target '*'" },
  },
  examples: [
    "awrit revoke --level token --target 0123456789abcdef0123456789abcdef",
    "awrit revoke --level task --target task-001 --yes --expect-match",
    "awrit revoke --all",
  ],
  async run({ all, "expect-match": expectsMatch, ...given }, context) {
    if (all && (given.level ?? given.target) !== undefined)
      throw new UsageError("--all is given without --level and --target: it revokes everything")
    const admin = await context.admin()
    const target = await targetOf(given, admin)
    const revocation = readFlags(
      revocationRequest,
      all ? { level: "all", target: REVOKE_ALL_TARGET } : { ...given, target },
    )
    if (revocation.level === "all") await context.confirmWord(EVERYTHING, "all")
    else if (revocation.level !== "token")
      await context.confirm(async () => `${await consequence(admin, revocation)} Go on?`)
    const { affected, ...receipt } = await admin.revoke(revocation, context.answer)
    await context.out.record([
      ["revoked", receipt.target],
      ["level", receipt.level],
      ["ended", affected === undefined ? "not counted" : counts(affected)],
    ])
    const hasMatched = affected !== undefined && affected.agents + affected.tokens > 0
    if (affected !== undefined && !hasMatched)
      context.out.warn(`${unmatched(receipt)}. The revocation is recorded all the same.`, "yellow")
    if (affected === undefined && expectsMatch)
      context.out.warn(
        "The broker did not count what ended, so a match is not certain. The revocation is recorded all the same.",
        "yellow",
      )
    return expectsMatch && !hasMatched ? 1 : 0
  },
})

/** The target as the API names it: apps may be given by name. */
async function targetOf(
  { level, target }: { readonly level: string | undefined; readonly target: string | undefined },
  admin: AgentWritAdmin,
): Promise<string | undefined> {
  if (level === "app") return appIdOf(target, "--target", admin)
  return level === "agent" ? subjectOf(target, "--target", admin) : target
}

const EVERYTHING =
  "Revokes every token of every agent and app, and every launch token. Apps and agents must sign in and register again."

const counts = ({ agents, tokens }: RevocationPreview["affected"]): string =>
  `${counted(agents, "active agent")}, ${counted(tokens, "token")}`

const unmatched = ({ level, target }: Pick<Revocation, "level" | "target">): string =>
  level === "all" ? "Nothing was live" : `Nothing live matched ${target}: it ended before, or it is misspelt`

async function consequence(admin: AgentWritAdmin, revocation: Revocation): Promise<string> {
  const { affected } = await admin.previewRevocation(revocation)
  return `${scopeOf(revocation)} Ends now: ${counts(affected)}.`
}

function scopeOf({ level, target }: Revocation): string {
  if (level === "task") return `Revokes every token of task ${target}, and of any agent that registers for it later.`
  if (level === "chain")
    return `Revokes every token delegated from ${target}, directly or indirectly, now and later; its own tokens stay valid.`
  if (level === "app" || target.startsWith("app:"))
    return `Revokes every token of ${target} and its agents, and every token delegated from them. The app cannot sign in, and its launch tokens are void.`
  return `Revokes every token of ${target}, and every token delegated from them.`
}
