#!/usr/bin/env node
import { readCommandLine } from "./command-line.ts"
import { loadConfig } from "./config/config.ts"
import { createLog, type Log } from "./log/log.ts"
import { keepSignals } from "./signals.ts"
import { addressText, logRedactor, type RunningBroker, start } from "./start.ts"
import { startFailure } from "./start-failure.ts"
import { VERSION } from "./version.ts"

// A reader of our output that goes away must not stop the broker.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined)

const onSignal = keepSignals()
const printed = readCommandLine(process.argv.slice(2))
if (printed === undefined) await run()
else {
  const stream = printed.exitCode === 0 ? process.stdout : process.stderr
  stream.write(`${printed.text}\n`)
  process.exitCode = printed.exitCode
}

async function run(): Promise<void> {
  try {
    const { config, warnings } = loadConfig(process.env)
    const { logLevel: level, logFormat: format, mode } = config
    const log = createLog({
      level,
      format,
      stdout: process.stdout,
      stderr: process.stderr,
      redact: logRedactor(config),
    })
    for (const { message, context } of warnings) log.warn("CFG", message, context)
    if (mode === "development")
      log.warn("CFG", "development mode: short secrets and seed tokens are allowed, AA_MODE=production refuses them")
    log.ok("main", "starting broker", { addr: addressText(config.bindAddress, config.port), version: VERSION, mode })

    const broker = await start(config, log)
    await log.flush()
    const lines = [...broker.seedLines, `AgentWrit broker v${VERSION} listening on ${broker.listening}`]
    process.stdout.write(`${lines.join("\n")}\n`)

    let isStopping = false
    onSignal((signal) => {
      if (signal === "SIGHUP") broker.renewCertificates()
      else if (!isStopping) {
        isStopping = true
        void stop(broker, signal, log)
      }
    })
  } catch (error) {
    process.stderr.write(`${startFailure(error)}\n`)
    // Node ends by itself once this is written. A start that failed has closed everything that it opened.
    process.exitCode = 1
  }
}

async function stop(broker: RunningBroker, signal: NodeJS.Signals, log: Log): Promise<void> {
  log.ok("main", "stopping", { signal })
  try {
    await broker.stop()
    log.ok("main", "stopped")
  } catch (error) {
    log.fail("main", "stopping failed", { error: error instanceof Error ? error : String(error) })
    process.exitCode ||= 1
  }
  await log.flush()
  process.exit()
}
