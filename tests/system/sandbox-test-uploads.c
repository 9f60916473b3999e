/* The place of kling-sandbox to upload to, and that what it fetches from there
 * is what was uploaded.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "sandbox-test.h"

#define PLACE "/sandbox/uploads/"
#define FORM "/sandbox/upload"
#define MAX_UPLOAD (110 * 1024 * 1024)
#define MAX_UPLOADS 1000

static GBytes *
media_bytes (const char *name)
{
  g_autofree char *path = media_path (name);
  char *data;
  gsize size;

  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  return g_bytes_new_take (data, size);
}

/* Bytes that differ from each other, and from those of another seed. */
static GBytes *
some_bytes (gsize size, guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  guint8 *data = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    data[i] = g_rand_int (rand);
  return g_bytes_new_take (data, size);
}

static guint
put (Box * box, const char *name, GBytes * body)
{
  g_autofree char *path = g_strconcat (PLACE, name, NULL);
  g_autoptr (Answer) answer =
      box_upload (box, "PUT", path, "audio/aac", body, NULL);

  return answer->status;
}

static JsonArray *
list_uploads (Box * box)
{
  g_autoptr (Answer) answer = box_call (box, "GET", "/sandbox/uploads", NULL);
  g_autofree char *text = answer_text (answer);
  g_autoptr (JsonNode) node = json_from_string (text, NULL);

  g_assert_cmpuint (answer->status, ==, 200);
  return json_node_dup_array (node);
}

static void
assert_uploads (Box * box, guint n)
{
  g_autoptr (JsonArray) list = list_uploads (box);

  g_assert_cmpuint (json_array_get_length (list), ==, n);
}

static void
assert_listed (Box * box, guint index, const char *name, GBytes * body)
{
  g_autoptr (JsonArray) list = list_uploads (box);
  JsonObject *entry = json_array_get_object_element (list, index);
  g_autofree char *sha256 =
      g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, body);

  g_assert_cmpstr (find_string (entry, "name"), ==, name);
  g_assert_cmpint (find_integer (entry, "size"), ==, g_bytes_get_size (body));
  g_assert_cmpstr (find_string (entry, "sha256"), ==, sha256);
}

static void
assert_readable (Box * box, const char *url, GBytes * body)
{
  g_autoptr (Answer) answer = box_call (box, "GET", url, NULL);

  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_no_error (answer->error);
  g_assert_true (g_bytes_equal (answer->body, body));
}

/* The newest call of the ledger but for the one that asks for it. */
static JsonObject *
last_call (Box * box)
{
  g_autoptr (Answer) answer = box_call (box, "GET", "/sandbox/ledger", NULL);
  g_autoptr (JsonObject) ledger = answer_json (answer);
  JsonArray *calls = json_object_get_array_member (ledger, "calls");
  guint n = json_array_get_length (calls);

  g_assert_cmpuint (n, >, 0);
  return json_object_ref (json_array_get_object_element (calls, n - 1));
}

static void
test_file (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autoptr (GBytes) first = some_bytes (300000, 1);
  g_autoptr (GBytes) second = some_bytes (300000, 2);
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  g_autoptr (JsonObject) call = NULL;
  g_autoptr (Answer) gone = NULL;
  g_autoptr (Answer) missing = NULL;

  g_assert_cmpuint (put (box, "b.wav", first), ==, 201);
  g_assert_cmpuint (put (box, "b.wav", second), ==, 204);
  g_assert_cmpuint (put (box, "a", empty), ==, 201);
  call = last_call (box);
  g_assert_cmpstr (find_string (call, "kind"), ==, "upload");
  g_assert_cmpstr (find_string (call, "path"), ==, PLACE "a");
  g_assert_false (json_object_has_member (call, "task"));
  assert_listed (box, 0, "a", empty);
  assert_listed (box, 1, "b.wav", second);
  assert_readable (box, PLACE "b.wav", second);
  assert_readable (box, PLACE "a", empty);
  gone = box_call (box, "DELETE", PLACE "b.wav", NULL);
  g_assert_cmpuint (gone->status, ==, 204);
  missing = box_call (box, "DELETE", PLACE "b.wav", NULL);
  g_assert_cmpuint (missing->status, ==, 404);
  assert_uploads (box, 1);
}

