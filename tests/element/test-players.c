/* klinglipsync tests: what players, discoverers and editors do with a link
 *
 * They know nothing of us, open a link more than once, and give up when they
 * like. All of them with one store: each video is paid for once.
 *
 * GES's own command line is used, because it does what editors do and needs
 * nothing to build.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <string.h>

#include "kling-testsandbox.h"

/* How long one of them may take, on a busy machine */
#define PATIENCE 120

/* What all of them share */
typedef struct
{
  KlingTestSandbox *sandbox;
  gchar *directory;
} World;

static void
set_in (World * world, const gchar * name, const gchar * file)
{
  g_autofree gchar *path = g_build_filename (world->directory, file, NULL);

  g_setenv (name, path, TRUE);
}

/* @latency: how many seconds a task takes
 * @speed: of our clock, so that it asks for the task more often */
static void
world_init (World * world, const gchar * latency, guint speed)
{
  g_autofree gchar *clip = g_build_filename (g_getenv ("KLING_TEST_CLIPS"),
      CLIP_SMALL, NULL);

  world->sandbox = kling_test_sandbox_start ("--latency", latency, "--clip",
      clip, NULL);
  world->directory = kling_test_make_tree ("test-players");
  kling_test_set_speed (speed);
  set_in (world, "KLING_STORE", "store");
  set_in (world, "XDG_CACHE_HOME", "cache");
  g_setenv ("KLING_BASE_URL", kling_test_sandbox_get_url (world->sandbox),
      TRUE);
  g_setenv ("KLING_API_KEY", KLING_TEST_SANDBOX_KEY, TRUE);
  g_setenv ("KLING_URI_MAY_PAY", "1", TRUE);
}

static void
world_clear (World * world)
{
  kling_test_sandbox_stop (world->sandbox);
  kling_test_remove_tree (world->directory);
  g_free (world->directory);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (World, world_clear);

/* From now on there is neither a service nor a key. */
static void
world_go_offline (World * world)
{
  kling_test_sandbox_kill (world->sandbox);
  g_setenv ("KLING_API_KEY", "", TRUE);
  g_unsetenv ("KLING_URI_MAY_PAY");
}

/* Returns: (transfer full): the link to a video in which @text is said */
static gchar *
make_link (World * world, const gchar * text)
{
  g_autofree gchar *face = kling_test_sandbox_url (world->sandbox,
      "/sandbox/face.mp4");
  g_autofree gchar *video = g_uri_escape_string (face, NULL, FALSE);
  g_autofree gchar *said = g_uri_escape_string (text, NULL, FALSE);

  return g_strdup_printf ("klinglipsync://?video-url=%s&text=%s"
      "&voice-id=oversea_male1&voice-language=en", video, said);
}

static void
check_paid (World * world, guint paid, const gchar * who)
{
  gint64 n = kling_test_sandbox_count (world->sandbox, "paid");

  fail_unless (n == paid, "%s: %d paid instead of %u", who, (gint) n, paid);
}

/* ---- in this process ---- */

static void
link_to_fakesink (GstElement * source, GstPad * pad, gpointer pipeline)
{
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);
  g_autoptr (GstPad) peer = gst_element_get_static_pad (sink, "sink");

  gst_bin_add (pipeline, sink);
  gst_element_sync_state_with_parent (sink);
  fail_unless (gst_pad_link (pad, peer) == GST_PAD_LINK_OK);
}

/* Returns: (transfer full): @factory playing @uri, in NULL */
static GstElement *
make_player (const gchar * factory, const gchar * uri)
{
  GstElement *element = gst_element_factory_make (factory, NULL);
  GstElement *pipeline = element;

  fail_unless (element != NULL, "there is no %s", factory);
  if (g_str_has_prefix (factory, "playbin")) {
    g_object_set (element, "video-sink",
        gst_element_factory_make ("fakesink", NULL), "audio-sink",
        gst_element_factory_make ("fakesink", NULL), NULL);
  } else {
    pipeline = gst_pipeline_new (NULL);
    gst_bin_add (GST_BIN (pipeline), element);
    g_signal_connect (element, "pad-added", G_CALLBACK (link_to_fakesink),
        pipeline);
  }
  g_object_set (element, "uri", uri, NULL);
  return gst_object_ref_sink (pipeline);
}

