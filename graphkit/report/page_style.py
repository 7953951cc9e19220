"""The style sheet of the page: light or dark as the reader's screen is, economical on paper, fonts of the reader's own machine."""

STYLE = """
:root{--ink:#1c2b3a;--muted:#5b6b7b;--rule:#d8dee6;--main:#0f6e84;--warm:#c2620a;--paper:#fff;--pale:#f5f8fa}
*{box-sizing:border-box}
html{background:#e9eef2;-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:980px;padding:0 0 40px;background:var(--paper);color:var(--ink);line-height:1.55;font-size:15px;
font-family:"Segoe UI",Roboto,"Helvetica Neue",Arial,"Noto Sans","PingFang SC","Hiragino Sans GB","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",sans-serif}
header{padding:34px 44px 26px;background:linear-gradient(120deg,#0c4a5b,#0f6e84);color:#fff}
header h1{margin:0 0 4px;font-size:26px;line-height:1.25;font-weight:650}
header .sub{opacity:.85;font-size:14px}
section{padding:22px 44px 6px}
h2{font-size:19px;margin:10px 0 8px;padding-bottom:6px;border-bottom:2px solid var(--rule);break-after:avoid}
.en{color:var(--muted)}
header .en,.only .en,th .en,a .en{color:inherit}
h2 .en,h1 .en,.k .en{font-weight:400;font-size:.82em;margin-left:.5em}
th .unit{display:block;font-weight:400;font-size:11px;opacity:.75}
th .en{display:block;font-weight:400;font-size:11px;opacity:.75}
p{margin:6px 0}
.say{display:grid;grid-template-columns:1fr 1fr;gap:4px 28px;margin:8px 0 12px}
.say.only{display:block}
.say p{margin:0}
.lead{font-size:17px;line-height:1.5}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(220px,1fr));gap:12px;margin:16px 0}
.card{background:var(--pale);border:1px solid var(--rule);border-left:4px solid var(--main);border-radius:6px;padding:10px 14px}
.card.warm{border-left-color:var(--warm)}
.card .k{font-size:12.5px;color:var(--muted)}
.card .v{font-size:23px;font-weight:650;line-height:1.3;font-variant-numeric:tabular-nums}
.card .n{font-size:12.5px;color:var(--muted)}
.wide{overflow-x:auto;margin:10px 0 14px}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th{text-align:left;font-weight:600;vertical-align:bottom;border-bottom:2px solid var(--rule);padding:5px 9px;line-height:1.25}
td{border-bottom:1px solid var(--rule);padding:6px 9px;vertical-align:top;overflow-wrap:anywhere}
td.code,th.code,td.whole{white-space:nowrap}
td.num,th.num{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
th[scope=row]{font-weight:inherit;vertical-align:top;border-bottom:1px solid var(--rule);padding:6px 9px;line-height:inherit;overflow-wrap:anywhere}
th.why{width:36%;min-width:16em}
th.name{min-width:8em;width:19%}
th.half{width:45%}
td.rule{overflow-wrap:normal}
td small{white-space:nowrap}
th.most{width:70%;min-width:13em}
.id{color:var(--muted);font-size:12px}
td ul{margin:0;padding-left:15px}
td li{margin:0 0 2px}
tr{break-inside:avoid}
.say{break-after:avoid}
tfoot td{font-weight:600;border-bottom:0}
small{color:var(--muted);font-size:12px}
figure{margin:12px 0 16px;break-inside:avoid;overflow-x:auto}
svg{display:block;width:100%;height:auto;font-family:inherit}
.slim{display:none}
a{color:var(--main);text-decoration:none;border-bottom:1px dotted currentColor}
details{margin:6px 0;font-size:13px}
summary{cursor:pointer;color:var(--muted)}
pre,code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:12px}
pre{background:var(--pale);border:1px solid var(--rule);border-radius:5px;padding:9px 11px;white-space:pre-wrap;overflow-wrap:anywhere;margin:6px 0}
ul.notes{padding-left:18px}
ul.notes li{margin:0 0 6px}
:target{background:#fff4e3}
footer{padding:22px 44px 0;color:var(--muted);font-size:12.5px}
@media (max-width:900px){section,header,footer{padding-left:24px;padding-right:24px}td,th,th[scope=row]{padding-left:5px;padding-right:5px}th.why{min-width:10em}th.name{min-width:6em}}
@media (max-width:640px){section,header,footer{padding-left:18px;padding-right:18px}.say{grid-template-columns:1fr}
table,tbody,tfoot{display:block}thead,td:empty{display:none}tr{display:flex;flex-wrap:wrap;gap:0 10px;padding:6px 0;border-bottom:1px solid var(--rule)}
td,th[scope=row]{flex:1 1 26%;border:0;padding:2px 0}td.num,th.num{text-align:left;white-space:normal}td.place{flex:0 0 1.5em}td.place[data-k]::before{content:none}
tr>.name,tr>.half{flex:1 1 80%;font-weight:600}tr>.why,tr>.most,tr>.way{flex:1 1 100%}td small{white-space:normal}.way details{display:inline-block;margin:0 0 0 1em}
[data-k]::before{content:attr(data-k);display:block;font-weight:400;font-size:11px;line-height:1.3;color:var(--muted)}.name[data-k]::before{content:none}
.broad{display:none}.slim{display:block}}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;--ink:#e4eaf0;--muted:#a5b3c0;--rule:#34424f;--main:#63c2d8;--warm:#f0a35a;--paper:#17212b;--pale:#1f2b36}
html{background:#0f161d}:target{background:#4a3a1e}figure{background:#fff;color:#1c2b3a;border-radius:6px;padding:10px}}
.wide:focus-visible,a:focus-visible,summary:focus-visible{outline:2px solid var(--main);outline-offset:2px}
@media print{@page{margin:15mm}html,body{background:#fff}body{max-width:none;font-size:10.5pt;padding:0}
header{background:none;color:var(--ink);padding:0 0 8px;border-bottom:3px solid var(--main)}section{padding:8px 0 0}
.wide{overflow:visible}table{font-size:8.5pt}td,th,th[scope=row]{padding:3px 5px}th .en,small,.id{font-size:7.5pt}th.why{min-width:0}th.name{min-width:5em}
tfoot{display:table-row-group}li,td li{break-inside:avoid}.cards{grid-template-columns:repeat(3,1fr);gap:6px}.card{padding:6px 8px}.card .v{font-size:15pt}
a{color:inherit;border:0}details:not(.paper){display:none}details.paper::details-content{content-visibility:visible;block-size:auto}.card{background:none}
figure,svg{overflow:visible}.say,details,#manifest,#not-measured{break-inside:avoid}summary{break-after:avoid}#not-measured{break-before:avoid}footer{display:none}td details{font-size:inherit}
#evidence .wide{columns:2;column-gap:8mm}#evidence table{font-size:7.5pt}#evidence td,#evidence th{padding:1px 4px;width:auto;overflow-wrap:break-word}#evidence .half{max-width:46mm}#evidence code{font-size:7pt}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
""".strip()
