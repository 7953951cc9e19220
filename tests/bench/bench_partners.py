"""How well later first meetings are ranked from a history of co-operations, on data of your own.

    python tests/bench/bench_partners.py DIR [--splits 5] [--draws 1000] [--no-ablation]

DIR holds ``campaign_brand.csv[.gz]`` (campaign id that grows with time, member) and, if there is one,
``campaigns.csv[.gz]`` (campaign_id and text columns: title, content and keywords, those ending in
``_zh`` where there are two languages). The time order is cut at .5, .6, .. (of ``--splits`` tenths at
the end): everything before a cut is known, pairs of known names that meet for the first time in the
next tenth are the truth, every known name that a subject has not met is a candidate. Nothing is
chosen on the tested tenth: weights and ridge come from within the known part.

Beside graphkit: popularity, text cosine (character bigrams) and popularity x cosine^4, ties in the
middle. ``ahead`` is graphkit's lead over the best of the three with a paired 95 % interval; all intervals
resample campaigns, since the pairs of one campaign come together and a few large ones hold many. The share below it is that
of the resampled campaigns on which graphkit is above each of the three in R@50, MRR and AUC together. Rows that know
something of the tested tenth show what there is to reach: ``foresight`` ranks by the number of new partners each name
really gets (no ranking that is the same for all subjects can know more), ``active names known`` and ``sectors known`` put
before all others, in graphkit's order, the names that get any, or those in the groups of names (KMeans on text) from which
the subject really takes its new partners. ``cold`` are subjects new to the history, ranked from the text of their
first campaign with all known names blanked out: what is written of a campaign says more than a brand says of
itself, so read it as a bound. The ablation leaves one group of features, or several together, out, refits, and prints the mean change over
the splits with its interval, and R@50 and MRR split by split. ``ahead`` at the end is the mean lead over all splits.

On 2,648 real co-brandings (3,324 names) the means of five splits are R@10 .125, R@50 .284, MRR .058, AUC .818, the mean lead
R@10 +.011 (+.001, +.021), R@50 +.038 (+.021, +.053), MRR +.006 (.000, +.013), AUC +.034 (+.025, +.043). The lead split by
split, the share of draws above all three, then the mean change without a group (95 % intervals; before `order_head`):

    cut   R@10                   R@50                   MRR                    AUC                    all three
    .5    +.017 (-.014, +.054)   +.068 (+.015, +.117)   +.007 (-.002, +.019)   +.038 (+.013, +.063)   .87
    .6    -.008 (-.026, +.009)   -.008 (-.045, +.022)   -.005 (-.029, +.022)   +.020 (+.002, +.040)   .04
    .7    +.003 (-.017, +.028)   +.052 (+.021, +.085)   +.002 (-.010, +.013)   +.059 (+.043, +.075)   .65
    .8    +.018 (-.003, +.044)   +.027 (+.000, +.056)   +.011 (+.005, +.019)   +.019 (-.002, +.039)   .92
    .9    +.023 (+.006, +.043)   +.050 (+.018, +.077)   +.016 (+.006, +.030)   +.033 (+.016, +.057)   .99

    without
    popularity             +.004 (-.002, +.010)   +.002 (-.005, +.009)   -.001 (-.004, +.002)   -.007 (-.010, -.003)
    time                   +.001 (-.007, +.008)   -.002 (-.012, +.008)    .000 (-.002, +.002)   -.001 (-.004, +.002)
    text                   -.004 (-.011, +.001)   +.002 (-.006, +.010)   -.003 (-.006,  .000)   -.001 (-.003, +.001)
    former partners' text  +.006 ( .000, +.011)   +.002 (-.001, +.007)    .000 (-.002, +.002)   -.001 (-.002,  .000)
    name                   +.001 (-.006, +.007)    .000 (-.011, +.012)   -.001 (-.004, +.001)   -.005 (-.009, -.001)
    mentions, variants     -.002 (-.012, +.009)   -.005 (-.015, +.004)   -.006 (-.013, -.001)   -.001 (-.002,  .000)
    roles                  -.003 (-.010, +.003)   -.003 (-.013, +.006)   -.003 (-.006,  .000)   -.004 (-.007, -.001)
    popularity and time    -.029 (-.043, -.014)   -.047 (-.068, -.024)   -.010 (-.016, -.004)   -.024 (-.033, -.014)
    everything written     -.025 (-.043, -.011)   -.029 (-.048, -.014)   -.013 (-.022, -.004)   -.018 (-.027, -.012)

So the groups stand in for each other: hardly one is missed alone, popularity with time and what is written are missed
together. On split .6 five campaigns hold 43 % of the pairs; one of 88 pairs, where the most popular name is a member, makes
-.017 of MRR against popularity. The history before it does not foretell it: on its own last cuts the learned weights alone
lead in all three in more than 99 % of the draws.

What was tried to make the lead stable, the mean share of draws above all three and the cuts ahead in all three: 19 other cuts
and windows of the co-brandings (13 of them of 70 % of the campaigns drawn at random), 7 of film companies (two eras), 2 of
keywords of films; chosen there, the five splits seen last.

                                            co-brandings     companies       keywords        five splits
    learned weights alone                   .562   12 / 19   .494   4 / 7    .032   0 / 2    .707   4 / 5
    first 20 with 1/4 stated (`order_head`) .610   15        .582   5        .037   0        .696   4
    all with .3 stated                      .618   16        .581   5        .162   0        .648   4
    .8 learned + .1 formula + .1 popularity .623   15        .610   5        .141   0        .626   3
    .9 learned + .1 formula (probabilities) .630   15        .557   4        .114   0        .630   3
    log scores, .3 formula                  .604   14        .556   5        .132   0        .663   4
    reciprocal ranks, .15 + .15             .587   12        .503   4          -    -        .710   4
    mixture chosen on inner cuts            .570   13        .499   4        .405   1        .603   3

Formula = popularity x cosine^4. Blends of the whole list gain early, where it is behind, and lose R@50 (to .022 on the last
quarter) and AUC later; `order_head` touches neither. Over all 33 cuts it takes the mean lead in R@10 from +.0071 to +.0107,
in MRR from +.0041 to +.0050, and the lead over its deviation from .49 to .89 and from .66 to .90. On the last quarter R@10
goes from .121 to .123, MRR from .064 to .062 (lead +.017). No gain: ridge towards the formula or towards fitted popularity and
text, larger ridges, bagging, the likelihood of all candidates instead of a sample. The likelihood of later cuts gives the
formula 0 to .2. On keywords of films, where each film brings seven together, the learned weights stay behind the formula.

Why split .6 is behind: R@50 by four pairs (27 that popularity x cosine^4 has within its 50 and graphkit has not, 23 the other way
round), partners of more than ten partnerships (84 of 95, popularity 95); MRR by the campaign of 88 pairs (-.0135 of -.0053).
Without the five largest campaigns MRR is .0561 beside .0558, R@50 .237 beside .252 (four pairs of 274).
No gain either on 16 cuts (5 others of the co-brandings, 8 parts of 70 %, 3 of companies), change of the lead in R@10, R@50, MRR, AUC
with 1.96 standard errors: all choices of a subject weighing as much as one -.001 (.002), +.002 (.005), .000 (.002), .000 (.001);
half the weight two tenths earlier -.003 (.005), -.002 (.005), .000 (.002), -.001 (.001); ln(cosine + .001) as one more feature,
with which the weights hold the formula +.002 (.002), .000 (.002), .000 (.000), .000 (.000).

Nor, within its errors, on 15 cuts (.45, .55, .. .85; ten of 70 % of the campaigns cut at .5 to .9), the five splits not looked at; change of the
figures in thousandths with one standard error over the cuts, too small since cuts share campaigns; the last four on ten of them,
ridge 1000. "Interactions": 12 features times the subject's partnerships, recent ones, text, company, partners' popularity, script.

                                                R@10         R@50         MRR          AUC
    company of the subject x 12 features        -1.5 (1.5)   -0.1 (2.1)   -0.3 (0.4)   +0.4 (0.3)
    popularity of its partners x 12             +0.2 (1.4)   +2.1 (1.4)   +0.7 (0.9)   +0.5 (0.4)
    its partnerships and recent ones x 12       -0.1 (1.9)   +3.2 (3.4)   +0.6 (1.0)   -2.2 (0.7)
    its script x 12                             +2.9 (2.4)   +1.6 (2.6)   +0.2 (0.6)   +1.4 (0.4)
    interactions                                +1.9 (2.9)   +7.0 (3.8)   +1.9 (1.3)   -1.4 (0.8)
    interactions, centred, half scale           +1.8 (2.1)   +6.2 (4.4)   +0.9 (1.1)   -0.2 (0.8)
    x_a' W x_b of 24 text dimensions, learned   +3.4 (2.4)   +4.1 (6.2)   +0.4 (1.3)   +0.7 (2.5)
    mean of learned weights and interactions    +1.5 (1.9)   +5.1 (4.0)   +1.1 (1.1)   -0.2 (0.8)
    mean of interactions and x_a' W x_b         +0.9 (2.3)   +6.1 (3.9)   +1.5 (1.1)   +1.3 (1.6)

No gain on ten of them: half lives of 1/32 and 1/128 and the time since first and last partnership (R@50 -5.8 (2.8)), partnerships
of the candidate's peers (-0.5 (2.7)), mentions in texts (-5.7 (3.3)), resource allocation, 24 singular vectors and degrees of who
met whom (-4.4 (1.5)), the subject's partnerships x 11 features (-3.3 (2.2)).

Nor on .45, .55, .. .85 and ten other draws of 70 % cut at .5 to .9, asked of each trial: two standard errors in R@50 and MRR,
nothing lost; the five splits not looked at. Change in thousandths, one standard error over campaigns that are resampled in all
cuts at once; figures without the change .123, .291, .056, .809. Scores of other losses brought to the old deviation before
`order_head`. LSA = 100 singular vectors of character 1-3-grams of texts, members' names left out, mean over a name's texts; words = jieba.

                                                R@10         R@50         MRR          AUC
    each campaign weighing as much as one       -4.1 (1.7)   +0.6 (3.1)    0.0 (1.2)   +0.3 (0.7)
    each campaign as the root of its pairs      -1.3 (1.6)   +0.4 (2.5)   +0.7 (0.7)   +0.6 (0.5)
    loss ln(rank), ranks smoothed               -3.3 (3.4)   +1.1 (4.8)   +1.4 (1.8)   +0.2 (1.6)
    loss 1 - 1 / rank                          -12.1 (5.4)   -7.5 (6.2)   -1.3 (2.2)   -5.1 (2.8)
    loss 1 - 1 / log2(1 + rank)                -14.2 (6.4)   -8.5 (7.5)   -1.5 (2.7)   -5.9 (3.0)
    loss share behind place 50                  -1.2 (2.7)   -2.6 (4.1)    0.0 (1.2)   -1.0 (1.7)
    no weight of a likeness below 0             +1.3 (1.2)   +2.5 (1.2)   +0.8 (0.8)   +0.3 (0.2)
    cuts each twentieth, ridge 600              -1.1 (1.4)   -2.1 (1.6)   +0.1 (0.5)   +0.4 (0.3)
    10 boosted trees of depth 2 on top          -1.3 (1.7)   -4.9 (3.2)   -0.5 (1.0)   +1.1 (0.7)
    80 of them                                  -2.6 (3.5)  -11.5 (5.1)   -2.4 (1.9)   +0.3 (1.8)
    30 of depth 3 that see the subject too      -0.4 (3.3)  -10.3 (4.2)   -0.7 (1.6)   +1.3 (1.2)
    LSA cosine                                  +1.4 (1.3)   -4.5 (2.6)   -0.4 (0.7)   +0.1 (0.5)
    the same and whom LSA neighbours met        +1.6 (1.8)   -2.0 (2.9)    0.0 (0.9)   +0.4 (0.7)
    x_a' W x_b of LSA, W by ridge on all met    +1.6 (0.8)   -2.5 (1.5)   +0.3 (0.4)    0.0 (0.1)
    walk: members, campaigns, alike campaigns   -2.3 (1.2)   -3.2 (2.3)   -0.4 (0.4)   -0.2 (0.3)
    whom peers met of late                      -2.8 (1.6)   -1.5 (1.3)   +0.7 (0.4)   -0.1 (0.1)
    pairs of kinds who met of late              -1.7 (1.5)   +1.6 (1.8)   +0.1 (0.5)   -0.1 (0.3)
    how busy the candidate's kind is of late    -0.4 (0.6)   +0.4 (1.2)   +0.6 (0.4)   +0.2 (0.2)
    16 features like these, ridge 1000          -1.8 (1.8)   -1.3 (4.1)   +0.2 (1.1)    0.0 (1.3)
    cosines of words beside those of bigrams    +0.3 (1.7)   -2.2 (2.3)   +0.5 (1.0)   +0.3 (0.3)
    16 implicit factors (weighted ALS)          -2.1 (1.6)   -3.0 (1.7)   -0.6 (0.4)   -0.1 (0.1)
    how crowded a candidate is by all scores    +0.6 (1.2)   -6.3 (2.1)   +0.4 (0.6)   -0.2 (0.4)
    interactions again, 72 of them              -1.8 (2.5)   -4.8 (3.5)   +1.2 (1.0)   -0.3 (0.7)
    mean: none below 0, root, ln(rank)          +1.5 (2.3)   +3.1 (3.2)   +2.0 (1.2)   +1.4 (0.7)
    the same and interactions                   +0.1 (2.4)   +3.3 (2.8)   +1.4 (1.1)   +1.4 (0.5)

The last two come nearest; the MRR of the last is one draw of fifteen (+21), and over .45 to .85 alone both lose MRR (-1.1, -0.6).

What there is to reach, means of the five splits:

                                    R@10   R@50   MRR    AUC
    foresight                       .214   .636   .091   .978
    active names known              .153   .461   .078   .973
    sectors known of 12             .252   .539   .131   .952
    sectors known of 40             .393   .712   .204   .980

So R@10 .20 asks for about all of the next tenth's popularity, or for the sectors of each subject's next partners.
"""