/* To the end, which has to be a good one */
static void
play (GstElement * player)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (player);
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;

  gst_element_set_state (player, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, PATIENCE * GST_SECOND,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message != NULL, "it does not end");
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, &debug);
  fail_unless (error == NULL, "%s (%s)", error ? error->message : "", debug);
  gst_element_set_state (player, GST_STATE_NULL);
}

static void
play_here (const gchar * factory, const gchar * uri)
{
  g_autoptr (GstElement) player = make_player (factory, uri);

  play (player);
}

/* ---- programs ---- */

/* GES makes CRITICALs of its own. */
static const gchar *const child_environment[] = { "G_DEBUG=", NULL };

/* Returns: (transfer full): @command after its end, however that was */
static KlingTestChild *
run (const gchar * const *command)
{
  g_autofree const gchar **words = g_memdup2 (command,
      (g_strv_length ((gchar **) command) + 1) * sizeof (gchar *));
  g_autofree gchar *program = g_find_program_in_path (command[0]);
  KlingTestChild *child;

  fail_unless (program != NULL, "%s is missing (Debian's packages:"
      " gstreamer1.0-plugins-base-apps, ges1.0-tools)", command[0]);
  words[0] = program;
  child = kling_test_child_start (words, child_environment);
  fail_unless (kling_test_child_wait (child, PATIENCE), "%s does not end",
      command[0]);
  return child;
}

/* Returns: (transfer full): what it printed, on both ways */
static gchar *
get_output (KlingTestChild * child)
{
  g_autofree gchar *out = kling_test_child_read (child, FALSE);
  g_autofree gchar *err = kling_test_child_read (child, TRUE);

  return g_strconcat (out, err, NULL);
}

/* Some of them exit with 0 in any case, so @words of the good end are looked
 * for. */
static void
run_well (const gchar * const *command, const gchar * words)
{
  g_autoptr (KlingTestChild) child = run (command);
  g_autofree gchar *output = get_output (child);

  fail_unless (kling_test_child_get_exit (child) == 0, "%s: %s", command[0],
      output);
  kling_test_check_contains (output, words);
}

static void
run_launch (const gchar * uri)
{
  const gchar *const command[] = { "gst-launch-1.0", uri, "!", "decodebin", "!",
    "video/x-raw", "!", "fakesink", NULL
  };

  run_well (command, "Got EOS");
}

static void
run_discoverer (const gchar * uri)
{
  const gchar *const command[] = { "gst-discoverer-1.0", "-t", "100", uri,
    NULL
  };

  run_well (command, "Duration: 0:00:02.0");
}

static void
run_play (const gchar * uri)
{
  const gchar *const command[] = { "gst-play-1.0", "--no-interactive",
    "--videosink=fakesink", "--audiosink=fakesink", uri, NULL
  };

  run_well (command, "Reached end of play list");
}

/* What ges-launch-1.0 is given is taken for a path, and unescaped once more than
 * it should be. */
static gchar *
escape_for_ges (const gchar * uri)
{
  g_auto (GStrv) percents = g_strsplit (uri, "%", -1);
  g_autofree gchar *once = g_strjoinv ("%25", percents);
  g_auto (GStrv) marks = g_strsplit (once, "?", -1);

  return g_strjoinv ("%3F", marks);
}

static void
run_ges (const gchar * uri)
{
  g_autofree gchar *escaped = escape_for_ges (uri);
  const gchar *const command[] = { "ges-launch-1.0", "--mute", "+clip", escaped,
    NULL
  };

  run_well (command, "Done");
}