static void
test_reading (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autoptr (GBytes) body = some_bytes (100000, 3);
  g_autoptr (GBytes) middle = g_bytes_new_from_bytes (body, 1000, 500);
  g_autoptr (Answer) head = NULL, part = NULL, same = NULL, other = NULL;
  g_autoptr (Answer) beyond = NULL, missing = NULL;
  const char *etag;

  g_assert_cmpuint (put (box, "x", body), ==, 201);
  head = box_call (box, "HEAD", PLACE "x", NULL);
  g_assert_cmpuint (head->status, ==, 200);
  g_assert_cmpint (soup_message_headers_get_content_length (head->headers), ==,
      100000);
  g_assert_cmpstr (soup_message_headers_get_one (head->headers,
          "Content-Type"), ==, "audio/aac");
  etag = soup_message_headers_get_one (head->headers, "ETag");
  part = get_range (box, PLACE "x?a=b", "bytes=1000-1499", NULL);
  g_assert_cmpuint (part->status, ==, 206);
  g_assert_true (g_bytes_equal (part->body, middle));
  same = get_range (box, PLACE "x", "bytes=1000-1499", etag);
  g_assert_cmpuint (same->status, ==, 206);
  other = get_range (box, PLACE "x", "bytes=1000-1499", "\"other\"");
  g_assert_cmpuint (other->status, ==, 200);
  g_assert_true (g_bytes_equal (other->body, body));
  beyond = get_range (box, PLACE "x", "bytes=100000-", NULL);
  g_assert_cmpuint (beyond->status, ==, 416);
  missing = box_call (box, "GET", PLACE "y", NULL);
  g_assert_cmpuint (missing->status, ==, 404);
}

static void
test_names (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *longest = g_strnfill (200, 'n');
  g_autofree char *too_long = g_strnfill (201, 'n');
  g_autoptr (GBytes) body = some_bytes (10, 4);
  const char *const bad[] = { "a%20b", "%2e%2e", "%2E", "a%2Fb", "..%2Fb",
    "a%00b", "%C3%A4", "a~", too_long, "", "a/b"
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    guint status = put (box, bad[i], body);

    g_test_message ("%s: %u", bad[i], status);
    g_assert_cmpuint (status, >=, 400);
    g_assert_cmpuint (status, <, 500);
  }
  assert_uploads (box, 0);
  g_assert_cmpuint (put (box, longest, body), ==, 201);
  g_assert_cmpuint (put (box, "..._-9Z", body), ==, 201);
  assert_uploads (box, 2);
}

/* A state with as many uploads as there may be. */
static char *
make_full_state (void)
{
  char *state = g_dir_make_tmp ("sandbox-state-XXXXXX", NULL);
  g_autofree char *folder = g_build_filename (state, "uploads", NULL);

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  for (guint i = 0; i < MAX_UPLOADS; i++) {
    g_autofree char *name = g_strdup_printf ("%04u", i);
    g_autofree char *path = g_build_filename (folder, name, NULL);

    g_assert_true (g_file_set_contents (path, name, -1, NULL));
  }
  return state;
}

static void
test_limits (void)
{
  g_autofree char *state = make_full_state ();
  Box *box = box_start ("--state", state, NULL);
  g_autoptr (GBytes) body = some_bytes (10, 5);
  char *zeros = g_malloc0 (MAX_UPLOAD + 1);
  g_autoptr (GBytes) most = g_bytes_new_static (zeros, MAX_UPLOAD);
  g_autoptr (GBytes) too_much = g_bytes_new_static (zeros, MAX_UPLOAD + 1);
  g_autoptr (Answer) deleted = NULL;

  assert_uploads (box, MAX_UPLOADS);
  g_assert_cmpuint (put (box, "new", body), ==, 507);
  g_assert_cmpuint (put (box, "0000", body), ==, 204);
  deleted = box_call (box, "DELETE", PLACE "0001", NULL);
  g_assert_cmpuint (deleted->status, ==, 204);
  g_assert_cmpuint (put (box, "new", too_much), ==, 413);
  g_assert_cmpuint (put (box, "new", most), ==, 201);
  assert_uploads (box, MAX_UPLOADS);
  box_free (box);
  g_free (zeros);
  remove_folder (state);
}