import argparse
import itertools
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from graphkit.matching.history import _learn, rank_partners
from graphkit.matching.names import mentions, plain_name
from graphkit.matching.partner_features import FEATURES
from graphkit.matching.partner_learning import fit_weights, read_choices
from graphkit.matching.records import read_history

FIGURES = ("R@10", "R@50", "MRR", "AUC")
SECTORS = (12, 40)  # groups of names with like texts
GROUPS = {
    "popularity": ("popularity", "once", "company"), "time": ("recent", "lasting"), "text": ("text", "ln_text"),
    "former partners' text": ("mates", "fans"), "name": ("name", "script", "length"), "mentions, variants": ("mentions", "variant"),
    "roles": ("peers", "kin", "roles"), "partners in common": ("shared",),
}  # fmt: skip
TOGETHER = {
    "popularity and time": GROUPS["popularity"] + GROUPS["time"],
    "everything written": sum(
        (GROUPS[g] for g in ("text", "former partners' text", "mentions, variants", "roles")), ()
    ),
}


def read(directory):
    """Links (campaign, member) and one text per campaign."""

    def table(name):
        found = sorted(Path(directory).glob(f"{name}.csv*"))
        return pd.read_csv(found[0]) if found else None

    links = table("campaign_brand")
    if links is None:
        raise SystemExit(f"{directory} holds no campaign_brand.csv or campaign_brand.csv.gz")
    links = links.iloc[:, :2].dropna().drop_duplicates().set_axis(["campaign", "member"], axis=1)
    told = table("campaigns")
    if told is None:
        return links, pd.Series(dtype=str)
    columns = [
        c for c in (f"{part}{end}" for end in ("_zh", "") for part in ("title", "content", "keywords")) if c in told
    ]
    columns = columns[:3]
    return links, told.set_index("campaign_id")[columns].fillna("").agg("".join, axis=1)


