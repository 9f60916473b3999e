/* How kling-sandbox runs espeak-ng: often, at once, and no longer than wanted.
 *
 * A stub stands in place of espeak-ng, because this is about processes and
 * threads, not about voices.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox-speech.h"
#include "sandbox-util.h"

#define THREADS 6
#define SAYINGS 1500            /* by each thread */
#define PATIENCE (60 * G_USEC_PER_SEC)

static char *folder;

static char *
in_folder (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static gboolean
say (const char *text, const char *name, double *duration, GCancellable * stop,
    GError ** error)
{
  g_autofree char *path = in_folder (name);

  return sandbox_speech_say (text, sandbox_voice_find ("oversea_male1"), "en",
      1, path, duration, stop, error);
}

/* ---- often, and at once ---- */

static gpointer
say_often (gpointer name)
{
  g_autoptr (GCancellable) stop = g_cancellable_new ();

  for (guint i = 0; i < SAYINGS; i++) {
    g_autoptr (GError) error = NULL;
    double duration = 0;

    say ("once more", name, &duration, stop, &error);
    g_assert_no_error (error);
    /* a tenth of a second, in whole frames of 1/25 s, and 0.4 s of silence */
    g_assert_cmpfloat_with_epsilon (duration, 0.52, 1e-6);
  }
  return NULL;
}

/* One time in thousands, GLib took its own main context for alive. */
static void
test_often (void)
{
  static const char *const names[THREADS] = { "a", "b", "c", "d", "e", "f" };
  GThread *threads[THREADS];

  for (guint i = 0; i < THREADS; i++)
    threads[i] = g_thread_new (names[i], say_often, (gpointer) names[i]);
  for (guint i = 0; i < THREADS; i++)
    g_thread_join (threads[i]);
}

/* ---- no longer than wanted ---- */

static int
wait_for_pid (const char *path)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  g_autofree char *text = NULL;

  while (!g_file_get_contents (path, &text, NULL, NULL)) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    g_usleep (1000);
  }
  return atoi (text);
}

static gpointer
say_for_ever (gpointer stop)
{
  GError *error = NULL;
  double duration;

  say ("for ever", "stopped", &duration, stop, &error);
  return error;
}

/* Told to stop, the sandbox ends its child at once and waits for it. */
static void
test_stop (void)
{
  g_autofree char *pid_file = in_folder ("pid");
  g_autoptr (GCancellable) stop = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  gint64 begin;
  GThread *thread;
  int pid;

  g_setenv ("SPEECH_STUB_PID", pid_file, TRUE);
  thread = g_thread_new ("speaking", say_for_ever, stop);
  pid = wait_for_pid (pid_file);
  g_assert_cmpint (kill (pid, 0), ==, 0);
  begin = g_get_monotonic_time ();
  g_cancellable_cancel (stop);
  error = g_thread_join (thread);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 10 * G_USEC_PER_SEC);
  g_assert_cmpint (kill (pid, 0), ==, -1);
  g_assert_cmpint (errno, ==, ESRCH);
}

/* Ended by somebody else, say for want of memory. */
static void
test_killed (void)
{
  g_autofree char *pid_file = in_folder ("pid");
  g_autoptr (GError) error = NULL;
  GThread *thread;

  g_unlink (pid_file);
  thread = g_thread_new ("speaking", say_for_ever, NULL);
  kill (wait_for_pid (pid_file), SIGKILL);
  error = g_thread_join (thread);
  g_assert_error (error, SANDBOX_ERROR, SANDBOX_ERROR_INTERNAL);
  g_assert_nonnull (strstr (error->message, "espeak-ng"));
}

static void
set_up (void)
{
  g_autofree char *program = NULL, *path = NULL;
  const char *stub = g_getenv ("SPEECH_STUB");

  g_assert_nonnull (stub);
  folder = g_dir_make_tmp ("sandbox-speech-XXXXXX", NULL);
  g_assert_nonnull (folder);
  program = in_folder ("espeak-ng");
  g_assert_cmpint (symlink (stub, program), ==, 0);
  path = g_strconcat (folder, ":", g_getenv ("PATH"), NULL);
  g_setenv ("PATH", path, TRUE);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  set_up ();
  g_test_add_func ("/sandbox-speech/stop", test_stop);
  g_test_add_func ("/sandbox-speech/killed", test_killed);
  g_test_add_func ("/sandbox-speech/often", test_often);
  status = g_test_run ();
  sandbox_remove_tree (folder);
  g_free (folder);
  return status;
}
