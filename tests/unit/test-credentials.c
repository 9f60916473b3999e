/* klinglipsync: tests of where keys come from
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "kling-credentials.h"
#include "kling-error.h"

#define BASE "https://ai.alad.com"
#define KEY "sk-planted-4711"

/* The directory of this run; GLib reads XDG_CONFIG_HOME once, so main() sets
 * it. */
static gchar *directory;
static gchar *file;

static void
setup (void)
{
  g_unsetenv ("KLING_API_KEY");
  file = g_build_filename (directory, "keys", NULL);
}

static void
teardown (void)
{
  g_autofree gchar *path = kling_credentials_default_file ();
  g_autofree gchar *parent = g_path_get_dirname (path);

  g_unlink (path);
  g_rmdir (parent);
  g_unlink (file);
  g_rmdir (file);
  g_clear_pointer (&file, g_free);
  g_unsetenv ("KLING_API_KEY");
}

static void
write_file (const gchar * path, const gchar * text, gssize size, gint mode)
{
  fail_unless (g_file_set_contents (path, text, size, NULL));
  fail_unless (g_chmod (path, mode) == 0);
}

static void
check_found (const gchar * property, const gchar * path, const gchar * base,
    const gchar * key, const gchar * source)
{
  g_autoptr (KlingSecret) secret = property ? kling_secret_new (property) :
      NULL;
  g_autofree gchar *found_in = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlingSecret) found = kling_credentials_find (secret, path, base,
      &found_in, &error);

  fail_unless (found != NULL, "%s", error ? error->message : "");
  fail_if (error);
  fail_unless_equals_string (kling_secret_peek (found), key);
  fail_unless_equals_string (found_in, source);
}

/* Not found or refused; @word is in the sentence, the key is not. */
static void
check_refused (const gchar * property, const gchar * path, const gchar * word)
{
  g_autoptr (KlingSecret) secret = property ? kling_secret_new (property) :
      NULL;
  gchar *source = (gchar *) "untouched";
  g_autoptr (GError) error = NULL;

  fail_if (kling_credentials_find (secret, path, BASE, &source, &error));
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_CREDENTIALS));
  fail_unless (source == NULL);
  fail_unless (strstr (error->message, word), "%s does not say %s",
      error->message, word);
  fail_if (strstr (error->message, "planted"), "%s", error->message);
}

GST_START_TEST (test_order)
{
  g_autofree gchar *source = g_strdup_printf ("file %s", file);

  write_file (file, "[klinglipsync]\napi-key=from-file\n", -1, 0600);
  check_found (NULL, file, BASE, "from-file", source);
  g_setenv ("KLING_API_KEY", "from-environment", TRUE);
  check_found (NULL, file, BASE, "from-environment",
      "environment KLING_API_KEY");
  check_found ("from-property", file, BASE, "from-property",
      "property api-key");
  check_found (" \n", file, BASE, "from-environment",
      "environment KLING_API_KEY");
  g_setenv ("KLING_API_KEY", "", TRUE);
  check_found ("", file, BASE, "from-file", source);
}

GST_END_TEST;

GST_START_TEST (test_nothing)
{
  g_autofree gchar *path = kling_credentials_default_file ();

  fail_unless (g_str_has_prefix (path, directory));
  fail_unless (g_str_has_suffix (path, "/klinglipsync/credentials"));
  check_refused (NULL, NULL, "KLING_API_KEY");
  check_refused (NULL, NULL, "property api-key");
  check_refused (NULL, NULL, "kling-sandbox");
  check_refused (NULL, "", path);
}

GST_END_TEST;

GST_START_TEST (test_default_file)
{
  g_autofree gchar *path = kling_credentials_default_file ();
  g_autofree gchar *parent = g_path_get_dirname (path);
  g_autofree gchar *source = g_strdup_printf ("file %s", path);

  g_mkdir_with_parents (parent, 0700);
  write_file (path, "[klinglipsync]\napi-key=by-default\n", -1, 0600);
  check_found (NULL, NULL, BASE, "by-default", source);
  g_chmod (path, 0644);
  check_refused (NULL, NULL, "chmod 600");
  write_file (path, "[klinglipsync]\n", -1, 0600);
  check_refused (NULL, NULL, "KLING_API_KEY");
}

GST_END_TEST;

static const struct
{
  const gchar *base;
  const gchar *key;
} services[] = {
  {"https://ai.alad.com", "alad"},
  {"https://AI.alad.com:443/prefix", "alad"},
  {"http://127.0.0.1:8080", "local"},
  {"http://127.0.0.1:8081", "general"},
  {"http://ai.alad.com", "general"},
  {"https://keyless.example", "general"},
  {"https://other.example", "general"},
  {NULL, "general"},
};