static void
test_uploads_stay (void)
{
  g_autofree char *state = g_dir_make_tmp ("sandbox-state-XXXXXX", NULL);
  g_autoptr (GBytes) body = some_bytes (50000, 6);
  Box *box = box_start ("--state", state, NULL);
  g_autoptr (Answer) gone = NULL;

  g_assert_cmpuint (put (box, "kept", body), ==, 201);
  g_assert_cmpuint (put (box, "gone", body), ==, 201);
  gone = box_call (box, "DELETE", PLACE "gone", NULL);
  g_assert_cmpuint (gone->status, ==, 204);
  g_assert_cmpint (box_stop (box, SIGKILL), ==, -SIGKILL);
  box_free (box);
  box = box_start ("--state", state, NULL);
  assert_uploads (box, 1);
  assert_listed (box, 0, "kept", body);
  assert_readable (box, PLACE "kept", body);
  box_free (box);
  remove_folder (state);
}

static Answer *
post_form (Box * box, const char *field, const char *file_name, GBytes * body,
    const char *authorization)
{
  g_autoptr (SoupMultipart) form =
      soup_multipart_new (SOUP_FORM_MIME_TYPE_MULTIPART);
  g_autoptr (SoupMessageHeaders) headers =
      soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
  g_autoptr (GBytes) bytes = NULL;

  soup_multipart_append_form_string (form, "uploadPath", "some/where");
  soup_multipart_append_form_file (form, field, file_name, "audio/mpeg", body);
  soup_multipart_to_message (form, headers, &bytes);
  return box_upload (box, "POST", FORM, soup_message_headers_get_one (headers,
          "Content-Type"), bytes, authorization);
}

/* The URL is read where the shape has it. */
static void
check_form (Box * box, const char *file_name, const char *pointer,
    const char *extension)
{
  g_autoptr (GBytes) body = some_bytes (200000, 7);
  g_autoptr (Answer) answer = post_form (box, "file", file_name, body, NULL);
  g_autoptr (JsonObject) json = answer_json (answer);
  const char *url = find_string (json, pointer);

  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_true (g_str_has_prefix (url, box->base));
  g_assert_true (g_str_has_prefix (url + strlen (box->base), PLACE));
  g_assert_cmpstr (url + strlen (box->base) + strlen (PLACE) + 32, ==,
      extension);
  assert_readable (box, url, body);
}

static void
test_form (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autoptr (GBytes) body = some_bytes (1000, 8);
  g_autoptr (Answer) field = NULL, plain = NULL, shape = NULL, nested = NULL;
  g_autoptr (JsonObject) a = NULL;
  g_autoptr (JsonObject) b = NULL;

  check_form (box, "speech.mp3", "url", ".mp3");
  check_form (box, "../../etc/x.mp3", "url", ".mp3");
  check_form (box, "../../etc/passwd", "url", "");
  check_form (box, "a.b/c", "url", "");
  field = post_form (box, "audio", "a.mp3", body, NULL);
  g_assert_cmpuint (field->status, ==, 400);
  a = answer_json (field);
  g_assert_nonnull (strstr (find_string (a, "error"), "\"file\""));
  plain = box_upload (box, "POST", FORM, "audio/mpeg", body, NULL);
  g_assert_cmpuint (plain->status, ==, 400);

  shape = box_call (box, "POST", "/sandbox/shape", "{\"upload\":\"nested\"}");
  g_assert_cmpuint (shape->status, ==, 200);
  check_form (box, "speech.mp3", "data.downloadUrl", ".mp3");
  nested = post_form (box, "audio", "a.mp3", body, NULL);
  g_assert_cmpuint (nested->status, ==, 400);
  b = answer_json (nested);
  g_assert_false (json_object_get_boolean_member (b, "success"));
  g_assert_cmpint (find_integer (b, "code"), ==, 400);
  assert_uploads (box, 5);
}

