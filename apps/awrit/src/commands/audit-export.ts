import { writeFileSync } from "node:fs"
import { codeOf } from "@agentwrit/config-file"
import { auditEventsQuery } from "@agentwrit/contract"
import { type Command, command } from "../command.ts"
import { CommandError } from "../errors.ts"
import { readFlags } from "../flags.ts"
import { Progress } from "../progress.ts"
import { counted } from "../text.ts"

/** `awrit audit export` */
export const auditExport: Command = command({
  name: "audit export",
  summary: "Write the whole audit trail as NDJSON to stdout",
  details: [
    "Prints one event per line, oldest first, as it was hashed. awrit audit verify --file verifies the export. Keep a checkpoint with it: --with-checkpoint FILE writes the trail's signed head. The export contains every event that the checkpoint covers.",
    "An export with --after is incomplete and does not verify alone: append it to the earlier export.",
  ],
  args: {
    after: { type: "string", value: "EVENT", description: "Only events after this one, such as evt-000042" },
    "with-checkpoint": { type: "string", value: "FILE", description: "Write the trail's signed head to this file" },
  },
  examples: [
    "awrit audit export > trail.ndjson",
    "awrit audit export --with-checkpoint trail.checkpoint > trail.ndjson",
  ],
  async run(given, context) {
    const { out } = context
    const signal = out.gone
    const { after } = readFlags(auditEventsQuery, { after: given.after })
    const admin = await context.admin()
    // Fetch the checkpoint first: the export then contains every event that it covers.
    if (given["with-checkpoint"] !== undefined) save(given["with-checkpoint"], await admin.checkpoint({ signal }))
    const { total } = await admin.listEvents({ after, limit: 1 }, { signal })
    let written = 0
    {
      using progress = new Progress(out, "events written")
      for await (const event of admin.events({ after }, { signal })) {
        await out.jsonLine(event)
        progress.show(++written, Math.max(written, total))
      }
    }
    out.note(counted(written, "event"))
  },
})

function save(path: string, checkpoint: string): void {
  try {
    writeFileSync(path, checkpoint)
  } catch (error) {
    throw new CommandError(`--with-checkpoint: ${path} cannot be written (${codeOf(error)})`)
  }
}
