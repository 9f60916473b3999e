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
#define ACCESS "AK-planted-17"
#define SECRET "SK-planted-42"

/* What such a dialect has that credentials are looked for by */
static const KlingDialect with_pair = {.nick = "official",.takes_jwt = TRUE };
static const KlingDialect without_pair = {.nick = "gateway" };

/* The directory of this run; GLib reads XDG_CONFIG_HOME once, so main() sets
 * it. */
static gchar *directory;
static gchar *file;

static void
unset_all (void)
{
  g_unsetenv ("KLING_API_KEY");
  g_unsetenv ("KLING_ACCESS_KEY");
  g_unsetenv ("KLING_SECRET_KEY");
}

static void
setup (void)
{
  unset_all ();
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
  unset_all ();
}

static void
write_file (const gchar * path, const gchar * text, gssize size, gint mode)
{
  fail_unless (g_file_set_contents (path, text, size, NULL));
  fail_unless (g_chmod (path, mode) == 0);
}

static KlingSecret *
make_secret (const gchar * text)
{
  return text ? kling_secret_new (text) : NULL;
}

static KlingCredentials *
make_credentials (const gchar * api_key, const gchar * access_key,
    const gchar * secret_key)
{
  g_autoptr (KlingSecret) api = make_secret (api_key);
  g_autoptr (KlingSecret) access = make_secret (access_key);
  g_autoptr (KlingSecret) secret = make_secret (secret_key);

  return kling_credentials_new (api, access, secret);
}

static void
check_secret (const KlingSecret * secret, const gchar * text)
{
  fail_unless_equals_string (secret ? kling_secret_peek (secret) : NULL, text);
}

static void
check_found_in (const KlingCredentials * properties,
    const KlingDialect * dialect, const gchar * path, const gchar * base,
    const KlingCredentials * expected, const gchar * source)
{
  g_autofree gchar *found_in = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlingCredentials) found = kling_credentials_find (properties,
      dialect, path, base, &found_in, &error);

  fail_unless (found != NULL, "%s", error ? error->message : "");
  fail_if (error);
  check_secret (found->api_key, expected->api_key ?
      kling_secret_peek (expected->api_key) : NULL);
  check_secret (found->access_key, expected->access_key ?
      kling_secret_peek (expected->access_key) : NULL);
  check_secret (found->secret_key, expected->secret_key ?
      kling_secret_peek (expected->secret_key) : NULL);
  fail_unless_equals_string (found_in, source);
}

/* An API key is found, by both kinds of dialects. */
static void
check_found (const gchar * property, const gchar * path, const gchar * base,
    const gchar * key, const gchar * source)
{
  g_autoptr (KlingCredentials) set = make_credentials (property, NULL, NULL);
  g_autoptr (KlingCredentials) expected = make_credentials (key, NULL, NULL);

  check_found_in (set, &without_pair, path, base, expected, source);
  check_found_in (set, &with_pair, path, base, expected, source);
}

/* A pair is found. */
static void
check_found_pair (const gchar * access, const gchar * secret,
    const gchar * path, const gchar * base, const gchar * found_access,
    const gchar * found_secret, const gchar * source)
{
  g_autoptr (KlingCredentials) set = make_credentials (NULL, access, secret);
  g_autoptr (KlingCredentials) expected = make_credentials (NULL, found_access,
      found_secret);

  check_found_in (set, &with_pair, path, base, expected, source);
}

/* Not found or refused; @word is in the sentence, no key is. */
static void
check_refused_in (const KlingCredentials * properties,
    const KlingDialect * dialect, const gchar * path, const gchar * word)
{
  gchar *source = (gchar *) "untouched";
  g_autoptr (GError) error = NULL;

  fail_if (kling_credentials_find (properties, dialect, path, BASE, &source,
          &error));
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_CREDENTIALS));
  fail_unless (source == NULL);
  fail_unless (strstr (error->message, word), "%s does not say %s",
      error->message, word);
  fail_if (strstr (error->message, "planted"), "%s", error->message);
}

static void
check_refused (const gchar * property, const gchar * path, const gchar * word)
{
  g_autoptr (KlingCredentials) set = make_credentials (property, NULL, NULL);

  check_refused_in (set, &without_pair, path, word);
  check_refused_in (set, &with_pair, path, word);
}