class Split:
    """What is known before a cut, and who met whom for the first time in the tenth after it."""

    def __init__(self, links, texts, start, end):
        order = np.sort(links.campaign.unique())
        cut, last = order[int(start * len(order))], order[min(len(order), round(end * len(order))) - 1]
        self.train, self.test = links[links.campaign < cut], links[(links.campaign >= cut) & (links.campaign <= last)]
        self.all_texts, self.texts = texts, texts.loc[texts.index.intersection(self.train.campaign.unique())]
        self.names = pd.Index(sorted(self.train.member.unique()))
        self.place = {name: i for i, name in enumerate(self.names)}
        self.met = np.eye(len(self.names), dtype=bool)
        for a, b in self.pairs_of(self.train):
            self.met[a, b] = True
        self.pairs = np.array(sorted({p for p in self.pairs_of(self.test) if not self.met[p]}), dtype=np.int64).reshape(
            -1, 2
        )
        self.campaign = self._campaigns()
        self.subjects = np.unique(self.pairs[:, 0])
        self.history = pd.DataFrame(
            {
                "partnership": self.train.campaign.astype(str),
                "member": self.train.member,
                "ts": 86_400 * self.train.campaign,
            }
        )
        self.told = pd.DataFrame({"partnership": self.texts.index.astype(str), "text": self.texts.to_numpy()})

    def pairs_of(self, links):
        """Ordered pairs of known names, as rows."""
        for _, group in links[links.member.isin(self.place)].groupby("campaign").member:
            yield from itertools.permutations([self.place[name] for name in group], 2)

    def _campaigns(self):
        """Which campaign of the tested tenth brought each new pair together first, counted 0, 1, .."""
        first = {}
        for campaign, group in self.test.groupby("campaign"):
            for pair in self.pairs_of(group):
                first.setdefault(pair, campaign)
        return np.unique([first[a, b] for a, b in self.pairs.tolist()], return_inverse=True)[1]

    def places(self, scores):
        """(rank, candidates) of every pair; scores (n_subjects, n_names), equal ones share the middle rank."""
        found = []
        for a, own in zip(self.subjects, scores, strict=True):
            free = ~self.met[a]
            for b in self.pairs[self.pairs[:, 0] == a, 1]:
                ahead, equal = (own[free] > own[b]).sum(), (own[free] == own[b]).sum()
                found.append((1 + ahead + (equal - 1) / 2, free.sum()))
        return np.array(found)


