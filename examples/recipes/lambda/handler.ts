import { guard } from "@agentwrit/sdk/fetch"
import { createVerifier } from "@agentwrit/sdk/verify"
import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from "aws-lambda"

const { AGENTWRIT_BROKER_URL: brokerUrl = "", PUBLIC_URL: publicUrl } = process.env

// A function sleeps between requests and cannot follow the feed, so it asks the broker about each token.
const verifier = createVerifier({ brokerUrl, revocation: "introspect" })
const readReports = guard(verifier, { scope: "read:reports:*", publicUrl })

export async function handler(event: LambdaFunctionURLEvent): Promise<LambdaFunctionURLResult> {
  const { domainName, http } = event.requestContext
  const headers = event.headers as Record<string, string>
  const request = new Request(`https://${domainName}${event.rawPath}`, { method: http.method, headers })
  const result = await readReports(request)
  if (result.ok) return { statusCode: 200, body: JSON.stringify({ readBy: result.claims.sub }) }
  const { status, headers: answered } = result.response
  return { statusCode: status, headers: Object.fromEntries(answered), body: await result.response.text() }
}