/* What the ledger says of the newest call, in one word. */
static void
assert_credentials (Box * box, const char *expected)
{
  g_autoptr (JsonObject) call = last_call (box);
  JsonArray *list = json_object_get_array_member (call, "credentials");
  g_autoptr (GString) words = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (list); i++)
    g_string_append_printf (words, "%s%s", i ? " " : "",
        json_array_get_string_element (list, i));
  g_assert_cmpstr (words->str, ==, expected);
}

static void
test_credentials (void)
{
  g_autoptr (Box) box = box_start ("--upload-auth", "Basic dXNlcjpwYXNz",
      "--api-key", "the-key", NULL);
  g_autoptr (GBytes) body = some_bytes (1000, 9);
  const struct
  {
    const char *value;
    guint status;
    const char *credentials;
  } puts[] = {
    {NULL, 401, ""},
    {"Basic dXNlcjpwYXNz", 201, "upload"},
    {"Basic dXNlcjpwYXN6", 401, "other"},
    {"dXNlcjpwYXNz", 401, "upload"},
    {"Bearer the-key", 401, "service"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (puts); i++) {
    g_autoptr (Answer) answer = box_upload (box, "PUT", PLACE "x", "a/b", body,
        puts[i].value);

    g_assert_cmpuint (answer->status, ==, puts[i].status);
    assert_credentials (box, puts[i].credentials);
  }
  assert_readable (box, PLACE "x", body);
  assert_credentials (box, "");
}

/* Also where no credentials belong they are seen. */
static void
test_stray_credentials (void)
{
  g_autoptr (Box) box = box_start ("--upload-auth", "Basic dXNlcjpwYXNz",
      "--api-key", "the-key", NULL);
  g_autoptr (GBytes) body = some_bytes (1000, 10);
  g_autoptr (Answer) deleted = NULL, posted = NULL, good = NULL, header = NULL;
  g_autoptr (Answer) query = NULL, service = NULL, ledger = NULL;
  g_autofree char *text = NULL;

  posted = post_form (box, "file", "a.mp3", body, "Bearer the-key");
  g_assert_cmpuint (posted->status, ==, 401);
  assert_credentials (box, "service");
  good = post_form (box, "file", "a.mp3", body, "Basic dXNlcjpwYXNz");
  g_assert_cmpuint (good->status, ==, 200);
  deleted = box_call (box, "DELETE", PLACE "x", NULL);
  g_assert_cmpuint (deleted->status, ==, 401);
  header = box_call_with (box, "GET", PLACE "x", NULL, "X-Api-Key", "the-key",
      "Cookie", "a=b", NULL);
  g_assert_cmpuint (header->status, ==, 404);
  assert_credentials (box, "service other");
  query = box_call (box, "GET", PLACE "x?key=dXNlcjpwYXNz", NULL);
  g_assert_cmpuint (query->status, ==, 404);
  assert_credentials (box, "upload");
  service = box_call_with (box, "POST", IDENTIFY, "{\"video_id\":\"sample\"}",
      "Authorization", "Basic dXNlcjpwYXNz", NULL);
  g_assert_cmpuint (service->status, ==, 401);
  assert_credentials (box, "upload");
  ledger = box_call (box, "GET", "/sandbox/ledger", NULL);
  text = answer_text (ledger);
  g_assert_null (strstr (text, "dXNlcjpwYXNz"));
  g_assert_null (strstr (text, "the-key"));
}

/* One fault of an upload. */
typedef struct
{
  const char *order;            /* the "do" */
  guint status;                 /* seen, 0: none */
  gboolean kept;                /* the file is there afterwards */
} UploadFault;

static const UploadFault upload_faults[] = {
  {"{\"status\":500}", 500, FALSE},
  {"{\"status\":403}", 403, FALSE},
  {"{\"status\":500,\"commit\":true}", 500, TRUE},
  {"{\"reset\":true}", 0, TRUE},
  {"{\"reset\":\"before\"}", 0, FALSE},
  {"{\"receive\":100000}", 0, FALSE},
  {"{\"receive\":0}", 0, FALSE},
  {"{\"receive\":9000000}", 0, FALSE},
  {"{\"hang\":\"before\"}", 0, FALSE},
  {"{\"delay\":0.5}", 201, TRUE},
  {"{\"drip\":2000}", 201, TRUE},
};

static void
check_upload_fault (Box * box, const UploadFault * test, GBytes * body)
{
  g_autofree char *order = g_strdup_printf ("{\"match\":{\"kind\":\"upload\","
      "\"method\":\"PUT\"},\"do\":%s}", test->order);
  g_autoptr (JsonObject) call = NULL;
  g_autoptr (Answer) deleted = NULL;
  guint status;

  box_fault (box, order);
  status = put (box, "x", body);
  call = last_call (box);
  g_test_message ("%s: %u", test->order, status);
  g_assert_cmpuint (status, ==, test->status);
  g_assert_cmpint (find_integer (call, "status"), ==, test->status);
  g_assert_cmpstr (find_string (call, "kind"), ==, "upload");
  deleted = box_call (box, "DELETE", PLACE "x", NULL);
  g_assert_cmpuint (deleted->status, ==, test->kept ? 204 : 404);
}

static void
test_upload_faults (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autoptr (GBytes) body = some_bytes (8 * 1024 * 1024, 11);
  g_autoptr (Answer) cut = NULL;
  g_autoptr (Answer) form = NULL;

  answer_timeout = 10;
  for (guint i = 0; i < G_N_ELEMENTS (upload_faults); i++)
    check_upload_fault (box, &upload_faults[i], body);
  answer_timeout = 60;
  g_assert_cmpuint (put (box, "x", body), ==, 201);
  box_fault (box, "{\"match\":{\"kind\":\"upload\",\"method\":\"GET\"},"
      "\"do\":{\"truncate\":1000}}");
  form = post_form (box, "file", "a.mp3", body, NULL);
  g_assert_cmpuint (form->status, ==, 200);
  cut = box_call (box, "GET", PLACE "x", NULL);
  g_assert_nonnull (cut->error);
  g_assert_cmpuint (g_bytes_get_size (cut->body), ==, 1000);
}

/* Only a part of the body is sent, and still the connection is reset. */
static void
test_reset_in_body (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *head = g_strdup_printf ("PUT " PLACE "x HTTP/1.1\r\n"
      "Host: 127.0.0.1:%u\r\nContent-Length: 3000000\r\n\r\n", box->port);
  g_autofree char *half = g_strnfill (100000, 'x');
  g_autofree char *whole = g_strconcat (head, half, NULL);
  char answer[100];

  box_fault (box, "{\"match\":{\"kind\":\"upload\"},"
      "\"do\":{\"receive\":50000}}");
  g_socket_client_set_timeout (client, 30);
  connection = g_socket_client_connect_to_host (client, "127.0.0.1",
      box->port, NULL, &error);
  g_assert_no_error (error);
  /* it may be reset while this is being sent */
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM
          (connection)), whole, strlen (whole), NULL, NULL, NULL);
  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream
          (G_IO_STREAM (connection)), answer, sizeof answer, NULL, &error), ==,
      -1);
  g_assert_false (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
  assert_uploads (box, 0);
}

