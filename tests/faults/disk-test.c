/* klinglipsync tests: what is on the disk before anything is paid
 *
 * A library between the element and the disk, disk-shim.c, tells in which order
 * files are written, flushed and renamed, and when the call that costs begins.
 * Then it lets each of these calls find the disk full, one after the other:
 * nothing is bought before its record is on the disk, and of what was bought no
 * id is lost.
 *
 * KLING_TEST_DISK=all tries what the CI leaves out.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>
#include <unistd.h>

#include "faults-helper.h"

#define TEXT "This sentence has to be on the disk before it is paid."

static const gchar *const dialects[] = { "gateway", "official" };

static const gchar *const create_paths[] = {
  "/kling/v1/videos/advanced-lip-sync", "/v1/videos/advanced-lip-sync",
};

/* A run that is watched */
typedef struct
{
  KlingFaultsRequest *request;
  KlingFaultsRun *run;
  gchar *log_path;
  gchar **log;                  /* lines: number, call, path, other path */
} Watched;

static void
watched_clear (Watched * watched)
{
  kling_faults_request_free (watched->request);
  kling_faults_run_free (watched->run);
  g_free (watched->log_path);
  g_strfreev (watched->log);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Watched, watched_clear);

static void
load_log (Watched * watched)
{
  g_autofree gchar *text = NULL;

  fail_unless (g_file_get_contents (watched->log_path, &text, NULL, NULL));
  watched->log = g_strsplit (text, "\n", -1);
}

/* LD_PRELOAD takes blanks for separators, and a checkout may stand in a directory
 * with some.
 * Returns: (transfer full): the library, under a name that has none */
static gchar *
dup_shim (KlingFaults * faults)
{
  gchar *link = kling_faults_dup_path (faults, "shim.so");
  const gchar *shim = g_getenv ("KLING_FAULT_SHIM");

  fail_unless (shim != NULL && strchr (link, ' ') == NULL);
  fail_unless (symlink (shim, link) == 0);
  return link;
}

/* A request with a store of its own, run once. @fail is when the disk is full,
 * as in KLING_SHIM_FAIL, or %NULL. */
static void
watched_run (Watched * watched, KlingFaults * faults, const gchar * fail)
{
  g_autofree gchar *take = kling_faults_dup_path (faults, "take");
  KlingFaultsRequest *request = kling_faults_request_new (faults, TEXT);
  g_autofree gchar *shim = dup_shim (faults);

  watched->request = request;
  watched->log_path = kling_faults_dup_path (faults, "disk.log");
  kling_faults_request_set (request, "take", strrchr (take, '/') + 1);
  kling_faults_request_setenv (request, "LD_PRELOAD", shim);
  kling_faults_request_setenv (request, "KLING_SHIM_DIR", request->store);
  kling_faults_request_setenv (request, "KLING_SHIM_LOG", watched->log_path);
  kling_faults_request_setenv (request, "KLING_SHIM_CREATE",
      create_paths[kling_faults_is_official (faults)]);
  kling_faults_request_setenv (request, "KLING_SHIM_FAIL", fail);
  watched->run = kling_faults_run (request, NULL);
  load_log (watched);
  kling_faults_request_setenv (request, "LD_PRELOAD", NULL);
}

/* ---- reading the log ---- */

/* Returns: the index of the first line from @from on, up to @end, that has the
 * call and this last path; @end if there is none */
static guint
find_line (Watched * watched, guint from, guint end, const gchar * call,
    const gchar * path)
{
  for (guint i = from; i < end; i++) {
    g_auto (GStrv) words = g_strsplit (watched->log[i], " ", 4);

    if (g_strv_length (words) >= 3 && g_str_equal (words[1], call)
        && (path == NULL || g_str_equal (words[3] ? words[3] : words[2], path)))
      return i;
  }
  return end;
}

