/* klinglipsync: where a local file becomes a URL that the service can read
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-http.h"
#include "kling-spool.h"

G_BEGIN_DECLS

/**
 * KlingUpload:
 *
 * A place to upload to: the property upload, taken apart and checked, with its
 * own credentials. Immutable; refcounted; no request was sent for it.
 */
typedef struct _KlingUpload KlingUpload;

/**
 * KlingUploadConfig:
 * @address: what the property upload says; its scheme chooses the kind of place
 * @public_url: (nullable): the property upload-public-url
 * @headers: (nullable): the property upload-headers, name and value in turn
 * @cleanup: the property upload-cleanup
 */
typedef struct
{
  const gchar *address;
  const gchar *public_url;
  const gchar *const *headers;
  gboolean cleanup;
} KlingUploadConfig;

KlingUpload *kling_upload_new (const KlingUploadConfig * config,
    GError ** error);
KlingUpload *kling_upload_ref (KlingUpload * upload);
void kling_upload_unref (KlingUpload * upload);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingUpload, kling_upload_unref)

const gchar *kling_upload_get_shown (const KlingUpload * upload);
gboolean kling_upload_is_loopback (const KlingUpload * upload);
gboolean kling_upload_holds_one (const KlingUpload * upload);
const gchar *kling_upload_get_method (const KlingUpload * upload);
gboolean kling_upload_cleans_up (const KlingUpload * upload);
gchar *kling_upload_dup_place (const KlingUpload * upload);

/**
 * KlingUploadFile:
 * @spool: its bytes, finished
 * @digest: SHA-256 of what it says, 64 hex digits; a part of its name
 * @extension: of its name, without a dot
 * @content_type: its media type
 */
typedef struct
{
  KlingSpool *spool;
  const gchar *digest;
  const gchar *extension;
  const gchar *content_type;
} KlingUploadFile;

/**
 * KlingUploadWay:
 * @http: the way to the network
 * @timeout: microseconds without progress after which a try is given up
 * @life: microseconds for which the URL has to be good, where it expires
 * @stop: (nullable): ends it at once
 * @progress: (nullable): called on the calling thread, now and then
 * @again: (nullable): called on the calling thread before something is tried
 *   again in @wait microseconds, with a sentence that says why
 * @user_data: for both
 *
 * How to get to a place, and how patiently.
 */
typedef struct
{
  KlingHttp *http;
  gint64 timeout;
  gint64 life;
  GCancellable *stop;
  void (*progress) (goffset sent, goffset size, gpointer user_data);
  void (*again) (const gchar * why, gint64 wait, gpointer user_data);
  gpointer user_data;
} KlingUploadWay;

/**
 * KlingUploaded:
 *
 * A file of ours that stands at such a place, or is on its way. Owned by one
 * thread at a time. Freeing it leaves the file where it is, except that a file
 * we serve ourselves is not served any more.
 */
typedef struct _KlingUploaded KlingUploaded;

KlingUploaded *kling_upload_prepare (KlingUpload * upload,
    const KlingUploadFile * file, GError ** error);
KlingUploaded *kling_upload_recall (KlingUpload * upload, const gchar * name,
    GError ** error);
gboolean kling_uploaded_put (KlingUploaded * uploaded,
    const KlingUploadFile * file, const KlingUploadWay * way, GError ** error);
void kling_uploaded_free (KlingUploaded * uploaded);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingUploaded, kling_uploaded_free)

const gchar *kling_uploaded_get_url (const KlingUploaded * uploaded);
gchar *kling_uploaded_redact (const KlingUploaded * uploaded,
    const gchar * text);
gchar *kling_uploaded_describe (const KlingUploaded * uploaded);
gboolean kling_uploaded_check (KlingUploaded * uploaded,
    const KlingUploadWay * way, GError ** error);
gboolean kling_uploaded_is_owed (const KlingUploaded * uploaded);
const gchar *kling_uploaded_get_name (const KlingUploaded * uploaded);
gboolean kling_uploaded_remove (KlingUploaded * uploaded,
    const KlingUploadWay * way, GError ** error);

G_END_DECLS