/* The speech of a new task, whose file stands at @url. */
static void
check_speech (Box * box, const char *session, const char *url, GBytes * body)
{
  g_autofree char *request = g_strdup_printf ("{\"input\":{\"session_id\":"
      "\"%s\",\"audio_url\":\"%s\"}}", session, url);
  g_autoptr (Answer) answer = box_service (box, "POST", CREATE, request);
  g_autoptr (JsonObject) json = NULL;
  g_autofree char *path = NULL;
  g_autofree char *text = answer_text (answer);

  g_test_message ("%s: %s", url, text);
  g_assert_cmpuint (answer->status, ==, 200);
  json = answer_json (answer);
  path = g_strdup_printf ("/sandbox/tasks/%s/speech", find_string (json,
          "task_id"));
  assert_readable (box, path, body);
}

/* Judged by what is in it: the name says nothing, nor does the type. */
static void
test_speech_arrives (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *session = box_session (box, NULL);
  const char *const speeches[][2] = {
    {"speech.wav", "audio/wav"}, {"speech.wav", "audio/x-wav"},
    {"speech.mp3", "audio/mpeg"}, {"tagged.mp3", "application/octet-stream"},
    {"speech.aac", "audio/aac"}, {"speech.aac", "audio/x-hx-aac-adts"},
    {"speech.aac", "text/html"}, {"speech.m4a", "audio/mp4"},
  };
  const char *const names[] = { "speech", "speech.txt" };

  for (guint i = 0; i < G_N_ELEMENTS (speeches); i++) {
    g_autoptr (GBytes) body = media_bytes (speeches[i][0]);

    for (guint j = 0; j < G_N_ELEMENTS (names); j++) {
      g_autofree char *path = g_strconcat (PLACE, names[j], NULL);
      g_autofree char *url = g_strconcat (box->base, path,
          "?X-Amz-Signature=0f&x.mp3", NULL);
      g_autoptr (Answer) answer =
          box_upload (box, "PUT", path, speeches[i][1], body, NULL);

      g_assert_cmpuint (answer->status / 100, ==, 2);
      check_speech (box, session, url, body);
    }
  }
}

