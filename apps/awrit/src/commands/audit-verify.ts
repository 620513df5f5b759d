import type { Command } from "../command.ts"
import { command } from "../define-command.ts"
import { UsageError } from "../errors.ts"
import { readEvidence } from "../trail-evidence.ts"
import { verifyBroker, verifyDatabase, verifyExport } from "../trail-sources.ts"
import { verdictDocument, verdictParts } from "../trail-verdict.ts"

/** `awrit audit verify` */
export const auditVerify: Command = command({
  name: "audit verify",
  summary: "Verify the audit trail's hash chain and checkpoints",
  details: [
    "Verifies the broker's trail, a database file (a copy, or that of a running broker: it is only read), or an NDJSON export. Every event is hashed here; nothing that the broker says of its trail is relied on.",
    "The chain alone finds any event that was edited, dropped, moved or inserted. A tail that was cut, or a trail rewritten with new hashes, is found by a checkpoint that was kept, and its signature needs the verifier key, which the broker keeps in audit.pub: pin it where the broker cannot change it.",
    "Exits with 1 when the trail is broken, and says the first bad event and how.",
  ],
  args: {
    file: { type: "string", value: "FILE", description: "An NDJSON export; - reads stdin" },
    db: { type: "string", value: "DATABASE", description: "A broker's SQLite database" },
    checkpoint: { type: "string", value: "FILE", description: "A checkpoint that was kept; needs --vkey" },
    vkey: { type: "string", value: "KEY", description: "The verifier key, or a file that holds it, such as audit.pub" },
  },
  examples: [
    "awrit audit verify",
    "awrit audit verify --vkey audit.pub --checkpoint trail.checkpoint",
    "awrit audit verify --file trail.ndjson --vkey audit.pub --checkpoint trail.checkpoint",
    "awrit audit verify --db /var/lib/broker/data.db",
  ],
  async run({ checkpoint, db, file, vkey }, context) {
    if (file !== undefined && db !== undefined) throw new UsageError("--file and --db cannot be given together")
    if (checkpoint !== undefined && vkey === undefined)
      throw new UsageError("--checkpoint needs --vkey, the key that signed it: its signature proves whose it is")
    if (file !== undefined && vkey !== undefined && checkpoint === undefined)
      throw new UsageError("--vkey with --file needs --checkpoint: an export holds no checkpoint of its own")
    const evidence = readEvidence(vkey, checkpoint)
    const verdict =
      db !== undefined
        ? await verifyDatabase(db, evidence, context)
        : file !== undefined
          ? await verifyExport(file, evidence, context)
          : await verifyBroker(evidence, context)
    const { out } = context
    await out.document(verdictDocument(verdict))
    await out.record(verdictParts(verdict))
    const { advice, report } = verdict
    if (report.ok) {
      out.note(advice ?? "The trail holds together, and is the one of every checkpoint.", advice ? undefined : "green")
      return 0
    }
    out.warn(`awrit: ${report.message}`, "red")
    return 1
  },
})
