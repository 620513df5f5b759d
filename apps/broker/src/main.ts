#!/usr/bin/env node
import { loadConfig } from "./config/config.ts"
import { createLog } from "./log.ts"
import { addressText, FAULT_EXIT, logRedactor, type RunningBroker, start } from "./start.ts"
import { startFailure } from "./start-failure.ts"
import { VERSION } from "./version.ts"

// A reader of our output that went away must not stop the broker.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined)

try {
  const { config, warnings } = loadConfig(process.env)
  const { logLevel: level, logFormat: format } = config
  const log = createLog({ level, format, stdout: process.stdout, stderr: process.stderr, redact: logRedactor(config) })
  for (const { message, context } of warnings) log.warn("CFG", message, context)
  if (config.mode === "development")
    log.warn("CFG", "development mode: short secrets and seed tokens are taken, AA_MODE=production refuses them")
  const addr = addressText(config.bindAddress, config.port)
  log.ok("main", "starting broker", { addr, version: VERSION, mode: config.mode })

  let exitCode = 0
  let broker: RunningBroker | undefined
  let stopAsked: NodeJS.Signals | undefined
  let renewalAsked = false

  const stop = (running: RunningBroker, signal: NodeJS.Signals): void => {
    log.ok("main", "stopping", { signal })
    running
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
  const renewCertificates = (running: RunningBroker): void => {
    if (config.tls.mode === "none") return
    try {
      running.renewCertificates()
      log.ok("tls", "certificates read again")
    } catch (error) {
      log.fail("tls", "certificates kept as they were", {
        cause: error instanceof Error ? error.message : String(error),
      })
    }
  }
  // Before the start: it takes its time, and a signal meanwhile would end the process without a word, or, to process 1 of a
  // container, be lost. What was asked then is done once the broker runs.
  process.on("SIGHUP", () => {
    if (broker === undefined) renewalAsked = true
    else renewCertificates(broker)
  })
  for (const asked of ["SIGTERM", "SIGINT"] as const)
    process.on(asked, (signal) => {
      if (stopAsked !== undefined) return
      stopAsked = signal
      if (broker !== undefined) stop(broker, signal)
    })

  broker = await start(config, log, () => {
    exitCode = FAULT_EXIT
  })
  log.flush()
  if (renewalAsked) renewCertificates(broker)

  // Said last: whoever waits for it may send a signal at once.
  const lines = [...broker.seedLines, `AgentWrit broker v${VERSION} listening on ${broker.listening}`]
  process.stdout.write(`${lines.join("\n")}\n`)
  if (stopAsked !== undefined) stop(broker, stopAsked)
} catch (error) {
  process.stderr.write(`${startFailure(error)}\n`)
  process.exitCode = 1
}
