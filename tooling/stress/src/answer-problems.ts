import type { Secrets } from "./secrets.ts"

/** What came back. */
export interface RawAnswer {
  readonly status: number
  readonly text: string
  /** A line each: the name, a colon and a space, the value. */
  readonly headers: string
}

/** What every answer carries (CONTRACT 1). */
const HEADERS: Readonly<Record<string, RegExp>> = {
  "X-Request-ID": /^x-request-id: [\w.-]{1,128}\r?$/im,
  "X-Content-Type-Options": /^x-content-type-options: nosniff\r?$/im,
  "Cache-Control": /^cache-control: no-store\r?$/im,
  "X-Frame-Options": /^x-frame-options: deny\r?$/im,
}

/**
 * What an answer must not be, whatever was asked.
 * @param byRight what it may say once though a secret stand in it: what it hands out, or the path that it was asked for.
 */
export function answerProblems(
  asked: string,
  { status, text, headers }: RawAnswer,
  secrets: Secrets,
  byRight = "",
): string[] {
  const problems: string[] = []
  if (status >= 500 && status !== 503) problems.push(`${asked} is answered with ${status}: ${text}`)
  if (/^\s+at .*(:\d+:\d+|node:)/m.test(text) || /node_modules|\.[jt]s:\d+/.test(text))
    problems.push(`${asked} is answered with a stack trace: ${text}`)
  for (const [name, line] of Object.entries(HEADERS))
    if (!line.test(headers)) problems.push(`${asked} is answered without ${name}`)
  for (const secret of secrets.in(text.replace(byRight, "")))
    problems.push(`${asked} is answered with the secret ${secret.slice(0, 8)}…`)
  for (const secret of secrets.in(headers))
    problems.push(`${asked} is answered with the secret ${secret.slice(0, 8)}… in a header`)
  return problems
}
