"""The page's jinja2 text. Autoescape is on; no value is ever marked safe here."""

MACROS = """
{%- macro t(key) -%}{{ words(key) }}{%- endmacro -%}
{%- macro say(key) -%}<div class="say{{ ' only' if lang != 'zh+en' }}">
{%- if 'zh' in lang %}<p class="zh" lang="zh-CN">{{ sentence(key, 'zh', **kwargs) }}</p>{% endif -%}
{%- if 'en' in lang %}<p class="en" lang="en">{{ sentence(key, 'en', **kwargs) }}</p>{% endif -%}
</div>{%- endmacro -%}
{%- macro both(pair) -%}
{%- if pair[0] == pair[1] or lang == 'en' %}{{ pair[1] }}
{%- elif lang == 'zh' %}{{ pair[0] }}
{%- else %}<span class="zh" lang="zh-CN">{{ pair[0] }}</span> <span class="en" lang="en">{{ pair[1] }}</span>{% endif -%}
{%- endmacro -%}
{%- macro num(text, claim) -%}{% if claim in anchors %}<a href="#{{ anchors[claim] }}">{{ text }}</a>{% else %}{{ text }}{% endif %}{%- endmacro -%}
{%- macro within(band) -%}{% if band %}<br><small>{{ band }}</small>{% endif %}{%- endmacro -%}
{%- macro head(key, cls='') -%}<th scope="col"{% if cls %} class="{{ cls }}"{% endif %}>{{ t(key) }}</th>{%- endmacro -%}
{%- macro row(key, text, cls='name') -%}<th scope="row" class="{{ cls }}" data-k="{{ said(key) }}">{{ text }}</th>{%- endmacro -%}
{%- macro cell(key, text, cls='num') -%}<td{% if cls %} class="{{ cls }}"{% endif %} data-k="{{ said(key) }}">{{ text }}</td>{%- endmacro -%}
{%- macro named(name, id) -%}<bdi>{{ name }}</bdi>{% if name != id %} <span class="id">{{ id }}</span>{% endif %}{%- endmacro -%}
{%- macro why(key, reasons) -%}<td class="why" data-k="{{ said(key) }}"><ul>{% for reason in reasons %}<li>{{ both(reason) }}</li>{% endfor %}</ul>{{ caller() if caller }}</td>{%- endmacro -%}
{%- macro refusal(row) -%}{% for each in row.candidates %}{{ named(each.name, each.id) }}{{ ', ' if not loop.last }}{% endfor %}{{ more(row.more) }}{%- endmacro -%}
{%- macro more(n) -%}{% if n %} <small>{{ t('and_more') }} {{ f.people(n) }}</small>{% endif %}{%- endmacro -%}
{%- macro name(text, mark) -%}<code>{% for part in text.split(mark) %}{% if not loop.first %}{{ mark }}<wbr>{% endif %}{{ part }}{% endfor %}</code>{%- endmacro -%}
{%- macro sampled() -%}{% if not exact %}<p><small>{{ t('small_print') }}</small></p>{% endif %}{%- endmacro -%}
{%- macro card(key, value, note='', warm=False, claim='') -%}
<div class="card{{ ' warm' if warm }}"><div class="k">{{ t(key) }}</div><div class="v">{{ num(value, claim) }}</div><div class="n">{{ note }}</div></div>
{%- endmacro -%}
"""

