/* klinglipsync tests: which part of the speech is said, and when
 *
 * The bounds of the service, each a millisecond before, at and after it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include <string.h>

#include "kling-cut.h"
#include "kling-dialect.h"
#include "kling-error.h"

/* What is not known, or was left open */
#define OPEN -1
#define NOT_SEEN OPEN, OPEN
#define SETTINGS KLING_ERROR_SETTINGS
#define INPUT KLING_ERROR_INPUT
/* The words that the error must have */
#define MAX_WORDS 4

static const KlingLimits *
get_limits (void)
{
  return &kling_dialect_get (KLING_DIALECT_OFFICIAL)->limits;
}

static KlingRequest *
make_request (gint64 start, gint64 end, gint64 insert)
{
  KlingRequest *request = kling_request_new ();

  request->audio_start = start;
  request->audio_end = end;
  request->insert_time = insert;
  return request;
}

static void
check_error (const GError * error, gint code, const gchar * const *words)
{
  fail_unless (g_error_matches (error, KLING_ERROR, code), "%s",
      error->message);
  fail_unless (g_str_has_suffix (error->message, "."), "%s", error->message);
  for (guint i = 0; i < MAX_WORDS && words[i]; i++)
    fail_unless (strstr (error->message, words[i]) != NULL,
        "\"%s\" is not in \"%s\"", words[i], error->message);
}

/* ---- which part ---- */

static const struct
{
  gint64 start, end, length;    /* asked for, and of the audio */
  gint64 cut_start, cut_end;    /* OPEN: there is an error */
  gint code;
  const gchar *words[MAX_WORDS];
} parts[] = {
  /* all of it */
  {0, OPEN, 3100, 0, 3100},
  {1000, OPEN, 3100, 1000, 3100},
  {0, 3000, 3100, 0, 3000},
  /* the least there is */
  {0, OPEN, 1999, OPEN, OPEN, INPUT, {"1.999 s", "2 s", "longer"}},
  {0, OPEN, 2000, 0, 2000},
  {0, OPEN, 2001, 0, 2001},
  {0, 1999, 5000, OPEN, OPEN, INPUT, {"1.999 s", "2 s"}},
  {0, 2000, 5000, 0, 2000},
  {0, 2001, 5000, 0, 2001},
  {1001, 3000, 5000, OPEN, OPEN, INPUT, {"1.999 s", "1.001 s", "3.000 s"}},
  {1000, 3000, 5000, 1000, 3000},
  {999, 3000, 5000, 999, 3000},
  {3001, OPEN, 5000, OPEN, OPEN, INPUT, {"1.999 s", "3.001 s", "5.000 s"}},
  {3000, OPEN, 5000, 3000, 5000},
  {6000, OPEN, 5000, OPEN, OPEN, INPUT, {" 0.000 s", "6.000 s", "5.000 s"}},
  /* the end of the audio */
  {0, 4999, 5000, 0, 4999},
  {0, 5000, 5000, 0, 5000},
  {0, 5001, 5000, OPEN, OPEN, SETTINGS, {"audio-end", "5.001 s", "5.000 s"}},
  /* a length that is not known */
  {0, OPEN, OPEN, OPEN, OPEN, SETTINGS, {"audio-end"}},
  {0, 5001, OPEN, 0, 5001},
  {500, 2499, OPEN, OPEN, OPEN, INPUT, {"1.999 s"}},
  {500, 2500, OPEN, 500, 2500},
  /* the most there is; a file that is a little too long was warned about */
  {0, 59999, OPEN, 0, 59999},
  {0, 60000, OPEN, 0, 60000},
  {0, 60001, OPEN, OPEN, OPEN, INPUT, {"60.001 s", "60 s", "shorter"}},
  {1, 60001, OPEN, 1, 60001},
  {0, OPEN, 60000, 0, 60000},
  {0, OPEN, 60001, 0, 60000},
  {0, OPEN, 60600, 0, 60000},
  {0, OPEN, 60601, OPEN, OPEN, INPUT, {"60.601 s", "60 s", "audio-end"}},
  {100, OPEN, 60101, 100, 60100},
};

GST_START_TEST (test_part)
{
  g_autoptr (KlingRequest) request = make_request (parts[__i__].start,
      parts[__i__].end, OPEN);
  g_autoptr (GError) error = NULL;
  KlingCut cut = { 7, 7, 7 };
  gboolean good = kling_cut_choose (&cut, request, parts[__i__].length,
      get_limits (), &error);

  fail_unless_equals_int (good, parts[__i__].cut_end != OPEN);
  if (!good) {
    check_error (error, parts[__i__].code, parts[__i__].words);
    return;
  }
  fail_unless (error == NULL);
  fail_unless_equals_int64 (cut.start, parts[__i__].cut_start);
  fail_unless_equals_int64 (cut.end, parts[__i__].cut_end);
}

GST_END_TEST;

/* ---- when ---- */

