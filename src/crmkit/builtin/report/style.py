"""How the page looks: two sets of colours, one sheet of rules.

Colours are Okabe-Ito's, darkened or lightened where text or a thin line needs
the contrast; the tests compute it. Only logical properties, so that a page
from right to left is the mirror of one from left to right.
"""

from crmkit.builtin.report.markup import Markup

LIGHT = {
    "page": "#f6f6f4",
    "surface": "#ffffff",
    "ink": "#1b1d1f",
    "muted": "#5a5f65",
    "line": "#dcdcd8",
    "grey": "#8a8f94",
    "fill": "#0072b2",
    "soft": "#8cc5ea",
    "against": "#d55e00",
    "good": "#00664b",
    "bad": "#a03c00",
    "focus": "#0072b2",
}

DARK = {
    "page": "#131518",
    "surface": "#1b1e22",
    "ink": "#e9eaec",
    "muted": "#a6acb3",
    "line": "#353a40",
    "grey": "#7d848c",
    "fill": "#56b4e9",
    "soft": "#2b6a91",
    "against": "#ef8a3c",
    "good": "#4fd0a3",
    "bad": "#f39a5b",
    "focus": "#8fd0f7",
}

# Which text stands on which ground: all of these pairs have 4.5:1.
TEXT_ON = tuple((text, ground) for text in ("ink", "muted", "good", "bad") for ground in ("page", "surface"))
# Which marks must be told from their ground: 3:1.
MARKS_ON = tuple((mark, "surface") for mark in ("fill", "against", "grey"))


def stylesheet() -> Markup:
    """The whole sheet; print and light screens share one set of colours."""
    dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{_tokens(DARK)}}}}}"
    return Markup(f":root{{{_tokens(LIGHT)}}}{dark}{_squeezed(_RULES)}")


