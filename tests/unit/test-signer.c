/* klinglipsync: tests of what calls are signed with
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "kling-clock.h"
#include "kling-jwt.h"
#include "kling-signer.h"

#define KEY "sk-planted-4711"
#define ACCESS "AK-planted-17"
#define SECRET "SK-planted-42"
#define BEARER "Bearer "

static KlingSigner *
make_signer (const gchar * api_key, const gchar * access_key,
    const gchar * secret_key)
{
  g_autoptr (KlingSecret) api = api_key ? kling_secret_new (api_key) : NULL;
  g_autoptr (KlingSecret) access = access_key ? kling_secret_new (access_key)
      : NULL;
  g_autoptr (KlingSecret) secret = secret_key ? kling_secret_new (secret_key)
      : NULL;
  g_autoptr (KlingCredentials) credentials = kling_credentials_new (api, access,
      secret);

  return kling_signer_new (credentials);
}

/* --- signing --- */

GST_START_TEST (test_key)
{
  g_autoptr (KlingSigner) signer = make_signer (KEY, NULL, NULL);
  g_autoptr (KlingSigner) nobody = kling_signer_new (NULL);
  g_autofree gchar *authorization = kling_signer_authorize (signer);

  fail_unless_equals_string (authorization, BEARER KEY);
  fail_if (kling_signer_makes_tokens (signer));
  fail_if (kling_signer_makes_tokens (nobody));
  fail_unless (kling_signer_authorize (nobody) == NULL);
}

GST_END_TEST;

/* The offset that a signer has when it signs now; our clock may go on by some
 * seconds meanwhile, so it is looked for from @least on. */
static gint64
find_offset (KlingSigner * signer, gint64 least)
{
  gint64 now = kling_clock_wall_seconds ();
  g_autofree gchar *authorization = kling_signer_authorize (signer);

  for (gint64 offset = least; offset < least + 60; offset++) {
    g_autofree gchar *token = kling_jwt_sign (ACCESS, SECRET, now + offset);

    if (g_str_equal (authorization + strlen (BEARER), token))
      return offset;
  }
  return G_MININT64;
}

static void
check_offset (KlingSigner * signer, gint64 offset)
{
  gint64 found = find_offset (signer, offset - 30);

  fail_unless (ABS (found - offset) < 30, "%" G_GINT64_FORMAT " s instead of %"
      G_GINT64_FORMAT, found, offset);
}

#define HOUR 3600
#define DAY (24 * HOUR)

static const struct
{
  gint64 skew;                  /* seconds by which the service is ahead */
  gint64 offset;                /* that is taken over */
} clocks[] = {
  {600, 600},
  {-600, -600},
  {0, 0},
  {DAY - 60, DAY - 60},
  {-DAY + 60, -DAY + 60},
  /* not believed */
  {DAY + 60, 0},
  {-DAY - 60, 0},
  {G_GINT64_CONSTANT (200000000000), 0},
};

GST_START_TEST (test_clocks)
{
  g_autoptr (KlingSigner) signer = make_signer (NULL, ACCESS, SECRET);
  g_auto (KlingAnswer) answer = {.status = 401,.code = g_strdup ("1003") };

  check_offset (signer, 0);
  fail_unless (kling_signer_set_clock (signer, &answer,
          kling_clock_wall_seconds () + clocks[__i__].skew));
  check_offset (signer, clocks[__i__].offset);
  /* an answer without a date changes nothing */
  fail_unless (kling_signer_set_clock (signer, &answer, 0));
  check_offset (signer, clocks[__i__].offset);
}

GST_END_TEST;

static const struct
{
  guint status;
  const gchar *code, *task_id, *session_id, *audio_id;
  gboolean again;
} answers[] = {
  {401, "1003", NULL, NULL, NULL, TRUE},
  {401, "1004", NULL, NULL, NULL, TRUE},
  {401, "1000", NULL, NULL, NULL, FALSE},
  {401, "1002", NULL, NULL, NULL, FALSE},
  {401, NULL, NULL, NULL, NULL, FALSE},
  {200, "1003", NULL, NULL, NULL, FALSE},
  {400, "1004", NULL, NULL, NULL, FALSE},
  {500, "1004", NULL, NULL, NULL, FALSE},
  /* something came of it: never once more */
  {401, "1003", "task_1", NULL, NULL, FALSE},
  {401, "1003", NULL, "session-1", NULL, FALSE},
  {401, "1003", NULL, NULL, "audio-1", FALSE},
};

