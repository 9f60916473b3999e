/* kling-sandbox: a local stand-in for the Kling lip-sync service.
 *
 * The command line, the signals and the main loop; everything else is in the
 * library beside it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>

#include "sandbox.h"

static SandboxOptions options = {
  .port = SANDBOX_DEFAULT_PORT,
  .latency = 3,
  .slots = 3,
};

static char *api_key;
static char *access_key;
static char *secret_key;

static const GOptionEntry entries[] = {
  {"port", 'p', 0, G_OPTION_ARG_INT, &options.port,
      "Listen on this port; 0 takes any free one (default 8765)", "N"},
  {"port-file", 0, 0, G_OPTION_ARG_FILENAME, &options.port_file,
      "Write the port into FILE once it listens", "FILE"},
  {"state", 0, 0, G_OPTION_ARG_FILENAME, &options.state,
        "Keep tasks, sessions and ledger in DIR (default: a temporary one)",
      "DIR"},
  {"latency", 0, 0, G_OPTION_ARG_DOUBLE, &options.latency,
        "A task takes at least so long, fractions allowed (default 3)",
      "SECONDS"},
  {"slots", 0, 0, G_OPTION_ARG_INT, &options.slots,
      "So many tasks run at once, the rest waits (default 3)", "N"},
  {"api-key", 0, 0, G_OPTION_ARG_STRING, &api_key,
      "The key that clients have to send (default: sandbox)", "KEY"},
  {"access-key", 0, 0, G_OPTION_ARG_STRING, &access_key,
      "Who signs the tokens of /v1 (default: sandbox-access)", "KEY"},
  {"secret-key", 0, 0, G_OPTION_ARG_STRING, &secret_key,
      "What they are signed with (default: sandbox-secret)", "KEY"},
  {"upload-auth", 0, 0, G_OPTION_ARG_STRING, &options.upload_auth,
      "Uploading needs this Authorization header (default: none)", "VALUE"},
  {"clip", 0, 0, G_OPTION_ARG_FILENAME, &options.clip,
      "Serve FILE for every task instead of rendering one", "FILE"},
  {NULL}
};

static const char summary[] =
    "A local stand-in for the Kling lip-sync service. It costs nothing, needs "
    "no\naccount, and makes real videos that carry a SANDBOX mark.";

/* *INDENT-OFF* */
static const char description[] =
    "A gateway, with \"Authorization: Bearer KEY\":\n"
    "  POST /kling/v1/videos/identify-face          {\"video_url\"} or {\"video_id\"}\n"
    "  POST /kling/v1/videos/advanced-lip-sync      gateway: {\"input\": {\"session_id\",\n"
    "                                               \"text\" + \"voice_id\" +\n"
    "                                               \"voice_language\" or \"audio_url\",\n"
    "                                               \"face_image_url\"?}}; relay: the\n"
    "                                               official body, see below\n"
    "  POST /kling/v1/videos/lip-sync               legacy, see below\n"
    "  GET  /kling/v1/videos/advanced-lip-sync/ID   how far it is, and the result's URL\n"
    "       also as /kling/v1/videos/lip-sync/ID and /kling/v1/videos/ID\n"
    "  POST /kling/v1/audio/tts, GET /kling/v1/audio/tts/ID\n"
    "\n"
    "The service itself, with the key or a JWT of access key and secret key:\n"
    "  POST /v1/videos/identify-face                {\"video_url\"} or {\"video_id\"}\n"
    "  POST /v1/videos/advanced-lip-sync            official: {\"session_id\",\n"
    "       \"face_choose\": [{\"face_id\", \"audio_id\" or \"sound_file\" (URL or Base64),\n"
    "       \"sound_start_time\", \"sound_end_time\", \"sound_insert_time\" (ms),\n"
    "       \"sound_volume\"?, \"original_audio_volume\"?}], \"watermark_info\"?,\n"
    "       \"external_task_id\"?, \"callback_url\"?}\n"
    "  GET  /v1/videos/advanced-lip-sync/ID, also by external_task_id\n"
    "  GET  /v1/videos/advanced-lip-sync?pageNum=1&pageSize=30\n"
    "  POST /v1/videos/lip-sync                     legacy: {\"input\": {\"video_url\" or\n"
    "       \"video_id\", \"mode\": \"text2video\" + \"text\", \"voice_id\",\n"
    "       \"voice_language\"?, \"voice_speed\"? or \"mode\": \"audio2video\" +\n"
    "       \"audio_type\": \"url\" + \"audio_url\" or \"file\" + \"audio_file\" (Base64)}}\n"
    "  GET  /v1/videos/lip-sync/ID, /v1/videos/lip-sync\n"
    "  POST /v1/audio/tts                           {\"text\", \"voice_id\",\n"
    "       \"voice_language\"?, \"voice_speed\"?}; GET /v1/audio/tts/ID\n"
    "\n"
    "Beside it, without a key:\n"
    "  GET  /sandbox/face.mp4, /sandbox/face.png    a face to try things with; its\n"
    "                                               video_id is \"sample\"\n"
    "  GET  /sandbox/faces.mp4                      three faces that come and go\n"
    "  GET  /sandbox/faces-0.png, -1, -2            a picture of each\n"
    "  GET  /sandbox/results/ID.mp4?token=...       a result; Range, ETag\n"
    "  GET  /sandbox/ledger                         the calls, and what was paid\n"
    "  GET  /sandbox/tasks, /sandbox/tasks/ID       what was asked, as it came\n"
    "  GET  /sandbox/tasks/ID/speech                what was said, as a sound file\n"
    "  GET  /sandbox/sessions/ID/video              the video, as it was fetched\n"
    "  PUT, GET, DELETE /sandbox/uploads/NAME       a place to upload to; Range, ETag\n"
    "  GET  /sandbox/uploads                        what is there: name, size, sha256\n"
    "  POST /sandbox/upload                         multipart/form-data with a field\n"
    "                                               \"file\"; answers with its URL\n"
    "  GET  /sandbox/audios/ID.mp3                  a text that was spoken by tts\n"
    "  GET  /sandbox/voices                         voice ids and who speaks for them\n"
    "  GET, POST /sandbox/shape                     how answers are spelled:\n"
    "       {\"depth\": \"own\"|1|2|3, \"create\": \"own\"|\"flat\"|\"nested\",\n"
    "        \"ids\": \"string\"|\"integer\", \"faces\": \"face_list\"|\"face_data\",\n"
    "        \"words\": \"succeed\"|\"succeeded\"|\"success\"|\"completed\",\n"
    "        \"errors\": \"flat\"|\"wrapped\"|\"nested\", \"times\": \"integer\"|\"string\",\n"
    "        \"speech\": \"immediate\"|\"queued\", \"upload\": \"flat\"|\"nested\"}\n"
    "  GET, POST /sandbox/clock {\"offset\": SECONDS}  sets the service's clock off\n"
    "  POST, GET, DELETE /sandbox/faults            misbehave on demand, see below\n"
    "\n"
    "A worked example:\n"
    "  kling-sandbox &\n"
    "  U=http://127.0.0.1:8765 K='Authorization: Bearer sandbox'\n"
    "  curl -s -H \"$K\" $U/kling/v1/videos/identify-face \\\n"
    "    -d '{\"video_url\": \"'$U'/sandbox/face.mp4\"}'\n"
    "  curl -s -H \"$K\" $U/kling/v1/videos/advanced-lip-sync -d '{\"input\": {\n"
    "    \"session_id\": \"SESSION\", \"text\": \"Hello there.\",\n"
    "    \"voice_id\": \"oversea_male1\", \"voice_language\": \"en\"}}'\n"
    "  curl -s -H \"$K\" $U/kling/v1/videos/advanced-lip-sync/TASK\n"
    "  curl -s -o hello.mp4 'URL'\n"
    "\n"
    "Faults: POST /sandbox/faults {\"match\": {...}, \"do\": {...}, \"times\": N}\n"
    "  match   method, path (a beginning, or a pattern with * and ?), kind (create,\n"
    "          identify, tts, query, upload, other), task (an id in the path), nth\n"
    "          (from the nth matching request on); all optional\n"
    "  do      status, code, body (string or JSON), fill (N bytes): answer this; the\n"
    "            request is not carried out, unless \"commit\": true\n"
    "          delay (seconds), headers (object): with the answer\n"
    "          reset, hang: true or \"after\" (carried out) or \"before\" (not)\n"
    "          truncate (N): cut off after N bytes of the body\n"
    "          receive (N): reset after N bytes of the request's body\n"
    "          length (N): a wrong Content-Length; drip (bytes per second);\n"
    "          ignore-range: true; fail (text): the new task fails with this reason\n"
    "  times   how often, default 1; 0 or -1 is for ever\n"
    "  curl $U/sandbox/faults -d '{\"match\": {\"kind\": \"create\"}, \"do\": {\"code\": 1303}}'\n"
    "  curl $U/sandbox/faults -d '{\"match\": {\"path\": \"/sandbox/results/\"},\n"
    "    \"do\": {\"truncate\": 1000}, \"times\": 2}'\n"
    "\n"
    "SIGTERM and SIGINT end it, with exit status 0.";