TEMPLATE = (
    MACROS
    + """<!doctype html>
<html lang="{{ 'en' if lang == 'en' else 'zh-CN' }}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="graphkit">
<title>{{ title }}</title>
<style>{{ style }}</style>
</head>
<body>
<header><h1>{{ t('plan') }}: {{ target }}</h1><div class="sub">{% if target_id %}{{ target_id }} · {% endif %}{{ t('plan_id') }} {{ plan.plan }} · {{ t('budget') }} {{ f.money(plan.budget, currency) }}</div></header>
<main>
<section id="answer" aria-labelledby="answer-title"><h2 id="answer-title">{{ t('answer') }}</h2>
<div class="lead">{% if items %}{{ say('answer_exact' if exact else 'answer', **answer) }}{% else %}{{ say('answer_empty') }}{% endif %}</div>
<div class="cards">
{{ card(expected, f.people(reach.mean), words('exact') if exact else total_band, claim='reach') }}
{% for row in risk %}{{ card('risk', f.people(row.p10), row.words, claim='risk.' ~ row.goal) }}{% endfor %}
{{ card('spent', f.money(plan.spent, currency), words('budget') ~ ' ' ~ f.money(plan.budget, currency), claim='spent') }}
{% if per_head is not none %}{{ card('cost_per_reached', f.money(per_head, currency), per_head_band) }}{% endif %}
{% if certificate %}{{ card('ratio', f.at_least(certificate.ratio), '', claim='certificate.lower') }}{% endif %}
{% if overstated is not none %}{{ card('adding_up', f.people(plan.adding_up_would_have_said), (adding_up_band ~ ' · ' if adding_up_band else '') ~ words('overstated') ~ ' ' ~ f.percent(overstated), True, 'adding_up_would_have_said') }}{% endif %}
</div></section>
{% if items %}
<section id="plan" aria-labelledby="plan-title"><h2 id="plan-title">{{ t('plan') }}</h2><div class="wide" tabindex="0"><table>
<thead><tr><th scope="col" class="num">#</th>{{ head('channel') }}{{ head('wave', 'num') }}{% if has_material %}{{ head('material', 'code') }}{% endif %}
<th scope="col" class="num">{{ t('cost') }}{% if currency %} <span class="unit">{{ currency }}</span>{% endif %}</th>{{ head('adds', 'num') }}{{ head('exclusive', 'num') }}{{ head('alone', 'num') }}{{ head('reasons', 'why') }}</tr></thead>
<tbody>{% for item in items %}<tr><td class="num place">{{ loop.index }}</td>{{ row('channel', named(item.name, item.channel)) }}{{ cell('wave', item.wave) }}
{%- if has_material %}{{ cell('material', f.text(item.material), 'code') }}{% endif %}
{{ cell('cost', f.money(item.cost)) }}{{ cell('adds', num('+' ~ f.people(item.adds), item.key ~ '.adds') ~ within(item.bands.adds)) }}
{{ cell('exclusive', num(f.people(item.exclusive), item.key ~ '.exclusive') ~ within(item.bands.exclusive)) }}{{ cell('alone', num(f.people(item.alone), item.key ~ '.alone') ~ within(item.bands.alone)) }}
{{ why('reasons', item.reasons) }}</tr>{% endfor %}</tbody>
<tfoot><tr><td></td><td></td><td></td>{% if has_material %}<td></td>{% endif %}{{ cell('cost', f.money(plan.spent)) }}{{ cell(expected, f.people(reach.mean) ~ within(total_band)) }}<td></td><td></td><td></td></tr></tfoot>
</table></div>{{ sampled() }}{{ more(more_items) }}</section>
{% endif %}
{% if replanned %}<section id="replanned" aria-labelledby="replanned-title"><h2 id="replanned-title">{{ t('replanned') }}</h2>{{ say('replanned', **replanned) }}{% if replanned_gain %}{{ say('replanned_gain', **replanned_gain) }}{% endif %}{% if replanned_same %}{{ say('replanned_same') }}{% endif %}</section>{% endif %}
{% if waves %}<section id="waves" aria-labelledby="waves-title"><h2 id="waves-title">{{ t('waves') }}</h2>{{ say('waves') }}<div class="wide" tabindex="0"><table>
<thead><tr>{{ head('wave', 'num') }}{% if wave_dates %}{{ head('starts') }}{% endif %}{{ head('purchases_made', 'num') }}{{ head('spent', 'num') }}{% if wave_money %}{{ head('budget', 'num') }}{% endif %}{{ head('one_off', 'num') }}{{ head('adds', 'num') }}</tr></thead>
<tbody>{% for wave in waves %}<tr>{{ row('wave', wave.wave, 'num') }}{% if wave_dates %}{{ cell('starts', wave.starts, 'whole') }}{% endif %}{{ cell('purchases_made', wave.purchases) }}{{ cell('spent', f.money(wave.uses_cost)) }}
{% if wave_money %}{{ cell('budget', f.money(wave.budget)) }}{% endif %}{{ cell('one_off', f.money(wave.one_off)) }}{{ cell('adds', num('+' ~ f.people(wave.adds), 'waves.' ~ wave.wave) ~ within(f.band(wave.adds_interval))) }}</tr>{% endfor %}</tbody></table></div></section>{% endif %}
{% if materials %}<section id="materials" aria-labelledby="materials-title"><h2 id="materials-title">{{ t('materials') }}</h2>{{ say('materials') }}<div class="wide" tabindex="0"><table>
<thead><tr>{{ head('material') }}{{ head('used_by', 'most') }}{{ head('one_off', 'num') }}{{ head('code') }}</tr></thead>
<tbody>{% for made in materials %}<tr>{{ row('material', made.material, '') }}{{ cell('used_by', made.used_by, 'most') }}{{ cell('one_off', f.money(made.once)) }}{{ cell('code', f.text(made.code), 'code') }}</tr>{% endfor %}</tbody></table></div>{{ more(more_materials) }}</section>{% endif %}
{% if synergy %}<section id="synergy" aria-labelledby="synergy-title"><h2 id="synergy-title">{{ t('synergy') }}</h2>{{ say('synergy', bonus=f.people(synergy.bonus), n=synergy.pairs|length) }}
<ul class="notes">{% for row in synergy.pairs %}<li>{{ row.channel }} → {{ row.boosts }}: +{{ f.people(row.bonus) }}</li>{% endfor %}</ul></section>{% endif %}
{% if goals %}<section id="goals" aria-labelledby="goals-title"><h2 id="goals-title">{{ t('goals') }}</h2>{{ say('goals') }}<div class="wide" tabindex="0"><table>
<thead><tr>{{ head('goal') }}{{ head('mean', 'num') }}{{ head('sampling_interval', 'num') }}{{ head('floor', 'num') }}</tr></thead>
<tbody>{% for goal in goals %}<tr>{{ row('goal', t(goal.goal)) }}{{ cell('mean', num(f.people(goal.mean), 'goals.' ~ goal.goal)) }}{{ cell('sampling_interval', t('exact') if f.exact(goal.interval) else f.band(goal.interval)) }}{{ cell('floor', f.people(goal.floor)) }}</tr>{% endfor %}</tbody></table></div></section>{% endif %}
{% if pareto %}<section id="pareto" aria-labelledby="pareto-title"><h2 id="pareto-title">{{ t('pareto') }}</h2>{{ say('pareto') }}{% if charts.pareto %}<figure tabindex="0">{{ charts.pareto }}</figure>{% endif %}<div class="wide" tabindex="0"><table>
<thead><tr>{% for goal in pareto_goals %}{{ head(goal, 'num') }}{% endfor %}{{ head('spent', 'num') }}{{ head('channel') }}</tr></thead>
<tbody>{% for other in pareto %}{% set place = loop.index %}<tr>{% for goal in pareto_goals %}{{ cell(goal, num(f.people(other.goals[goal]), 'pareto.' ~ place ~ '.' ~ goal) ~ within(other.bands[goal])) }}{% endfor %}{{ cell('spent', f.money(other.spent)) }}{{ cell('channel', other.shown, 'most') }}</tr>{% endfor %}</tbody></table></div></section>{% endif %}
{% if robust %}<section id="robust" aria-labelledby="robust-title"><h2 id="robust-title">{{ t('robust') }}</h2>{% if robust_fresh and not robust.same_plan %}{{ say('robust_fresh', **robust_fresh) }}{% endif %}{{ say('robust_same' if robust.same_plan else 'robust', **robust_words) }}<div class="wide" tabindex="0"><table>
<thead><tr><td></td>{% if robust_bands %}<th scope="col" class="num">{{ t('fresh') }} {{ f.percent(robust.q) }}</th>{% endif %}<th scope="col" class="num">{{ t('quantile') }} {{ f.percent(robust.q) }}</th>{{ head('mean', 'num') }}{{ head('worst', 'num') }}{{ head('best', 'num') }}</tr></thead>
<tbody>{% for name in ('robust', 'plain')[:1 if robust.same_plan else 2] %}<tr>{{ row('plan', t(name ~ '_plan')) }}
{%- if robust_bands %}{{ cell('fresh', num(f.people(robust.fresh[name]), 'robust.fresh.' ~ name) ~ within(robust_bands[name])) }}{% endif %}
{%- for key in ('quantile', 'mean', 'worst', 'best') %}{{ cell(key, num(f.people(robust[name][key]), 'robust.' ~ name ~ '.' ~ key)) }}{% endfor %}</tr>{% endfor %}</tbody></table></div>
{% if charts.robust %}<figure tabindex="0">{{ charts.robust }}</figure>{% endif %}</section>{% endif %}
{% if charts.interval %}<section id="interval" aria-labelledby="interval-title"><h2 id="interval-title">{{ t('interval') }}</h2>{{ say('interval_exact' if exact else 'interval' if model_interval else 'interval_one') }}<figure tabindex="0">{{ charts.interval }}</figure></section>{% endif %}
{% if items %}<section id="guarantee" aria-labelledby="guarantee-title"><h2 id="guarantee-title">{{ t('guarantee') }}</h2>
{% if certificate %}{{ say('guarantee', ratio=f.at_least(certificate.ratio), delta=f.percent(certificate.delta)) }}
<p><small>{{ t('lower') }} {{ num(f.people(certificate.lower), 'certificate.lower') }} · {{ t('upper') }} {{ num(f.people(certificate.upper), 'certificate.upper') }} · {{ t('delta') }} {{ f.percent(certificate.delta) }}</small></p>
{% else %}{{ say('no_guarantee_boosts' if synergy else 'no_guarantee') }}{% endif %}</section>{% endif %}
{% if charts.baselines %}<section id="baselines" aria-labelledby="baselines-title"><h2 id="baselines-title">{{ t('baselines') }}</h2>{{ say('baselines') }}<figure tabindex="0">{{ charts.baselines }}</figure>{% if against %}<div class="wide" tabindex="0"><table>
<thead><tr>{{ head('baseline') }}{{ head('mean', 'num') }}{{ head('plan_more', 'num') }}</tr></thead>
<tbody>{% for other in against %}<tr>{{ row('baseline', t(other.baseline)) }}{{ cell('mean', num(f.people(other.mean), 'baselines.' ~ other.baseline) ~ within(other.band)) }}{{ cell('plan_more', num(other.more, 'against_baselines.' ~ other.baseline) ~ within(other.more_band)) }}</tr>{% endfor %}</tbody></table></div>{{ sampled() }}{% endif %}</section>{% endif %}
{% if rejected or unspent %}<section id="not-possible" aria-labelledby="not-possible-title"><h2 id="not-possible-title">{{ t('not_possible') }}</h2>
{% if unspent %}<p>{{ both(unspent) }}</p>{% endif %}
{% if rejected %}<div class="wide" tabindex="0"><table><thead><tr>{{ head('candidate', 'half') }}{{ head('rule') }}{{ head('reason') }}</tr></thead>
<tbody>{% for refused in rejected %}<tr><th scope="row" class="half">{{ refusal(refused) }}</th>{{ cell('rule', t(refused.rule), 'rule') }}{{ cell('reason', both(refused.reason), 'most') }}</tr>{% endfor %}</tbody></table></div>
{% endif %}</section>{% endif %}
{% if charts.reach %}<section id="reach" aria-labelledby="reach-title"><h2 id="reach-title">{{ t('reach_chart') }}</h2>{{ say('ladder') }}<figure tabindex="0">{{ charts.reach }}</figure></section>{% endif %}
{% if charts.overlap or overlap_hidden %}<section id="overlap" aria-labelledby="overlap-title"><h2 id="overlap-title">{{ t('overlap') }}</h2>
{% if charts.overlap %}{{ say('overlap') }}<figure tabindex="0">{{ charts.overlap }}</figure>{% endif %}
{% if overlap_hidden %}{{ say('overlap_some' if charts.overlap else 'overlap_none', least=overlap_hidden) }}{% endif %}
{% if overlap_query %}<details class="paper"><summary>{{ t('query') }}</summary><pre>{{ overlap_query }}</pre></details>{% endif %}</section>{% endif %}
{% if charts.communities %}<section id="communities" aria-labelledby="communities-title"><h2 id="communities-title">{{ t('community_reach' if community_reach else 'communities') }}</h2>{{ say('communities_reach' if community_reach else 'communities') }}<figure tabindex="0">{{ charts.communities }}</figure>
{% if modularity %}{{ say('communities_q', **modularity) }}{% endif %}</section>{% endif %}
{% if charts.calibration %}<section id="calibration" aria-labelledby="calibration-title"><h2 id="calibration-title">{{ t('calibration') }}</h2>{{ say('calibration') }}<figure tabindex="0">{{ charts.calibration }}</figure></section>{% endif %}
{% if partners %}<section id="partners" aria-labelledby="partners-title"><h2 id="partners-title">{{ t('partners') }}</h2>{{ say('partners') }}
<div class="wide" tabindex="0"><table><thead><tr>{{ head('rank', 'num') }}{{ head('partner') }}{{ head('fit', 'num') }}{% for name in score_names %}{{ head(name, 'num') }}{% endfor %}
{{ head('adds', 'num') }}{% if has_exclusive %}{{ head('exclusive', 'num') }}{% endif %}{% if has_share %}{{ head('share', 'num') }}{% endif %}{{ head('reasons', 'why') }}</tr></thead>
<tbody>{% for other in partners %}<tr>{{ cell('rank', f.people(other.rank), 'num place') }}{{ row('partner', named(other.name, other.id)) }}<td class="num" data-k="{{ said('fit') }}">{{ f.score(other.fit) }}{% if other.fit_rank %}<br><small>{{ t('rank') }} {{ other.fit_rank[0] }} – {{ other.fit_rank[1] }}</small>{% endif %}</td>
{%- for name in score_names %}{{ cell(name, f.score(other.scores.get(name))) }}{% endfor %}
{{ cell('adds', f.people(other.adds) ~ within(other.band)) }}{% if has_exclusive %}{{ cell('exclusive', f.people(other.exclusive) ~ within(other.exclusive_band)) }}{% endif %}{% if has_share %}{{ cell('share', share_form(other.share) ~ within(other.share_band)) }}{% endif %}
{% call why('reasons', other.reasons) %}{% if other.evidence %}<details class="paper"><summary>{{ t('evidence') }}</summary><ul>{% for text in other.evidence %}<li>{{ both(text) }}</li>{% endfor %}</ul></details>{% endif %}{% endcall %}</tr>{% endfor %}</tbody></table></div>
{% if joint_reach is not none %}{{ say('joint_reach', joint=f.people(joint_reach) ~ (' (' ~ joint_band ~ ')' if joint_band else '')) }}{% if joint_at_most is not none %}{{ say('joint_at_most', most=f.people(joint_at_most)) }}{% endif %}{% endif %}
{% if partner_notes %}<ul class="notes">{% for pair in partner_notes %}<li>{{ both(pair) }}</li>{% endfor %}</ul>{% endif %}
{% if partners_rejected %}<details class="paper"><summary>{{ t('not_possible') }}</summary><ul>{% for row in partners_rejected %}<li>{{ refusal(row) }} · {{ t(row.rule) }}: {{ both(row.reason) }}</li>{% endfor %}</ul></details>{% endif %}
{% if partner_commands %}<details class="paper"><summary>{{ t('query') }}</summary><pre>{% for line in partner_commands %}{{ line }}
{% endfor %}</pre></details>{% endif %}
{% if charts.split %}<h3>{{ t('split') }}</h3>{{ say('split') }}<figure tabindex="0">{{ charts.split }}</figure>{% endif %}</section>{% endif %}
{% if claims %}<section id="evidence" aria-labelledby="evidence-title"><h2 id="evidence-title">{{ t('evidence') }}</h2>{{ say('evidence', plan=plan.plan) }}
<div class="wide" tabindex="0"><table><thead><tr>{{ head('claim', 'half') }}{{ head('printed_value', 'num') }}<th scope="col" class="way">{{ t('query') }} / {{ t('replay') }}</th></tr></thead>
<tbody>{% for claim in claims %}<tr id="{{ claim.anchor }}"><th scope="row" class="half">{{ name(claim.claim, '.') }}</th>{{ cell('printed_value', claim.value) }}<td class="way">
{%- if claim.query %}{{ name(claim.query, '/') }}<details><summary>{{ t('params') }}</summary><pre>{{ claim.params }}</pre></details>
{%- elif claim.replay_number %}<a href="#replay-{{ claim.replay_number }}">{{ t('replay') }} {{ claim.replay_number }}</a>{% else %}{{ t('not_measured') }}{% endif %}</td></tr>{% endfor %}</tbody></table></div>{{ more(more_claims) }}
{% for text in replays %}<details class="paper" id="replay-{{ loop.index }}"><summary>{{ t('replay') }} {{ loop.index }}</summary><pre>{{ text }}</pre></details>{% endfor %}</section>{% endif %}
{% if assumptions %}<section id="assumptions" aria-labelledby="assumptions-title"><h2 id="assumptions-title">{{ t('assumptions') }}</h2><ul class="notes">{% for pair in assumptions %}<li>{{ both(pair) }}</li>{% endfor %}</ul></section>{% endif %}
{% if manifest %}<section id="manifest" aria-labelledby="manifest-title"><h2 id="manifest-title">{{ t('manifest') }}</h2>{{ say('digest') }}
<div class="wide" tabindex="0"><table><tbody>{% for key, value in manifest %}<tr><th scope="row" class="name">{{ t(key) }}</th><td><code>{{ value }}</code></td></tr>{% endfor %}</tbody></table></div>
{% if request %}<details><summary>{{ t('request') }}</summary><pre>{{ request }}</pre></details>{% endif %}</section>{% endif %}
{% if missing %}<section id="not-measured" aria-labelledby="not-measured-title"><h2 id="not-measured-title">{{ t('not_measured_list') }}</h2>{{ say('not_measured') }}<ul class="notes">{% for key in missing %}<li>{{ t(key) }}</li>{% endfor %}</ul></section>{% endif %}
</main>
<footer>{{ say('made_by') }}</footer>
</body>
</html>
"""
)
