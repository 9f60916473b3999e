/* klinglipsync tests: the program that looks after a store
 *
 * Runs klinglipsync-store, whose path is in KLING_STORE_TOOL, on stores that
 * were made with the library of the element.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "../unit/filled-store.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <glib/gstdio.h>

typedef struct
{
  gchar *out;
  gchar *err;
  gint status;
} Run;

static void
run_clear (Run * run)
{
  g_free (run->out);
  g_free (run->err);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear);

/* Runs the program on @path (NULL: not named) with @arguments, divided by
 * blanks. */
static void
run_at (Run * run, const gchar * path, const gchar * arguments)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) words = g_strsplit (arguments, " ", -1);
  g_auto (GStrv) argv = NULL;
  g_autoptr (GError) error = NULL;
  gint status;

  g_strv_builder_add (builder, g_getenv ("KLING_STORE_TOOL"));
  if (path)
    g_strv_builder_add_many (builder, "--store", path, NULL);
  g_strv_builder_addv (builder, (const gchar **) words);
  argv = g_strv_builder_end (builder);
  fail_unless (g_spawn_sync (NULL, argv, NULL, 0, NULL, NULL, &run->out,
          &run->err, &status, &error), "%s", error ? error->message : "");
  fail_unless (WIFEXITED (status), "%s: %s", arguments, run->err);
  run->status = WEXITSTATUS (status);
}

static void
run (Run * r, StoreCase * c, const gchar * arguments, gint status)
{
  run_at (r, c->path, arguments);
  fail_unless (r->status == status, "%s: status %d: %s%s", arguments, r->status,
      r->out, r->err);
}

static void
check_says (const gchar * text, const gchar * words)
{
  fail_unless (strstr (text, words) != NULL, "\"%s\" is not in:\n%s", words,
      text);
}

static void
check_silent (const gchar * text, const gchar * words)
{
  fail_unless (strstr (text, words) == NULL, "\"%s\" is in:\n%s", words, text);
}

GST_START_TEST (test_list)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *sha256 = store_case_keep (c, "aaaa", 1);
  g_auto (Run) r = { 0 };

  store_case_put_done (c, "a", sha256);
  store_case_put_done (c, "b", sha256);
  store_case_put (c, store_case_make (KLING_RECORD_SESSION, KLING_RECORD_READY,
          "c"));
  run (&r, c, "list", 0);
  check_says (r.out, "\na0000000  request  done      20");
  check_says (r.out, "   0.5  " CASE_TASK "               \"Good evening.\"\n");
  check_says (r.out, "\nc0000000  session  ready ");
  check_says (r.out,
      "3 records, 0 damaged; 1 unit; 1 video, 0.0 MB (4 bytes)\n");
}

GST_END_TEST;

/* The digits that are shown can be given. */
GST_START_TEST (test_short_keys)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_auto (Run) list = { 0 };
  g_auto (Run) one = { 0 };
  g_auto (Run) both = { 0 };
  g_auto (Run) none = { 0 };

  store_case_put (c, store_case_make (KLING_RECORD_REQUEST, KLING_RECORD_READY,
          "abcdef0123"));
  store_case_put (c, store_case_make (KLING_RECORD_REQUEST, KLING_RECORD_READY,
          "abcdef0124"));
  run (&list, c, "list", 0);
  check_says (list.out, "\nabcdef0123  request");
  check_says (list.out, "\nabcdef0124  request");
  run (&one, c, "show abcdef0124", 0);
  check_says (one.out, "abcdef01240000");
  run (&both, c, "show abcdef", 1);
  check_says (both.err, "Several records begin with \"abcdef\"");
  run (&none, c, "show b", 1);
  check_says (none.err, "No record begins with \"b\"");
}

GST_END_TEST;

