/* klinglipsync: uploads by a form, as browsers send it
 *
 * The fragment of the address says what the field is called and where in the
 * JSON answer the URL of the file stands. Nothing else of the answer is used.
 *
 * Each form that arrives makes a file under a name that the place chooses, and
 * there is no common way to delete it again.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-upload-private.h"

#include <string.h>
#include "kling-json.h"
#include "kling-secret.h"
#include "kling-url.h"

#define MAX_FIELD 64
#define MAX_URL 4096

typedef struct
{
  gchar *url;
  gchar *field;
  gchar *pointer;
} Place;

static void
place_free (gpointer data)
{
  Place *place = data;

  kling_secret_wipe_string (place->url);
  g_free (place->field);
  g_free (place->pointer);
  g_free (place);
}

/* --- the address --- */

static gboolean
field_is_valid (const gchar * field)
{
  gsize length = strlen (field);

  for (const gchar * c = field; *c != '\0'; c++) {
    if (!g_ascii_isprint (*c) || *c == '"' || *c == '\\')
      return FALSE;
  }
  return length > 0 && length <= MAX_FIELD;
}

static gboolean
parse_options (Place * place, const gchar * text, GError ** error)
{
  static const gchar *const names[] = { "field", "url", NULL };
  g_autoptr (GHashTable) options = kling_upload_parse_options (text, names,
      error);
  const gchar *field, *pointer;

  if (options == NULL)
    return FALSE;
  field = g_hash_table_lookup (options, "field");
  pointer = g_hash_table_lookup (options, "url");
  place->field = g_strdup (field ? field : "file");
  place->pointer = g_strdup (pointer ? pointer : "/url");
  if (field_is_valid (place->field) && *place->pointer == '/')
    return TRUE;
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The end of the property upload has to say #field=file&url=/data/url,"
      " where file is the name of a field in the form, and /data/url a JSON"
      " pointer to the URL in the answer.");
  return FALSE;
}

static gboolean
check_no_content_type (gchar ** headers, GError ** error)
{
  for (; headers != NULL && headers[0] != NULL; headers += 2) {
    if (g_ascii_strcasecmp (headers[0], "Content-Type") != 0)
      continue;
    g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "The header \"Content-Type\" in upload-headers cannot be sent with"
        " post+https: it says how the form is written.");
    return FALSE;
  }
  return TRUE;
}

static gboolean
post_parse (KlingUpload * upload, const KlingUploadConfig * config,
    GError ** error)
{
  const gchar *url = config->address + strlen ("post+");
  const gchar *fragment = strchr (url, '#');
  Place *place = g_new0 (Place, 1);

  upload->place = place;
  place->url = g_strndup (url, strcspn (url, "#"));
  if (!kling_url_check_upload ("The property upload", place->url, error)
      || !parse_options (place, fragment ? fragment + 1 : NULL, error)
      || !check_no_content_type (upload->headers, error))
    return FALSE;
  upload->shown = kling_url_display_host (place->url);
  upload->identity = kling_upload_make_identity (place->url);
  upload->is_loopback = kling_url_is_loopback (place->url);
  return TRUE;
}

/* --- the form --- */

/* Returns: (transfer full): what is sent before the file */
static GBytes *
make_head (const Place * place, const gchar * boundary, const gchar * name,
    const gchar * content_type)
{
  gchar *text = g_strdup_printf ("--%s\r\n"
      "Content-Disposition: form-data; name=\"%s\"; filename=\"%s\"\r\n"
      "Content-Type: %s\r\n\r\n", boundary, place->field, name, content_type);

  return g_bytes_new_take (text, strlen (text));
}

static GBytes *
make_tail (const gchar * boundary)
{
  gchar *text = g_strdup_printf ("\r\n--%s--\r\n", boundary);

  return g_bytes_new_take (text, strlen (text));
}

/* --- the answer --- */

/* Returns: (nullable) (transfer none): the element of @array that @token, a
 * number without leading zeros, says */
static JsonNode *
step_into_array (JsonArray * array, const gchar * token)
{
  guint64 index;

  if (*token == '\0' || strspn (token, "0123456789") != strlen (token)
      || strlen (token) > 9 || (token[0] == '0' && token[1] != '\0'))
    return NULL;
  index = g_ascii_strtoull (token, NULL, 10);
  if (index >= json_array_get_length (array))
    return NULL;
  return json_array_get_element (array, (guint) index);
}

