/* choose-face: asks which of the faces in a video shall speak
 *
 *   choose-face VIDEO-URL TEXT VOICE LANGUAGE OUTPUT.mp4
 *
 * An application in one file: it has a video made by klinglipsync, is asked which
 * of several faces speaks, asks the person at the terminal, and writes the video
 * to a file. Service, dialect and key come from the environment: KLING_BASE_URL,
 * KLING_DIALECT (official or relay, which can choose) and KLING_API_KEY. Against
 * a real service it costs what one video costs.
 *
 * To build it outside of this project:
 *   cc choose-face.c -o choose-face $(pkg-config --cflags --libs gstreamer-1.0)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <gst/gst.h>
#include <stdio.h>


static void
print_face (const GstStructure * face)
{
  guint64 start, end;

  g_print ("  %s", gst_structure_get_string (face, "face-id"));
  /* services tell what they know: any field but the id may be missing */
  if (gst_structure_get_uint64 (face, "start-time", &start)
      && gst_structure_get_uint64 (face, "end-time", &end))
    g_print ("  seen from %.1f s to %.1f s", (double) start / GST_SECOND,
        (double) end / GST_SECOND);
  if (gst_structure_has_field (face, "picture"))
    g_print ("  %s", gst_structure_get_string (face, "picture"));
  g_print ("\n");
}

/* The signal select-face. It comes from a thread of the pipeline, which may wait
 * here for as long as a person thinks: nothing is paid meanwhile. */
static char *
on_select_face (GstElement * lipsync, const GstStructure * faces,
    gpointer user_data)
{
  const GValue *list = gst_structure_get_value (faces, "faces");
  char line[64];

  g_print ("Who speaks?\n");
  for (guint i = 0; i < gst_value_array_get_size (list); i++)
    print_face (gst_value_get_structure (gst_value_array_get_value (list, i)));
  g_print ("Face (empty: the one that is seen longest): ");
  if (fgets (line, sizeof line, stdin) == NULL)
    return NULL;
  g_strstrip (line);
  return *line ? g_strdup (line) : NULL;
}

static void
print_progress (GstMessage * message)
{
  g_autofree char *text = NULL;

  gst_message_parse_progress (message, NULL, NULL, &text);
  g_print ("%s\n", text);
}

static void
print_error (GstMessage * message)
{
  g_autoptr (GError) error = NULL;

  gst_message_parse_error (message, &error, NULL);
  g_printerr ("choose-face: %s\n", error->message);
}

/* Returns: whether the video was written */
static gboolean
run (GstElement * pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (;;) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (bus,
        GST_CLOCK_TIME_NONE, GST_MESSAGE_PROGRESS | GST_MESSAGE_WARNING
        | GST_MESSAGE_ERROR | GST_MESSAGE_EOS);

    switch (GST_MESSAGE_TYPE (message)) {
      case GST_MESSAGE_PROGRESS:
        print_progress (message);
        break;
      case GST_MESSAGE_ERROR:
        print_error (message);
        return FALSE;
      case GST_MESSAGE_EOS:
        return TRUE;
      default:
        break;
    }
  }
}

int
main (int argc, char **argv)
{
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstElement) lipsync = NULL;
  g_autoptr (GstElement) file = NULL;
  g_autoptr (GError) error = NULL;
  gboolean good;

  gst_init (&argc, &argv);
  if (argc != 6) {
    g_printerr
        ("usage: choose-face VIDEO-URL TEXT VOICE LANGUAGE OUTPUT.mp4\n");
    return 2;
  }
  pipeline = gst_parse_launch ("klinglipsync name=lipsync ! filesink name=file",
      &error);
  if (pipeline == NULL) {
    g_printerr ("choose-face: %s\n", error->message);
    return 1;
  }
  lipsync = gst_bin_get_by_name (GST_BIN (pipeline), "lipsync");
  file = gst_bin_get_by_name (GST_BIN (pipeline), "file");
  g_object_set (lipsync, "video-url", argv[1], "text", argv[2], "voice-id",
      argv[3], "voice-language", argv[4], NULL);
  g_object_set (file, "location", argv[5], NULL);
  g_signal_connect (lipsync, "select-face", G_CALLBACK (on_select_face), NULL);

  good = run (pipeline);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return good ? 0 : 1;
}
