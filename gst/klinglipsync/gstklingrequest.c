/* klinglipsync: from properties and pads to what is asked, and how
 *
 * Nothing here touches the network, and nothing is kept: properties may be
 * changed in READY, so everything is made anew when it is needed. On any
 * thread; takes the object lock. What takes time, because it goes through all
 * that has come, is done on the job's thread, without the element.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstklinglipsyncprivate.h"

#include "gstklinginputs.h"
#include "kling-credentials.h"
#include "kling-url.h"

static KlingCredentials *
gst_kling_lipsync_find_credentials (GstKlingLipsync * self,
    const KlingRequest * request, GError ** error)
{
  const GstKlingProperties *properties = &self->properties;
  g_autofree gchar *source = NULL;
  g_autofree gchar *file = NULL;
  g_autoptr (KlingCredentials) set = NULL;

  GST_OBJECT_LOCK (self);
  file = g_strdup (properties->credentials_file);
  set = kling_credentials_new (properties->api_key, properties->access_key,
      properties->secret_key);
  GST_OBJECT_UNLOCK (self);

  KlingCredentials *found = kling_credentials_find (set,
      kling_dialect_get (request->dialect), file, request->base_url, &source,
      error);

  gst_kling_lipsync_set_credentials_source (self, g_steal_pointer (&source));
  return found;
}

/* Returns: (transfer full): what the properties ask for, complete or not */
KlingRequest *
gst_kling_lipsync_make_request (GstKlingLipsync * self)
{
  GST_OBJECT_LOCK (self);
  KlingRequest *request = gst_kling_properties_make_request (&self->properties);
  GST_OBJECT_UNLOCK (self);
  return request;
}

/* Returns: %FALSE when what upload says is wrong; *@upload stays %NULL when it
 * is unset */
static gboolean
gst_kling_lipsync_make_upload (GstKlingLipsync * self, KlingUpload ** upload,
    GError ** error)
{
  GST_OBJECT_LOCK (self);
  gboolean good = gst_kling_properties_make_upload (&self->properties, upload,
      error);
  GST_OBJECT_UNLOCK (self);
  return good;
}

/* @with_upload: there will be files to upload */
static KlingSettings *
gst_kling_lipsync_make_settings (GstKlingLipsync * self,
    const KlingRequest * request, gboolean with_upload, GError ** error)
{
  g_autoptr (KlingUpload) upload = NULL;
  g_autoptr (KlingSettings) settings = NULL;

  if (with_upload && !gst_kling_lipsync_make_upload (self, &upload, error))
    return NULL;
  GST_OBJECT_LOCK (self);
  settings = gst_kling_properties_make_settings (&self->properties);
  GST_OBJECT_UNLOCK (self);
  settings->upload = g_steal_pointer (&upload);
  settings->credentials = gst_kling_lipsync_find_credentials (self, request,
      &settings->no_credentials);
  return g_steal_pointer (&settings);
}

static gboolean
check_tls (const gchar * base_url, GError ** error)
{
  if (!kling_url_needs_tls (base_url)
      || g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    return TRUE;
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The service needs TLS and GLib has none here: install the package"
      " glib-networking.");
  return FALSE;
}

/* Whether the pads that @request announces may be: nothing is said twice, and
 * there is a place to upload to, if one is needed. */
gboolean
gst_kling_lipsync_check_inputs (GstKlingLipsync * self,
    const KlingRequest * request, GError ** error)
{
  g_autoptr (KlingUpload) upload = NULL;

  if (!kling_request_check_conflicts (request, error))
    return FALSE;
  if (request->audio == NULL && request->video == NULL)
    return TRUE;
  return gst_kling_lipsync_make_upload (self, &upload, error)
      && kling_request_check_upload (request, upload, NULL, error);
}

static gboolean
gst_kling_lipsync_check_properties (GstKlingLipsync * self, GError ** error)
{
  GST_OBJECT_LOCK (self);
  gboolean good = gst_kling_properties_check (&self->properties, error);
  GST_OBJECT_UNLOCK (self);
  return good;
}

