/* klinglipsync tests: runs of the element in processes that may die
 *
 * A test has a service, the sandbox, whose results are one small clip with the
 * task's id behind it; requests, each with a store; and runs of them, each a
 * process of fault-run whose output goes to files.
 *
 * What goes wrong here ends the process with g_error() and says what the run
 * had said. A service may be used by several threads; a request and a run by one
 * at a time, and a process ends with the thread that started it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "faults-helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "kling-testtree.h"

/* Generous: a machine may be busy */
#define PATIENCE (240 * G_TIME_SPAN_SECOND)
#define TICK (5 * 1000)
#define WAV_HEADER 44

/* ---- the service and the room ---- */

static const gchar *
get_environment (const gchar * name)
{
  const gchar *value = g_getenv (name);

  if (value == NULL)
    g_error ("%s must be set", name);
  return value;
}

/* A face for little money: the sandbox draws its own for seconds. */
static void
put_face (KlingFaults * faults)
{
  g_autofree gchar *path =
      g_build_filename (get_environment ("KLING_TEST_CLIPS"), "talk.mp4", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, &error);
  g_autoptr (GBytes) data = NULL;

  if (file == NULL)
    g_error ("%s", error->message);
  data = g_mapped_file_get_bytes (file);
  kling_test_sandbox_put (faults->sandbox, FAULTS_FACE, data);
}

/**
 * kling_faults_new:
 * @dialect: nick of a dialect
 * @latency: seconds that a task takes
 *
 * Returns: (transfer full): a service that listens
 */
KlingFaults *
kling_faults_new (const gchar * dialect, const gchar * latency)
{
  KlingFaults *faults = g_new0 (KlingFaults, 1);
  g_autofree gchar *clip =
      g_build_filename (get_environment ("KLING_TEST_CLIPS"), "small.mp4",
      NULL);

  faults->dialect = g_strdup (dialect);
  faults->directory = kling_test_make_tree ("faults");
  faults->sandbox = kling_test_sandbox_start ("--clip", clip, "--latency",
      latency, "--slots", "100", NULL);
  put_face (faults);
  return faults;
}

/**
 * kling_faults_free:
 * @faults: (transfer full): a service
 */
void
kling_faults_free (KlingFaults * faults)
{
  kling_test_sandbox_stop (faults->sandbox);
  kling_test_remove_tree (faults->directory);
  g_free (faults->directory);
  g_free (faults->dialect);
  g_free (faults);
}

/**
 * kling_faults_is_official:
 * @faults: a service
 *
 * Returns: whether a task can be found by our own id of it
 */
gboolean
kling_faults_is_official (KlingFaults * faults)
{
  return g_str_equal (faults->dialect, "official");
}

/**
 * kling_faults_dup_path:
 * @faults: a service
 * @name: how it begins
 *
 * Returns: (transfer full): the path of a file that is not there yet
 */
gchar *
kling_faults_dup_path (KlingFaults * faults, const gchar * name)
{
  g_autofree gchar *file = g_strdup_printf ("%s-%d", name,
      g_atomic_int_add (&faults->files, 1));

  return g_build_filename (faults->directory, file, NULL);
}

static void
put_le (guint8 * data, guint bytes, guint32 value)
{
  for (guint i = 0; i < bytes; i++)
    data[i] = (guint8) (value >> (8 * i));
}

/**
 * kling_faults_make_wav:
 * @faults: a service
 * @milliseconds: how long
 * @seed: by which its first sample differs
 *
 * Returns: (transfer full): path of a WAV file of 8-bit mono at 8000 Hz
 */
gchar *
kling_faults_make_wav (KlingFaults * faults, guint milliseconds, guint8 seed)
{
  gchar *path = kling_faults_dup_path (faults, "speech.wav");
  guint size = milliseconds * 8;
  g_autofree guint8 *data = g_malloc0 (WAV_HEADER + size);
  g_autoptr (GError) error = NULL;

  memcpy (data, "RIFF    WAVEfmt ", 16);
  put_le (data + 4, 4, WAV_HEADER - 8 + size);
  put_le (data + 16, 4, 16);
  put_le (data + 20, 2, 1);
  put_le (data + 22, 2, 1);
  put_le (data + 24, 4, 8000);
  put_le (data + 28, 4, 8000);
  put_le (data + 32, 2, 1);
  put_le (data + 34, 2, 8);
  memcpy (data + 36, "data", 4);
  put_le (data + 40, 4, size);
  for (guint i = 0; i < size; i++)
    data[WAV_HEADER + i] = (guint8) (i * 7);
  data[WAV_HEADER] = seed;
  if (!g_file_set_contents (path, (const gchar *) data, WAV_HEADER + size,
          &error))
    g_error ("%s", error->message);
  return path;
}

