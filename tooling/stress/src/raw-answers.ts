import type { RawAnswer } from "./answer-problems.ts"

/** The answers that a connection brought, and what is left behind the last one that is whole. */
export function rawAnswers(text: string): { answers: RawAnswer[]; rest: string } {
  const answers: RawAnswer[] = []
  let at = 0
  for (;;) {
    const end = text.indexOf("\r\n\r\n", at)
    const head = text.slice(at, end)
    const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(head) ?? []
    const [, length] = /^content-length: (\d+)\r?$/im.exec(head) ?? []
    const body = end + 4
    // All of them declare their length; without it, what follows could be anything.
    if (end === -1 || status === undefined || length === undefined || body + Number(length) > text.length)
      return { answers, rest: text.slice(at) }
    at = body + Number(length)
    answers.push({ status: Number(status), headers: head, text: text.slice(body, at) })
  }
}
