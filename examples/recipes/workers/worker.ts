import { guard } from "@agentwrit/sdk/fetch"
import { createVerifier } from "@agentwrit/sdk/verify"

export default {
  async fetch(request: Request, { AGENTWRIT_BROKER_URL: brokerUrl }: { AGENTWRIT_BROKER_URL: string }) {
    // A Worker must not use in one request what it opened in another: each request has its own verifier.
    await using verifier = createVerifier({ brokerUrl, revocation: "introspect" })
    const result = await guard(verifier, { scope: "read:reports:*" })(request)
    return result.ok ? Response.json({ readBy: result.claims.sub }) : result.response
  },
}
