import { boundAgent, handmadeProof } from "@agentwrit/testing/bound-agent"
import { shareTestBroker } from "@agentwrit/testing/broker"
import { rawHttp } from "@agentwrit/testing/raw-http"
import { testVerifier } from "@agentwrit/testing/verifying"
import { expect, test } from "vitest"
import { NODE_APIS } from "../guard/node-apis.ts"

// Before: a guard put a request target in absolute form behind its public URL. "https://api.example.co" and
// "m://host/customers" gave a URL of the host api.example.com: its owner could use proofs that it had received.

let url: string
let admin: string
shareTestBroker((shared) => {
  ;({ url, admin } = shared)
})

const publicUrl = "https://api.example.co"

test.each(NODE_APIS)("a proof for api.example.com is not one for api.example.co: %s", async (_, start) => {
  const api = await start(testVerifier({ brokerUrl: url }), { publicUrl })
  const { keys, token } = await boundAgent(url, admin)
  const status = async (target: string, proven: string) => {
    const dpop = await handmadeProof(keys, { method: "GET", url: proven, token })
    const head = `Host: x\r\nConnection: close\r\nAuthorization: DPoP ${token}\r\nDPoP: ${dpop}`
    return (await rawHttp(api, `GET ${target} HTTP/1.1\r\n${head}\r\n\r\n`)).slice(9, 12)
  }
  expect(await status("/customers", `${publicUrl}/customers`)).toBe("200")
  expect(await status("m://host/customers", "https://api.example.com://host/customers")).not.toBe("200")
})