/* *INDENT-ON* */

static gboolean
check_options (GError ** error)
{
  const char *problem = NULL;

  if (options.port < 0 || options.port > 65535)
    problem = "--port has to be 0 to 65535";
  else if (!(options.latency >= 0 && options.latency <= 86400))
    problem = "--latency has to be 0 to 86400 seconds";
  else if (options.slots < 1 || options.slots > 1000)
    problem = "--slots has to be 1 to 1000";
  else if (options.upload_auth && *options.upload_auth == '\0')
    problem = "--upload-auth has to be the value of a header";
  if (problem)
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        problem);
  return problem == NULL;
}

static gboolean
parse_options (int *argc, char ***argv, GError ** error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error)
      || !check_options (error))
    return FALSE;
  if (*argc > 1) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
        "what is \"%s\"? See --help", (*argv)[1]);
    return FALSE;
  }
  options.keys = (SandboxKeys) {
  api_key ? api_key : "sandbox", access_key ? access_key : "sandbox-access",
        secret_key ? secret_key : "sandbox-secret"};
  return TRUE;
}

static gboolean
write_port (guint port, GError ** error)
{
  g_autofree char *text = g_strdup_printf ("%u\n", port);

  return options.port_file == NULL
      || sandbox_write_file (options.port_file, text, error);
}