/* One bad record hides no other. */
GST_START_TEST (test_damaged)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *key = store_case_dup_key ("b");
  g_autofree gchar *path = kling_store_dup_file (c->store, key, ".rec");
  g_auto (Run) list = { 0 };
  g_auto (Run) show = { 0 };
  g_auto (Run) removal = { 0 };
  g_auto (Run) forced = { 0 };

  store_case_put (c, store_case_make (KLING_RECORD_REQUEST, KLING_RECORD_READY,
          "a"));
  store_case_put (c, store_case_make (KLING_RECORD_REQUEST, KLING_RECORD_READY,
          "c"));
  fail_unless (g_file_set_contents (path, "\033[2J# no record\n", -1, NULL));
  run (&list, c, "list", 1);
  check_says (list.out, "\na0000000  request");
  check_says (list.out, "\nb0000000  damaged: The record \"");
  check_says (list.out, "it is cut off");
  check_says (list.out, "\nc0000000  request");
  check_says (list.out, "2 records, 1 damaged");
  check_silent (list.out, "\033");
  run (&show, c, "show b", 1);
  check_says (show.err, "Look into the service's console");
  run (&removal, c, "remove b", 1);
  fail_unless (g_file_test (path, G_FILE_TEST_EXISTS));
  run (&forced, c, "remove --force b", 0);
  fail_unless (!g_file_test (path, G_FILE_TEST_EXISTS));
}

GST_END_TEST;

/* Whoever can write a record cannot write on the terminal. */
GST_START_TEST (test_hostile_texts)
{
  g_autoptr (StoreCase) c = store_case_new ();
  KlingRecord *record = store_case_make (KLING_RECORD_REQUEST,
      KLING_RECORD_UNKNOWN, "a");
  g_auto (Run) list = { 0 };
  g_auto (Run) show = { 0 };

  g_free (record->label);
  record->label =
      g_strdup ("a\033]0;title\007b\nb0000000  request  done\u202e");
  record->take = g_strdup ("\033[31mred");
  g_free (record->service);
  record->service = g_strnfill (100000, 'x');
  store_case_put (c, record);
  run (&list, c, "list", 0);
  run (&show, c, "show a", 0);
  check_silent (list.out, "\033");
  check_silent (list.out, "\nb0000000");
  check_silent (show.out, "\033");
  check_silent (show.out, "\007");
  check_silent (show.out, "\u202e");
  fail_unless (strlen (show.out) < 20000);
}

GST_END_TEST;

/* What to do, by state */
GST_START_TEST (test_advice)
{
  static const struct
  {
    KlingRecordKind kind;
    KlingRecordState state;
    const gchar *words;
  } rows[] = {
    {KLING_RECORD_REQUEST, KLING_RECORD_READY, "if you still want it"},
    {KLING_RECORD_REQUEST, KLING_RECORD_UNKNOWN, "again with task-id=ID"},
    {KLING_RECORD_REQUEST, KLING_RECORD_UNKNOWN, "again with take=NAME"},
    {KLING_RECORD_REQUEST, KLING_RECORD_UNKNOWN,
        "no answer is known: \"Good evening.\""},
    {KLING_RECORD_SPEECH, KLING_RECORD_UNKNOWN, "may be billed twice"},
    {KLING_RECORD_REQUEST, KLING_RECORD_RUNNING, "task-id=" CASE_TASK},
    {KLING_RECORD_REQUEST, KLING_RECORD_FETCHING, "costs nothing more"},
    {KLING_RECORD_REQUEST, KLING_RECORD_FAILED, "take=NAME"},
    {KLING_RECORD_REQUEST, KLING_RECORD_REFUSED, "nothing was bought"},
    {KLING_RECORD_REQUEST, KLING_RECORD_GONE, "Ask the service's support"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (StoreCase) c = store_case_new ();
    g_auto (Run) r = { 0 };

    store_case_put (c, store_case_make (rows[i].kind, rows[i].state, "a"));
    run (&r, c, "show a", 0);
    check_says (r.out, kling_record_state_get_nick (rows[i].state));
    check_says (r.out, rows[i].words);
  }
}

GST_END_TEST;

/* With an id of ours the service can be asked, so nobody has to. */
GST_START_TEST (test_advice_official)
{
  g_autoptr (StoreCase) c = store_case_new ();
  KlingRecord *record = store_case_make (KLING_RECORD_REQUEST,
      KLING_RECORD_UNKNOWN, "a");
  g_auto (Run) r = { 0 };

  record->external_id = g_strdup ("kl1-abc");
  store_case_put (c, record);
  run (&r, c, "show a", 0);
  check_says (r.out, "nothing is paid for twice");
  check_silent (r.out, "take=NAME");
}

GST_END_TEST;

GST_START_TEST (test_sending)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_auto (Run) held = { 0 };
  g_auto (Run) dead = { 0 };
  gint lock;

  store_case_put_sending (c, "a");
  lock = store_case_lock (c, "a");
  run (&held, c, "show a", 0);
  check_says (held.out, "is working on it right now");
  check_silent (held.out, "take=NAME");
  kling_store_unlock (lock);
  run (&dead, c, "show a", 0);
  check_says (dead.out, "the run that sent the call has died");
  check_says (dead.out, "take=NAME");
}

