/* klinglipsync tests: for hours, and nothing is lost, paid twice, or grows
 *
 *   soak-test SECONDS SEED        (KLING_TEST_SOAK=SECONDS goes before)
 *
 * Four customers in one process, two for each of two dialects, share a store
 * that is too small for what they buy. Each plays one video after the other: new
 * ones, and such as were asked for before. Of all calls at the sandbox, one in
 * twenty goes wrong in a way drawn at random, and some pipelines are set to NULL
 * on their way.
 *
 * Time is cut into rounds. After each all customers have ended, no thread of
 * ours is left, and descriptors, threads and memory are as they were after the
 * first. At the end what was interrupted is asked for once more, without faults,
 * and soak-audit.c compares the store with what the sandbox was paid for.
 *
 * Each customer is a thread; so is who orders the faults. What they share is
 * `lock`ed. The main thread does the rest.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "soak-test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <gst/gst.h>

#include "kling-testtree.h"

#define CUSTOMERS 4
/* Real time. No run takes so long, on whatever machine. */
#define PATIENCE (300 * G_TIME_SPAN_SECOND)
#define TICK (20 * 1000)

/* The first round is over before anything is compared. */
#define MAX_WARM_UP 300
#define MIN_ROUND 15
#define MAX_ROUND 600
/* What is left is no round of its own. */
#define MIN_REST 5

/* How many videos there may be: 100, and then one every ten seconds */
#define FIRST_VIDEOS 100
#define SECONDS_PER_VIDEO 10

/* One call in so many goes wrong. */
#define CALLS_PER_FAULT 20
#define FAULTS_AHEAD 40

/* What may come and go by itself: threads and pipes of GLib's own pools */
#define SPARE_FDS 8
#define SPARE_THREADS 12

/* What is ordered. None of them makes the service give a task up, so that each
 * video is bought once. */
static const gchar *const faults[] = {
  "{\"status\": 500}",
  "{\"status\": 503, \"headers\": {\"Retry-After\": \"1\"}}",
  "{\"status\": 502, \"body\": \"<html>Bad gateway\"}",
  "{\"status\": 500, \"commit\": true}",
  "{\"code\": 1303}",
  "{\"code\": 1303, \"headers\": {\"Retry-After\": \"2\"}}",
  "{\"reset\": \"before\"}",
  "{\"reset\": \"after\"}",
  "{\"truncate\": 10}",
  "{\"truncate\": 5000}",
  "{\"truncate\": 100, \"reset\": true}",
  "{\"delay\": 0.5}",
  "{\"drip\": 100000}",
  "{\"hang\": \"before\"}",
  "{\"status\": 200, \"body\": \"\\u0001}{ garbage\"}",
  "{\"status\": 200, \"body\": {\"code\": 0, \"data\": null}, \"commit\": true}",
  "{\"status\": 200, \"fill\": 3000000}",
};

typedef struct
{
  Soak *soak;
  guint number;
  GRand *random;
  gint64 deadline;
} Customer;

/* ---- one run ---- */

static void
set (GstElement * lipsync, const gchar * name, const gchar * value)
{
  gst_util_set_object_arg (G_OBJECT (lipsync), name, value);
}

static void
set_request (Soak * soak, GstElement * lipsync, guint video)
{
  g_autofree gchar *text = g_strdup_printf (SOAK_TEXT, video);
  /* as many faces as it takes to ask for one now and then */
  g_autofree gchar *path = g_strdup_printf (FAULTS_FACE "?of=%u", video / 10);
  g_autofree gchar *face = kling_test_sandbox_url (soak->sandbox, path);

  set (lipsync, "video-url", face);
  set (lipsync, "text", text);
  set (lipsync, "voice-id", "oversea_male1");
  set (lipsync, "voice-language", "en");
}

/* Two accounts, because a lost call of a gateway takes a slot of its own for
 * half an hour: there are enough for a while. */
static void
set_account (GstElement * lipsync, gboolean official)
{
  if (official) {
    set (lipsync, "dialect", "official");
    set (lipsync, "access-key", SOAK_ACCESS_KEY);
    set (lipsync, "secret-key", "sandbox-secret");
    set (lipsync, "max-tasks", "2");
  } else {
    set (lipsync, "dialect", "gateway");
    set (lipsync, "api-key", KLING_TEST_SANDBOX_KEY);
    set (lipsync, "max-tasks", "60");
  }
}

