/* klinglipsync: tests of the list of voices
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include <string.h>

#include "kling-answer.h"
#include "kling-voices.h"

GST_START_TEST (test_numbers)
{
  guint n, n_en = 0, n_zh = 0, n_both = 0;
  const KlingVoice *voices = kling_voices_get (&n);

  for (guint i = 0; i < n; i++) {
    gboolean en = kling_voice_speaks (&voices[i], "en");
    gboolean zh = kling_voice_speaks (&voices[i], "zh");

    fail_unless (en || zh, "%s is mute", voices[i].id);
    n_en += en;
    n_zh += zh;
    n_both += en && zh;
  }
  fail_unless_equals_int (n, 46);
  fail_unless_equals_int (n_en, 27);
  fail_unless_equals_int (n_zh, 35);
  fail_unless_equals_int (n_both, 16);
}

GST_END_TEST;

/* Each is found by its id, so no two have the same. */
GST_START_TEST (test_ids)
{
  guint n;
  const KlingVoice *voices = kling_voices_get (&n);

  for (guint i = 0; i < n; i++) {
    fail_unless (kling_id_is_valid (voices[i].id), "%s", voices[i].id);
    fail_unless (kling_voice_find (voices[i].id) == &voices[i], "%s",
        voices[i].id);
  }
  fail_unless (kling_voice_find ("girlfriend_1_cn") == NULL);
  fail_unless (kling_voice_find ("aot") == NULL);
  fail_unless (kling_voice_find ("") == NULL);
  fail_unless (kling_voice_find (NULL) == NULL);
}

GST_END_TEST;

/* Names are in the language they stand for. */
GST_START_TEST (test_names)
{
  guint n;
  const KlingVoice *voices = kling_voices_get (&n);

  for (guint i = 0; i < n; i++) {
    const gchar *en = voices[i].name_en, *zh = voices[i].name_zh;

    fail_unless (en == NULL || (*en && g_str_is_ascii (en)), "%s", en);
    fail_unless (zh == NULL || (g_utf8_validate (zh, -1, NULL)
            && g_unichar_get_script (g_utf8_get_char (zh)) ==
            G_UNICODE_SCRIPT_HAN), "%s", zh);
  }
}

GST_END_TEST;

GST_START_TEST (test_languages)
{
  const KlingVoice *english = kling_voice_find ("oversea_male1");
  const KlingVoice *chinese = kling_voice_find ("zhuxi_speech02");
  const KlingVoice *both = kling_voice_find ("you_pingjing");

  fail_unless (kling_voice_speaks (english, "en"));
  fail_if (kling_voice_speaks (english, "zh"));
  fail_if (kling_voice_speaks (chinese, "en"));
  fail_unless (kling_voice_speaks (chinese, "zh"));
  fail_unless (kling_voice_speaks (both, "en"));
  fail_unless (kling_voice_speaks (both, "zh"));
  fail_unless_equals_string (both->name_en, "Helen");
  fail_unless_equals_string (both->name_zh, "温柔妈妈");
}

GST_END_TEST;

static Suite *
voices_suite (void)
{
  Suite *suite = suite_create ("voices");
  TCase *tcase = tcase_create ("voices");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_numbers);
  tcase_add_test (tcase, test_ids);
  tcase_add_test (tcase, test_names);
  tcase_add_test (tcase, test_languages);
  return suite;
}

GST_CHECK_MAIN (voices);
