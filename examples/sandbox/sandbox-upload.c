/* A place to upload to: /sandbox/uploads/NAME and /sandbox/upload.
 *
 * What stands beside the service in the real world: a web server that takes
 * PUT, and the endpoint of a gateway that takes a form. Each has credentials
 * of its own, which are not the service's, and everybody may read.
 *
 * Main thread only, no lock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-upload.h"

#include <glib/gstdio.h>
#include <string.h>

#include "sandbox.h"

#define FIELD "file"
#define MAX_EXTENSION 8

/* The part of a form that is a file; its text is owned by the form. */
typedef struct
{
  const char *type;             /* (nullable): media type */
  const char *file_name;        /* (nullable): the client's */
  GBytes *body;
} Part;

static gboolean
may_upload (SandboxExchange * exchange)
{
  const char *wanted = exchange->sandbox->options->upload_auth;

  return wanted == NULL || g_strcmp0 (wanted,
      sandbox_exchange_header (exchange, "Authorization")) == 0;
}

static gboolean
is_allowed (SandboxExchange * exchange)
{
  if (may_upload (exchange))
    return TRUE;
  sandbox_exchange_answer_problem (exchange, SOUP_STATUS_UNAUTHORIZED,
      "uploading needs the Authorization header of --upload-auth");
  return FALSE;
}

/* Moves the file at @path to where it can be read. Returns: the HTTP status. */
static guint
keep (SandboxExchange * exchange, const char *path, const char *name,
    const char *type)
{
  SandboxFiles *files = exchange->sandbox->files;
  gboolean was_there = sandbox_files_find (files, name) != NULL;
  g_autoptr (GError) error = NULL;

  if (exchange->intake->fd < 0 || !sandbox_files_have_room (files, name))
    return SOUP_STATUS_INSUFFICIENT_STORAGE;
  if (!sandbox_files_add (files, path, name, type, &error)) {
    g_warning ("%s", error->message);
    return SOUP_STATUS_INTERNAL_SERVER_ERROR;
  }
  return was_there ? SOUP_STATUS_NO_CONTENT : SOUP_STATUS_CREATED;
}

/**
 * sandbox_upload_put:
 * @exchange: a PUT of a file
 *
 * Answers as web servers do: 201 for a new file, 204 for one that is replaced.
 */
void
sandbox_upload_put (SandboxExchange * exchange)
{
  guint status;

  if (!is_allowed (exchange))
    return;
  if (!sandbox_file_name_is_good (exchange->name)) {
    sandbox_exchange_answer_problem (exchange, SOUP_STATUS_BAD_REQUEST,
        "a name has 1 to 200 of the characters A-Z a-z 0-9 _ . -");
    return;
  }
  status = keep (exchange, exchange->intake->path, exchange->name,
      sandbox_exchange_header (exchange, "Content-Type"));
  if (SOUP_STATUS_IS_SUCCESSFUL (status))
    sandbox_exchange_answer (exchange, sandbox_reply_new (status, NULL, NULL));
  else
    sandbox_exchange_answer_problem (exchange, status,
        "there is no room for it; DELETE what is no longer needed");
}

void
sandbox_upload_delete (SandboxExchange * exchange)
{
  if (!is_allowed (exchange))
    return;
  if (sandbox_files_remove (exchange->sandbox->files, exchange->name))
    sandbox_exchange_answer (exchange,
        sandbox_reply_new (SOUP_STATUS_NO_CONTENT, NULL, NULL));
  else
    sandbox_exchange_answer_problem (exchange, SOUP_STATUS_NOT_FOUND,
        "there is no such upload");
}

void
sandbox_upload_get (SandboxExchange * exchange)
{
  SandboxFiles *files = exchange->sandbox->files;
  const SandboxFile *file = sandbox_files_find (files, exchange->name);
  g_autoptr (GMappedFile) map = NULL;
  SandboxReply *reply;

  if (file)
    map = sandbox_files_map (files, file->name);
  if (map == NULL) {
    sandbox_exchange_answer_problem (exchange, SOUP_STATUS_NOT_FOUND,
        "there is no such upload");
    return;
  }
  reply = sandbox_reply_new (SOUP_STATUS_OK, file->type,
      g_mapped_file_get_bytes (map));
  reply->etag = g_strdup_printf ("\"%s\"", file->sha256);
  sandbox_exchange_answer (exchange, reply);
}

void
sandbox_upload_list (SandboxExchange * exchange)
{
  sandbox_exchange_answer_list (exchange,
      sandbox_files_list (exchange->sandbox->files));
}

/* In words of the endpoint that the shape says. */
static void
refuse_form (SandboxExchange * exchange, guint status, const char *message)
{
  JsonObject *object;

  if (!exchange->sandbox->shape.nested_upload) {
    sandbox_exchange_answer_problem (exchange, status, message);
    return;
  }
  object = json_object_new ();
  json_object_set_boolean_member (object, "success", FALSE);
  json_object_set_int_member (object, "code", status);
  json_object_set_string_member (object, "msg", message);
  sandbox_exchange_answer_json (exchange, status, object);
}

static JsonObject *
flat_answer (const char *url)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "url", url);
  json_object_set_int_member (object, "created",
      g_get_real_time () / G_USEC_PER_SEC);
  return object;
}