/* Follows one step of a JSON pointer (RFC 6901), where ~1 is a slash and ~0 a
 * tilde. */
static JsonNode *
step_into (JsonNode * node, const gchar * escaped)
{
  g_autoptr (GString) token = g_string_new (escaped);

  g_string_replace (token, "~1", "/", 0);
  g_string_replace (token, "~0", "~", 0);
  if (JSON_NODE_HOLDS_OBJECT (node))
    return json_object_get_member (json_node_get_object (node), token->str);
  if (JSON_NODE_HOLDS_ARRAY (node))
    return step_into_array (json_node_get_array (node), token->str);
  return NULL;
}

/* Returns: (transfer full) (nullable): the text that @pointer leads to */
static gchar *
find_text (GBytes * answer, const gchar * pointer)
{
  gsize size;
  const gchar *data = g_bytes_get_data (answer, &size);
  g_autoptr (JsonNode) root = kling_json_parse (data, size);
  g_auto (GStrv) tokens = g_strsplit (pointer + 1, "/", -1);
  JsonNode *node = root;

  for (gchar ** token = tokens; *token != NULL && node != NULL; token++)
    node = step_into (node, *token);
  /* a pointer of "/" alone leads to the member without a name */
  if (*tokens == NULL && node != NULL)
    node = step_into (node, "");
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_dup_string (node);
}

/* A place in the network may not make us read from this machine, nor have it
 * read. */
static gboolean
check_answer (const KlingUpload * upload, const gchar * url, GError ** error)
{
  const Place *place = upload->place;
  g_autoptr (GError) cause = NULL;

  if (url == NULL || *url == '\0' || strlen (url) > MAX_URL) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "%s has taken the file, but its answer has no URL at %s: correct"
        " url=... at the end of the property upload. The file stays there."
        KLING_UPLOAD_UNPAID, upload->shown, place->pointer);
    return FALSE;
  }
  if (!kling_url_check_upload ("The URL in its answer", url, &cause)) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "%s has taken the file, but where is not usable. %s The file stays"
        " there." KLING_UPLOAD_UNPAID, upload->shown, cause->message);
    return FALSE;
  }
  if (upload->is_loopback || !kling_url_is_loopback (url))
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "%s has taken the file, but the URL in its answer leads to this machine."
      " The file stays there." KLING_UPLOAD_UNPAID, upload->shown);
  return FALSE;
}

static gboolean
take_answer (KlingUploaded * uploaded, GBytes * answer, GError ** error)
{
  const Place *place = uploaded->upload->place;
  g_autofree gchar *url = find_text (answer, place->pointer);

  if (!check_answer (uploaded->upload, url, error))
    return FALSE;
  uploaded->url = g_steal_pointer (&url);
  return TRUE;
}

static gboolean
post_put (KlingUploaded * uploaded, const KlingUploadFile * file,
    const KlingUploadWay * way, GError ** error)
{
  const Place *place = uploaded->upload->place;
  g_autofree gchar *boundary = kling_upload_make_token (error);
  g_autoptr (GBytes) bytes = boundary ?
      kling_spool_get_bytes (file->spool, error) : NULL;
  g_autoptr (GBytes) head = NULL;
  g_autoptr (GBytes) tail = NULL;
  g_autofree gchar *type = NULL;
  g_auto (KlingHttpAnswer) answer = { 0, };

  if (bytes == NULL)
    return FALSE;
  head = make_head (place, boundary, uploaded->name, file->content_type);
  tail = make_tail (boundary);
  type = g_strdup_printf ("multipart/form-data; boundary=%s", boundary);

  GBytes *body[] = { head, bytes, tail, NULL };
  KlingUploadCall call = { "POST", place->url, type, body, NULL, TRUE };

  return kling_upload_call (uploaded->upload, &call, way, &answer, error)
      && take_answer (uploaded, answer.body, error);
}

const KlingUploadKind kling_upload_kind_post = {
  "post+https:",
  TRUE,
  FALSE,
  "It does not accept the credentials of the upload place, which are not those"
      " of the service: check upload-headers.",
  "There is nothing that takes files: correct the path in the property"
      " upload.",
  post_parse,
  place_free,
  NULL,
  post_put,
  NULL,
  NULL,
};
