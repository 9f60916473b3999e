/* klinglipsync tests: a small application, to be looked at from outside
 *
 *   element-scene SCENE BASE-URL
 *
 * It does what curious applications do: it prints every message and every
 * property that changes, dumps the pipeline, saves a preset, and in the end
 * takes GStreamer down, so that the leaks tracer can say what is left. All that
 * is secret is set from here and not on the command line.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/gst.h>

#include "scene.h"

typedef enum
{
  TO_THE_END,                   /* EOS or an error */
  STOP_AT_TASK,                 /* stopped when the task is known */
  STOP_AT_CREATE,               /* stopped while the paid call is sent */
  STOP_AT_PROGRESS,             /* stopped while the first pad is awaited */
} Plan;

static const struct
{
  const gchar *name;
  Plan plan;
  const gchar *proxy;           /* for a service that is elsewhere */
  gboolean leak;
  const gchar *upload, *public_url;     /* formats, for the base URL */
  gboolean with_headers;
  gboolean without_key;         /* with an access key and a secret key alone */
  const gchar *dialect;
} scenes[] = {
  {"whole", TO_THE_END, NULL, FALSE},
  {"stop-task", STOP_AT_TASK, NULL, FALSE},
  {"stop-create", STOP_AT_CREATE, NULL, FALSE},
  {"proxy", TO_THE_END, "http://user:" SCENE_PROXY "@127.0.0.1:1", FALSE},
  {"leak", TO_THE_END, NULL, TRUE},
  {"put", TO_THE_END, NULL, FALSE, "%s" SCENE_PLACE "{name}?" SCENE_UPLOAD,
      "%s" SCENE_PLACE "{name}?" SCENE_PUBLIC, TRUE},
  {"put-stop", STOP_AT_TASK, NULL, FALSE, "%s" SCENE_PLACE "{name}?"
        SCENE_UPLOAD, "%s" SCENE_PLACE "{name}?" SCENE_PUBLIC, TRUE},
  {"post", TO_THE_END, NULL, FALSE, "post+%s" SCENE_PLACE "?" SCENE_UPLOAD
        "#url=/url", NULL, TRUE},
  {"s3", TO_THE_END, NULL, FALSE, "s3://bucket?region=region&endpoint=%s"
        SCENE_PLACE},
  {"s3-stop", STOP_AT_TASK, NULL, FALSE, "s3://bucket?region=region&endpoint="
        "%s" SCENE_PLACE},
  {"serve", TO_THE_END, NULL, FALSE, "serve:0"},
  {"stop-pad", STOP_AT_PROGRESS, NULL, FALSE, "serve:0"},
  {"pair", TO_THE_END, NULL, FALSE, NULL, NULL, FALSE, TRUE},
  {"tokens", TO_THE_END, NULL, FALSE, NULL, NULL, FALSE, TRUE, "legacy"},
};

static GstElement *
make_lipsync (guint scene, const gchar * base_url)
{
  GstElement *element = gst_element_factory_make ("klinglipsync", NULL);
  g_autoptr (GstStructure) headers = gst_structure_new ("headers", "X-Team",
      G_TYPE_STRING, SCENE_HEADER, NULL);

  g_object_set (element, "base-url",
      scenes[scene].proxy ? SCENE_ELSEWHERE : base_url, "api-key",
      scenes[scene].without_key ? NULL : SCENE_KEY, "access-key", SCENE_ACCESS,
      "secret-key", SCENE_SECRET, "extra-headers", headers, "proxy",
      scenes[scene].proxy, "video-url",
      "https://media.example/face.mp4?" SCENE_QUERY, "face-image-url",
      "https://media.example/face.png?" SCENE_QUERY, "audio-url",
      "https://" SCENE_USER "@media.example/speech.mp3?" SCENE_QUERY,
      "poll-interval", 100 * GST_MSECOND, NULL);
  if (scenes[scene].dialect) {
    gst_util_set_object_arg (G_OBJECT (element), "dialect",
        scenes[scene].dialect);
    g_object_set (element, "face-image-url", NULL, NULL);
  }
  return element;
}

/* @format has at most one %s in it. Returns: (transfer full) (nullable) */
static gchar *
insert_url (const gchar * format, const gchar * base_url)
{
  g_auto (GStrv) parts = format ? g_strsplit (format, "%s", 2) : NULL;

  return parts ? g_strjoinv (base_url, parts) : NULL;
}

