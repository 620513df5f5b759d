import type { Secrets } from "./secrets.ts"

const begin = (secret: string): string => `${secret.slice(0, 8)}…`

/** Which events hold which secrets. */
export const trailLeaks = (events: readonly unknown[], secrets: Secrets): string[] =>
  events
    .map((event) => JSON.stringify(event))
    .flatMap((event) => secrets.in(event).map((secret) => `the trail holds the secret ${begin(secret)}: ${event}`))

/** What the log of a run at level `trace` must not be. `answered`: the answers that came. */
export function logProblems({ stdout, stderr }: Log, answered: number, secrets: Secrets): string[] {
  const problems = (stdout + stderr)
    .split("\n")
    .flatMap((line) =>
      secrets.in(line).map((secret) => `the log holds the secret ${begin(secret)}: ${line.slice(0, 1000)}`),
    )
  // A search of what was never written finds nothing: there is a line for each answer.
  const logged = stdout.match(/^\[AA:BROKER:TRACE\]/gm)?.length ?? 0
  if (logged + droppedLines({ stdout }) < answered) problems.push(`the log has ${logged} lines for ${answered} answers`)
  if (/a request ran into a bug/.test(stderr)) problems.push(`the log tells of a bug: ${stderr.slice(0, 2000)}`)
  return problems
}

interface Log {
  readonly stdout: string
  readonly stderr: string
}

/** How many lines the broker could not write and says so of. */
export const droppedLines = ({ stdout }: Pick<Log, "stdout">): number =>
  [...stdout.matchAll(/ \| lines dropped \| count=(\d+)$/gm)].reduce((sum, [, lines]) => sum + Number(lines), 0)
