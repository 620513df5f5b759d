#!/usr/bin/env node
import { loadConfig } from "./config/config.ts"
import { createLog } from "./log.ts"
import { FAULT_EXIT, logRedactor, start } from "./start.ts"
import { startFailure } from "./start-failure.ts"
import { VERSION } from "./version.ts"

// A reader of our output that went away must not stop the broker.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined)

try {
  const { config, warnings } = loadConfig(process.env)
  const { logLevel: level, logFormat: format } = config
  const log = createLog({ level, format, stdout: process.stdout, stderr: process.stderr, redact: logRedactor(config) })
  for (const { message, context } of warnings) log.warn("CFG", message, context)
  log.ok("main", "starting broker", { version: VERSION, mode: config.mode })

  let exitCode = 0
  const broker = await start(config, log, () => {
    exitCode = FAULT_EXIT
  })
  log.flush()

  let stopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return
    stopping = true
    log.ok("main", "stopping", { signal })
    broker
      .stop()
      .then(() => log.ok("main", "stopped"))
      .catch((error: unknown) => {
        log.fail("main", "stopping failed", { error: error instanceof Error ? error : String(error) })
        exitCode ||= 1
      })
      .finally(() => {
        log.flush()
        process.exit(exitCode)
      })
  }
  process.on("SIGHUP", () => {
    if (config.tls.mode === "none") return
    try {
      broker.renewCertificates()
      log.ok("tls", "certificates read again")
    } catch (error) {
      log.fail("tls", "certificates kept as they were", {
        cause: error instanceof Error ? error.message : String(error),
      })
    }
  })
  process.on("SIGTERM", stop)
  process.on("SIGINT", stop)

  // Said last: whoever waits for it may send a signal at once.
  const lines = [...broker.seedLines, `AgentWrit broker v${VERSION} listening on ${broker.listening}`]
  process.stdout.write(`${lines.join("\n")}\n`)
} catch (error) {
  process.stderr.write(`${startFailure(error)}\n`)
  process.exitCode = 1
}
