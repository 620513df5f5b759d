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
    // The page shows the document as clients get it, in JSON.
    const document = (): ApiDocument => JSON.parse(JSON.stringify(createOpenApiDocument({ version })))
    answer ??= {
      status: 200,
      body: Buffer.from(apiPage(document())),
      mediaType: "text/html; charset=utf-8",
      headers: { "content-security-policy": PAGE_POLICY, "referrer-policy": "no-referrer" },
    }
    return answer
  }
}
