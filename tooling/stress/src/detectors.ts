import { createVerifier } from "@agentwrit/sdk/verify"
import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken } from "@agentwrit/testing/client"
import { answerProblems } from "./answers.ts"
import { crashRun } from "./crashes.ts"
import { endCredentials } from "./ended-credentials.ts"
import { floodProblems, streamProblems } from "./floods.ts"
import { check } from "./ledger/check.ts"
import { Ledger } from "./ledger/ledger.ts"
import { withFault } from "./planted-faults.ts"
import { growthProblems } from "./soak.ts"
import { abuseProblems } from "./sockets.ts"
import type { Scenario } from "./stage.ts"
import { StorageCase } from "./storage/storage-case.ts"
import { somePast, tamper } from "./tampering.ts"
import { acceptedBy } from "./tokens.ts"

/**
 * Shows each scenario something wrong, or something right that it expects to be wrong. A scenario that reports nothing
 * is broken.
 */
export const detectors: Scenario = {
  name: "detectors",
  async run(stage) {
    const seed = stage.seed()
    const sees = (name: string, problems: readonly string[], ...signs: RegExp[]): void => {
      const unseen = signs.filter((sign) => !problems.some((problem) => sign.test(problem)))
      const reported = problems.join("; ")
      stage.check(unseen.length === 0 ? [] : [`does not report ${unseen.join()}, but: ${reported}`], seed, name)
    }

    await using past = await somePast()
    const untouched = await tamper(past, { name: "untouched", change: () => undefined })
    sees("tampering", untouched, /health says ok/, /log does not say/, /metric/, /checkpoint is/, /it is sound/)

    await using folder = await brokerFolder()
    await using broker = await startBroker(folder)
    const { url } = broker
    const admin = await adminToken(url)
    await using verifier = createVerifier({ brokerUrl: url })
    sees("tokens", await acceptedBy({ url, verifier }, admin), /by the broker \(/, /bearer/, /the verifier/)

    const ended = await endCredentials(url, admin)
    ended.tokens["that lives"] = ended.living
    sees("clock", await ended.problems(url), /token that lives validates/, /token that lives is renewed/)

    const get = "GET /v1/challenge HTTP/1.1\r\nHost: broker\r\n\r\n"
    const abuse = await abuseProblems(url, { name: "a request", pieces: [get], answers: [400] }, 500)
    sees("sockets", abuse, /still open/, /answered with "200", not "400"/)
    const flood = await floodProblems(broker, admin, { count: 200, next: () => get, status: 401 })
    sees("floods", flood.problems, /answered with 200: \d+/)
    sees("floods", await streamProblems(broker, "no token", 2), /did not get a revocation/)

    const leak = { status: 500, text: "Error: secret-1234567890\n    at run (file.js:1:2)", headers: "" }
    const leaked = answerProblems(leak, ["secret-1234567890"])
    sees("protocol", leaked, /with 500/, /stack trace/, /without .*nosniff/, /the secret secret-1/)
    const grown = Array.from({ length: 30 }, (_, n) => ({
      memoryMib: 5 * n,
      descriptors: 2 * n,
      walMib: n,
      loopDelayMs: 0,
    }))
    sees("soak", growthProblems(grown), /memoryMib/, /descriptors/, /walMib/)

    const ledger = new Ledger()
    const answer = { status: 200, headers: new Headers(), text: "", body: undefined }
    await ledger.attempt("revoke", "task ghost", async () => answer)
    sees("ledger", (await check(url, admin, ledger, folder.path)).problems, /LOST: revoke .* is gone/, /never tried/)

    await using second = await brokerFolder()
    const on = new StorageCase(second, seed, 300)
    await on.begin(8)
    await on.expectStalled()
    await on.expectEnd()
    const refusal = /issuance is answered with 201/
    sees("storage", on.finish("sound").problems, refusal, /health does not say/, /log has no/, /not 70/)

    await using third = await brokerFolder()
    const environment = withFault("forgets launch tokens")
    const crashed = await crashRun({ seed, cycles: 1, folder: third, work: [5, 10], environment })
    sees("crashes", crashed.problems, /LOST: an unused launch token|its secrets registered no agent/)
  },
}
