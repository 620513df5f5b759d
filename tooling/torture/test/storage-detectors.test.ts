import { describe, expect, test } from "vitest"
import { withFault } from "../src/planted-fault.ts"
import { failStorage, STORAGE_FAULTS } from "../src/storage-faults.ts"

const LONG = { timeout: 90_000 }

describe("storage", () => {
  const fault = (name: string) => {
    const found = STORAGE_FAULTS.find((one) => one.name === name)
    if (found === undefined) throw new TypeError(name)
    return found
  }

  test("sees a broker that does not look where its files are", LONG, async () => {
    const environment = withFault("does not look where its files are")
    const problems = await failStorage(fault("WAL deleted under the broker"), 1, environment)
    expect(problems.join("\n")).toMatch(/issuance is answered with 201/)
  })

  const hanging = fault("disk that hangs")
  const untraced = hanging.lacking?.()
  if (untraced !== undefined) console.log(`not run: the detector of a disk that hangs, which ${untraced}`)
  test.skipIf(untraced !== undefined)("sees a broker that waits for a disk that hangs", LONG, async () => {
    const problems = await failStorage(hanging, 1, withFault("waits for a disk that hangs"))
    expect(problems.join("\n")).toMatch(/issuance is answered with 201/)
  })

  const full = fault("full disk")
  const lacking = full.lacking?.()
  if (lacking !== undefined) console.log(`not run: the detector of a full disk, which ${lacking}`)
  test.skipIf(lacking !== undefined)("sees a broker that keeps no room for revocations", LONG, async () => {
    const problems = await failStorage(full, 1, withFault("keeps no room for revocations"))
    expect(problems.join("\n")).toMatch(/a revocation on a full disk is answered with 503/)
  })
})
