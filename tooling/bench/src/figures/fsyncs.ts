import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { adminToken, startBroker } from "../broker.ts"
import { CannotMeasureError, type Figure, IN_FLIGHT } from "../figure.ts"
import { LoadClient } from "../load/load-client.ts"
import { sampleOf } from "../statistics.ts"

/** Launch tokens for each second; they are made before the counting begins. */
const PER_SECOND = 1000

export const fsyncs: Figure = {
  name: "fsyncs",
  async measure(bench) {
    if (spawnSync("strace", ["-V"]).status !== 0) throw new CannotMeasureError("strace is not installed")
    const { runs, seconds } = bench.profile
    const folder = await bench.folder()
    await using broker = await startBroker(folder)
    await using client = new LoadClient()
    const options = { adminToken: await adminToken(broker.url), count: PER_SECOND * seconds }
    const each: number[] = []
    for (let run = 0; run < Math.min(runs, 5); run++) {
      let strace: Strace | undefined
      const load = await client.run(
        { url: broker.url, pid: broker.pid, inFlight: IN_FLIGHT, seconds: 60, kind: "registrations", options },
        async () => {
          strace = await attach(broker.pid, join(folder, `fsyncs-${run}`))
        },
      )
      each.push(((await strace?.detach()) ?? Number.NaN) / load.operations)
    }
    const what = "fsyncs for each registration, 64 in flight"
    return [{ what, unit: "", measured: sampleOf(each), reach: [{ atMost: 0.1 }] }]
  },
}

interface Strace {
  /** Returns the number of fsyncs since. */
  detach(): Promise<number>
}

async function attach(pid: number, path: string): Promise<Strace> {
  const child = spawn("strace", ["-f", "--seccomp-bpf", "-e", "trace=fsync,fdatasync", "-o", path, "-p", String(pid)], {
    stdio: ["ignore", "ignore", "pipe"],
  })
  await once(child.stderr, "data")
  await pause(200)
  return {
    async detach() {
      const exit = once(child, "exit")
      child.kill("SIGINT")
      await exit
      return [...(await readFile(path, "utf8")).matchAll(/ (?:fsync|fdatasync)\(/g)].length
    },
  }
}