static const struct
{
  gint64 length;                /* of the part */
  gint64 insert;                /* asked for */
  gint64 face_start, face_end;
  gint64 video;
  gint64 inserted;              /* OPEN: there is an error */
  const gchar *words[MAX_WORDS];
} places[] = {
  /* nothing is known */
  {3000, OPEN, NOT_SEEN, OPEN, 0},
  {3000, 0, NOT_SEEN, OPEN, 0},
  {3000, 90000, NOT_SEEN, OPEN, 90000},
  /* left open: from the beginning, or when the face appears */
  {3000, OPEN, 0, 9000, OPEN, 0},
  {3000, OPEN, 999, 9000, OPEN, 0},
  {3000, OPEN, 1000, 9000, OPEN, 0},
  {3000, OPEN, 1001, 9000, OPEN, 1001},
  {3000, OPEN, 0, 1999, OPEN, OPEN, {"0.000 s to 3.000 s",
          "0.000 s to 1.999 s", "face f1", "insert-time"}},
  {3000, OPEN, 0, 2000, OPEN, 0},
  {3000, OPEN, 5000, 6999, OPEN, OPEN, {"5.000 s to 8.000 s",
          "5.000 s to 6.999 s", "2 s"}},
  {3000, OPEN, 5000, 7000, OPEN, 5000},
  /* asked for: before the face */
  {3000, 2999, 4000, 9000, OPEN, OPEN, {"2.999 s to 5.999 s",
          "4.000 s to 9.000 s", "face-id"}},
  {3000, 3000, 4000, 9000, OPEN, 3000},
  {3000, 3001, 4000, 9000, OPEN, 3001},
  /* and after it */
  {3000, 6999, 4000, 9000, OPEN, 6999},
  {3000, 7000, 4000, 9000, OPEN, 7000},
  {3000, 7001, 4000, 9000, OPEN, OPEN, {"7.001 s to 10.001 s",
          "4.000 s to 9.000 s"}},
  {3000, 20000, 4000, 9000, OPEN, OPEN, {"20.000 s to 23.000 s"}},
  {3000, 0, 20000, 29000, OPEN, OPEN, {"0.000 s to 3.000 s"}},
  /* asked for is asked for: it is not moved to where the face is */
  {3000, 0, 5000, 9000, OPEN, OPEN, {"0.000 s to 3.000 s"}},
  /* the end of the video */
  {3000, OPEN, NOT_SEEN, 2999, OPEN, {"0.000 s to 3.000 s", "2.999 s long",
          "insert-time", "audio-end"}},
  {3000, OPEN, NOT_SEEN, 3000, 0},
  {3000, OPEN, NOT_SEEN, 3001, 0},
  {3000, 1000, NOT_SEEN, 3999, OPEN, {"1.000 s to 4.000 s", "3.999 s long"}},
  {3000, 1000, NOT_SEEN, 4000, 1000},
  {3000, 1000, NOT_SEEN, 4001, 1000},
  {3000, OPEN, 6001, 9000, 9000, OPEN, {"6.001 s to 9.001 s", "9.000 s long"}},
  {3000, OPEN, 6000, 9000, 9000, 6000},
  /* the service may say that a face is seen after the end of the video */
  {3000, OPEN, 0, 9050, 3000, 0},
};

GST_START_TEST (test_place)
{
  g_autoptr (KlingRequest) request = make_request (0, OPEN,
      places[__i__].insert);
  g_autoptr (GError) error = NULL;
  KlingFace face = { (gchar *) "f1", NULL, places[__i__].face_start,
    places[__i__].face_end
  };
  KlingCut cut = { 500, 500 + places[__i__].length, 7 };
  gboolean good = kling_cut_place (&cut, request, &face, places[__i__].video,
      &error);

  fail_unless_equals_int (good, places[__i__].inserted != OPEN);
  if (!good) {
    check_error (error, INPUT, places[__i__].words);
    return;
  }
  fail_unless (error == NULL);
  fail_unless_equals_int64 (cut.insert, places[__i__].inserted);
  fail_unless_equals_int64 (cut.start, 500);
  fail_unless_equals_int64 (cut.end, 500 + places[__i__].length);
}

GST_END_TEST;

/* Of a session that the user has, nothing is known. */
GST_START_TEST (test_no_face)
{
  g_autoptr (KlingRequest) request = make_request (0, OPEN, 4000);
  KlingCut cut = { 0, 3000, 7 };

  fail_unless (kling_cut_place (&cut, request, NULL, OPEN, NULL));
  fail_unless_equals_int64 (cut.insert, 4000);
  fail_if (kling_cut_place (&cut, request, NULL, 6999, NULL));
  fail_unless (kling_cut_place (&cut, request, NULL, 7000, NULL));
}

GST_END_TEST;

static Suite *
cut_suite (void)
{
  Suite *suite = suite_create ("cut");
  TCase *tcase = tcase_create ("cut");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_part, 0, G_N_ELEMENTS (parts));
  tcase_add_loop_test (tcase, test_place, 0, G_N_ELEMENTS (places));
  tcase_add_test (tcase, test_no_face);
  return suite;
}

GST_CHECK_MAIN (cut);