/**
 * kling_faults_paid:
 * @faults: a service
 *
 * Returns: how many tasks were paid
 */
gint64
kling_faults_paid (KlingFaults * faults)
{
  return kling_test_sandbox_count (faults->sandbox, "paid");
}

/**
 * kling_faults_wait_paid:
 * @faults: a service
 * @paid: so many
 *
 * A process that was killed may have sent a call that is still being looked at.
 */
void
kling_faults_wait_paid (KlingFaults * faults, gint64 paid)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  while (kling_faults_paid (faults) < paid) {
    if (g_get_monotonic_time () >= deadline)
      g_error ("There are no %" G_GINT64_FORMAT " paid tasks", paid);
    g_usleep (TICK);
  }
}

/**
 * kling_faults_calls:
 * @faults: a service
 *
 * Returns: how many calls of the API and of the places have come
 */
guint
kling_faults_calls (KlingFaults * faults)
{
  static const gchar *const kinds[] =
      { "create", "identify", "tts", "query", "upload" };
  guint calls = 0;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    calls += kling_test_sandbox_count_calls (faults->sandbox, kinds[i]);
  return calls;
}

/**
 * kling_faults_dup_newest_task:
 * @faults: a service
 *
 * Returns: (transfer full): the id of the task that was made last
 */
gchar *
kling_faults_dup_newest_task (KlingFaults * faults)
{
  g_autoptr (JsonNode) list =
      kling_test_sandbox_get_json (faults->sandbox, "/sandbox/tasks");
  JsonArray *tasks = json_node_get_array (list);
  guint n = json_array_get_length (tasks);

  if (n == 0)
    g_error ("There is no task");
  return g_strdup (json_object_get_string_member
      (json_array_get_object_element (tasks, n - 1), "id"));
}

/**
 * kling_faults_dup_sum:
 * @faults: a service
 * @task_id: a task that is done
 *
 * Returns: (transfer full): the SHA-256 of its video, from the service itself
 */
gchar *
kling_faults_dup_sum (KlingFaults * faults, const gchar * task_id)
{
  g_autofree gchar *task_path = g_strconcat ("/sandbox/tasks/", task_id, NULL);
  g_autoptr (JsonNode) task =
      kling_test_sandbox_get_json (faults->sandbox, task_path);
  g_autofree gchar *path = g_strdup_printf ("/sandbox/results/%s.mp4?token=%s",
      task_id, json_object_get_string_member (json_node_get_object (task),
          "token"));
  g_autoptr (GBytes) video = kling_test_sandbox_get (faults->sandbox, path);

  return g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, video);
}

/* ---- requests ---- */

/**
 * kling_faults_request_new:
 * @faults: a service
 * @text: (nullable): what is said
 *
 * Returns: (transfer full): a request with a store of its own
 */
KlingFaultsRequest *
kling_faults_request_new (KlingFaults * faults, const gchar * text)
{
  KlingFaultsRequest *request = g_new0 (KlingFaultsRequest, 1);
  g_autofree gchar *face = kling_test_sandbox_url (faults->sandbox,
      FAULTS_FACE);
  g_autofree gchar *store = kling_faults_dup_path (faults, "store");

  request->faults = faults;
  request->properties = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  request->environment = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  kling_faults_request_set (request, "base-url",
      kling_test_sandbox_get_url (faults->sandbox));
  kling_faults_request_set (request, "dialect", faults->dialect);
  kling_faults_request_set (request, "video-url", face);
  /* the longest there is, because the clock runs fast */
  kling_faults_request_set (request, "timeout", "600000000000");
  kling_faults_request_set (request, "poll-interval", "1000000000");
  kling_faults_request_setenv (request, "KLING_API_KEY",
      KLING_TEST_SANDBOX_KEY);
  kling_faults_request_use_store (request, store);
  if (text) {
    kling_faults_request_set (request, "text", text);
    kling_faults_request_set (request, "voice-id", "oversea_male1");
    kling_faults_request_set (request, "voice-language", "en");
  }
  return request;
}

/**
 * kling_faults_request_free:
 * @request: (transfer full): a request
 */
