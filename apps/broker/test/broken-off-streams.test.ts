import { expect, test, vi } from "vitest"
import { serve } from "../src/server.ts"
import { ask, brokerFolder, signIn } from "./in-process.ts"

// The server once wrote the error to the console, without the log's redaction.
test("a failed stream is disconnected, and only the log reports it", async () => {
  await using folder = await brokerFolder("sqlite")
  await using broker = await folder.open()
  const bearer = await signIn(broker.app)
  for (const target of ["t-1", "t-2"])
    await ask(broker.app, "POST /v1/revoke", { bearer, json: { level: "task", target } })
  const server = await serve(broker.app, { port: 0, address: "127.0.0.1", isTrustedProxy: () => true })
  const written = (["error", "info", "log", "warn"] as const).map((name) => vi.spyOn(console, name))
  try {
    await broker.crash()
    const url = `http://127.0.0.1:${server.address.port}/v1/revocations?since=1`
    const stream = await fetch(url, { headers: { accept: "text/event-stream" } })
    expect(stream.status).toBe(200)
    await expect(stream.text()).rejects.toThrow()
    for (const spy of written) expect(spy).not.toHaveBeenCalled()
  } finally {
    for (const spy of written) spy.mockRestore()
    await server.stop()
  }
  expect(broker.bugs).toEqual([])
})