GST_END_TEST;

GST_START_TEST (test_done)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *sha256 = store_case_keep (c, "aaaa", 1);
  g_autofree gchar *path = kling_kept_dup_path (c->store, sha256);
  g_auto (Run) here = { 0 };
  g_auto (Run) away = { 0 };

  store_case_put_done (c, "a", sha256);
  run (&here, c, "show a", 0);
  check_says (here.out, path);
  check_says (here.out, "is there");
  check_says (here.out, "without network or key");
  fail_unless (kling_kept_remove (c->store, sha256));
  run (&away, c, "show a", 0);
  check_says (away.out, "is not there");
  check_says (away.out, "fetches the video again");
}

GST_END_TEST;

GST_START_TEST (test_remove)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *sha256 = store_case_keep (c, "aaaa", 1);
  g_auto (Run) dry = { 0 };
  g_auto (Run) refused = { 0 };
  g_auto (Run) wet = { 0 };
  g_auto (Run) forced = { 0 };

  store_case_put_done (c, "a", sha256);
  store_case_put (c, store_case_make (KLING_RECORD_REQUEST,
          KLING_RECORD_UNKNOWN, "b"));
  run (&dry, c, "remove --dry-run a", 0);
  check_says (dry.out, "Would remove a00000000000: the same request is paid for"
      " again.");
  fail_unless (store_case_has (c, "a", ".rec"));
  fail_unless (store_case_has_video (c, sha256));

  run (&refused, c, "remove b a", 1);
  check_says (refused.err, "it may have been bought");
  check_says (refused.err, "--force");
  fail_unless (store_case_has (c, "b", ".rec"));
  fail_unless (!store_case_has (c, "a", ".rec"));
  fail_unless (!store_case_has_video (c, sha256));

  run (&wet, c, "remove --dry-run b", 1);
  run (&forced, c, "remove b --force", 0);
  fail_unless (!store_case_has (c, "b", ".rec"));
}

GST_END_TEST;

GST_START_TEST (test_remove_in_use)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_auto (Run) r = { 0 };
  gint lock;

  store_case_put (c, store_case_make (KLING_RECORD_REQUEST, KLING_RECORD_FAILED,
          "a"));
  lock = store_case_lock (c, "a");
  run (&r, c, "remove --force a", 1);
  check_says (r.err, "is working on it");
  fail_unless (store_case_has (c, "a", ".rec"));
  kling_store_unlock (lock);
}

GST_END_TEST;

/* Records carry the time of their last writing, and videos that of their last
 * playing. */
