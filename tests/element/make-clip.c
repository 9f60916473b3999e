/* klinglipsync tests: makes the videos that scripted servers give out
 *
 *   make-clip small|tail|face|talk FILE
 *
 * small is 2 s with picture and sound; face is 3 s with a picture as large as
 * the service wants a source to be, and silent; talk is the same for 8 s; tail is
 * larger than the 10 MB that qtdemux is willing to keep while it looks for its
 * index, which stands at the end of all. Runs when the tests are built.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/gst.h>

static const gchar small[] = "mp4mux name=mux ! filesink name=file"
    " videotestsrc num-buffers=50 ! video/x-raw,width=320,height=240,"
    "framerate=25/1 ! x264enc speed-preset=ultrafast key-int-max=5 ! queue !"
    " mux. audiotestsrc num-buffers=40 samplesperbuffer=2205 !"
    " audio/x-raw,rate=44100,channels=1 ! avenc_aac ! queue ! mux.";
static const gchar tail[] = "mp4mux name=mux ! filesink name=file"
    " videotestsrc num-buffers=75 pattern=snow ! video/x-raw,width=640,"
    "height=360,framerate=25/1 ! x264enc speed-preset=ultrafast pass=quant"
    " quantizer=24 key-int-max=5 ! queue ! mux.";
#define FACE(buffers) "mp4mux name=mux ! filesink name=file" \
    " videotestsrc num-buffers=" buffers " pattern=ball ! video/x-raw," \
    "width=1280,height=720,framerate=25/1 ! x264enc speed-preset=ultrafast !" \
    " queue ! mux."

static const gchar face[] = FACE ("75");
static const gchar talk[] = FACE ("200");

static const struct
{
  const gchar *name, *line;
} clips[] = {
  {"small", small},
  {"tail", tail},
  {"face", face},
  {"talk", talk},
};

static gboolean
run (const gchar * line, const gchar * path, GError ** error)
{
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, error);
  g_autoptr (GstElement) file = NULL;
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;

  if (pipeline == NULL)
    return FALSE;
  file = gst_bin_get_by_name (GST_BIN (pipeline), "file");
  g_object_set (file, "location", path, NULL);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, error, NULL);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  const gchar *line = NULL;

  gst_init (&argc, &argv);
  for (guint i = 0; argc == 3 && i < G_N_ELEMENTS (clips); i++) {
    if (g_str_equal (argv[1], clips[i].name))
      line = clips[i].line;
  }
  if (line == NULL) {
    g_printerr ("usage: make-clip small|tail|face|talk FILE\n");
    return 2;
  }
  if (run (line, argv[2], &error))
    return 0;
  g_printerr ("make-clip: %s\n", error->message);
  return 1;
}