def figures(places, weight=None):
    """R@10, R@50, MRR and AUC over pairs, (4,), or for each row of weights, (n_rows, 4)."""
    rank, count = places.T
    parts = np.array([rank <= 10, rank <= 50, 1 / rank, 1 - (rank - 1) / np.maximum(count - 1, 1)])
    return parts.mean(axis=1) if weight is None else weight @ parts.T / weight.sum(axis=1, keepdims=True)


def resampled(split, draws, seed):
    """Weights of the pairs when campaigns are drawn with replacement, (draws, n_pairs)."""
    n = split.campaign.max() + 1
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)[:, split.campaign]


def text_rows(split):
    """Tf-idf rows of all names by character bigrams, (n_names, n_bigrams); None without texts."""
    text = (
        split.train.assign(text=split.train.campaign.map(split.texts).fillna(""))
        .groupby("member")
        .text.agg(" ".join)
        .reindex(split.names)
    )
    if not text.str.len().sum():
        return None
    return TfidfVectorizer(
        analyzer="char", ngram_range=(2, 2), min_df=3, max_features=60_000, sublinear_tf=True
    ).fit_transform(text)


def baselines(split, rows):
    """Scores of the three, (n_subjects, n_names)."""
    popularity = np.bincount([split.place[m] for m in split.train.member], minlength=len(split.names)).astype(float)
    shape = (split.subjects.size, len(split.names))
    cosine = np.zeros(shape) if rows is None else (rows[split.subjects] @ rows.T).toarray()
    return {
        "popularity": np.broadcast_to(popularity, shape),
        "cosine": cosine,
        "popularity x cosine^4": popularity * (cosine + 0.001) ** 4,
    }