static void
make_old (StoreCase * c, const gchar * digits, KlingRecordState state,
    const gchar * sha256, gint days)
{
  g_autoptr (KlingRecord) record = store_case_make (KLING_RECORD_REQUEST, state,
      digits);
  g_autofree gchar *path = kling_store_dup_file (c->store, record->key, ".rec");
  g_autofree gchar *text = NULL;
  gsize size;

  record->sha256 = g_strdup (sha256);
  record->changed_at = g_get_real_time () - days * G_TIME_SPAN_DAY;
  text = kling_record_to_text (record, &size);
  fail_unless (g_file_set_contents_full (path, text, (gssize) size,
          G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
}

GST_START_TEST (test_remove_old)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *played = store_case_keep (c, "aaaa", 1);
  g_autofree gchar *forgotten = store_case_keep (c, "bbbb", 24 * 40);
  g_auto (Run) dry = { 0 };
  g_auto (Run) r = { 0 };

  make_old (c, "a", KLING_RECORD_DONE, played, 40);
  make_old (c, "b", KLING_RECORD_DONE, forgotten, 40);
  make_old (c, "c", KLING_RECORD_UNKNOWN, NULL, 40);
  make_old (c, "d", KLING_RECORD_FAILED, NULL, 20);
  run (&dry, c, "remove --older-than 30 --dry-run", 0);
  fail_unless (store_case_has (c, "b", ".rec"));
  run (&r, c, "remove --older-than 30", 0);
  check_says (dry.out, "Would remove b");
  check_says (r.out, "Removed b");
  check_says (r.out, "1 records stay");
  fail_unless (store_case_has (c, "a", ".rec"));
  fail_unless (!store_case_has (c, "b", ".rec"));
  fail_unless (store_case_has (c, "c", ".rec"));
  fail_unless (store_case_has (c, "d", ".rec"));
  fail_unless (store_case_has_video (c, played));
  fail_unless (!store_case_has_video (c, forgotten));
}

GST_END_TEST;

GST_START_TEST (test_usage)
{
  static const gchar *const rows[] = {
    "", "play", "show", "show a b", "list a", "remove",
    "remove --older-than -3",
    "remove a --older-than 3", "remove --older-than 3 --force",
    "remove --older-than x", "list --what",
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_auto (Run) r = { 0 };

    run_at (&r, NULL, rows[i]);
    fail_unless (r.status == 2, "%s: status %d", rows[i], r.status);
    check_says (r.err, "--help");
  }
}

GST_END_TEST;

/* A mistyped name makes no store, and an open one is not read. */
GST_START_TEST (test_no_store)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *path = g_build_filename (c->path, "nowhere", NULL);
  g_auto (Run) none = { 0 };
  g_auto (Run) open = { 0 };

  run_at (&none, path, "list");
  fail_unless_equals_int (none.status, 1);
  check_says (none.err, "There is no store in");
  fail_unless (!g_file_test (path, G_FILE_TEST_EXISTS));

  fail_unless_equals_int (g_chmod (c->path, 0755), 0);
  run_at (&open, c->path, "list");
  fail_unless_equals_int (open.status, 1);
  check_says (open.err, "is open to other users");
}

GST_END_TEST;

static void
check_environment (const gchar * store, const gchar * state, gint status)
{
  g_auto (Run) r = { 0 };

  if (store)
    g_setenv ("KLING_STORE", store, TRUE);
  else
    g_unsetenv ("KLING_STORE");
  g_setenv ("XDG_STATE_HOME", state, TRUE);
  run_at (&r, NULL, "list");
  fail_unless (r.status == status, "%s %s: %s", store, state, r.err);
}

GST_START_TEST (test_environment)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *home = g_build_filename (c->path, "klinglipsync", NULL);
  g_autofree gchar *empty = g_build_filename (c->path, "empty", NULL);
  g_autoptr (KlingStore) store = kling_store_open (home, NULL);

  fail_unless (store != NULL);
  check_environment (c->path, empty, 0);
  check_environment (NULL, c->path, 0);
  check_environment (NULL, empty, 1);
  check_environment ("", c->path, 1);
}

GST_END_TEST;

static Suite *
store_tool_suite (void)
{
  Suite *suite = suite_create ("store-tool");
  TCase *tcase = tcase_create ("store-tool");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_list);
  tcase_add_test (tcase, test_short_keys);
  tcase_add_test (tcase, test_damaged);
  tcase_add_test (tcase, test_hostile_texts);
  tcase_add_test (tcase, test_advice);
  tcase_add_test (tcase, test_advice_official);
  tcase_add_test (tcase, test_sending);
  tcase_add_test (tcase, test_done);
  tcase_add_test (tcase, test_remove);
  tcase_add_test (tcase, test_remove_in_use);
  tcase_add_test (tcase, test_remove_old);
  tcase_add_test (tcase, test_usage);
  tcase_add_test (tcase, test_no_store);
  tcase_add_test (tcase, test_environment);
  return suite;
}

GST_CHECK_MAIN (store_tool);
