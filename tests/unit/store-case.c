/* klinglipsync tests: a store in a directory of its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "store-case.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kling-testtree.h"

Case *
case_new_closed (void)
{
  Case *c = g_new0 (Case, 1);

  c->base = kling_test_make_tree ("store");
  c->path = g_build_filename (c->base, "store", NULL);
  return c;
}

Case *
case_new (void)
{
  Case *c = case_new_closed ();
  g_autoptr (GError) error = NULL;

  c->store = kling_store_open (c->path, &error);
  fail_unless (c->store != NULL, "%s", error ? error->message : "?");
  return c;
}

void
case_free (Case * c)
{
  g_clear_pointer (&c->store, kling_store_unref);
  kling_test_remove_tree (c->base);
  g_free (c->base);
  g_free (c->path);
  g_free (c);
}

gchar *
case_dup_path (const Case * c, const gchar * name)
{
  g_autofree gchar *file = g_strconcat (*name == '.' ? CASE_KEY : "", name,
      NULL);

  return g_build_filename (c->path, file, NULL);
}

gboolean
case_has (const Case * c, const gchar * name)
{
  g_autofree gchar *path = case_dup_path (c, name);
  struct stat info;

  return lstat (path, &info) == 0;
}

gint64
case_get_size (const Case * c, const gchar * name)
{
  g_autofree gchar *path = case_dup_path (c, name);
  struct stat info;

  return lstat (path, &info) == 0 ? info.st_size : -1;
}

void
case_write (const Case * c, const gchar * name, const gchar * text, gssize size)
{
  g_autofree gchar *path = case_dup_path (c, name);

  fail_unless (g_file_set_contents_full (path, text, size,
          G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
}

void
case_remove (const Case * c, const gchar * name)
{
  g_autofree gchar *path = case_dup_path (c, name);

  fail_unless (remove (path) == 0, "%s: %s", path, g_strerror (errno));
}

/* One that is not empty, so that nothing replaces it */
void
case_make_directory (const Case * c, const gchar * name)
{
  g_autofree gchar *path = case_dup_path (c, name);
  g_autofree gchar *inner = g_build_filename (path, "inner", NULL);

  fail_unless (g_mkdir_with_parents (inner, 0700) == 0);
}

KlingRecord *
case_read (const Case * c)
{
  g_autoptr (GError) error = NULL;
  KlingRecord *record;

  fail_unless (kling_store_read (c->store, CASE_KEY, &record, &error), "%s",
      error ? error->message : "?");
  return record;
}

KlingRecord *
case_make_record (KlingRecordState state, guint attempt)
{
  KlingRecord *record = kling_record_new (KLING_RECORD_REQUEST, CASE_KEY);

  record->state = state;
  record->attempt = attempt;
  record->sent_at = 1700000000000000;
  if (kling_record_has_task (record))
    record->task_id = g_strdup_printf ("t%u", attempt);
  if (state == KLING_RECORD_DONE)
    record->sha256 = g_strdup (CASE_SUM);
  if (state == KLING_RECORD_UNKNOWN || state == KLING_RECORD_FAILED
      || state == KLING_RECORD_GONE)
    record->reason = g_error_new_literal (KLING_ERROR,
        KLING_ERROR_TASK_FAILED, "Before.");
  return record;
}

void
case_put (const Case * c, KlingRecordState state, guint attempt)
{
  g_autoptr (KlingRecord) record = case_make_record (state, attempt);
  g_autoptr (GError) error = NULL;

  fail_unless (kling_store_put (c->store, record, &error), "%s",
      error ? error->message : "?");
}

void
case_check_error (const GError * error, const gchar * words)
{
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_LOCAL));
  fail_unless (strstr (error->message, words) != NULL, "\"%s\": %s", words,
      error->message);
  fail_unless (g_str_has_suffix (error->message, "."), "%s", error->message);
  fail_unless (strstr (error->message, "store") || strstr (error->message,
          "record"), "%s", error->message);
}

gboolean
case_run (void (*act) (Case * c), Case * c)
{
  pid_t pid = fork ();
  gint status;

  fail_unless (pid >= 0);
  if (pid == 0) {
    act (c);
    _exit (0);
  }
  fail_unless (waitpid (pid, &status, 0) == pid);
  if (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL)
    return FALSE;
  fail_unless (WIFEXITED (status) && WEXITSTATUS (status) == 0);
  return TRUE;
}