/* From now on the speech comes into a pad. */
static void
add_upload (GstElement * pipeline, GstElement * lipsync, guint scene,
    const gchar * base_url)
{
  g_autofree gchar *upload = insert_url (scenes[scene].upload, base_url);
  g_autofree gchar *public_url = insert_url (scenes[scene].public_url,
      base_url);
  g_autoptr (GstStructure) headers = gst_structure_new ("headers", "X-Key",
      G_TYPE_STRING, SCENE_PLACE_HEADER, NULL);
  GstElement *speech = gst_parse_bin_from_description (SCENE_SPEECH, TRUE,
      NULL);

  g_setenv ("AWS_ACCESS_KEY_ID", SCENE_AWS_KEY, TRUE);
  g_setenv ("AWS_SECRET_ACCESS_KEY", SCENE_AWS_SECRET, TRUE);
  g_setenv ("AWS_SESSION_TOKEN", SCENE_AWS_TOKEN, TRUE);
  g_object_set (lipsync, "audio-url", NULL, "upload", upload,
      "upload-public-url", public_url, "upload-headers",
      scenes[scene].with_headers ? headers : NULL, NULL);
  gst_bin_add (GST_BIN (pipeline), speech);
  gst_element_link_pads (speech, "src", lipsync, "audio");
}

static void
dump (GstElement * pipeline, const gchar * name)
{
  GST_DEBUG_BIN_TO_DOT_FILE_WITH_TS (GST_BIN (pipeline),
      GST_DEBUG_GRAPH_SHOW_VERBOSE, name);
}

static void
print_message (GstMessage * message)
{
  const GstStructure *structure = gst_message_get_structure (message);
  g_autofree gchar *text = structure ? gst_structure_to_string (structure)
      : NULL;

  g_print ("%s: %s\n", GST_MESSAGE_TYPE_NAME (message), text ? text : "");
}

static gboolean
is_time_to_stop (GstElement * lipsync, GstMessage * message, Plan plan)
{
  gint status;

  if (plan == STOP_AT_TASK)
    return gst_message_has_name (message, "klinglipsync-task");
  if (plan == STOP_AT_PROGRESS)
    return GST_MESSAGE_TYPE (message) == GST_MESSAGE_PROGRESS;
  g_object_get (lipsync, "status", &status, NULL);
  return plan == STOP_AT_CREATE && status == SCENE_STATUS_CREATING;
}

/* Returns: whether it ended well, or as planned */
static gboolean
play (GstElement * pipeline, GstElement * lipsync, Plan plan)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  dump (pipeline, "playing");
  for (;;) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop (bus, 30 * GST_SECOND);

    if (message == NULL)
      return FALSE;
    print_message (message);
    dump (pipeline, GST_MESSAGE_TYPE_NAME (message));
    if (is_time_to_stop (lipsync, message, plan))
      return TRUE;
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
      return TRUE;
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
      return FALSE;
  }
}

static void
print_rest (GstElement * pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  GstMessage *message;

  while ((message = gst_bus_pop (bus))) {
    print_message (message);
    gst_message_unref (message);
  }
}

static gboolean
run (guint scene, const gchar * base_url)
{
  GstElement *pipeline = gst_pipeline_new (NULL);
  GstElement *lipsync = make_lipsync (scene, base_url);
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);
  gboolean well;

  gst_bin_add_many (GST_BIN (pipeline), lipsync, sink, NULL);
  gst_element_link (lipsync, sink);
  if (scenes[scene].upload)
    add_upload (pipeline, lipsync, scene, base_url);
  gst_element_add_property_deep_notify_watch (pipeline, NULL, TRUE);
  if (GST_IS_PRESET (lipsync))
    gst_preset_save_preset (GST_PRESET (lipsync), "scene");
  well = play (pipeline, lipsync, scenes[scene].plan);
  dump (pipeline, "end");
  gst_element_set_state (pipeline, GST_STATE_NULL);
  print_rest (pipeline);
  if (scenes[scene].leak)
    gst_object_ref (lipsync);
  gst_object_unref (pipeline);
  return well;
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  for (guint i = 0; argc == 3 && i < G_N_ELEMENTS (scenes); i++) {
    if (g_str_equal (argv[1], scenes[i].name)) {
      gboolean well = run (i, argv[2]);

      gst_deinit ();
      return well ? 0 : 1;
    }
  }
  g_printerr ("usage: element-scene SCENE BASE-URL\n");
  return 2;
}