/* ---- all of them ---- */

static const struct
{
  const gchar *factory;         /* to be played here, or */
  void (*run) (const gchar * uri);
} players[] = {
  {"playbin", NULL},
  {"playbin3", NULL},
  {"uridecodebin", NULL},
  {"uridecodebin3", NULL},
  {"gst-launch-1.0", run_launch},
  {"gst-discoverer-1.0", run_discoverer},
  {"gst-play-1.0", run_play},
  {"ges-launch-1.0", run_ges},
};

static void
open_with (guint i, const gchar * uri)
{
  g_print ("players: %s\n", players[i].factory);
  if (players[i].run)
    players[i].run (uri);
  else
    play_here (players[i].factory, uri);
}

/* Whoever comes first buys it, and the others play what is there; also when the
 * service and the key are gone. */
GST_START_TEST (test_paid_once)
{
  g_auto (World) world = { 0 };
  g_autofree gchar *uri = NULL;

  world_init (&world, "0.5", 5);
  uri = make_link (&world, "Good evening to you all.");
  for (guint i = 0; i < G_N_ELEMENTS (players); i++) {
    open_with ((i + __i__) % G_N_ELEMENTS (players), uri);
    check_paid (&world, 1, players[i].factory);
  }
  world_go_offline (&world);
  for (guint i = 0; i < G_N_ELEMENTS (players); i++)
    open_with (i, uri);
}

GST_END_TEST;

/* The link of a task, without the request */
GST_START_TEST (test_task_link)
{
  g_auto (World) world = { 0 };
  g_autofree gchar *uri = NULL;
  g_autoptr (GstElement) element = NULL;

  world_init (&world, "0.5", 5);
  uri = make_link (&world, "Good evening to you all.");
  element = gst_parse_launch ("klinglipsync name=lipsync ! fakesink", NULL);
  {
    g_autoptr (GstElement) lipsync = gst_bin_get_by_name (GST_BIN (element),
        "lipsync");
    g_autofree gchar *id = NULL;

    fail_unless (gst_uri_handler_set_uri (GST_URI_HANDLER (lipsync), uri,
            NULL));
    play (element);
    g_object_get (lipsync, "current-task-id", &id, NULL);
    g_free (uri);
    uri = g_strconcat ("klinglipsync://task/", id, NULL);
  }
  g_unsetenv ("KLING_URI_MAY_PAY");
  run_discoverer (uri);
  play_here ("playbin", uri);
  check_paid (&world, 1, "task");
}

GST_END_TEST;

/* ---- those who give up ---- */

/* gst-discoverer-1.0 waits for ten seconds. What it has given up goes on, and
 * who comes next has the video. */
GST_START_TEST (test_impatient)
{
  g_auto (World) world = { 0 };
  g_autofree gchar *uri = NULL, *output = NULL;
  g_autoptr (KlingTestChild) child = NULL;

  world_init (&world, "20", 1);
  uri = make_link (&world, "Good evening to you all.");
  {
    const gchar *const command[] = { "gst-discoverer-1.0", uri, NULL };

    child = run (command);
  }
  output = get_output (child);
  kling_test_check_contains (output, "timed out");
  kling_test_check_contains (output, "was bought and goes on there");
  check_paid (&world, 1, "the first");
  run_discoverer (uri);
  check_paid (&world, 1, "the second");
}

GST_END_TEST;

/* ---- who pays ---- */

GST_START_TEST (test_not_allowed)
{
  g_auto (World) world = { 0 };
  g_autofree gchar *uri = NULL, *output = NULL;
  g_autoptr (KlingTestChild) child = NULL;

  world_init (&world, "0.5", 5);
  g_unsetenv ("KLING_URI_MAY_PAY");
  uri = make_link (&world, "Good evening to you all.");
  {
    const gchar *const command[] = { "gst-discoverer-1.0", uri, NULL };

    child = run (command);
  }
  output = get_output (child);
  kling_test_check_contains (output, "KLING_URI_MAY_PAY=1");
  check_paid (&world, 0, "gst-discoverer-1.0");
}

