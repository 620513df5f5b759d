import type { Tree } from "../tree.ts"

/** All commands, in the order of the help. */
export const TREE: Tree = {
  init: async () => (await import("./init.ts")).init,
  login: async () => (await import("./login.ts")).login,
  whoami: async () => (await import("./whoami.ts")).whoami,
  logout: async () => (await import("./logout.ts")).logout,
  config: {
    summary: "Show the settings",
    commands: { show: async () => (await import("./config-show.ts")).configShow },
  },
  context: {
    summary: "Name brokers, and choose one",
    commands: {
      set: async () => (await import("./context-set.ts")).contextSet,
      use: async () => (await import("./context-use.ts")).contextUse,
      list: async () => (await import("./context-list.ts")).contextList,
      remove: async () => (await import("./context-remove.ts")).contextRemove,
    },
  },
  app: {
    summary: "Manage apps and their scope ceilings",
    commands: {
      register: async () => (await import("./app-register.ts")).appRegister,
      list: async () => (await import("./app-list.ts")).appList,
      get: async () => (await import("./app-get.ts")).appGet,
      update: async () => (await import("./app-update.ts")).appUpdate,
      remove: async () => (await import("./app-remove.ts")).appRemove,
      restore: async () => (await import("./app-restore.ts")).appRestore,
      "rotate-secret": async () => (await import("./app-rotate-secret.ts")).appRotateSecret,
    },
  },
  "launch-token": {
    summary: "Create, list and revoke launch tokens",
    commands: {
      create: async () => (await import("./launch-token-create.ts")).launchTokenCreate,
      list: async () => (await import("./launch-token-list.ts")).launchTokenList,
      revoke: async () => (await import("./launch-token-revoke.ts")).launchTokenRevoke,
    },
  },
  agent: {
    summary: "Show agents",
    commands: {
      list: async () => (await import("./agent-list.ts")).agentList,
      get: async () => (await import("./agent-get.ts")).agentGet,
    },
  },
  revoke: async () => (await import("./revoke.ts")).revoke,
  key: {
    summary: "List, rotate, retire and reseal signing keys",
    commands: {
      list: async () => (await import("./key-list.ts")).keyList,
      rotate: async () => (await import("./key-rotate.ts")).keyRotate,
      retire: async () => (await import("./key-retire.ts")).keyRetire,
      reseal: async () => (await import("./key-reseal.ts")).keyReseal,
    },
  },
  token: {
    summary: "Release and inspect tokens",
    commands: {
      release: async () => (await import("./token-release.ts")).tokenRelease,
      inspect: async () => (await import("./token-inspect.ts")).tokenInspect,
    },
  },
  run: async () => (await import("./run.ts")).run,
  audit: {
    summary: "Read, verify and export the audit trail",
    commands: {
      events: async () => (await import("./audit-events.ts")).auditEvents,
      verify: async () => (await import("./audit-verify.ts")).auditVerify,
      export: async () => (await import("./audit-export.ts")).auditExport,
    },
  },
  watch: async () => (await import("./watch.ts")).watch,
  backup: async () => (await import("./backup.ts")).backup,
  health: async () => (await import("./health.ts")).health,
  doctor: async () => (await import("./doctor.ts")).doctor,
  completion: async () => (await import("./completion.ts")).completion,
}
