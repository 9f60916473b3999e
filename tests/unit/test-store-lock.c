/* klinglipsync: tests of the locks of a store
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "store-case.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static gint
lock (Case * c, gchar ** holder)
{
  g_autoptr (GError) error = NULL;
  gint fd = kling_store_try_lock (c->store, CASE_KEY ".lock", holder, &error);

  fail_unless (error == NULL, "%s", error ? error->message : "?");
  return fd;
}

static void
check_locked (Case * c)
{
  g_autofree gchar *holder = NULL;

  fail_unless_equals_int (lock (c, &holder), -1);
  fail_unless (holder != NULL);
}

GST_START_TEST (test_lock_in_one_process)
{
  g_autoptr (Case) c = case_new ();
  g_autofree gchar *holder = NULL;
  g_autofree gchar *words = g_strdup_printf ("process %d on %s", getpid (),
      g_get_host_name ());
  gint fd = lock (c, &holder);

  fail_unless (fd >= 0 && holder == NULL);
  fail_unless_equals_int (lock (c, &holder), -1);
  fail_unless_equals_string (holder, words);
  fail_unless_equals_int (lock (c, NULL), -1);
  kling_store_unlock (fd);
  fail_unless (case_has (c, ".lock"));
  fd = lock (c, NULL);
  fail_unless (fd >= 0);
  kling_store_unlock (fd);
}

GST_END_TEST;

static void
lock_and_die (Case * c)
{
  fail_unless (lock (c, NULL) >= 0);
  raise (SIGKILL);
}

GST_START_TEST (test_lock_across_processes)
{
  g_autoptr (Case) c = case_new ();
  gint fd = lock (c, NULL);

  fail_unless (case_run (check_locked, c));
  kling_store_unlock (fd);
  fail_if (case_run (lock_and_die, c));
  /* whoever dies lets go */
  fd = lock (c, NULL);
  fail_unless (fd >= 0);
  kling_store_unlock (fd);
}

GST_END_TEST;

/* A child that has inherited the file does not keep the lock. */
GST_START_TEST (test_lock_and_fork)
{
  g_autoptr (Case) c = case_new ();
  gint fd = lock (c, NULL);
  gint ends[2];
  gchar byte;
  pid_t pid;

  fail_unless (pipe (ends) == 0);
  pid = fork ();
  if (pid == 0) {
    close (ends[1]);
    _exit (read (ends[0], &byte, 1) == 0 ? 0 : 1);
  }
  kling_store_unlock (fd);
  fd = lock (c, NULL);
  fail_unless (fd >= 0);
  kling_store_unlock (fd);
  close (ends[1]);
  fail_unless (waitpid (pid, NULL, 0) == pid);
  close (ends[0]);
}

GST_END_TEST;

static const struct
{
  const gchar *text;
  gssize size;
  const gchar *holder;
} holders[] = {
  {"process 1 on here\n", -1, "process 1 on here"},
  {"", 0, "another process"},
  {"\n \t\n", -1, "another process"},
  {"\x1b\x07\x08", -1, "another process"},
  {"a\x1b[2J\x1b]0;b\x07\r\nc", -1, NULL},
  {"\xff\xfe", -1, NULL},
  {"\0process", 8, "another process"},
  {"\xe2\x80\xae" "evil", -1, NULL},
};

GST_START_TEST (test_holder)
{
  g_autoptr (Case) c = case_new ();
  g_autofree gchar *path = case_dup_path (c, ".lock");
  g_autofree gchar *holder = NULL;
  gint fd = lock (c, NULL);

  fail_unless (truncate (path, 0) == 0);
  fail_unless (pwrite (fd, holders[__i__].text, holders[__i__].size < 0
          ? strlen (holders[__i__].text) : (gsize) holders[__i__].size,
          0) >= 0);
  fail_unless_equals_int (lock (c, &holder), -1);
  if (holders[__i__].holder)
    fail_unless_equals_string (holder, holders[__i__].holder);
  fail_unless (*holder != '\0' && g_utf8_validate (holder, -1, NULL));
  for (const gchar * p = holder; *p; p = g_utf8_next_char (p))
    fail_if (g_unichar_iscntrl (g_utf8_get_char (p))
        || g_utf8_get_char (p) == 0x202e, "%s", holder);
  kling_store_unlock (fd);
}

GST_END_TEST;

GST_START_TEST (test_long_holder)
{
  g_autoptr (Case) c = case_new ();
  g_autofree gchar *text = g_strnfill (100000, 'a');
  g_autofree gchar *holder = NULL;
  gint fd = lock (c, NULL);

  fail_unless (pwrite (fd, text, strlen (text), 0) > 0);
  fail_unless_equals_int (lock (c, &holder), -1);
  fail_unless_equals_int (strlen (holder), 80);
  kling_store_unlock (fd);
}

GST_END_TEST;

static void
check_no_lock (Case * c, const gchar * words)
{
  g_autofree gchar *holder = (gpointer) 1;
  g_autoptr (GError) error = NULL;

  fail_unless_equals_int (kling_store_try_lock (c->store, CASE_KEY ".lock",
          &holder, &error), -1);
  /* an error is not somebody else's lock: nobody waits for it */
  fail_unless (holder == NULL);
  case_check_error (error, words);
}

GST_START_TEST (test_bad_lock)
{
  g_autoptr (Case) c = case_new ();
  g_autofree gchar *path = case_dup_path (c, ".lock");

  fail_unless (g_mkdir (path, 0700) == 0);
  check_no_lock (c, CASE_KEY ".lock\" cannot be opened");
  fail_unless (remove (path) == 0);
  fail_unless (symlink ("/dev/null", path) == 0);
  check_no_lock (c, "it is a symbolic link");
  fail_unless (remove (path) == 0);
  fail_unless (mkfifo (path, 0600) == 0);
  check_no_lock (c, "is no file of yours");
  fail_unless (remove (path) == 0);
  if (geteuid () != 0)
    return;
  case_write (c, ".lock", "", 0);
  fail_unless (chown (path, 12345, 12345) == 0);
  check_no_lock (c, "is no file of yours");
}

GST_END_TEST;

static Suite *
store_lock_suite (void)
{
  Suite *suite = suite_create ("store-lock");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_lock_in_one_process);
  tcase_add_test (tc, test_lock_across_processes);
  tcase_add_test (tc, test_lock_and_fork);
  tcase_add_loop_test (tc, test_holder, 0, G_N_ELEMENTS (holders));
  tcase_add_test (tc, test_long_holder);
  tcase_add_test (tc, test_bad_lock);
  return suite;
}

GST_CHECK_MAIN (store_lock);