def product(split):
    """Ranks by the public function, (n_subjects, n_names); inf = met before."""
    names = split.names[split.subjects]
    frame = rank_partners(
        split.history, texts=split.told if len(split.told) else None, subjects=list(names), top=len(split.names)
    ).to_frame()
    ranks = np.full((names.size, len(split.names)), np.inf)
    ranks[names.get_indexer(frame.subject), split.names.get_indexer(frame.partner)] = frame["rank"]
    return ranks


def ceilings(split, ranks, rows):
    """Scores that know something of the tested tenth: how much would be gained by knowing it."""
    new = np.bincount(split.pairs[:, 1], minlength=len(split.names)).astype(float)
    known = {
        "foresight": np.broadcast_to(new, ranks.shape),
        "active names known": np.where(new > 0, -ranks, -ranks - len(split.names)),
    }
    if rows is None:
        return known
    axes = normalize(TruncatedSVD(60, random_state=0).fit_transform(rows)[:, 1:])
    for count in SECTORS:
        sector = KMeans(count, n_init=3, random_state=0).fit_predict(axes)
        own = np.zeros((split.subjects.size, count), bool)
        own[np.searchsorted(split.subjects, split.pairs[:, 0]), sector[split.pairs[:, 1]]] = True
        known[f"sectors known of {count}"] = np.where(own[:, sector], -ranks, -ranks - len(split.names))
    return known