static GstElement *
make_pipeline (Soak * soak, guint video)
{
  g_autofree gchar *limit = g_strdup_printf ("%" G_GUINT64_FORMAT,
      soak->store_limit);
  GstElement *pipeline = gst_pipeline_new (NULL);
  GstElement *lipsync = gst_element_factory_make ("klinglipsync", NULL);
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);

  if (lipsync == NULL || sink == NULL)
    g_error ("There is no klinglipsync");
  set (lipsync, "base-url", kling_test_sandbox_get_url (soak->sandbox));
  set_account (lipsync, soak_is_official (video));
  set_request (soak, lipsync, video);
  set (lipsync, "store", soak->store);
  set (lipsync, "store-limit", limit);
  set (lipsync, "timeout", "60000000000");
  set (lipsync, "poll-interval", "1000000000");
  g_object_set (sink, "sync", FALSE, NULL);
  gst_bin_add_many (GST_BIN (pipeline), lipsync, sink, NULL);
  if (!gst_element_link (lipsync, sink))
    g_error ("It cannot be linked");
  return pipeline;
}

static SoakEnd
keep_end (Soak * soak, GstMessage * message, gchar ** sentence)
{
  g_autoptr (GError) error = NULL;
  SoakEnd end = SOAK_STOPPED;

  if (message && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
    end = SOAK_PLAYED;
  if (message && GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    end = SOAK_FAILED;
    gst_message_parse_error (message, &error, NULL);
  }
  g_mutex_lock (&soak->lock);
  soak->ends[end]++;
  g_mutex_unlock (&soak->lock);
  if (sentence)
    *sentence = error ? g_strdup (error->message) : NULL;
  return end;
}

/* Plays to the end, or for @stop_after microseconds; -1 is no stop. */
static SoakEnd
play (Soak * soak, GstElement * pipeline, gint64 stop_after, gchar ** sentence)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gint64 patience = stop_after < 0 ? PATIENCE : stop_after;
  g_autoptr (GstMessage) message = NULL;
  SoakEnd end;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, patience * GST_USECOND,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  if (message == NULL && stop_after < 0)
    g_error ("A run does not end");
  end = keep_end (soak, message, sentence);
  gst_bus_set_flushing (bus, TRUE);
  gst_bus_set_flushing (bus, FALSE);
  return end;
}

SoakEnd
soak_play (Soak * soak, guint video, gchar ** sentence)
{
  GstElement *pipeline = make_pipeline (soak, video);
  SoakEnd end = play (soak, pipeline, -1, sentence);

  gst_object_unref (pipeline);
  return end;
}

/* ---- customers ---- */

static guint
seconds_since (gint64 start)
{
  return (guint) ((g_get_monotonic_time () - start) / G_TIME_SPAN_SECOND);
}

/* One that is new, if there may be one more, or any of the old ones */
static guint
choose_video (Customer * customer)
{
  Soak *soak = customer->soak;
  guint most = FIRST_VIDEOS + seconds_since (soak->begun) / SECONDS_PER_VIDEO;
  gdouble repeat = g_rand_double (customer->random);
  guint32 any = g_rand_int (customer->random);
  guint video;

  g_mutex_lock (&soak->lock);
  if (soak->videos == 0 || (soak->videos < most && repeat < 0.6))
    video = soak->videos++;
  else
    video = any % soak->videos;
  g_mutex_unlock (&soak->lock);
  return video;
}

/* One in four is stopped, and every other one of these then played on; with
 * official all of them, because until somebody has looked for a lost call it has
 * the slot. */
static void
ask_for_video (Customer * customer, guint video)
{
  GstElement *pipeline = make_pipeline (customer->soak, video);
  GRand *random = customer->random;
  gint64 stop_after = g_rand_int_range (random, 0, 4) == 0
      ? g_rand_int_range (random, 0, 1000) * G_TIME_SPAN_MILLISECOND : -1;
  gboolean again = g_rand_boolean (random) || soak_is_official (video);

  if (play (customer->soak, pipeline, stop_after, NULL) == SOAK_STOPPED
      && again)
    play (customer->soak, pipeline, -1, NULL);
  gst_object_unref (pipeline);
}

static gpointer
be_customer (gpointer data)
{
  Customer *customer = data;

  while (g_get_monotonic_time () < customer->deadline)
    ask_for_video (customer, choose_video (customer));
  return NULL;
}

