/* klinglipsync tests: uploaded files that outlive the process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "upload-case.h"

/* --- which place --- */

/* Same letter, same place */
static const struct
{
  const gchar *address;
  gchar place;
} places[] = {
  {"https://host/dir/{name}", 'a'},
  {"HTTPS://Host:443/dir/{name}", 'a'},
  {"https://host/dir/{name}?sig=planted", 'a'},
  {"https://host/dir/{name}?sig=another&X-Amz-Date=1", 'a'},
  {"https://host/dir2/{name}", 'b'},
  {"https://host:8443/dir/{name}", 'c'},
  {"https://host2/dir/{name}", 'd'},
  {"post+https://host/dir/#field=f&url=/u", 'e'},
  {"s3://buck/pre?region=eu-west-3", 'f'},
  {"s3://buck/pre/?region=eu-west-3&expires=60", 'f'},
  {"s3://buck/pre2?region=eu-west-3", 'g'},
  {"s3://buck2/pre?region=eu-west-3", 'h'},
  {"s3://buck/pre?region=eu-west-3&endpoint=https://host/", 'i'},
  {"s3://buck/pre?region=eu-north-1&endpoint=https://HOST", 'i'},
  {"serve:0?public=https://my.host/", 'j'},
};

static gchar *
find_place (Case * c, const gchar * address)
{
  fail_unless (case_open (c, address), "%s: %s", address,
      c->error ? c->error->message : "");
  return kling_upload_dup_place (c->upload);
}

GST_START_TEST (test_place)
{
  g_autoptr (Case) c = case_new (1);

  case_set_aws (FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (places); i++) {
    g_autofree gchar *one = find_place (c, places[i].address);

    fail_unless (g_regex_match_simple ("^https://[a-z0-9.:-]+#[0-9a-f]{16}$",
            one, 0, 0), "%s", one);
    for (guint k = 0; k < i; k++) {
      g_autofree gchar *other = find_place (c, places[k].address);

      fail_unless (g_str_equal (one, other)
          == (places[i].place == places[k].place), "%s and %s",
          places[i].address, places[k].address);
    }
  }
}

GST_END_TEST;

/* Other credentials, same place; what a record says of it must not change. */
GST_START_TEST (test_place_without_credentials)
{
  static const gchar *const headers[] = { "Authorization", "planted", NULL };
  g_autoptr (Case) c = case_new (1);
  g_autofree gchar *put = find_place (c, "https://host/dir/{name}");
  g_autofree gchar *with_headers = NULL;
  g_autofree gchar *s3 = NULL;
  g_autofree gchar *with_token = NULL;

  fail_unless_equals_string (put, "https://host#ae451fb88ab1cf00");
  c->headers = headers;
  c->cleanup = FALSE;
  with_headers = find_place (c, "https://host/dir/{name}");
  fail_unless_equals_string (with_headers, put);
  c->headers = NULL;
  case_set_aws (FALSE);
  s3 = find_place (c, "s3://buck?region=eu-west-3");
  case_set_aws (TRUE);
  g_setenv ("AWS_ACCESS_KEY_ID", "AKOTHER", TRUE);
  with_token = find_place (c, "s3://buck?region=eu-west-3");
  fail_unless_equals_string (with_token, s3);
}

GST_END_TEST;

/* --- which file --- */

/* Puts a file somewhere, forgets it, and removes it as a later process would. */
static void
check_recall (Case * c, KlingTestServer * server, const gchar * address)
{
  g_autofree gchar *name = NULL;
  const KlingTestCall *put, *removed;

  fail_unless (case_put (c, address), "%s", c->error ? c->error->message : "");
  name = g_strdup (kling_uploaded_get_name (c->uploaded));
  fail_unless (name != NULL);
  put = kling_test_server_call (server, 0);
  fail_unless (strstr (put->path, name), "%s", put->path);
  g_clear_pointer (&c->uploaded, kling_uploaded_free);

  /* it is owed, whatever is to become of files that are uploaded from now on */
  c->cleanup = FALSE;
  fail_unless (case_open (c, address));
  c->uploaded = kling_upload_recall (c->upload, name, &c->error);
  fail_unless (c->uploaded != NULL);
  fail_unless (kling_uploaded_is_owed (c->uploaded));
  fail_unless_equals_string (kling_uploaded_get_name (c->uploaded), name);
  fail_unless (case_remove (c), "%s", c->error ? c->error->message : "");
  fail_if (kling_uploaded_is_owed (c->uploaded));
  fail_unless (kling_uploaded_get_name (c->uploaded) == NULL);
  removed = kling_test_server_call (server, 1);
  fail_unless_equals_string (removed->method, "DELETE");
  fail_unless_equals_string (removed->path, put->path);
  fail_unless_equals_int (kling_test_server_count (server, NULL, NULL), 2);
}

static const KlingTestStep put_steps[] = { {"PUT"}, {"DELETE"} };

GST_START_TEST (test_recall_put)
{
  g_autoptr (KlingTestServer) server = START_SERVER (put_steps);
  g_autoptr (Case) c = case_new (10);
  g_autofree gchar *address =
      kling_test_server_url (server, "/dir/{name}?sig=planted");

  check_recall (c, server, address);
}

GST_END_TEST;