def cold(split):
    """Mean AUC and R@50 of new names over their known partners, and how many pairs; from a text without known names."""
    table = dict(iter(split.test[~split.test.member.isin(split.place)].groupby("member").campaign))
    rows, truth = [], {}
    for name, campaigns in sorted(table.items()):
        first = campaigns.min()
        partners = set(split.test[split.test.campaign == first].member) & set(split.names)
        clean = plain_name(split.all_texts.get(first, ""))
        members = sorted(
            set(split.test[split.test.campaign == first].member)
            | {split.names[j] for j in mentions([clean], list(split.names)).indices},
            key=len,
        )
        for other in reversed(members):
            clean = clean.replace(plain_name(other), " ")
        if partners and clean.strip():
            rows.append((None, name, clean))
            truth[name] = partners
    if not rows:
        return None
    told = pd.concat([split.told.assign(member=None), pd.DataFrame(rows, columns=["partnership", "member", "text"])])
    frame = rank_partners(split.history, texts=told, subjects=list(truth), top=len(split.names)).to_frame()
    hit = frame[[p in truth[s] for s, p in zip(frame.subject, frame.partner, strict=True)]]["rank"].to_numpy(float)
    return figures(np.stack([hit, np.full(hit.size, len(split.names))], axis=1)), hit.size


def calibration(split, names=300):
    """How often names drawn at random met others for the first time in the next tenth of what is known, beside the chances."""
    subjects = np.sort(np.random.default_rng(0).permutation(len(split.names))[:names])
    found = rank_partners(split.history, texts=split.told if len(split.told) else None,
                          subjects=list(split.names[subjects]), top=len(split.names))  # fmt: skip
    if np.isnan(found.chance).all():
        return
    later = np.unique(split.test.campaign)[: found.horizon]
    pairs = {p for p in split.pairs_of(split.test[split.test.campaign.isin(later)]) if not split.met[p]}
    place = split.place
    met = np.array([(place[a], place[b]) in pairs for a, b in zip(found.subject, found.partner, strict=True)])
    chance, base = np.clip(found.chance, 1e-12, 1 - 1e-12), max(met.mean(), 1e-12)
    nats = lambda p: -np.where(met, np.log(p), np.log1p(-p)).sum()
    brier = 1 - ((chance - met) ** 2).sum() / max(((base - met) ** 2).sum(), 1e-12)
    ends = f"{found.chance_lower.sum():.1f} to {found.chance_upper.sum():.1f}"
    print(f"  chances of {subjects.size} names: expected {chance.sum():.1f} ({ends}), came true {met.sum()}, nats beside the base rate "
          f"{nats(chance) / nats(base):.3f}, Brier skill {brier:+.4f}")  # fmt: skip
    edge = np.array([0, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 1])
    where = np.digitize(chance, edge) - 1
    cells = [f"{edge[k]:g} {chance[where == k].sum():.1f}/{met[where == k].sum()}" for k in range(edge.size - 1)]
    print("  from, expected/true: " + ", ".join(cells), flush=True)


def ablation(split, weights):
    """Change of the figures, (4,) and (draws, 4), when each group of features is left out and the rest refitted."""
    known = read_history(split.history)
    past, _ = _learn(known, list(known.members), split.told if len(split.told) else None)
    blocks = read_choices(past.sources)
    facing = past.facing(np.arange(len(split.names)))
    found = {}
    features = np.concatenate(
        [facing.features(split.subjects[i : i + 20]).astype(np.float32) for i in range(0, split.subjects.size, 20)]
    )
    for name, without in {"all": (), **GROUPS, **TOGETHER}.items():
        places = split.places(features @ fit_weights(blocks, without).values)
        found[name] = figures(places), figures(places, weights)
    return {name: tuple(mine - every for mine, every in zip(found[name], found["all"], strict=True)) for name in found}


def line(name, values, low=None, high=None, *, signed=False):
    """One row of the table."""
    cells = [f"{x:7.4f}" + ("" if low is None else f" ({a:+.4f} to {b:+.4f})" if signed else f" ({a:.3f} to {b:.3f})")
             for x, a, b in zip(values, values if low is None else low, values if high is None else high, strict=True)]  # fmt: skip
    print(f"  {name:<24}" + "  ".join(cells), flush=True)


