/* klinglipsync: the voices that the service is known to have
 *
 * Pure functions and one table, for any thread. Kling publishes no list of ids
 * for text-to-speech: these are the ones that its clients use, with the names
 * under which they show them.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-voices.h"

#include <string.h>

/* *INDENT-OFF* */
static const KlingVoice voices[] = {
  {"genshin_vindi2", "Sunny", "阳光少年"},
  {"zhinen_xuesheng", "Sage", "懂事小弟"},
  {"AOT", "Ace", NULL},
  {"ai_shatang", "Blossom", "青春少女"},
  {"genshin_klee2", "Peppy", "温柔小妹"},
  {"genshin_kirara", "Dove", "元气少女"},
  {"ai_kaiya", "Shine", "阳光男生"},
  {"oversea_male1", "Anchor", NULL},
  {"ai_chenjiahao_712", "Lyric", "文艺小哥"},
  {"girlfriend_4_speech02", "Melody", NULL},
  {"chat1_female_new-3", "Tender", "温柔姐姐"},
  {"chat_0407_5-1", "Siren", NULL},
  {"cartoon-boy-07", "Zippy", "活泼男童"},
  {"uk_boy1", "Bud", NULL},
  {"cartoon-girl-01", "Sprite", "俏皮女童"},
  {"PeppaPig_platform", "Candy", NULL},
  {"ai_huangzhong_712", "Beacon", NULL},
  {"ai_huangyaoshi_712", "Rock", "稳重老爸"},
  {"ai_laoguowang_712", "Titan", "严肃上司"},
  {"chengshu_jiejie", "Grace", "优雅贵妇"},
  {"you_pingjing", "Helen", "温柔妈妈"},
  {"calm_story1", "Lore", NULL},
  {"uk_man2", "Crag", NULL},
  {"laopopo_speech02", "Prattle", "唠叨奶奶"},
  {"heainainai_speech02", "Hearth", "和蔼奶奶"},
  {"reader_en_m-v1", "The Reader", NULL},
  {"commercial_lady_en_f-v1", "Commercial Lady", NULL},
  {"tiyuxi_xuedi", NULL, "运动少年"},
  {"tiexin_nanyou", NULL, "幽默小哥"},
  {"girlfriend_1_speech02", NULL, "甜美邻家"},
  {"girlfriend_2_speech02", NULL, "职场女青"},
  {"zhuxi_speech02", NULL, "慈祥爷爷"},
  {"uk_oldman3", NULL, "唠叨爷爷"},
  {"dongbeilaotie_speech02", NULL, "东北老铁"},
  {"chongqingxiaohuo_speech02", NULL, "重庆小伙"},
  {"chuanmeizi_speech02", NULL, "四川妹子"},
  {"chaoshandashu_speech02", NULL, "潮汕大叔"},
  {"ai_taiwan_man2_speech02", NULL, "台湾男生"},
  {"xianzhanggui_speech02", NULL, "西安掌柜"},
  {"tianjinjiejie_speech02", NULL, "天津姐姐"},
  {"diyinnansang_DB_CN_M_04-v2", NULL, "新闻播报男"},
  {"yizhipiannan-v1", NULL, "译制片男"},
  {"guanxiaofang-v2", NULL, "元气少女"},
  {"tianmeixuemei-v1", NULL, "撒娇女友"},
  {"daopianyansang-v1", NULL, "刀片烟嗓"},
  {"mengwa-v1", NULL, "乖巧正太"},
};
/* *INDENT-ON* */

/**
 * kling_voices_get:
 * @n_voices: (out): how many there are
 *
 * Returns: (transfer none) (array length=n_voices): the known voices
 */
const KlingVoice *
kling_voices_get (guint * n_voices)
{
  *n_voices = G_N_ELEMENTS (voices);
  return voices;
}

/**
 * kling_voice_find:
 * @id: (nullable): a voice id
 *
 * Returns: (transfer none) (nullable): the voice, when it is a known one
 */
const KlingVoice *
kling_voice_find (const gchar * id)
{
  for (guint i = 0; id != NULL && i < G_N_ELEMENTS (voices); i++) {
    if (strcmp (voices[i].id, id) == 0)
      return &voices[i];
  }
  return NULL;
}

/**
 * kling_voice_speaks:
 * @voice: a voice
 * @language: "en" or "zh"
 *
 * Returns: whether the voice is known to speak the language
 */
gboolean
kling_voice_speaks (const KlingVoice * voice, const gchar * language)
{
  return (strcmp (language, "zh") == 0 ? voice->name_zh : voice->name_en)
      != NULL;
}
