/* klinglipsync tests: files from pads to real places, and away again
 *
 * Raw audio and a video file come into the pads; the sandbox is the service,
 * and what it fetched is compared with what was sent. The places are nginx and
 * a server that checks the signatures of S3. Each keeps a log, which says whose
 * credentials came with each request. Where they are not installed, this is
 * skipped.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-upload.h"

#include <string.h>

#include "kling-testplaces.h"

#define S3_TOKEN "session/token+of=the-tests"
/* Characters of the random part of a name, with its extension */
#define RANDOM_NAME (32 + 4)

/* ---- the places ---- */

static KlingTestPlace *
use_nginx (KlingTestSender * sender)
{
  KlingTestPlace *nginx = kling_test_place_start_nginx ();
  g_autofree gchar *public_url = NULL;

  fail_unless (nginx != NULL, "nginx is needed for this test");
  public_url = g_strconcat (kling_test_place_get_url (nginx),
      "/public/{name}", NULL);
  kling_test_sender_set_place (sender, "%s/files/{name}",
      kling_test_place_get_url (nginx));
  g_object_set (sender->run->lipsync, "upload-public-url", public_url, NULL);
  kling_test_set_upload_header (sender->run, "Authorization",
      KLING_TEST_PLACE_AUTHORIZATION);
  return nginx;
}

static KlingTestPlace *
use_s3 (KlingTestSender * sender, const gchar * token)
{
  KlingTestPlace *s3 = kling_test_place_start_s3 (token);

  fail_unless (s3 != NULL, "botocore is needed for this test");
  g_setenv ("AWS_ACCESS_KEY_ID", KLING_TEST_PLACE_ACCESS_KEY, TRUE);
  g_setenv ("AWS_SECRET_ACCESS_KEY", KLING_TEST_PLACE_SECRET_KEY, TRUE);
  g_setenv ("AWS_SESSION_TOKEN", token ? token : "", TRUE);
  kling_test_sender_set_place (sender, "s3://" KLING_TEST_PLACE_BUCKET
      "/from us?region=" KLING_TEST_PLACE_REGION "&endpoint=%s",
      kling_test_place_get_url (s3));
  return s3;
}

static guint
count_files (KlingTestPlace * place)
{
  g_auto (GStrv) names = kling_test_place_list_files (place);

  return g_strv_length (names);
}

/* How many requests there were with @method, each with @credential */
static guint
count_requests (JsonArray * log, const gchar * method, const gchar * credential)
{
  guint n = 0;

  for (guint i = 0; i < json_array_get_length (log); i++) {
    JsonObject *line = json_array_get_object_element (log, i);

    if (!g_str_equal (json_object_get_string_member (line, "method"), method))
      continue;
    n++;
    fail_unless_equals_string (json_object_get_string_member (line,
            "credential"), credential);
    fail_unless (json_object_get_int_member (line, "status") < 300);
  }
  return n;
}

/* Two files came, were read by us and by the service, and went; nothing else
 * was asked for. */
static void
check_requests (KlingTestPlace * place, const gchar * reading, guint deleted)
{
  g_autoptr (JsonArray) log = kling_test_place_get_log (place);

  fail_unless_equals_int (count_requests (log, "PUT", "upload"), 2);
  fail_unless_equals_int (count_requests (log, "GET", reading), 4);
  fail_unless_equals_int (count_requests (log, "DELETE", "upload"), deleted);
  fail_unless_equals_int (json_array_get_length (log), 6 + deleted);
}

/* ---- each kind of place ---- */

GST_START_TEST (test_nginx)
{
  g_autoptr (KlingTestSender) sender = kling_test_sender_new ("0.1");
  g_autoptr (KlingTestPlace) nginx = use_nginx (sender);

  kling_test_sender_play_to_end (sender);
  kling_test_sender_check_made (sender);
  check_requests (nginx, "none", 2);
  fail_unless_equals_int (count_files (nginx), 0);
}

GST_END_TEST;

static const gchar *const tokens[] = { NULL, S3_TOKEN };

/* The service is not asked for any credentials: they are in the URL. */
GST_START_TEST (test_s3)
{
  g_autoptr (KlingTestSender) sender = kling_test_sender_new ("0.1");
  g_autoptr (KlingTestPlace) s3 = use_s3 (sender, tokens[__i__]);

  kling_test_sender_play_to_end (sender);
  kling_test_sender_check_made (sender);
  check_requests (s3, "presigned", 2);
  fail_unless_equals_int (count_files (s3), 0);
}

