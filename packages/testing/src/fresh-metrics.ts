import { setTimeout as pause } from "node:timers/promises"
import { call } from "./client.ts"

const SCRAPE_INTERVAL_MS = 20
const STALE_TIMEOUT_MS = 240_000

/**
 * The present metrics. The broker caches the text for a moment. Each text counts the scrapes before it, so a text that
 * differs from the first one was made after this call.
 */
export async function freshMetrics(url: string): Promise<string> {
  const first = await scrape(url)
  const end = performance.now() + STALE_TIMEOUT_MS
  while (performance.now() < end) {
    await pause(SCRAPE_INTERVAL_MS)
    const text = await scrape(url)
    if (text !== first) return text
  }
  throw new Error(`the metrics did not change for ${STALE_TIMEOUT_MS} ms`)
}

async function scrape(url: string): Promise<string> {
  const { status, headers, text } = await call(url, "GET /v1/metrics")
  const mediaType = headers.get("content-type")
  if (status !== 200 || mediaType !== "text/plain; version=0.0.4; charset=utf-8")
    throw new Error(`${status} ${mediaType}`)
  return text
}
