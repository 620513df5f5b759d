import { UnexpectedAnswerError } from "../errors.ts"

/**
 * The text of an answer that is held in memory as a whole: whoever answers in the broker's place cannot fill it.
 * @param most bytes.
 * @throws {@link UnexpectedAnswerError} beyond them.
 */
export async function boundedText(answer: Response, most: number, brokerUrl: string): Promise<string> {
  const reader = answer.body?.getReader()
  const text = new TextDecoder()
  let whole = ""
  for (let length = 0; ; ) {
    const { done = true, value } = (await reader?.read()) ?? {}
    if (done || value === undefined) return whole + text.decode()
    length += value.length
    if (length > most) {
      reader?.cancel().catch(() => undefined)
      const requestId = answer.headers.get("x-request-id") ?? undefined
      throw new UnexpectedAnswerError(brokerUrl, answer.status, `more than ${most} bytes`, requestId)
    }
    whole += text.decode(value, { stream: true })
  }
}
