"""How a report looks, on a desk and on a phone, light and dark."""

STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --soft: #5c5c5c; --line: #d8d8d8; --paper: #fff;
  --mark: #0072B2; --right: #007a59; --wrong: #b84a00; --raised: #f5f5f5; }
@media (prefers-color-scheme: dark) { :root { --ink: #eee; --soft: #b0b0b0; --line: #444;
  --paper: #161616; --mark: #6cb4ff; --right: #35c79c; --wrong: #ff9a55; --raised: #222; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 76rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; padding-top: .5rem;
   border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.25rem 0 .25rem; overflow-wrap: anywhere; }
h4 { font-size: .85rem; font-weight: 600; color: var(--soft); margin: .75rem 0 .25rem;
   overflow-wrap: anywhere; }
.side { border-left: .5rem solid; padding-left: .5rem; }
p { margin: .25rem 0 .75rem; max-width: 46rem; overflow-wrap: anywhere; }
p.note, .head p { color: var(--soft); }
a { color: var(--mark); }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: .75rem 0; }
:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
.wide { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; min-width: 50%; }
th, td { text-align: left; padding: .3rem 1rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
th { font-weight: 600; color: var(--soft); font-size: .85rem; }
table:not(.cells) :is(th, td) { overflow-wrap: break-word; }
td.number, th.number { text-align: right; white-space: nowrap; }
pre { overflow-x: auto; background: var(--raised); padding: .75rem; }
code { overflow-wrap: anywhere; }
li { overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr));
   gap: 1rem; }
.charts figure { margin: 0; min-width: 0; }
.plot { height: 24rem; }
#map-section { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1rem; }
#map-box { position: relative; min-width: 0; }
#map { height: min(40rem, 80vh); }
#tip { position: absolute; pointer-events: none; display: grid; gap: .1rem; max-width: 16rem;
  padding: .5rem; font-size: .85rem; background: var(--paper); border: 1px solid var(--soft);
  overflow-wrap: anywhere; z-index: 5; }
#tip[hidden] { display: none; }
#tip img { width: 96px; }
form { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; margin: .5rem 0; }
form span { display: flex; flex-wrap: nowrap; align-items: center; gap: .5rem; min-width: 0; }
input, select, form button { font: inherit; color: inherit; background: var(--raised);
  border: 1px solid var(--soft); border-radius: .3rem; padding: .25rem .6rem; max-width: 100%; }
input { flex: 0 1 14rem; min-width: 0; }
.head { display: flex; gap: .75rem; align-items: flex-start; }
.head h3 { margin: 0; }
.head p { margin: 0; font-size: .9rem; }
.head img { width: 96px; }
img { image-rendering: auto; object-fit: contain; aspect-ratio: 1; background: var(--raised); }
.cards { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: .4rem; }
.card { display: grid; align-content: start; font: inherit; font-size: .75rem; line-height: 1.3;
  text-align: left; color: inherit; background: none; border: 2px solid var(--line);
  border-radius: .3rem; padding: .25rem; min-width: 0; cursor: pointer; }
.card img { width: 100%; max-height: 6rem; }
.card b, .card span, .card small { overflow: hidden; text-overflow: ellipsis;
   white-space: nowrap; min-width: 0; }
.card small { color: var(--soft); }
.card.right { border-color: var(--right); }
.card.wrong { border-color: var(--wrong); border-style: dashed; }
.blank { display: none; }
.sheet { display: grid; grid-template-columns: 8rem minmax(0, 1fr); gap: .5rem 1rem;
  padding: .75rem 0; border-bottom: 1px solid var(--line); align-items: start; }
.both { display: grid; grid-template-columns: 9rem minmax(0, 38rem); gap: .4rem .75rem; }
.both h4 { margin: 0; }
summary { cursor: pointer; padding: .5rem 0; }
@media (max-width: 45rem) {
  #map-section, .both { grid-template-columns: minmax(0, 1fr); }
  .sheet { grid-template-columns: 5.2rem minmax(0, 1fr); }
  #map { height: 30rem; }
  .cards { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  table.cells { min-width: 100%; }
  table.cells thead { display: none; }
  table.cells tr { display: block; border-bottom: 1px solid var(--line); padding: .5rem 0; }
  table.cells td { display: flex; justify-content: space-between; gap: 1rem; border: 0;
    padding: .1rem 0; text-align: right; white-space: normal; }
  table.cells td::before { content: attr(data-title); color: var(--soft); font-size: .85rem;
   text-align: left; }
}
"""