/* Returns: the index of the call that costs; of the end, if it was not sent */
static guint
find_post (Watched * watched)
{
  return find_line (watched, 0, g_strv_length (watched->log), "post", NULL);
}

/* Returns: (transfer full): the name of the record, without extension, for which
 * the last right was taken before @end */
static gchar *
find_record (Watched * watched, guint end)
{
  const gchar *right = NULL;

  for (guint i = 0; i < end; i++) {
    const gchar *path = strstr (watched->log[i], " create ");

    if (path && g_str_has_suffix (path, ".a1"))
      right = path + strlen (" create ");
  }
  kling_faults_check (watched->run, right != NULL, "No right was taken");
  return g_strndup (right, strlen (right) - strlen (".a1"));
}

/* That @path, which came to be at line @at, is flushed before @end, and so is
 * the directory. */
static void
check_flushed (Watched * watched, const gchar * path, guint at, guint end)
{
  guint file = find_line (watched, at, end, "sync", path);
  guint directory = find_line (watched, MIN (file + 1, end), end, "sync",
      watched->request->store);

  kling_faults_check (watched->run, at < end && file < end && directory < end,
      "%s is not on the disk before the call that costs", path);
}

/* Likewise for the record, which is renamed into place */
static void
check_renamed (Watched * watched, const gchar * path, guint end)
{
  guint at = end;
  g_auto (GStrv) words = NULL;

  for (guint i = find_line (watched, 0, end, "rename", path); i < end;
      i = find_line (watched, i + 1, end, "rename", path))
    at = i;
  kling_faults_check (watched->run, at < end, "%s was not written", path);
  words = g_strsplit (watched->log[at], " ", 4);
  kling_faults_check (watched->run,
      find_line (watched, 0, at, "sync", words[2]) < at
      && find_line (watched, at, end, "sync", watched->request->store) < end,
      "%s is not on the disk before the call that costs", path);
}

/* Everything that money.md wants there is there when the call goes out. */
static void
check_order (Watched * watched)
{
  guint post = find_post (watched);
  g_autofree gchar *name = find_record (watched, post);
  g_autofree gchar *right = g_strconcat (name, ".a1", NULL);
  g_autofree gchar *answer = g_strconcat (name, ".ans", NULL);
  g_autofree gchar *record = g_strconcat (name, ".rec", NULL);

  check_flushed (watched, right, find_line (watched, 0, post, "create", right),
      post);
  check_flushed (watched, answer,
      find_line (watched, 0, post, "allocate", answer), post);
  check_renamed (watched, record, post);
}

/* ---- the order ---- */

GST_START_TEST (test_order)
{
  g_autoptr (KlingFaults) faults = kling_faults_new (dialects[__i__], "0.1");
  g_auto (Watched) watched = { NULL, };

  watched_run (&watched, faults, NULL);
  kling_faults_check_video (watched.run, NULL);
  kling_faults_check (watched.run,
      find_post (&watched) < g_strv_length (watched.log),
      "The call that costs was not seen");
  check_order (&watched);
}

GST_END_TEST;

/* What the record says when it is there */
GST_START_TEST (test_sending)
{
  g_autoptr (KlingFaults) faults = kling_faults_new (dialects[__i__], "0.1");
  g_autoptr (KlingFaultsRequest) request =
      kling_faults_request_new (faults, TEXT);
  g_autoptr (KlingFaultsRun) run = kling_faults_run (request,
      kling_faults_is_official (faults) ? "right-taken:3" : "right-taken:2");
  g_autofree gchar *record = kling_faults_find_record (request, "request");
  g_autofree gchar *text = NULL;

  fail_unless (kling_faults_was_killed (run));
  fail_unless (g_file_get_contents (record, &text, NULL, NULL));
  fail_unless (strstr (text, "\nstate=sending\n") != NULL, "%s", text);
}

GST_END_TEST;

/* ---- no room ---- */