void
kling_faults_request_free (KlingFaultsRequest * request)
{
  g_hash_table_unref (request->properties);
  g_hash_table_unref (request->environment);
  g_free (request->audio);
  g_free (request->store);
  g_free (request);
}

static void
set_value (GHashTable * table, const gchar * name, const gchar * value)
{
  if (value)
    g_hash_table_insert (table, g_strdup (name), g_strdup (value));
  else
    g_hash_table_remove (table, name);
}

/**
 * kling_faults_request_set:
 * @request: a request
 * @name: a property of klinglipsync
 * @value: (nullable): its value, as text
 */
void
kling_faults_request_set (KlingFaultsRequest * request, const gchar * name,
    const gchar * value)
{
  set_value (request->properties, name, value);
}

/**
 * kling_faults_request_setenv:
 * @request: a request
 * @name: an environment variable
 * @value: (nullable): its value
 */
void
kling_faults_request_setenv (KlingFaultsRequest * request, const gchar * name,
    const gchar * value)
{
  set_value (request->environment, name, value);
}

/**
 * kling_faults_request_say:
 * @request: a request without a text
 * @audio: path of the file that is said; it is uploaded to the sandbox
 */
void
kling_faults_request_say (KlingFaultsRequest * request, const gchar * audio)
{
  g_autofree gchar *place = kling_test_sandbox_url (request->faults->sandbox,
      "/sandbox/uploads/{name}");

  g_free (request->audio);
  request->audio = g_strdup (audio);
  kling_faults_request_set (request, "upload", place);
}

/**
 * kling_faults_request_use_store:
 * @request: a request
 * @path: its store
 */
void
kling_faults_request_use_store (KlingFaultsRequest * request,
    const gchar * path)
{
  gchar *store = g_strdup (path);

  g_free (request->store);
  request->store = store;
  kling_faults_request_set (request, "store", store);
}

/**
 * kling_faults_find_record:
 * @request: a request that was run
 * @kind: "request", "session" or "speech"
 *
 * Returns: (transfer full): the path of a record of this kind in its store
 */
gchar *
kling_faults_find_record (KlingFaultsRequest * request, const gchar * kind)
{
  g_autoptr (GDir) dir = g_dir_open (request->store, 0, NULL);
  g_autofree gchar *line = g_strdup_printf ("\nkind=%s\n", kind);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_build_filename (request->store, name, NULL);
    g_autofree gchar *text = NULL;

    if (g_str_has_suffix (name, ".rec")
        && g_file_get_contents (path, &text, NULL, NULL)
        && strstr (text, line))
      return g_steal_pointer (&path);
  }
  g_error ("%s has no record of a %s", request->store, kind);
}

/* ---- runs ---- */

/* Nothing that the user or another test has set up for the element */
static gchar **
make_environment (KlingFaultsRequest * request, const gchar * kill_point)
{
  static const gchar *const ours[] = {
    "KLING_BASE_URL", "KLING_DIALECT", "KLING_API_KEY", "KLING_ACCESS_KEY",
    "KLING_SECRET_KEY", "KLING_UPLOAD", "KLING_STORE", "KLING_TEST_KILL",
  };
  gchar **environment = g_get_environ ();
  GHashTableIter iter;
  gpointer name, value;

  for (guint i = 0; i < G_N_ELEMENTS (ours); i++)
    environment = g_environ_unsetenv (environment, ours[i]);
  environment = g_environ_setenv (environment, "KLING_TEST_SPEED",
      G_STRINGIFY (FAULTS_SPEED), TRUE);
  if (kill_point)
    environment = g_environ_setenv (environment, "KLING_TEST_KILL", kill_point,
        TRUE);
  g_hash_table_iter_init (&iter, request->environment);
  while (g_hash_table_iter_next (&iter, &name, &value))
    environment = g_environ_setenv (environment, name, value, TRUE);
  return environment;
}

static void
add_properties (GPtrArray * command, KlingFaultsRequest * request)
{
  GHashTableIter iter;
  gpointer name, value;

  g_hash_table_iter_init (&iter, request->properties);
  while (g_hash_table_iter_next (&iter, &name, &value))
    g_ptr_array_add (command, g_strdup_printf ("%s=%s", (gchar *) name,
            (gchar *) value));
}

static void
add (GPtrArray * command, const gchar * word)
{
  g_ptr_array_add (command, g_strdup (word));
}

