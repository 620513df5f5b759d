import { describe, expect, test } from "vitest"
import { resolve } from "../src/command-line.ts"
import { TREE } from "../src/commands/tree.ts"
import { commandHelp, groupHelp } from "../src/help.ts"
import { allCommands } from "../src/tree.ts"

const plain = (_: unknown, text: string): string => text

describe.each([80, 200])("help at %i columns", (width) => {
  test("of awrit and its groups", async () => {
    for (const words of [[], ["audit"]]) {
      const { branch } = resolve(words, TREE)
      if (typeof branch === "function") throw new Error("not a group")
      expect(await groupHelp(["awrit", ...words].join(" "), branch, width, plain)).toMatchSnapshot()
    }
  })

  test("of every command, each line within the width", async () => {
    for (const command of await allCommands(TREE)) {
      const help = commandHelp(command, width, plain)
      expect(help).toMatchSnapshot(command.name)
      // Examples stay on one line, so that they can be copied.
      const [text = ""] = help.split("Examples:")
      expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(width)
    }
  })
})

test("every command is in the tree under its own name", async () => {
  const names = Object.entries(TREE).flatMap(([word, branch]) =>
    typeof branch === "function" ? [word] : Object.keys(branch.commands).map((below) => `${word} ${below}`),
  )
  expect((await allCommands(TREE)).map(({ name }) => name)).toEqual(names)
})
