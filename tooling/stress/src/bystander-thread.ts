import { parentPort, workerData } from "node:worker_threads"
import { type Answer, call } from "@agentwrit/testing/client"
import { type Fared, SERVED } from "./bystander.ts"

/** Milliseconds between two requests. */
const PAUSE = 100

const { url, token }: { url: string; token: string } = workerData
const problems: string[] = []
let isOver = false
let longest = 0
let answered = 0

parentPort?.once("message", () => {
  isOver = true
})
await askAll()
parentPort?.postMessage("served")
while (!isOver) {
  // One that is not served has seen enough.
  if (problems.length === 0) await askAll()
  await new Promise((resolve) => setTimeout(resolve, PAUSE))
}
const told = `a client beside them was answered ${answered} times, after ${longest.toFixed(0)} ms at most`
parentPort?.postMessage({ problems, told } satisfies Fared)

async function askAll(): Promise<void> {
  await ask("a challenge", () => call(url, "GET /v1/challenge"))
  await ask("a validation", () => call(url, "POST /v1/token/validate", { json: { token } }))
}

async function ask(what: string, act: () => Promise<Answer>): Promise<void> {
  const began = performance.now()
  const asked = act().then(
    ({ status, text, body }) => (status === 200 && body.valid !== false ? "served" : `answered with ${status} ${text}`),
    (error: Error) => `answered with ${error.message}`,
  )
  const outcome = await Promise.race([asked, late()])
  const took = performance.now() - began
  longest = Math.max(longest, took)
  if (outcome === "served") answered++
  else problems.push(`a client beside them: ${what} is ${outcome}, after ${took.toFixed(0)} ms`)
}

function late(): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve("not answered"), SERVED).unref())
}