/* The longest WAV that is allowed is as large as is allowed, too. */
static void
test_longest_speech (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autofree char *session = box_session (box, NULL);
  g_autofree char *url = g_strconcat (box->base, PLACE "full", NULL);
  g_autoptr (GBytes) body = media_bytes ("full.wav");

  g_assert_cmpuint (g_bytes_get_size (body), <=, 5 * 1024 * 1024);
  g_assert_cmpuint (g_bytes_get_size (body), >, 5 * 1024 * 1024 - 200);
  g_assert_cmpuint (put (box, "full", body), ==, 201);
  check_speech (box, session, url, body);
}

static void
check_session_video (Box * box, const char *url, GBytes * body)
{
  g_autofree char *session = box_session (box, url);
  g_autofree char *path =
      g_strdup_printf ("/sandbox/sessions/%s/video", session);

  assert_readable (box, path, body);
}

static void
test_video_arrives (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autoptr (GBytes) body = media_bytes ("tall.mp4");
  g_autofree char *url = g_strconcat (box->base, PLACE "film?sig=1", NULL);
  g_autofree char *face_url = g_strconcat (box->base, "/sandbox/face.mp4",
      NULL);
  g_autoptr (Answer) face = box_call (box, "GET", face_url, NULL);
  g_autoptr (Answer) missing =
      box_call (box, "GET", "/sandbox/sessions/1/video", NULL);

  g_assert_cmpuint (put (box, "film", body), ==, 201);
  check_session_video (box, url, body);
  check_session_video (box, face_url, face->body);
  check_session_video (box, NULL, face->body);
  g_assert_cmpuint (missing->status, ==, 404);
}

void
add_upload_tests (void)
{
  g_test_add_func ("/sandbox/uploads/file", test_file);
  g_test_add_func ("/sandbox/uploads/reading", test_reading);
  g_test_add_func ("/sandbox/uploads/names", test_names);
  g_test_add_func ("/sandbox/uploads/limits", test_limits);
  g_test_add_func ("/sandbox/uploads/restart", test_uploads_stay);
  g_test_add_func ("/sandbox/uploads/form", test_form);
  g_test_add_func ("/sandbox/uploads/credentials", test_credentials);
  g_test_add_func ("/sandbox/uploads/stray-credentials",
      test_stray_credentials);
  g_test_add_func ("/sandbox/uploads/faults", test_upload_faults);
  g_test_add_func ("/sandbox/uploads/reset-in-body", test_reset_in_body);
  g_test_add_func ("/sandbox/uploads/speech", test_speech_arrives);
  g_test_add_func ("/sandbox/uploads/longest-speech", test_longest_speech);
  g_test_add_func ("/sandbox/uploads/video", test_video_arrives);
}
