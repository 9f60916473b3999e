/* The voices of the service, and who stands in for them.
 *
 * Pure data. The ids and names are those the service is known to have; the
 * sexes are our reading of the names. No two voices share variant, pitch and
 * speed, so that a wrong voice can be heard and measured.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-voices.h"

#include <string.h>

/* *INDENT-OFF* */
static const SandboxVoice voices[] = {
  {"genshin_vindi2", "Sunny", "阳光少年", 'm', "m3", 62, 168},
  {"zhinen_xuesheng", "Sage", "懂事小弟", 'm', "m4", 60, 158},
  {"AOT", "Ace", NULL, 'm', "m1", 50, 172},
  {"ai_shatang", "Blossom", "青春少女", 'f', "f2", 62, 165},
  {"genshin_klee2", "Peppy", "温柔小妹", 'f', "f4", 78, 170},
  {"genshin_kirara", "Dove", "元气少女", 'f', "f5", 66, 172},
  {"ai_kaiya", "Shine", "阳光男生", 'm', "m6", 56, 165},
  {"oversea_male1", "Anchor", NULL, 'm', "m3", 45, 158},
  {"ai_chenjiahao_712", "Lyric", "文艺小哥", 'm', "m4", 48, 150},
  {"girlfriend_4_speech02", "Melody", NULL, 'f', "f3", 55, 155},
  {"chat1_female_new-3", "Tender", "温柔姐姐", 'f', "f3", 48, 148},
  {"chat_0407_5-1", "Siren", NULL, 'f', "f5", 46, 145},
  {"cartoon-boy-07", "Zippy", "活泼男童", 'm', "m3", 92, 175},
  {"uk_boy1", "Bud", NULL, 'm', "m4", 82, 165},
  {"cartoon-girl-01", "Sprite", "俏皮女童", 'f', "f2", 88, 175},
  {"PeppaPig_platform", "Candy", NULL, 'f', "f4", 92, 165},
  {"ai_huangzhong_712", "Beacon", NULL, 'm', "m7", 42, 155},
  {"ai_huangyaoshi_712", "Rock", "稳重老爸", 'm', "m2", 34, 150},
  {"ai_laoguowang_712", "Titan", "严肃上司", 'm', "m5", 30, 140},
  {"chengshu_jiejie", "Grace", "优雅贵妇", 'f', "f1", 44, 145},
  {"you_pingjing", "Helen", "温柔妈妈", 'f', "f3", 42, 150},
  {"calm_story1", "Lore", NULL, 'm', "m6", 40, 138},
  {"uk_man2", "Crag", NULL, 'm', "m7", 36, 150},
  {"laopopo_speech02", "Prattle", "唠叨奶奶", 'f', "f1", 36, 175},
  {"heainainai_speech02", "Hearth", "和蔼奶奶", 'f', "f1", 32, 135},
  {"reader_en_m-v1", "The Reader", NULL, 'm', "m1", 44, 160},
  {"commercial_lady_en_f-v1", "Commercial Lady", NULL, 'f', "f2", 52, 168},
  {"tiyuxi_xuedi", NULL, "运动少年", 'm', "m3", 66, 178},
  {"tiexin_nanyou", NULL, "幽默小哥", 'm', "m6", 50, 160},
  {"girlfriend_1_speech02", NULL, "甜美邻家", 'f', "f2", 70, 160},
  {"girlfriend_2_speech02", NULL, "职场女青", 'f', "f5", 54, 165},
  {"zhuxi_speech02", NULL, "慈祥爷爷", 'm', "m1", 30, 135},
  {"uk_oldman3", NULL, "唠叨爷爷", 'm', "m2", 28, 165},
  {"dongbeilaotie_speech02", NULL, "东北老铁", 'm', "m7", 50, 172},
  {"chongqingxiaohuo_speech02", NULL, "重庆小伙", 'm', "m4", 54, 176},
  {"chuanmeizi_speech02", NULL, "四川妹子", 'f', "f4", 60, 172},
  {"chaoshandashu_speech02", NULL, "潮汕大叔", 'm', "m5", 40, 160},
  {"ai_taiwan_man2_speech02", NULL, "台湾男生", 'm', "m6", 46, 150},
  {"xianzhanggui_speech02", NULL, "西安掌柜", 'm', "m2", 44, 168},
  {"tianjinjiejie_speech02", NULL, "天津姐姐", 'f', "f3", 58, 175},
  {"diyinnansang_DB_CN_M_04-v2", NULL, "新闻播报男", 'm', "m1", 26, 158},
  {"yizhipiannan-v1", NULL, "译制片男", 'm', "m7", 30, 145},
  {"guanxiaofang-v2", NULL, "元气少女", 'f', "f5", 72, 168},
  {"tianmeixuemei-v1", NULL, "撒娇女友", 'f', "f4", 84, 155},
  {"daopianyansang-v1", NULL, "刀片烟嗓", 'm', "m5", 24, 150},
  {"mengwa-v1", NULL, "乖巧正太", 'm', "m3", 96, 160},
  /* In the gateways' own example and nowhere else; the example should run. */
  {"girlfriend_1_cn", NULL, "(example)", 'f', "f4", 66, 158},
};
/* *INDENT-ON* */

const SandboxVoice *
sandbox_voices (guint * count)
{
  *count = G_N_ELEMENTS (voices);
  return voices;
}

const SandboxVoice *
sandbox_voice_find (const char *id)
{
  for (guint i = 0; id && i < G_N_ELEMENTS (voices); i++)
    if (strcmp (voices[i].id, id) == 0)
      return &voices[i];
  return NULL;
}

gboolean
sandbox_voice_speaks (const SandboxVoice * voice, const char *language)
{
  return (strcmp (language, "zh") == 0 ? voice->name_zh : voice->name_en)
      != NULL;
}

/**
 * sandbox_voice_espeak_name:
 * @voice: a voice
 * @language: `zh` or `en`
 *
 * Returns: (transfer full): the argument of espeak-ng's -v
 */
char *
sandbox_voice_espeak_name (const SandboxVoice * voice, const char *language)
{
  const char *accent = g_str_has_prefix (voice->id, "uk_") ? "en-gb" : "en-us";

  /* Plain "cmn" reads pinyin out as English letters and digits. */
  if (strcmp (language, "zh") == 0)
    accent = "cmn-latn-pinyin";
  return g_strconcat (accent, "+", voice->variant, NULL);
}
