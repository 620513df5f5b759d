import { expectTypeOf, test } from "vitest"
import type { Given } from "../src/arguments.ts"
import { command } from "../src/command.ts"

test("a command gets only the flags that it declares", () => {
  command({
    name: "x",
    summary: "x",
    args: { name: { type: "string", description: "" }, force: { type: "boolean", description: "" } },
    examples: [],
    async run(given) {
      expectTypeOf(given.name).toEqualTypeOf<string | undefined>()
      expectTypeOf(given.force).toEqualTypeOf<boolean>()
      // @ts-expect-error: a mistyped flag does not compile.
      given.nmae
    },
  })
  expectTypeOf<Given<{ a: { type: "positional"; description: string } }>>().toEqualTypeOf<{
    readonly a: string | undefined
  }>()
})
