import { NoteError } from "@agentwrit/audit"
import { NetworkError, TargetError } from "@agentwrit/sdk/admin"
import { expect, test } from "vitest"
import { CommandError, ReaderGone, UsageError } from "../src/errors.ts"
import { failureOf } from "../src/failure.ts"

test.each([
  ["ECONNREFUSED", "check that the broker runs"],
  ["CERT_HAS_EXPIRED", "has expired: renew it"],
  ["CERT_NOT_YET_VALID", "check the clocks of both machines"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "is for another host"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "--ca FILE"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "--ca FILE"],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "needs --cert FILE and --key FILE"],
  ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "needs --cert FILE and --key FILE"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "check http or https"],
])("the message for %s says what to do", (reason, advice) => {
  const error = new NetworkError("network_error", "https://broker.example", `cannot be reached (${reason})`)
  expect(failureOf(error, {})).toEqual({
    exitCode: 1,
    line: expect.stringMatching(new RegExp(`^awrit: the broker at https://broker.example cannot.*${advice}`)),
  })
})

test.each([
  [new UsageError("--name is missing"), { line: "awrit: --name is missing", exitCode: 2 }],
  [new CommandError("two\n  lines \u001b[31m"), { line: "awrit: two; lines \\u001b[31m", exitCode: 1 }],
  [
    new TargetError("insecure_target", "http://broker.example", "no TLS", "use https"),
    { line: "awrit: http://broker.example: no TLS; use https, or give --dangerously-allow-http", exitCode: 1 },
  ],
  [
    new NoteError("note_not_signed_by_key", "the note has no signature of the key a+1"),
    { line: expect.stringMatching(/a declared restore changes the key: .*audit\.pub$/), exitCode: 1 },
  ],
  [new ReaderGone(), { exitCode: 0 }],
  [new RangeError("a fault"), { line: "awrit: this is a bug in awrit, please report it: a fault", exitCode: 1 }],
])("%s becomes a line and an exit code", (error, failure) => {
  expect(failureOf(error, {})).toEqual(failure)
})
