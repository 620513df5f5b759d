import { Hono } from "hono"
import { expect, test } from "vitest"
import { ask, brokerFolder } from "./in-process.ts"

test.each(["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "PROPFIND"])(
  "mounted in another app, it answers its own paths, and an unsupported %s with 405",
  async (method) => {
    await using folder = await brokerFolder()
    await using broker = await folder.open()
    const whole = new Hono().get("/mine", (c) => c.text("mine")).route("/", broker.app)
    expect((await ask(whole, "GET /v1/challenge")).body.nonce).toMatch(/^[0-9a-f]{64}$/)
    expect((await ask(whole, "GET /mine")).text).toBe("mine")
    const refused = await ask(whole, `${method} /v1/register`)
    expect([refused.status, refused.headers.get("allow")]).toEqual([405, "POST"])
    expect(refused.headers.get("content-type")).toBe("application/problem+json")
    expect(broker.bugs).toEqual([])
  },
)
