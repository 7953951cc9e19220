"""Words allowed in properties, each with its Chinese name; the English name is the word itself."""

from __future__ import annotations

EVIDENCE = {"real": "真实", "match": "匹配", "inferred": "推断", "assumed": "假设"}  # strongest first
CONSENT_SCOPE = {"plan": "规划", "profile": "画像", "experiment": "实验"}
FILM_KIND = {
    "film": "电影", "series": "剧集", "web_series": "网络剧", "documentary": "纪录片", "variety": "综艺", "short": "短片", "animation": "动画",
}  # fmt: skip
COURSE_KIND = {
    "course": "课程",
    "audio": "音频",
    "column": "专栏",
    "e_book": "电子书",
    "live_class": "直播课",
    "training": "培训",
    "consulting": "咨询",
    "report": "报告",
}
FIELD = {
    "education": "教育", "technology": "科技", "health": "健康", "culture": "文化", "finance": "财经", "career": "职场", "enterprise": "企业",
    "business": "商业", "law": "法律", "medical": "医疗", "sport": "体育", "game": "游戏", "language": "语言", "arts": "艺术", "parenting": "亲子",
}  # fmt: skip
SECTOR = {
    "game": "游戏", "sport": "体育", "medical": "医疗", "law": "法律", "finance": "金融", "e_commerce": "电商", "education": "教育", "technology": "科技",
    "health": "健康", "culture": "文化", "career": "职场", "enterprise": "企业服务", "film": "影视", "media": "传媒", "publishing": "出版", "food": "食品餐饮",
    "drink": "饮品", "beauty": "美妆", "fashion": "服饰", "travel": "旅游", "automotive": "汽车", "home": "家居", "retail": "零售", "telecom": "通信",
    "museum": "博物馆", "music": "音乐", "toys": "玩具", "luxury": "奢侈品", "public": "公共机构",
}  # fmt: skip
BRAND_ROLE = {
    "studio": "制片方", "platform": "平台", "provider": "内容提供方", "publisher": "出版方", "consumer_brand": "消费品牌", "agency": "代理机构",
    "institution": "机构",
}  # fmt: skip
RESOURCES = {
    "brand": "品牌",
    "users": "用户",
    "technology": "技术",
    "channels": "渠道",
    "content": "内容",
    "venues": "场地",
    "money": "资金",
}
CHANNEL_KIND = {
    "social": "社交媒体", "short_video": "短视频", "live": "直播", "video_site": "视频网站", "cinema": "影院", "forum": "论坛社区", "e_commerce": "电商",
    "website": "网站", "app": "应用", "kol": "意见领袖", "direct": "一对一", "offline_event": "线下活动", "out_of_home": "户外", "tv": "电视",
    "print": "平面媒体",
}  # fmt: skip
TAG_KIND = {
    "theme": "主题", "emotion": "情感", "role": "角色", "genre": "类型", "skill": "技能", "value": "价值观", "interest": "兴趣",
}  # fmt: skip
MATERIAL_KIND = {
    "poster": "海报", "trailer": "预告片", "article": "图文", "long_video": "长视频", "short_video": "短视频", "live_script": "直播脚本",
    "course_preview": "课程试看", "audio": "音频", "banner": "横幅",
}  # fmt: skip
MATERIAL_STATUS = {"draft": "草稿", "in_review": "审核中", "approved": "已通过", "rejected": "已驳回"}
FORM = {
    "lecture": "讲座", "interview": "访谈", "behind_the_scenes": "幕后", "micro_film": "微电影", "sitcom": "情景剧", "short_drama": "短剧",
    "documentary": "纪录片", "animation": "动画", "film_analysis": "影片解析", "workshop": "工作坊", "interactive_video": "互动视频", "vr": "虚拟现实",
}  # fmt: skip
PLACEMENT = {"opening": "开头", "ending": "结尾", "dialogue": "对话", "key_scene": "关键节点", "outside": "片外"}
TOUCHPOINT_KIND = {
    "qr": "二维码", "link": "链接", "quiz": "问答", "live_qa": "直播答疑", "scene_effect": "场景特效", "coupon_code": "优惠码", "course_preview": "课程试看",
}  # fmt: skip
OFFER_KIND = {
    "coupon": "优惠券", "discount": "折扣", "full_reduction": "满减", "free_trial": "免费试用", "ticket": "影票", "membership_days": "会员天数",
}  # fmt: skip
PARTNERSHIP_STATUS = {
    "proposed": "拟议", "asked": "已邀约", "accepted": "已接受", "declined": "已拒绝", "running": "进行中", "ended": "已结束",
}  # fmt: skip
PARTNERSHIP_KIND = {
    "co_branding": "联名", "placement": "植入", "licensing": "授权", "benefit_exchange": "权益互换", "joint_event": "联合活动", "co_production": "联合制作",
}  # fmt: skip
OBJECTIVE = {"reach": "触达", "purchases": "购买", "value": "价值"}
LINK_BASIS = {
    "mutual_like": "互相关注",
    "ip": "同一 IP",
    "same_name": "同名",
    "co_mention": "共同提及",
    "similar_text": "文本相似",
}
USES = {"promote": "推广", "embed": "植入", "stream": "播放", "merchandise": "衍生品"}
JOIN_ROLE = {"lead": "牵头方", "partner": "伙伴"}
EVENT_KIND = {
    "exposure": "曝光", "view": "观看", "click": "点击", "like": "点赞", "comment": "评论", "share": "分享", "add_to_cart": "加购", "purchase": "购买",
    "refund": "退款", "register": "注册", "redeem": "领用", "complete": "完成", "survey": "问卷", "test_score": "测验分数",
}  # fmt: skip