/* A player makes no pads: what a link does not say, nobody will. */
static gboolean
gst_kling_lipsync_check_link (GstKlingLipsync * self,
    const KlingRequest * request, GError ** error)
{
  g_autofree gchar *missing = kling_request_describe_missing (request);

  GST_OBJECT_LOCK (self);
  gboolean from_link = self->properties.from_link;
  GST_OBJECT_UNLOCK (self);
  if (!from_link || missing == NULL)
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The link does not say all, so nothing was sent. Still to be said: %s.",
      missing);
  return FALSE;
}

/* Without a key there may still be something to play, and to know that takes the
 * input. */
static gboolean
gst_kling_lipsync_may_have_kept (GstKlingLipsync * self)
{
  g_autofree gchar *store = NULL;

  GST_OBJECT_LOCK (self);
  store = gst_kling_properties_dup_store (&self->properties);
  GST_OBJECT_UNLOCK (self);
  return store && g_file_test (store, G_FILE_TEST_EXISTS);
}

/* A dry run sends nothing, and says that there is no key. */
static gboolean
gst_kling_lipsync_is_dry (GstKlingLipsync * self)
{
  GST_OBJECT_LOCK (self);
  gboolean is_dry = self->properties.dry_run;
  GST_OBJECT_UNLOCK (self);
  return is_dry;
}

/* NULL->READY: what can be known without the network and before the input. */
gboolean
gst_kling_lipsync_check_offline (GstKlingLipsync * self, GError ** error)
{
  g_autoptr (KlingRequest) request = gst_kling_lipsync_make_request (self);
  g_autoptr (KlingCredentials) credentials = NULL;
  g_autoptr (GError) missing = NULL;

  gst_kling_inputs_announce (self, request);
  if (!gst_kling_lipsync_check_properties (self, error)
      || !gst_kling_lipsync_check_inputs (self, request, error)
      || !gst_kling_lipsync_check_link (self, request, error)
      || !kling_url_check_base (request->base_url, error)
      || !check_tls (request->base_url, error))
    return FALSE;
  credentials = gst_kling_lipsync_find_credentials (self, request, &missing);
  if (credentials || gst_kling_lipsync_may_have_kept (self)
      || gst_kling_lipsync_is_dry (self))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&missing));
  return FALSE;
}

/* ---- on the job's thread ---- */

typedef struct
{
  KlingRequest *request;
  KlingSettings *settings;
  GPtrArray *inputs;
} Preparation;

static void
preparation_free (Preparation * preparation)
{
  kling_request_unref (preparation->request);
  kling_settings_unref (preparation->settings);
  g_ptr_array_unref (preparation->inputs);
  g_free (preparation);
}

static KlingRequest *
prepare (gpointer data, GPtrArray * warnings, GError ** error)
{
  Preparation *preparation = data;
  KlingRequest *request = preparation->request;

  if (!gst_kling_inputs_fill (preparation->inputs, request, warnings, error)
      || !kling_request_check (request, warnings, error)
      || !kling_request_check_upload (request, preparation->settings->upload,
          warnings, error))
    return NULL;
  return kling_request_ref (request);
}

/**
 * gst_kling_lipsync_start_job:
 * @self: the element
 * @inputs: (transfer full) (element-type GstKlingCollect): what has come from
 *   the sink pads
 * @error: return location for a #KlingError
 *
 * Starts a job that makes its request of the properties and @inputs.
 *
 * Returns: (transfer full) (nullable): the job
 */
KlingJob *
gst_kling_lipsync_start_job (GstKlingLipsync * self, GPtrArray * inputs,
    GError ** error)
{
  g_autoptr (GPtrArray) owned = inputs;
  g_autoptr (KlingRequest) request = gst_kling_lipsync_make_request (self);
  g_autoptr (KlingSettings) settings = gst_kling_lipsync_make_settings (self,
      request, inputs->len > 0, error);
  Preparation *preparation;

  if (settings == NULL)
    return NULL;
  preparation = g_new0 (Preparation, 1);
  preparation->request = g_steal_pointer (&request);
  preparation->settings = kling_settings_ref (settings);
  preparation->inputs = g_steal_pointer (&owned);
  return kling_job_start (prepare, preparation,
      (GDestroyNotify) preparation_free, settings, self->journal, error);
}
