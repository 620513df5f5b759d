import { type Command, command } from "../command.ts"
import type { Context } from "../context.ts"
import { brokerFindings } from "../doctor/broker.ts"
import { certificateFindings } from "../doctor/certificate.ts"
import { configurationFindings, urlFinding } from "../doctor/configuration.ts"
import { fileFindings } from "../doctor/files.ts"
import { type Finding, problem } from "../doctor/finding.ts"
import { visible } from "../text.ts"

const MARKS = { ok: "✓", warning: "!", problem: "✗" } as const
const STYLES = { ok: "green", warning: "yellow", problem: "red" } as const

/** `awrit doctor` */
export const doctor: Command = command({
  name: "doctor",
  summary: "Find problems in the set-up and say how to fix them",
  details: [
    "Checks the configuration, the connection to the broker, its certificate, the clocks, the sign-in, the audit chain, and the permissions of local key files. Exits with 1 if it finds a problem.",
  ],
  args: {},
  examples: ["awrit doctor"],
  async run(_given, context) {
    const findings: Finding[] = configurationFindings(context)
    findings.push(...(await connectionFindings(context, findings)), ...fileFindings(context))
    const { out } = context
    await out.document({ findings })
    const about = Math.max(...findings.map((finding) => finding.about.length))
    await out.lines(
      findings.flatMap(({ about: name, advice, found, level }) => [
        `${out.styled(STYLES[level], MARKS[level])} ${name.padEnd(about)}  ${visible(found)}`,
        ...(advice === undefined ? [] : [`  ${" ".repeat(about)}  → ${visible(advice)}`]),
      ]),
    )
    return findings.some(({ level }) => level === "problem") ? 1 : 0
  },
})

/** Checks the connection. Does not repeat an earlier finding. */
async function connectionFindings(context: Context, earlier: readonly Finding[]): Promise<Finding[]> {
  let brokerUrl: string
  try {
    brokerUrl = context.settings.brokerUrl()
  } catch (error) {
    const { message } = error as Error
    if (earlier.some(({ found }) => found === message)) return []
    return [problem("broker URL", message, "set --broker-url or AACTL_BROKER_URL")]
  }
  const url = urlFinding(brokerUrl)
  try {
    await context.fetch()
  } catch (error) {
    return [
      url,
      problem(
        "TLS files",
        (error as Error).message,
        "correct --ca, --cert and --key, or AACTL_CA, AACTL_CERT and AACTL_KEY",
      ),
    ]
  }
  return [url, ...(await brokerFindings(context)), ...(await certificateFindings(context, brokerUrl))]
}