/* ---- faults ---- */

/* Returns: how many orders were not carried out yet */
static guint
count_orders (Soak * soak)
{
  g_autoptr (JsonNode) list =
      kling_test_sandbox_get_json (soak->sandbox, "/sandbox/faults");
  JsonArray *orders = json_node_get_array (list);
  guint n = 0;

  for (guint i = 0; i < json_array_get_length (orders); i++) {
    if (json_object_get_int_member (json_array_get_object_element (orders, i),
            "used") == 0)
      n++;
  }
  return n;
}

/* The Nth order from here on waits for N times as many calls. */
static void
order_faults (Soak * soak)
{
  kling_test_sandbox_clear_faults (soak->sandbox);
  for (gint i = 0; i < FAULTS_AHEAD; i++) {
    gint nth = i * CALLS_PER_FAULT + 1
        + g_rand_int_range (soak->random, 0, CALLS_PER_FAULT);

    kling_test_sandbox_add_fault (soak->sandbox, "{\"match\": {\"nth\": %d},"
        " \"do\": %s}", nth,
        faults[g_rand_int_range (soak->random, 0, G_N_ELEMENTS (faults))]);
  }
  soak->faults += FAULTS_AHEAD;
}

static gpointer
make_trouble (gpointer data)
{
  Soak *soak = data;

  do {
    if (count_orders (soak) == 0)
      order_faults (soak);
    g_usleep (10 * TICK);
  } while (!g_atomic_int_get (&soak->calm));
  soak->faults -= count_orders (soak);
  kling_test_sandbox_clear_faults (soak->sandbox);
  return NULL;
}

/* ---- what may not grow ---- */

static guint
count_entries (const gchar * path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (dir && g_dir_read_name (dir))
    n++;
  return n;
}

static gboolean
has_thread_of_ours (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_build_filename ("/proc/self/task", name, "comm",
        NULL);
    g_autofree gchar *text = NULL;

    if (g_file_get_contents (path, &text, NULL, NULL)
        && g_str_has_prefix (text, "kling-"))
      return TRUE;
  }
  return FALSE;
}

/* A call that costs is not cut off by a stop: its job may still be at it. */
static void
wait_for_jobs (void)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  while (has_thread_of_ours ()) {
    if (g_get_monotonic_time () >= deadline)
      g_error ("A job does not end");
    g_usleep (TICK);
  }
}

static guint
get_resident_kib (void)
{
  g_autofree gchar *text = NULL;
  const gchar *line;

  if (!g_file_get_contents ("/proc/self/status", &text, NULL, NULL)
      || (line = strstr (text, "\nVmRSS:")) == NULL)
    g_error ("How much memory there is cannot be seen");
  return (guint) strtoul (line + strlen ("\nVmRSS:"), NULL, 10);
}

static SoakSize
measure (Soak * soak)
{
  SoakSize size = {
    count_entries ("/proc/self/fd"), count_entries ("/proc/self/task"),
    get_resident_kib ()
  };

  g_print ("%6u s: %u videos, %u played, %u stopped, %u failed, %u faults;"
      " %u fds, %u threads, %u KiB\n", seconds_since (soak->begun),
      soak->videos, soak->ends[SOAK_PLAYED], soak->ends[SOAK_STOPPED],
      soak->ends[SOAK_FAILED], soak->faults, size.fds, size.threads, size.kib);
  return size;
}

static void
check_growth (const SoakSize * first, const SoakSize * now)
{
  if (now->fds > first->fds + SPARE_FDS)
    g_error ("%u file descriptors are open, %u were", now->fds, first->fds);
  if (now->threads > first->threads + SPARE_THREADS)
    g_error ("There are %u threads, there were %u", now->threads,
        first->threads);
  if (now->kib > 2 * first->kib)
    g_error ("%u KiB are in use, %u were", now->kib, first->kib);
}

/* ---- all of it ---- */

static SoakSize
play_round (Soak * soak, Customer * customers, guint seconds)
{
  GThread *trouble = g_thread_new ("trouble", make_trouble, soak);
  GThread *threads[CUSTOMERS];

  for (guint i = 0; i < CUSTOMERS; i++) {
    customers[i].deadline = g_get_monotonic_time ()
        + seconds * G_TIME_SPAN_SECOND;
    threads[i] = g_thread_new ("customer", be_customer, &customers[i]);
  }
  for (guint i = 0; i < CUSTOMERS; i++)
    g_thread_join (threads[i]);
  g_atomic_int_set (&soak->calm, TRUE);
  g_thread_join (trouble);
  g_atomic_int_set (&soak->calm, FALSE);
  wait_for_jobs ();
  soak_check_calls (soak);
  return measure (soak);
}

