import { type AdminCallOptions, UnexpectedAnswerError } from "@agentwrit/sdk/admin"
import type { Context } from "./context.ts"

/** Names and values for people. */
type Parts = readonly (readonly [name: string, value: string])[]

/**
 * Makes something whose secret the broker shows only once, and shows it. An answer of an unexpected form is shown as it
 * came, with the doubt on stderr: the secret in it cannot be fetched again.
 * @param field the secret's name in the answer.
 */
export async function showOnce<Made>(
  { answer: { onAnswer, signal }, out }: Context,
  field: string,
  make: (options: AdminCallOptions) => Promise<Made>,
  parts: (made: Made) => Parts,
): Promise<void> {
  let answer = "{}"
  const keep = (json: string): void => {
    answer = json
    onAnswer?.(json)
  }
  try {
    await out.record(parts(await make({ signal, onAnswer: keep })))
  } catch (error) {
    const fields: Record<string, unknown> = error instanceof UnexpectedAnswerError ? JSON.parse(answer) : {}
    const secret = fields[field]
    if (typeof secret !== "string" || secret === "") throw error
    await out.record(Object.entries(fields).map(([name, value]) => [name.replaceAll("_", " "), textOf(value)]))
    out.warn(`awrit: the ${field.replaceAll("_", " ")} was made, but ${(error as Error).message}`, "yellow")
  }
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value))