GST_END_TEST;

/* ---- how tasks end, and what is left ---- */

GST_START_TEST (test_no_cleanup)
{
  g_autoptr (KlingTestSender) sender = kling_test_sender_new ("0.1");
  g_autoptr (KlingTestPlace) nginx = use_nginx (sender);
  g_auto (GStrv) names = NULL;

  g_object_set (sender->run->lipsync, "upload-cleanup", FALSE, NULL);
  kling_test_sender_play_to_end (sender);
  kling_test_sender_check_made (sender);
  check_requests (nginx, "none", 0);
  names = kling_test_place_list_files (nginx);
  fail_unless_equals_int (g_strv_length (names), 2);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GBytes) file = kling_test_place_get_file (nginx, names[i]);
    g_autofree gchar *digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256,
        file);

    /* named after what is in them: the samples, or all of the file */
    fail_unless_equals_int (strlen (names[i]), strlen (digest) + 4);
    if (g_str_has_suffix (names[i], ".mp4"))
      fail_unless (g_str_has_prefix (names[i], digest));
  }
}

GST_END_TEST;

/* A warning may help to find a file for the one whose place it is, and nobody
 * else. */
static void
check_no_secret (const gchar * text, gchar ** names)
{
  for (guint i = 0; names[i]; i++) {
    const gchar *random = strrchr (names[i], '-');

    fail_unless (random != NULL && strlen (random) > RANDOM_NAME);
    fail_unless (strstr (text, names[i]) == NULL, "%s", text);
    fail_unless (strstr (text, random + 1) == NULL, "%s", text);
  }
  fail_unless (strstr (text, "?") == NULL, "%s", text);
  fail_unless (strstr (text, "X-Amz") == NULL, "%s", text);
}

/* Whether there is a task, nobody knows; so the files stay. */
GST_START_TEST (test_unknown_outcome)
{
  g_autoptr (KlingTestSender) sender = kling_test_sender_new ("0.1");
  g_autoptr (KlingTestPlace) s3 = use_s3 (sender, S3_TOKEN);
  g_auto (GStrv) names = NULL;
  const gchar *warnings;

  kling_test_sandbox_add_fault (sender->sandbox,
      "{\"match\": {\"kind\": \"create\"}, \"do\": {\"reset\": true}}");
  kling_test_sender_play (sender);
  kling_test_run_error (sender->run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SYNC);
  kling_test_run_set (sender->run, GST_STATE_NULL);
  kling_test_sender_check_paid (sender, 1, 1);
  names = kling_test_place_list_files (s3);
  fail_unless_equals_int (g_strv_length (names), 2);
  warnings = kling_test_get_warnings (sender->run);
  kling_test_check_contains (warnings, "...wav at http://127.0.0.1");
  kling_test_check_contains (warnings, "...mp4 at http://127.0.0.1");
  check_no_secret (warnings, names);

  /* nothing is sent again */
  kling_test_sender_play (sender);
  kling_test_run_error (sender->run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SYNC);
  kling_test_run_set (sender->run, GST_STATE_NULL);
  kling_test_sender_check_paid (sender, 1, 1);
  fail_unless_equals_int (count_files (s3), 2);
}

GST_END_TEST;

static gboolean
places_are_there (void)
{
  g_autoptr (KlingTestPlace) nginx = kling_test_place_start_nginx ();
  g_autoptr (KlingTestPlace) s3 = kling_test_place_start_s3 (NULL);

  return nginx != NULL && s3 != NULL;
}

static Suite *
places_suite (void)
{
  Suite *suite = suite_create ("places");
  TCase *tcase = tcase_create ("places");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_nginx);
  tcase_add_loop_test (tcase, test_s3, 0, G_N_ELEMENTS (tokens));
  tcase_add_test (tcase, test_no_cleanup);
  tcase_add_test (tcase, test_unknown_outcome);
  return suite;
}

int
main (int argc, char **argv)
{
  gst_check_init (&argc, &argv);
  /* what meson calls skipped */
  if (!places_are_there ())
    return 77;
  return gst_check_run_suite (places_suite (), "places", __FILE__);
}