static gchar **
make_command (KlingFaultsRequest * request, const gchar * video,
    const gchar * option, va_list options)
{
  GPtrArray *command = g_ptr_array_new ();

  add (command, get_environment ("KLING_FAULT_RUN"));
  add (command, "--out");
  add (command, video);
  if (request->audio) {
    add (command, "--audio");
    add (command, request->audio);
  }
  for (; option; option = va_arg (options, const gchar *))
      add (command, option);
  add (command, "--");
  add_properties (command, request);
  g_ptr_array_add (command, NULL);
  return (gchar **) g_ptr_array_free (command, FALSE);
}

static void
die_with_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static gint
open_log (const gchar * path)
{
  gint fd = g_open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  if (fd < 0)
    g_error ("%s: %s", path, g_strerror (errno));
  return fd;
}

static void
spawn (KlingFaultsRun * run, gchar ** command, gchar ** environment)
{
  gint out = open_log (run->said_path);
  gint err = open_log (run->complained_path);
  g_autoptr (GError) error = NULL;

  if (!g_spawn_async_with_fds (NULL, command, environment,
          G_SPAWN_DO_NOT_REAP_CHILD, die_with_parent, NULL, &run->pid, -1, out,
          err, &error))
    g_error ("%s", error->message);
  close (out);
  close (err);
}

/**
 * kling_faults_start:
 * @request: a request
 * @kill: (nullable): the point at which it is killed, as in KLING_TEST_KILL
 * @option: (nullable): an option of fault-run
 * @...: further options, ended by %NULL
 *
 * Returns: (transfer full): a process that runs; it ends with the thread that
 *   started it, at the latest
 */
KlingFaultsRun *
kling_faults_start (KlingFaultsRequest * request, const gchar * kill,
    const gchar * option, ...)
{
  KlingFaultsRun *run = g_new0 (KlingFaultsRun, 1);
  g_auto (GStrv) environment = make_environment (request, kill);
  g_auto (GStrv) command = NULL;
  va_list options;

  run->faults = request->faults;
  run->video = kling_faults_dup_path (request->faults, "video.mp4");
  run->said_path = g_strconcat (run->video, ".said", NULL);
  run->complained_path = g_strconcat (run->video, ".complained", NULL);
  va_start (options, option);
  command = make_command (request, run->video, option, options);
  va_end (options);
  run->command = g_strjoinv (" ", command);
  if (kill) {
    gchar *line = g_strdup_printf ("KLING_TEST_KILL=%s %s", kill, run->command);

    g_free (run->command);
    run->command = line;
  }
  spawn (run, command, environment);
  return run;
}

/**
 * kling_faults_run:
 * @request: a request
 * @kill: (nullable): the point at which it is killed
 *
 * Returns: (transfer full): a process that has ended, somehow
 */
KlingFaultsRun *
kling_faults_run (KlingFaultsRequest * request, const gchar * kill)
{
  KlingFaultsRun *run = kling_faults_start (request, kill, NULL, NULL);

  kling_faults_wait (run);
  return run;
}

static void
read_logs (KlingFaultsRun * run)
{
  g_free (run->said);
  g_free (run->complained);
  if (!g_file_get_contents (run->said_path, &run->said, NULL, NULL))
    run->said = g_strdup ("");
  if (!g_file_get_contents (run->complained_path, &run->complained, NULL, NULL))
    run->complained = g_strdup ("");
}

static gboolean
has_ended (KlingFaultsRun * run)
{
  pid_t pid = run->pid ? waitpid (run->pid, &run->status, WNOHANG) : 0;

  if (pid < 0 && errno != EINTR)
    g_error ("waitpid: %s", g_strerror (errno));
  if (pid > 0)
    run->pid = 0;
  return run->pid == 0;
}

/**
 * kling_faults_wait:
 * @run: a process
 *
 * Until it has ended.
 */
void
kling_faults_wait (KlingFaultsRun * run)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  while (!has_ended (run)) {
    if (g_get_monotonic_time () >= deadline)
      kling_faults_fail (run, "The process does not end");
    g_usleep (TICK);
  }
  read_logs (run);
}

/**
 * kling_faults_run_free:
 * @run: (transfer full): a process; it is killed if it still runs
 */
void
kling_faults_run_free (KlingFaultsRun * run)
{
  if (run->pid) {
    kill (run->pid, SIGKILL);
    waitpid (run->pid, &run->status, 0);
  }
  g_unlink (run->video);
  g_unlink (run->said_path);
  g_unlink (run->complained_path);
  g_free (run->said);
  g_free (run->complained);
  g_free (run->video);
  g_free (run->command);
  g_free (run->said_path);
  g_free (run->complained_path);
  g_free (run);
}

