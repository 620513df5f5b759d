import { randomBytes } from "node:crypto"
import { launchTokenRequest } from "@agentwrit/contract"
import { exceedingScopes } from "@agentwrit/core"
import { type Agent, registerAgent } from "@agentwrit/sdk"
import { type App, BrokerError, type LaunchTokenCreation } from "@agentwrit/sdk/admin"
import { appIdOf } from "../app-id.ts"
import { ChildCommand } from "../child-command.ts"
import { type Command, command } from "../command.ts"
import type { Context } from "../context.ts"
import { CommandError, UsageError } from "../errors.ts"
import { readFlags } from "../flags.ts"
import type { Environment } from "../io.ts"
import { keepRenewed } from "../keep-renewed.ts"
import { TokenFile } from "../token-file.ts"

/** Long, so that the variable lasts. The token does not outlive the command, which releases it. */
const DEFAULT_TTL_SECONDS = 3600

/** The secrets of operators, apps and the broker. The command is an agent and must not have them. */
const SECRETS = /^(AACTL_ADMIN_SECRET|AA_ADMIN_SECRET|AA_KEY_ENCRYPTION_KEY|AGENTWRIT_CLIENT_SECRET)(_FILE)?$/

/** The flags for the fields of a launch token. */
const FLAGS = { allowed_scope: "scope", max_ttl: "ttl", orch_id: "orch", task_id: "task" }

/** `awrit run` */
export const run: Command = command({
  name: "run",
  summary: "Run a command as an agent, with a token in its environment that is released when the command ends",
  details: [
    "AGENTWRIT_TOKEN holds the agent's token, good for --ttl seconds. AGENTWRIT_TOKEN_FILE names a file that always holds a good one, because awrit renews the token shortly before it expires: a command that may run longer than --ttl reads the file for each request. AGENTWRIT_BROKER_URL and AGENTWRIT_AGENT_ID are set too; the secrets of operators, apps and the broker are removed.",
    "The operator launches the agent. --app holds the scope to the app's present ceiling, but the agent is not one of the app: awrit revoke --level task ends it, --level app does not. Its token is not bound to a key: whoever has it can use it until the command ends.",
    "Signals are passed on. The exit code is the command's: 128 and the number of the signal that ended it, 126 or 127 if it cannot be run.",
  ],
  args: {
    app: { type: "string", value: "APP", description: "An app, by its id or name, whose ceiling must allow the scope" },
    scope: { type: "list", value: "SCOPES", description: "What the agent may do, separated by commas" },
    task: { type: "string", value: "ID", description: "The agent's task; default a new one" },
    orch: { type: "string", value: "ID", description: "The agent's orchestration; default the app's name, or awrit" },
    ttl: { type: "number", value: "SECONDS", description: "How long each token is good; default 3600" },
    command: { type: "rest", description: "The command and its arguments" },
  },
  examples: [
    "awrit run --app billing --scope read:invoices:42 -- ./report.sh",
    `awrit run --scope read:data:7 -- sh -c 'curl -H "Authorization: Bearer $AGENTWRIT_TOKEN" https://api.example/data/7'`,
  ],
  async run({ app, command: words, orch, scope, task = newTask(), ttl = DEFAULT_TTL_SECONDS }, context) {
    if (words.length === 0) throw new UsageError("the command is missing: awrit run --scope SCOPES -- COMMAND")
    const admin = await context.admin()
    const ceiling = app === undefined ? undefined : await admin.getApp(await appIdOf(app, "--app", admin))
    const launch = readFlags(
      launchTokenRequest,
      {
        "agent-name": `awrit run, task ${task}`.slice(0, 256),
        "allowed-scope": scope,
        "max-ttl": ttl,
        "orch-id": orch ?? ceiling?.name ?? "awrit",
        "task-id": task,
      },
      FLAGS,
    )
    if (ceiling !== undefined) requireWithin(ceiling, launch.allowedScope)
    using child = new ChildCommand(context.io.stdin.isTTY === true)
    const { launchToken } = await admin.createLaunchToken(launch)
    const agent = await registered(launch, launchToken, context)
    try {
      return await runAs(agent, words, child, context)
    } finally {
      await agent.release().catch((error: Error) => {
        const end = agent.expiresAt.toISOString()
        context.out.warn(`awrit: ${error.message}; the agent's token expires at ${end}`, "yellow")
      })
    }
  },
})

const newTask = (): string => `run-${randomBytes(4).toString("hex")}`

function requireWithin({ name, scopes, status }: App, asked: readonly string[]): void {
  if (status !== "active") throw new CommandError(`--app: ${name} is ${status}`)
  const beyond = exceedingScopes(asked, scopes)
  if (beyond.length > 0)
    throw new CommandError(`${beyond.join(" ")} is beyond the ceiling of ${name}, which is ${scopes.join(" ")}`)
}

async function registered(
  { allowedScope: scope, maxTtl: ttl, orchId = "", taskId = "" }: LaunchTokenCreation,
  launchToken: string,
  context: Context,
): Promise<Agent> {
  const { settings } = context
  const broker = {
    brokerUrl: settings.brokerUrl(),
    dangerouslyAllowHttp: settings.allowsHttp(),
    fetch: await context.fetch(),
  }
  const terms = { launchToken, orchId, taskId, scope, ttl, bound: false, autoRenew: false }
  return registerAgent({ ...broker, ...terms }).catch((error: unknown) => {
    if (error instanceof BrokerError && error.detail.includes("bound to their key"))
      throw new CommandError(
        "this broker registers only agents whose tokens are bound to their key (AA_REQUIRE_BOUND), and a command has no key: register in the program itself, with the SDK",
      )
    throw error
  })
}

async function runAs(agent: Agent, words: readonly string[], child: ChildCommand, context: Context): Promise<number> {
  const { io, out, settings } = context
  const ended = new AbortController()
  const token = await agent.token()
  using file = new TokenFile(token)
  const renewing = keepRenewed(agent, (renewed) => file.write(renewed), ended.signal).then((error) => {
    if (error !== undefined) out.warn(`awrit: the command has no good token any more: ${error.message}`, "yellow")
  })
  try {
    const { exitCode, fault } = await child.run(words, {
      ...withoutSecrets(io.env, context),
      AGENTWRIT_BROKER_URL: settings.brokerUrl(),
      AGENTWRIT_AGENT_ID: agent.id,
      AGENTWRIT_TOKEN: token,
      AGENTWRIT_TOKEN_FILE: file.path,
    })
    if (fault !== undefined) out.warn(`awrit: ${words[0]} cannot be run (${fault})`, "red")
    return exitCode
  } finally {
    ended.abort()
    await renewing
  }
}

function withoutSecrets(env: Environment, { settings }: Context): Environment {
  const own = settings.contextSecretVariable()
  return Object.fromEntries(Object.entries(env).filter(([name]) => !SECRETS.test(name) && name !== own))
}
