import { createOpenApiDocument } from "@agentwrit/contract/openapi"
import type { Answer } from "../http/answer.ts"
import type { ApiDocument } from "./document.ts"
import { apiPage, PAGE_POLICY } from "./page.ts"

/** Where the API page is served. */
export const API_PAGE_PATH = "/v1/docs"

/** The API page's answer, made when it is first asked for. All readers share its bytes. */
export function apiPageAnswer(version: string): () => Answer {
  let answer: Answer | undefined
  return () => {
    // The page reads fewer fields than a document may have, and with narrower types than its own.
    answer ??= {
      status: 200,
      body: Buffer.from(apiPage(createOpenApiDocument({ version }) as unknown as ApiDocument)),
      mediaType: "text/html; charset=utf-8",
      headers: { "content-security-policy": PAGE_POLICY, "referrer-policy": "no-referrer" },
    }
    return answer
  }
}
