/* klinglipsync tests: a program of its own
 *
 * For what can be seen only from outside: signals, exit status, what is
 * printed. GSubprocess is of no use here, because its thread does not survive
 * the fork of check. The functions run on the thread of the test.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib/gstdio.h>

#define OUTPUT "stdout"
#define ERRORS "stderr"

/* A test that dies leaves nothing running. */
static void
die_with_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static gint
open_file (KlingTestChild * child, const gchar * name)
{
  g_autofree gchar *path = kling_test_child_path (child, name);
  gint fd = g_open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

  fail_unless (fd >= 0, "%s: %s", path, g_strerror (errno));
  return fd;
}

/* Returns: (transfer full): ours with @extra, "NAME=value" each */
static gchar **
make_environment (const gchar * const *extra)
{
  gchar **environment = g_get_environ ();

  for (; extra && *extra; extra++) {
    g_auto (GStrv) pair = g_strsplit (*extra, "=", 2);

    environment = g_environ_setenv (environment, pair[0], pair[1], TRUE);
  }
  return environment;
}

/**
 * kling_test_child_start:
 * @command: program and arguments
 * @environment: (nullable): what differs from ours, "NAME=value" each
 *
 * Returns: (transfer full): the child
 */
KlingTestChild *
kling_test_child_start (const gchar * const *command,
    const gchar * const *environment)
{
  KlingTestChild *child = g_new0 (KlingTestChild, 1);
  g_auto (GStrv) all = make_environment (environment);
  g_autoptr (GError) error = NULL;
  gint out, err;

  child->directory = kling_test_make_tree ("test-child");
  out = open_file (child, OUTPUT);
  err = open_file (child, ERRORS);
  fail_unless (g_spawn_async_with_fds (NULL, (gchar **) command, all,
          G_SPAWN_DO_NOT_REAP_CHILD, die_with_parent, NULL, &child->pid, -1,
          out, err, &error), "%s", error ? error->message : "");
  close (out);
  close (err);
  return child;
}

/**
 * kling_test_child_launch:
 * @line: arguments of gst-launch-1.0, as in a shell
 * @environment: (nullable): what differs from ours, "NAME=value" each
 *
 * Returns: (transfer full): the child
 */
KlingTestChild *
kling_test_child_launch (const gchar * line, const gchar * const *environment)
{
  g_autofree gchar *all = g_strdup_printf ("'%s' %s", g_getenv ("GST_LAUNCH"),
      line);
  g_auto (GStrv) command = NULL;

  fail_unless (g_shell_parse_argv (all, NULL, &command, NULL), "%s", all);
  return kling_test_child_start ((const gchar * const *) command, environment);
}

/**
 * kling_test_child_free:
 * @child: (transfer full): a child, killed if it still runs
 */
void
kling_test_child_free (KlingTestChild * child)
{
  if (child->pid) {
    kill (child->pid, SIGKILL);
    waitpid (child->pid, NULL, 0);
  }
  kling_test_remove_tree (child->directory);
  g_free (child->directory);
  g_free (child);
}

/**
 * kling_test_child_signal:
 * @child: a running child
 * @number: a signal
 */
void
kling_test_child_signal (KlingTestChild * child, gint number)
{
  fail_unless (child->pid != 0);
  kill (child->pid, number);
}

/**
 * kling_test_child_wait:
 * @child: a child
 * @seconds: how long at most
 *
 * Returns: whether it has ended
 */
gboolean
kling_test_child_wait (KlingTestChild * child, guint seconds)
{
  gint64 start = g_get_monotonic_time ();

  while (child->pid) {
    if (waitpid (child->pid, &child->status, WNOHANG) == child->pid)
      child->pid = 0;
    else if (kling_test_ms_since (start) > seconds * 1000)
      return FALSE;
    else
      g_usleep (2000);
  }
  return TRUE;
}

/**
 * kling_test_child_get_exit:
 * @child: a child that has ended
 *
 * Returns: its exit status, -1 when a signal has ended it
 */
gint
kling_test_child_get_exit (KlingTestChild * child)
{
  return WIFEXITED (child->status) ? WEXITSTATUS (child->status) : -1;
}

/**
 * kling_test_child_read:
 * @child: a child
 * @errors: what it wrote to stderr rather than stdout
 *
 * Returns: (transfer full): what it has written up to now
 */
gchar *
kling_test_child_read (KlingTestChild * child, gboolean errors)
{
  g_autofree gchar *path =
      kling_test_child_path (child, errors ? ERRORS : OUTPUT);
  gchar *text;

  fail_unless (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

/**
 * kling_test_child_path:
 * @child: a child
 * @name: a file name
 *
 * Returns: (transfer full): a path in a directory that goes with the child
 */
gchar *
kling_test_child_path (KlingTestChild * child, const gchar * name)
{
  return g_build_filename (child->directory, name, NULL);
}
