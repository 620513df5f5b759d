import { type BrokerFolder, launch } from "@agentwrit/testing/broker-process"
import { waitUntil } from "./wait-until.ts"

/** Milliseconds for a start to end, or to come to listening. */
const PATIENCE = 20_000

/** What is wrong with a start that must be refused: it has to end with 1 and a message that says what to do, without a stack. */
export async function refusalProblems(
  { environment }: Pick<BrokerFolder, "environment">,
  message: RegExp,
): Promise<string[]> {
  const { child, ended, output } = launch({ ...environment })
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  // One that serves after all never ends by itself.
  await waitUntil(() => hasEnded() || / listening on /.test(output().stdout), PATIENCE)
  child.kill("SIGKILL")
  const { code, signal, stderr } = await ended
  const isRefused = code === 1 && message.test(stderr) && !/\n\s+at /.test(stderr)
  return isRefused ? [] : [`a start that must be refused ends with ${code ?? signal}: ${stderr}`]
}
