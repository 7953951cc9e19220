"""Chinese, Korean or Japanese: the three standards that put two bytes above 0xa0 for each character, told apart by use.

Any text of one of them is a text of the others too, character by character another one. The characters that texts of a
language use most are few, and the bytes of another language rarely meet them: each character speaks for the standards
by how likely it is in them. A word of two or three characters may say too little.
"""

from __future__ import annotations

import math
import re
from functools import cache

__all__ = ["guess_euc", "is_euc"]

_MOST_USED = {
    "gb18030": "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起"
    "还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己"
    "话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水"
    "万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期死常提感金何更反合放做系计司利受光王果亲界及今京务制解各任"
    "至清物台象记边共风战干接它许八特觉望直服林题建南度统色字请交爱让认算论百吃义科怎元社术结六功指思非流青管夫连远资队跟带花快院变联言权往展"
    "该领传近红治决周保达办运武半七必城父强步完革深区即求品士转量空众技轻程告江语英基派满式李息写识极令黄德收取设始版双历史商千片容研像找友孩"
    "站广改议形早房音火际则首单据影网香似专石若谁校读飞观争究包组造落视济喜离虽店团游球鱼茶酒牌品购乐歌星龙云春秋夏冬票院节州港湾深圳杭广海",
    "euc_kr": "이다는을의가에고하지로한은사기도자인를나리시대어있서아정그스수들일것과전원부해게장제구보여조라성주상만국비적공연신유마진우안화동학용산"
    "오생경김무소모문미방거내발면중선실세위간트년르으와치영관계물감드명분개양강호남교야까려식입등당말더심할된때회파청단두니노술민금행저레터바러울"
    "늘람사랑집길밤달별꽃책음악영화극장광고점카페커피맛서점책방시장역버스크림디프로그램이벤트블코네토키타하늘바다봄여름가을겨울친구가족여행기생"
    "충괴설국열차올드보의추억해운대택시운전범죄도둑들변호인왕된남명량암살군함신과함께아저씨박최조윤임한오서황송류홍부천수원청주광경북충포항울릉"
    "삼성현엘지롯데네버쿠팡배달민족토스뱅크피아노잡담수업교실강좌온라인매체텔비디방송국뉴판매할쿠폰",
    "euc_jp": "日一国人年大十二本中長出三時行見月後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百書先名川千水半男西電校語土木聞食車何南"
    "万毎白天母火右読友左休父雨会同事自社発者地業方新場員立開手力問代明動京目通言理体田主題意不作用度強公持野以思家世多正安院心界教文元重近考"
    "画海売知道集別物使品計死特私始朝運終台広住真有口少町料工建空急止送切転研足究楽起着店病質待試族銀早映親験英医仕去味写字答夜音注帰古歌買悪"
    "図週室歩風紙黒花春赤青館屋色走秋夏習駅洋旅服夕借曜飲肉貸堂鳥飯勉冬昼茶弟牛魚兄犬妹姉漢神隠城恋愛戦争物語伝説劇団村島橋森林松井藤佐鈴木渡"
    "辺加吉石阪府県市区部全国名無当実化予約受付営講座音楽小説漫画雑誌広告宣伝媒体",
}
_SHARES = {  # of all characters of a text: most used ones, others of the first level or of all Hangul, any other
    "gb18030": (0.55, 0.4, 0.05),
    "euc_kr": (0.88, 0.11, 0.01),
    "euc_jp": (0.8, 0.18, 0.02),
}
_ROWS, _SIGNS, _KANA = 94, range(0xA1, 0xA4), range(0xA4, 0xA6)
_FIRST = {  # a Chinese list may well name what is Japanese
    "gb18030": frozenset({*range(0xB0, 0xD8), *_KANA}),
    "euc_kr": frozenset(range(0xB0, 0xC9)),
    "euc_jp": frozenset({*range(0xB0, 0xD0), *_KANA}),
}
_SURE = 2.0  # difference of the logarithms from which one standard is told: e^2 = 7 to 1
_BEFORE = {"gb18030": 1.0}  # Chinese files are what is met most: e to 1 before a character is seen
_MOSTLY = 0.9  # share of pairs above 0xa0 from which a text may be of these standards; of Big5 two in five are others
_LIKELY = 0.75  # share of pairs among them that are no rare characters
_PAIR = re.compile(rb"[\x81-\xfe][\x40-\xfe]")


def is_euc(data: bytes) -> bool:
    """Whether nearly all characters beyond ASCII are pairs of bytes above 0xa0."""
    pairs: list[bytes] = _PAIR.findall(data)
    return sum(min(pair) > 0xA0 for pair in pairs) >= _MOSTLY * max(1, len(pairs))


def guess_euc(data: bytes) -> str | None:
    """Return the most likely of gb18030, euc_kr and euc_jp for a text of such pairs; None where two are about as likely.

    Examples
    --------
    >>> words = {"gb18030": "你好,世界", "euc_kr": "안녕하세요", "euc_jp": "こんにちは"}
    >>> [guess_euc(text.encode(name)) for name, text in words.items()]
    ['gb18030', 'euc_kr', 'euc_jp']
    """
    pairs = {pair for pair in _PAIR.findall(data) if min(pair) > 0xA0 and pair[0] not in _SIGNS}
    levels = {name: [_level(name, pair) for pair in pairs] for name in _SHARES}
    likely = sorted(
        ((_BEFORE.get(name, 0.0) + sum(_weight(name, x) for x in found), name) for name, found in levels.items()),
        reverse=True,
    )
    best = likely[0][1]
    rare = sum(x == len(_SHARES[best]) - 1 for x in levels[best])
    return best if likely[0][0] - likely[1][0] >= _SURE and rare <= (1 - _LIKELY) * len(pairs) else None


def _level(name: str, pair: bytes) -> int:
    """0 for a character used most, 1 for another of the first level, 2 for any other."""
    return 0 if pair in _common(name) else 1 if pair[0] in _FIRST[name] else 2


@cache
def _weight(name: str, level: int) -> float:
    """Logarithm of the share that one character of a level has in texts of a standard."""
    most, first = len(_common(name)), _ROWS * len(_FIRST[name])
    return math.log(_SHARES[name][level] / (most, first - most, _ROWS**2 - first)[level])


@cache
def _common(name: str) -> frozenset[bytes]:
    """Pairs of bytes of the characters used most; of Japanese all kana."""
    kana = (bytes((row, cell)) for row in _KANA for cell in range(0xA1, 0xF7)) if name == "euc_jp" else ()
    return frozenset([*(c.encode(name) for c in _MOST_USED[name]), *kana])
