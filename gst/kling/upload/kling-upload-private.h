/* klinglipsync: what the kinds of upload places share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-error.h"
#include "kling-upload.h"

G_BEGIN_DECLS

/* How the sentences about a failed upload end */
#define KLING_UPLOAD_UNPAID \
    " Nothing was sent to the service yet, and nothing was paid."

/* Characters of 128 random bits in hex */
#define KLING_UPLOAD_TOKEN_LENGTH 32

/* What is replaced in addresses by the name of a file */
#define KLING_UPLOAD_NAME "{name}"

/**
 * KlingUploadKind:
 * @scheme: what the addresses begin with, before "http:" or as it is
 * @takes_headers: whether upload-headers mean something there
 * @takes_public_url: whether upload-public-url means something there
 * @denied: what to do about a 401 or 403
 * @missing: what to do about a 404 or 409
 * @parse: takes an address apart, into the place of an upload
 * @free_place: frees the place
 * @make_headers: (nullable): headers for a call, made anew for each try;
 *   %NULL for upload-headers
 * @put: brings a file there and sets its URL
 * @remove: (nullable): deletes it; %NULL where that is impossible
 * @free_state: (nullable): frees the state of an uploaded file
 *
 * The functions of one kind of place.
 */
typedef struct _KlingUploadKind KlingUploadKind;

/**
 * KlingUploadCall:
 * @method: "PUT", "POST" or "DELETE"
 * @url: where to
 * @content_type: (nullable): media type of the body
 * @body: (nullable): its parts
 * @sha256: (nullable): of the body, 64 hex digits; %NULL without one, and
 *   where nobody signs
 * @once: not sent again when it may have arrived: each success makes a file
 */
typedef struct
{
  const gchar *method;
  const gchar *url;
  const gchar *content_type;
  GBytes *const *body;
  const gchar *sha256;
  gboolean once;
} KlingUploadCall;

struct _KlingUploadKind
{
  const gchar *scheme;
  gboolean takes_headers;
  gboolean takes_public_url;
  const gchar *denied;
  const gchar *missing;

  gboolean (*parse) (KlingUpload * upload, const KlingUploadConfig * config,
      GError ** error);
  void (*free_place) (gpointer place);
  gchar **(*make_headers) (const KlingUpload * upload,
      const KlingUploadCall * call);
  gboolean (*put) (KlingUploaded * uploaded, const KlingUploadFile * file,
      const KlingUploadWay * way, GError ** error);
  gboolean (*remove) (KlingUploaded * uploaded, const KlingUploadWay * way,
      GError ** error);
  void (*free_state) (gpointer state);
  void (*renew_url) (KlingUploaded * uploaded, const KlingUploadWay * way);
};

extern const KlingUploadKind kling_upload_kind_put;
extern const KlingUploadKind kling_upload_kind_post;
extern const KlingUploadKind kling_upload_kind_s3;
extern const KlingUploadKind kling_upload_kind_serve;

struct _KlingUpload
{
  gatomicrefcount refs;

  /* constant */
  const KlingUploadKind *kind;
  gchar **headers;
  gboolean cleanup;

  /* set by parse(), then constant */
  gchar *shown;
  gchar *identity;              /* NULL where no file outlives this process */
  gboolean is_loopback;
  gboolean holds_one;
  gpointer place;
};

struct _KlingUploaded
{
  KlingUpload *upload;
  gchar *name;
  goffset size;

  gboolean owed;                /* there may be a file that is to be removed */

  /* set by put() */
  gchar *url;
  gpointer state;
};

/* names and addresses */
gchar *kling_upload_make_token (GError ** error);
gchar *kling_upload_make_identity (const gchar * address);
gchar *kling_upload_insert_name (const gchar * address, const gchar * name);
GHashTable *kling_upload_parse_options (const gchar * text,
    const gchar * const *names, GError ** error);

/* calls */
gboolean kling_upload_call (const KlingUpload * upload,
    const KlingUploadCall * call, const KlingUploadWay * way,
    KlingHttpAnswer * answer, GError ** error);
gboolean kling_upload_put_file (const KlingUpload * upload, const gchar * url,
    const KlingUploadFile * file, const KlingUploadWay * way, GError ** error);
gboolean kling_upload_delete_file (KlingUploaded * uploaded,
    const gchar * url, const KlingUploadWay * way, GError ** error);
gint64 kling_upload_deadline (const KlingUploadWay * way, goffset size);
gboolean kling_upload_sleep (const KlingUploadWay * way, const gchar * why,
    gint64 span, GError ** error);

G_END_DECLS
