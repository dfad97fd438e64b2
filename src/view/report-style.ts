/** The only style of a report; the page's policy names its hash, and allows no other. */
export const reportStyle = `
:root { color-scheme: light dark;
  --ink: #1c2128; --dim: #5b6470; --line: #d6dae0; --paper: #ffffff; --panel: #f5f6f8;
  --rogue: #c62828; --gone: #b26a00; --k1: #1565c0; --k2: #00838f; --k3: #4527a0; --k4: #2e7d32; --k5: #6d4c41;
  --other: #78909c; --silent: #aab4be; --dropped: #8e24aa; --unknown: #3b3b3b; --add: #1b7f3b; --del: #c62828; }
@media screen and (prefers-color-scheme: dark) { :root {
  --ink: #e6e9ed; --dim: #9aa4b0; --line: #3a4149; --paper: #14181d; --panel: #1d2228;
  --rogue: #ff6b63; --gone: #f2a63b; --k1: #64a8ff; --k2: #4dd0e1; --k3: #b39ddb; --k4: #81c784; --k5: #bcaaa4;
  --other: #90a4ae; --silent: #5d6873; --dropped: #ce93d8; --unknown: #c9c9c9; --add: #6fd08c; --del: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 76rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", "Liberation Sans", sans-serif; }
h1 { font-size: 1.65rem; line-height: 1.25; margin: 0 0 .4rem; max-width: 50rem; }
h2 { font-size: 1.1rem; margin: 2.4rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
h3 { font-size: .95rem; margin: 1.2rem 0 .3rem; }
p { margin: .5rem 0; max-width: 56rem; }
.dim, figcaption { color: var(--dim); }
.small { font-size: .85rem; }
.lead { font-size: 1.05rem; }
.note { border-left: 4px solid var(--gone); padding: .3rem .8rem; background: var(--panel); }
code, pre, .mono { font-family: ui-monospace, "DejaVu Sans Mono", "Liberation Mono", monospace; font-size: .85rem; }
pre { margin: .3rem 0; padding: .6rem .8rem; background: var(--panel); border: 1px solid var(--line); border-radius: 4px;
  overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; margin: .4rem 0; }
th { text-align: left; font-weight: 600; color: var(--dim); border-bottom: 2px solid var(--line); padding: .25rem .7rem .25rem 0; }
td { border-bottom: 1px solid var(--line); padding: .25rem .7rem .25rem 0; vertical-align: top; overflow-wrap: anywhere; }
td.n, th.n { text-align: right; padding-right: 1.4rem; font-variant-numeric: tabular-nums; }
.facts { display: flex; flex-wrap: wrap; gap: .4rem 2rem; margin: .8rem 0 0; padding: 0; list-style: none; color: var(--dim); }
.facts b { color: var(--ink); font-variant-numeric: tabular-nums; }
figure { margin: .8rem 0; overflow-x: auto; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 11px system-ui, "Liberation Sans", sans-serif; fill: var(--dim); }
svg .axis { stroke: var(--line); } svg .mark { stroke: var(--ink); stroke-dasharray: 3 3; }
svg .badge { fill: var(--ink); } svg .badge-text { fill: var(--paper); font-weight: 700; text-anchor: middle; }
.rogue { fill: var(--rogue); background: var(--rogue); } .gone { fill: var(--gone); background: var(--gone); }
.k1 { fill: var(--k1); background: var(--k1); } .k2 { fill: var(--k2); background: var(--k2); }
.k3 { fill: var(--k3); background: var(--k3); } .k4 { fill: var(--k4); background: var(--k4); }
.k5 { fill: var(--k5); background: var(--k5); } .other { fill: var(--other); background: var(--other); }
.silent { fill: var(--silent); background: var(--silent); } .dropped { fill: var(--dropped); background: var(--dropped); }
.unknown { fill: var(--unknown); background: var(--unknown); }
.legend { list-style: none; margin: .5rem 0; padding: 0; display: grid; gap: .15rem 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); font-size: .85rem; }
.legend i, .swatch { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin-right: .45rem; vertical-align: -.1rem; }
.option { display: inline-block; max-width: 100%; }
.flow { display: flex; flex-wrap: wrap; align-items: stretch; gap: .35rem 0; margin: .5rem 0 .9rem; font-size: .85rem; }
.flow > span { border: 1px solid var(--line); border-radius: 4px; padding: .25rem .55rem; background: var(--panel); max-width: 20rem; overflow-wrap: anywhere; }
.flow > span + span { margin-left: 1.5rem; position: relative; }
.flow > span + span::before { content: "\\2192"; position: absolute; left: -1.25rem; top: .2rem; color: var(--dim); }
.flow small { display: block; color: var(--dim); }
.flow .miss { border-style: dashed; color: var(--dim); }
.flow .verdict { font-weight: 700; }
.flow .suspect { flex-basis: 100%; color: var(--rogue); }
.flow .answered { border-color: var(--k1); border-width: 2px; } .flow .wrong { border-color: var(--rogue); border-width: 2px; color: var(--rogue); }
.label { display: inline-block; min-width: 5rem; font-weight: 600; }
ins, .plus { color: var(--add); text-decoration: none; } del, .minus { color: var(--del); text-decoration: none; }
details { margin: .4rem 0; } summary { cursor: pointer; } summary:focus-visible, a:focus-visible { outline: 2px solid var(--k1); outline-offset: 2px; }
a { color: var(--k1); background: none; }
nav { margin: 1rem 0 0; font-size: .88rem; } nav a { margin-right: 1rem; }
section.group { border: 1px solid var(--line); border-radius: 6px; padding: .5rem .9rem; margin: .7rem 0; break-inside: avoid-page; }
section.group h3 { margin: .2rem 0; }
@media (max-width: 44rem) { body { padding: 1.2rem 1rem 3rem; } table { display: block; overflow-x: auto; }
  td { min-width: 6rem; } td.mono { overflow-wrap: normal; } svg { min-width: 42rem; } section.group { padding: .5rem .6rem; } }
@page { margin: 15mm; }
@media print { td details::details-content { content-visibility: visible; block-size: auto; } body { max-width: none; padding: 0; font-size: 10.5pt; } nav { display: none; } a { color: inherit; }
  h2 { break-after: avoid; } tr, .flow, figure { break-inside: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`;
