/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number
  readonly text: string
  /** One line for each header: `name: value`. */
  readonly headers: string
}

/** Headers that every answer has (CONTRACT 1). */
const HEADERS = [
  /^x-request-id: [\w.-]{1,128}\r?$/im,
  /^x-content-type-options: nosniff\r?$/im,
  /^cache-control: no-store\r?$/im,
  /^x-frame-options: deny\r?$/im,
]

/** What is wrong with an answer, whatever the request was. `secrets` must not be in it. */
export function answerProblems({ status, text, headers }: RawAnswer, secrets: readonly string[] = []): string[] {
  const problems: string[] = []
  if (status >= 500 && status !== 503) problems.push(`answered with ${status}: ${text}`)
  if (/^\s+at .*(:\d+:\d+|node:)/m.test(text) || /node_modules|\.[jt]s:\d+/.test(text))
    problems.push(`answered with a stack trace: ${text}`)
  for (const header of HEADERS) if (!header.test(headers)) problems.push(`answered without ${header.source}`)
  for (const secret of secretsIn(text + headers, secrets)) problems.push(`answered with the secret ${secret}`)
  return problems
}

/** The secrets that a text holds, by their first characters. */
export const secretsIn = (text: string, secrets: readonly string[]): string[] =>
  secrets.filter((secret) => text.includes(secret)).map((secret) => `${secret.slice(0, 8)}…`)
