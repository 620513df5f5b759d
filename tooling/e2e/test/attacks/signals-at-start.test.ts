import { once } from "node:events"
import { brokerFolder, launch } from "@agentwrit/testing/broker-process"
import { expect, test } from "vitest"

/** Starts a broker, and sends it signals as soon as it logs that it starts. */
async function startAndSignal(environment: Record<string, string>, ...signals: readonly NodeJS.Signals[]) {
  const broker = launch(environment)
  while (!broker.output().stdout.includes("starting broker")) await once(broker.child.stdout, "data")
  expect(broker.output().stdout).not.toContain("listening on")
  for (const signal of signals) broker.child.kill(signal)
  return broker
}

test.each(["SIGTERM", "SIGINT"] as const)("%s during the start stops the broker cleanly", async (signal) => {
  await using folder = await brokerFolder()
  const { ended } = await startAndSignal(folder.environment, signal, signal)
  const { code, stdout, stderr } = await ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
  expect(stdout).toContain("| stopped")
})

test("SIGHUP during the start does not end the broker", async () => {
  await using folder = await brokerFolder()
  const { child, output, ended } = await startAndSignal(folder.environment, "SIGHUP")
  await expect.poll(() => output().stdout).toContain("listening on")
  child.kill("SIGTERM")
  expect(await ended).toMatchObject({ code: 0, stderr: "" })
})