GST_START_TEST (test_answers)
{
  g_autoptr (KlingSigner) signer = make_signer (NULL, ACCESS, SECRET);
  g_autoptr (KlingSigner) with_key = make_signer (KEY, NULL, NULL);
  g_auto (KlingAnswer) answer = {
    .status = answers[__i__].status,
    .code = g_strdup (answers[__i__].code),
    .task_id = g_strdup (answers[__i__].task_id),
    .session_id = g_strdup (answers[__i__].session_id),
    .audio_id = g_strdup (answers[__i__].audio_id),
  };
  gint64 date = kling_clock_wall_seconds () + HOUR;

  fail_unless_equals_int (kling_signer_set_clock (signer, &answer, date),
      answers[__i__].again);
  check_offset (signer, answers[__i__].again ? HOUR : 0);
  fail_if (kling_signer_set_clock (with_key, &answer, date));
}

GST_END_TEST;

/* --- what nobody is to see --- */

/* @token: the latest token. Returns: (transfer full): what is left of @text, in
 * which "@token@", "@claims@" and "@signature@" stand for it and its parts */
static gchar *
cut_out (KlingSigner * signer, const gchar * token, const gchar * text)
{
  g_auto (GStrv) parts = g_strsplit (token, ".", 3);
  g_autoptr (GString) said = g_string_new (text);
  gchar *left;

  g_string_replace (said, "@token@", token, 0);
  g_string_replace (said, "@claims@", parts[1], 0);
  g_string_replace (said, "@signature@", parts[2], 0);
  left = g_strdup (said->str);
  kling_signer_cut_out (signer, &left);
  return left;
}

static const struct
{
  const gchar *text, *left;
} texts[] = {
  {"", ""},
  {"fine", "fine"},
  {"Bad key " ACCESS, "Bad key ***"},
  {ACCESS SECRET ACCESS, "*********"},
  {"with " SECRET ".", "with ***."},
  {"Bearer @token@ is not", "Bearer *** is not"},
  {"@token@@token@", "******"},
  {"claims @claims@, signature @signature@", "claims ***, signature ***"},
  /* what is left where a text was too long */
  {"Bad key AK-planted-1...", "Bad key ***..."},
  {"Bad key AK-p...", "Bad key ***..."},
  {"SK-planted-42...", "***..."},
  {"AK-p... is too short", "AK-p... is too short"},
  {"AK-...", "AK-..."},
  {"AK-p", "AK-p"},
  {"...", "..."},
  {"AK...", "AK..."},
};

GST_START_TEST (test_cut_out)
{
  g_autoptr (KlingSigner) signer = make_signer (NULL, ACCESS, SECRET);
  g_autofree gchar *authorization = kling_signer_authorize (signer);
  g_autofree gchar *left = cut_out (signer, authorization + strlen (BEARER),
      texts[__i__].text);

  fail_unless_equals_string (left, texts[__i__].left);
}

GST_END_TEST;

/* A token is cut wherever a text ends: nothing of its claims is left. */
GST_START_TEST (test_cut_out_beginnings)
{
  g_autoptr (KlingSigner) signer = make_signer (NULL, ACCESS, SECRET);
  g_autofree gchar *authorization = kling_signer_authorize (signer);

  for (gsize n = strlen (BEARER) + 4; n <= strlen (authorization); n++) {
    g_autofree gchar *text = g_strdup_printf ("%.*s...", (gint) n,
        authorization);

    kling_signer_cut_out (signer, &text);
    fail_unless_equals_string (text, BEARER "***...");
  }
}

GST_END_TEST;

GST_START_TEST (test_cut_out_key)
{
  g_autoptr (KlingSigner) signer = make_signer (KEY, NULL, NULL);
  g_autoptr (KlingSigner) nobody = kling_signer_new (NULL);
  g_autofree gchar *text = g_strdup ("The key " KEY " and sk-planted...");
  gchar *nothing = NULL;

  kling_signer_cut_out (nobody, &text);
  fail_unless_equals_string (text, "The key " KEY " and sk-planted...");
  kling_signer_cut_out (signer, &text);
  fail_unless_equals_string (text, "The key *** and ***...");
  kling_signer_cut_out (signer, &nothing);
  fail_unless (nothing == NULL);
}

GST_END_TEST;

static Suite *
signer_suite (void)
{
  Suite *suite = suite_create ("signer");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_key);
  tcase_add_loop_test (tc, test_clocks, 0, G_N_ELEMENTS (clocks));
  tcase_add_loop_test (tc, test_answers, 0, G_N_ELEMENTS (answers));
  tcase_add_loop_test (tc, test_cut_out, 0, G_N_ELEMENTS (texts));
  tcase_add_test (tc, test_cut_out_beginnings);
  tcase_add_test (tc, test_cut_out_key);
  return suite;
}

GST_CHECK_MAIN (signer);
