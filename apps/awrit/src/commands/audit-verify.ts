import { type Command, command } from "../command.ts"
import { UsageError } from "../errors.ts"
import { readEvidence } from "../trail-evidence.ts"
import { verifyBroker, verifyDatabase, verifyExport } from "../trail-sources.ts"
import { verdictDocument, verdictParts } from "../trail-verdict.ts"

/** `awrit audit verify` */
export const auditVerify: Command = command({
  name: "audit verify",
  summary: "Verify the audit trail's hash chain and checkpoints",
  details: [
    "Verifies the broker's trail, a database file (also of a running broker: it is only read), or an NDJSON export. awrit computes every hash itself and does not trust the broker's own report.",
    "The chain shows every event that was edited, dropped, moved or inserted. A kept checkpoint also shows a trail that was truncated, or rewritten with new hashes. Its signature needs the verifier key, the broker's audit.pub: keep a copy where the broker cannot change it.",
    "With --db it also holds the tables of apps, launch tokens, agents, tokens and revocations against the trail: a row that someone added, changed, deleted or put back is found.",
    "Exits with 1 if the trail is broken, and shows the first bad event and the reason.",
  ],
  args: {
    file: { type: "string", value: "FILE", description: "An NDJSON export; - reads stdin" },
    db: { type: "string", value: "DATABASE", description: "A broker's SQLite database" },
    checkpoint: { type: "string", value: "FILE", description: "A kept checkpoint; needs --vkey" },
    vkey: {
      type: "string",
      value: "KEY",
      description: "The verifier key, or a file that contains it, such as audit.pub",
    },
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
      throw new UsageError("--checkpoint needs --vkey: the key verifies the checkpoint's signature")
    if (file !== undefined && vkey !== undefined && checkpoint === undefined)
      throw new UsageError("--vkey with --file needs --checkpoint: an export contains no checkpoint")
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
    const { advice, report, tableProblem } = verdict
    if (tableProblem !== undefined) {
      out.warn(`awrit: ${tableProblem}`, "red")
      return 1
    }
    if (report.ok) {
      out.note(advice ?? "The trail is intact and matches every checkpoint.", advice ? undefined : "green")
      return 0
    }
    out.warn(`awrit: ${report.message}`, "red")
    return 1
  },
})