static JsonObject *
nested_answer (const char *url, const SandboxFile * file)
{
  JsonObject *object = json_object_new ();
  JsonObject *data = json_object_new ();

  json_object_set_string_member (data, "fileName", file->name);
  json_object_set_string_member (data, "downloadUrl", url);
  json_object_set_int_member (data, "fileSize", file->size);
  json_object_set_string_member (data, "mimeType", file->type);
  json_object_set_boolean_member (object, "success", TRUE);
  json_object_set_int_member (object, "code", SOUP_STATUS_OK);
  json_object_set_string_member (object, "msg", "File uploaded successfully");
  json_object_set_object_member (object, "data", data);
  return object;
}

/* The URL names the host that the client asked, as those of results do. */
static void
answer_form (SandboxExchange * exchange, const SandboxFile * file)
{
  g_autofree char *url = g_strdup_printf ("http://%s/sandbox/uploads/%s",
      sandbox_exchange_header (exchange, "Host"), file->name);

  sandbox_exchange_answer_json (exchange, SOUP_STATUS_OK,
      exchange->sandbox->shape.nested_upload ? nested_answer (url, file)
      : flat_answer (url));
}

/* Such endpoints choose the name; of the client's only the extension stays. */
static char *
choose_name (const char *file_name)
{
  g_autofree char *token = sandbox_random_hex (16);
  const char *dot = file_name ? strrchr (file_name, '.') : NULL;
  gboolean good = dot && dot[1] && strlen (dot + 1) <= MAX_EXTENSION;

  for (guint i = 1; good && dot[i]; i++)
    good = g_ascii_isalnum (dot[i]);
  return g_strconcat (token, good ? dot : NULL, NULL);
}

static SoupMultipart *
read_form (SandboxExchange * exchange)
{
  SoupMessageHeaders *headers =
      soup_server_message_get_request_headers (exchange->message);
  const char *type = soup_message_headers_get_content_type (headers, NULL);
  g_autoptr (GMappedFile) map = NULL;
  g_autoptr (GBytes) body = NULL;

  if (g_strcmp0 (type, SOUP_FORM_MIME_TYPE_MULTIPART) != 0
      || exchange->intake->size == 0)
    return NULL;
  map = g_mapped_file_new (exchange->intake->path, FALSE, NULL);
  if (map == NULL)
    return NULL;
  body = g_mapped_file_get_bytes (map);
  return soup_multipart_new_from_message (headers, body);
}

static gboolean
part_is_wanted (SoupMessageHeaders * headers, Part * part, GHashTable ** owner)
{
  g_autofree char *disposition = NULL;
  GHashTable *params = NULL;
  gboolean wanted;

  if (!soup_message_headers_get_content_disposition (headers, &disposition,
          &params))
    return FALSE;
  wanted = g_strcmp0 (g_hash_table_lookup (params, "name"), FIELD) == 0;
  if (wanted) {
    part->type = soup_message_headers_get_content_type (headers, NULL);
    part->file_name = g_hash_table_lookup (params, "filename");
    *owner = g_hash_table_ref (params);
  }
  g_hash_table_unref (params);
  return wanted;
}

static gboolean
find_part (SoupMultipart * form, Part * part, GHashTable ** owner)
{
  for (int i = 0; i < soup_multipart_get_length (form); i++) {
    SoupMessageHeaders *headers;

    if (soup_multipart_get_part (form, i, &headers, &part->body)
        && part_is_wanted (headers, part, owner))
      return TRUE;
  }
  return FALSE;
}

/* Returns: (transfer full) (nullable): where the part was written */
static char *
write_part (SandboxExchange * exchange, const Part * part)
{
  g_autofree char *token = sandbox_random_hex (16);
  char *path = sandbox_path (exchange->sandbox, "incoming", token);
  gsize size;
  const char *data = g_bytes_get_data (part->body, &size);

  if (!g_file_set_contents (path, data ? data : "", size, NULL))
    g_clear_pointer (&path, g_free);
  return path;
}

static void
keep_part (SandboxExchange * exchange, const Part * part)
{
  g_autofree char *path = write_part (exchange, part);
  g_autofree char *name = choose_name (part->file_name);
  guint status = path ? keep (exchange, path, name, part->type)
      : SOUP_STATUS_INSUFFICIENT_STORAGE;

  if (SOUP_STATUS_IS_SUCCESSFUL (status)) {
    answer_form (exchange, sandbox_files_find (exchange->sandbox->files, name));
    return;
  }
  if (path)
    g_unlink (path);
  refuse_form (exchange, status, "there is no room for it");
}

/**
 * sandbox_upload_post:
 * @exchange: a POST of a form
 *
 * Answers with the URL of the form's file.
 */
void
sandbox_upload_post (SandboxExchange * exchange)
{
  SoupMultipart *form;
  Part part = { NULL };
  g_autoptr (GHashTable) params = NULL;

  if (!may_upload (exchange)) {
    refuse_form (exchange, SOUP_STATUS_UNAUTHORIZED,
        "You do not have access permissions");
    return;
  }
  form = read_form (exchange);
  if (form && find_part (form, &part, &params))
    keep_part (exchange, &part);
  else
    refuse_form (exchange, SOUP_STATUS_BAD_REQUEST, form ?
        "the form has no field \"" FIELD "\"" :
        "the body is not multipart/form-data");
  g_clear_pointer (&form, soup_multipart_free);
}
