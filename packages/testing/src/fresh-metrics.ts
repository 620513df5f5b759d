import { call } from "./client.ts"

/** Milliseconds within which the broker surely makes a new text. */
const PATIENCE = 5000

/**
 * The metrics as they are now. The broker keeps a text for a moment; each counts the scrapes before it, so that one that differs
 * from the first that came was made after this call.
 */
export async function freshMetrics(url: string): Promise<string> {
  const first = await scrape(url)
  const end = performance.now() + PATIENCE
  while (performance.now() < end) {
    const text = await scrape(url)
    if (text !== first) return text
  }
  throw new Error(`the metrics stood still for ${PATIENCE} ms`)
}

async function scrape(url: string): Promise<string> {
  const { status, headers, text } = await call(url, "GET /v1/metrics")
  const mediaType = headers.get("content-type")
  if (status !== 200 || mediaType !== "text/plain; version=0.0.4; charset=utf-8")
    throw new Error(`${status} ${mediaType}`)
  return text
}