def _tokens(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


def _squeezed(rules: str) -> str:
    return "".join(line.strip() for line in rules.splitlines())


_RULES = """
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);
 font:400 16px/1.5 system-ui,"Segoe UI","Noto Sans","Noto Sans Hebrew","Noto Sans Arabic",Vazirmatn,Tahoma,Arial,sans-serif}
bdi,td,th,svg text,.value,.count{font-variant-numeric:tabular-nums}
bdi[dir]{white-space:nowrap}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px;border-radius:3px}
.unseen{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;inset-block-start:-4rem;inset-inline-start:1rem;padding:.5rem 1rem;background:var(--surface);color:var(--ink)}
.skip:focus{inset-block-start:.5rem}
header,main,footer{max-inline-size:78rem;margin-inline:auto;padding-inline:1.5rem}
header{padding-block:2.5rem .5rem}
h1{font-size:1rem;font-weight:600;margin:0}
.made{margin:0;color:var(--muted);font-size:.875rem}
.lead{font-size:clamp(1.5rem,1.1rem + 1.8vw,2.25rem);line-height:1.2;font-weight:600;letter-spacing:-.01em;margin:1.25rem 0 .4rem;max-inline-size:46ch;text-wrap:balance}
.second{font-size:1.0625rem;color:var(--muted);margin:0 0 1rem}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:1rem 0 0;padding:0;font-size:.875rem}
nav a{color:var(--ink);text-decoration-color:var(--grey);text-underline-offset:.25em}
nav a:hover{text-decoration-color:currentColor}
main>section{margin-block:2.75rem}
h2{font-size:1.25rem;margin:0 0 1rem;font-weight:650}
h3{font-size:1.0625rem;line-height:1.35;margin:0;font-weight:600}
h4{font-size:1rem;line-height:1.35;margin:0;font-weight:600}
h2,h3,h4{break-after:avoid;overflow-wrap:anywhere}
.sub{color:var(--muted);font-size:.875rem;margin:.15rem 0 0}
.note{color:var(--muted);font-size:.875rem;margin:.5rem 0 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,16.5rem),1fr));gap:1rem}
.tile,figure{background:var(--surface);border:1px solid var(--line);border-radius:10px;padding:1.1rem 1.25rem;margin:0;break-inside:avoid;min-inline-size:0}
.tile{display:flex;flex-direction:column}
.tile h3{font-size:.9375rem;font-weight:500;color:var(--muted)}
.value{font-size:2.25rem;line-height:1.15;font-weight:650;letter-spacing:-.015em;margin:.35rem 0 .1rem}
.value.long{font-size:1.7rem}
.value.longer{font-size:1.25rem;line-height:2.07rem}
.value.none{color:var(--muted);font-weight:500;font-size:1.5rem;line-height:2.6rem}
.unit{font-size:.9375rem;font-weight:400;letter-spacing:0;color:var(--muted)}
.change{margin:0;font-size:.9375rem;min-block-size:1.5em}
.change.level,.none+.change{color:var(--muted)}
.arrow{font-size:.8em}
.top{display:flex;flex-wrap:wrap;align-items:baseline;justify-content:space-between;column-gap:.75rem}
.verdict{font-weight:600;font-size:.875rem;margin:0}
.verdict.good{color:var(--good)}
.verdict.bad{color:var(--bad)}
.spark{display:block;margin-block:.75rem .5rem}
.facts{list-style:none;margin:auto 0 0;padding:.6rem 0 0;font-size:.8125rem;line-height:1.55;color:var(--muted);border-block-start:1px solid var(--line)}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,30rem),1fr));gap:1rem;align-items:start}
.figures>.wide,.figures>:only-child{grid-column:1/-1}
figcaption:not(:only-child){margin-block-end:.9rem}
figure svg,.tile svg{display:block;overflow:visible}
svg text{font-size:12px;fill:var(--ink);direction:ltr;unicode-bidi:isolate}
svg .scale,svg .tick{fill:var(--muted)}
svg .scale,svg .value{paint-order:stroke;stroke:var(--surface);stroke-width:4px;stroke-linejoin:round}
svg .value{font-size:14px;font-weight:650}
.grid{stroke:var(--line)}
.zero,.axis{stroke:var(--grey)}
.target{stroke:var(--muted);stroke-dasharray:2 4}
.band{fill:var(--fill);opacity:.16}
.stroke{fill:none;stroke:var(--fill);stroke-width:2px;stroke-linejoin:round;stroke-linecap:round}
.stroke.running{stroke-dasharray:2 5}
.dot{fill:var(--fill)}
.dot.last{stroke:var(--surface);stroke-width:2px}
.dot.running{fill:var(--surface);stroke:var(--fill);stroke-width:2px}
.whisker{stroke:var(--ink);stroke-width:1.5px}
.whisker.running{stroke:var(--fill);stroke-width:1px;opacity:.7}
.fill,.positive,.inbound{fill:var(--fill)}
.negative{fill:var(--against)}
.neutral,.internal{fill:var(--grey)}
.outbound{fill:var(--soft)}
.ours{fill:var(--grey)}
.theirs{fill:var(--fill)}
.between{stroke:var(--grey);stroke-width:3px}
.cells{inline-size:auto;border-spacing:2px;border-collapse:separate}
.cells td,.cells th{padding:.25rem .5rem;text-align:end;min-inline-size:2.75rem}
.cells tbody th,.cells .label{text-align:start;white-space:nowrap}
.cells th:first-child{padding-inline-start:0}
.cells .size{color:var(--muted)}
.shade1{background:color-mix(in srgb,var(--fill) 7%,var(--surface))}
.shade2{background:color-mix(in srgb,var(--fill) 14%,var(--surface))}
.shade3{background:color-mix(in srgb,var(--fill) 21%,var(--surface))}
.shade4{background:color-mix(in srgb,var(--fill) 29%,var(--surface))}
.shade5{background:color-mix(in srgb,var(--fill) 38%,var(--surface))}
.part{stroke:var(--surface);stroke-width:1.5px}
.part.tone1{opacity:.5}
.part.tone2{opacity:.75}
figure .swatch{display:inline-block;margin-inline-end:.4em}
table{border-collapse:collapse;inline-size:100%;font-size:.875rem}
th{font-weight:400;text-align:start}
thead th{color:var(--muted);font-size:.8125rem;vertical-align:bottom;padding-block-end:.35rem}
.bars td,.bars th{padding:.15rem 0}
.bars .label{inline-size:30%;padding-inline-end:.75rem;overflow-wrap:anywhere}
.bars .label small{display:block;color:var(--muted);font-size:.8125rem;line-height:1.2}
.bars .before{text-align:end;padding-inline-end:.6rem;white-space:nowrap}
.bars .cell{text-align:end;padding-inline-start:.9rem;white-space:nowrap}
.funnel thead .cell{white-space:normal}
thead .label::first-letter{text-transform:uppercase}
.funnel.rated tbody .cell:nth-child(4){position:relative;inset-block-start:-.8rem}
.bars .reason{color:var(--muted)}
.scroll{overflow-x:auto}
[dir=rtl] .bars .cell,[dir=rtl] .bars .before,[dir=rtl] .plain td,[dir=rtl] .cells td,[dir=rtl] .plain thead th{text-align:start}
.plain td,.plain th{padding-block:.35rem;padding-inline:0 .9rem;text-align:end;border-block-end:1px solid var(--line);vertical-align:top}
.plain th:first-child{text-align:start}
.periods th{white-space:nowrap}
.waiting td,.waiting th{text-align:start;overflow-wrap:anywhere}
details{margin-block-start:.75rem;font-size:.875rem}
summary{cursor:pointer;color:var(--muted);inline-size:fit-content}
summary:hover{color:var(--ink)}
.board{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,10.5rem),1fr));gap:.75rem;list-style:none;margin:0;padding:0}
.stage{border-block-start:3px solid var(--fill);padding-block-start:.6rem;min-inline-size:0}
.stage.won{border-color:var(--good)}
.stage.lost{border-color:var(--against)}
.stage.hold{border-color:var(--grey)}
.stage h4{font-size:.9375rem}
.state{display:block;font-weight:400;color:var(--muted);font-size:.8125rem}
.count{font-size:1.5rem;font-weight:650;margin:.2rem 0 0;line-height:1.2}
.sum{margin:0;color:var(--muted);font-size:.875rem}
.stage .stale{color:var(--bad);font-size:.8125rem;font-weight:600;margin:.2rem 0 0}
.cards{list-style:none;margin:.7rem 0 0;padding:0;display:grid;gap:.5rem;font-size:.8125rem;line-height:1.4}
.card{border:1px solid var(--line);border-radius:6px;padding:.45rem .6rem;overflow-wrap:anywhere}
.card.old{border-inline-start:3px solid var(--against)}
.card span{display:block}
.who{font-weight:600}
.next,.more{color:var(--muted)}
.survey+.survey{margin-block-start:2rem}
.survey>.sub{margin-block-end:.9rem}
.npsrow{display:flex;align-items:center;gap:1.25rem}
.npsrow svg{flex:1}
.score{margin:0;text-align:start}
.score strong{display:block;font-size:2rem;line-height:1.1}
.score .sub{display:block;font-size:.8125rem}
.parts{display:flex;justify-content:space-between;gap:1rem;list-style:none;margin:.9rem 0 0;padding:0;font-size:.875rem}
.parts small{display:block;color:var(--muted);font-size:.8125rem}
footer{padding-block:1rem 3rem;color:var(--muted);font-size:.875rem}
footer h2{font-size:1rem;color:var(--ink)}
footer p{max-inline-size:70ch;margin:.35rem 0}
@media (max-width:600px){
 header,main,footer{padding-inline:1rem}
 header{padding-block-start:1.5rem}
 .fine{display:none}
 .tile,figure{padding:1rem}
 .tile{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,38%);column-gap:1rem;align-items:center}
 .tile>*{grid-column:1/-1}
 .tile>.top:has(~.spark){grid-column:1}
 .tile>.change:has(~.spark){grid-column:1;grid-row:3}
 .tile>.spark{grid-column:2;grid-row:2/span 2;margin:0}
 .facts{margin-block-start:.6rem}
 .facts li{display:inline}
 .facts li+li::before{content:"·";margin-inline:.4em}
 .bars thead{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%)}
 .bars,.bars tbody{display:block}
 .bars tr{display:flex;flex-wrap:wrap;align-items:center;column-gap:.75rem;padding-block:.3rem}
 .bars .label,.bars .bar{inline-size:100%;padding:0}
 .bars .before,.bars .cell,.funnel.rated tbody .cell:nth-child(4){order:1;padding:0;position:static;font-size:.8125rem}
 .bars td[data-head]:not(:empty)::before{content:attr(data-head) " ";color:var(--muted)}
 .bars td:empty{display:none}
 .waiting,.waiting tbody,.waiting tr{display:block}
 .waiting thead{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%)}
 .waiting tr{display:grid;grid-template-columns:minmax(0,1fr) auto;column-gap:1rem;padding-block:.6rem;border-block-end:1px solid var(--line)}
 .waiting td,.waiting th{padding:0;border:0}
 .waiting th{font-weight:600}
 .waiting td~td{grid-column:1/-1;color:var(--muted);font-size:.8125rem}
 .waiting td:empty{display:none}
 .board{gap:1.4rem}
 .npsrow{flex-direction:column;align-items:stretch;gap:.6rem}
 .npsrow svg{flex:none}
}
@media print{
 @page{margin:15mm}
 body,.tile,figure{background:none}
 html{font-size:78%}
 header,main,footer{padding-inline:0;max-inline-size:none}
 nav,.skip,details{display:none}
 .tile,figure,.stage,.card,tr{break-inside:avoid}
 .tiles{grid-template-columns:repeat(3,1fr)}
 .figures{display:block}
 .figures>*+*{margin-block-start:.75rem}
 #over-time .figures{display:grid;grid-template-columns:1fr 1fr}
 #over-time .figures>*{margin:0}
 main>section{margin-block:1.5rem}
 .board{grid-template-columns:repeat(auto-fit,minmax(7.5rem,1fr))}
 td,th{background:none}
 svg .scale,svg .value{stroke:#fff}
}
"""