/* A task whose id did not get into the store: somebody was told. */
static void
check_told (Watched * watched, const gchar * task_id)
{
  g_auto (GStrv) lines = g_strsplit (watched->run->said, "\n", -1);
  gboolean told = strstr (watched->run->complained, task_id) != NULL;

  for (gchar ** line = lines; *line; line++) {
    if (g_str_has_prefix (*line, "warning=")
        || g_str_has_prefix (*line, "error="))
      told = told || strstr (*line, task_id) != NULL;
  }
  kling_faults_check (watched->run, told, "The id of task %s is lost", task_id);
}

static void
check_full_disk (KlingFaults * faults, const gchar * fail)
{
  g_auto (Watched) watched = { NULL, };
  g_autoptr (KlingFaultsRun) again = NULL;
  gint64 paid = kling_faults_paid (faults);

  watched_run (&watched, faults, fail);
  kling_faults_check (watched.run, WIFEXITED (watched.run->status),
      "It crashed when call %s had no room", fail);
  if (find_post (&watched) < g_strv_length (watched.log))
    check_order (&watched);
  else
    fail_unless_equals_int64 (kling_faults_paid (faults), paid);
  if (WEXITSTATUS (watched.run->status) == FAULTS_WELL)
    kling_faults_check_video (watched.run, NULL);

  again = kling_faults_run (watched.request, NULL);
  kling_faults_check (again, kling_faults_paid (faults) <= paid + 1,
      "It was paid again after call %s had no room", fail);
  if (WIFEXITED (again->status) && WEXITSTATUS (again->status) == FAULTS_WELL) {
    kling_faults_check_video (again, NULL);
    fail_unless_equals_int64 (kling_faults_paid (faults), paid + 1);
  } else if (kling_faults_paid (faults) > paid) {
    g_autofree gchar *task_id = kling_faults_dup_newest_task (faults);

    check_told (&watched, task_id);
  }
}

static guint
count_calls (KlingFaults * faults)
{
  g_auto (Watched) watched = { NULL, };
  guint calls = 0;

  watched_run (&watched, faults, NULL);
  kling_faults_check_video (watched.run, NULL);
  for (guint i = 0; watched.log[i]; i++)
    calls = MAX (calls, (guint) g_ascii_strtoull (watched.log[i], NULL, 10));
  return calls;
}

/* One call finds no room, or that one and all later ones. In the CI the two
 * take turns; with KLING_TEST_DISK each call is tried both ways. */
GST_START_TEST (test_no_room)
{
  g_autoptr (KlingFaults) faults = kling_faults_new (dialects[__i__], "0.05");
  guint calls = count_calls (faults);
  gboolean all = g_getenv ("KLING_TEST_DISK") != NULL;

  g_print ("disk: %s: %u calls\n", dialects[__i__], calls);
  fail_unless (calls > 10 && calls < 1000);
  for (guint i = 1; i <= calls; i++) {
    g_autofree gchar *once = g_strdup_printf ("%u", i);
    g_autofree gchar *onwards = g_strdup_printf ("%u+", i);

    if (all || (i + __i__) % 2 == 0)
      check_full_disk (faults, once);
    if (all || (i + __i__) % 2 == 1)
      check_full_disk (faults, onwards);
  }
}

GST_END_TEST;

/* A case for each dialect: CK_RUN_CASE picks one. */
static Suite *
disk_suite (void)
{
  Suite *suite = suite_create ("disk");

  for (gint i = 0; i < (gint) G_N_ELEMENTS (dialects); i++) {
    TCase *tcase = tcase_create (dialects[i]);

    suite_add_tcase (suite, tcase);
    tcase_add_loop_test (tcase, test_order, i, i + 1);
    tcase_add_loop_test (tcase, test_sending, i, i + 1);
    tcase_add_loop_test (tcase, test_no_room, i, i + 1);
  }
  return suite;
}

GST_CHECK_MAIN (disk);