/* A key goes to the service it was given for. */
GST_START_TEST (test_groups)
{
  g_autofree gchar *source = g_strdup_printf ("file %s", file);

  write_file (file, "# mine\n"
      "[https://ai.alad.com]\napi-key=alad\n"
      "[klinglipsync]\napi-key = general \n"
      "[https://keyless.example]\nother=1\n"
      "[http://127.0.0.1:8080/]\napi-key=local\n", -1, 0400);
  check_found (NULL, file, services[__i__].base, services[__i__].key, source);
}

GST_END_TEST;

GST_START_TEST (test_modes)
{
  static const gint open_modes[] = { 0640, 0604, 0620, 0660, 0666, 0644, 0601 };

  write_file (file, "[klinglipsync]\napi-key=" KEY "\n", -1, 0600);
  for (guint i = 0; i < G_N_ELEMENTS (open_modes); i++) {
    g_autofree gchar *mode = g_strdup_printf ("%04o", open_modes[i]);

    fail_unless (g_chmod (file, open_modes[i]) == 0);
    check_refused (NULL, file, "chmod 600");
    check_refused (NULL, file, file);
    check_refused (NULL, file, mode);
  }
}

GST_END_TEST;

GST_START_TEST (test_not_a_file)
{
  check_refused (NULL, file, "cannot be opened");
  fail_unless (g_mkdir (file, 0700) == 0);
  check_refused (NULL, file, "regular file");
  g_rmdir (file);
  fail_unless (mkfifo (file, 0600) == 0);
  check_refused (NULL, file, "regular file");
}

GST_END_TEST;

/* Managers of dot-files make links: what they lead to is what counts. */
GST_START_TEST (test_link)
{
  g_autofree gchar *link = g_strconcat (file, "-link", NULL);
  g_autofree gchar *source = g_strdup_printf ("file %s", link);
  g_autoptr (GFile) object = g_file_new_for_path (link);

  write_file (file, "[klinglipsync]\napi-key=linked\n", -1, 0600);
  fail_unless (g_file_make_symbolic_link (object, file, NULL, NULL));
  check_found (NULL, link, BASE, "linked", source);
  g_chmod (file, 0644);
  check_refused (NULL, link, "chmod 600");
  g_unlink (link);
}

GST_END_TEST;

GST_START_TEST (test_contents)
{
  static const gchar cut[] = "[klinglipsync]\0api-key=" KEY;
  g_autofree gchar *large = g_strnfill (64 * 1024 + 1, '#');

  write_file (file, KEY "\n", -1, 0600);
  check_refused (NULL, file, "cannot be understood");
  write_file (file, "", -1, 0600);
  check_refused (NULL, file, "api-key=KEY");
  write_file (file, "[klinglipsync]\napi-key=\n", -1, 0600);
  check_refused (NULL, file, "api-key=KEY");
  write_file (file, "[other]\napi-key=" KEY "\n", -1, 0600);
  check_refused (NULL, file, "api-key=KEY");
  write_file (file, cut, sizeof cut - 1, 0600);
  check_refused (NULL, file, "");
  write_file (file, large, -1, 0600);
  check_refused (NULL, file, "bytes");
}

GST_END_TEST;

static const gchar *const broken_keys[] = {
  KEY " " KEY, KEY "\r\nHost: evil", KEY "\x01", KEY "\x7f", KEY "é",
  "“" KEY "”", KEY "\t" KEY,
};

GST_START_TEST (test_broken_keys)
{
  check_refused (broken_keys[__i__], NULL, "property api-key");
  g_setenv ("KLING_API_KEY", broken_keys[__i__], TRUE);
  check_refused (NULL, NULL, "environment KLING_API_KEY");
}

GST_END_TEST;

/* Keys are pasted with what stood around them. */
GST_START_TEST (test_stripped)
{
  check_found (" " KEY "\n", NULL, BASE, KEY, "property api-key");
  g_setenv ("KLING_API_KEY", "\t" KEY " \r\n", TRUE);
  check_found (NULL, NULL, BASE, KEY, "environment KLING_API_KEY");
}

GST_END_TEST;

static Suite *
credentials_suite (void)
{
  Suite *suite = suite_create ("credentials");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_order);
  tcase_add_test (tc, test_nothing);
  tcase_add_test (tc, test_default_file);
  tcase_add_loop_test (tc, test_groups, 0, G_N_ELEMENTS (services));
  tcase_add_test (tc, test_modes);
  tcase_add_test (tc, test_not_a_file);
  tcase_add_test (tc, test_link);
  tcase_add_test (tc, test_contents);
  tcase_add_loop_test (tc, test_broken_keys, 0, G_N_ELEMENTS (broken_keys));
  tcase_add_test (tc, test_stripped);
  return suite;
}

int
main (int argc, char **argv)
{
  int failures;

  directory = g_dir_make_tmp ("kling-test-XXXXXX", NULL);
  g_setenv ("XDG_CONFIG_HOME", directory, TRUE);
  gst_check_init (&argc, &argv);
  failures = gst_check_run_suite (credentials_suite (), "credentials",
      __FILE__);
  g_rmdir (directory);
  g_free (directory);
  return failures;
}
