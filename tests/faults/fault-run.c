/* klinglipsync tests: one run of the element, in a process of its own
 *
 *   fault-run [--audio FILE] [--count N] [--stop-at STATUS] [--stop-after MS]
 *             [--again] [--exit exit|quick|return] --out FILE NAME=VALUE...
 *
 * Sets properties of klinglipsync by NAME=VALUE, plays, and writes the video to
 * FILE. It is made to be killed, or stopped: with --stop-at its pipeline is set
 * to NULL when the element gets into that status, with --stop-after so much later.
 * With --again it is then played once more, to the end. With --count so many
 * pipelines run at once, and write to FILE, FILE.1, FILE.2 and so on.
 *
 * Says what happens on its standard output, a line each: task-id=, sha256=,
 * progress=, warning=, error=, details=, stopped, done. Line breaks in values
 * are escaped. Ends with 0 when all videos were written, 1 after an error, 2
 * when it was called wrongly, 4 when it was stopped.
 *
 * Main thread, but for on_status().
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <gst/gst.h>

/* No run of a test takes so long; ended by SIGALRM, it is seen to hang. */
#define PATIENCE_SECONDS 180

enum
{
  ENDED_WELL = 0,
  ENDED_BADLY = 1,
  CALLED_WRONGLY = 2,
  STOPPED = 4,
};

static gchar *option_audio, *option_out, *option_stop_at, *option_exit;
static gint option_count = 1, option_stop_after = -1;
static gboolean option_again;
static gchar **option_properties;

static const GOptionEntry options[] = {
  {"audio", 0, 0, G_OPTION_ARG_FILENAME, &option_audio, "What is said", "FILE"},
  {"out", 0, 0, G_OPTION_ARG_FILENAME, &option_out, "The video", "FILE"},
  {"count", 0, 0, G_OPTION_ARG_INT, &option_count, "Pipelines", "N"},
  {"stop-at", 0, 0, G_OPTION_ARG_STRING, &option_stop_at, "Status", "NICK"},
  {"stop-after", 0, 0, G_OPTION_ARG_INT, &option_stop_after, "Later", "MS"},
  {"again", 0, 0, G_OPTION_ARG_NONE, &option_again, "Once more", NULL},
  {"exit", 0, 0, G_OPTION_ARG_STRING, &option_exit, "How", "WAY"},
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &option_properties,
      NULL, "NAME=VALUE..."},
  {NULL},
};

static void
say (const gchar * name, const gchar * value)
{
  g_autofree gchar *text = value ? g_strescape (value, NULL) : NULL;

  g_print ("%s%s%s\n", name, text ? "=" : "", text ? text : "");
  fflush (stdout);
}

/* ---- pipelines ---- */

static GstElement *
make_element (GstElement * pipeline, const gchar * factory,
    const gchar * location)
{
  GstElement *element = gst_element_factory_make (factory, NULL);

  if (element == NULL) {
    g_printerr ("fault-run: there is no %s\n", factory);
    exit (CALLED_WRONGLY);
  }
  if (location)
    g_object_set (element, "location", location, NULL);
  gst_bin_add (GST_BIN (pipeline), element);
  return element;
}

static void
set_property (GstElement * lipsync, const gchar * assignment)
{
  g_auto (GStrv) parts = g_strsplit (assignment, "=", 2);

  if (parts[0] == NULL || parts[1] == NULL
      || g_object_class_find_property (G_OBJECT_GET_CLASS (lipsync),
          parts[0]) == NULL) {
    g_printerr ("fault-run: klinglipsync cannot be set to %s\n", assignment);
    exit (CALLED_WRONGLY);
  }
  gst_util_set_object_arg (G_OBJECT (lipsync), parts[0], parts[1]);
}

/* On any thread */
static void
on_status (GstElement * lipsync, GParamSpec * pspec, gpointer user_data)
{
  GParamSpecEnum *statuses = G_PARAM_SPEC_ENUM (pspec);
  gint status;

  g_object_get (lipsync, "status", &status, NULL);
  gst_element_post_message (lipsync,
      gst_message_new_application (GST_OBJECT (lipsync),
          gst_structure_new ("status", "nick", G_TYPE_STRING,
              g_enum_get_value (statuses->enum_class, status)->value_nick,
              NULL)));
}

static GstElement *
make_pipeline (guint number)
{
  g_autofree gchar *out = number == 0 ? g_strdup (option_out)
      : g_strdup_printf ("%s.%u", option_out, number);
  GstElement *pipeline = gst_pipeline_new (NULL);
  GstElement *lipsync = make_element (pipeline, "klinglipsync", NULL);
  GstElement *sink = make_element (pipeline, "filesink", out);

  for (gchar ** property = option_properties; property && *property; property++)
    set_property (lipsync, *property);
  g_signal_connect (lipsync, "notify::status", G_CALLBACK (on_status), NULL);
  if (!gst_element_link (lipsync, sink) || (option_audio
          && !gst_element_link (make_element (pipeline, "filesrc",
                  option_audio), lipsync)))
    exit (CALLED_WRONGLY);
  return pipeline;
}