static gboolean
on_signal (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
run (GError ** error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (Sandbox) sandbox = NULL;
  guint port;

  g_unix_signal_add (SIGTERM, on_signal, loop);
  g_unix_signal_add (SIGINT, on_signal, loop);
  /* one of an earlier run would send a script to the wrong port */
  if (options.port_file)
    g_unlink (options.port_file);
  sandbox = sandbox_new (&options, error);
  if (sandbox == NULL)
    return FALSE;
  port = sandbox_listen (sandbox, error);
  if (port == 0 || !write_port (port, error))
    return FALSE;
  g_print ("kling-sandbox listens; to use it: export "
      "KLING_BASE_URL=http://127.0.0.1:%u KLING_API_KEY=%s\n", port,
      options.keys.api_key);
  fflush (stdout);
  g_main_loop_run (loop);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  gboolean good;

  setlocale (LC_ALL, "");
  signal (SIGPIPE, SIG_IGN);
  good = parse_options (&argc, &argv, &error);
  if (good) {
    gst_init (NULL, NULL);
    good = run (&error);
  }
  if (!good)
    g_printerr ("kling-sandbox: %s\n", error->message);
  g_free (options.port_file);
  g_free (options.state);
  g_free (api_key);
  g_free (access_key);
  g_free (secret_key);
  g_free (options.upload_auth);
  g_free (options.clip);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