GST_START_TEST (test_recall_s3)
{
  g_autoptr (KlingTestServer) server = START_SERVER (put_steps);
  g_autoptr (Case) c = case_new (10);
  g_autofree gchar *endpoint = kling_test_server_url (server, "/s3/");
  g_autofree gchar *address = g_strdup_printf
      ("s3://buck/a%%20b+c?region=eu-west-3&endpoint=%s", endpoint);

  case_set_aws (TRUE);
  check_recall (c, server, address);
  fail_unless (kling_test_server_call (server, 1)->authorization != NULL);
}

GST_END_TEST;

/* One that cannot be removed is still owed. */
GST_START_TEST (test_recall_refused)
{
  static const KlingTestStep steps[] = { {"DELETE",.status = 403} };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = case_new (10);
  g_autofree gchar *address = kling_test_server_url (server, "/{name}");
  g_autofree gchar *words = NULL;
  g_autofree gchar *expected = NULL;

  fail_unless (case_open (c, address));
  c->uploaded = kling_upload_recall (c->upload, "0123-planted.wav", &c->error);
  fail_unless (c->uploaded != NULL);
  words = kling_uploaded_describe (c->uploaded);
  expected = g_strdup_printf ("the file at %s, if it has arrived",
      kling_upload_get_shown (c->upload));
  fail_unless_equals_string (words, expected);
  fail_if (case_remove (c));
  case_check_error (c, KLING_ERROR_NOT_AUTHORIZED, "delete it by hand");
  fail_unless (kling_uploaded_is_owed (c->uploaded));
}

GST_END_TEST;

/* What is deleted comes from a file that anything may have happened to. */
GST_START_TEST (test_names)
{
  static const gchar *const wrong[] = { NULL, "", ".", "..", ".htaccess",
    "a/b.wav", "a%2fb.wav", "a b.wav", "a\\b", "a?b", "a#b", "a\nb", "{name}",
    "a_b.wav", "\xc3\xa4.wav",
  };
  g_autoptr (Case) c = case_new (1);
  g_autofree gchar *longest = g_strnfill (200, 'a');
  g_autofree gchar *too_long = g_strnfill (201, 'a');

  fail_unless (case_open (c, "https://host/dir/{name}"));
  for (guint i = 0; i <= G_N_ELEMENTS (wrong); i++) {
    const gchar *name = i < G_N_ELEMENTS (wrong) ? wrong[i] : too_long;

    g_clear_error (&c->error);
    fail_unless (kling_upload_recall (c->upload, name, &c->error) == NULL,
        "%s", name);
    case_check_error (c, KLING_ERROR_LOCAL, "Nothing was removed");
  }
  g_clear_error (&c->error);
  c->uploaded = kling_upload_recall (c->upload, longest, &c->error);
  fail_unless (c->uploaded != NULL);
}

GST_END_TEST;

/* Where no later process can remove a file, there is nothing to write down. */
GST_START_TEST (test_no_names)
{
  static const KlingTestStep steps[] = {
    {"PUT"}, {"POST",.body = "{\"url\":\"http://127.0.0.1:1/f.wav\"}"},
  };
  static const struct
  {
    const gchar *before;
    const gchar *path;
    gboolean owed;
  } cases[] = {
    {"post+", "/", TRUE},
    {"", "/one.wav", TRUE},
    {"serve:0?public=", "/", FALSE},
  };
  g_autoptr (KlingTestServer) server = START_SERVER (steps);
  g_autoptr (Case) c = case_new (10);

  fail_unless (case_put_at (c, server, cases[__i__].before, cases[__i__].path),
      "%s", c->error ? c->error->message : "");
  fail_unless_equals_int (kling_uploaded_is_owed (c->uploaded),
      cases[__i__].owed);
  fail_unless (kling_uploaded_get_name (c->uploaded) == NULL);
  fail_unless (kling_upload_recall (c->upload, "a.wav", &c->error) == NULL);
  case_check_error (c, KLING_ERROR_SETTINGS, "does not find it by its name");
}

GST_END_TEST;

/* Nor is there anything to write down of a file that may stay. */
GST_START_TEST (test_not_owed)
{
  g_autoptr (KlingTestServer) server = START_SERVER (put_steps);
  g_autoptr (Case) c = case_new (10);

  c->cleanup = FALSE;
  fail_unless (case_put_at (c, server, "", "/{name}"));
  fail_unless (kling_uploaded_get_name (c->uploaded) == NULL);
}

GST_END_TEST;

static Suite *
upload_recall_suite (void)
{
  Suite *s = suite_create ("upload-recall");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_place);
  tcase_add_test (tc, test_place_without_credentials);
  tcase_add_test (tc, test_recall_put);
  tcase_add_test (tc, test_recall_s3);
  tcase_add_test (tc, test_recall_refused);
  tcase_add_test (tc, test_names);
  tcase_add_loop_test (tc, test_no_names, 0, 3);
  tcase_add_test (tc, test_not_owed);
  return s;
}

int
main (int argc, char **argv)
{
  g_setenv ("KLING_TEST_SPEED", CASE_SPEED, TRUE);
  gst_check_init (&argc, &argv);
  return gst_check_run_suite (upload_recall_suite (), "upload-recall",
      __FILE__);
}
