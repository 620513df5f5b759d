import { expect, test, vi } from "vitest"
import { createBroker } from "../src/index.ts"
import { ask, brokerFolder } from "./in-process.ts"

test("an error of the host's listener is handled like any bug: reported, answered as a problem, not printed", async () => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const bugs: unknown[] = []
  const fault = new Error("the host's own")
  const onAnswer = () => {
    throw fault
  }
  const app = createBroker({
    authority: broker.authority,
    version: "2.0.0",
    onBug: (error) => bugs.push(error),
    onAnswer,
  })
  using written = vi.spyOn(console, "error")
  const { status, headers, body } = await ask(app, "GET /v1/challenge")
  expect([status, body.error_code, headers.get("x-content-type-options")]).toEqual([500, "internal_error", "nosniff"])
  expect(bugs).toEqual([fault])
  expect(written).not.toHaveBeenCalled()
})
