/* klinglipsync: tests of the log
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "kling-log.h"

static gchar *last;
static guint n_lines;

static void
G_GNUC_PRINTF (5, 0)
catch_line (KlingLogLevel level, const gchar * file, const gchar * function,
    gint line, const gchar * format, va_list args)
{
  g_autofree gchar *text = g_strdup_vprintf (format, args);
  g_autofree gchar *name = g_path_get_basename (file);

  g_free (last);
  last = g_strdup_printf ("%d %s %s %s", level, name, function, text);
  fail_unless (line > 0);
  n_lines++;
}

static void
catch_nothing (KlingLogLevel level, const gchar * file, const gchar * function,
    gint line, const gchar * format, va_list args)
{
}

GST_START_TEST (test_nobody_listens)
{
  KLING_WARNING ("lost: %d", 1);
  fail_unless_equals_int (n_lines, 0);
}

GST_END_TEST;

GST_START_TEST (test_lines)
{
  kling_log_attach (catch_line);
  KLING_WARNING ("plain");
  fail_unless_equals_string (last, "0 test-log.c test_lines plain");
  KLING_INFO ("%s has %d", "task-1", 42);
  fail_unless_equals_string (last, "1 test-log.c test_lines task-1 has 42");
  KLING_DEBUG ("%d%%", 99);
  fail_unless_equals_string (last, "2 test-log.c test_lines 99%");
  fail_unless_equals_int (n_lines, 3);
  kling_log_detach ();
  g_clear_pointer (&last, g_free);
}

GST_END_TEST;

/* Each element attaches; the lines go on until the last one has left. */
GST_START_TEST (test_users_count)
{
  n_lines = 0;
  kling_log_attach (catch_line);
  kling_log_attach (catch_line);
  kling_log_detach ();
  KLING_INFO ("still there");
  fail_unless_equals_int (n_lines, 1);
  kling_log_detach ();
  KLING_INFO ("gone");
  fail_unless_equals_int (n_lines, 1);
  kling_log_attach (catch_line);
  KLING_INFO ("back");
  fail_unless_equals_int (n_lines, 2);
  kling_log_attach (catch_nothing);
  KLING_INFO ("another");
  fail_unless_equals_int (n_lines, 2);
  kling_log_detach ();
  kling_log_detach ();
  g_clear_pointer (&last, g_free);
}

GST_END_TEST;

static gint line_begun, line_ended;

static void
take_long (KlingLogLevel level, const gchar * file, const gchar * function,
    gint line, const gchar * format, va_list args)
{
  g_atomic_int_set (&line_begun, TRUE);
  g_usleep (200 * 1000);
  g_atomic_int_set (&line_ended, TRUE);
}

static gpointer
log_one_line (gpointer user_data)
{
  KLING_INFO ("slow");
  return NULL;
}

/* After the last detach the category may be freed: no line is in flight. */
GST_START_TEST (test_detach_waits)
{
  GThread *thread;

  g_atomic_int_set (&line_begun, FALSE);
  g_atomic_int_set (&line_ended, FALSE);
  kling_log_attach (take_long);
  thread = g_thread_new ("log", log_one_line, NULL);
  while (!g_atomic_int_get (&line_begun))
    g_usleep (1000);
  kling_log_detach ();
  fail_unless (g_atomic_int_get (&line_ended));
  g_thread_join (thread);
}

GST_END_TEST;

static Suite *
log_suite (void)
{
  Suite *suite = suite_create ("log");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_nobody_listens);
  tcase_add_test (tc, test_lines);
  tcase_add_test (tc, test_users_count);
  tcase_add_test (tc, test_detach_waits);
  return suite;
}

GST_CHECK_MAIN (log);