def one_split(split, draws, seed):
    """Print the table of a split; return graphkit's figures, leads, leads and share resampled, and the ceilings."""
    weights = resampled(split, draws, seed)
    interval = lambda samples: np.quantile(samples, (0.025, 0.975), axis=0)
    rows, ranks = text_rows(split), product(split)
    places = {name: split.places(scores) for name, scores in baselines(split, rows).items()}
    places["graphkit"] = split.places(-ranks)
    drawn = {name: figures(p, weights) for name, p in places.items()}
    for name, p in places.items():
        line(name, figures(p), *interval(drawn[name]))
    base = [name for name in places if name != "graphkit"]
    best = [max(base, key=lambda name, k=k: figures(places[name])[k]) for k in range(4)]
    lead = np.array([figures(places["graphkit"])[k] - figures(places[best[k]])[k] for k in range(4)])
    leads = np.stack([drawn["graphkit"][:, k] - drawn[best[k]][:, k] for k in range(4)], axis=1)
    line("ahead", lead, *interval(leads), signed=True)
    above = drawn["graphkit"] > np.max([drawn[name] for name in base], axis=0)
    share = above[:, 1:].all(axis=1).mean()
    print(f"  above all of them in R@50, MRR and AUC together in {share:.2f} of the draws")
    top = {name: figures(split.places(scores)) for name, scores in ceilings(split, ranks, rows).items()}
    for name, values in top.items():
        line(name, values)
    calibration(split)
    if found := cold(split):
        line(f"cold, {found[1]} pairs", found[0])
    return figures(places["graphkit"]), lead, leads, share, top


def main():
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory")
    parser.add_argument("--splits", type=int, default=5, choices=range(1, 9))
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--no-ablation", action="store_true")
    args = parser.parse_args()
    assert set(FEATURES) == {f for group in GROUPS.values() for f in group}
    links, texts = read(args.directory)
    begin, all_figures, left_out = time.perf_counter(), [], []
    for k in range(args.splits, 0, -1):
        split = Split(links, texts, 1 - k / 10, 1 - (k - 1) / 10)
        print(
            f"\ncut {1 - k / 10:.1f}: {len(split.names)} names, {len(split.pairs)} new pairs of {split.subjects.size} subjects        "
            + "                   ".join(FIGURES)
        )
        all_figures.append(one_split(split, args.draws, k))
        if not args.no_ablation:
            left_out.append(ablation(split, resampled(split, args.draws, k)))
    print(
        f"\nmean of {args.splits} splits "
        + "  ".join(
            f"{name} {x:.4f}" for name, x in zip(FIGURES, np.mean([f for f, *_ in all_figures], axis=0), strict=True)
        )
    )
    print(
        "splits ahead of the best "
        + "  ".join(
            f"{name} {x}"
            for name, x in zip(FIGURES, np.sum([lead > 0 for _, lead, *_ in all_figures], axis=0), strict=True)
        )
    )
    pooled = np.mean([leads for _, _, leads, *_ in all_figures], axis=0)
    line(
        "ahead",
        np.mean([lead for _, lead, *_ in all_figures], axis=0),
        *np.quantile(pooled, (0.025, 0.975), axis=0),
        signed=True,
    )
    print(f"above all of them together in {np.mean([share for *_, share, _ in all_figures]):.3f} of the draws")
    for name in all_figures[0][-1]:
        line(name, np.mean([top[name] for *_, top in all_figures], axis=0))
    if left_out:
        print("\nwithout (mean change)" + " " * 8 + "                   ".join(FIGURES))
        for name in (*GROUPS, *TOGETHER):
            change = np.array([found[name][0] for found in left_out])
            low, high = np.quantile(np.mean([found[name][1] for found in left_out], axis=0), (0.025, 0.975), axis=0)
            line(name, change.mean(axis=0), low, high, signed=True)
            print(
                " " * 26
                + "R@50 "
                + " ".join(f"{x:+.3f}" for x in change[:, 1])
                + "   MRR "
                + " ".join(f"{x:+.3f}" for x in change[:, 2])
            )
    print(f"\n{time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