/* ---- what is told ---- */

static void
tell_trouble (GstMessage * message)
{
  gboolean is_error = GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL, *text = NULL;
  const GstStructure *details = NULL;

  if (is_error) {
    gst_message_parse_error (message, &error, &debug);
    gst_message_parse_error_details (message, &details);
  } else {
    gst_message_parse_warning (message, &error, &debug);
    gst_message_parse_warning_details (message, &details);
  }
  say (is_error ? "error" : "warning", error->message);
  text = details ? gst_structure_to_string (details) : NULL;
  if (text)
    say ("details", text);
}

static void
tell_progress (GstMessage * message)
{
  g_autofree gchar *text = NULL;

  gst_message_parse_progress (message, NULL, NULL, &text);
  say ("progress", text ? text : "");
}

static void
tell_element (GstMessage * message)
{
  const GstStructure *structure = gst_message_get_structure (message);

  if (gst_structure_has_name (structure, "klinglipsync-task"))
    say ("task-id", gst_structure_get_string (structure, "task-id"));
  else if (gst_structure_has_name (structure, "klinglipsync-result"))
    say ("sha256", gst_structure_get_string (structure, "sha256"));
}

static void
tell (GstMessage * message)
{
  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ERROR:
    case GST_MESSAGE_WARNING:
      tell_trouble (message);
      break;
    case GST_MESSAGE_PROGRESS:
      tell_progress (message);
      break;
    case GST_MESSAGE_ELEMENT:
      tell_element (message);
      break;
    default:
      break;
  }
}

/* ---- runs ---- */

static gboolean
is_status (GstMessage * message, const gchar * nick)
{
  const GstStructure *structure = gst_message_get_structure (message);

  return GST_MESSAGE_TYPE (message) == GST_MESSAGE_APPLICATION
      && g_strcmp0 (gst_structure_get_string (structure, "nick"), nick) == 0;
}

/* Follows @pipeline until its end, or until @stop (on the monotonic clock; -1:
 * never). With @stop_at the time counts from that status. */
static gint
follow (GstElement * pipeline, const gchar * stop_at, gint64 stop_after)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gint64 stop = !stop_at && stop_after >= 0
      ? g_get_monotonic_time () + stop_after : -1;

  for (;;) {
    GstClockTime left = stop < 0 ? GST_CLOCK_TIME_NONE
        : (GstClockTime) MAX (stop - g_get_monotonic_time (), 0) * GST_USECOND;
    g_autoptr (GstMessage) message = gst_bus_timed_pop (bus, left);

    if (message == NULL)
      return STOPPED;
    tell (message);
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
      return ENDED_BADLY;
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
      return ENDED_WELL;
    if (stop_at && stop < 0 && is_status (message, stop_at))
      stop = g_get_monotonic_time () + MAX (stop_after, 0);
  }
}

static gint
play_all (GstElement ** pipelines, const gchar * stop_at, gint64 stop_after)
{
  gint worst = ENDED_WELL;

  for (gint i = 0; i < option_count; i++)
    gst_element_set_state (pipelines[i], GST_STATE_PLAYING);
  for (gint i = 0; i < option_count; i++) {
    gint end = follow (pipelines[i], stop_at, stop_after);

    worst = MAX (worst, end);
  }
  for (gint i = 0; i < option_count; i++)
    gst_element_set_state (pipelines[i], GST_STATE_NULL);
  say (worst == ENDED_WELL ? "done" : worst == STOPPED ? "stopped" : "failed",
      NULL);
  return worst;
}

static gint
run (void)
{
  GstElement **pipelines = g_new0 (GstElement *, option_count);
  gint end;

  for (gint i = 0; i < option_count; i++)
    pipelines[i] = make_pipeline (i);
  end = play_all (pipelines, option_stop_at,
      option_stop_after >= 0 ? option_stop_after * G_TIME_SPAN_MILLISECOND
      : -1);
  if (end == STOPPED && option_again)
    end = play_all (pipelines, NULL, -1);
  if (g_strcmp0 (option_exit, "quick") == 0)
    _exit (end);
  if (g_strcmp0 (option_exit, "exit") == 0)
    exit (end);
  for (gint i = 0; i < option_count; i++)
    gst_object_unref (pipelines[i]);
  g_free (pipelines);
  return end;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, options, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error)
      || option_out == NULL || option_count < 1) {
    g_printerr ("fault-run: %s\n", error ? error->message : "no --out");
    return CALLED_WRONGLY;
  }
  alarm (PATIENCE_SECONDS);
  return run ();
}
