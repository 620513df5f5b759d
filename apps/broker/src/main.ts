#!/usr/bin/env node
import { loadConfig } from "./config/config.ts"
import { createLog } from "./log.ts"
import { logRedactor, start } from "./start.ts"
import { startFailure } from "./start-failure.ts"
import { VERSION } from "./version.ts"

try {
  const { config, warnings } = loadConfig(process.env)
  const { logLevel: level, logFormat: format } = config
  const log = createLog({ level, format, stdout: process.stdout, stderr: process.stderr, redact: logRedactor(config) })
  for (const { message, context } of warnings) log.warn("CFG", message, context)
  log.ok("main", "starting broker", { version: VERSION, mode: config.mode })

  const broker = await start(config, log)
  log.flush()
  const lines = [...broker.seedLines, `AgentWrit broker v${VERSION} listening on ${broker.listening}`]
  process.stdout.write(`${lines.join("\n")}\n`)

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
        process.exitCode = 1
      })
      .finally(() => {
        log.flush()
        process.exit()
      })
  }
  process.on("SIGHUP", () => {
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
} catch (error) {
  process.stderr.write(`${startFailure(error)}\n`)
  process.exitCode = 1
}