GST_START_TEST (test_order)
{
  g_autofree gchar *source = g_strdup_printf ("api-key in the file %s", file);

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
  g_autofree gchar *source = g_strdup_printf ("api-key in the file %s", path);

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
  g_autofree gchar *source = g_strdup_printf ("api-key in the file %s", file);

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
  g_autofree gchar *source = g_strdup_printf ("api-key in the file %s", link);
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

/* --- an access key and a secret key --- */

GST_START_TEST (test_order_of_pairs)
{
  g_autofree gchar *source =
      g_strdup_printf ("access-key and secret-key in the file %s", file);

  write_file (file, "[klinglipsync]\naccess-key=a-file\nsecret-key=s-file\n",
      -1, 0600);
  check_found_pair (NULL, NULL, file, BASE, "a-file", "s-file", source);
  g_setenv ("KLING_ACCESS_KEY", " a-environment\n", TRUE);
  g_setenv ("KLING_SECRET_KEY", "s-environment", TRUE);
  check_found_pair (NULL, NULL, file, BASE, "a-environment", "s-environment",
      "environment KLING_ACCESS_KEY and KLING_SECRET_KEY");
  check_found_pair ("a-property", "s-property", file, BASE, "a-property",
      "s-property", "properties access-key and secret-key");
  check_found_pair ("", " ", file, BASE, "a-environment", "s-environment",
      "environment KLING_ACCESS_KEY and KLING_SECRET_KEY");
}

GST_END_TEST;

/* A place counts before those behind it, whichever way is in it. */
GST_START_TEST (test_ways_in_different_places)
{
  write_file (file, "[klinglipsync]\napi-key=k-file\n", -1, 0600);
  g_setenv ("KLING_ACCESS_KEY", "a-environment", TRUE);
  g_setenv ("KLING_SECRET_KEY", "s-environment", TRUE);
  check_found_pair (NULL, NULL, file, BASE, "a-environment", "s-environment",
      "environment KLING_ACCESS_KEY and KLING_SECRET_KEY");
  check_found ("k-property", file, BASE, "k-property", "property api-key");
}

GST_END_TEST;

/* What stands in one place, and how it is called there */
static const struct
{
  const gchar *api_key, *access_key, *secret_key;
  gboolean takes_pair;
  const gchar *words;
} unfit[] = {
  {NULL, ACCESS, NULL, TRUE, "@access-key@, but not the @secret-key@"},
  {NULL, NULL, SECRET, TRUE, "@secret-key@, but not the @access-key@"},
  {NULL, ACCESS, "\t", TRUE, "@access-key@, but not the @secret-key@"},
  {KEY, ACCESS, SECRET, TRUE, "the @api-key@ and the @pair@. Leave one"},
  {KEY, ACCESS, NULL, TRUE, "the @api-key@ and the @access-key@. Leave one"},
  {KEY, NULL, SECRET, TRUE, "the @api-key@ and the @secret-key@. Leave one"},
  {NULL, ACCESS, SECRET, FALSE, "none beside the @pair@. Set KLING_API_KEY"},
  {NULL, ACCESS, SECRET, FALSE, "The dialect gateway takes an API key only"},
  {NULL, ACCESS, NULL, FALSE, "none beside the @access-key@. Set"},
  {NULL, ACCESS " ", SECRET " " SECRET, TRUE, "The @secret-key@ has a blank"},
  {NULL, ACCESS "\r\nHost: x", SECRET, TRUE, "The @access-key@ has a blank"},
  {NULL, ACCESS "é", SECRET, TRUE, "The @access-key@ has a blank"},
};

/* Returns: (transfer full): @words with each "@name@" replaced by what it is
 * called: @one for one of them, @two for a pair */
static gchar *
name_keys (const gchar * words, const gchar * const *names,
    const gchar * kind, const gchar * kinds, const gchar * where)
{
  static const gchar *const marks[] = { "@api-key@", "@access-key@",
    "@secret-key@"
  };
  GString *text = g_string_new (words);
  g_autofree gchar *pair = g_strdup_printf ("%s%s and %s%s", kinds, names[1],
      names[2], where);

  g_string_replace (text, "@pair@", pair, 0);
  for (guint i = 0; i < G_N_ELEMENTS (marks); i++) {
    g_autofree gchar *name = g_strconcat (kind, names[i], where, NULL);

    g_string_replace (text, marks[i], name, 0);
  }
  return g_string_free (text, FALSE);
}

static const gchar *const variables[] = { "KLING_API_KEY", "KLING_ACCESS_KEY",
  "KLING_SECRET_KEY"
};

static const gchar *const names[] = { "api-key", "access-key", "secret-key" };

GST_START_TEST (test_unfit_properties)
{
  const KlingDialect *dialect =
      unfit[__i__].takes_pair ? &with_pair : &without_pair;
  g_autoptr (KlingCredentials) set = make_credentials (unfit[__i__].api_key,
      unfit[__i__].access_key, unfit[__i__].secret_key);
  g_autofree gchar *words = name_keys (unfit[__i__].words, names, "property ",
      "properties ", "");

  check_refused_in (set, dialect, NULL, words);
  /* it is no reason to let another account pay */
  g_setenv ("KLING_API_KEY", KEY, TRUE);
  check_refused_in (set, dialect, NULL, words);
}

GST_END_TEST;

GST_START_TEST (test_unfit_environment)
{
  const KlingDialect *dialect =
      unfit[__i__].takes_pair ? &with_pair : &without_pair;
  g_autoptr (KlingCredentials) set = make_credentials (NULL, NULL, NULL);
  g_autofree gchar *words = name_keys (unfit[__i__].words, variables,
      "environment ", "environment ", "");
  const gchar *values[] = { unfit[__i__].api_key, unfit[__i__].access_key,
    unfit[__i__].secret_key
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    if (values[i])
      g_setenv (variables[i], values[i], TRUE);
  }
  check_refused_in (set, dialect, NULL, words);
}

GST_END_TEST;

GST_START_TEST (test_unfit_file)
{
  const KlingDialect *dialect =
      unfit[__i__].takes_pair ? &with_pair : &without_pair;
  g_autoptr (KlingCredentials) set = make_credentials (NULL, NULL, NULL);
  g_autofree gchar *where = g_strconcat (" in the file ", file, NULL);
  g_autofree gchar *words = name_keys (unfit[__i__].words, names, "", "",
      where);
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  const gchar *values[] = { unfit[__i__].api_key, unfit[__i__].access_key,
    unfit[__i__].secret_key
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    if (values[i])
      g_key_file_set_string (keys, "klinglipsync", names[i], values[i]);
  }
  fail_unless (g_key_file_save_to_file (keys, file, NULL));
  g_chmod (file, 0600);
  check_refused_in (set, dialect, file, words);
}

GST_END_TEST;

/* A pair beside a key may be there for another service. */
GST_START_TEST (test_pair_of_another)
{
  g_autoptr (KlingCredentials) set = make_credentials (KEY, ACCESS, NULL);
  g_autoptr (KlingCredentials) key = make_credentials (KEY, NULL, NULL);

  check_found_in (set, &without_pair, NULL, BASE, key, "property api-key");
}

GST_END_TEST;

/* The dialects that take a pair are named. */
GST_START_TEST (test_which_dialects)
{
  g_autoptr (KlingCredentials) set = make_credentials (NULL, ACCESS, SECRET);
  g_autofree gchar *dialects = kling_dialect_list_jwt ();
  KlingDialectId id;

  fail_unless_equals_string (dialects, "official, legacy");
  fail_unless (kling_dialect_find ("gateway", &id));
  check_refused_in (set, kling_dialect_get (id), NULL,
      "is one of: official, legacy.");
}

GST_END_TEST;

static const struct
{
  const gchar *base;
  const gchar *access, *secret, *key;
} pair_services[] = {
  {"https://pair.example/a", "a-1", "s-1", NULL},
  {"https://key.example", NULL, NULL, "k-2"},
  {"https://other.example", "a-3", "s-3", NULL},
};

GST_START_TEST (test_groups_of_pairs)
{
  g_autoptr (KlingCredentials) set = make_credentials (NULL, NULL, NULL);
  g_autoptr (KlingCredentials) expected =
      make_credentials (pair_services[__i__].key, pair_services[__i__].access,
      pair_services[__i__].secret);
  g_autofree gchar *source = g_strdup_printf ("%s in the file %s",
      expected->api_key ? "api-key" : "access-key and secret-key", file);

  write_file (file, "[klinglipsync]\naccess-key=a-3\nsecret-key=s-3\n"
      "[https://key.example]\napi-key=k-2\n"
      "[https://pair.example]\nsecret-key=s-1\naccess-key=a-1\n", -1, 0600);
  check_found_in (set, &with_pair, file, pair_services[__i__].base, expected,
      source);
}

GST_END_TEST;

/* Who can use a pair is told of it when there is nothing. */
GST_START_TEST (test_no_pair)
{
  g_autoptr (KlingCredentials) set = make_credentials (NULL, NULL, NULL);

  check_refused_in (set, &with_pair, NULL,
      "KLING_ACCESS_KEY and KLING_SECRET_KEY");
  write_file (file, "[klinglipsync]\n", -1, 0600);
  check_refused_in (set, &with_pair, file,
      "nor the lines access-key=KEY and secret-key=KEY");
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
  tcase_add_test (tc, test_order_of_pairs);
  tcase_add_test (tc, test_ways_in_different_places);
  tcase_add_loop_test (tc, test_unfit_properties, 0, G_N_ELEMENTS (unfit));
  tcase_add_loop_test (tc, test_unfit_environment, 0, G_N_ELEMENTS (unfit));
  tcase_add_loop_test (tc, test_unfit_file, 0, G_N_ELEMENTS (unfit));
  tcase_add_test (tc, test_pair_of_another);
  tcase_add_test (tc, test_which_dialects);
  tcase_add_loop_test (tc, test_groups_of_pairs, 0,
      G_N_ELEMENTS (pair_services));
  tcase_add_test (tc, test_no_pair);
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
