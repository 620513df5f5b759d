import { boundAgent, handmadeProof } from "@agentwrit/testing/bound-agent"
import { shareTestBroker } from "@agentwrit/testing/broker"
import { rawHttp } from "@agentwrit/testing/raw-http"
import { testVerifier } from "@agentwrit/testing/verifying"
import { expect, test } from "vitest"
import { NODE_APIS } from "../guard/node-apis.ts"

// Before: a guard without a public URL put the Host header before the path as it was sent. With "api.example/status?"
// as the Host, a proof for /status passed for every path.

let url: string
let admin: string
shareTestBroker((shared) => {
  ;({ url, admin } = shared)
})

test.each(NODE_APIS)("a proof for one path is not one for another, whatever the Host says: %s", async (_, start) => {
  const api = await start(testVerifier({ brokerUrl: url }))
  const { host } = new URL(api)
  const { keys, token } = await boundAgent(url, admin)
  const status = async (sentHost: string, proven: string) => {
    const dpop = await handmadeProof(keys, { method: "GET", url: proven, token })
    const head = `Host: ${sentHost}\r\nConnection: close\r\nAuthorization: DPoP ${token}\r\nDPoP: ${dpop}`
    return (await rawHttp(api, `GET /customers HTTP/1.1\r\n${head}\r\n\r\n`)).slice(9, 12)
  }
  expect(await status(host, `${api}/customers`)).toBe("200")
  for (const end of ["?", "#"]) expect(await status(`${host}/status${end}`, `${api}/status`)).not.toBe("200")
})
