import { guard } from "@agentwrit/sdk/fetch"
import { createVerifier } from "@agentwrit/sdk/verify"

const { AGENTWRIT_BROKER_URL: brokerUrl = "", PUBLIC_URL: publicUrl } = process.env

export const verifier = createVerifier({ brokerUrl })
export const readReports = guard(verifier, { scope: "read:reports:*", publicUrl })