GST_END_TEST;

static void
allow_to_pay (GstElement * player, GstElement * source, gpointer user_data)
{
  g_object_set (source, "uri-may-pay", TRUE, NULL);
}

static const gchar *const with_setup[] = { "playbin", "playbin3",
  "uridecodebin", "uridecodebin3"
};

/* An application says it, and pays */
GST_START_TEST (test_source_setup)
{
  g_auto (World) world = { 0 };
  g_autofree gchar *uri = NULL;
  g_autoptr (GstElement) player = NULL;
  GstElement *element;

  world_init (&world, "0.5", 5);
  g_unsetenv ("KLING_URI_MAY_PAY");
  uri = make_link (&world, "Good evening to you all.");
  player = make_player (with_setup[__i__], uri);
  element = g_str_has_prefix (with_setup[__i__], "playbin") ? player
      : GST_BIN_CHILDREN (player)->data;
  g_signal_connect (element, "source-setup", G_CALLBACK (allow_to_pay), NULL);
  play (player);
  check_paid (&world, 1, with_setup[__i__]);
}

GST_END_TEST;

/* ---- an editor's project ---- */

#define FORMAT "video/quicktime,variant=iso:video/x-h264:" \
  "audio/mpeg,mpegversion=4"

/* @uris: what follows one another in the project @path */
static void
make_project (const gchar * path, gchar ** uris)
{
  const gchar *const command[] = { "ges-launch-1.0", "--save-only", path,
    "+clip", uris[0], "+clip", uris[1], "+clip", uris[2], NULL
  };

  run_well (command, "uriclip2");
}

static void
render_project (const gchar * path, const gchar * output)
{
  g_autofree gchar *uri = g_filename_to_uri (output, NULL, NULL);
  const gchar *const command[] = { "ges-launch-1.0", "--load", path, "-o", uri,
    "-f", FORMAT, NULL
  };
  const gchar *const discover[] = { "gst-discoverer-1.0", uri, NULL };

  run_well (command, "Done");
  run_well (discover, "Duration: 0:00:06.0");
}

GST_START_TEST (test_project)
{
  static const gchar *const texts[] = { "This is the first clip.",
    "And here comes the second, 100% of it.", "The third & last?"
  };
  g_auto (World) world = { 0 };
  g_autofree gchar *project = NULL, *first = NULL, *second = NULL;
  gchar *uris[4] = { NULL };

  world_init (&world, "0.5", 5);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree gchar *uri = make_link (&world, texts[i]);

    uris[i] = escape_for_ges (uri);
  }
  project = g_build_filename (world.directory, "project.xges", NULL);
  first = g_build_filename (world.directory, "first.mp4", NULL);
  second = g_build_filename (world.directory, "second.mp4", NULL);

  make_project (project, uris);
  check_paid (&world, 3, "made");
  render_project (project, first);
  check_paid (&world, 3, "rendered");
  world_go_offline (&world);
  render_project (project, second);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (uris[i]);
}

GST_END_TEST;

static Suite *
players_suite (void)
{
  Suite *suite = suite_create ("players");
  TCase *tcase = tcase_create ("players");

  suite_add_tcase (suite, tcase);
  tcase_set_timeout (tcase, 600);
  tcase_add_loop_test (tcase, test_paid_once, 0, 1);
  tcase_add_test (tcase, test_task_link);
  tcase_add_test (tcase, test_impatient);
  tcase_add_test (tcase, test_not_allowed);
  tcase_add_loop_test (tcase, test_source_setup, 0, G_N_ELEMENTS (with_setup));
  tcase_add_test (tcase, test_project);
  return suite;
}

GST_CHECK_MAIN (players);
