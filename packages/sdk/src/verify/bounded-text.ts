import { UnexpectedAnswerError } from "../errors.ts"

/**
 * Reads the text of an answer, up to a limit, so that a false broker cannot exhaust the memory.
 * @throws {@link UnexpectedAnswerError} beyond `maxBytes`.
 */
export async function boundedText(answer: Response, maxBytes: number, brokerUrl: string): Promise<string> {
  const reader = answer.body?.getReader()
  const decoder = new TextDecoder()
  let text = ""
  for (let length = 0; ; ) {
    const { done = true, value } = (await reader?.read()) ?? {}
    if (done || value === undefined) return text + decoder.decode()
    length += value.length
    if (length > maxBytes) {
      reader?.cancel().catch(() => undefined)
      const requestId = answer.headers.get("x-request-id") ?? undefined
      throw new UnexpectedAnswerError(brokerUrl, answer.status, `more than ${maxBytes} bytes`, requestId)
    }
    text += decoder.decode(value, { stream: true })
  }
}