static void
play_rounds (Soak * soak, guint seconds, guint seed)
{
  guint warm_up = CLAMP (seconds / 3, 1, MAX_WARM_UP);
  guint round = CLAMP (seconds / 10, MIN_ROUND, MAX_ROUND);
  Customer customers[CUSTOMERS];
  SoakSize first;

  for (guint i = 0; i < CUSTOMERS; i++)
    customers[i] = (Customer) {
    soak, i, g_rand_new_with_seed (seed + i + 1), 0};
  first = play_round (soak, customers, warm_up);
  while (seconds_since (soak->begun) + MIN_REST <= seconds) {
    guint left = seconds - seconds_since (soak->begun);
    SoakSize now = play_round (soak, customers, MIN (left, round));

    check_growth (&first, &now);
  }
  for (guint i = 0; i < CUSTOMERS; i++)
    g_rand_free (customers[i].random);
}

static void
put_face (Soak * soak, const gchar * clips)
{
  g_autofree gchar *path = g_build_filename (clips, "talk.mp4", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, &error);
  g_autoptr (GBytes) data = NULL;

  if (file == NULL)
    g_error ("%s", error->message);
  data = g_mapped_file_get_bytes (file);
  kling_test_sandbox_put (soak->sandbox, FAULTS_FACE, data);
}

static void
begin (Soak * soak, guint seed)
{
  const gchar *clips = g_getenv ("KLING_TEST_CLIPS");
  g_autofree gchar *clip = NULL, *data = NULL;
  gsize size;

  if (clips == NULL)
    g_error ("KLING_TEST_CLIPS must be set");
  clip = g_build_filename (clips, "face.mp4", NULL);
  if (!g_file_get_contents (clip, &data, &size, NULL))
    g_error ("%s cannot be read", clip);
  g_mutex_init (&soak->lock);
  soak->random = g_rand_new_with_seed (seed);
  soak->directory = kling_test_make_tree ("soak");
  soak->store = g_build_filename (soak->directory, "store", NULL);
  soak->clip_size = size;
  soak->store_limit = SOAK_KEPT * (guint64) size;
  soak->sandbox = kling_test_sandbox_start ("--clip", clip, "--latency", "0.2",
      "--slots", "100", NULL);
  put_face (soak, clips);
  soak->begun = g_get_monotonic_time ();
}

static void
end (Soak * soak)
{
  kling_test_sandbox_stop (soak->sandbox);
  kling_test_remove_tree (soak->directory);
  g_rand_free (soak->random);
  g_mutex_clear (&soak->lock);
  g_free (soak->directory);
  g_free (soak->store);
}

/* Nothing that the user has set up for the element */
static void
clear_environment (void)
{
  static const gchar *const theirs[] = {
    "KLING_BASE_URL", "KLING_DIALECT", "KLING_API_KEY", "KLING_ACCESS_KEY",
    "KLING_SECRET_KEY", "KLING_UPLOAD", "KLING_STORE", "KLING_TEST_KILL",
  };

  for (guint i = 0; i < G_N_ELEMENTS (theirs); i++)
    g_unsetenv (theirs[i]);
}

gint
main (gint argc, gchar ** argv)
{
  const gchar *seconds = g_getenv ("KLING_TEST_SOAK");
  Soak soak = { NULL, };
  guint seed;

  if (argc != 3) {
    g_printerr ("usage: soak-test SECONDS SEED\n");
    return 2;
  }
  if (seconds == NULL)
    seconds = argv[1];
  seed = (guint) strtoul (argv[2], NULL, 10);
  if (seed == 0)
    seed = g_random_int_range (1, 1000000);
  clear_environment ();
  /* what was said before it fails is seen */
  setlinebuf (stdout);
  gst_init (&argc, &argv);
  g_print ("%s s, seed %u\n", seconds, seed);
  begin (&soak, seed);
  play_rounds (&soak, (guint) strtoul (seconds, NULL, 10), seed);
  soak_settle (&soak);
  wait_for_jobs ();
  soak_audit (&soak);
  end (&soak);
  return 0;
}
