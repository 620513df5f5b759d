/** The page's only style sheet. The Content-Security-Policy names its hash, so nothing else can style the page. */
export const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 0 auto; padding: 1rem; color: #1b1f24; background: #fff }
p { white-space: pre-line }
code, pre { font: 14px/1.4 ui-monospace, monospace; background: #f3f4f6; border-radius: 4px }
code { padding: 0 .25em; overflow-wrap: anywhere }
pre { padding: .75rem; overflow-x: auto }
pre code { padding: 0; overflow-wrap: normal }
h3 { margin-top: 2.5rem; border-top: 1px solid #d0d7de; padding-top: 1rem }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #d0d7de }
summary { cursor: pointer }
nav ul { columns: 2 20rem; list-style: none; padding: 0 }
@media (prefers-color-scheme: dark) {
  body { color: #e6edf3; background: #0d1117 }
  code, pre { background: #161b22 }
  a { color: #79b8ff }
}
`
