/* klinglipsync tests: asked again, bought or not
 *
 * What was bought plays for ever, without a service and without a key. Whatever
 * makes another video is another purchase; whatever does not, such as a
 * signature that is made anew, another key or another place to upload to, is
 * none.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "faults-helper.h"

#define TEXT "I am going to be asked for more than once, and paid for once."

static const gchar *const dialects[] = { "gateway", "official" };

static void
check_same_video (KlingFaultsRun * first, KlingFaultsRun * second)
{
  g_autofree gchar *a = NULL, *b = NULL;
  gsize a_size, b_size;

  kling_faults_check_end (second, FAULTS_WELL);
  fail_unless (g_file_get_contents (first->video, &a, &a_size, NULL));
  fail_unless (g_file_get_contents (second->video, &b, &b_size, NULL));
  kling_faults_check (second, a_size == b_size && memcmp (a, b, a_size) == 0,
      "It is another video");
}

/* Runs @request; it pays for one more video. */
static KlingFaultsRun *
buy (KlingFaultsRequest * request)
{
  gint64 paid = kling_faults_paid (request->faults);
  KlingFaultsRun *run = kling_faults_run (request, NULL);

  kling_faults_check_video (run, NULL);
  kling_faults_check (run, kling_faults_paid (request->faults) == paid + 1,
      "It was not bought once");
  return run;
}

/* Runs @request; it is @bought, and nobody is called. */
static void
play (KlingFaultsRequest * request, KlingFaultsRun * bought)
{
  guint calls = kling_faults_calls (request->faults);
  g_autoptr (KlingFaultsRun) run = kling_faults_run (request, NULL);

  check_same_video (bought, run);
  kling_faults_check (run, kling_faults_calls (request->faults) == calls,
      "The service was called for a video that is here");
}

static KlingFaultsRequest *
make_spoken (KlingFaults * faults, guint8 sample)
{
  KlingFaultsRequest *request = kling_faults_request_new (faults, NULL);
  g_autofree gchar *path = kling_faults_make_wav (faults, 2500, sample);

  kling_faults_request_say (request, path);
  return request;
}

GST_START_TEST (test_without_service)
{
  g_autoptr (KlingFaults) faults = kling_faults_new (dialects[__i__ % 2],
      "0.1");
  g_autoptr (KlingFaultsRequest) request = __i__ < 2
      ? kling_faults_request_new (faults, TEXT) : make_spoken (faults, 1);
  g_autoptr (KlingFaultsRun) first = buy (request);
  g_autoptr (KlingFaultsRun) second = NULL;

  kling_test_sandbox_kill (faults->sandbox);
  kling_faults_request_setenv (request, "KLING_API_KEY", NULL);
  second = kling_faults_run (request, NULL);
  check_same_video (first, second);
}

GST_END_TEST;

GST_START_TEST (test_another_word)
{
  g_autoptr (KlingFaults) faults = kling_faults_new (dialects[__i__], "0.1");
  g_autoptr (KlingFaultsRequest) request =
      kling_faults_request_new (faults, TEXT);
  g_autoptr (KlingFaultsRun) first = buy (request);
  g_autoptr (KlingFaultsRun) word = NULL, voice = NULL;

  kling_faults_request_set (request, "text", TEXT " Twice.");
  word = buy (request);
  play (request, word);
  kling_faults_request_set (request, "voice-id", "uk_man2");
  voice = buy (request);
  play (request, voice);
  kling_faults_request_set (request, "voice-id", "oversea_male1");
  play (request, word);
  kling_faults_request_set (request, "text", TEXT);
  play (request, first);
}

GST_END_TEST;

GST_START_TEST (test_another_sample)
{
  g_autoptr (KlingFaults) faults = kling_faults_new (dialects[__i__], "0.1");
  g_autoptr (KlingFaultsRequest) request = make_spoken (faults, 1);
  g_autoptr (KlingFaultsRequest) other = make_spoken (faults, 2);
  g_autoptr (KlingFaultsRequest) same = make_spoken (faults, 1);
  g_autoptr (KlingFaultsRun) first = buy (request);
  g_autoptr (KlingFaultsRun) sample = NULL;

  kling_faults_request_use_store (other, request->store);
  kling_faults_request_use_store (same, request->store);
  sample = buy (other);
  play (other, sample);
  play (same, first);
}

GST_END_TEST;

static void
set_signed_video (KlingFaultsRequest * request, const gchar * date,
    const gchar * signature)
{
  g_autofree gchar *path = g_strdup_printf (FAULTS_FACE "?X-Amz-Algorithm="
      "AWS4-HMAC-SHA256&X-Amz-Date=%s&X-Amz-Expires=3600&X-Amz-Signature=%s",
      date, signature);
  g_autofree gchar *url =
      kling_test_sandbox_url (request->faults->sandbox, path);

  kling_faults_request_set (request, "video-url", url);
}

GST_START_TEST (test_another_signature)
{
  g_autoptr (KlingFaults) faults = kling_faults_new (dialects[__i__], "0.1");
  g_autoptr (KlingFaultsRequest) request =
      kling_faults_request_new (faults, TEXT);
  g_autoptr (KlingFaultsRun) first = NULL;

  set_signed_video (request, "20260101T000000Z", "aa11");
  first = buy (request);
  set_signed_video (request, "20260202T111111Z", "bb22");
  play (request, first);
  kling_faults_request_setenv (request, "KLING_API_KEY", "another");
  play (request, first);
}

GST_END_TEST;

GST_START_TEST (test_another_place)
{
  g_autoptr (KlingFaults) faults = kling_faults_new (dialects[__i__], "0.1");
  g_autoptr (KlingFaultsRequest) request = make_spoken (faults, 1);
  g_autoptr (KlingFaultsRun) first = buy (request);
  g_autofree gchar *place = kling_test_sandbox_url (faults->sandbox,
      "/sandbox/uploads/other-{name}");

  kling_faults_request_set (request, "upload", place);
  play (request, first);
  kling_faults_request_set (request, "upload", "serve:0");
  play (request, first);
}

GST_END_TEST;

GST_START_TEST (test_another_take)
{
  g_autoptr (KlingFaults) faults = kling_faults_new (dialects[__i__], "0.1");
  g_autoptr (KlingFaultsRequest) request =
      kling_faults_request_new (faults, TEXT);
  g_autoptr (KlingFaultsRun) first = buy (request);
  g_autoptr (KlingFaultsRun) second = NULL;

  kling_faults_request_set (request, "take", "2");
  second = buy (request);
  for (guint i = 0; i < 3; i++)
    play (request, second);
  kling_faults_request_set (request, "take", NULL);
  play (request, first);
}

GST_END_TEST;

static Suite *
again_suite (void)
{
  Suite *suite = suite_create ("again");
  TCase *tcase = tcase_create ("again");
  guint n = G_N_ELEMENTS (dialects);

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_without_service, 0, 2 * n);
  tcase_add_loop_test (tcase, test_another_word, 0, n);
  tcase_add_loop_test (tcase, test_another_sample, 0, n);
  tcase_add_loop_test (tcase, test_another_signature, 0, n);
  tcase_add_loop_test (tcase, test_another_place, 0, n);
  tcase_add_loop_test (tcase, test_another_take, 0, n);
  return suite;
}

GST_CHECK_MAIN (again);