/* ---- what came of it ---- */

/**
 * kling_faults_fail:
 * @run: a process
 * @format: what is wrong
 * @...: its arguments
 *
 * Ends the test, and shows what the process did.
 */
void
kling_faults_fail (KlingFaultsRun * run, const gchar * format, ...)
{
  g_autofree gchar *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  read_logs (run);
  g_printerr ("\n%s\nstatus 0x%x, said:\n%s\ncomplained:\n%s\n", run->command,
      run->status, run->said, run->complained);
  g_error ("%s", what);
}

/**
 * kling_faults_was_killed:
 * @run: a process that has ended
 *
 * Returns: whether SIGKILL ended it; %FALSE when it ended by itself
 */
gboolean
kling_faults_was_killed (KlingFaultsRun * run)
{
  if (WIFSIGNALED (run->status) && WTERMSIG (run->status) == SIGKILL)
    return TRUE;
  kling_faults_check (run, WIFEXITED (run->status), "It crashed or hung");
  return FALSE;
}

/**
 * kling_faults_dup_said:
 * @run: a process that has ended
 * @name: "task-id", "sha256", "progress", "warning", "error" or "details"
 *
 * Returns: (transfer full) (nullable): what it said last of that
 */
gchar *
kling_faults_dup_said (KlingFaultsRun * run, const gchar * name)
{
  g_auto (GStrv) lines = g_strsplit (run->said, "\n", -1);
  gsize length = strlen (name);
  const gchar *value = NULL;

  for (gchar ** line = lines; *line; line++) {
    if (strncmp (*line, name, length) == 0 && (*line)[length] == '=')
      value = *line + length + 1;
  }
  return value ? g_strcompress (value) : NULL;
}

/**
 * kling_faults_wait_said:
 * @run: a process
 * @line: how a line of what it says begins
 *
 * Returns: whether it has said that before it ended
 */
gboolean
kling_faults_wait_said (KlingFaultsRun * run, const gchar * line)
{
  g_autofree gchar *later = g_strconcat ("\n", line, NULL);
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  for (;;) {
    gboolean ended = has_ended (run);

    read_logs (run);
    if (g_str_has_prefix (run->said, line) || strstr (run->said, later))
      return TRUE;
    if (ended)
      return FALSE;
    if (g_get_monotonic_time () >= deadline)
      kling_faults_fail (run, "It does not say \"%s\"", line);
    g_usleep (TICK);
  }
}

/**
 * kling_faults_check_end:
 * @run: a process that has ended
 * @status: the exit status that it shall have
 */
void
kling_faults_check_end (KlingFaultsRun * run, gint status)
{
  kling_faults_check (run, WIFEXITED (run->status)
      && WEXITSTATUS (run->status) == status, "It has not ended with %d",
      status);
}

/**
 * kling_faults_check_video:
 * @run: a process that has ended
 * @task_id: (nullable): the task of which it shall have written the video, or
 *   %NULL for the newest
 *
 * The file is what the service has, byte by byte.
 */
void
kling_faults_check_video (KlingFaultsRun * run, const gchar * task_id)
{
  g_autofree gchar *newest = NULL, *sum = NULL, *data = NULL, *written = NULL;
  gsize size;

  kling_faults_check_end (run, FAULTS_WELL);
  if (task_id == NULL)
    task_id = newest = kling_faults_dup_newest_task (run->faults);
  sum = kling_faults_dup_sum (run->faults, task_id);
  kling_faults_check (run, g_file_get_contents (run->video, &data, &size,
          NULL), "There is no video");
  written = g_compute_checksum_for_data (G_CHECKSUM_SHA256,
      (const guchar *) data, size);
  kling_faults_check (run, g_str_equal (sum, written),
      "The video is not that of task %s", task_id);
}

/**
 * kling_faults_check_error:
 * @run: a process that has ended
 * @part: (nullable): what its sentence has in it
 */
void
kling_faults_check_error (KlingFaultsRun * run, const gchar * part)
{
  g_autofree gchar *sentence = NULL;

  kling_faults_check_end (run, FAULTS_ERROR);
  sentence = kling_faults_dup_said (run, "error");
  kling_faults_check (run, sentence != NULL, "It has not said why");
  kling_faults_check (run, part == NULL || strstr (sentence, part),
      "\"%s\" does not name \"%s\"", sentence, part);
}
