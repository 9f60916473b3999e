/* klinglipsync tests: a file on its way to an upload place
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "upload-case.h"

#define UNPAID "Nothing was sent to the service yet, and nothing was paid."

Case *
case_new (gsize size)
{
  Case *c = g_new0 (Case, 1);

  c->http = kling_http_new (NULL, NULL, "kling-test/1", NULL);
  c->spool = kling_spool_new ("speech");
  c->size = size;
  c->bytes = g_malloc (size + 1);
  for (gsize i = 0; i < size; i++)
    c->bytes[i] = (guint8) (i * 7 % 251);
  fail_unless (kling_spool_write (c->spool, c->bytes, size, NULL));
  fail_unless (kling_spool_finish (c->spool, NULL));
  c->stop = g_cancellable_new ();
  c->timeout = CASE_TIMEOUT;
  c->life = 7200 * KLING_SECOND;
  c->cleanup = TRUE;
  return c;
}

void
case_free (Case * c)
{
  g_clear_pointer (&c->uploaded, kling_uploaded_free);
  g_clear_pointer (&c->upload, kling_upload_unref);
  kling_http_unref (c->http);
  kling_spool_unref (c->spool);
  g_object_unref (c->stop);
  g_clear_error (&c->error);
  g_free (c->bytes);
  g_free (c);
}

static void
note_progress (goffset sent, goffset size, gpointer user_data)
{
  Case *c = user_data;

  fail_unless (sent <= size);
  c->sent = sent;
  c->told_size = size;
  c->told++;
}

static KlingUploadWay
case_way (Case * c)
{
  KlingUploadWay way = { c->http, c->timeout, c->life, c->stop, note_progress,
    NULL, c
  };

  return way;
}

gboolean
case_open (Case * c, const gchar * address)
{
  KlingUploadConfig config = { address, c->public_url, c->headers, c->cleanup };

  g_clear_pointer (&c->upload, kling_upload_unref);
  g_clear_error (&c->error);
  c->upload = kling_upload_new (&config, &c->error);
  fail_unless ((c->upload == NULL) == (c->error != NULL));
  return c->upload != NULL;
}

gboolean
case_put (Case * c, const gchar * address)
{
  KlingUploadFile file = { c->spool, CASE_DIGEST, "wav", "audio/wav" };
  KlingUploadWay way = case_way (c);

  fail_unless (case_open (c, address), "%s", c->error ? c->error->message : "");
  g_clear_pointer (&c->uploaded, kling_uploaded_free);
  c->uploaded = kling_upload_prepare (c->upload, &file, &c->error);
  fail_unless (c->uploaded != NULL);
  if (kling_uploaded_put (c->uploaded, &file, &way, &c->error))
    return TRUE;
  fail_unless (c->error != NULL);
  fail_unless_equals_int (kling_uploaded_is_owed (c->uploaded), c->cleanup
      && g_error_matches (c->error, KLING_ERROR, KLING_ERROR_CANCELLED)
      && !g_str_has_prefix (address, "serve:"));
  g_clear_pointer (&c->uploaded, kling_uploaded_free);
  return FALSE;
}

gboolean
case_put_at (Case * c, KlingTestServer * server, const gchar * before,
    const gchar * path)
{
  g_autofree gchar *url = kling_test_server_url (server, path);
  g_autofree gchar *address = g_strconcat (before, url, NULL);

  return case_put (c, address);
}

gboolean
case_check (Case * c)
{
  KlingUploadWay way = case_way (c);

  return kling_uploaded_check (c->uploaded, &way, &c->error);
}

gboolean
case_remove (Case * c)
{
  KlingUploadWay way = case_way (c);

  return kling_uploaded_remove (c->uploaded, &way, &c->error);
}

void
case_check_error (const Case * c, KlingError code, const gchar * words)
{
  fail_unless (g_error_matches (c->error, KLING_ERROR, code), "%s",
      c->error ? c->error->message : "no error");
  fail_unless (strstr (c->error->message, words), "%s", c->error->message);
  fail_if (strstr (c->error->message, "planted"), "%s", c->error->message);
}

void
case_check_unpaid (const Case * c, KlingError code, const gchar * words)
{
  case_check_error (c, code, words);
  fail_unless (g_str_has_suffix (c->error->message, UNPAID), "%s",
      c->error->message);
}

void
case_check_body (const Case * c, const KlingTestCall * call)
{
  g_autofree gchar *length = g_strdup_printf ("\r\nContent-Length: %"
      G_GSIZE_FORMAT "\r\n", c->size);

  fail_unless (strstr (call->head, length), "%s", call->head);
  fail_if (strstr (call->head, "Transfer-Encoding"));
  fail_unless_equals_int (g_bytes_get_size (call->body), c->size);
  fail_unless (c->size == 0
      || memcmp (g_bytes_get_data (call->body, NULL), c->bytes, c->size) == 0);
}

void
case_set_aws (gboolean token)
{
  g_setenv ("AWS_ACCESS_KEY_ID", "AKPLAIN", TRUE);
  g_setenv ("AWS_SECRET_ACCESS_KEY", "planted-secret", TRUE);
  g_unsetenv ("AWS_SESSION_TOKEN");
  if (token)
    g_setenv ("AWS_SESSION_TOKEN", "plant/ed+token", TRUE);
  g_unsetenv ("AWS_REGION");
  g_unsetenv ("AWS_DEFAULT_REGION");
  g_unsetenv ("AWS_ENDPOINT_URL");
  g_unsetenv ("AWS_ENDPOINT_URL_S3");
}
